"""What compare.py relies on in the generated cases."""
import random
import unittest

import compare
import generate
import packets
import reference


class GenerateTest(unittest.TestCase):
    def test_same_seed_gives_the_same_case(self):
        first, second, other = generate.generate(5, 3), generate.generate(5, 3), generate.generate(6, 3)
        self.assertEqual(generate.yaml_text(first.documents), generate.yaml_text(second.documents))
        self.assertEqual([p.frame for p in first.pairs], [p.frame for p in second.pairs])
        self.assertNotEqual([p.frame for p in first.pairs], [p.frame for p in other.pairs])

    def test_every_kind_of_verdict_and_a_third_built_to_match(self):
        outcome = compare.Outcome()
        for index in range(60):
            case = generate.generate(5, index)
            for pair, line in zip(case.pairs, compare.expected(case)):
                outcome.count(case.model, pair, line)
        self.assertEqual(list(compare.complaints(outcome, True)), [])

    def test_many_different_rules_and_services_decide(self):
        decided = 0
        for index in range(20):
            lines = compare.expected(generate.generate(5, index))
            decided += len({verdict for line in lines if line not in compare.OUTCOMES for verdict in line.split('; ')})
        self.assertGreater(decided, 20 * 15)

    def test_session_numbers_are_unique_over_all_tiers(self):
        tiers = set()
        for index in range(20):
            sessions = generate.generate(5, index).model.sessions
            tiers.update(session.tier for session in sessions)
            self.assertEqual(len({session.number for session in sessions}), len(sessions))
        self.assertEqual(tiers, set(range(4)))

    def test_no_rule_asks_a_later_fragment_for_layer_4(self):
        later = [rule for index in range(20) for f in generate.generate(5, index).documents if f['kind'] == 'Filter'
                 for direction in ('inbound', 'outbound') for rule in f['spec'].get(direction, ())
                 if rule.get('fragment') == 'later']
        self.assertGreater(len(later), 20)
        for rule in later:
            self.assertFalse({'sourcePorts', 'destinationPorts', 'icmpType', 'icmpCode', 'tcpFlags'} & set(rule))

    def test_most_packets_for_a_fragment_rule_match_it_and_some_do_not(self):
        build = packets.Builder(random.Random(5))
        for value in reference.FRAGMENTS:
            rule = reference.Rule({'number': 1, 'action': 'accept', 'fragment': value})
            frames = [build.for_match(rule) for _ in range(200)]
            matches = sum(reference.rule_matches(rule, reference.parse(frame)) for frame in frames)
            self.assertTrue(100 < matches < 195, f'{value}: {matches} of {len(frames)}')

    def test_full_run_has_200000_pairs(self):
        self.assertGreaterEqual(compare.DEFAULT_PAIRS, 200_000)


class ComplaintsTest(unittest.TestCase):
    def outcome(self, **changes):
        """1,000 pairs without a complaint, but for `changes`."""
        outcome = compare.Outcome()
        outcome.pairs, outcome.built_to_match = 1000, 400
        outcome.kinds.update({kind: 100 for kind in (*compare.OUTCOMES, *compare.KINDS)})
        for name, value in changes.items():
            setattr(outcome, name, value)
        return outcome

    def complaints(self, outcome, whole=True):
        return list(compare.complaints(outcome, whole))

    def test_none_where_everything_occurred(self):
        self.assertEqual(self.complaints(self.outcome()), [])

    def test_mismatch(self):
        outcome = self.outcome(mismatches=[(0, 0, 'none', 'runt')])
        self.assertEqual(self.complaints(outcome), ['1 mismatches'])
        self.assertEqual(self.complaints(outcome, whole=False), ['1 mismatches'])

    def test_too_few_built_to_match(self):
        self.assertEqual(self.complaints(self.outcome(built_to_match=300)), ['less than a third of the pairs is built to match'])

    def test_outcome_that_hardly_occurs(self):
        for kind in compare.OUTCOMES:
            outcome = self.outcome()
            outcome.kinds[kind] = 9
            self.assertEqual(self.complaints(outcome), [f'less than a hundredth of the pairs gives {kind}'])

    def test_kind_that_never_occurred(self):
        for kind in compare.KINDS:
            outcome = self.outcome()
            del outcome.kinds[kind]
            self.assertEqual(self.complaints(outcome), [f'{kind}: never occurred'])

    def test_part_of_a_run_need_not_have_everything(self):
        self.assertEqual(self.complaints(compare.Outcome(), whole=False), [])


class KindsTest(unittest.TestCase):
    """What the summary counts, of hand-written verdicts."""

    def kinds(self, line, frame=bytes(60), documents=()):
        model = reference.Model(list(documents), [{'name': 'guest0', 'number': 1, 'kind': 'vm'}])
        return set(compare.kinds_of(model, generate.Pair('guest0', 'inbound', frame, False), line))

    def test_of_a_packet_without_verdict(self):
        for line in ('runt', 'loop_guard', 'excluded', 'none'):
            self.assertEqual(self.kinds(line), {line})

    def test_of_tiers(self):
        self.assertEqual(self.kinds('1 accept a 5'), {'accept', 'tier 1 accept'})
        self.assertEqual(self.kinds('0 accept a 5; 2 reject b 6; 3 accept c dns'),
                         {'accept', 'reject', 'tier 0 accept', 'tier 2 reject', 'tier 3 accept', '2 accepts',
                          'accept and reject'})
        self.assertEqual(self.kinds('0 reject a 5; 1 reject b 6'), {'reject', 'tier 0 reject', 'tier 1 reject'})
        self.assertIn('4 accepts', self.kinds('; '.join(f'{tier} accept a 1' for tier in range(4))))

    def test_of_fragments(self):
        ipv4 = lambda bits: bytes(12) + b'\x08\x00' + b'\x45' + bytes(5) + bits.to_bytes(2, 'big') + bytes(12)
        for bits, part in ((0x2000, 'first'), (0x2001, 'middle'), (0x0001, 'last')):
            self.assertEqual(self.kinds('none', ipv4(bits)), {'none', f'IPv4 {part} fragment'})
        atomic = bytes(12) + b'\x86\xdd\x60' + bytes(5) + bytes([44]) + bytes(33) + bytes([17]) + bytes(7)
        self.assertEqual(self.kinds('none', atomic), {'none', 'IPv6 atomic fragment'})

    def test_of_filters(self):
        documents = [
            {'kind': 'Filter', 'metadata': {'name': 'f'}, 'spec': {'inbound': [
                {'number': 5, 'action': 'accept', 'fragment': 'no'}, {'number': 6, 'action': 'accept'}]}},
            {'kind': 'Filter', 'metadata': {'name': 'management'}, 'spec': {'inbound': [{'number': 1, 'action': 'reject'}]}},
            {'kind': 'Target', 'metadata': {'name': 't'}, 'spec': {'interface': 'guest1'}},
            {'kind': 'Session', 'metadata': {'name': 'a'},
             'spec': {'number': 1, 'sources': ['guest0'], 'filter': 'f', 'target': 't'}}]
        self.assertIn('rule of fragment no decides', self.kinds('0 accept a 5', documents=documents))
        self.assertEqual(self.kinds('0 accept a 6', documents=documents), {'accept', 'tier 0 accept'})
        documents.append({'kind': 'Interface', 'metadata': {'name': 'guest0'}, 'spec': {'excluded': 'management'}})
        self.assertEqual(self.kinds('0 accept a 6', documents=documents),
                         {'accept', 'tier 0 accept', 'accept behind a reject of the excluded filter'})


if __name__ == '__main__':
    unittest.main()
