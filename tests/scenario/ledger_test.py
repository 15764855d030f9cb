#!/usr/bin/python3
"""What was matched was sent or is named as a drop, whatever goes wrong: ledger_test.py FIRMWARE HELIOCTL."""

import math
import struct

import card_case
import frames
from card_case import EVERYTHING, Board, Port, resource, stalled, underlay

ANALYSER = resource("Target", "zeek", "{remote: 10.9.0.2}")


def mirror(session="", target=ANALYSER):
    spec = f"{{number: 1, sources: [guest0], filter: everything, target: zeek, vni: 7{session}}}"
    return underlay() + target + EVERYTHING + resource("Session", "all", spec)


def bounds(trials, share, deviations=5):
    """What a fair coin of `share` stays within, but for one run in millions; with a fixed seed every run is the same."""
    spread = deviations * math.sqrt(trials * share * (1 - share))
    return trials * share - spread, trials * share + spread


class Egress(card_case.CardCase):
    def board(self, **more):
        return Board([Port("guest0"), Port("wire0", "EDGE"), stalled()], **more)

    def test_counts_what_a_stalled_port_refuses_and_originals_pass(self):
        outcome = self.run_card(mirror(), frames.datagrams(3000), frames.datagrams(2000, 900), self.board())
        entries = [outcome.entry("all", direction=direction) for direction in ("outbound", "inbound")]
        sent = sum(entry["sent"]["packets"] for entry in entries)
        self.assertGreater(sent, 0)
        for entry, matched in zip(entries, (3000, 2000)):
            refused = matched - entry["sent"]["packets"]
            self.assert_columns(entry, matched=matched, sent=entry["sent"]["packets"], egress_full=refused)
        self.assertLess(sent, 5000)

    def test_counts_what_finds_no_buffer_and_originals_pass(self):
        # Short copies take a buffer each, long ones two: fewer of either than the stalled port has room for.
        for size in (60, 900):
            with self.subTest(size=size):
                outcome = self.run_card(mirror(), frames.datagrams(3000, size), board=self.board(copy_buffers=255))
                entry = outcome.entry("all")
                self.assert_columns(entry, matched=3000, sent=255, no_buffer=2745)
                self.assertEqual(entry["no_buffer"]["bytes"], 2745 * len(frames.datagrams(1, size)[0]))


class Target(card_case.CardCase):
    def test_counts_copies_for_a_target_without_neighbour(self):
        nowhere = resource("Target", "zeek", "{remote: 10.9.0.77}")
        outcome = self.run_card(mirror(target=nowhere), frames.datagrams(500), frames.datagrams(300))
        self.assert_columns(outcome.entry("all"), matched=500, unresolved=500)
        self.assert_columns(outcome.entry("all", direction="inbound"), matched=300, unresolved=300)

    def test_counts_what_does_not_fit_even_when_cut(self):
        # 68 bytes of IP packet leave 32 of frame behind VXLAN: less than the 35 that a cut copy keeps.
        tiny = underlay("  mtu: 68\n") + ANALYSER + EVERYTHING
        tiny += resource("Session", "all", "{number: 1, sources: [guest0], filter: everything, target: zeek, vni: 7}")
        short = [frames.ethernet(struct.pack("!H", n) + bytes(16), 0x88B5) for n in range(10)]
        outcome = self.run_card(tiny, frames.datagrams(40) + short)
        self.assert_columns(outcome.entry("all"), matched=50, sent=10, too_long=40)
        self.assert_copied(outcome, guest=short)

    def test_cuts_to_packet_length_and_counts_whole_originals(self):
        sizes = (60, 64, 65, 700, 1500, 9000)
        version4 = [frames.datagrams(1, size)[0] for size in sizes]
        version6 = [frames.datagrams(1, size, "2001:db8::1", "2001:db8::2")[0] for size in sizes]
        outcome = self.run_card(mirror(", packetLength: 40"), version4 + version6)
        entry = outcome.entry("all")
        self.assert_columns(entry, matched=12, sent=12)
        self.assertEqual(entry["sent"]["bytes"], sum(map(len, version4 + version6)))
        # IPv6 keeps all of its fixed header.
        self.assertEqual(outcome.inner(), [frame[:40] for frame in version4] + [frame[:55] for frame in version6])


class RateLimit(card_case.CardCase):
    def test_lets_through_the_burst_and_what_the_time_allows(self):
        # The whole run takes seconds at most; a frame of 60 bytes is 96 of IP packet and 110 on the wire.
        for limit, burst, a_second in (
            ("packetsPerSecond: 100, burst: 250", 250, 100),
            ("bitsPerSecond: 88000, burst: 220000", 250, 100),
        ):
            with self.subTest(limit):
                outcome = self.run_card(mirror(f", rateLimit: {{{limit}}}"), frames.datagrams(5000))
                entry = outcome.entry("all")
                sent = entry["sent"]["packets"]
                self.assertGreaterEqual(sent, burst)
                self.assertLess(sent, burst + a_second * 10)
                self.assert_columns(entry, matched=5000, sent=sent, rate_limited=5000 - sent)
                self.assertEqual(outcome.inner()[:burst], frames.datagrams(burst))


class Sampling(card_case.CardCase):
    def test_takes_each_packet_by_chance_and_the_same_with_the_same_seed(self):
        sent = frames.datagrams(20000)
        first, again, other = (
            self.run_card(mirror(", percent: 30"), sent, seed=seed).inner() for seed in (11, 11, 12)
        )
        low, high = bounds(20000, 0.30)
        for chosen in (first, other):
            self.assertTrue(low < len(chosen) < high, f"{len(chosen)} of 20000, expected {low:.0f} to {high:.0f}")
        self.assertTrue(first == again)
        self.assertFalse(first == other)
        # Every flow has its share: chance, not flows, decides.
        flows = [sum(frame[34:36] == struct.pack("!H", 20000 + n) for frame in first) for n in range(16)]
        low, high = bounds(20000 // 16, 0.30)
        self.assertTrue(low < min(flows) and max(flows) < high, flows)

    def test_keeps_or_drops_flows_whole_in_both_directions(self):
        count = 6000
        ends = [(f"10.1.{n // 250}.{n % 250 + 1}", 30000 + n % 997) for n in range(count)]
        there = [frames.tcp(address, port, "203.0.113.5", 443, b"there") for address, port in ends]
        back = [frames.tcp("203.0.113.5", 443, address, port, b"back") for address, port in ends]
        outcome = self.run_card(mirror(", percent: 30, sampling: flows"), there + there, back)
        kept = outcome.inner()
        chosen = [n for n in range(count) if there[n] in set(kept)]
        low, high = bounds(count, 0.30)
        self.assertTrue(low < len(chosen) < high, f"{len(chosen)} of {count} flows, expected {low:.0f} to {high:.0f}")
        self.assertEqual(sorted(kept), sorted([there[n] for n in chosen] * 2 + [back[n] for n in chosen]))
        self.assert_columns(
            outcome.entry("all", direction="inbound"),
            matched=count, sent=len(chosen), sampled_out=count - len(chosen),
        )  # fmt: skip


if __name__ == "__main__":
    card_case.main()
