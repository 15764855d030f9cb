#!/usr/bin/python3
"""A card read by helioctl, every command and format, and the mistakes that people make: read_test.py FIRMWARE HELIOCTL."""

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import card_case
import frames
import yaml
from card_case import EXAMPLES, PROGRAMS
from card_rpc import changes_of
from controlled_card import Authority, ControlledCard

GUEST, WORLD = "10.0.0.3", "198.51.100.7"
# What examples/demo.yaml does not have: a session that can't be active, one that is off, a group.
MORE = """---
apiVersion: heliostat/v1
kind: Target
metadata: {name: nowhere, tags: {team: red}}
spec: {remote: 10.77.0.1}
---
apiVersion: heliostat/v1
kind: Target
metadata: {name: both}
spec: {members: [zeek]}
---
apiVersion: heliostat/v1
kind: Session
metadata: {name: lost, description: its target is on no link, tags: {team: red, kind: test}}
spec: {number: 100, sources: [guest0], filter: web, target: nowhere}
---
apiVersion: heliostat/v1
kind: Session
metadata: {name: resting, tags: {team: blue}}
spec: {number: 110, sources: [guest0, wire0], filter: web, target: both, enabled: false}
"""
SESSIONS = ["arrivals", "dns-and-icmp", "ipv6-but-ssh", "lost", "resting", "web"]


def setUpModule():
    """One card for all tests: they only read."""
    global FOLDER, CARD
    FOLDER = tempfile.mkdtemp(prefix="heliostat-read-")
    CARD = None
    try:
        CARD = ControlledCard(PROGRAMS["firmware"], Authority(PROGRAMS["helioctl"], FOLDER), FOLDER)
        CARD.start()
        configure(CARD, FOLDER)
    except BaseException:
        tearDownModule()
        raise


def tearDownModule():
    if CARD is not None:
        CARD.close()
    shutil.rmtree(FOLDER, ignore_errors=True)


def configure(card, folder):
    with open(f"{EXAMPLES}/demo.yaml", encoding="utf-8") as file:
        text = file.read() + MORE
    with open(f"{folder}/read.yaml", "w", encoding="utf-8") as file:
        file.write(text)
    subprocess.run(
        [PROGRAMS["helioctl"], "compile", "-f", f"{folder}/read.yaml", "-o", f"{folder}/read.bin"], check=True
    )
    with open(f"{folder}/read.bin", "rb") as file:
        changes = changes_of(file.read())
    with card.rpc() as rpc:
        rpc.commit(changes, comment="the tour")


class Reading(unittest.TestCase):
    maxDiff = None

    def ask(self, *arguments, **options):
        """What helioctl prints; it must succeed and say nothing else."""
        done = CARD.helioctl(*arguments, **options)
        self.assertEqual((done.returncode, done.stderr), (0, ""), f"{arguments}: {done.stdout}")
        self.assert_tidy(done.stdout)
        return done.stdout

    def assert_tidy(self, text):
        for line in text.splitlines():
            self.assertEqual(line, line.rstrip(), "spaces at the end")
        self.assertNotIn("\x1b", text)

    def ask_json(self, *arguments):
        return json.loads(self.ask(*arguments, "-o", "json"))

    def refused(self, *arguments, words=(), **options):
        """It must fail with one line on standard error, nothing on standard output."""
        done = CARD.helioctl(*arguments, **options)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        return done.stderr

    def rows(self, *arguments):
        return [line.split() for line in self.ask(*arguments).splitlines()]


class Get(Reading):
    def test_shows_sessions_with_their_states(self):
        rows = self.rows("get", "sessions")
        self.assertEqual(rows[0], "NAME NUMBER STATE FILTER TARGET DIRECTION SOURCES VNI/ID".split())
        self.assertEqual([row[0] for row in rows[1:]], SESSIONS)
        states = {row[0]: row[2] for row in rows[1:]}
        self.assertEqual(states["web"], "active")
        self.assertEqual(states["lost"], "inactive")
        self.assertEqual(states["resting"], "disabled")
        self.assertEqual(rows[-1], "web 10 active web zeek all 1 4242".split())

    def test_shows_every_kind_by_any_of_its_names(self):
        for kind in ("session", "sessions", "sess", "Session", "filter", "filters", "flt", "target", "targets", "tgt"):
            with self.subTest(kind):
                self.assertEqual(self.rows("get", kind)[0][0], "NAME")
        self.assertEqual([row[0] for row in self.rows("get", "interfaces")], ["NAME", "analyser", "guest0", "wire0"])
        self.assertEqual([row[0] for row in self.rows("get", "underlays", "--no-headers")], ["analyser"])

    def test_shows_what_the_board_gives_an_interface(self):
        rows = self.rows("get", "interfaces")
        guest = dict(zip(rows[0], next(row for row in rows if row[0] == "guest0")))
        self.assertEqual((guest["KIND"], guest["LINK"], guest["OWNER"]), ("vm", "up", "alice"))
        self.assertRegex(guest["MAC"], r"^([0-9a-f]{2}:){5}[0-9a-f]{2}$")
        (interface,) = self.ask_json("get", "interfaces", "guest0"),
        self.assertEqual(interface["metadata"]["owner"], "alice")
        for name in ("Mirror", "PacketsMirror", "SkipMirror", "PacketsSkipMirror"):
            for direction in ("In", "Out"):
                self.assertIn(f"Network{name}{direction}", interface["status"]["counters"])

    def test_shows_more_when_it_may_be_wide(self):
        text = self.ask("get", "sessions", "-o", "wide")
        self.assertIn("nowhere", next(line for line in text.splitlines() if line.startswith("lost")))
        self.assertIn("50% flows", text)
        self.assertIn("10.0k packets/s", text)
        self.assertIn("MIRROR-IN", self.ask("get", "interfaces", "-o", "wide"))

    def test_shows_rules_with_their_hits(self):
        rows = self.rows("get", "rules", "web")
        self.assertEqual(rows[0], "FILTER DIRECTION RULE ACTION MATCH HITS".split())
        self.assertEqual(len(rows), 9)
        rules = self.ask_json("get", "rules", "dns-and-icmp")["rules"]
        self.assertEqual([rule.get("service", rule.get("number")) for rule in rules], ["dns", 10, 20] * 2)
        self.assertTrue(all(isinstance(rule["hits"], int) for rule in rules))
        every = self.ask("get", "rules", "-o", "name").splitlines()
        self.assertIn("web inbound/10", every)
        self.refused("get", "rules", "wbe", words=('filter "wbe"', "did you mean web?"))

    def test_shows_all_kinds_at_once(self):
        text = self.ask("get", "all")
        for name in ("interface/guest0", "underlay/analyser", "target/zeek", "filter/web", "session/web"):
            self.assertIn(f"\n{name} ", f"\n{text}")
        self.assertEqual(text.count("\n\n"), 4)

    def test_takes_names_patterns_and_tags(self):
        def names(*arguments):
            return self.ask("get", *arguments, "-o", "name").split()

        self.assertEqual(names("sessions", "web", "lost"), ["session/lost", "session/web"])
        self.assertEqual(names("session/web"), ["session/web"])
        self.assertEqual(names("sessions", "*e*"), ["session/resting", "session/web"])
        self.assertEqual(names("sessions", "we?"), ["session/web"])
        self.assertEqual(names("sessions", "-l", "team=red"), ["session/lost"])
        self.assertEqual(names("sessions", "-l", "team"), ["session/lost", "session/resting"])
        self.assertEqual(names("sessions", "-l", "team=red", "-l", "kind=test", "l*"), ["session/lost"])
        self.assertEqual(names("sessions", "-l", "team=red,kind=test", "l*"), ["session/lost"])
        self.assertEqual(names("sessions", "-l", "team==red"), ["session/lost"])
        self.assertEqual(names("all", "-l", "team=red"), ["target/nowhere", "session/lost"])
        self.assertEqual(names("session/web", "filter/web"), ["filter/web", "session/web"])

    def test_gives_json_in_the_shape_of_the_yaml(self):
        web = self.ask_json("get", "session", "web")
        self.assertEqual((web["apiVersion"], web["kind"]), ("heliostat/v1", "Session"))
        self.assertEqual(web["metadata"], {"name": "web", "owner": "alice"})
        self.assertEqual(
            web["spec"], {"number": 10, "sources": ["guest0"], "filter": "web", "target": "zeek", "vni": 4242}
        )
        self.assertEqual(web["status"], {"state": "active", "tunnelId": 4242, "sources": 1})
        listed = self.ask_json("get", "sessions")
        self.assertEqual((listed["kind"], [item["metadata"]["name"] for item in listed["items"]]), ("List", SESSIONS))
        erspan = next(item for item in listed["items"] if item["metadata"]["name"] == "dns-and-icmp")
        self.assertEqual(erspan["spec"]["sessionId"], 7)
        lost = next(item for item in listed["items"] if item["metadata"]["name"] == "lost")
        self.assertEqual(lost["status"]["state"], "inactive")
        self.assertTrue(lost["status"]["reason"])
        self.assertEqual(self.ask_json("get", "sessions", "nothing*")["items"], [])

    def test_gives_yaml_that_is_the_same_configuration(self):
        text = self.ask("get", "all", "-o", "yaml")
        self.assertEqual(len(list(yaml.safe_load_all(text))), len(self.ask("get", "all", "-o", "name").split()))
        path = f"{FOLDER}/again.yaml"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        done = subprocess.run([PROGRAMS["helioctl"], "validate", "-f", path], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_shows_a_generation_that_is_kept(self):
        self.assertEqual(self.ask_json("get", "sessions", "--generation", "1")["metadata"], {"generation": 1})
        self.refused("get", "sessions", "--generation", "77", words=("77",))

    def test_says_so_when_there_is_nothing(self):
        done = CARD.helioctl("get", "sessions", "nothing*")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", "there is no session that matches\n"))

    def test_names_what_was_probably_meant(self):
        self.refused("get", "sesions", words=("did you mean session",))
        self.refused("get", "session", "wbe", words=('session "wbe"', "did you mean web?"))
        self.refused("get", "session", "zzzzzzzzzz", words=("there is",))
        self.refused("get", "filter", "web", "nope", words=('filter "nope"',))
        self.refused("get", "sessions", "-o", "jsn", words=("did you mean json?",))
        self.refused("get", "sessions", "-l", "=x", words=("-l",))
        for selector in ("team!=red", "!team", "team in (red)", "team notin (red,blue)", "team=red,kind in (test)"):
            self.refused("get", "sessions", "-l", selector, words=("more than a card can select by", "with commas"))
        self.refused("get", "all", "web", words=("all",))
        self.refused("get", words=("kind",))


class Describe(Reading):
    def test_tells_everything_about_each_kind(self):
        text = self.ask("describe", "session", "web")
        for line in ("Name: +web", "State: +active", "VNI: +4242", "Sources: +guest0", "Filter: +web"):
            self.assertRegex(text, rf"(?m)^{line}$")
        text = self.ask("describe", "session", "lost")
        self.assertRegex(text, r"(?m)^State: +inactive: .+$")
        self.assertRegex(text, r"picked by the card")
        text = self.ask("describe", "filter", "web")
        self.assertRegex(text, r"(?m)^Used by: +lost, resting, web$")
        self.assertRegex(text, r"(?m)^ +20 +accept +\d+ +tcp +any +any +any +443$")
        text = self.ask("describe", "target", "zeek")
        self.assertRegex(text, r"(?m)^Used by: +arrivals, web$")
        self.assertRegex(text, r"(?m)^Member of: +both$")
        self.assertRegex(self.ask("describe", "interface", "guest0"), r"(?m)^Source of: +dns-and-icmp, .*web$")
        self.assertRegex(self.ask("describe", "underlay", "analyser"), r"(?m)^ +10\.9\.0\.2 +02:00:00:00:09:02$")

    def test_takes_several_and_refuses_what_is_not_there(self):
        self.assertEqual(self.ask("describe", "session/web", "filter/web").count("Name: "), 2)
        self.refused("describe", "session", "wbe", words=("did you mean web?",))
        self.refused("describe", "session", words=("session",))
        self.refused("describe", "nonsense", "web", words=("nonsense",))


class Counters(Reading):
    def test_balance_and_are_those_of_the_traffic(self):
        requests = [frames.tcp(GUEST, 40000 + n, WORLD, 443, b"x" * n) for n in range(20)]
        CARD.send("guest0", requests)
        CARD.send("wire0", [])
        CARD.wait_for("all is mirrored", lambda: self.sent("web") == len(requests))
        counters = self.ask_json("counters")
        self.assertTrue(counters["balanced"])
        (web,) = [entry for entry in counters["entries"] if entry["session"] == "web" and entry["direction"] == "outbound"]
        self.assertEqual(web["matched"], {"packets": 20, "bytes": sum(map(len, requests))})
        self.assertIn("ledger: matched = sent + drops", self.ask("counters"))
        self.assertIn("sampled_out", self.ask("counters", "-o", "wide"))
        interface = self.ask_json("get", "interface", "guest0")["status"]["counters"]
        self.assertEqual(interface["NetworkPacketsMirrorOut"], 20)
        self.assertEqual(interface["NetworkMirrorOut"], sum(map(len, requests)))
        self.assertRegex(self.ask("describe", "session", "web"), r"(?m)^ +guest0 outbound +matched +20 ")

    def sent(self, session):
        return sum(e["sent"]["packets"] for e in self.ask_json("counters")["entries"] if e["session"] == session)


class Watch(Reading):
    def test_begins_with_every_session_and_ends_when_told(self):
        rows = self.rows("watch", "--count", "2", "--interval", "100ms")
        self.assertEqual(rows[0], "TIME SESSION STATE MATCHED SENT DROPPED NOTES".split())
        self.assertEqual([row[2] for row in rows[1:7]], SESSIONS)
        self.assertEqual(len(self.ask("watch", "we*", "--count", "1", "--no-headers").splitlines()), 1)

    def test_gives_an_object_a_line(self):
        lines = self.ask("watch", "web", "--count", "3", "--interval", "100ms", "-o", "json").splitlines()
        snapshots = [json.loads(line) for line in lines]
        self.assertEqual(len(snapshots), 3)
        self.assertEqual([session["name"] for session in snapshots[0]["sessions"]], ["web"])
        self.assertLess(snapshots[0]["time"], snapshots[2]["time"])

    def test_shows_rates_after_an_interval(self):
        text = self.ask("top", "--count", "1", "--interval", "200ms")
        rows = [line.split() for line in text.splitlines()]
        self.assertEqual(rows[1], "SESSION STATE MATCHED/s SENT/s BITS/s DROPS/s MOSTLY".split())
        self.assertEqual(sorted(row[0] for row in rows[2:]), SESSIONS)
        self.assertIn("MIRROR-IN/s", self.ask("top", "--interfaces", "--count", "1", "--interval", "100ms"))
        text = self.ask("top", "--count", "2", "--interval", "100ms", "--sort", "name", "-o", "json")
        tops = [json.loads(line) for line in text.splitlines()]
        self.assertEqual(len(tops), 2)
        self.assertGreater(tops[0]["intervalSeconds"], 0)  # of whole snapshots, which a busy card sends late

    def test_refuses_intervals_and_columns_that_are_none(self):
        for interval in ("0", "10ms", "2h", "soon"):
            self.refused("top", "--interval", interval, "--count", "1", words=("--interval",))
        for command in ("watch", "top"):
            self.refused(command, "nosuch", "--count", "1", words=('session "nosuch": there is none of that name',))
            self.refused(command, "--count", "-1", words=('"-1" is no count; give 1 or more',))
        self.refused("watch", "--interval", "1ms", words=("--interval",))
        self.refused("top", "--sort", "nonsense", words=("sort",))

    def test_ends_when_nobody_reads_any_more(self):
        folder = CARD.authority.user("admin")
        command = [PROGRAMS["helioctl"], "watch", "--interval", "100ms", "-o", "json", "--card",
                   f"{CARD.address[0]}:{CARD.address[1]}", "--server-name", "card0", "--ca",
                   f"{CARD.authority.folder}/ca.pem", "--certificate", f"{folder}/certificate.pem", "--key",
                   f"{folder}/private_key.pem"]  # fmt: skip
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as watching:
            self.assertTrue(json.loads(watching.stdout.readline()))
            watching.stdout.close()
            watching.wait(30)


class Screen(Reading):
    """`top` on a terminal of its own."""

    def open(self):
        folder = CARD.authority.user("admin")
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ.update(TERM="xterm", COLUMNS="80", LINES="24", HELIOSTAT_CONFIG="/nowhere")
            os.environ.pop("NO_COLOR", None)
            program = PROGRAMS["helioctl"]
            os.execv(program, [program, "top", "--interval", "100ms", "--card", f"{CARD.address[0]}:{CARD.address[1]}",
                               "--server-name", "card0", "--ca", f"{CARD.authority.folder}/ca.pem", "--certificate",
                               f"{folder}/certificate.pem", "--key", f"{folder}/private_key.pem"])  # fmt: skip
        return pid, terminal

    def read_until(self, terminal, wanted):
        seen, late = b"", time.monotonic() + 30
        while not re.search(wanted, seen):
            self.assertLess(time.monotonic(), late, seen)
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    seen += os.read(terminal, 65536)
                except OSError:  # the other side is closed
                    break
        return seen

    def end(self, pid, terminal, status):
        rest = self.read_until(terminal, rb"\x1b\[\?1049l")
        self.assertIn(b"\x1b[?25h\x1b[?1049l", rest)
        self.assertEqual(os.waitpid(pid, 0)[1], status)
        os.close(terminal)

    def test_is_left_sane_by_q_and_ctrl_c(self):
        for key in (b"q", b"\x03"):
            with self.subTest(key):
                pid, terminal = self.open()
                seen = self.read_until(terminal, rb"\x1b\[32mactive")
                self.assertIn(b"\x1b[?1049h\x1b[?25l", seen)
                os.write(terminal, key)
                self.end(pid, terminal, 0)

    def test_is_left_sane_by_a_signal(self):
        pid, terminal = self.open()
        self.read_until(terminal, rb"SESSION")
        os.kill(pid, signal.SIGTERM)
        self.end(pid, terminal, signal.SIGTERM)


class Card(Reading):
    def test_tells_of_itself(self):
        text = self.ask("info")
        for line in ("Card: +card0", "Generation: +1", "You: +admin, admin", "Workers: +1"):
            self.assertRegex(text, rf"(?m)^{line}")
        self.assertRegex(text, r"(?m)^sessions +6 +10000 +1%$")
        info = self.ask_json("info")
        self.assertEqual((info["generation"], info["usage"]["sessions"], info["usage"]["filters"]), (1, 6, 4))
        self.assertEqual(info["you"], {"user": "admin", "role": "admin", "owner": ""})
        self.assertGreater(info["flash"]["usedBytes"], 0)
        self.assertEqual(yaml.safe_load(self.ask("info", "-o", "yaml"))["card"], "card0")

    def test_tells_whom_it_trusts(self):
        self.assertIn("CN=card0", self.ask("trust", "show"))
        trust = self.ask_json("trust", "show")
        self.assertEqual(len(trust["ca"]["sha256"]), 64)
        self.assertLess(trust["certificate"]["notBefore"], trust["certificate"]["notAfter"])

    def test_tells_the_time(self):
        self.assertRegex(self.ask("time"), r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\n$")
        self.assertRegex(self.ask_json("time")["time"], r"^20\d\d-\d\d-\d\dT.*Z$")

    def test_refuses_trust_that_is_none_before_the_card_sees_it(self):
        folder = CARD.authority.folder
        card, user = CARD.authority.card(), CARD.authority.user("admin")
        garbage = f"{FOLDER}/garbage.pem"
        with open(garbage, "w", encoding="utf-8") as file:
            file.write("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
        self.refused("trust", "set", words=("--ca",))
        self.refused("trust", "set", "--ca", f"{FOLDER}/nowhere.pem", words=("nowhere.pem",))
        self.refused("trust", "set", "--ca", garbage, words=("garbage.pem",))
        self.refused("trust", "set", "--crl", garbage, words=("garbage.pem",))
        self.refused("trust", "set", "--ca", f"{card}/certificate.pem", words=("no authority",))
        self.refused("trust", "set", "--certificate", f"{user}/certificate.pem", words=("not for a card",))
        self.refused("trust", "set", "--certificate", f"{card}/certificate.pem", "--key", f"{user}/private_key.pem",
                     words=("not the certificate's",))  # fmt: skip
        self.refused("trust", "set", "--key", f"{folder}/ca.pem", words=("ca.pem",))

    def test_refuses_a_time_that_is_none(self):
        self.refused("time", "set", "yesterday", words=("yesterday", "2026-"))
        self.refused("time", "set", "2001-01-01T00:00:00Z", words=("time",))

    def test_completes_names_and_never_complains(self):
        self.assertEqual(self.ask("__names", "session").split(), SESSIONS)
        for arguments, options in (
            (("__names", "nonsense"), {}),
            (("__names", "session", "--card", "127.0.0.1:1"), {}),
            (("__names", "session", "--ca", "/nowhere"), {}),
        ):
            done = CARD.helioctl(*arguments, **options)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""), arguments)
        self.assertNotIn("__names", CARD.helioctl("--help").stdout)


class Audit(Reading):
    def test_shows_who_changed_what(self):
        rows = self.rows("audit")
        self.assertEqual(rows[0], "SEQUENCE TIME USER ROLE ACTION GENERATION SUMMARY".split())
        records = self.ask_json("audit")["records"]
        commit = next(record for record in records if record["action"] == "commit")
        self.assertEqual((commit["user"], commit["role"], commit["generation"]), ("admin", "admin", 1))
        self.assertEqual(commit["comment"], "the tour")
        self.assertIn("+6 sessions", commit["summary"])
        self.assertIn("127.0.0.1", self.ask("audit", "-o", "wide"))
        self.assertEqual(self.ask_json("audit", "--limit", "1")["records"], records[-1:])
        for text in ("-1", "0", "many"):
            self.refused("audit", "--limit", text, words=(f'"{text}" is no number of records',))
        self.refused("audit", "--after", "-1", words=('"-1" is no sequence number',))
        self.assertEqual(self.ask_json("audit", "--after", str(records[-1]["sequence"]))["records"], [])

    def test_holds(self):
        count = len(self.ask_json("audit")["records"])
        records = "1 record" if count == 1 else f"{count} records"
        self.assertEqual(self.ask("audit", "--verify"), f"ok: {records} checked, from the first that the card wrote\n")
        self.assertTrue(self.ask_json("audit", "--verify")["holds"])


class Connection(Reading):
    def test_says_what_is_wrong_with_it(self):
        self.refused("get", "sessions", "--card", "127.0.0.1:1", words=("127.0.0.1:1",))
        self.refused("get", "sessions", "--server-name", "card1", words=("card1",))
        self.refused("get", "sessions", "--ca", "/nowhere.pem", words=("/nowhere.pem",))
        self.refused("get", "sessions", "--context", "lab", words=("lab",))

    def test_uses_colours_when_told(self):
        self.assertIn("\x1b[32mactive\x1b[0m", CARD.helioctl("get", "sessions", "--color", "always").stdout)
        self.assertNotIn("\x1b", CARD.helioctl("get", "sessions", "--color", "never").stdout)


if __name__ == "__main__":
    card_case.main()
