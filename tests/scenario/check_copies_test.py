#!/usr/bin/python3
"""The checker passes right copies and catches each kind of wrong one. The copies are scapy's."""

import dataclasses
import functools
import os
import shutil
import struct
import subprocess
import tempfile
import unittest

from scapy.contrib.erspan import ERSPAN_I, ERSPAN_II, ERSPAN_III
from scapy.contrib.geneve import GENEVE, GeneveOptions
from scapy.layers.inet import IP, TCP, UDP, ICMP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE, ARP, Dot1Q, Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw

import check_copies
import pcap
from check_copies import Checker, Stream

OUTER = Ether(src="02:00:00:00:00:03", dst="02:00:00:00:00:99")


def guest(*layers):
    packet = Ether(src="02:00:00:00:10:11", dst="02:00:00:00:20:fe")
    for layer in layers:
        packet /= layer
    return bytes(packet)


ENTERED = {
    "guest0": [
        guest(IP(src="10.1.0.11", dst="10.2.0.1"), TCP(dport=80)),
        guest(Dot1Q(vlan=100, prio=5), IP(src="10.1.0.11", dst="10.2.0.1"), UDP(dport=53), Raw(b"q" * 40)),
        guest(IPv6(src="fd00:1::11", dst="fd00:2::1"), UDP(sport=9, dport=9), Raw(b"x" * 1452)),
        b"\2" * 13,  # a runt
        guest(ARP(psrc="10.1.0.11", pdst="10.1.0.254")),
    ],
    "wire0": [
        guest(IP(src="10.2.0.1", dst="10.1.0.11"), ICMP(), Raw(b"y" * 56)),
        guest(Raw(b"\0" * 70000)),
        guest(IP(src="10.2.0.1", dst="10.1.0.11"), UDP(sport=53), Raw(b"z" * 99)),
    ],
}

STREAMS = [
    Stream("one", "guest0", "outbound", "vxlan", "10.9.0.2", 100),
    Stream("two", "wire0", "outbound", "erspan2", "10.9.0.3", 7),
    Stream("three", "guest0", "inbound", "erspan3", "10.9.0.4", 8, mtu=9000),
    Stream("four", "wire0", "inbound", "erspan1", "10.9.0.5", None, mtu=9000),
    Stream("five", "guest0", "outbound", "geneve", "fd00:9::2", 9, udpChecksum=True, number=77, rule=3),
]


def tunnel(stream, frame, sequence, cut):
    """The outer headers behind IP, by scapy."""
    tci = struct.unpack("!H", frame[14:16])[0] if frame[12:14] == b"\x81\0" else 0
    tag = {"vlan": tci & 0xFFF, "cos": tci >> 13, "session_id": stream.id, "t": int(cut)}
    if stream.encapsulation == "vxlan":
        return UDP(sport=50000, dport=4789, chksum=0) / VXLAN(flags=8, vni=stream.id)
    if stream.encapsulation == "geneve":
        flags = (stream.leaves_by_source << 15) | (cut << 14)
        data = struct.pack("!HHIIQ", stream.number, flags, stream.rule, len(frame), 1)
        option = GeneveOptions(classid=0xFF48, type=1, data=data)
        return UDP(sport=50000, dport=6081) / GENEVE(vni=stream.id, proto=0x6558, options=[option])
    if stream.encapsulation == "erspan1":
        return GRE(proto=0x88BE) / ERSPAN_I()
    if stream.encapsulation == "erspan2":
        index = check_copies.INTERFACE_NUMBERS[stream.source]
        gre = GRE(proto=0x88BE, seqnum_present=1, sequence_number=sequence)
        return gre / ERSPAN_II(ver=1, en=3 if tci else 0, index=index, **tag)
    direction = int(stream.leaves_by_source)
    gre = GRE(proto=0x22EB, seqnum_present=1, sequence_number=sequence)
    return gre / ERSPAN_III(ver=2, p=1, d=direction, timestamp=1, **tag)


def encapsulate(stream, frame, sequence):
    ipv6 = ":" in stream.remote
    if ipv6:
        outer = OUTER / IPv6(src="fd00:9::1", dst=stream.remote, hlim=64)
    else:
        outer = OUTER / IP(src="10.9.0.1", dst=stream.remote, ttl=64, flags="DF", id=0)
    overhead = len(bytes(outer / tunnel(stream, frame, sequence, False))) - 14
    kept = stream.kept(frame, overhead)
    return bytes(outer / tunnel(stream, frame, sequence, kept < len(frame)) / Raw(frame[:kept]))


@functools.cache
def copies_of(number):
    stream = STREAMS[number]
    return [encapsulate(stream, frame, n) for n, (_, frame) in enumerate(stream.frames(ENTERED))]


def all_copies(streams=None):
    return [copy for stream in streams or STREAMS for copy in copies_of(STREAMS.index(stream))]


def mistakes(frames, streams=None):
    checker = Checker(ENTERED, streams or STREAMS)
    checker.copies(frames)
    return checker.mistakes


def with_bytes(frame, offset, new):
    return frame[:offset] + new + frame[offset + len(new) :]


class Originals(unittest.TestCase):
    def check_left(self, at_wire, at_guest):
        checker = Checker(ENTERED, [])
        checker.originals({"wire0": at_wire, "guest0": at_guest})
        return checker.mistakes

    def setUp(self):
        self.up, self.down = ENTERED["guest0"], ENTERED["wire0"][::2]  # the second is too long for a port

    def test_passes_what_left_unaltered(self):
        self.assertEqual(self.check_left(self.up, self.down), [])

    def test_catches_loss_change_order_and_a_frame_that_was_never_there(self):
        swapped = [self.up[1], self.up[0]] + self.up[2:]
        altered = [with_bytes(self.up[0], 20, b"\xff\xff")] + self.up[1:]
        for wrong in (self.up[:-1], self.up + self.up[:1], swapped, altered):
            self.assertTrue(self.check_left(wrong, self.down))
        self.assertTrue(self.check_left(self.up, []))


class Copies(unittest.TestCase):
    def test_passes_right_copies_of_every_encapsulation(self):
        self.assertEqual(mistakes(all_copies()), [])

    def test_catches_a_missing_and_a_doubled_copy(self):
        for number in range(len(all_copies())):
            frames = all_copies()
            self.assertTrue(mistakes(frames[:number] + frames[number + 1 :]), number)
            self.assertTrue(mistakes(frames[: number + 1] + frames[number:]), number)

    def test_catches_two_copies_out_of_order(self):
        frames = all_copies()
        self.assertTrue(mistakes([frames[1], frames[0]] + frames[2:]))

    def test_catches_every_flipped_byte_but_those_left_to_the_card(self):
        for stream in STREAMS:
            right = all_copies([stream])
            # MACs, the outer source and its checksum, the entropy, the time stamp and the card's number are free.
            ipv6 = ":" in stream.remote
            free = set(range(12)) | (set(range(22, 38)) if ipv6 else set())
            free |= {15, 16, 17} if ipv6 else set()  # traffic class and flow label
            if stream.encapsulation == "vxlan":
                free |= {34, 35}  # checked against the flow, which has one copy here
            if stream.encapsulation == "erspan3":
                free |= set(range(46, 50)) | {52, 53}
            for offset in range(len(right[0])):
                flipped = with_bytes(right[0], offset, bytes([right[0][offset] ^ 1]))
                if offset not in free:
                    self.assertTrue(mistakes([flipped] + right[1:], [stream]), f"{stream} byte {offset}")

    def test_catches_a_gap_in_the_sequence_and_a_wrong_start(self):
        stream = STREAMS[1]
        frames = [frame for _, frame in stream.frames(ENTERED)]
        for start, step in ((2, 1), (0, 2)):
            made = [encapsulate(stream, frame, start + step * n) for n, frame in enumerate(frames)]
            self.assertTrue(mistakes(made, [stream]))

    def test_catches_two_source_ports_for_one_flow(self):
        streams = [STREAMS[0], dataclasses.replace(STREAMS[0], session="again", source="wire0", id=101)]
        made = [encapsulate(stream, frame, 0) for stream in streams for _, frame in stream.frames(ENTERED)]
        self.assertEqual(mistakes(made, streams), [])
        made[0] = with_bytes(made[0], 34, b"\xd0\x01")
        self.assertIn("two UDP source ports", "".join(mistakes(made, streams)))

    def test_catches_a_copy_cut_where_it_fits(self):
        stream = STREAMS[0]
        frames = [frame for _, frame in stream.frames(ENTERED)]
        made = [encapsulate(stream, frame, 0) for frame in frames]
        made[1] = encapsulate(stream, frames[1][:-1], 0)
        self.assertTrue(mistakes(made, [stream]))


class Counters(unittest.TestCase):
    def reading(self):
        entries = []
        for stream in STREAMS:
            lengths = [len(frame) for _, frame in stream.frames(ENTERED)]
            count = {"packets": len(lengths), "bytes": sum(lengths)}
            entries.append(
                {
                    "session": stream.session,
                    "interface": stream.source,
                    "direction": stream.direction,
                    "matched": dict(count),
                    "sent": dict(count),
                    "sent_wire_bytes": sum(len(frame) for frame in all_copies([stream])),
                }
            )

        def port(name, too_long, runts_in, runts_out):
            return {
                "interface": name,
                "forward_too_long": too_long,
                "forward_drops": {"packets": too_long},
                "runt_in": {"packets": runts_in},
                "runt_out": {"packets": runts_out},
            }

        return {"balanced": True, "entries": entries, "ports": [port("guest0", 1, 0, 1), port("wire0", 0, 0, 1)]}

    def check(self, reading):
        checker = Checker(ENTERED, STREAMS)
        checker.counters(reading, all_copies())
        return checker.mistakes

    def test_passes_a_ledger_that_says_what_the_files_say(self):
        self.assertEqual(self.check(self.reading()), [])

    def test_catches_a_frame_that_is_missing_under_its_name(self):
        wrongs = [
            lambda r: r.update(balanced=False),
            lambda r: r["entries"].pop(),
            lambda r: r["entries"][0]["matched"].update(packets=1),
            lambda r: r["entries"][1]["sent"].update(bytes=1),
            lambda r: r["entries"][2].update(sent_wire_bytes=0),
            lambda r: r["ports"][0].update(forward_too_long=0),
            lambda r: r["ports"][1].update(forward_drops={"packets": 1}),
            lambda r: r["ports"][1].update(runt_out={"packets": 0}),
            lambda r: r["ports"][0].update(runt_in={"packets": 1}),
        ]
        for number, spoil in enumerate(wrongs):
            reading = self.reading()
            spoil(reading)
            self.assertTrue(self.check(reading), number)


@unittest.skipUnless(shutil.which("tshark"), "tshark is not installed")
class Tshark(unittest.TestCase):
    def mistakes(self, frames, read_as=None):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "copies.pcap")
            pcap.write(path, frames)
            checker = Checker(ENTERED, STREAMS)
            found = checker.copies(read_as or frames)
            checker.tshark(path, found)
            return checker.mistakes

    def test_agrees_with_our_decoder(self):
        self.assertEqual(self.mistakes(all_copies()), [])

    def test_speaks_up_where_it_reads_something_else(self):
        for number, offset in ((0, 60), (5, 40), (8, 24)):
            frames = all_copies()
            frames[number] = with_bytes(frames[number], offset, bytes([frames[number][offset] ^ 1]))
            self.assertTrue(self.mistakes(frames, read_as=all_copies()), number)


class CommandLine(unittest.TestCase):
    def test_ends_with_1_and_a_line_when_something_is_missing(self):
        with tempfile.TemporaryDirectory() as folder:
            for port, frames in ENTERED.items():
                pcap.write(f"{folder}/{port}.pcap", frames)
            pcap.write(f"{folder}/analyser.pcap", [])
            with open(f"{folder}/streams.json", "w", encoding="utf-8") as file:
                file.write("[]")
            script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "check_copies.py")
            done = subprocess.run(
                [script, "--in", folder, "--out", folder, "--expect", f"{folder}/streams.json"],
                capture_output=True,
                text=True,
                check=False,
            )
            self.assertEqual(done.returncode, 1)  # what entered guest0 did not leave by wire0
            self.assertIn("of 5 originals of guest0, 3 left wire0", done.stdout)


if __name__ == "__main__":
    unittest.main()
