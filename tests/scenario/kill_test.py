#!/usr/bin/python3
"""The card's program is killed (SIGKILL) at moments of chance while configurations are applied, and started again.

    kill_test.py FIRMWARE HELIOCTL [--rounds N] [--seed N]

Generation n holds the configuration number n, every resource of which carries n. After each start the card must have the
last generation that it acknowledged, or the one that was on its way; whole, and so every generation that it keeps; and
exactly one audit record for each.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import threading
import time

import card_rpc
from controlled_card import Authority, ControlledCard

TARGETS = 60
FILTERS = 4
RULES = 40
HERE = os.path.dirname(os.path.abspath(__file__))


def configuration(number):
    """The changes that put configuration `number` in the place of any other."""
    mark = f"configuration {number}"
    changes = [
        {"put": {"underlay": {"interface": "analyser", "addresses": [{"address": bytes([10, 9, 0, 1]), "length": 24}],
                              "mtu": 1000 + number % 400}}}
    ]
    for i in range(TARGETS):
        target = {"metadata": {"name": f"target-{i}", "description": mark}, "remote": bytes([10, 9, 0, 2 + i])}
        changes.append({"put": {"target": target}})
    for i in range(FILTERS):
        changes.append({"put": {"filter": {"metadata": {"name": f"filter-{i}", "description": mark}}}})
        rules = [{"number": k + 1, "action": "ACCEPT", "protocol": 6, "description": mark} for k in range(RULES)]
        changes.append({"put": {"rules": {"filter": f"filter-{i}", "direction": "INBOUND", "rules": rules}}})
    for i in range(FILTERS):
        session = {"metadata": {"name": f"session-{i}", "description": mark}, "number": i + 1, "filter": f"filter-{i}",
                   "target": f"target-{i}", "tunnel_id": 1 + i}
        changes.append({"put": {"session": session}})
        changes.append({"put": {"sources": {"session": f"session-{i}", "interfaces": ["guest0"]}}})
    return changes


def number_of(items):
    """The configuration that these items are, every one of them; raises for a mixture."""
    marks, counts = set(), {}
    for item in items:
        kind = item.unit.WhichOneof("kind")
        counts[kind] = counts.get(kind, 0) + 1
        unit = getattr(item.unit, kind)
        if kind in ("target", "filter", "session"):
            marks.add(unit.metadata.description)
        elif kind == "rules":
            marks.update(rule.description for rule in unit.rules)
            counts["rule"] = counts.get("rule", 0) + len(unit.rules)
    if not items:
        return 0
    if len(marks) != 1:
        raise AssertionError(f"a mixture: {sorted(marks)}")
    whole = {"underlay": 1, "target": TARGETS, "filter": FILTERS, "rule": FILTERS * RULES, "session": FILTERS}
    found = {kind: counts.get(kind, 0) for kind in whole}
    if found != whole:
        raise AssertionError(f"not whole: {found}")
    return int(marks.pop().split()[-1])


class Writer(threading.Thread):
    """Commits one configuration after the other until the card is gone."""

    def __init__(self, card, generation):
        super().__init__(daemon=True)
        self.rpc = card.rpc()
        self.acknowledged, self.in_flight, self.refused = generation, generation, None

    def run(self):
        try:
            while True:
                self.in_flight = self.acknowledged + 1
                committed = self.rpc.commit(configuration(self.in_flight), expected_generation=self.acknowledged)
                if committed.generation != self.in_flight:
                    raise AssertionError(f"generation {committed.generation}, not {self.in_flight}")
                self.acknowledged = committed.generation
        except (card_rpc.Closed, OSError):
            pass  # killed
        except (card_rpc.Refused, AssertionError) as refused:
            self.refused = refused
        finally:
            self.rpc.close()


def check(card, least, most):
    """The card has generation `least` to `most`, all of it. Returns which."""
    with card.rpc() as rpc:
        kept = rpc.call(list_generations={}).generations.generations
        current = kept[-1].number if kept else 0
        if not least <= current <= most:
            raise AssertionError(f"generation {current} is current, not {least} or {most}")
        numbers = [one.number for one in kept]
        if numbers != list(range(numbers[0], current + 1)) if numbers else current != 0:
            raise AssertionError(f"kept generations are {numbers}")
        for number in {current, *numbers[:1], *numbers[-2:]}:
            items, end = rpc.items(whole=True, generation=number)
            if number_of(settings_left_out(items)) != number:
                raise AssertionError(f"generation {number} has configuration {number_of(items)}")
        records = [r for answer in rpc.stream(get_audit={}) for r in answer.audit.records]
        audited = [r.generation for r in records if r.action == "commit"]
        if audited != list(range(audited[0], current + 1)) if audited else current != 0:
            raise AssertionError(f"audited are {audited[-5:]}, current is {current}")
        return current, len(kept)


def settings_left_out(items):
    """A board's interfaces are always listed; they are no part of a configuration."""
    return [item for item in items if item.unit.WhichOneof("kind") != "interface"]


def small_flash(helioctl, folder):
    """The emulated board with a flash that has to be compacted every few generations."""
    with open(f"{HERE}/../../boards/emulated/board.textproto", encoding="utf-8") as file:
        text = file.read()
    text += "flash { erase_block_bytes: 4096 program_bytes: 16 settings_blocks: 16 audit_blocks: 16 generation_blocks: 64 }\n"
    with open(f"{folder}/board.textproto", "w", encoding="utf-8") as file:
        file.write(text)
    card_rpc.subprocess.run([helioctl, "board", file.name, "-o", f"{folder}/board.bin"], check=True)
    return f"{folder}/board.bin"


def run(options, folder):
    chance = random.Random(options.seed)
    authority = Authority(options.helioctl, folder)
    card = ControlledCard(options.firmware, authority, folder, board=small_flash(options.helioctl, folder))
    acknowledged = in_flight = during_start = took_in_flight = 0
    try:
        for _ in range(options.rounds):
            if chance.random() < 0.25:  # while it starts, and perhaps mends what the kill before left
                card.launch()
                time.sleep(chance.uniform(0, 0.6))
                card.kill()
                during_start += 1
            card.start()
            current, _ = check(card, acknowledged, in_flight)
            took_in_flight += current == in_flight != acknowledged
            writer = Writer(card, current)
            writer.start()
            time.sleep(chance.uniform(0, 0.4))
            card.kill()
            writer.join()
            if writer.refused:
                raise AssertionError(f"the card refused: {writer.refused}")
            acknowledged, in_flight = writer.acknowledged, writer.in_flight
        card.start()
        current, kept = check(card, acknowledged, in_flight)
        card.stop()
    except AssertionError as wrong:
        shutil.copytree(folder, options.keep, dirs_exist_ok=True)
        sys.exit(f"FAILED, seed {options.seed}, generations {acknowledged}..{in_flight}: {wrong}\nkept in {options.keep}")
    finally:
        card.close()
    print(
        f"{options.rounds} kills while applying, {during_start} more while starting, seed {options.seed}: {current} generations, "
        f"none lost, none mixed, each audited once; {took_in_flight} times the one on its way was there; {kept} kept at the end"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("firmware", type=os.path.abspath)
    parser.add_argument("helioctl", type=os.path.abspath)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--keep", default="kill_test_failed", help="what is kept of a run that fails")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="heliostat-kill-") as folder:
        run(options, folder)


if __name__ == "__main__":
    main()
