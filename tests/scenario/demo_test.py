#!/usr/bin/python3
"""The demo as a newcomer types it: demo_test.py BUILD_FOLDER [unittest arguments]."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import pcap

BUILD = os.path.abspath(sys.argv.pop(1))
DEMO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "demo")


class Demo(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def demo(self, *arguments):
        # Any port: several of them run at once.
        command = [DEMO, "--build", BUILD, "--output", f"{self.folder}/demo", "--listen", "127.0.0.1:0", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=self.folder)

    def assert_right(self, done):
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.count("byte for byte the same, in the same order"), 2, done.stdout)
        self.assertIn("ledger: matched = sent + drops", done.stdout)
        # Behind the power cut.
        self.assertRegex(done.stdout.split("kill -9")[1], r"\n +2 .* current +too much for the analyser\n")
        self.assertGreater(len(self.port("out/analyser")), 0)

    def port(self, name):
        return pcap.read(f"{self.folder}/demo/{name}.pcap")


class MadeUp(Demo):
    def test_mirrors_made_up_traffic_and_leaves_it_unaltered(self):
        done = self.demo()
        self.assert_right(done)
        self.assertEqual(self.port("in/guest0"), self.port("out/wire0"))
        self.assertEqual(self.port("in/wire0"), self.port("out/guest0"))
        if shutil.which("tshark"):
            for tunnel in ("VXLAN VNI 4242", "VXLAN VNI 4243", "ERSPAN II session 7", "ERSPAN III session 9"):
                self.assertIn(tunnel, done.stdout)

    def test_shows_commands_that_give_the_same_when_typed_by_hand(self):
        done = self.demo()
        typed = [line.strip()[2:] for line in done.stdout.splitlines() if line.startswith("   $ ")]
        copies, entered = self.port("out/analyser"), self.port("in/guest0")
        counters = next(i for i, line in enumerate(typed) if line.endswith("helioctl counters"))
        helioctl = typed[counters].split()[0]
        # What a person does without thinking of it: waits until the card is there, and until all has passed.
        received = "import json, sys; sys.exit(sum(p['received']['packets'] for p in json.load(sys.stdin)['ports']) < 10000)"
        script = []
        for line in typed[: counters + 1]:
            script.append(line)
            if "--state" in line:
                script.append(f"until {helioctl} info >/dev/null 2>&1; do :; done")
            if "helioctl top" in line:
                script += ["wait %2", f'until {helioctl} counters -o json | {sys.executable} -c "{received}"; do :; done']
        shutil.rmtree(f"{self.folder}/demo")
        for folder in ("in", "out"):
            os.makedirs(f"{self.folder}/demo/{folder}")
        script += ["kill %1", "wait %1"]
        command = ["bash", "-e", "-m", "-c", "\n".join(script)]
        by_hand = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=self.folder)
        self.assertEqual(by_hand.returncode, 0, by_hand.stdout + by_hand.stderr)
        # What a rate limit lets through depends on the clock; the rest does not.
        self.assertGreater(len(self.port("out/analyser")), len(copies) // 2)
        self.assertEqual(self.port("in/guest0"), entered)
        self.assertEqual(self.port("in/guest0"), self.port("out/wire0"))


class OwnCapture(Demo):
    def test_takes_a_capture_that_holds_both_directions(self):
        traffic = f"{BUILD}/tests/support/traffic/traffic"
        command = [traffic, "generate", "--seed", "9", "--packets", "700", "-o", self.folder]
        subprocess.run(command, check=True, capture_output=True)
        up, down = (pcap.read(f"{self.folder}/{port}.pcap") for port in ("guest0", "wire0"))
        pcap.write(f"{self.folder}/mine.pcap", up + down)
        self.assert_right(self.demo("mine.pcap"))
        self.assertEqual(self.port("out/wire0"), up)
        self.assertEqual(self.port("out/guest0"), down)

    def test_carries_frames_as_long_as_a_port_can_and_counts_longer_ones(self):
        addresses = bytes.fromhex("020000002001020000001001")
        frames = [addresses + b"\x88\xb5" + b"x" * (length - 14) for length in (60, 16129, 65535, 65536, 80066, 61)]
        pcap.write(f"{self.folder}/long.pcap", frames)
        done = self.demo("long.pcap")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.port("out/wire0"), [frame for frame in frames if len(frame) <= 65535])
        self.assertIn("2 too long for a port", done.stdout)
        self.assertIn("forward_too_long", done.stdout)

    def test_says_in_one_line_why_a_file_will_not_do(self):
        with open(f"{self.folder}/notes.txt", "w", encoding="utf-8") as file:
            file.write("not a capture")
        for name in ("notes.txt", "nowhere.pcap"):
            done = self.demo(name)
            self.assertEqual(done.returncode, 1)
            self.assertEqual(done.stderr.strip().count("\n"), 0, done.stderr)
            self.assertIn(name, done.stderr)


if __name__ == "__main__":
    unittest.main()
