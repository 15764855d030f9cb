#!/usr/bin/python3
"""Starts that can't succeed end with one line that says why: start_test.py FIRMWARE HELIOCTL."""

import os
import random
import subprocess

import card_case
import controlled_card
import pcap
from card_case import EVERYTHING, PROGRAMS, Board, Port, resource, underlay

MIRROR = underlay() + EVERYTHING + resource("Target", "zeek", "{remote: 10.9.0.2}")
MIRROR += resource("Session", "all", "{number: 1, sources: [guest0], filter: everything, target: zeek, vni: 1}")


class Start(card_case.CardCase):
    def setUp(self):
        super().setUp()
        for name in ("guest0", "wire0", "analyser"):
            pcap.write(f"{self.folder}/in/{name}.pcap", [])
        self.config = self.compile(MIRROR)
        self.values = ["--set", f"IN={self.folder}/in", "--set", f"OUT={self.folder}/out"]

    def write(self, name, contents):
        path = f"{self.folder}/{name}"
        with open(path, "wb") as file:
            file.write(contents)
        return path

    def run_program(self, *arguments):
        command = [PROGRAMS["firmware"], *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=card_case.SECONDS)

    def assert_says(self, done, status, *words):
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr[:-1].isprintable(), done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def assert_refused(self, *words, config=None, board=None, values=None):
        """It can't run: one error, status 1, and nothing of the ports' frames is lost to a half start."""
        arguments = ["--config", config or self.config, *(self.values if values is None else values), "--until-idle"]
        done = self.run_program(*arguments, *(("--board", board) if board else ()))
        self.assert_says(done, 1, *words)
        self.assertTrue(done.stderr.startswith("heliostat: error: "), done.stderr)


class Usage(Start):
    def test_names_the_argument_that_is_wrong(self):
        for arguments, word in (
            ([], "--config"),
            (["--config"], "config"),
            (["--config", self.config, "more"], "more"),
            (["--config", self.config, "--nonsense"], "nonsense"),
            (["--config", self.config, "--set", "IN"], "IN"),
            (["--config", self.config, "--set", "=value"], "=value"),
            (["--config", self.config, "--seed", "many"], "many"),
            (["--config", self.config, "--seed", "-1"], "-1"),
            (["--config", self.config, "--seed", "99999999999999999999"], "99999999999999999999"),
        ):
            with self.subTest(arguments[-1:] or "nothing"):
                self.assert_says(self.run_program(*arguments), 2, word)

    def test_shows_help_and_version(self):
        for option, word in (("--help", "usage: heliostat"), ("-h", "--readings"), ("--version", "heliostat "), ("-V", "0.")):
            done = self.run_program(option)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn(word, done.stdout)


class Trust(Start):
    def test_of_a_start_that_fails_is_not_kept(self):
        authorities = []
        for name in ("first", "second"):
            os.mkdir(f"{self.folder}/{name}")
            authorities.append(controlled_card.Authority(PROGRAMS["helioctl"], f"{self.folder}/{name}"))
        state = ["--state", f"{self.folder}/state.flash", "--listen", "127.0.0.1:0"]
        done = self.run_program(*state, "--trust", authorities[0].card(), "--set", f"IN={self.folder}/in")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("OUT", done.stderr)
        card = controlled_card.ControlledCard(PROGRAMS["firmware"], authorities[1], self.folder)
        self.addCleanup(card.close)
        card.start()
        self.assertNotIn("is not used", card.words())
        self.assertEqual(card.helioctl("info").returncode, 0)


class Configuration(Start):
    def test_must_be_a_readable_file(self):
        self.assert_refused("nowhere.bin", "No such file", config=f"{self.folder}/nowhere.bin")
        self.assert_refused(self.folder, config=self.folder)

    def test_must_be_a_whole_configuration(self):
        with open(self.config, "rb") as file:
            whole = file.read()
        chance = random.Random(5)
        cuts = sorted({1, 2, len(whole) - 1, *(chance.randrange(3, len(whole)) for _ in range(3))})
        for what, contents in (
            ("text", MIRROR.encode()),
            ("empty", b""),
            *((f"cut at {cut}", whole[:cut]) for cut in cuts),
            *((f"random {n}", chance.randbytes(size)) for n, size in enumerate((1, 40, 5000))),
            ("zeros", bytes(1000)),
            ("more behind it", whole + whole[-20:]),
        ):
            with self.subTest(what):
                self.assert_refused("broken.bin", config=self.write("broken.bin", contents))

    def test_is_not_what_people_write(self):
        words = ("mirror.yaml", "it is text", "helioctl compile -f FILE -o CONFIG.bin")
        self.assert_refused(*words, config=self.write("mirror.yaml", MIRROR.encode()))

    def test_must_name_what_is_there(self):
        edge = "{{encapsulation: vxlan, remote: 10.9.0.2, interface: {}, vlanId: 9}}"
        for before, after, words in (
            ("[guest0]", "[guest7]", ('session "all"', "guest7")),
            ("name: analyser", "name: nowhere", ('underlay "nowhere"', "nowhere")),
            ("{remote: 10.9.0.2}", edge.format("wire7"), ('target "zeek"', "wire7")),
            ("{remote: 10.9.0.2}", edge.format("guest0"), ('target "zeek"', "guest0")),  # not an edge
        ):
            with self.subTest(after):
                self.assertIn(before, MIRROR)
                self.assert_refused(*words, config=self.compile(MIRROR.replace(before, after), "wrong.bin"))

    def test_must_have_its_filters_and_targets(self):
        # helioctl finds these itself, so the names are changed in the file: they are as long.
        with open(self.config, "rb") as file:
            whole = file.read()
        for kind, name, other in (("target", b"zeek", b"zoek"), ("filter", b"everything", b"everywhere")):
            at = whole.rindex(name)
            wrong = self.write("wrong.bin", whole[:at] + other + whole[at + len(name) :])
            with self.subTest(kind):
                self.assert_refused('session "all"', kind, other.decode(), config=wrong)


class BoardFile(Start):
    def test_must_be_a_whole_board(self):
        with open(self.make_board(Board().text()), "rb") as file:
            whole = file.read()
        for what, contents in (
            ("empty", b""),
            ("text", Board().text().encode()),
            ("cut", whole[:-1]),
            ("random", random.Random(6).randbytes(300)),
            ("unknown field", whole + b"\xf8\x07\x01"),
        ):
            with self.subTest(what):
                self.assert_refused("board", board=self.write("wrong.bin", contents))
        self.assert_refused("nowhere.bin", "No such file", board=f"{self.folder}/nowhere.bin")

    def test_is_not_what_people_write(self):
        words = ("board.textproto", "it is text", "helioctl board -f FILE -o BOARD.bin")
        self.assert_refused(*words, board=self.write("board.textproto", Board().text().encode()))

    def test_must_hold_together(self):
        """helioctl refuses these as it reads them; a card that is given one all the same does so, too."""
        for what, board, words in (
            ("no ports", Board(ports=[], wires=[]), ("ports",)),
            ("a wire to nowhere", Board(wires=[("guest0", "wire9")]), ("wire9",)),
            ("a wire to itself", Board(wires=[("guest0", "guest0")]), ("guest0",)),
            ("two of a name", Board(ports=[Port("guest0"), Port("guest0")], wires=[]), ("guest0",)),
            ("a tap on a wire", Board(more='taps: "guest0"'), ("guest0",)),
        ):
            with self.subTest(what):
                self.assert_refused(*words, board=self.encode(board.text()))

    def encode(self, text):
        """A board as protobuf, unchecked."""
        proto = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../proto")
        command = ["protoc", f"-I{proto}", "--encode=heliostat.v1.Board", "board.proto"]
        done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
        return self.write("board.bin", done.stdout)


class Machine(Start):
    def made(self, **changed):
        return self.make_board(Board(**changed).text())

    def with_device(self, device):
        return self.made(ports=[Port("guest0"), Port("wire0", "EDGE"), Port("analyser", "EDGE", device=device)])

    def test_must_be_given_every_value(self):
        self.assert_refused('port "guest0"', "${OUT}", "--set OUT=", values=self.values[:2])

    def test_must_have_the_files_that_ports_read_and_may_write(self):
        self.assert_refused('port "guest0"', "nowhere", values=["--set", "IN=/nowhere/at/all", *self.values[2:]])
        self.write("in/wire0.pcap", b"not a capture")
        self.assert_refused('port "wire0"', f"{self.folder}/in/wire0.pcap")
        pcap.write(f"{self.folder}/in/wire0.pcap", [])
        self.assert_refused('port "guest0"', "nowhere", values=[*self.values[:2], "--set", "OUT=/nowhere/at/all"])

    def test_must_have_the_devices_and_interfaces(self):
        for device in (
            "net_nonsense0",
            "net_pcap_analyser,nonsense=1",
            "net_ring_analyser,nodeaction=elsewhere:0:CREATE",
            "net_af_packet_analyser,iface=nosuchinterface",
            "0000:ff:1f.7",
        ):
            with self.subTest(device):
                self.assert_refused('port "analyser"', device, board=self.with_device(device))
        absent = Board(more="").text().replace('name: "analyser"', 'kernel_interface: "nosuch0" name: "analyser"')
        self.assert_refused('port "analyser"', "nosuch0", board=self.make_board(absent))

    def test_must_have_the_memory_and_the_lcores(self):
        text = Board().text()
        for before, after, word in (
            ("memory_mib: 192", "memory_mib: 16", "memory_mib"),
            ("memory_mib: 192", "memory_mib: 1048576", "memory_mib"),
            ('lcores: "0@(0-1),1@(0-1)"', 'lcores: "0"', "lcores"),
            ('lcores: "0@(0-1),1@(0-1)"', 'lcores: "nonsense"', "lcores"),
            # More workers than a file port has send queues.
            ('lcores: "0@(0-1),1@(0-1)"', 'lcores: "0@(0-1),1@(0-1),2@(0-1)"', "send queue"),
        ):
            with self.subTest(after):
                self.assertIn(before, text)
                self.assert_refused(word, board=self.make_board(text.replace(before, after)))


if __name__ == "__main__":
    card_case.main()
