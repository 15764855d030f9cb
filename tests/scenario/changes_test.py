#!/usr/bin/python3
"""The card while it runs: another configuration, a broken one, readings, and its end: changes_test.py FIRMWARE HELIOCTL.

One file of frames enters by guest0 again and again, as fast as the card takes it, until the test ends the card.
"""

import os
import signal

import card_case
import frames
from card_case import EVERYTHING, Board, Port, resource, underlay

SENT = frames.datagrams(64)


def mirror(vni, packets_per_second=20000):
    """A limit on the copies: what leaves is written to a file."""
    spec = "{number: 1, sources: [guest0], filter: everything, target: zeek, direction: outbound,"
    spec += f" vni: {vni}, rateLimit: {{packetsPerSecond: {packets_per_second}, burst: 100}}}}"
    return underlay() + EVERYTHING + resource("Target", "zeek", "{remote: 10.9.0.2}") + resource("Session", "all", spec)


class Running(card_case.CardCase):
    def start_looping(self, configuration=mirror(1)):
        self.board = Board([Port("guest0", options=",infinite_rx=1"), Port("wire0", "EDGE"), Port("analyser", "EDGE")])
        program = self.start(self.board, configuration, {"guest0": SENT}, more=())
        program.wait_until_said("board made runs with 1 worker(s)")
        return program

    def end(self, program, how=signal.SIGTERM):
        """The outcome, its originals checked: the same frames over and over, in order, none missing."""
        self.assertEqual(program.end(how), 0, program.words())
        outcome = self.outcome(program, self.board)
        left = outcome.left["wire0"][0]
        self.assertTrue(left == (SENT * (len(left) // len(SENT) + 1))[: len(left)], "an original is altered or missing")
        counts = outcome.port("guest0")["received"], outcome.port("wire0")["forwarded"]
        self.assertEqual(counts[0], {"packets": len(left), "bytes": sum(map(len, left))})
        self.assertEqual(counts[0], counts[1])
        self.assert_copies_counted(outcome)
        return outcome

    def read(self, program):
        """What the card writes on SIGUSR1."""
        if os.path.exists(self.readings):
            os.remove(self.readings)
        program.process.send_signal(signal.SIGUSR1)
        program.wait_for("readings", lambda: os.path.exists(self.readings))
        counters = self.read_counters()
        self.assert_balanced(counters)
        return counters["entries"][0]["sent"]["packets"]

    def wait_for_copies(self, program, more=1):
        """Until the card has sent `more` copies than now."""
        now = self.read(program)
        return program.wait_for("copies", lambda: self.read(program) >= now + more)

    def assert_vnis(self, outcome, *vnis):
        """Copies of each VNI, of one only after all of the one before."""
        seen = [copy.tunnel_id for copy in outcome.copies()]
        self.assertEqual(sorted(set(seen)), sorted(vnis))
        changes = [vni for number, vni in enumerate(seen) if number == 0 or seen[number - 1] != vni]
        self.assertEqual(changes, list(vnis))


class Configuration(Running):
    def test_is_taken_up_when_its_file_is_replaced(self):
        program = self.start_looping()
        self.wait_for_copies(program)
        self.compile(mirror(2))
        program.wait_until_said("heliostat: generation 2: 1 sessions, 1 active")
        self.wait_for_copies(program)
        self.assert_vnis(self.end(program), 1, 2)

    def test_is_taken_up_again_on_sighup(self):
        program = self.start_looping()
        for generation in (2, 3):
            program.process.send_signal(signal.SIGHUP)
            program.wait_until_said(f"heliostat: generation {generation}: ")
        self.wait_for_copies(program)
        self.assert_vnis(self.end(program), 1)

    def test_stays_when_the_new_one_is_broken(self):
        program = self.start_looping()
        config = f"{self.folder}/config.bin"
        with open(self.compile(mirror(3), "new.bin"), "rb") as file:
            whole = file.read()
        unknown = self.compile(mirror(3).replace("[guest0]", "[guest9]"), "new.bin")
        with open(unknown, "rb") as file:
            unknown = file.read()
        broken = ((b"not a configuration\n", config), (whole[:60], config), (b"", config), (unknown, 'session "all"'))
        for number, (contents, named) in enumerate(broken, 1):
            with open(f"{self.folder}/new.bin", "wb") as file:
                file.write(contents)
            os.replace(f"{self.folder}/new.bin", config)
            program.wait_for("its error", lambda: program.words().count("heliostat: error: ") == number)
            error = program.words().splitlines()[-1]
            self.assertIn("heliostat: error: configuration not applied, the running one stays: ", error)
            self.assertIn(named, error)
            self.wait_for_copies(program)
        # Not there for a while: nothing to say, the next one counts.
        os.remove(config)
        self.wait_for_copies(program)
        self.compile(mirror(2))
        program.wait_until_said("heliostat: generation 2: ")
        self.wait_for_copies(program)
        self.assert_vnis(self.end(program), 1, 2)


class End(Running):
    def test_comes_on_sigint_and_sigterm_with_the_final_ledger(self):
        for how in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(how):
                program = self.start_looping()
                self.wait_for_copies(program, 50)
                outcome = self.end(program, how)
                entry = outcome.entry("all")
                line = f"heliostat: ledger session=all interface=guest0 outbound matched={entry['matched']['packets']} "
                self.assertIn(f"{line}sent={entry['sent']['packets']} ", outcome.words)
                received = outcome.port("guest0")["received"]["packets"]
                self.assertIn(f"heliostat: port guest0 received={received} ", outcome.words)
                self.assertEqual(outcome.words.splitlines()[-1], "heliostat: stopped; the ledger balances")

    def test_comes_at_once_on_a_board_where_nothing_arrives(self):
        program = self.start(Board(), mirror(1), {}, more=())
        program.wait_until_said("generation 1")
        self.assertEqual(program.end(signal.SIGTERM), 0, program.words())
        self.assertEqual(program.words().splitlines()[-1], "heliostat: stopped; the ledger balances")


if __name__ == "__main__":
    card_case.main()
