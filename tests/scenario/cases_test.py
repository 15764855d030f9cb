#!/usr/bin/python3
"""What people use a mirror for, a test each: cases_test.py FIRMWARE HELIOCTL.

guest0 is the guest 10.0.0.3 (2001:db8::3); what enters by wire0 comes from outside.
"""

import collections

import card_case
import copies as encapsulation
import frames
from card_case import EVERYTHING, Board, Port, example, resource, underlay
from frames import ping, tcp, udp

GUEST, WORLD = "10.0.0.3", "198.51.100.7"
GUEST6, WORLD6 = "2001:db8::3", "2001:db8:ffff::7"
ZEEK = resource("Target", "zeek", "{remote: 10.9.0.2}")


def session(name, number, chosen, more="", sources="[guest0]"):
    return resource("Session", name, f"{{number: {number}, sources: {sources}, filter: {chosen}, target: zeek{more}}}")


class Rules(card_case.CardCase):
    def test_mirrors_all_tcp_but_ssh(self):
        ssh_in, ssh_out = tcp(WORLD, 50000, GUEST, 22, b"1"), tcp(GUEST, 22, WORLD, 50000, b"2")
        web_in = [tcp(WORLD, 50001, GUEST, port, b"3") for port in (21, 23, 80, 443)]
        web_out = [tcp(GUEST, port, WORLD, 50001, b"4") for port in (21, 23, 80, 443)]
        # As a client of SSH elsewhere, it is the other port that is 22: those are other TCP.
        client = [tcp(GUEST, 50002, WORLD, 22, b"5")]
        other = [udp(GUEST, 22, WORLD, 22), ping(GUEST, WORLD)]
        outcome = self.run_card(example("ssh-reject"), [ssh_out, *web_out, *client, *other], [*web_in, ssh_in])
        self.assert_copied(outcome, guest=web_out + client, wire=web_in)

    def test_mirrors_https_of_either_ip_version(self):
        https = underlay() + ZEEK
        https += resource(
            "Filter", "https",
            '{inbound: [{number: 10, action: accept, protocol: tcp, source: 0.0.0.0/0, destinationPorts: 443},'
            ' {number: 20, action: accept, protocol: tcp, source: "::/0", destinationPorts: 443}]}',
        )  # fmt: skip
        https += session("https", 1, "https")
        wanted = [tcp(WORLD, 50000, GUEST, 443), tcp(WORLD6, 50000, GUEST6, 443)]
        others = [tcp(WORLD, 50000, GUEST, 442), tcp(WORLD6, 50000, GUEST6, 444), udp(WORLD, 50000, GUEST, 443)]
        answers = [tcp(GUEST, 443, WORLD, 50000), tcp(GUEST6, 443, WORLD6, 50000), tcp(GUEST, 40000, WORLD, 443)]
        outcome = self.run_card(https, answers, others + wanted)
        self.assert_copied(outcome, wire=wanted)

    def test_mirrors_all_but_local(self):
        local = [tcp(GUEST, 1, "10.0.255.255", 2), udp(GUEST, 1, "10.0.0.0", 2)]
        remote = [tcp(GUEST, 1, "10.1.0.0", 2), ping(GUEST, "9.255.255.255"), tcp(GUEST6, 1, WORLD6, 2)]
        # ARP has no address that a rule sees: it is not local, and all the rest is accepted.
        remote.append(frames.ethernet(bytes(46), 0x0806))
        local_in, remote_in = [udp("10.0.7.7", 1, GUEST, 2)], [udp("10.1.7.7", 1, GUEST, 2), ping(WORLD6, GUEST6)]
        outcome = self.run_card(example("all-but-local"), local + remote, local_in + remote_in)
        self.assert_copied(outcome, guest=remote, wire=remote_in)

    def test_mirrors_what_a_rule_of_addresses_and_ports_names_and_no_neighbour_of_it(self):
        narrow = underlay() + ZEEK
        narrow += resource(
            "Filter", "narrow",
            "{inbound: [{number: 10, action: accept, protocol: tcp, source: 172.16.0.0/24, sourcePorts: 10000-10001,"
            " destination: 10.0.0.3/32, destinationPorts: 80}],"
            " outbound: [{number: 10, action: reject, source: 192.168.0.0/24, destination: 10.2.0.0/24}]}",
        )  # fmt: skip
        narrow += session("narrow", 1, "narrow")
        wanted = [tcp("172.16.0.0", 10000, GUEST, 80), tcp("172.16.0.255", 10001, GUEST, 80)]
        others = [
            tcp("172.16.0.1", 9999, GUEST, 80), tcp("172.16.0.1", 10002, GUEST, 80), tcp("172.16.0.1", 10000, GUEST, 81),
            tcp("172.16.1.0", 10000, GUEST, 80), tcp("172.15.255.255", 10000, GUEST, 80),
            tcp("172.16.0.1", 10000, "10.0.0.2", 80), tcp("172.16.0.1", 10000, "10.0.0.4", 80),
            udp("172.16.0.1", 10000, GUEST, 80),
        ]  # fmt: skip
        outbound = [tcp("192.168.0.9", 1, "10.2.0.9", 2), tcp(GUEST, 80, "172.16.0.1", 10000)]
        outcome = self.run_card(narrow, outbound, others + wanted)
        self.assert_copied(outcome, wire=wanted)


class Sessions(card_case.CardCase):
    def test_splits_a_source_by_protocol_between_two_appliances(self):
        tcp_out, udp_out = [tcp(GUEST, 1, WORLD, n) for n in (80, 81)], [udp(GUEST, 1, WORLD, n) for n in (53, 54)]
        tcp_in, udp_in = [tcp(WORLD, 80, GUEST, 1)], [udp(WORLD, 53, GUEST, 1), udp(WORLD6, 53, GUEST6, 1)]
        mixed = [udp_out[0], tcp_out[0], ping(GUEST, WORLD), tcp_out[1], udp_out[1]]
        outcome = self.run_card(example("two-appliances"), mixed, udp_in + tcp_in)
        self.assert_copied(outcome, tcp_out, tcp_in, "10.9.0.2", 101)
        self.assert_copied(outcome, udp_out, udp_in, "10.9.0.3", 102)
        self.assertEqual(len(outcome.copies()), 7)

    def test_follows_a_request_out_of_one_source_and_its_answer_back_in(self):
        # A and B are guests on one wire; the filter knows B's requests to A, as B sees them.
        a, b = "10.0.0.1", "10.0.0.2"
        both = underlay() + ZEEK
        both += resource(
            "Filter", "b-asks-a",
            f"{{outbound: [{{number: 10, action: accept, protocol: tcp, source: {b}/32, destination: {a}/32}}],"
            f" inbound: [{{number: 10, action: accept, protocol: tcp, source: {a}/32, destination: {b}/32}}]}}",
        )  # fmt: skip
        both += session("both", 1, "b-asks-a", sources="[guest-a, guest-b]")
        board = Board([Port("guest-a"), Port("guest-b"), Port("analyser", "EDGE")], [("guest-a", "guest-b")])
        request, answer = tcp(b, 50000, a, 80, b"request"), tcp(a, 80, b, 50000, b"answer")
        outcome = self.run_card(both, board=board, entered={"guest-a": [answer], "guest-b": [request]})
        self.assert_copied(outcome, guest=[answer], wire=[request])
        self.assert_columns(outcome.entry("both", "guest-b", "outbound"), matched=1, sent=1)
        self.assert_columns(outcome.entry("both", "guest-b", "inbound"), matched=1, sent=1)
        self.assert_columns(outcome.entry("both", "guest-a", "outbound"))
        self.assert_columns(outcome.entry("both", "guest-a", "inbound"))

    def test_does_not_offer_to_session_2_what_session_1_rejects(self):
        two = underlay() + ZEEK
        two += resource(
            "Filter", "dns-not-web",
            "{outbound: [{number: 10, action: reject, protocol: tcp, destinationPorts: 80},"
            " {number: 20, action: accept, protocol: udp}]}",
        )  # fmt: skip
        two += EVERYTHING + session("second", 2, "everything", ", vni: 2") + session("first", 1, "dns-not-web", ", vni: 1")
        web, dns = tcp(GUEST, 1, WORLD, 80), udp(GUEST, 1, WORLD, 53)
        # Session 1 has no inbound rules: what comes in, web too, is session 2's.
        rest, back = tcp(GUEST, 1, WORLD, 81), tcp(WORLD, 1, GUEST, 80)
        outcome = self.run_card(two, [web, dns, rest], [back])
        self.assert_copied(outcome, [dns], tunnel_id=1)
        self.assert_copied(outcome, [rest], [back], tunnel_id=2)
        self.assertEqual(len(outcome.copies()), 3)

    def test_mirrors_nothing_a_share_or_all_by_percent(self):
        count = 4000
        shares = underlay() + ZEEK
        for number, (protocol, percent) in enumerate((("tcp", 0), ("udp", 30), ("icmp", 100)), 1):
            shares += resource("Filter", protocol, f"{{outbound: [{{number: 1, action: accept, protocol: {protocol}}}]}}")
            shares += session(protocol, number, protocol, f", percent: {percent}")
        sent = [make(n) for n in range(count) for make in (
            lambda n: tcp(GUEST, n, WORLD, 1), lambda n: udp(GUEST, n, WORLD, 1), lambda n: ping(GUEST, WORLD, b"%d" % n)
        )]  # fmt: skip
        outcome = self.run_card(shares, sent)
        self.assert_columns(outcome.entry("tcp"), matched=count, sampled_out=count)
        self.assert_columns(outcome.entry("icmp"), matched=count, sent=count)
        some = outcome.entry("udp")["sent"]["packets"]
        self.assertTrue(1055 < some < 1345, some)  # 1200, five standard deviations of 29 to each side
        self.assert_columns(outcome.entry("udp"), matched=count, sent=some, sampled_out=count - some)

    def test_mirrors_as_many_sources_as_a_board_has_to_one_target(self):
        # Debian's DPDK holds 32 ports: fifteen wires between guests, and the analyser's.
        wires = [(f"a{n}", f"b{n}") for n in range(15)]
        names = [name for wire in wires for name in wire]
        board = Board([*(Port(name) for name in names), Port("analyser", "EDGE")], wires, memory_mib=512)
        entered = {name: frames.datagrams(20, source=f"10.0.{n}.1") for n, name in enumerate(names)}
        many = underlay() + ZEEK + EVERYTHING + session("many", 1, "everything", sources=f"[{', '.join(names)}]")
        outcome = self.run_card(many, board=board, entered=entered)
        for name in names:
            for direction in ("inbound", "outbound"):
                self.assert_columns(outcome.entry("many", name, direction), matched=20, sent=20)
        # Once where it leaves a guest, once where it enters the other.
        expected = collections.Counter(frame for sent in entered.values() for frame in sent * 2)
        self.assertEqual(collections.Counter(outcome.inner()), expected)


class Targets(card_case.CardCase):
    def test_tags_the_copies_of_an_edge_target_and_never_mirrors_its_vlan_again(self):
        edge = underlay(interface="wire0") + EVERYTHING
        edge += resource("Target", "zeek", "{encapsulation: erspan2, remote: 10.9.0.2, interface: wire0, vlanId: 200}")
        edge += session("edge", 1, "everything", ", sessionId: 20", sources="[wire0]")
        copied_out, copied_in = [tcp(GUEST, n, WORLD, 1) for n in range(5)], [tcp(WORLD, n, GUEST, 1) for n in range(5)]
        copied_in += [udp(WORLD, 1, GUEST, 1, vlan_id=n) for n in (199, 201)]
        tagged_out, tagged_in = [udp(GUEST, 7, WORLD, 1, vlan_id=200)], [udp(WORLD, n, GUEST, 1, vlan_id=200) for n in (8, 9)]
        outcome = self.run_card(edge, copied_out + tagged_out, copied_in + tagged_in, copies_on_wires=True)
        self.assertEqual(outcome.left["guest0"], [copied_in + tagged_in])
        own = lambda frame: frame[12:16] == b"\x81\x00\x00\xc8" and frame[16:18] == b"\x08\x00" and frame[27] == 47
        left = outcome.left["wire0"][0]
        self.assertEqual([frame for frame in left if not own(frame)], copied_out + tagged_out)
        made = [encapsulation.decode(frame) for frame in left if own(frame)]
        self.assertEqual({(c.kind, c.vlan_id, c.tunnel_id, c.destination) for c in made}, {("erspan2", 200, 20, "10.9.0.2")})
        self.assertEqual(collections.Counter(c.inner for c in made), collections.Counter(copied_out + copied_in))
        counts = outcome.port("wire0")
        self.assertEqual((counts["loop_guard_in"]["packets"], counts["loop_guard_out"]["packets"]), (2, 1))

    def test_does_not_mirror_its_own_copies_that_come_back(self):
        mirror = underlay() + ZEEK + EVERYTHING + session("all", 1, "everything", ", vni: 9")
        copy = self.run_card(mirror, [tcp(GUEST, 1, WORLD, 1)]).left["analyser"][0][0]
        stranger = copy[:48] + b"\x0a" + copy[49:]  # the same, but of VNI 10
        outcome = self.run_card(mirror, wire=[copy, stranger, copy])
        self.assert_copied(outcome, wire=[stranger])
        self.assertEqual(outcome.port("guest0")["loop_guard_in"]["packets"], 2)

    def test_keeps_flows_whole_on_one_member_of_a_group_each_behind_its_own_next_hop(self):
        group = underlay(
            "  routes:\n"
            "    - {destination: 10.50.0.0/16, gateway: 10.9.0.253}\n"
            "    - {destination: 10.60.0.0/16, gateway: 10.9.0.254}\n"
        )
        group += resource("Target", "one", "{remote: 10.50.0.1}") + resource("Target", "two", "{remote: 10.60.0.1}")
        group += resource("Target", "zeek", "{members: [one, two]}") + EVERYTHING + session("all", 1, "everything", ", vni: 5")
        # An odd count: a flow's frames take both even and odd places in their bursts.
        count = 201
        ends = [(f"10.0.0.{n + 1}", 40000 + n) for n in range(count)]
        there = [tcp(*end, WORLD, 443, turn) for turn in (b"1", b"2") for end in ends]
        back = [tcp(WORLD, 443, *end, turn) for turn in (b"3", b"4") for end in ends]
        outcome = self.run_card(group, there, back)
        hops = {(c.destination, c.destination_mac[5]) for c in outcome.copies()}
        self.assertEqual(hops, {("10.50.0.1", 253), ("10.60.0.1", 254)})
        one, two = outcome.inner("10.50.0.1"), outcome.inner("10.60.0.1")
        self.assertEqual(sorted(one + two), sorted(there + back))
        flows = [set(there[n::count] + back[n::count]) for n in range(count)]
        on_one, on_two = (sum(flow <= set(member) for flow in flows) for member in (one, two))
        self.assertEqual(on_one + on_two, count)
        self.assertTrue(60 < on_one < 140, on_one)  # about 100, more than five standard deviations of 7 to each side

    def test_shares_the_load_as_the_example_does(self):
        sent = [udp(GUEST, n, WORLD, 1) for n in range(100)]
        outcome = self.run_card(example("group"), sent)
        self.assertEqual(sorted(outcome.inner("10.9.0.2", 500) + outcome.inner("10.9.0.3", 500)), sorted(sent))

    def test_leaves_by_the_chosen_wire_as_the_example_says(self):
        sent = [udp(GUEST, 1, WORLD, 1), tcp(GUEST, 1, WORLD, 1, vlan_id=7)]
        outcome = self.run_card(example("edge-target-vlan"), sent)
        self.assertEqual([(c.kind, c.vlan_id, c.tunnel_id, c.inner) for c in outcome.copies()],
                         [("erspan2", 200, 20, frame) for frame in sent])  # fmt: skip

    def test_cuts_a_jumbo_frame_to_the_targets_mtu_and_marks_it(self):
        # 9,001 bytes of IP packet hold 8,965 of frame behind ERSPAN II.
        jumbo = underlay() + EVERYTHING + resource("Target", "zeek", "{encapsulation: erspan2, remote: 10.9.0.2, mtu: 9001}")
        jumbo += session("jumbo", 1, "everything", ", sessionId: 3")
        sizes = (8996, 8966, 8965)
        sent = [frames.datagrams(1, size)[0] for size in sizes]
        outcome = self.run_card(jumbo, sent)
        self.assertEqual([(c.truncated, c.inner) for c in outcome.copies()],
                         [(True, sent[0][:8965]), (True, sent[1][:8965]), (False, sent[2])])  # fmt: skip
        entry = outcome.entry("jumbo")
        self.assert_columns(entry, matched=3, sent=3)
        self.assertEqual(entry["sent"]["bytes"], sum(sizes))
        self.assertEqual(entry["sent_cut"], 2)


if __name__ == "__main__":
    card_case.main()
