#!/usr/bin/python3
"""Two workers on one board: workers_test.py FIRMWARE HELIOCTL."""

import collections

import card_case
import frames
from card_case import EVERYTHING, Board, Port, resource, stalled, underlay

UP = frames.datagrams(6000, 60)
DOWN = frames.datagrams(6000, 1000, "198.51.100.7", "10.1.0.10")


def mirror(more=""):
    spec = f"{{number: 1, sources: [guest0], filter: everything, target: zeek, vni: 7{more}}}"
    return underlay() + EVERYTHING + resource("Target", "zeek", "{remote: 10.9.0.2}") + resource("Session", "all", spec)


class TwoWorkers(card_case.CardCase):
    def board(self, queues, analyser=None, **more):
        ports = [Port("guest0", queues=queues), Port("wire0", "EDGE", queues=queues)]
        return Board([*ports, analyser or Port("analyser", "EDGE", queues=queues)], workers=2, **more)

    def test_carry_a_direction_each_and_count_together(self):
        # Two send queues a port: each worker's. Four: copies have queues of their own.
        for queues in (2, 4):
            with self.subTest(queues=queues):
                outcome = self.run_card(mirror(), UP, DOWN, self.board(queues))
                self.assertIn("runs with 2 worker(s)", outcome.words)
                self.assert_columns(outcome.entry("all", direction="outbound"), matched=len(UP), sent=len(UP))
                self.assert_columns(outcome.entry("all", direction="inbound"), matched=len(DOWN), sent=len(DOWN))
                by_queue = [queue for queue in outcome.left["analyser"] if queue]
                self.assertEqual([len(queue) for queue in by_queue], [len(UP), len(DOWN)])
                inner = outcome.inner()
                self.assertTrue(inner[: len(UP)] == UP and inner[len(UP) :] == DOWN, "a copy is wrong or out of order")

    def test_share_one_rate(self):
        outcome = self.run_card(mirror(", rateLimit: {packetsPerSecond: 100, burst: 500}"), UP, DOWN, self.board(2))
        sent = sum(outcome.entry("all", direction=d)["sent"]["packets"] for d in ("inbound", "outbound"))
        self.assertTrue(500 <= sent < 1500, sent)

    def test_count_what_a_stalled_port_refuses_and_what_finds_no_buffer(self):
        outcome = self.run_card(mirror(), UP, DOWN, self.board(2, stalled(), copy_buffers=511))
        drops = collections.Counter()
        for direction in ("inbound", "outbound"):
            entry = outcome.entry("all", direction=direction)
            self.assertEqual(entry["matched"]["packets"], 6000)
            drops.update({column: entry[column]["packets"] for column in ("sent", *card_case.DROPS)})
        # Every buffer waits in the stalled port in the end: what is left out found none.
        self.assertEqual(+drops, {"sent": drops["sent"], "no_buffer": 12000 - drops["sent"]})
        self.assertTrue(0 < drops["sent"] <= 511, drops)

    def test_sample_the_same_flows(self):
        there = [frames.tcp("10.1.0.1", n, "203.0.113.5", 443) for n in range(2000)]
        back = [frames.tcp("203.0.113.5", 443, "10.1.0.1", n) for n in range(2000)]
        outcome = self.run_card(mirror(", percent: 50, sampling: flows"), there, back, self.board(2))
        kept = set(outcome.inner())
        self.assertEqual([frame in kept for frame in there], [frame in kept for frame in back])
        self.assertTrue(888 < len(kept) // 2 < 1112, len(kept))  # 1000, five standard deviations of 22 to each side


if __name__ == "__main__":
    card_case.main()
