#!/usr/bin/python3
"""traffic as a person types it: traffic_test.py TRAFFIC [unittest arguments]."""

import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

import pcap

TRAFFIC = os.path.abspath(sys.argv.pop(1))
FRAME_UP = b"\2" * 5 + b"\x20" + b"\2" * 5 + b"\x10" + b"\x08\0" + b"u" * 47  # not a multiple of 4
FRAME_DOWN = b"\2" * 5 + b"\x10" + b"\2" * 5 + b"\x20" + b"\x08\0" + b"d" * 1400


def pcap_bytes(order, magic, frames, link_type=1):
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link_type)
    for frame in frames:
        out += struct.pack(order + "IIII", 10, 5, len(frame), len(frame)) + frame
    return out


def block(order, kind, body):
    body += b"\0" * (-len(body) % 4)
    return struct.pack(order + "II", kind, 12 + len(body)) + body + struct.pack(order + "I", 12 + len(body))


def section(order):
    return block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(order, link_type=1, snap_length=0, resolution=None):
    options = b"" if resolution is None else struct.pack(order + "HHB3xHH", 9, 1, resolution, 0, 0)
    return block(order, 1, struct.pack(order + "HHI", link_type, 0, snap_length) + options)


def packet(order, number, time, frame):
    head = struct.pack(order + "IIIII", number, time >> 32, time & 0xFFFFFFFF, len(frame), len(frame))
    return block(order, 6, head + frame)


class Traffic(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def run_traffic(self, *arguments):
        return subprocess.run([TRAFFIC, *arguments], capture_output=True, text=True, check=False, timeout=60)

    def split(self, data):
        with open(self.path("capture"), "wb") as file:
            file.write(data)
        return self.run_traffic("split", self.path("capture"), "-o", self.path("split"))

    def assert_splits(self, data):
        done = self.split(data)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(pcap.read(self.path("split/guest0.pcap")), [FRAME_UP])
        self.assertEqual(pcap.read(self.path("split/wire0.pcap")), [FRAME_DOWN])

    def assert_refused(self, data, why):
        shutil.rmtree(self.path("split"), ignore_errors=True)
        done = self.split(data)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertIn(why, done.stderr)
        self.assertFalse(os.path.exists(self.path("split")))

    def first_time(self):
        with open(self.path("split/guest0.pcap"), "rb") as file:
            return struct.unpack_from("<II", file.read(), 24)


class Split(Traffic):
    def test_reads_pcap_of_either_byte_order_and_resolution(self):
        for order in "<>":
            self.assert_splits(pcap_bytes(order, 0xA1B2C3D4, [FRAME_UP, FRAME_DOWN]))
            self.assertEqual(self.first_time(), (10, 5000))
            self.assert_splits(pcap_bytes(order, 0xA1B23C4D, [FRAME_UP, FRAME_DOWN]))
            self.assertEqual(self.first_time(), (10, 5))

    def test_reads_pcapng_of_either_byte_order_with_two_interfaces_and_two_sections(self):
        for order in "<>":
            head = section(order) + interface(order, snap_length=96) + interface(order, snap_length=65535, resolution=9)
            first = head + block(order, 0x0BAD, b"unknown!") + packet(order, 1, 10_000_000_007, FRAME_UP)
            self.assert_splits(first + packet(order, 0, 20_000_000, FRAME_DOWN))
            self.assertEqual(self.first_time(), (10, 7))
            self.assert_splits(first + section(order) + interface(order) + packet(order, 0, 0, FRAME_DOWN))

    def test_knows_every_resolution_of_time(self):
        for resolution, units in ((6, 10**6), (0, 1), (0x80 | 10, 1 << 10), (127, None)):
            head = section("<") + interface("<", resolution=resolution)
            time = 0 if units is None else 3 * units + units // 2
            self.assert_splits(head + packet("<", 0, time, FRAME_UP) + packet("<", 0, time, FRAME_DOWN))
            self.assertEqual(self.first_time(), (0, 0) if units is None else (3, 500_000_000 if units > 1 else 0))

    def test_refuses_what_it_can_not_divide_with_one_line(self):
        good = pcap_bytes("<", 0xA1B2C3D4, [FRAME_UP, FRAME_DOWN])
        ng = section("<") + interface("<") + packet("<", 0, 0, FRAME_UP)
        for data, why in (
            (b"", "neither pcap nor pcapng"),
            (b"\x7fELF" + bytes(100), "neither pcap nor pcapng"),
            (good[:20], "file header is cut short"),
            (good[:24], "no frames"),
            (good[:30], "frame 1: its record header is cut short"),
            (good[:-1], "frame 2: the file ends inside it"),
            (good[:32] + b"\xff\xff\xff\x7f" + good[36:], "frame 1: it claims 2147483647 bytes"),
            (pcap_bytes("<", 0xA1B2C3D4, [FRAME_UP], 113), "link type is Linux cooked, not Ethernet"),
            (section("<"), "no frames"),
            (ng[:-2], "frame 1: the file ends inside a block"),
            (section("<") + packet("<", 0, 0, FRAME_UP), "names an interface that the file does not have"),
            (section("<") + interface("<", 127) + packet("<", 0, 0, FRAME_UP), "link type is 802.11 radiotap"),
            (ng + struct.pack("<II", 6, 0xFFFFFFF0), "a block claims 4294967280 bytes"),
            (ng + struct.pack("<III", 6, 8, 8), "a block claims 8 bytes"),
            (ng + struct.pack("<III", 5, 12, 16), "a block has two lengths"),
        ):
            with self.subTest(why):
                self.assert_refused(data, why)

    def test_survives_every_cut_and_every_flipped_byte(self):
        ng = section(">") + interface(">", resolution=9) + packet(">", 0, 1, FRAME_UP[:20])
        for data in (ng, pcap_bytes(">", 0xA1B2C3D4, [FRAME_UP[:20]])):
            for at in range(len(data)):
                flipped = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
                for damaged in (data[:at], flipped):
                    done = self.split(damaged)
                    self.assertIn(done.returncode, (0, 1), (at, done.stderr))


class Generate(Traffic):
    def test_is_what_split_makes_of_both_directions_together(self):
        done = self.run_traffic("generate", "--seed", "3", "--packets", "2000", "-o", self.path("made"))
        self.assertEqual(done.returncode, 0)
        up, down = (pcap.read(self.path(f"made/{port}.pcap")) for port in ("guest0", "wire0"))
        self.assertEqual(len(up) + len(down), 2000)
        # The first frame is the guest's, and the sides need no times.
        pcap.write(self.path("both.pcap"), up + down)
        self.assertEqual(self.run_traffic("split", self.path("both.pcap"), "-o", self.path("split")).returncode, 0)
        self.assertEqual(pcap.read(self.path("split/guest0.pcap")), up)
        self.assertEqual(pcap.read(self.path("split/wire0.pcap")), down)

    @unittest.skipUnless(shutil.which("tshark") and shutil.which("mergecap"), "tshark is not installed")
    def test_makes_nothing_that_tshark_finds_fault_with(self):
        self.run_traffic("generate", "--packets", "3000", "-o", self.folder)
        subprocess.run(
            ["mergecap", "-w", self.path("all"), self.path("guest0.pcap"), self.path("wire0.pcap")], check=True
        )
        command = ["tshark", "-n", "-r", self.path("all")]
        for layer in ("ip", "tcp", "udp"):
            command += ["-o", f"{layer}.check_checksum:TRUE"]
        # The last conversations are cut off, and so are their reassemblies: those are no faults.
        faults = "_ws.malformed || _ws.expert.severity >= 6291456 || tcp.analysis.flags"
        done = subprocess.run([*command, "-Y", faults], capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout, "")

    def test_says_what_it_does_not_understand(self):
        for arguments in (
            ["generate"],
            ["generate", "-o"],
            ["generate", "x", "-o", "y"],
            ["generate", "--packets", "0", "-o", "y"],
            ["generate", "--seed", "-1", "-o", "y"],
            ["split", "-o", "y"],
            ["divide"],
            [],
        ):
            done = self.run_traffic(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn("usage: traffic", done.stderr)


if __name__ == "__main__":
    unittest.main()
