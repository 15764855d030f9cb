#!/usr/bin/env python3
"""Compares the firmware's verdicts with the reference's on random configurations and packets.

    compare.py --helioctl PATH --verdicts PATH [--seed N] [--pairs N] [--index N]

The seed is --seed, else HELIOSTAT_SEED, else a fixed one. A mismatch is printed with what is needed to see it again, and
made small first. --index N runs that one configuration of the seed.
"""
import argparse
import collections
import copy
import multiprocessing
import os
import subprocess
import sys
import tempfile

import generate
import reference

PROTO = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'proto')

DEFAULT_SEED = 20250301
DEFAULT_PAIRS = 240_000
CONFIGURATIONS_PER_TASK = 20
MISMATCHES_SHOWN = 3
MOST_TRIES_TO_MINIMISE = 600
LEAST_SHARE_BUILT_TO_MATCH = 1 / 3
LEAST_SHARE_OF_AN_OUTCOME = 1 / 100

# What is counted of the pairs. Each outcome must be a share of them, ...
OUTCOMES = ('accept', 'reject', 'none', 'runt', 'loop_guard', 'excluded')
# ... and each of these must occur.
KINDS = (*(f'tier {tier} {action}' for tier in reference.TIERS for action in ('accept', 'reject')),
         '2 accepts', '3 accepts', '4 accepts', 'accept and reject', 'accept behind a reject of the excluded filter',
         'IPv4 first fragment', 'IPv4 middle fragment', 'IPv4 last fragment', 'IPv6 first fragment', 'IPv6 middle fragment',
         'IPv6 last fragment', 'IPv6 atomic fragment', *(f'rule of fragment {value} decides' for value in reference.FRAGMENTS))


class Refused(Exception):
    """helioctl or the firmware's validation does not take a configuration."""


class Firmware:
    """The firmware's verdicts, by way of files in a directory of its own."""

    def __init__(self, helioctl, verdicts, directory):
        self.helioctl = helioctl
        self.verdicts = verdicts
        self.directory = directory

    def run(self, command):
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise Refused(' '.join(command) + '\n' + result.stdout + result.stderr)
        return result.stdout

    def path(self, name, data):
        path = os.path.join(self.directory, name)
        with open(path, 'wb') as file:
            file.write(data)
        return path

    def compile_board(self, board):
        binary = os.path.join(self.directory, f'board{board.index}.bin')
        if not os.path.exists(binary):
            with open(binary, 'wb') as file:
                subprocess.run(['protoc', '-I', PROTO, '--encode=heliostat.v1.Board', 'board.proto'], stdout=file,
                               input=board.textproto().encode(), check=True)
        return binary

    def judge(self, cases):
        """One list of verdict lines a case."""
        manifest = []
        for position, case in enumerate(cases):
            text = self.path(f'{position}.yaml', generate.yaml_text(case.documents).encode())
            binary = os.path.join(self.directory, f'{position}.bin')
            self.run([self.helioctl, 'compile', '-f', text, '-o', binary])
            frames = self.path(f'{position}.packets', generate.packet_bytes(case.board, case.pairs))
            manifest.append(f'{binary} {self.compile_board(case.board)} {frames}\n')
        lines = iter(self.run([self.verdicts, self.path('manifest', ''.join(manifest).encode())]).splitlines())
        return [[next(lines) for _ in case.pairs] for case in cases]


def expected(case):
    return [reference.judge(case.model, p.interface, p.direction, p.frame) for p in case.pairs]


def kinds_of(model, pair, line):
    """What of OUTCOMES and KINDS a pair is, by the reference's verdict on it."""
    verdicts = [] if line in OUTCOMES else [verdict.split() for verdict in line.split('; ')]
    actions = [action for _, action, _, _ in verdicts]
    accepts = actions.count('accept')
    yield from sorted(set(actions)) or [line]
    yield from (f'tier {tier} {action}' for tier, action, _, _ in verdicts)
    if accepts > 1:
        yield f'{accepts} accepts'
    if 0 < accepts < len(actions):
        yield 'accept and reject'

    fields = reference.parse(pair.frame)
    if fields is not None and fields.fragment is not None:
        yield f'IPv{fields.ip_version} {fields.fragment} fragment'
    if accepts and pair.interface in model.excluded:
        if model.excluded[pair.interface].first_match(pair.direction, fields) is not None:  # else it would be excluded
            yield 'accept behind a reject of the excluded filter'
    deciding = {(session, number) for _, _, session, number in verdicts}
    values = {rule.fragment for session in model.sessions for rule in session.filter.rules[pair.direction]
              if rule.fragment is not None and (session.name, str(rule.number)) in deciding}
    yield from (f'rule of fragment {value} decides' for value in sorted(values))


class Outcome:
    def __init__(self):
        self.kinds = collections.Counter()
        self.pairs = 0
        self.built_to_match = 0
        self.mismatches = []  # (index, position of the pair, expected, got)

    def count(self, model, pair, line):
        self.pairs += 1
        self.built_to_match += pair.built_to_match
        self.kinds.update(kinds_of(model, pair, line))

    def add(self, other):
        self.kinds += other.kinds
        self.pairs += other.pairs
        self.built_to_match += other.built_to_match
        self.mismatches += other.mismatches


def compare(task):
    helioctl, verdicts, seed, indices = task
    outcome = Outcome()
    cases = [generate.generate(seed, index) for index in indices]
    with tempfile.TemporaryDirectory(prefix='reference') as directory:
        try:
            got = Firmware(helioctl, verdicts, directory).judge(cases)
        except Refused as refusal:
            return f'seed {seed}, configurations {indices[0]}..{indices[-1]}: {refusal}'
    for index, case, firmware_lines in zip(indices, cases, got):
        for position, (want, line) in enumerate(zip(expected(case), firmware_lines)):
            outcome.count(case.model, case.pairs[position], want)
            if want != line:
                outcome.mismatches.append((index, position, want, line))
    return outcome


# ------------------------------------------------------------------------------------------------------ making it small


class Minimiser:
    def __init__(self, firmware, case):
        self.firmware = firmware
        self.case = case
        self.tries = 0

    def differs(self, case):
        """(expected, got) where both judge `case` and do not agree; else None."""
        self.tries += 1
        try:
            got = self.firmware.judge([case])[0][0]
            want = expected(case)[0]
        except (Refused, KeyError, ValueError):
            return None  # no longer a configuration
        return (want, got) if want != got else None

    def attempt(self, case):
        if self.tries < MOST_TRIES_TO_MINIMISE and self.differs(case):
            self.case = case
            return True
        return False

    def without(self, documents, pair):
        return generate.Case(self.case.board, documents, [pair])

    def shrink_list(self, get):
        """Drops parts of the list that `get` finds in the documents: halves first, then single items."""
        size = len(get(self.case.documents))
        while size:
            start = 0
            while start < len(get(self.case.documents)):
                documents = copy.deepcopy(self.case.documents)
                del get(documents)[start:start + size]
                if not self.attempt(self.without(documents, self.case.pairs[0])):
                    start += size
            size //= 2

    def shrink_frame(self):
        pair = self.case.pairs[0]
        size = len(pair.frame) // 2
        while size:
            shorter = generate.Pair(pair.interface, pair.direction, pair.frame[:-size], False)
            if self.attempt(self.without(self.case.documents, shorter)):
                pair = shorter
            else:
                size //= 2
        for at in range(len(pair.frame)):
            if pair.frame[at]:
                frame = pair.frame[:at] + b'\0' + pair.frame[at + 1:]
                zeroed = generate.Pair(pair.interface, pair.direction, frame, False)
                if self.attempt(self.without(self.case.documents, zeroed)):
                    pair = zeroed

    def run(self):
        self.shrink_list(lambda documents: documents)
        for position, document in enumerate(self.case.documents):
            for key in ('inbound', 'outbound', 'services', 'sources', 'members'):
                if key in document['spec']:
                    self.shrink_list(lambda documents, p=position, k=key: documents[p]['spec'][k])
        self.shrink_list(lambda documents: documents)
        self.shrink_frame()
        return self.case


def show_mismatch(arguments, seed, mismatch):
    index, position, want, got = mismatch
    case = generate.generate(seed, index)
    pair = case.pairs[position]
    print(f'\nMISMATCH seed {seed}, configuration {index}, packet {position}')
    print(f'  at {pair.interface} {pair.direction}: {pair.frame.hex()}')
    print(f'  reference: {want}\n  firmware:  {got}')
    print(f'  again: compare.py --helioctl {arguments.helioctl} --verdicts {arguments.verdicts} --seed {seed} --index {index}')
    print('--- configuration\n' + generate.yaml_text(case.documents))
    with tempfile.TemporaryDirectory(prefix='reference') as directory:
        firmware = Firmware(arguments.helioctl, arguments.verdicts, directory)
        minimiser = Minimiser(firmware, generate.Case(case.board, case.documents, [pair]))
        small = minimiser.run()
        pair = small.pairs[0]
        verdicts = minimiser.differs(small)
    print(f'--- minimised ({minimiser.tries} tries), at {pair.interface} {pair.direction}: {pair.frame.hex()}')
    if verdicts:
        print(f'  reference: {verdicts[0]}\n  firmware:  {verdicts[1]}')
    print(generate.yaml_text(small.documents))
    print('board:\n' + small.board.textproto())


# -------------------------------------------------------------------------------------------------------------- the run


def complaints(outcome, whole):
    """What makes the run a failure."""
    if outcome.mismatches:
        yield f'{len(outcome.mismatches)} mismatches'
    if not whole:
        return
    if outcome.built_to_match < LEAST_SHARE_BUILT_TO_MATCH * outcome.pairs:
        yield 'less than a third of the pairs is built to match'
    for kind in OUTCOMES:
        if outcome.kinds[kind] < LEAST_SHARE_OF_AN_OUTCOME * outcome.pairs:
            yield f'less than a hundredth of the pairs gives {kind}'
    for kind in KINDS:
        if not outcome.kinds[kind]:
            yield f'{kind}: never occurred'


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--helioctl', required=True)
    parser.add_argument('--verdicts', required=True)
    parser.add_argument('--seed', type=int, default=int(os.environ.get('HELIOSTAT_SEED') or DEFAULT_SEED))
    parser.add_argument('--pairs', type=int, default=DEFAULT_PAIRS)
    parser.add_argument('--index', type=int, help='only this configuration of the seed')
    parser.add_argument('--jobs', type=int, default=len(os.sched_getaffinity(0)))
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    seed = arguments.seed
    print('seed', seed, flush=True)
    if arguments.index is not None:
        indices = [arguments.index]
    else:
        indices = list(range(-(-arguments.pairs // generate.PACKETS_PER_CONFIGURATION)))
    tasks = [(arguments.helioctl, arguments.verdicts, seed, indices[at:at + CONFIGURATIONS_PER_TASK])
             for at in range(0, len(indices), CONFIGURATIONS_PER_TASK)]

    total, refusals = Outcome(), []
    with multiprocessing.Pool(arguments.jobs) as pool:
        for outcome in pool.imap(compare, tasks):
            if isinstance(outcome, str):
                refusals.append(outcome)
            else:
                total.add(outcome)

    for mismatch in total.mismatches[:MISMATCHES_SHOWN]:
        show_mismatch(arguments, seed, mismatch)
    for refusal in refusals[:MISMATCHES_SHOWN]:
        print('\nREFUSED ' + refusal)
    print(f'\n{total.pairs} pairs of {len(indices)} configurations, {total.built_to_match} built to match')
    for kind in (*OUTCOMES, *KINDS):
        print(f'{total.kinds[kind]:9} {kind}')
    failures = list(complaints(total, arguments.index is None))
    if refusals:
        failures.append(f'{len(refusals)} tasks with a configuration that was refused')
    for failure in failures:
        print('FAILED:', failure)
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
