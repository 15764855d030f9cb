"""includes.py, on small trees that each break one line of the law. No argument."""

import pathlib
import subprocess
import tempfile
import unittest

import includes


class Includes(unittest.TestCase):
    def breaches(self, files, git=True):
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                file = pathlib.Path(root, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            if git:
                subprocess.run(["git", "-C", root, "init", "-q"], check=True)
                subprocess.run(["git", "-C", root, "add", "-A"], check=True)
            return includes.Tree(root).check()

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
            "host-tools/helioctl/apply.cc": '#include "mirror.pb.h"\n#include "packet/parse.h"\n',
            "tests/unit/datapath/worker_test.cc": '#include "datapath/worker.h"\n#include <rte_mbuf.h>\n',
            "firmware/datapath/CMakeLists.txt":
                "heliostat_library(NAME datapath SOURCES worker.cc\n  DEPENDS heliostat::packet heliostat::hal_packet)\n",
            "firmware/packet/CMakeLists.txt": "heliostat_library(NAME packet DEPENDS heliostat::base) # heliostat::agent\n",
            "firmware/base/CMakeLists.txt": "heliostat_library(NAME base)\n",
        }), [])

    def test_refuses_include_of_a_folder_above(self):
        self.assert_breach({"firmware/base/status.h": '\n#include "packet/parse.h"\n', "firmware/packet/parse.h": ""},
                           "firmware/base/status.h:2:", "firmware/packet")

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
        self.assert_breach({"firmware/agent/agent.h": "#include <pb.h>\n"}, "may not use proto/card")
        self.assert_breach({"firmware/codec/a.cc": "#include <google/protobuf/message.h>\n"}, "may not use proto/host")

    def test_refuses_mbedtls_outside_its_folder(self):
        self.assert_breach({"firmware/control/tls.cc": "#include <mbedtls/ssl.h>\n"}, "may not use mbedtls")
        self.assert_breach({"hal/linux/tls.cc": "#include <mbedtls/ssl.h>\n"}, "may not use mbedtls")

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

    def test_refuses_unknown_top_level_name(self):
        self.assert_breach({"scripts/x.sh": ""}, "scripts/x.sh:1:", "'scripts'")

    def test_reads_a_tree_without_history(self):
        files = {"firmware/base/a.h": "#include <rte_mbuf.h>\n", "build/dev/x.h": "#include <rte_mbuf.h>\n"}
        self.assertEqual(len(self.breaches(files, git=False)), 1)


if __name__ == "__main__":
    unittest.main()
