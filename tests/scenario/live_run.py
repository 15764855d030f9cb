"""A live run from start to end: two kernels talk through the card, a third unpacks the copies, all are compared."""

import json
import signal
import subprocess
from collections import Counter
from dataclasses import dataclass, field

import copies
import live_analyser
import live_card
import live_exchange
import live_network
from live_network import Capture, Failed, Program, call, until

EXCHANGE = live_exchange.__file__
PROGRAMS = ("ip", "ethtool", "tcpdump")


class ReceiverLost(Failed):
    """All copies were on the receiver's wire, and it took fewer out of the tunnel: its loss, not the card's."""


@dataclass
class Frames:
    """What was seen, by the host that sent it, in order."""

    sent: dict = field(default_factory=dict)
    arrived: dict = field(default_factory=dict)
    copied: dict = field(default_factory=dict)

    def complete(self):
        counts = [{host: len(frames) for host, frames in seen.items()} for seen in (self.sent, self.arrived, self.copied)]
        return counts[0] == counts[1] == counts[2]

    def __str__(self):
        return "; ".join(
            f"{host} sent {len(self.sent[host])} frames, {len(self.arrived[host])} arrived, {len(self.copied[host])} copies"
            for host in self.sent
        )


def by_sender(frames):
    macs = {host: bytes.fromhex(live_network.MACS[host].replace(":", "")) for host in live_network.HOSTS}
    senders = {host: [frame for frame in frames if frame[6:12] == mac] for host, mac in macs.items()}
    strangers = [frame for frame in frames if frame[6:12] not in macs.values()]
    if strangers:
        raise Failed(f"{len(strangers)} frames of neither host, the first: {strangers[0].hex()}")
    return senders


def assert_same(sent, seen, where):
    """Byte by byte, in order; says where they part."""
    for number, (one, other) in enumerate(zip(sent, seen), 1):
        if one != other:
            shown = "\n".join(f"  {len(frame):5} bytes {frame[:80].hex()}" for frame in (one, other))
            raise Failed(f"{where}: frame {number} of {len(sent)} was sent and seen as\n{shown}")
    if len(sent) != len(seen):
        raise Failed(f"{where}: {len(seen)} frames of {len(sent)}")


class LiveRun:
    """Steps in the order in which they are made; `network` is entered."""

    def __init__(self, network, firmware, helioctl, tunnel):
        self.network, self.firmware, self.helioctl, self.tunnel = network, firmware, helioctl, tunnel

    def set_up(self):
        """The tunnel's end, the card, and eyes at every end, before any host has an address."""
        self.unpacked = live_analyser.open_tunnel(self.network, self.tunnel)
        self.packed = Capture(self.network, "analyser", "eth0", "-Q", "in")
        self.network.closing.callback(self.packed.stop, signal.SIGINT)
        self.card = live_card.LiveCard(self.network, self.firmware, self.helioctl, self.tunnel)
        self.network.wait_awake("analyser")  # the card has set its end up
        self.captures = {host: Capture(self.network, host, "eth0") for host in live_network.HOSTS}
        for capture in self.captures.values():
            self.network.closing.callback(capture.stop, signal.SIGINT)

    def exchange(self):
        """What the hosts have exchanged, in numbers. Neighbour discovery is part of it."""
        for host in live_network.HOSTS:
            self.network.wake(host)
        for host in live_network.HOSTS:
            self.network.wait_awake(host)
        live_analyser.prepare(self.network)
        answering = self.network.within("outside", "/usr/bin/python3", EXCHANGE, "answer")
        answering = Program(answering, f"{self.network.folder}/answer.log", stdin=subprocess.PIPE)
        self.network.start(answering)
        answering.wait_for("ready")
        asked = self.network.within("guest", "/usr/bin/python3", EXCHANGE, "ask", *live_network.ADDRESSES["outside"])
        tally = json.loads(call(*asked))
        answering.stop()
        for one, other in (live_network.HOSTS, reversed(live_network.HOSTS)):
            macs = live_network.MACS[one], live_network.MACS[other]
            call(*self.network.within(one, "/usr/bin/python3", EXCHANGE, "tag", *macs))
        return tally | {"tagged frames each way": len(live_exchange.TAGGED_FRAMES)}

    def silence(self):
        """Ends what the hosts say, and waits until the last frame is where it belongs."""
        for host in live_network.HOSTS:
            self.network.silence(host)
        seen = Frames()
        packed = None

        def settled():
            nonlocal packed
            *files, packed = [capture.frames() for capture in (*self.captures.values(), self.unpacked, self.packed)]
            if packed is None or any(frames is None for frames in files):
                return False
            self.sort(seen, *files)
            return seen.complete() and len(packed) == len(files[-1])

        try:
            until(settled, lambda: f"the captures differ: {seen}; the card said: {self.card.program.words()}", seconds=30)
        except Failed as error:
            sent = sum(map(len, seen.sent.values()))
            if seen.sent == seen.arrived and packed is not None and len(packed) == sent:
                raise ReceiverLost(str(error)) from error
            raise

    @staticmethod
    def sort(seen, guest, outside, unpacked):
        guest, outside, seen.copied = by_sender(guest), by_sender(outside), by_sender(unpacked)
        seen.sent = {"guest": guest["guest"], "outside": outside["outside"]}
        seen.arrived = {"guest": outside["guest"], "outside": guest["outside"]}

    def compare(self):
        """Every frame arrived as it was sent, and its copy is the same once more."""
        files = [capture.finish() for capture in (*self.captures.values(), self.unpacked)]
        seen = Frames()
        self.sort(seen, *files)
        packed = by_sender(self.unpack(self.packed.finish()))
        for host in live_network.HOSTS:
            assert_same(seen.sent[host], seen.arrived[host], f"originals of {host}")
            assert_same(seen.sent[host], packed[host], f"copies of {host}'s frames on the way")
            if self.tunnel == "erspan":
                # Open vSwitch puts the frames of a burst flow by flow: all of them, each as it was.
                if Counter(seen.sent[host]) != Counter(seen.copied[host]):
                    raise Failed(f"copies of {host}'s frames: Open vSwitch took others out of the tunnel")
            else:
                assert_same(seen.sent[host], seen.copied[host], f"copies of {host}'s frames")
        return seen

    @staticmethod
    def unpack(frames):
        """What the tunnel holds by this project's own decoder, which is stricter than any receiver."""
        decoded = [copies.decode(frame) for frame in frames]
        sequence = [copy.sequence for copy in decoded if copy.sequence is not None]
        if any(after != before + 1 for before, after in zip(sequence, sequence[1:])):
            raise Failed(f"ERSPAN's sequence is not one after the other: {sequence}")
        return [copy.inner for copy in decoded]

    def account(self, seen):
        """The card's counters say the same as the captures."""
        counters = self.card.counters()
        counted = {entry["direction"]: entry for entry in counters["entries"]}
        for direction, host in (("outbound", "guest"), ("inbound", "outside")):
            entry = counted[direction]
            whole = {"packets": len(seen.sent[host]), "bytes": sum(map(len, seen.sent[host]))}
            if not (entry["matched"] == entry["sent"] == whole and entry["balanced"]):
                raise Failed(f"{host} sent {whole}, but the card counts {direction} {json.dumps(entry)}")
        return counters
