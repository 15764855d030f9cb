#!/usr/bin/python3
"""A card changed by helioctl, as people do it, mistakes included: apply_test.py FIRMWARE HELIOCTL."""

import glob
import json
import os
import re
import shutil
import socket
import tempfile
import threading
import unittest

import yaml

import card_case
import controlled_card
from card_case import EXAMPLES, PROGRAMS, resource, underlay

TARGET = resource("Target", "zeek", "{remote: 10.9.0.2}")
FILTER = resource(
    "Filter",
    "web",
    "\n  inbound:\n    - {number: 10, action: accept, protocol: tcp, destinationPorts: 443}\n"
    "    - {number: 20, action: accept, protocol: tcp, destinationPorts: 80}",
)
SESSION = resource("Session", "web", "{number: 1, sources: [guest0], filter: web, target: zeek, vni: 4242}")
MIRROR = underlay() + TARGET + FILTER + SESSION


class ApplyCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="heliostat-apply-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        authority = controlled_card.Authority(PROGRAMS["helioctl"], self.folder)
        self.card = controlled_card.ControlledCard(PROGRAMS["firmware"], authority, self.folder).start()
        self.addCleanup(self.card.close)

    def run_tool(self, *arguments, status=0, text=None, **options):
        done = self.card.helioctl(*arguments, text=text, **options)
        self.assertEqual(done.returncode, status, f"{arguments}\n{done.stdout}{done.stderr}")
        return done

    def out(self, *arguments, **options):
        return self.run_tool(*arguments, **options).stdout

    def refused(self, *arguments, says, **options):
        """An error: every word of `says` is in what it says, nothing is on standard output, nothing has changed."""
        before = self.generation()
        done = self.run_tool(*arguments, status=1, **options)
        for word in [says] if isinstance(says, str) else says:
            self.assertIn(word, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(self.generation(), before)
        return done.stderr

    def apply(self, text, *arguments, **options):
        return self.out("apply", "-f", "-", *arguments, text=text, **options)

    def generation(self):
        with self.card.rpc() as rpc:
            return rpc.call(get_info={}).info.generation

    def export(self, *arguments):
        return list(yaml.safe_load_all(self.out("export", *arguments)))

    def spec(self, kind, name):
        return self.export(kind, name)[0]["spec"]

    def write(self, name, text):
        path = f"{self.folder}/{name}"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path


class Apply(ApplyCase):
    def test_creates_then_says_unchanged_then_sends_what_differs(self):
        said = self.apply(MIRROR)
        for line in ("underlay/analyser created", "target/zeek created", "filter/web created", "session/web created"):
            self.assertIn(line + "\n", said)
        self.assertRegex(said, r"(?m)^generation \d+: 4 created; 1 of 1 sessions active$")
        before = self.generation()

        said = self.apply(MIRROR)
        self.assertEqual(said.count(" unchanged\n"), 4)
        self.assertIn(f"nothing to change: generation {before} stays\n", said)
        self.assertEqual(self.generation(), before)

        said = self.apply(FILTER.replace("80", "8080"))
        self.assertIn("filter/web configured\n", said)
        self.assertIn(f"generation {before + 1}: 1 configured", said)
        self.assertEqual(self.spec("filter", "web")["inbound"][1]["destinationPorts"], 8080)

    def test_takes_files_folders_and_json(self):
        self.write("one.yaml", underlay() + TARGET)
        path = self.write("two.yml", FILTER)
        self.assertIn("2 created", self.out("apply", "-f", path, self.write("three.txt", TARGET)))
        done = json.loads(self.out("apply", "-f", self.folder, "-o", "json"))
        outcomes = {(r["kind"], r["name"]): r["outcome"] for r in done["resources"]}
        self.assertEqual(outcomes[("Underlay", "analyser")], "created")
        self.assertEqual(outcomes[("Filter", "web")], "unchanged")
        self.assertTrue(done["committed"])

    def test_takes_back_what_get_shows(self):
        self.apply(MIRROR)
        listed = self.out("get", "sessions", "-o", "json")
        self.assertIn("nothing to change", self.apply(listed))
        listed = listed.replace('"number": 1', '"number": 2')
        self.assertIn("session/web configured", self.apply(listed))
        self.refused("apply", "-f", "-", text="{apiVersion: heliostat/v1, kind: List}", says="is a List without items")

    def test_dry_run_checks_everything_and_changes_nothing(self):
        before = self.generation()
        said = self.apply(MIRROR, "--dry-run")
        self.assertIn("session/web created (dry run)\n", said)
        self.assertRegex(said, rf"dry run, would be generation {before + 1}: 4 created")
        self.assertEqual(self.generation(), before)
        self.assertEqual(self.out("export"), "")
        self.refused("apply", "-f", "-", "--dry-run", text=SESSION, says='session "web" filter')

    def test_prune_removes_what_the_files_do_not_name_but_no_interfaces(self):
        self.apply(MIRROR + resource("Target", "old", "{remote: 10.9.0.3}") + resource("Filter", "old", "{services: [dns]}"))
        said = self.apply(TARGET + FILTER + SESSION, "--prune")
        self.assertIn("filter/old pruned\n", said)
        self.assertIn("target/old pruned\n", said)
        self.assertRegex(said, r"2 pruned, 3 unchanged")
        self.assertEqual([d["kind"] for d in self.export()], ["Underlay", "Target", "Filter", "Session"])

    def test_an_operator_prunes_only_its_own(self):
        self.card.authority.issue("operator", "alice", "--owner", "alice")
        self.apply(MIRROR + "---\napiVersion: heliostat/v1\nkind: Interface\nmetadata: {name: guest0, owner: alice}\n")
        own = FILTER.replace("{name: web}", "{name: own, owner: alice}")
        self.apply(own, user="alice")
        said = self.apply(own.replace("name: own", "name: other"), "--prune", user="alice")
        self.assertIn("filter/own pruned\n", said)
        self.assertIn("filter/other created\n", said)
        self.assertIn("web", [d["metadata"]["name"] for d in self.export("filter")])
        self.refused("apply", "-f", "-", text=FILTER.replace("443", "444"), user="alice", says='filter "web"')

    def test_an_admin_prunes_its_own_and_of_others_only_when_told(self):
        mine = resource("Filter", "mine", "{services: [dns]}")
        blues = resource("Filter", "blues", "{services: [dns]}").replace("{name: blues}", "{name: blues, owner: blue}")
        self.apply(mine + blues)
        said = self.apply(FILTER, "--prune")
        self.assertIn("filter/mine pruned\n", said)
        self.assertNotIn("blues", said)
        self.assertEqual([d["metadata"]["name"] for d in self.export("filter")], ["blues", "web"])
        self.assertEqual(self.out("diff", "-f", "-", "--prune", text=FILTER), "")
        self.assertIn("blues", self.out("diff", "-f", "-", "--prune", "--all-owners", text=FILTER, status=2))
        self.refused("apply", "-f", "-", "--all-owners", text=FILTER, says="--prune")
        self.assertIn("filter/blues pruned\n", self.apply(FILTER, "--prune", "--all-owners"))

    def test_errors_of_the_card_are_where_the_yaml_has_them(self):
        path = self.write("wrong.yaml", MIRROR.replace("target: zeek", "target: zek"))
        line = open(path, encoding="utf-8").read().split("target: zek")[0].count("\n") + 1
        self.refused("apply", "-f", path, says=[f"{path}:{line}:", 'session "web" target'])
        path = self.write("wrong.yaml", MIRROR.replace("sources: [guest0]", "sources: [guest0, guest7]"))
        self.refused("apply", "-f", path, says=[f"{path}:{line}:", "guest7"])
        # ... and what the YAML alone shows, all of it at once, before a card is asked.
        path = self.write("wrong.yaml", MIRROR.replace("number: 10", "number: x").replace("tcp", "tpc"))
        said = self.refused("apply", "-f", path, says=["did you mean tcp?", "3 errors, nothing sent"])
        self.assertEqual(said.count(path), 3)

    def test_a_tunnel_id_has_the_name_that_its_target_wants(self):
        self.apply(underlay() + TARGET.replace("{remote", "{encapsulation: erspan2, remote") + FILTER)
        self.refused("apply", "-f", "-", text=SESSION, says="write sessionId, 0..1023")
        self.apply(SESSION.replace("vni: 4242", "sessionId: 42"))
        self.assertEqual(self.spec("session", "web")["sessionId"], 42)

    def test_one_of_two_at_once_waits_for_the_other(self):
        self.apply(underlay() + TARGET + FILTER)
        with self.card.rpc() as other:
            other.call(begin={})
            says = []
            thread = threading.Thread(target=lambda: says.append(self.card.helioctl("apply", "-f", "-", text=SESSION)))
            thread.start()
            busy = self.card.helioctl("apply", "-f", "-", "--timeout", "1", text=SESSION)
            self.assertEqual(busy.returncode, 1)
            self.assertIn("admin", busy.stderr)
            self.assertIn("--timeout", busy.stderr)
            other.call(abort={})
        thread.join()
        self.assertEqual(says[0].returncode, 0, says[0].stderr)
        self.assertIn("helioctl: waiting: ", says[0].stderr)

    def test_many_at_once_all_come_through(self):
        self.apply(underlay())
        targets = [resource("Target", f"t{i}", f"{{remote: 10.9.0.{i + 10}}}") for i in range(4)]
        done = []
        threads = [
            threading.Thread(target=lambda text=text: done.append(self.card.helioctl("apply", "-f", "-", text=text)))
            for text in targets
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([d.returncode for d in done], [0] * 4, [d.stderr for d in done])
        self.assertEqual(len(self.export("target")), 4)

    def test_a_large_filter_takes_many_frames_and_a_changed_rule_one(self):
        rules = "".join(f"    - {{number: {n}, action: accept, source: 10.{n // 250}.{n % 250}.0/24}}\n" for n in range(1, 3001))
        text = resource("Filter", "large", "\n  inbound:\n" + rules)
        self.apply(text)
        self.assertEqual(len(self.spec("filter", "large")["inbound"]), 3000)
        self.assertIn("1 configured", self.apply(text.replace("10.6.0.0/24", "10.99.0.0/24")))
        self.assertIn("nothing to change", self.apply(text.replace("10.6.0.0/24", "10.99.0.0/24")))


class Diff(ApplyCase):
    def test_exit_code_tells_whether_something_differs(self):
        self.apply(MIRROR)
        self.assertEqual(self.out("diff", "-f", "-", text=MIRROR), "")
        before = self.generation()
        wanted = FILTER.replace("443", "444") + SESSION.replace("vni: 4242", "percent: 10")
        said = self.out("diff", "-f", "-", text=wanted, status=2)
        self.assertEqual(self.generation(), before)
        self.assertIn("--- live/filter/web\n+++ wanted/filter/web\n@@ ", said)
        self.assertIn("-    - {number: 10, action: accept, protocol: tcp, destinationPorts: 443}\n", said)
        self.assertIn("+    - {number: 10, action: accept, protocol: tcp, destinationPorts: 444}\n", said)
        self.assertIn("-  vni: 4242\n+  percent: 10\n", said)
        self.assertNotIn("\033", said)
        self.refused("diff", "-f", "-", text="kind: what", says="what")

    def test_shows_what_is_new_and_what_prune_takes(self):
        self.apply(MIRROR)
        said = self.out("diff", "-f", "-", "--prune", text=TARGET + FILTER.replace("name: web", "name: next"), status=2)
        self.assertIn("--- /dev/null\n+++ wanted/filter/next\n", said)
        self.assertIn("--- live/session/web\n+++ /dev/null\n", said)

    def test_against_a_generation_that_is_kept(self):
        self.apply(MIRROR)
        before = self.generation()
        self.apply(FILTER.replace("443", "444"))
        said = self.out("diff", "--generation", str(before), status=2)
        self.assertIn(f"+++ generation-{before}/filter/web", said)
        self.assertIn("+    - {number: 10, action: accept, protocol: tcp, destinationPorts: 443}", said)
        self.assertEqual(self.out("diff", "--generation", str(self.generation())), "")


class Delete(ApplyCase):
    def test_refuses_what_is_in_use_and_names_who_uses_it(self):
        self.apply(MIRROR)
        self.refused("delete", "filter", "web", says=['filter "web"', 'session "web"'])
        self.refused("delete", "target/zeek", says=['target "zeek"', 'session "web"'])
        self.assertIn("session/web deleted\n", self.out("delete", "sess", "web"))
        self.assertIn("2 deleted", self.out("delete", "flt/web", "tgt/zeek"))

    def test_all_that_files_name_at_once(self):
        self.apply(MIRROR)
        self.assertIn("4 deleted", self.out("delete", "-f", "-", text=MIRROR))
        self.assertEqual(self.out("export"), "")

    def test_knows_what_was_probably_meant(self):
        self.apply(MIRROR)
        self.refused("delete", "session", "wep", says=['session "wep": is not on the card; did you mean web?'])
        self.refused("delete", "sesion", "web", says="did you mean session?")
        self.refused("delete", "session", says="names no resource")
        self.refused("delete", says="KIND NAME")
        self.assertIn("nothing to change", self.out("delete", "session", "wep", "--ignore-not-found"))


class OneLiners(ApplyCase):
    def test_make_a_mirror_without_yaml(self):
        self.apply(underlay())
        self.out("create", "target", "analyser", "--remote", "10.9.0.2", "--encapsulation", "vxlan", "--tag", "site=lab")
        rules = ("--inbound", "10 accept tcp any any:443 ", "--rule", "outbound 10 accept tcp any:443 -> any")
        self.out("create", "filter", "web", *rules)
        fields = ("--source", "guest0", "--filter", "web", "--target", "analyser", "--number", "1")
        said = self.out("create", "session", "web", *fields)
        self.assertRegex(said, r"^session/web created\ngeneration \d+: 1 created; 1 of 1 sessions active\n$")
        self.assertEqual(self.export("target")[0]["metadata"]["tags"], {"site": "lab"})
        self.assertEqual(
            self.spec("filter", "web"),
            {
                "inbound": [{"number": 10, "action": "accept", "protocol": "tcp", "destinationPorts": 443}],
                "outbound": [{"number": 10, "action": "accept", "protocol": "tcp", "sourcePorts": 443}],
            },
        )
        self.refused("create", "session", "web", "--number", "1", says="is on the card already; `helioctl set session web`")

    def test_set_changes_one_field_and_leaves_the_others(self):
        self.apply(MIRROR)
        self.assertIn("session/web configured", self.out("set", "session", "web", "--percent", "10.5", "--add-source", "wire0"))
        spec = self.spec("session", "web")
        self.assertEqual((spec["percent"], spec["sources"], spec["vni"]), (10.5, ["guest0", "wire0"], 4242))
        self.assertIn("unchanged", self.out("set", "session", "web", "--percent", "10.50"))
        self.out("set", "session", "web", "--unset", "percent,vni", "--remove-source", "wire0", "--packets-per-second", "1000")
        spec = {"number": 1, "sources": ["guest0"], "filter": "web", "target": "zeek"}
        self.assertEqual(self.spec("session", "web"), {**spec, "rateLimit": {"packetsPerSecond": 1000}})
        self.out("set", "session", "web", "--bits-per-second", "1000000")
        self.assertEqual(self.spec("session", "web")["rateLimit"], {"bitsPerSecond": 1000000})

    def test_set_gives_an_interface_an_owner_and_tags(self):
        self.assertIn("interface/wire0 created", self.out("set", "interface", "wire0", "--owner", "blue", "--tag", "rack=7"))
        self.assertEqual(self.export("interface", "wire0")[0]["metadata"], {"name": "wire0", "owner": "blue", "tags": {"rack": "7"}})
        self.out("set", "interface", "wire0", "--unset", "tags", "--owner", "red")
        self.assertEqual(self.export("interface", "wire0")[0]["metadata"], {"name": "wire0", "owner": "red"})
        self.refused("set", "interface", "wier0", "--owner", "blue", says='did you mean wire0?')
        self.refused("set", "interface", "wire0", "--unset", "percent", says=('"percent" is not a field here', "owner", "tags"))
        self.refused("set", "interface", "wire0", "--tag", "a", says="--tag")

    def test_set_puts_a_session_in_a_tier_and_excludes_at_an_interface(self):
        self.apply(MIRROR)
        self.out("set", "session", "web", "--tier", "1")
        self.assertEqual(self.spec("session", "web")["tier"], 1)
        self.refused("set", "session", "web", "--tier", "4", says='--tier: session "web" tier: 4 is out of range')
        self.out("set", "interface", "guest0", "--excluded", "web")
        self.assertEqual(self.spec("interface", "guest0"), {"excluded": "web"})
        self.out("set", "interface", "guest0", "--unset", "excluded")
        self.assertEqual(self.out("export", "interface"), "")

    def test_what_a_burst_counts_changes_with_the_unit(self):
        self.apply(MIRROR)
        self.out("set", "session", "web", "--packets-per-second", "1000", "--burst", "50")
        self.out("set", "session", "web", "--packets-per-second", "2000")
        self.assertEqual(self.spec("session", "web")["rateLimit"], {"packetsPerSecond": 2000, "burst": 50})
        self.out("set", "session", "web", "--bits-per-second", "1000000000")
        self.assertEqual(self.spec("session", "web")["rateLimit"], {"bitsPerSecond": 1000000000})
        self.out("set", "session", "web", "--packets-per-second", "10", "--burst", "7")
        self.assertEqual(self.spec("session", "web")["rateLimit"], {"packetsPerSecond": 10, "burst": 7})

    def test_options_that_exclude_each_other_are_refused(self):
        self.apply(MIRROR)
        for arguments, says in (
            (("--packets-per-second", "5", "--bits-per-second", "6000"), "--bits-per-second: is given beside --packets-per"),
            (("--vni", "5", "--session-id", "6"), "--session-id: is given beside --vni"),
            (("--disabled", "--enabled"), "--disabled: is given beside --enabled"),
            (("--percent", "5", "--unset", "percent"), "--unset: percent is given beside --percent"),
            (("--unset", "rateLimit", "--burst", "5"), "--unset: rateLimit is given beside --burst"),
        ):
            self.refused("set", "session", "web", *arguments, says=says)

    def test_a_truth_is_true_or_false(self):
        self.apply(MIRROR)
        for flag in ("enabled", "disabled", "forwarded-only"):
            for text in ("maybe", "5", "99999999999999999999"):
                says = f'"{text}" is not a truth value; give true or false'
                self.refused("set", "session", "web", f"--{flag}={text}", says=(f"--{flag}: ", says))
            self.refused("set", "session", "web", f"--{flag}=", says=f"--{flag}= has no value")
        remote = ("--remote", "10.9.0.2")
        self.refused("create", "target", "x", *remote, "--udp-checksum=maybe", says='"maybe" is not a truth value')
        self.out("set", "session", "web", "--disabled")
        self.assertIs(self.spec("session", "web")["enabled"], False)
        self.out("set", "session", "web", "--disabled=false", "--forwarded-only")
        self.assertNotIn("enabled", self.spec("session", "web"))
        self.assertIs(self.spec("session", "web")["forwardedOnly"], True)

    def test_set_changes_one_rule(self):
        self.apply(MIRROR)
        self.out("set", "filter", "web", "--rule", "inbound 20 reject udp 10.0.0.0/8:53 -> any", "--remove-rule", "inbound/10")
        rule = {"number": 20, "action": "reject", "protocol": "udp", "source": "10.0.0.0/8", "sourcePorts": 53}
        self.assertEqual(self.spec("filter", "web"), {"inbound": [rule]})
        self.refused("set", "filter", "web", "--remove-rule", "inbound/10", says='--remove-rule: "inbound/10" is not a rule')

    def test_errors_name_the_option(self):
        self.apply(MIRROR)
        for arguments, says in (
            (("set", "session", "web", "--percent", "much"), '--percent: session "web" percent: "much" is not a percentage'),
            (("set", "session", "web", "--filter", "wep"), '--filter: session "web" filter'),
            (("set", "session", "web", "--add-source", "guest7"), "guest7"),
            (("set", "session", "web"), "nothing is to be set"),
            (("set", "session", "wep", "--percent", "1"), "did you mean web?"),
            (("set", "session", "web", "--unset", "precent"), "did you mean percent?"),
            (("set", "session", "web", "--session-id", "4"), "the target's encapsulation is not ERSPAN"),
            (("set", "filter", "web", "--rule", "10 accept"), "write inbound or outbound in front"),
            (("set", "filter", "web", "--inbound", "10 accept tpc"), "did you mean tcp?"),
            (("set", "filter", "web", "--inbound", "10 accept tcp any any:99999"), "--inbound: "),
            (("create", "session", "next", "--source", "guest0"), "--number: "),
            (("create", "session", "a b", "--source", "guest0"), '"a b" is not a name'),
            (("create", "target", "next"), "has nowhere to send copies"),
            (("create", "target", "next", "--remote", "10.9.0.3", "--interface", "analyser"), "give a VLAN ID too"),
            (("set", "filter", "web", "--inbound", "10 accept icmp any -> any:443"), "protocol icmp has no ports"),
            (("create", "target", "next", "--remote", "analyser"), '--remote: target "next" remote'),
        ):
            self.refused(*arguments, says=says)

    def test_enable_and_disable(self):
        self.apply(MIRROR)
        self.assertIn("0 of 1 sessions active", self.out("disable", "session", "web"))
        self.assertIs(self.spec("session", "web")["enabled"], False)
        self.assertIn("session/web unchanged", self.out("disable", "session/web"))
        self.assertIn("1 of 1 sessions active", self.out("enable", "sess", "web"))
        self.refused("enable", "filter", "web", says="only sessions")
        self.refused("enable", "session", "wep", says="did you mean web?")


class Edit(ApplyCase):
    def editor(self, script):
        """What stands for a person: a shell script over "$1"; each time it runs it leaves what it saw in saw-N."""
        saw = f'n=$(ls {self.folder}/saw-* 2>/dev/null | wc -l)\ncp "$1" {self.folder}/saw-$n\n'
        path = self.write("editor", f"#!/bin/sh\n{saw}{script}\n")
        os.chmod(path, 0o700)
        return path

    def edit(self, script, *arguments, status=0):
        os.environ["VISUAL"] = self.editor(script)
        try:
            return self.run_tool("edit", *arguments, status=status)
        finally:
            del os.environ["VISUAL"]

    def saw(self, number):
        with open(f"{self.folder}/saw-{number}", encoding="utf-8") as file:
            return file.read()

    def test_nobody_else_can_read_what_is_edited(self):
        self.apply(MIRROR)
        modes = f"{self.folder}/modes"
        wrong = f'stat -c "%a %i" "$1" >>{modes}; [ $n = 0 ] && sed -i s/4242/much/ "$1" || sed -i s/much/77/ "$1"'
        before = os.umask(0o022)
        try:
            self.edit(wrong, "session", "web")
        finally:
            os.umask(before)
        with open(modes, encoding="utf-8") as file:
            self.assertEqual([line.split()[0] for line in file], ["600", "600"])

    def test_sends_what_was_changed(self):
        self.apply(MIRROR)
        self.assertIn("filter/web configured", self.edit("sed -i s/443/8443/ \"$1\"", "filter", "web").stdout)
        self.assertEqual(self.spec("filter", "web")["inbound"][0]["destinationPorts"], 8443)

    def test_left_as_it_is_nothing_is_sent(self):
        self.apply(MIRROR)
        before = self.generation()
        self.assertEqual(self.edit("true", "session/web").stdout, "session/web unchanged\n")
        self.assertEqual(self.edit(': > "$1"', "session/web").stdout, "session/web unchanged\n")
        self.assertEqual(self.generation(), before)

    def test_comes_back_with_the_errors_on_top(self):
        self.apply(MIRROR)
        script = 'if grep -q "not right" "$1"; then sed -i "s/percent: much/percent: 30/; s/filter: wep/filter: web/" "$1"; '
        script += 'else sed -i "s/^  vni: .*/  percent: much/" "$1"; fi'
        self.assertIn("configured", self.edit(script, "session", "web").stdout)
        self.assertIn('"much" is not a percentage', self.saw(1))
        self.assertEqual(self.spec("session", "web")["percent"], 30)

    def test_comes_back_with_the_cards_errors_too(self):
        self.apply(MIRROR)
        script = 'if grep -q "not right" "$1"; then sed -i "s/wep/web/" "$1"; sed -i "s/4242/4243/" "$1"; '
        script += 'else sed -i "s/filter: web/filter: wep/" "$1"; fi'
        self.edit(script, "session", "web")
        self.assertIn('session "web" filter', self.saw(1))
        self.assertEqual(self.spec("session", "web")["vni"], 4243)

    def test_gives_up_when_nothing_is_mended_and_keeps_the_text(self):
        self.apply(MIRROR)
        before = self.generation()
        said = self.edit('grep -q "not right" "$1" || sed -i "s/vni: .*/vni: much/" "$1"', "session", "web", status=1).stderr
        kept = re.search(r"what was edited is in (\S+)", said)[1]
        with open(kept, encoding="utf-8") as file:
            self.assertIn("vni: much", file.read())
        os.unlink(kept)
        self.assertEqual(self.generation(), before)

    def test_sees_that_somebody_else_was_faster(self):
        self.apply(MIRROR)
        environment = f"HELIOSTAT_KEY={self.card.authority.user('admin')}/private_key.pem"
        script = f'{environment} {PROGRAMS["helioctl"]} set session web --percent 1 >/dev/null; sed -i s/4242/4243/ "$1"'
        said = self.edit(script, "session", "web", status=1).stderr
        self.assertIn("was changed by somebody else meanwhile", said)
        os.unlink(re.search(r"what was edited is in (\S+)", said)[1])
        self.assertEqual(self.spec("session", "web")["vni"], 4242)

    def test_an_interface_without_settings_is_there_to_be_filled_in(self):
        said = self.edit('sed -i "s/owner: .*/owner: blue/" "$1"', "interface", "wire0").stdout
        self.assertIn("interface/wire0 created", said)
        self.assertEqual(self.export("interface", "wire0")[0]["metadata"], {"name": "wire0", "owner": "blue"})
        self.assertEqual(self.edit("true", "interface", "guest0").stdout, "interface/guest0 unchanged\n")
        for command in ("delete", "export"):
            self.refused(command, "interface", "guest0", says=('interface "guest0": has no settings', "helioctl edit"))
        self.assertIn("did you mean wire0?", self.edit("true", "interface", "wier0", status=1).stderr)

    def test_an_editor_that_fails_changes_nothing(self):
        self.apply(MIRROR)
        self.assertIn("did not end well", self.edit("exit 3", "session", "web", status=1).stderr)
        self.refused("edit", "session", "wep", says="did you mean web?")


class Export(ApplyCase):
    def test_is_taken_unchanged(self):
        for path in sorted(glob.glob(f"{EXAMPLES}/*.yaml")):
            self.out("apply", "-f", path, "--prune", "--all-owners")
            whole = self.out("export")
            self.assertEqual(whole.count(" unchanged\n"), 0)
            said = self.apply(whole, "--prune", "--all-owners")
            self.assertIn("nothing to change", said, path)
            self.assertEqual(self.out("diff", "-f", "-", text=whole), "", path)
            self.out("set", "interface", "guest0", "--unset", "excluded")  # what is said of interfaces is never pruned

    def test_one_kind_or_one_resource(self):
        self.apply(MIRROR)
        self.assertEqual([d["kind"] for d in self.export("filters")], ["Filter"])
        self.assertEqual([d["kind"] for d in self.export("session/web", "target/zeek")], ["Target", "Session"])
        self.out("export", "-o", f"{self.folder}/all.yaml")
        self.assertIn("nothing to change", self.out("apply", "-f", f"{self.folder}/all.yaml"))
        self.refused("export", "filter", "wep", says="did you mean web?")


class Generations(ApplyCase):
    def test_rollback_is_a_new_generation_with_the_old_content(self):
        self.apply(MIRROR, "--comment", "the first")
        first = self.generation()
        self.apply(FILTER.replace("443", "444"))
        self.assertEqual(
            self.out("rollback"), f"generation {first + 2}, with the content of {first}; 1 of 1 sessions active\n"
        )
        self.assertEqual(self.spec("filter", "web")["inbound"][0]["destinationPorts"], 443)
        listed = self.out("generations")
        self.assertIn("the first", listed)
        self.assertRegex(listed, rf"(?m)^ *{first + 2} .*current")
        self.refused("rollback", says=f"generation {first + 2}: goes back itself (to {first}: ")
        self.assertIn(f"generation {first + 3}, with the content of {first + 1}", self.out("rollback", str(first + 1)))
        self.refused("rollback", "99", says="generation 99: is not kept; the card has ")

    def test_rollback_to_what_is_current_makes_nothing(self):
        self.apply(MIRROR)
        first = self.generation()
        self.apply(FILTER.replace("443", "444"))
        self.out("rollback")
        for more in ((), ("--dry-run",)):
            said = self.out("rollback", str(first), *more)
            self.assertEqual(said, f"nothing to change: generation {first + 2} stays\n")
            said = json.loads(self.out("rollback", str(first), "-o", "json", *more))
            self.assertEqual((said["generation"], said["committed"]), (first + 2, False))
        self.assertEqual(self.generation(), first + 2)
        said = json.loads(self.out("rollback", str(first + 1), "-o", "json"))
        self.assertEqual((said["generation"], said["committed"]), (first + 3, True))

    def test_the_audit_has_the_newest_and_counts_what_it_checked(self):
        self.apply(MIRROR)
        for port in ("444", "445", "446"):
            self.apply(FILTER.replace("443", port))
        records = json.loads(self.out("audit", "-o", "json"))["records"]
        last = records[-1]["sequence"]
        self.assertGreater(len(records), 3)
        self.assertEqual(json.loads(self.out("audit", "--limit", "2", "-o", "json"))["records"], records[-2:])
        said = f"ok: 2 records checked; record {last - 2}, before them, is taken as it is\n"
        self.assertEqual(self.out("audit", "--verify", "--limit", "2"), said)
        self.assertEqual(self.out("audit", "--verify", "--after", str(last - 2)), said)

    def test_a_generation_is_a_number_of_one(self):
        self.apply(MIRROR)
        for text in ("abc", "0", "010", "99999999999999999999", "1x"):
            for command in (("rollback",), ("confirm",), ("diff", "--generation"), ("get", "sessions", "--generation"),
                            ("export", "--generation")):  # fmt: skip
                self.refused(*command, text, says=f'"{text}" is no generation; see `helioctl generations`')
        self.refused("get", "sessions", "--generation", "-1", says='"-1" is no generation')
        self.refused("rollback", "-1", says="-1")

    def test_tunnel_ids_that_the_card_picked_stay_whatever_comes_and_over_restarts(self):
        # Two pairs whose names draw the same ID: who comes first has it, though drawn all at once the other would.
        names = ["s36", "s21", "s40", "s12"]
        erspan = resource("Target", "zeek", "{remote: 10.9.0.2, encapsulation: erspan2}")
        self.apply(underlay() + erspan + FILTER)
        for number, name in enumerate(names):
            spec = f"{{number: {number + 1}, sources: [guest0], filter: web, target: zeek}}"
            self.apply(resource("Session", name, spec))

        def picked():
            listed = json.loads(self.out("get", "sessions", "-o", "json"))["items"]
            return {one["metadata"]["name"]: one["status"]["tunnelId"] for one in listed}

        before = picked()
        self.assertEqual((before["s21"], before["s12"]), (before["s36"] + 1, before["s40"] + 1), "they draw the same")
        self.card.kill()
        self.card.start()
        self.assertEqual(picked(), before)
        self.run_tool("delete", "session", "s36", "s40")
        self.assertEqual(picked(), {name: before[name] for name in ("s21", "s12")})
        self.run_tool("rollback")
        self.assertEqual(picked(), before)

    def test_dry_run_of_a_rollback(self):
        self.apply(MIRROR)
        self.apply(FILTER.replace("443", "444"))
        before = self.generation()
        self.assertIn("dry run, would be generation", self.out("rollback", "--dry-run"))
        self.assertEqual(self.generation(), before)

    def test_what_is_confirmed_stays_and_what_is_not_is_undone(self):
        self.apply(MIRROR)
        first = self.generation()
        said = self.apply(FILTER.replace("443", "444"), "--confirm-within", "1h")
        self.assertIn(f"undone in 1h0m unless confirmed: helioctl confirm {first + 1}\n", said)
        self.assertIn("unless confirmed", self.out("generations"))
        self.assertEqual(self.out("confirm"), f"generation {first + 1} confirmed\n")
        self.refused("confirm", says="nothing waits to be confirmed")

        self.apply(FILTER.replace("443", "445"), "--confirm-within", "1s")
        self.card.wait_for("it is undone", lambda: self.generation() == first + 3)
        self.assertEqual(self.spec("filter", "web")["inbound"][0]["destinationPorts"], 444)

    def test_times_are_checked(self):
        for text in ("soon", "0s", "-1s", "25h"):
            self.refused("apply", "-f", "-", f"--confirm-within={text}", text=MIRROR, says="--confirm-within")


class Connection(ApplyCase):
    def test_says_why_there_is_none(self):
        host, port = self.card.address
        user = f"{self.card.authority.folder}/users/admin"
        with tempfile.TemporaryDirectory() as folder:
            stranger = controlled_card.Authority(PROGRAMS["helioctl"], folder)
            for options, words in (
                (["--card", f"{host}:1"], [f"{host}:1", "--listen"]),
                (["--server-name", "card7"], ["card7", "--server-name"]),
                (["--ca", f"{stranger.folder}/ca.pem"], [f"{stranger.folder}/ca.pem", "authority"]),
                (
                    ["--certificate", f"{stranger.user('admin')}/certificate.pem", "--key", f"{stranger.user('admin')}/private_key.pem"],
                    ["refuses our certificate", f"{stranger.user('admin')}/certificate.pem"],
                ),
                (["--ca", f"{user}/nothing.pem"], [f"{user}/nothing.pem"]),
            ):
                said = self.run_tool("export", *options, status=1)
                self.assertEqual(said.stdout, "")
                for word in words:
                    self.assertIn(word, said.stderr)

    def test_says_what_it_waited_for(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            said = self.run_tool("export", "--card", f"127.0.0.1:{silent.getsockname()[1]}", "--timeout", "0.3", status=1)
        self.assertIn("waited 0.3 s for the card's handshake", said.stderr)


if __name__ == "__main__":
    card_case.main()
