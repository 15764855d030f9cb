#!/usr/bin/env python3
"""The dependency law of firmware/ARCHITECTURE.md, checked on what is tracked: includes, link lines, top-level names.

usage: includes.py [REPOSITORY]    prints every breach as file:line: reason; exits 1 when there is one
"""

import pathlib
import re
import subprocess
import sys

# Folder -> the folders it may include and link directly. What those may use, it may use too.
LAW = {
    "firmware/base": [],
    "firmware/packet": ["firmware/base"],
    "firmware/encap": ["firmware/packet"],
    "hal/include": ["firmware/base"],
    "firmware/config": ["firmware/packet", "hal/include"],
    "firmware/rules": ["firmware/config"],
    "firmware/codec": ["firmware/rules", "firmware/encap", "proto/card"],
    "firmware/storage": ["hal/include"],
    "firmware/datapath": ["firmware/encap", "firmware/rules", "hal/packet"],
    "firmware/underlay": ["firmware/encap", "firmware/rules", "hal/packet"],
    "firmware/agent": ["firmware/datapath", "firmware/underlay"],
    "firmware/control": ["firmware/agent", "firmware/codec", "firmware/storage"],
    "hal/packet": ["hal/include", "dpdk"],
    "hal/rte_flow": ["hal/include", "dpdk"],
    "hal/dpdk": ["hal/rte_flow", "hal/packet", "dpdk"],
    "hal/emulated": ["hal/rte_flow", "hal/packet", "dpdk"],
    "hal/packet_socket": ["hal/packet"],
    "hal/capture_file": ["hal/packet"],
    "hal/linux": ["hal/include"],
    "hal/mbedtls": ["hal/include", "mbedtls"],
    # helioctl reads what it sends as the card will, so that an error shows before it is pushed.
    # Its authority makes certificates and revocation lists with mbedTLS itself.
    "host-tools": ["firmware/codec", "hal/linux", "hal/mbedtls", "mbedtls", "proto/host"],
    # The program itself: the one place where the agent and the back ends meet.
    "firmware": ["firmware/control", "hal/dpdk", "hal/emulated", "hal/linux", "hal/mbedtls",
                 "hal/packet", "hal/packet_socket", "hal/capture_file"],
    "boards": ["firmware", "host-tools"],
}
# Tests may use everything.

# Used only by those whose line names it: who includes codec's headers still may not include nanopb's.
PRIVATE = {"proto/card", "mbedtls", "dpdk", "hal/packet"}

# Work on spans and values, and are tested without DPDK: no header of theirs may reach it, through others either.
FREE_OF_DPDK = ["firmware/base", "firmware/packet", "firmware/encap", "firmware/config", "firmware/rules",
                "firmware/codec", "firmware/storage", "hal/include", "hal/linux", "hal/mbedtls", "host-tools"]

TOP_LEVEL = {"firmware", "hal", "proto", "host-tools", "tests", "boards",
             "CMakeLists.txt", "CMakePresets.json", "README.md", "LICENSE", "dev"}

INCLUDE_ROOTS = ["firmware", "hal/include", "hal", "host-tools", "tests"]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
TARGET = re.compile(r"\bheliostat::\w+|\bheliostat_dpdk\w*|\bMbedTLS::\w+|\bmbed(?:tls|crypto|x509)\b"
                    r"|\bprotobuf::libprotobuf\w*")


def folder_of(path):
    """The folder of the law that a file belongs to; None where the law is silent."""
    if path == "hal/include/hal/packet.h":
        return "hal/packet"
    parts = path.split("/")
    for length in (2, 1):
        if len(parts) > length and "/".join(parts[:length]) in LAW:
            return "/".join(parts[:length])
    return None


def allowed(folder, seen=None):
    """Everything that `folder` may use, itself included."""
    seen = set() if seen is None else seen
    if folder not in seen:
        seen.add(folder)
        for used in LAW.get(folder, []):
            allowed(used, seen)
    return seen - {used for used in PRIVATE if used not in LAW.get(folder, []) and used != folder}


def foreign(header, folder):
    """The name in the law of a header from outside the project, or of a generated one."""
    name = header.rsplit("/", 1)[-1]
    if name.endswith(".pb.h"):
        return "proto/host" if folder == "host-tools" else "proto/card"
    if name in ("pb.h", "pb_encode.h", "pb_decode.h", "pb_common.h"):
        return "proto/card"
    if header.startswith("google/protobuf/"):
        return "proto/host"
    if name.startswith("rte_"):
        return "dpdk"
    if header.startswith(("mbedtls/", "psa/")):
        return "mbedtls"
    return None


class Tree:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.files = self.tracked()
        self.breaches = []
        self.includes = {path: list(self.read_includes(path))
                         for path in sorted(self.files) if path.endswith((".h", ".cc"))}

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
                used = folder_of(file) if file else foreign(header, folder)
                if file and file.startswith("tests/") and not path.startswith("tests/"):
                    self.breach(path, number, f"{header}: only tests include what lies in tests/")
                elif folder and used and used not in allowed(folder):
                    self.breach(path, number, f"{header}: {folder} may not use {used}")

    def check_dpdk_is_out_of_reach(self):
        reach = {}  # file -> the way from it to DPDK

        def way(path):
            if path not in reach:
                reach[path] = None  # includes may go in circles
                for _, header, file in self.includes.get(path, []):
                    if file is None and foreign(header, None) == "dpdk":
                        reach[path] = [header]
                    elif file and way(file):
                        reach[path] = [header, *way(file)]
            return reach[path]

        for path, includes in self.includes.items():
            if folder_of(path) in FREE_OF_DPDK:
                for number, _, file in includes:
                    if file and way(file):
                        self.breach(path, number, f"reaches DPDK: {' -> '.join([file, *way(file)])}")

    def check_link_lines(self):
        lists = {}  # folder -> [(path, line number, code)]
        home = {"heliostat::proto_host": "proto/host", "heliostat::proto_card": "proto/card",
                "heliostat::hal": "hal/include", "heliostat::hal_packet": "hal/packet"}
        for path in sorted(f for f in self.files if f.endswith("CMakeLists.txt")):
            folder = folder_of(path)
            for number, line in enumerate(self.lines(path), 1):
                code = line.split("#")[0]
                defined = re.search(r"heliostat_library\(\s*NAME\s+(\w+)|add_library\(heliostat::(\w+)\s+ALIAS", code)
                if folder and defined:
                    home.setdefault("heliostat::" + (defined.group(1) or defined.group(2)), folder)
                lists.setdefault(folder, []).append((path, number, code))
        for folder in (f for f in lists if f):
            for path, number, code in lists[folder]:
                for target in TARGET.findall(code):
                    used = home.get(target) or (
                        "dpdk" if "dpdk" in target else "proto/host" if target.startswith("protobuf") else
                        "mbedtls" if target.lower().startswith("mbed") else None)
                    if used and used not in allowed(folder):
                        self.breach(path, number, f"{target}: {folder} may not link {used}")

    def check(self):
        self.check_top_level()
        self.check_includes()
        self.check_dpdk_is_out_of_reach()
        self.check_link_lines()
        return self.breaches


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    breaches = Tree(root).check()
    for line in breaches:
        print(line)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
