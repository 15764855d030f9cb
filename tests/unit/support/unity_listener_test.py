"""`--unity` of a test program: read as Unity's own scripts read it. Arguments: the command of unity_sample."""

import os
import re
import subprocess
import sys
import unittest

COMMAND = []

TEST_LINE = re.compile(r"^(.*?):(\d+):(\w+):(PASS|FAIL|IGNORE)(?:: (.*))?$")
SUMMARY = re.compile(r"^(\d+) Tests (\d+) Failures (\d+) Ignored$")


def run(test_filter="*", *arguments):
    done = subprocess.run(
        [*COMMAND, f"--gtest_filter={test_filter}", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    return done.returncode, done.stdout.splitlines()


class UnityListener(unittest.TestCase):
    def results(self, test_filter="*"):
        """name -> (file, line, verdict, message), having checked that nothing else is printed."""
        self.exit_code, lines = run(test_filter, "--unity")
        self.assertEqual(lines[-3], "-" * 23)
        self.totals = tuple(int(n) for n in SUMMARY.match(lines[-2]).groups())
        self.verdict = lines[-1]
        found = {}
        for line in lines[:-4]:
            match = TEST_LINE.match(line)
            self.assertTrue(match, f"not a line of Unity's: {line!r}")
            file, number, name, verdict, message = match.groups()
            self.assertNotIn(name, found)
            found[name] = (os.path.basename(file), int(number), verdict, message)
        self.assertEqual(lines[-4], "")
        return found

    def test_counts_every_kind_of_result(self):
        found = self.results()
        verdicts = {name: result[2] for name, result in found.items()}
        self.assertEqual(verdicts, {
            "Plain_Passes": "PASS",
            "Plain_FailsTwice": "FAIL",
            "Plain_SkipsWithReason": "IGNORE",
            "Plain_SkipsWithoutReason": "IGNORE",
            "Plain_DISABLED_IsOff": "IGNORE",
            "Small_Rows_AreOdd_0": "PASS",
            "Small_Rows_AreOdd_1": "FAIL",
            "BrokenSuite_IsNotRun": "IGNORE",
            "BrokenSuite_outside_tests": "FAIL",
            "BrokenFixture_Fails": "FAIL",
        })
        self.assertEqual(self.totals, (10, 4, 4))
        self.assertEqual((self.verdict, self.exit_code), ("FAIL", 1))

    def test_gives_place_of_failure_and_one_line_of_message(self):
        found = self.results("Plain.*")
        file, failure_line, _, message = found["Plain_FailsTwice"]
        self.assertEqual(file, "unity_sample.cc")
        self.assertEqual(failure_line, found["Plain_Passes"][1] + 3)
        self.assertIn("two lines; of text", message)
        self.assertTrue(message.endswith("(and 1 more)"), message)
        self.assertNotIn(":", message)

    def test_gives_reason_of_skip(self):
        found = self.results("Plain.Skips*")
        self.assertEqual(found["Plain_SkipsWithReason"][3], "no captures; set HELIOSTAT_CAPTURES")
        self.assertIsNone(found["Plain_SkipsWithoutReason"][3])
        self.assertEqual((self.verdict, self.exit_code), ("OK", 0))

    def test_names_failure_outside_tests(self):
        found = self.results("BrokenSuite.*")
        self.assertIn("no device", found["BrokenSuite_outside_tests"][3])

    def test_is_ok_without_failures_and_without_tests(self):
        self.results("Plain.Passes")
        self.assertEqual((self.totals, self.verdict, self.exit_code), ((1, 0, 0), "OK", 0))
        self.assertEqual(self.results("No.Such"), {})
        self.assertEqual((self.totals, self.verdict, self.exit_code), ((0, 0, 0), "OK", 0))

    def test_leaves_usual_output_alone_without_the_flag(self):
        exit_code, lines = run("Plain.Passes")
        self.assertEqual(exit_code, 0)
        self.assertTrue(any("[       OK ] Plain.Passes" in line for line in lines))
        self.assertFalse(any(TEST_LINE.match(line) for line in lines))


if __name__ == "__main__":
    COMMAND = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
