"""A test case around the card's program: a board, a configuration and frames in; frames, counters and its words out.

Every finished run is held to what holds in every run: originals leave unaltered, all of them, in order, and for every
(session, interface, direction) matched = sent + drops, in packets and in bytes.

    some_test.py FIRMWARE HELIOCTL [unittest arguments]
"""

import collections
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from dataclasses import dataclass, field

import copies as encapsulation
import emulated_card
import pcap

SECONDS = 60  # far more than any run takes: who hits it hangs
DROPS = ("sampled_out", "rate_limited", "no_buffer", "egress_full", "unresolved", "target_down", "too_long")
EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../host-tools/examples")

# Taken from the command line by main(), before the tests run.
PROGRAMS = {}


def main():
    if len(sys.argv) < 3:
        sys.exit(f"usage: {sys.argv[0]} FIRMWARE HELIOCTL [unittest arguments]")
    PROGRAMS["firmware"], PROGRAMS["helioctl"] = (os.path.abspath(sys.argv.pop(1)) for _ in range(2))
    unittest.main()


# Configurations.

NEIGHBOURS = "".join(
    f'    - {{address: 10.9.0.{n}, mac: "02:00:00:00:09:{n:02x}"}}\n' for n in (2, 3, 4, 253, 254)
)


def resource(kind, name, spec):
    """One document; `spec` is YAML of one line."""
    return f"---\napiVersion: heliostat/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n"


def underlay(more="", interface="analyser"):
    """Copies leave by `interface`; 10.9.0.2 to .4, .253 and .254 are its neighbours; `more` are lines of its spec."""
    spec = f'\n  addresses: [10.9.0.1/24, "fd00:9::1/64"]\n  neighbours:\n{NEIGHBOURS}{more}'
    return resource("Underlay", interface, spec)


EVERYTHING = resource("Filter", "everything", "{inbound: [{number: 1, action: accept}], outbound: [{number: 1, action: accept}]}")


def example(name):
    """A configuration of host-tools/examples, its target's neighbours given: on files, no one answers."""
    with open(f"{EXAMPLES}/{name}.yaml", encoding="utf-8") as file:
        text = file.read()
    text, found = re.subn(r"(?m)^  addresses: \[.*\]\n", lambda line: f"{line[0]}  neighbours:\n{NEIGHBOURS}", text)
    assert found == 1, f"{name}.yaml has {found} lists of addresses"
    return text


# Boards.


@dataclass
class Port:
    name: str
    kind: str = "VM"
    device: str = ""  # empty: files of its name; more send queues have files of their own
    queues: int = 1
    receive: bool = True
    options: str = ""

    def text(self, number):
        device = self.device
        if not device:
            source = f"rx_pcap=${{IN}}/{self.name}.pcap"
            files = [f"{self.name}.pcap"] + [f"{self.name}-{queue}.pcap" for queue in range(1, self.queues)]
            device = ",".join([f"net_pcap_{self.name}", source, *(f"tx_pcap=${{OUT}}/{name}" for name in files)])
        mtu = 1500 if device.startswith("net_ring") else 65535
        return (
            f'ports {{ name: "{self.name}" kind: {self.kind} number: {number} mtu: {mtu} '
            f'mac: "02:48:53:00:00:{number:02x}" device: "{device}{self.options}" }}\n'
        )

    def left(self, folder):
        """What left by this port, per send queue; a port that is no file keeps it."""
        if self.device:
            return []
        names = [f"{self.name}.pcap"] + [f"{self.name}-{queue}.pcap" for queue in range(1, self.queues)]
        return [pcap.read(f"{folder}/{name}") for name in names]


@dataclass
class Board:
    ports: list = field(default_factory=lambda: [Port("guest0"), Port("wire0", "EDGE"), Port("analyser", "EDGE")])
    wires: list = field(default_factory=lambda: [("guest0", "wire0")])
    workers: int = 1
    copy_buffers: int = 8192
    memory_mib: int = 192
    more: str = ""

    def text(self):
        lcores = ",".join(f"{lcore}@(0-1)" for lcore in range(self.workers + 1))
        return (
            f'name: "made" lcores: "{lcores}" memory_mib: {self.memory_mib} '
            f"original_buffers: 8192 copy_buffers: {self.copy_buffers}\n"
            + "".join(port.text(number) for number, port in enumerate(self.ports, 1))
            + "".join(f'wires {{ first: "{a}" second: "{b}" }}\n' for a, b in self.wires)
            + self.more
        )


def stalled(name="analyser"):
    """A port that keeps what it is given until it has no room, and then takes no more."""
    return Port(name, "EDGE", device=f"net_ring_{name}")


# Runs.


@dataclass
class Outcome:
    board: Board
    left: dict  # port: frames per send queue
    counters: dict
    words: str  # on stderr

    def entry(self, session, interface="guest0", direction="outbound"):
        key = (session, interface, direction)
        return next(e for e in self.counters["entries"] if (e["session"], e["interface"], e["direction"]) == key)

    def port(self, name):
        return next(port for port in self.counters["ports"] if port["interface"] == name)

    def copies(self, port="analyser"):
        return [encapsulation.decode(frame) for queue in self.left[port] for frame in queue]

    def inner(self, remote="10.9.0.2", tunnel_id=None):
        """The copied frames, in order, of those that went to `remote` with `tunnel_id` (None: any)."""
        return [c.inner for c in self.copies() if c.destination == remote and tunnel_id in (None, c.tunnel_id)]


class Program:
    """The card's program as it runs; what it says is read from a file."""

    def __init__(self, folder, command):
        self.path = f"{folder}/words"
        with open(self.path, "w", encoding="utf-8") as words:
            self.process = subprocess.Popen(command, stderr=words, stdout=subprocess.DEVNULL, cwd=folder)

    def words(self):
        with open(self.path, encoding="utf-8") as file:
            return file.read()

    def wait_for(self, what, condition):
        """The first true value of `condition`; raises when the program ends before."""
        end = time.monotonic() + SECONDS
        while True:
            ended = self.process.poll() is not None
            value = condition()
            if value:
                return value
            if ended or time.monotonic() > end:
                raise AssertionError(f"waited for {what}; the program said:\n{self.words()}")
            time.sleep(0.005)

    def wait_until_said(self, text):
        self.wait_for(f'"{text}"', lambda: text in self.words())

    def end(self, how=signal.SIGTERM):
        """Its exit status."""
        if how:
            self.process.send_signal(how)
        try:
            return self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class CardCase(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        for name in ("in", "out"):
            os.mkdir(f"{self.folder}/{name}")
        self.readings = f"{self.folder}/readings.bin"

    def compile(self, configuration, name="config.bin"):
        """`configuration` is YAML. Replaces the file at once, as a person's tools do."""
        with open(f"{self.folder}/mirror.yaml", "w", encoding="utf-8") as file:
            file.write(configuration)
        made = f"{self.folder}/made.bin"
        emulated_card.call(emulated_card.compile_command(PROGRAMS["helioctl"], f"{self.folder}/mirror.yaml", made))
        os.replace(made, f"{self.folder}/{name}")
        return f"{self.folder}/{name}"

    def make_board(self, text):
        with open(f"{self.folder}/board.textproto", "w", encoding="utf-8") as file:
            file.write(text)
        made = f"{self.folder}/board.bin"
        emulated_card.call([PROGRAMS["helioctl"], "board", "-f", f"{self.folder}/board.textproto", "-o", made])
        return made

    def start(self, board, configuration, entered, more=("--until-idle",)):
        for port in board.ports:
            if not port.device:
                pcap.write(f"{self.folder}/in/{port.name}.pcap", entered.get(port.name, []))
        command = [PROGRAMS["firmware"], "--board", self.make_board(board.text()), "--config", self.compile(configuration)]
        command += ["--set", f"IN={self.folder}/in", "--set", f"OUT={self.folder}/out", "--readings", self.readings]
        program = Program(self.folder, [*command, *more])
        self.addCleanup(program.kill)
        return program

    def read_counters(self):
        command = emulated_card.counters_command(PROGRAMS["helioctl"], self.readings, "-o", "json")
        return json.loads(emulated_card.call(command))

    def run_card(self, configuration, guest=(), wire=(), board=None, entered=None, seed=1, copies_on_wires=False):
        """A whole run; `entered` instead of `guest` and `wire` names frames by port."""
        board = board or Board()
        entered = {"guest0": list(guest), "wire0": list(wire)} if entered is None else entered
        program = self.start(board, configuration, entered, ("--until-idle", "--seed", str(seed)))
        status = program.end(how=None)
        self.assertEqual(status, 0, program.words())
        outcome = self.outcome(program, board)
        if not copies_on_wires:
            self.assert_originals(outcome, entered)
            self.assert_copies_counted(outcome)
        return outcome

    def outcome(self, program, board):
        left = {port.name: port.left(f"{self.folder}/out") for port in board.ports}
        outcome = Outcome(board, left, self.read_counters(), program.words())
        self.assert_balanced(outcome.counters)
        self.assertIn("stopped; the ledger balances", outcome.words)
        return outcome

    def assert_balanced(self, counters):
        self.assertTrue(counters["balanced"])
        for entry in counters["entries"]:
            for unit in ("packets", "bytes"):
                parts = [entry[column][unit] for column in ("sent", *DROPS)]
                self.assertEqual(entry["matched"][unit], sum(parts), entry)

    def assert_originals(self, outcome, entered):
        """What enters one end of a wire leaves the other: the same bytes, in the same order, and nothing else."""
        for pair in outcome.board.wires:
            for source, destination in (pair, pair[::-1]):
                frames = entered.get(source, [])
                counts = outcome.port(destination)
                self.assertEqual(counts["forwarded"]["packets"], len(frames), f"{source} to {destination}")
                self.assertEqual(counts["forwarded"]["bytes"], sum(map(len, frames)))
                self.assertEqual(counts["forward_drops"]["packets"], 0)
                # A worker has a queue of its own, and a direction is one worker's.
                filled = [queue for queue in outcome.left[destination] if queue] or [[]]
                self.assertEqual(len(filled), 1, f"{destination} sent from several queues")
                self.assertTrue(filled[0] == frames, f"{source}'s frames left {destination} altered or out of order")

    def assert_copies_counted(self, outcome):
        """The ledger's sent is what the files hold, packet for packet and byte for byte."""
        sent = sum(entry["sent"]["packets"] for entry in outcome.counters["entries"])
        self.assertEqual(sent, sum(port["copies"]["packets"] for port in outcome.counters["ports"]))
        wired = {name for pair in outcome.board.wires for name in pair}
        ports = [port for port in outcome.board.ports if port.name not in wired]
        if all(not port.device for port in ports):
            frames = [frame for port in ports for queue in outcome.left[port.name] for frame in queue]
            self.assertEqual(sent, len(frames))
            wire_bytes = sum(entry["sent_wire_bytes"] for entry in outcome.counters["entries"])
            self.assertEqual(wire_bytes, sum(map(len, frames)))

    def assert_copied(self, outcome, guest=(), wire=(), remote="10.9.0.2", tunnel_id=None):
        """Exactly these frames reached the target, each direction's in order. No two frames of a test are alike."""
        inner = outcome.inner(remote, tunnel_id)
        self.assertEqual(collections.Counter(inner), collections.Counter([*guest, *wire]))
        for frames in (list(guest), list(wire)):
            self.assertEqual([frame for frame in inner if frame in frames], frames)

    def assert_columns(self, entry, **packets):
        """The entry's packets: `matched`, and of the others those named; what is not named is 0."""
        actual = {c: entry[c]["packets"] for c in ("matched", "sent", *DROPS) if entry[c]["packets"]}
        self.assertEqual(actual, {column: count for column, count in packets.items() if count})
