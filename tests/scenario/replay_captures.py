#!/usr/bin/python3
"""Sends real captures through the emulated card, mirrors every frame, and checks every original and every copy.

    replay_captures.py --firmware FILE --helioctl FILE --traffic FILE [--captures DIR] [--full] [CAPTURE...]

Each capture is divided into the two directions of its link. A frame is judged where it enters and where it leaves, so
one run makes two copies of it, in two encapsulations. There are three plans of who gets which; every capture takes one
of them in turn, some take all, and with --full all do. Captures travel together: what the card makes of the frames
does not depend on which file they came from, and it starts a few times instead of hundreds.

Files named neg-* must be refused with one line. Without --captures or HELIOSTAT_CAPTURES nothing is done, exit status 77.
"""

import argparse
import bisect
import concurrent.futures
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

import pcap
from check_copies import LONGEST, SHORTEST, Checker, Stream
from emulated_card import Card, Failed

SKIPPED = 77
FRAMES_PER_RUN = 12_000
ALL_PLANS = ("mix-small", "mix-classic", "vlan-", "big-", "fuzz-", "trunc-", "erspan", "vxlan", "geneve", "ip6-", "frag-")


# A frame of the guest is judged outbound at guest0 and at wire0, one of the wire inbound at both. Over the plans
# `one` and `two`, each direction meets VXLAN and all three ERSPANs.
PLANS = {
    "one": [
        Stream("guest-out", "guest0", "outbound", "vxlan", "10.9.0.2", 100),
        Stream("wire-out", "wire0", "outbound", "erspan2", "10.9.0.3", 7),
        Stream("guest-in", "guest0", "inbound", "erspan3", "10.9.0.4", 1023),
        Stream("wire-in", "wire0", "inbound", "erspan1", "10.9.0.5", dscp=10),
    ],
    "two": [
        Stream("guest-out", "guest0", "outbound", "erspan1", "10.9.0.5", mtu=9000),
        Stream("wire-out", "wire0", "outbound", "erspan3", "10.9.0.4", 0, mtu=9000),
        Stream("guest-in", "guest0", "inbound", "vxlan", "10.9.0.2", 0xFFFFFF, mtu=9000, ttl=1),
        Stream("wire-in", "wire0", "inbound", "erspan2", "10.9.0.3", 1, mtu=9000, ttl=255),
    ],
    "three": [
        Stream("guest-out", "guest0", "outbound", "geneve", "10.9.0.2", 5, mtu=65517),
        Stream("wire-out", "wire0", "outbound", "vxlan", "fd00:9::2", 6, mtu=65517, udpChecksum=True),
        Stream("guest-in", "guest0", "inbound", "geneve", "fd00:9::3", 7, packetLength=35, udpChecksum=True),
        Stream("wire-in", "wire0", "inbound", "erspan2", "fd00:9::4", 8, packetLength=100),
    ],
}


def configuration(streams):
    """The YAML that asks for a plan: one session and one target a stream."""
    neighbours = sorted({stream.remote for stream in streams})
    documents = [
        ("Underlay", {"name": "analyser"}, {
            "addresses": ["10.9.0.1/24", "fd00:9::1/64"],
            "neighbours": [{"address": a, "mac": f"02:00:00:00:09:{n:02x}"} for n, a in enumerate(neighbours, 1)],
        }),
        ("Filter", {"name": "all"}, {
            "inbound": [{"number": 1, "action": "accept"}], "outbound": [{"number": 1, "action": "accept"}],
        }),
    ]  # fmt: skip
    for stream in streams:
        target = {"encapsulation": stream.encapsulation, "remote": stream.remote, "mtu": stream.mtu}
        documents.append(("Target", {"name": stream.session}, {**target, "ttl": stream.ttl, "dscp": stream.dscp}))
        session = {"number": stream.number, "sources": [stream.source], "filter": "all", "target": stream.session}
        session["direction"] = stream.direction
        if stream.id is not None:
            session["vni" if stream.encapsulation in ("vxlan", "geneve") else "sessionId"] = stream.id
        if stream.packetLength:
            session["packetLength"] = stream.packetLength
        documents.append(("Session", {"name": stream.session}, session))
    return "---\n".join(
        json.dumps({"apiVersion": "heliostat/v1", "kind": kind, "metadata": metadata, "spec": spec}) + "\n"
        for kind, metadata, spec in documents
    )


@dataclass
class Batch:
    """Captures that travel through the card in one run."""

    plan: str
    names: list = field(default_factory=list)
    frames: dict = field(default_factory=lambda: {"guest0": [], "wire0": []})
    starts: dict = field(default_factory=lambda: {"guest0": [], "wire0": []})

    def add(self, name, sides):
        self.names.append(name)
        for port, frames in sides.items():
            self.starts[port].append(len(self.frames[port]))
            self.frames[port] += frames

    @property
    def size(self):
        return sum(map(len, self.frames.values()))

    def name(self, port, number):
        capture = bisect.bisect_right(self.starts[port], number) - 1
        return f"{self.names[capture]} {port} frame {number - self.starts[port][capture] + 1}"


def split(traffic, path, folder):
    """The two sides of a capture, or the line that says why it has none."""
    done = subprocess.run([traffic, "split", path, "-o", folder], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        if done.returncode != 1 or done.stderr.count("\n") != 1:
            raise Failed(f"traffic split {path} ended with {done.returncode}: {done.stderr}")
        return None, done.stderr.strip()
    return {port: pcap.read(f"{folder}/{port}.pcap") for port in ("guest0", "wire0")}, ""


def divide(options, folder):
    """Batches over all captures; and the mistakes of files that were refused, or were not."""
    names = sorted(name for name in os.listdir(options.captures) if name.endswith((".pcap", ".pcapng", ".cap")))
    batches, filling, mistakes, replayable = [], {}, [], 0
    for name in names:
        if options.names and name not in options.names:
            continue
        sides, refusal = split(options.traffic, os.path.join(options.captures, name), f"{folder}/split")
        if name.startswith("neg-"):
            print(f"refused: {refusal}" if refusal else f"{name}: not refused")
            if not refusal:
                mistakes.append(f"{name} must be refused")
            continue
        if refusal:
            mistakes.append(refusal)
            continue
        every = options.full or bool(options.names) or name.startswith(ALL_PLANS)
        for plan in PLANS if every else [list(PLANS)[replayable % len(PLANS)]]:
            batch = filling.get(plan)
            if batch is None or batch.size > FRAMES_PER_RUN:
                batch = filling[plan] = Batch(plan)
                batches.append(batch)
            batch.add(name, sides)
        replayable += 1
    return batches, replayable, mistakes


def replay(card, batch, folder):
    """One start of the card. Returns what to print, and the mistakes."""
    started = time.monotonic()
    streams = [dataclasses.replace(s, number=n) for n, s in enumerate(PLANS[batch.plan], 1)]
    for sub in ("in", "out"):
        os.makedirs(f"{folder}/{sub}")
    for port, frames in batch.frames.items():
        pcap.write(f"{folder}/in/{port}.pcap", frames)
    with open(f"{folder}/mirror.yaml", "w", encoding="utf-8") as file:
        file.write(configuration(streams))
    try:
        counters = card.run(f"{folder}/mirror.yaml", folder)
    except Failed as error:
        return f"plan {batch.plan}: {error}", [f"{error} (with {', '.join(batch.names)})"]
    carried = time.monotonic()

    checker = Checker(batch.frames, streams, batch.name)
    checker.originals({port: pcap.read(f"{folder}/out/{port}.pcap") for port in batch.frames})
    copies = pcap.read(f"{folder}/out/analyser.pcap")
    found = checker.copies(copies)
    checker.counters(counters, copies)
    if shutil.which("tshark"):
        checker.tshark(f"{folder}/out/analyser.pcap", found)
    made = ", ".join(f"{len(found[stream.key])} {stream.encapsulation}" for stream in streams)
    odd = [(sum(len(f) < SHORTEST for s in batch.frames.values() for f in s), "runts"),
           (sum(len(f) > LONGEST for s in batch.frames.values() for f in s), "too long for a port")]  # fmt: skip
    notes = "".join(f", {count} {what}" for count, what in odd if count)
    line = (
        f"plan {batch.plan:5} {len(batch.names):3} captures, {batch.size:6} originals{notes}; copies: {made}; "
        f"card {carried - started:.1f} s, check {time.monotonic() - carried:.1f} s"
    )
    return line, checker.mistakes


def main():
    parser = argparse.ArgumentParser(description="Sends real captures through the emulated card.")
    parser.add_argument("--firmware", required=True)
    parser.add_argument("--helioctl", required=True)
    parser.add_argument("--traffic", required=True)
    parser.add_argument("--captures", default=os.environ.get("HELIOSTAT_CAPTURES"))
    parser.add_argument("--full", action="store_true", help="every capture through every plan")
    parser.add_argument("--keep", metavar="DIR", help="leave all files there")
    parser.add_argument("names", nargs="*", metavar="CAPTURE", help="only these")
    options = parser.parse_args()
    if not options.captures:
        print("skipped: HELIOSTAT_CAPTURES names no folder with captures")
        return SKIPPED

    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or temporary
        os.makedirs(folder, exist_ok=True)
        batches, replayable, mistakes = divide(options, folder)
        if not replayable and not mistakes:
            mistakes.append(f"{options.captures} holds no capture that can be replayed")
        card = Card(options.firmware, options.helioctl)
        with concurrent.futures.ProcessPoolExecutor(max_workers=2) as pool:
            runs = [pool.submit(replay, card, batch, f"{folder}/{n}") for n, batch in enumerate(batches)]
            for run in runs:
                line, wrong = run.result()
                print(line, *wrong[:20], sep="\n  ", flush=True)
                mistakes += wrong
    if mistakes:
        print(f"{len(mistakes)} mistakes")
        return 1
    print(f"{replayable} captures, {len(batches)} runs of the card: all originals unaltered, every copy right")
    return 0


if __name__ == "__main__":
    sys.exit(main())
