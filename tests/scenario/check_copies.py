#!/usr/bin/python3
"""Checks what the emulated card did with its frames, from the files alone.

    check_copies.py --in DIR --out DIR --expect STREAMS.json [--copies FILE] [--counters COUNTERS.json] [--tshark]

DIR/guest0.pcap and DIR/wire0.pcap are what entered the card (--in) and what left it (--out). STREAMS.json is a list of
the copies that a configuration asks for, one object a (source, direction) whose every frame is mirrored:

    {"session": "s1", "source": "guest0", "direction": "outbound", "encapsulation": "erspan2", "remote": "10.9.0.2",
     "id": 7, "mtu": 1500, "ttl": 64, "dscp": 0, "packetLength": 0, "udpChecksum": false, "number": 10, "rule": 1}

Two streams must differ in remote or id. COUNTERS.json is what `helioctl counters -o json` prints. Exit status 0 when
all is right, 1 with one line a mistake.
"""

import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass

import copies as encapsulation
import pcap

SHORTEST = 14  # shorter frames are runts, and not mirrored
LONGEST = 65535  # what a port can carry
INTERFACE_NUMBERS = {"guest0": 1, "wire0": 2}
PEER = {"guest0": "wire0", "wire0": "guest0"}
MIRROR_OPTION = (0xFF48, 1)  # class and type of the option of a GENEVE copy
MOST_MISTAKES = 20  # shown


@dataclass
class Stream:
    session: str
    source: str
    direction: str
    encapsulation: str
    remote: str
    id: int = None
    mtu: int = 1500
    ttl: int = 64
    dscp: int = 0
    packetLength: int = 0
    udpChecksum: bool = False
    number: int = 0  # of the session, and of the rule that accepts: GENEVE tells
    rule: int = 1

    def __str__(self):
        return f"session {self.session} ({self.source} {self.direction}, {self.encapsulation})"

    @property
    def key(self):
        return (self.encapsulation, self.remote, None if self.encapsulation == "erspan1" else self.id)

    @property
    def entered_at(self):
        """The port that the frames of this stream came in by."""
        arrives = "outbound" if self.source.startswith("guest") else "inbound"
        return self.source if self.direction == arrives else PEER[self.source]

    @property
    def leaves_by_source(self):
        return self.entered_at != self.source

    def frames(self, entered):
        """(number, frame) of those that are mirrored: neither runts nor what no port can carry."""
        for number, frame in enumerate(entered[self.entered_at]):
            if SHORTEST <= len(frame) <= LONGEST:
                yield number, frame

    def kept(self, frame, overhead):
        """How many bytes of a frame its copy carries."""
        length = len(frame)
        if self.packetLength:
            length = min(length, max(self.packetLength, 55 if is_ipv6(frame) else 35))
        return min(length, self.mtu - overhead)


def is_ipv6(frame):
    at = 12
    for _ in range(2):
        if int.from_bytes(frame[at : at + 2], "big") in encapsulation.TAG_TYPES:
            at += 4
    return frame[at : at + 2] == b"\x86\xdd" and len(frame) >= at + 42 and frame[at + 2] >> 4 == 6


def flow_of(frame):
    """The 5-tuple, the same for both directions, of a plain TCP or UDP packet over IPv4; else None."""
    if len(frame) < 38 or frame[12:15] != b"\x08\x00\x45" or frame[23] not in (6, 17):
        return None
    if int.from_bytes(frame[20:22], "big") & 0x3FFF:
        return None  # a fragment
    ends = sorted(((frame[26:30], frame[34:36]), (frame[30:34], frame[36:38])))
    return (frame[23], *(f"{address.hex()}:{int.from_bytes(port, 'big')}" for address, port in ends))


class Checker:
    """Collects mistakes; `name` says which frame of a port is meant."""

    def __init__(self, entered, streams, name=lambda port, number: f"{port} frame {number + 1}"):
        self.entered, self.streams, self.name = entered, streams, name
        self.mistakes = []

    def mistake(self, text):
        self.mistakes.append(text)

    def originals(self, left):
        """Each port's frames left by the other one: all of them, unaltered, in order."""
        for port, frames in self.entered.items():
            expected = [(n, frame) for n, frame in enumerate(frames) if len(frame) <= LONGEST]
            actual = left[PEER[port]]
            for (number, frame), out in zip(expected, actual):
                if frame != out:
                    self.mistake(f"original {self.name(port, number)} left {PEER[port]} altered, or not in its turn")
                    break
            if len(expected) != len(actual):
                self.mistake(f"of {len(expected)} originals of {port}, {len(actual)} left {PEER[port]}")

    def copies(self, frames):
        """Every expected copy is there, once, in order, right in every byte; nothing else is."""
        by_key = {stream.key: stream for stream in self.streams}
        assert len(by_key) == len(self.streams), "streams that can't be told apart"
        found = {key: [] for key in by_key}
        for number, frame in enumerate(frames):
            try:
                copy = encapsulation.decode(frame)
            except encapsulation.Malformed as error:
                self.mistake(f"copy {number + 1}: {error}")
                continue
            key = (copy.kind, copy.destination, None if copy.kind == "erspan1" else copy.tunnel_id)
            if key in found:
                found[key].append(copy)
            else:
                self.mistake(f"copy {number + 1}: no session makes {key}")
        for key, stream in by_key.items():
            self.stream(stream, found[key])
        self.source_ports([copy for made in found.values() for copy in made if copy.source_port])
        return found

    def source_ports(self, found):
        """The outer UDP source port is the same for both directions of a flow, and differs between flows."""
        ports = {}
        for copy in found:
            flow = flow_of(copy.inner)
            if flow and ports.setdefault(flow, copy.source_port) != copy.source_port:
                self.mistake(f"two UDP source ports, {ports[flow]} and {copy.source_port}, for one flow: {flow}")
                break
        if len(ports) >= 64 and len(set(ports.values())) < len(ports) // 2:
            self.mistake(f"{len(ports)} flows have only {len(set(ports.values()))} UDP source ports")

    def stream(self, stream, found):
        expected = list(stream.frames(self.entered))
        if len(expected) != len(found):
            self.mistake(f"{stream}: {len(expected)} copies expected, {len(found)} made")
        for (number, frame), copy in zip(expected, found):
            wrong = self.compare(stream, frame, copy)
            if wrong:
                self.mistake(f"{stream}: copy of {self.name(stream.entered_at, number)}: {', '.join(wrong)}")
                if copy.inner[:SHORTEST] != frame[:SHORTEST]:
                    break  # out of step: the rest would only say so again
        if found and found[0].sequence is not None:
            first = found[0].sequence
            if first not in (0, 1) or [c.sequence for c in found] != list(range(first, first + len(found))):
                self.mistake(f"{stream}: the sequence starts with {first} or has gaps")
        if len({copy.source for copy in found}) > 1:
            self.mistake(f"{stream}: several outer source addresses")

    def compare(self, stream, frame, copy):
        """What differs between a copy and what its original asks for."""
        wrong = []

        def same(what, actual, expected):
            if actual != expected:
                wrong.append(f"{what} is {actual}, not {expected}")

        kept = stream.kept(frame, copy.overhead)
        same("carried length", len(copy.inner), kept)
        if copy.inner != frame[: len(copy.inner)]:
            wrong.append("it does not hold the original's bytes")
        same("TTL", copy.ttl, stream.ttl)
        same("DSCP", copy.dscp, stream.dscp)
        if copy.kind in ("vxlan", "geneve"):
            same("UDP checksum there", copy.udp_checksum != 0, stream.udpChecksum)
            if not 49152 <= copy.source_port <= 65535:
                wrong.append(f"UDP source port is {copy.source_port}, outside 49152..65535")
        if copy.kind == "geneve":
            flags = (stream.leaves_by_source << 15) | ((kept < len(frame)) << 14)
            option = struct.pack("!HHII", stream.number, flags, stream.rule, len(frame))
            # Behind that is the time, which the files do not tell.
            same("option", [(c, t, d[:12], len(d)) for c, t, d in copy.options], [(*MIRROR_OPTION, option, 20)])
        if copy.kind in ("erspan2", "erspan3"):
            tci = encapsulation.outermost_tag(frame)
            same("VLAN", copy.vlan, (tci or 0) & 0xFFF)
            same("COS", copy.cos, (tci or 0) >> 13)
            same("T", copy.truncated, kept < len(frame))
            same("BSO", copy.bso, 0)
            if copy.kind == "erspan2":
                same("En", copy.en, 0 if tci is None else 3)
                same("index", copy.index, INTERFACE_NUMBERS[stream.source])
            else:
                # 1 for what leaves the card's switch towards the source.
                same("D", copy.outbound_bit, stream.leaves_by_source)
        return wrong

    def counters(self, counters, frames):
        """The ledger says what the files say, and names what was left out."""
        if not counters["balanced"]:
            self.mistake("the ledger does not balance")
        entries = {(e["session"], e["interface"], e["direction"]): e for e in counters["entries"]}
        for stream in self.streams:
            entry = entries.get((stream.session, stream.source, stream.direction))
            mirrored = [len(frame) for _, frame in stream.frames(self.entered)]
            expected = {"packets": len(mirrored), "bytes": sum(mirrored)}
            if entry is None:
                if mirrored:
                    self.mistake(f"{stream}: not in the ledger")
                continue
            for column in ("matched", "sent"):
                if entry[column] != expected:
                    self.mistake(f"{stream}: the ledger's {column} is {entry[column]}, not {expected}")
        wire_bytes = sum(e["sent_wire_bytes"] for e in counters["entries"])
        if wire_bytes != sum(len(frame) for frame in frames):
            self.mistake(f"sent_wire_bytes is {wire_bytes}, the copies have {sum(len(f) for f in frames)}")
        self.ports({port["interface"]: port for port in counters["ports"]})

    def ports(self, ports):
        for port, frames in self.entered.items():
            leaving = ports[PEER[port]]
            too_long = sum(len(frame) > LONGEST for frame in frames)
            if leaving["forward_too_long"] != too_long:
                self.mistake(
                    f"{PEER[port]}: forward_too_long is {leaving['forward_too_long']}, "
                    f"but {too_long} frames of {port} are longer than {LONGEST} bytes"
                )
            if leaving["forward_drops"]["packets"] != too_long:
                self.mistake(f"{PEER[port]}: forward_drops is {leaving['forward_drops']['packets']}, not {too_long}")
            runts = sum(len(frame) < SHORTEST for frame in frames)
            # What a guest sends is outbound at both ports, what the wire brings is inbound at both.
            side = "runt_out" if port.startswith("guest") else "runt_in"
            for where in (port, PEER[port]):
                if any(s.source == where for s in self.streams) and ports[where][side]["packets"] != runts:
                    self.mistake(f"{where}: {side} is {ports[where][side]['packets']}, not {runts}")

    def tshark(self, path, found):
        """tshark reads the same: the encapsulation, its fields, and the inner Ethernet header of every copy."""
        rows = decode_with_tshark(path)
        copies = sum(len(streams) for streams in found.values())
        if len(rows) != copies:
            self.mistake(f"tshark decodes {len(rows)} copies of {copies}")
        order = {key: iter(list_) for key, list_ in found.items()}
        for number, row in enumerate(rows):
            kind = tshark_kind(row)
            key = (kind, tshark_destination(row), tshark_id(row, kind))
            copy = next(order.get(key, iter(())), None)
            if copy is None:
                self.mistake(f"tshark: copy {number + 1} is {key} of {row['frame.protocols']}, which we do not see")
                return
            wrong = tshark_differences(row, copy)
            if wrong:
                self.mistake(f"tshark: copy {number + 1} ({row['frame.protocols']}): {', '.join(wrong)}")

    def report(self):
        """True when all is right; else says what is not."""
        for text in self.mistakes[:MOST_MISTAKES]:
            print(text)
        if len(self.mistakes) > MOST_MISTAKES:
            print(f"... and {len(self.mistakes) - MOST_MISTAKES} more")
        return not self.mistakes


# Outer protocols only, so that a damaged original can't be mistaken for a damaged copy, and it takes half the time.
TSHARK_PROTOCOLS = "frame eth ethertype llc vlan ip ipv6 udp gre erspan vxlan geneve data _ws.malformed _ws.short".split()
TSHARK_FIELDS = (
    "frame.protocols frame.len eth.dst eth.src ip.dst ipv6.dst ip.ttl ip.id ip.flags.df ip.checksum.status udp.srcport "
    "udp.length udp.checksum.status vxlan.vni geneve.vni gre.flags_and_version gre.proto gre.sequence_number erspan.spanid erspan.vlan "
    "erspan.cos erspan.truncated erspan.index erspan.direction"
).split()


def decode_with_tshark(path):
    with tempfile.TemporaryDirectory() as folder:
        listed = subprocess.run(["tshark", "-G", "protocols"], check=True, capture_output=True, text=True).stdout
        names = [line.split("\t")[2] for line in listed.splitlines()]
        with open(os.path.join(folder, "disabled_protos"), "w", encoding="utf-8") as file:
            file.writelines(name + "\n" for name in names if name not in TSHARK_PROTOCOLS)
        command = ["tshark", "-n", "-r", path, "-T", "fields", "-E", "occurrence=a"]
        for preference in ("ip.check_checksum:TRUE", "udp.check_checksum:TRUE", "ip.defragment:FALSE"):
            command += ["-o", preference]
        for field in TSHARK_FIELDS:
            command += ["-e", field]
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, env={**os.environ, "WIRESHARK_CONFIG_DIR": folder}
        )
    return [dict(zip(TSHARK_FIELDS, line.split("\t"))) for line in done.stdout.splitlines()]


def first(row, field):
    value = row[field].split(",")[0]
    return int(value, 0) if value else None


# What lies inside may be a tunnel, too: of every field the first is the outer one, if the outer header has it.
GRE_KINDS = {(0, 0x88BE): "erspan1", (0x1000, 0x88BE): "erspan2", (0x1000, 0x22EB): "erspan3"}


def tshark_kind(row):
    protocols = row["frame.protocols"].split(":")
    kind = next((p for p in protocols if p in ("vxlan", "geneve", "gre")), "none")
    if kind == "gre":
        return GRE_KINDS.get((first(row, "gre.flags_and_version"), first(row, "gre.proto")), "none")
    return kind


def tshark_destination(row):
    protocols = row["frame.protocols"].split(":")
    outer = next((p for p in protocols if p in ("ip", "ipv6")), "ip")
    return row[f"{outer}.dst"].split(",")[0]


def tshark_id(row, kind):
    fields = {"vxlan": "vxlan.vni", "geneve": "geneve.vni", "erspan2": "erspan.spanid", "erspan3": "erspan.spanid"}
    return first(row, fields[kind]) if kind in fields else None


ISL = b"\x01\x00\x0c\x00\x00"


def tshark_differences(row, copy):
    pairs = []
    # The inner header is the one right behind the outer. A Cisco ISL header hides it from tshark.
    macs = [mac.replace(":", "") for mac in row["eth.dst"].split(",") + row["eth.src"].split(",")]
    half = len(macs) // 2
    if not copy.inner.startswith(ISL):
        theirs = (macs[1], macs[half + 1]) if half > 1 else None
        pairs.append(("inner MACs", theirs, (copy.inner[:6].hex(), copy.inner[6:12].hex())))
    if ":" not in copy.destination:
        pairs += [
            ("IPv4 checksum", row["ip.checksum.status"].split(",")[0], "1"),
            ("DF", row["ip.flags.df"].split(",")[0], "1"),
            ("TTL", first(row, "ip.ttl"), copy.ttl),
        ]
    if copy.sequence is not None:
        pairs.append(("sequence", first(row, "gre.sequence_number"), copy.sequence))
        pairs.append(("VLAN", first(row, "erspan.vlan"), copy.vlan))
        pairs.append(("COS", first(row, "erspan.cos"), copy.cos))
        pairs.append(("T", first(row, "erspan.truncated"), int(copy.truncated)))
        if copy.kind == "erspan2":
            pairs.append(("index", first(row, "erspan.index"), copy.index))
        else:
            pairs.append(("D", first(row, "erspan.direction"), int(copy.outbound_bit)))
    if copy.udp_checksum:
        pairs.append(("UDP checksum", row["udp.checksum.status"].split(",")[0], "1"))
    if copy.source_port:
        pairs.append(("UDP source port", first(row, "udp.srcport"), copy.source_port))
    return [f"{what} is {theirs}, we read {ours}" for what, theirs, ours in pairs if theirs != ours]


def main():
    parser = argparse.ArgumentParser(description="Checks what the emulated card did with its frames.")
    parser.add_argument("--in", dest="entered", required=True, metavar="DIR")
    parser.add_argument("--out", dest="left", required=True, metavar="DIR")
    parser.add_argument("--expect", required=True, metavar="STREAMS.json")
    parser.add_argument("--copies", metavar="FILE", help="default: analyser.pcap of --out")
    parser.add_argument("--counters", metavar="COUNTERS.json")
    parser.add_argument("--tshark", action="store_true", help="let tshark decode every copy, too")
    options = parser.parse_args()

    with open(options.expect, encoding="utf-8") as file:
        streams = [Stream(**stream) for stream in json.load(file)]
    entered = {port: pcap.read(f"{options.entered}/{port}.pcap") for port in PEER}
    path = options.copies or f"{options.left}/analyser.pcap"
    frames = pcap.read(path)
    checker = Checker(entered, streams)
    checker.originals({port: pcap.read(f"{options.left}/{port}.pcap") for port in PEER})
    found = checker.copies(frames)
    if options.counters:
        with open(options.counters, encoding="utf-8") as file:
            checker.counters(json.load(file), frames)
    if options.tshark:
        checker.tshark(path, found)
    right = checker.report()
    if right:
        originals = sum(len(frames) for frames in entered.values())
        print(f"{originals} originals and {len(frames)} copies: all as they must be")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
