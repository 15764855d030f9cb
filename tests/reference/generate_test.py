"""What compare.py relies on in the generated cases."""
import unittest

import compare
import generate


class GenerateTest(unittest.TestCase):
    def test_same_seed_gives_the_same_case(self):
        first, second, other = generate.generate(5, 3), generate.generate(5, 3), generate.generate(6, 3)
        self.assertEqual(generate.yaml_text(first.documents), generate.yaml_text(second.documents))
        self.assertEqual([p.frame for p in first.pairs], [p.frame for p in second.pairs])
        self.assertNotEqual([p.frame for p in first.pairs], [p.frame for p in other.pairs])

    def test_every_kind_of_verdict_and_a_third_built_to_match(self):
        outcome = compare.Outcome()
        for index in range(20):
            case = generate.generate(5, index)
            outcome.pairs += len(case.pairs)
            outcome.built_to_match += sum(pair.built_to_match for pair in case.pairs)
            outcome.verdicts.update(line.split()[0] for line in compare.expected(case))
        self.assertEqual(list(compare.complaints(outcome, True)), [])

    def test_many_different_rules_and_services_decide(self):
        decided = 0
        for index in range(20):
            lines = compare.expected(generate.generate(5, index))
            decided += len({line for line in lines if line.split()[0] in ('accept', 'reject')})
        self.assertGreater(decided, 20 * 15)

    def test_complaints(self):
        outcome = compare.Outcome()
        outcome.pairs, outcome.built_to_match = 1000, 300
        outcome.verdicts.update(dict(accept=300, reject=300, none=300, runt=95, loop_guard=5))
        outcome.mismatches = [(0, 0, 'none', 'runt')]
        self.assertEqual(len(list(compare.complaints(outcome, True))), 3)


if __name__ == '__main__':
    unittest.main()
