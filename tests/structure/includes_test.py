"""includes.py, on small trees that each break one line of the law. No argument."""

import contextlib
import graphlib
import pathlib
import subprocess
import tempfile
import unittest
from unittest import mock

import includes


@contextlib.contextmanager
def tree_of(files, tracked=None):
    """`tracked`: which of the files are; None: it is a tree without history."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            file = pathlib.Path(root, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        if tracked is not None:
            subprocess.run(["git", "-C", root, "init", "-q"], check=True)
            subprocess.run(["git", "-C", root, "add", "--", *tracked], check=True)
        yield includes.Tree(root)


class Includes(unittest.TestCase):
    def breaches(self, files, tracked=None):
        with tree_of(files, tracked) as tree:
            return tree.check()

    def assert_breach(self, files, *parts):
        found = self.breaches(files)
        self.assertEqual(len(found), 1, found)
        for part in parts:
            self.assertIn(part, found[0])

    def test_takes_includes_along_the_law(self):
        self.assertEqual(self.breaches({
            "firmware/base/status.h": "#include <string>\n",
            "firmware/packet/parse.h": '#include "base/status.h"\n',
            "firmware/datapath/worker.h": '#include "packet/parse.h"\n#include "hal/packet.h"\n',
            "firmware/codec/mirror.cc": '#include "mirror.pb.h"\n#include <pb_decode.h>\n',
            "firmware/main.cc": '#include "datapath/worker.h"\n#include "dpdk/port.h"\n',
            "hal/include/hal/packet.h": "#include <rte_mbuf.h>\n",
            "hal/dpdk/port.h": "#include <rte_ethdev.h>\n",
            "firmware/config/config.h": "",
            "host-tools/helioctl/yaml/kinds.h": '#include "control.pb.h"\n#include "config/config.h"\n',
            "tests/unit/datapath/worker_test.cc": '#include "datapath/worker.h"\n#include <rte_mbuf.h>\n',
            "firmware/datapath/CMakeLists.txt":
                "heliostat_library(NAME datapath SOURCES worker.cc\n  DEPENDS heliostat::packet heliostat::hal_packet)\n",
            "firmware/packet/CMakeLists.txt": "heliostat_library(NAME packet DEPENDS heliostat::base) # heliostat::agent\n",
            "firmware/base/CMakeLists.txt": "heliostat_library(NAME base)\n",
        }), [])

    def test_refuses_include_of_a_folder_above(self):
        self.assert_breach({"firmware/base/status.h": '\n#include "packet/parse.h"\n', "firmware/packet/parse.h": ""},
                           "firmware/base/status.h:2:", "firmware/packet")

    def test_refuses_what_only_a_used_folder_may_use(self):
        self.assert_breach({"firmware/codec/unit.h": '#include "agent/agent.h"\n', "firmware/agent/agent.h": ""},
                           "firmware/codec may not use firmware/agent")
        self.assert_breach({"firmware/control/server.cc": '#include "datapath/worker.h"\n',
                            "firmware/datapath/worker.h": ""}, "firmware/control may not use firmware/datapath")

    def test_refuses_back_end_outside_main(self):
        self.assert_breach({"firmware/agent/agent.cc": '#include "linux/file_flash.h"\n', "hal/linux/file_flash.h": ""},
                           "firmware/agent may not use hal/linux")

    def test_refuses_dpdk_outside_hal(self):
        self.assert_breach({"firmware/datapath/worker.cc": "#include <rte_ring.h>\n"}, "may not use dpdk")

    def test_refuses_packet_header_outside_datapath_and_underlay(self):
        self.assert_breach({"firmware/agent/agent.cc": '#include "hal/packet.h"\n', "hal/include/hal/packet.h": ""},
                           "firmware/agent may not use hal/packet")

    def test_refuses_dpdk_in_reach_of_what_works_on_spans(self):
        files = {"firmware/rules/split.h": '#include "hal/flow.h"\n',
                 "hal/include/hal/flow.h": '#include "hal/packet.h"\n',
                 "hal/include/hal/packet.h": "#include <rte_mbuf.h>\n"}
        self.assertIn("firmware/rules/split.h:1: reaches DPDK: hal/include/hal/flow.h -> hal/packet.h -> rte_mbuf.h",
                      self.breaches(files))

    def test_refuses_generated_code_outside_codec(self):
        self.assert_breach({"firmware/control/rpc.cc": '#include "control.pb.h"\n'}, "may not use proto/card")
        self.assert_breach({"firmware/agent/agent.h": "#include <pb.h>\n"}, "may not use nanopb")
        self.assert_breach({"firmware/codec/a.cc": "#include <google/protobuf/message.h>\n"}, "may not use libprotobuf")

    def test_refuses_mbedtls_outside_its_folder(self):
        self.assert_breach({"firmware/control/tls.cc": "#include <mbedtls/ssl.h>\n"}, "may not use mbedtls")
        self.assert_breach({"hal/linux/tls.cc": "#include <mbedtls/ssl.h>\n"}, "may not use mbedtls")

    def test_refuses_library_outside_of_the_folders_that_name_it(self):
        for header, library, user in (("<pcap/pcap.h>", "pcap", "firmware/encap/a.cc"),
                                      ("<fmt/format.h>", "fmt", "host-tools/pki/a.cc"),
                                      ("<yaml-cpp/yaml.h>", "yaml-cpp", "host-tools/helioctl/show/a.cc"),
                                      ("<spdlog/spdlog.h>", "spdlog", "host-tools/helioctl/cli/a.cc"),
                                      ("<CLI/CLI.hpp>", "CLI11", "host-tools/helioctl/show/a.cc"),
                                      ("<nlohmann/json_fwd.hpp>", "nlohmann_json", "host-tools/pki/a.h"),
                                      ("<psa/crypto.h>", "mbedtls", "host-tools/helioctl/pki/a.cc"),
                                      ("<rte_mbuf.h>", "dpdk", "hal/packet_socket/a.cc"),
                                      ("<pb_encode.h>", "nanopb", "firmware/storage/a.cc"),
                                      ("<google/protobuf/message.h>", "libprotobuf", "host-tools/helioctl/show/a.cc"),
                                      ("<gtest/gtest.h>", "gtest", "firmware/base/a.cc"),
                                      ("<gmock/gmock.h>", "gtest", "tests/bench/a.cc"),
                                      ("<benchmark/benchmark.h>", "benchmark", "tests/unit/base/a.cc"),
                                      ("<fmt/format.h>", "fmt", "tests/scenario/a.cc")):
            with self.subTest(library=library, user=user):
                self.assert_breach({user: f"#include {header}\n"}, f"may not use {library}")

    def test_takes_library_in_the_folders_that_name_it(self):
        self.assertEqual(self.breaches({
            "host-tools/helioctl/yaml/a.cc": "#include <yaml-cpp/yaml.h>\n#include <fmt/format.h>\n",
            "host-tools/helioctl/cli/a.cc": "#include <CLI/CLI.hpp>\n",
            "tests/unit/encap/a.cc": "#include <pcap/pcap.h>\n#include <gtest/gtest.h>\n",
            "tests/bench/a.cc": "#include <benchmark/benchmark.h>\n",
        }), [])

    def test_refuses_link_line_of_a_library(self):
        for link, library in (("${PCAP_LIBRARY}", "pcap"), ("fmt::fmt", "fmt"), ("yaml-cpp", "yaml-cpp"),
                              ("spdlog::spdlog", "spdlog"), ("CLI11::CLI11", "CLI11"),
                              ("nlohmann_json::nlohmann_json", "nlohmann_json"), ("mbedx509", "mbedtls"),
                              ("heliostat_dpdk_archives", "dpdk"), ("${NANOPB_LIBRARY}", "nanopb"),
                              ("protobuf::libprotobuf", "libprotobuf"), ("GTest::gmock", "gtest"),
                              ("benchmark::benchmark_main", "benchmark")):
            with self.subTest(library=library):
                self.assert_breach({"firmware/base/CMakeLists.txt":
                                    f"heliostat_library(NAME base SOURCES a.cc\n  PRIVATE_DEPENDS {link})\n"},
                                   "firmware/base/CMakeLists.txt:2:", f"firmware/base may not link {library}")

    def test_naming_a_library_is_not_linking_it(self):
        self.assertEqual(self.breaches({"firmware/base/CMakeLists.txt":
                                        "find_package(yaml-cpp REQUIRED)\nset(absent yaml-cpp)\n"
                                        "heliostat_library(NAME base\n  SOURCES a.cc  # without yaml-cpp\n)\n"}), [])

    def test_refuses_a_folder_of_helioctl_that_looks_upwards(self):
        for user, used in (("yaml", "card"), ("card", "change"), ("change", "show"), ("show", "change"), ("pki", "change")):
            with self.subTest(user=user, used=used):
                self.assert_breach({f"host-tools/helioctl/{user}/a.cc": f'#include "helioctl/{used}/b.h"\n',
                                    f"host-tools/helioctl/{used}/b.h": ""},
                                   f"host-tools/helioctl/{user} may not use host-tools/helioctl/{used}")
        self.assert_breach({"host-tools/helioctl/cli/a.cc": '#include "helioctl/run.h"\n', "host-tools/helioctl/run.h": ""},
                           "host-tools/helioctl/cli may not use host-tools/helioctl")

    def test_refuses_datapath_in_reach_of_controls_headers_when_that_is_on(self):
        files = {"firmware/control/server.h": '#include "agent/agent.h"\n',
                 "firmware/control/server.cc": '#include "agent/agent.h"\n',
                 "firmware/agent/agent.h": '#include "datapath/worker.h"\n', "firmware/datapath/worker.h": ""}
        with mock.patch.object(includes, "CONTROL_IS_FREE_OF_DATAPATH", True):
            self.assert_breach(files, "firmware/control/server.h:1: reaches the datapath: "
                                      "firmware/agent/agent.h -> datapath/worker.h")
        with mock.patch.object(includes, "CONTROL_IS_FREE_OF_DATAPATH", False):
            self.assertEqual(self.breaches(files), [])

    def test_finds_the_way_through_headers_that_include_each_other(self):
        files = {"hal/include/hal/a.h": '#include "hal/b.h"\n#include "hal/packet.h"\n',
                 "hal/include/hal/b.h": '#include "hal/a.h"\n',
                 "hal/include/hal/packet.h": "#include <rte_mbuf.h>\n",
                 "firmware/storage/log.h": '#include "hal/b.h"\n'}
        self.assertTrue([line for line in self.breaches(files) if line.startswith("firmware/storage/log.h:1: reaches DPDK")])

    def test_refuses_include_of_tests_and_of_parent_folder(self):
        self.assert_breach({"hal/linux/a.cc": '#include "support/frames.h"\n', "tests/support/frames.h": ""},
                           "only tests include")
        self.assert_breach({"firmware/rules/a.cc": '#include "../base/status.h"\n', "firmware/base/status.h": ""},
                           "not by '..'")

    def test_refuses_link_line_against_the_law(self):
        self.assert_breach({
            "firmware/config/CMakeLists.txt": "heliostat_library(NAME config\n  DEPENDS heliostat::base heliostat::agent)\n",
            "firmware/agent/CMakeLists.txt": "heliostat_library(NAME agent DEPENDS heliostat::base)\n",
            "firmware/base/CMakeLists.txt": "heliostat_library(NAME base)\n",
        }, "firmware/config/CMakeLists.txt:2:", "heliostat::agent")
        self.assert_breach({"firmware/rules/CMakeLists.txt": "target_link_libraries(x heliostat::hal_packet)\n"},
                           "may not link hal/packet")
        self.assert_breach({"firmware/control/CMakeLists.txt": "target_link_libraries(x heliostat::proto_card)\n"},
                           "may not link proto/card")

    def test_target_of_several_folders_links_what_one_of_them_may(self):
        sources = {"host-tools/helioctl/cli/a.cc": "", "host-tools/helioctl/yaml/b.cc": ""}
        link = "heliostat_library(NAME helioctl SOURCES helioctl/cli/a.cc helioctl/yaml/b.cc DEPENDS {})\n"
        self.assertEqual(self.breaches({**sources, "host-tools/CMakeLists.txt": link.format("yaml-cpp CLI11::CLI11")}), [])
        self.assert_breach({**sources, "host-tools/CMakeLists.txt": link.format("mbedtls")},
                           "host-tools/helioctl/cli, host-tools/helioctl/yaml may not link mbedtls")

    def test_target_of_several_folders_stands_for_the_one_that_they_lie_in(self):
        found = self.breaches({
            "host-tools/helioctl/cli/a.cc": "", "host-tools/helioctl/yaml/b.cc": "",
            "host-tools/CMakeLists.txt":
                "heliostat_library(NAME helioctl SOURCES helioctl/cli/a.cc helioctl/yaml/b.cc)\n",
            "firmware/base/CMakeLists.txt": "heliostat_library(NAME base DEPENDS heliostat::helioctl)\n"})
        self.assertEqual(found, ["firmware/base/CMakeLists.txt:1: heliostat::helioctl: "
                                 "firmware/base may not link host-tools/helioctl"])

    def test_link_line_is_of_the_folder_of_the_targets_sources(self):
        files = {"host-tools/pki/a.cc": "", "host-tools/CMakeLists.txt":
                 "heliostat_library(NAME pki SOURCES pki/a.cc)\ntarget_link_libraries(heliostat_pki PRIVATE fmt::fmt)\n"}
        self.assert_breach(files, "host-tools/CMakeLists.txt:2:", "host-tools/pki may not link fmt")

    def test_refuses_unknown_top_level_name(self):
        self.assert_breach({"scripts/x.sh": ""}, "scripts/x.sh:1:", "'scripts'")

    def test_reads_a_tree_without_history(self):
        files = {"firmware/base/a.h": "#include <rte_mbuf.h>\n", "build/dev/x.h": "#include <rte_mbuf.h>\n"}
        self.assertEqual(len(self.breaches(files)), 1)

    def test_reads_only_what_is_tracked(self):
        files = {"firmware/base/a.h": "#include <rte_mbuf.h>\n", "firmware/base/b.h": "#include <rte_mbuf.h>\n"}
        found = self.breaches(files, tracked=["firmware/base/b.h"])
        self.assertEqual(found, ["firmware/base/b.h:1: rte_mbuf.h: firmware/base may not use dpdk"])


class Law(unittest.TestCase):
    """The table itself, and what keeps it short."""

    used = {"firmware/packet/parse.h": '#include "base/status.h"\n', "firmware/base/status.h": ""}

    def complaints(self, files, law, to_come=None):
        with mock.patch.multiple(includes, LAW=law, TO_COME=to_come or {}):
            with tree_of(files) as tree:
                tree.check()
                tree.check_permissions_are_used()
                return tree.breaches

    def test_goes_in_no_circle(self):
        law = {folder: [*includes.LAW.get(folder, ()), *includes.TO_COME.get(folder, ())]
               for folder in includes.LAW | includes.TO_COME}
        list(graphlib.TopologicalSorter(law).static_order())  # raises CycleError

    def test_names_nothing_that_it_does_not_know(self):
        known = {*includes.LAW, *includes.TO_COME, *includes.LIBRARIES}
        for table in (includes.LAW, includes.TO_COME):
            self.assertLessEqual({*table, *(used for permissions in table.values() for used in permissions)}, known)

    def test_takes_permission_that_an_include_uses(self):
        self.assertEqual(self.complaints(self.used, {"firmware/base": [], "firmware/packet": ["firmware/base"]}), [])

    def test_takes_permission_that_a_link_line_uses(self):
        files = {"firmware/packet/CMakeLists.txt": "heliostat_library(NAME packet DEPENDS heliostat::base fmt::fmt)\n",
                 "firmware/base/CMakeLists.txt": "heliostat_library(NAME base)\n"}
        self.assertEqual(self.complaints(files, {"firmware/base": [], "firmware/packet": ["firmware/base", "fmt"]}), [])

    def test_refuses_permission_that_nobody_uses(self):
        law = {"firmware/base": [], "firmware/packet": ["firmware/base", "hal/include"], "hal/include": []}
        found = self.complaints(self.used, law)
        self.assertEqual(len(found), 1, found)
        self.assertIn("LAW lets firmware/packet use hal/include, but nobody does", found[0])

    def test_refuses_unused_permission_of_a_library(self):
        found = self.complaints(self.used, {"firmware/base": ["fmt"], "firmware/packet": ["firmware/base"]})
        self.assertEqual(len(found), 1, found)
        self.assertIn("LAW lets firmware/base use fmt", found[0])

    def test_takes_unused_permission_of_what_is_to_come_until_it_is_used(self):
        law, to_come = {"firmware/base": []}, {"firmware/packet": ["firmware/base"]}
        self.assertEqual(self.complaints({"firmware/packet/parse.h": ""}, law, to_come), [])
        found = self.complaints(self.used, law, to_come)
        self.assertEqual(len(found), 1, found)
        self.assertIn("firmware/packet uses firmware/base by now: move it from TO_COME to LAW", found[0])


if __name__ == "__main__":
    unittest.main()
