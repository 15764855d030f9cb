#!/usr/bin/env python3
"""The dependency law of firmware/ARCHITECTURE.md, checked on what is tracked: includes, link lines, top-level names.

usage: includes.py [REPOSITORY]           prints every breach as file:line: reason; exits 1 when there is one
       includes.py --uses [REPOSITORY]    prints who includes or links what, in the form of LAW
"""

import argparse
import pathlib
import posixpath
import re
import subprocess
import sys
import typing

# Folder -> the folders and libraries that its files include and its targets link. Nothing else is allowed, and nothing
# is listed that nobody uses. A header brings along what it includes itself; what must not come along so is said below.
LAW = {
    "firmware/base": [],
    "firmware/packet": ["firmware/base"],
    "firmware/encap": ["firmware/base", "firmware/packet"],
    "firmware/config": ["firmware/base"],
    "firmware/rules": ["firmware/base", "firmware/packet", "firmware/config"],
    "firmware/codec": ["firmware/base", "firmware/config", "proto/card", "nanopb"],
    "firmware/storage": ["firmware/base", "hal/include"],
    "firmware/ledger": [],
    "firmware/datapath": ["firmware/base", "firmware/packet", "firmware/encap", "firmware/config", "firmware/rules",
                          "firmware/ledger", "hal/include", "hal/packet"],
    "firmware/underlay": ["firmware/base", "firmware/config"],
    "firmware/agent": ["firmware/base", "firmware/encap", "firmware/config", "firmware/rules", "firmware/ledger",
                       "firmware/datapath",
                       "firmware/underlay", "hal/include"],
    "firmware/control": ["firmware/base", "firmware/config", "firmware/codec", "firmware/storage", "firmware/ledger",
                         "firmware/agent", "hal/include"],
    # The program itself: the one place where the agent and the back ends meet.
    "firmware": ["firmware/base", "firmware/config", "firmware/codec", "firmware/storage", "firmware/ledger", "firmware/datapath",
                 "firmware/agent", "firmware/control", "hal/include", "hal/dpdk", "hal/packet_socket",
                 "hal/capture_file", "hal/linux", "hal/mbedtls"],
    "boards": ["firmware"],

    "hal/include": ["firmware/base"],
    "hal/packet": ["hal/include", "dpdk"],
    "hal/dpdk": ["firmware/base", "hal/include", "hal/packet", "dpdk"],
    "hal/packet_socket": ["firmware/base", "hal/include", "hal/packet"],
    "hal/capture_file": ["firmware/base", "hal/include", "hal/packet"],
    "hal/emulated": ["firmware/base", "hal/include"],
    "hal/linux": ["firmware/base", "hal/include"],
    "hal/mbedtls": ["firmware/base", "hal/include", "mbedtls"],
    "hal": ["pcap"],  # one of DPDK's drivers needs it

    # One contract, generated twice.
    "proto/card": ["nanopb"],
    "proto/host": ["libprotobuf"],

    # The authority makes certificates and revocation lists with mbedTLS itself.
    "host-tools/pki": ["firmware/base", "hal/mbedtls", "mbedtls"],
    # helioctl: cli <- yaml <- card <- change, show, pki <- the files on top. It reads what it sends as the card will,
    # so that an error shows before it is pushed.
    "host-tools/helioctl/cli": ["firmware/base", "firmware/config", "CLI11", "fmt", "nlohmann_json"],
    "host-tools/helioctl/yaml": ["firmware/base", "firmware/config", "firmware/codec", "host-tools/helioctl/cli",
                                 "proto/host", "libprotobuf", "yaml-cpp", "fmt", "nlohmann_json"],
    "host-tools/helioctl/card": ["firmware/base", "firmware/config", "firmware/codec", "hal/include", "hal/linux",
                                 "hal/mbedtls", "host-tools/helioctl/cli", "host-tools/helioctl/yaml", "proto/host",
                                 "libprotobuf", "yaml-cpp", "CLI11", "fmt", "nlohmann_json"],
    "host-tools/helioctl/change": ["firmware/base", "firmware/config", "firmware/codec", "host-tools/helioctl/cli",
                                   "host-tools/helioctl/yaml", "host-tools/helioctl/card", "CLI11", "fmt",
                                   "nlohmann_json"],
    "host-tools/helioctl/show": ["firmware/base", "firmware/config", "hal/include", "hal/mbedtls", "host-tools/pki",
                                 "host-tools/helioctl/cli", "host-tools/helioctl/yaml", "host-tools/helioctl/card",
                                 "proto/host", "fmt", "nlohmann_json"],
    "host-tools/helioctl/pki": ["firmware/base", "firmware/config", "host-tools/pki", "host-tools/helioctl/cli",
                                "host-tools/helioctl/yaml", "host-tools/helioctl/card", "yaml-cpp", "fmt",
                                "nlohmann_json"],
    "host-tools/helioctl": ["firmware/config", "host-tools/helioctl/cli", "host-tools/helioctl/yaml",
                            "host-tools/helioctl/card", "host-tools/helioctl/change", "host-tools/helioctl/show",
                            "host-tools/helioctl/pki", "CLI11", "fmt", "nlohmann_json"],

    # Tests use all that is ours; of the libraries those that are named.
    "tests": [],
    "tests/support": ["dpdk", "gtest"],
    "tests/unit": ["dpdk", "pcap", "mbedtls", "nanopb", "libprotobuf", "yaml-cpp", "CLI11", "nlohmann_json", "gtest"],
    "tests/bench": ["dpdk", "CLI11", "nlohmann_json", "benchmark"],
    "tests/fuzz": ["yaml-cpp", "fmt"],
}

# Permissions that nobody uses yet, of what is to be built. They move to LAW with their first use.
TO_COME = {
    "hal/rte_flow": ["hal/include", "dpdk"],
    "hal/dpdk": ["hal/rte_flow"],
    "hal/emulated": ["hal/rte_flow", "hal/packet", "dpdk"],
    "firmware": ["hal/emulated"],
}

# Library -> its headers, and how a link line calls it.
LIBRARIES = {
    "dpdk": (r"(?:.*/)?rte_\w+\.h", r"heliostat_dpdk\w*"),
    "pcap": (r"pcap(?:/.*)?\.h", r"\$\{PCAP_\w+\}"),
    "mbedtls": (r"(?:mbedtls|psa)/.*", r"\bMbedTLS::\w+|\bmbed(?:tls|crypto|x509)\b"),
    "nanopb": (r"pb(?:_\w+)?\.h", r"\$\{NANOPB_\w+\}"),
    "libprotobuf": (r"google/protobuf/.*", r"\bprotobuf::libprotobuf\w*"),
    "yaml-cpp": (r"yaml-cpp/.*", r"(?<![\w-])yaml-cpp(?![\w-])"),
    "fmt": (r"fmt/.*", r"\bfmt::fmt\w*"),
    "spdlog": (r"spdlog/.*", r"\bspdlog::\w+"),
    "CLI11": (r"CLI/.*", r"\bCLI11::\w+"),
    "nlohmann_json": (r"nlohmann/.*", r"\bnlohmann_json::\w+"),
    "gtest": (r"g(?:test|mock)/.*", r"\bGTest::\w+"),
    "benchmark": (r"benchmark/.*", r"\bbenchmark::\w+"),
}

# Work on spans and values, and are tested without DPDK: none of their files reaches it, through others either.
FREE_OF_DPDK = ("firmware/base/", "firmware/packet/", "firmware/encap/", "firmware/config/", "firmware/rules/",
                "firmware/codec/", "firmware/storage/", "hal/include/", "hal/linux/", "hal/mbedtls/", "host-tools/")

# No header of control reaches one of the datapath, so that what workers share is no business of connections.
CONTROL_IS_FREE_OF_DATAPATH = True

TOP_LEVEL = {"firmware", "hal", "proto", "host-tools", "tests", "boards",
             "CMakeLists.txt", "CMakePresets.json", "README.md", "LICENSE", "dev"}

INCLUDE_ROOTS = ["firmware", "hal/include", "hal", "host-tools", "tests"]

# Where a target's sources do not show the folder that it stands for.
HOMES = {"heliostat_hal": "hal/include", "heliostat_hal_packet": "hal/packet",
         "heliostat_proto_host": "proto/host", "heliostat_proto_card": "proto/card"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
COMMAND = re.compile(r"(\w+)\s*\(([^()]*)\)")
OUR_TARGET = re.compile(r"\bheliostat::\w+")
LINKING = {"heliostat_library", "target_link_libraries", "heliostat_test", "heliostat_benchmark", "heliostat_fuzz"}
MAKING = {"heliostat_library", "add_library", "add_executable"}


def folder_of(path):
    """The folder of the law that a file belongs to; None where the law is silent."""
    if path == "hal/include/hal/packet.h":
        return "hal/packet"
    parts = path.split("/")
    for length in (3, 2, 1):
        if len(parts) > length and "/".join(parts[:length]) in LAW | TO_COME:
            return "/".join(parts[:length])
    return None


def allowed(folder):
    return {folder, *LAW.get(folder, ()), *TO_COME.get(folder, ())}


def breaks_law(folder, used):
    if used in allowed(folder):
        return False
    return used in LIBRARIES or not folder.startswith("tests")  # tests use all that is ours


def foreign(header, path):
    """The name in the law of a header that is generated or from outside the project; None: the law is silent."""
    if header.endswith(".pb.h"):
        return "proto/host" if path.startswith("host-tools/") else "proto/card"
    return next((name for name, (headers, _) in LIBRARIES.items() if re.fullmatch(headers, header)), None)


class LinkLine(typing.NamedTuple):
    """One thing that is linked, in one line of a CMakeLists.txt."""
    path: str
    number: int
    folders: set  # of who links it
    target: str  # as written
    used: str  # its name in the law


class Tree:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.files = self.tracked()
        self.breaches = []
        self.includes = {path: list(self.read_includes(path))
                         for path in sorted(self.files) if path.endswith((".h", ".cc"))}
        self.link_lines = self.read_link_lines()

    def tracked(self):
        git = subprocess.run(["git", "-C", str(self.root), "ls-files", "-z"],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        if git.returncode == 0:
            return {f for f in git.stdout.decode().split("\0") if f and (self.root / f).is_file()}
        # Sources without their history: whatever is not made by a build.
        files = (f.relative_to(self.root).as_posix() for f in self.root.rglob("*") if f.is_file())
        return {f for f in files if not f.startswith(("build/", ".cache/"))}

    def lines(self, path):
        return (self.root / path).read_text(encoding="utf-8").splitlines()

    def read_includes(self, path):
        """(line number, header as written, tracked file it means or None)"""
        for number, line in enumerate(self.lines(path), 1):
            match = INCLUDE.match(line)
            if match:
                yield number, match.group(2), self.resolve(path, match.group(2)) if match.group(1) == '"' else None

    def resolve(self, path, header):
        own = path.rsplit("/", 1)[0]
        return next((f"{root}/{header}" for root in [*INCLUDE_ROOTS, own] if f"{root}/{header}" in self.files), None)

    # ---- CMake

    def read_commands(self, path):
        """(command, arguments as text, line number of the arguments) of a CMakeLists.txt"""
        text = "\n".join(line.split("#")[0] for line in self.lines(path))
        for match in COMMAND.finditer(text):
            yield match.group(1), match.group(2), text.count("\n", 0, match.start(2)) + 1

    def folders_of_sources(self, path, words):
        """Those of the sources among `words`; without any, that of the CMakeLists.txt."""
        here = path.rsplit("/", 1)[0]
        found = {folder_of(f"{here}/{word}") for word in words if f"{here}/{word}" in self.files}
        return (found or {folder_of(path)}) - {None}

    def read_link_lines(self):
        files = sorted(f for f in self.files if f.endswith("/CMakeLists.txt"))
        targets = {name: {folder} for name, folder in HOMES.items()}  # name -> the folders that it stands for
        for path in files:
            for command, text, _ in self.read_commands(path):
                words = text.split()
                name = target_name(command, words)
                if command in MAKING and name and "$" not in name and "ALIAS" not in words:
                    targets.setdefault(name, self.folders_of_sources(path, words))
        lines = []
        for path in files:
            for command, text, first in self.read_commands(path):
                name = target_name(command, text.split())
                if command in LINKING and name:
                    folders = targets.get(name) or {folder_of(path)} - {None}
                    for offset, line in enumerate(text.split("\n")):
                        lines += [LinkLine(path, first + offset, folders, target, used)
                                  for target, used in linked(line, targets) if target != name]
        return lines

    # ---- the checks

    def breach(self, path, number, reason):
        self.breaches.append(f"{path}:{number}: {reason}")

    def check_top_level(self):
        for path in sorted(self.files):
            first = path.split("/")[0]
            if first not in TOP_LEVEL and not first.startswith("."):
                self.breach(path, 1, f"'{first}' is no name of the top level ({', '.join(sorted(TOP_LEVEL))})")

    def check_includes(self):
        for path, includes in self.includes.items():
            folder = folder_of(path)
            for number, header, file in includes:
                if header.startswith("../"):
                    self.breach(path, number, f"{header}: include from the top of the tree, not by '..'")
                used = folder_of(file) if file else foreign(header, path)
                if file and file.startswith("tests/") and not path.startswith("tests/"):
                    self.breach(path, number, f"{header}: only tests include what lies in tests/")
                elif folder and used and breaks_law(folder, used):
                    self.breach(path, number, f"{header}: {folder} may not use {used}")

    def check_link_lines(self):
        for line in self.link_lines:
            # Of a target of several folders, one of them must be allowed to.
            if line.folders and all(breaks_law(folder, line.used) for folder in line.folders):
                who = ", ".join(sorted(line.folders))
                self.breach(line.path, line.number, f"{line.target}: {who} may not link {line.used}")

    def check_out_of_reach(self, is_from, is_goal, goal):
        """No file of which `is_from` holds reaches, by way of others, an include of which `is_goal` holds."""
        ways = {path: [header] for path, includes in self.includes.items()
                for _, header, file in includes if is_goal(header, file)}
        while True:
            longer = {path: [header, *ways[file]] for path, includes in self.includes.items() if path not in ways
                      for _, header, file in includes if file in ways}
            if not longer:
                break
            ways |= longer
        for path, includes in self.includes.items():
            if is_from(path):
                for number, _, file in includes:  # what a file includes itself is a matter of LAW
                    if file in ways:
                        self.breach(path, number, f"reaches {goal}: {' -> '.join([file, *ways[file]])}")

    def check_dpdk_is_out_of_reach(self):
        self.check_out_of_reach(
            lambda path: path.startswith(FREE_OF_DPDK) and folder_of(path) != "hal/packet",
            lambda header, file: file is None and foreign(header, "") == "dpdk", "DPDK")

    def check_datapath_is_out_of_reach_of_control(self):
        self.check_out_of_reach(
            lambda path: path.startswith("firmware/control/") and path.endswith(".h"),
            lambda header, file: file is not None and file.startswith("firmware/datapath/"), "the datapath")

    # ---- what is used

    def uses(self):
        """{(folder, what it includes or links)}"""
        found = set()
        for path, includes in self.includes.items():
            for _, header, file in includes:
                found.add((folder_of(path), folder_of(file) if file else foreign(header, path)))
        for line in self.link_lines:
            if len(line.folders) == 1:  # else it can't be said for whom
                found.add((*line.folders, line.used))
        return {(folder, used) for folder, used in found if folder and used and folder != used
                and (used in LIBRARIES or not folder.startswith("tests"))}

    def check_permissions_are_used(self):
        uses = self.uses()
        for folder, permissions in LAW.items():
            for used in permissions:
                if (folder, used) not in uses:
                    self.breach("tests/structure/includes.py", 1,
                                f"LAW lets {folder} use {used}, but nobody does: take it from the line")
        for folder, permissions in TO_COME.items():
            for used in permissions:
                if (folder, used) in uses:
                    self.breach("tests/structure/includes.py", 1,
                                f"{folder} uses {used} by now: move it from TO_COME to LAW")

    def check(self):
        self.check_top_level()
        self.check_includes()
        self.check_link_lines()
        self.check_dpdk_is_out_of_reach()
        if CONTROL_IS_FREE_OF_DATAPATH:
            self.check_datapath_is_out_of_reach_of_control()
        return self.breaches


def target_name(command, words):
    """None: the command names no target."""
    if command == "heliostat_library" and "NAME" in words:
        return "heliostat_" + words[words.index("NAME") + 1]
    return words[0] if words else None


def linked(text, targets):
    """(target as written, its name in the law) of all in a piece of a link line"""
    for target in OUR_TARGET.findall(text):
        folders = targets.get(target.replace("::", "_"), ())
        if folders:
            yield target, posixpath.commonpath(folders)
    for library, (_, pattern) in LIBRARIES.items():
        for target in re.findall(pattern, text):
            yield target, library


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--uses", action="store_true", help="only print who includes or links what, in the form of LAW")
    parser.add_argument("repository", nargs="?", default=pathlib.Path(__file__).resolve().parents[2])
    arguments = parser.parse_args()
    tree = Tree(arguments.repository)
    if arguments.uses:
        uses = tree.uses()
        for folder in sorted({folder for folder, _ in uses}):
            print(f"    {folder!r}: {sorted(used for user, used in uses if user == folder)},".replace("'", '"'))
        return 0
    tree.check()
    tree.check_permissions_are_used()
    for line in tree.breaches:
        print(line)
    return 1 if tree.breaches else 0


if __name__ == "__main__":
    sys.exit(main())
