#!/usr/bin/python3
"""What a card makes of requests that are wrong: errors_test.py FIRMWARE HELIOCTL.

After each of them the error says what, where, why and what to do; nothing has been applied; and the connection is as good
as before, but where the frames themselves were broken.
"""

import random
import shutil
import socket
import struct
import tempfile
import unittest

import card_case
import card_rpc
from card_case import PROGRAMS
from card_rpc import (
    ABORTED, ALREADY_EXISTS, DATA_LOSS, FAILED_PRECONDITION, INVALID_ARGUMENT, NOT_FOUND, RESOURCE_EXHAUSTED, UNAVAILABLE,
    frame, request,
)  # fmt: skip
from controlled_card import Authority, ControlledCard, board_without_frames

LIMITS = (
    "limits { sessions: 3 targets: 3 filters: 3 rules_per_list: 5 rules: 8 sessions_per_source: 2 sources_per_session: 2 "
    "session_sources: 4 interfaces: 3 members_per_group: 2 }\n"
)
SMALL_FLASH = "flash { erase_block_bytes: 4096 program_bytes: 16 generation_blocks: 8 audit_blocks: 8 settings_blocks: 8 }\n"


def target(name, last=2, **more):
    return {"put": {"target": {"metadata": {"name": name}, "remote": bytes([10, 9, 0, last]), **more}}}


def filter_(name, **metadata):
    return {"put": {"filter": {"metadata": {"name": name, **metadata}}}}


def rules(name, numbers, index=0, direction="INBOUND", **more):
    made = [{"number": number, "action": "ACCEPT", **more} for number in numbers]
    return {"put": {"rules": {"filter": name, "direction": direction, "index": index, "rules": made}}}


def session(name, number, sources=("guest0",), filter_name="web", target_name="zeek"):
    header = {"metadata": {"name": name}, "number": number, "filter": filter_name, "target": target_name}
    return [{"put": {"session": header}}, {"put": {"sources": {"session": name, "interfaces": list(sources)}}}]


UNDERLAY = {"put": {"underlay": {"interface": "analyser", "addresses": [{"address": bytes([10, 9, 0, 1]), "length": 24}]}}}
BASE = [UNDERLAY, target("zeek"), filter_("web"), rules("web", [1, 2]), *session("first", 1)]


class CardTest(unittest.TestCase):
    """One card for the tests of a class; they leave its configuration as it is."""

    MORE = ""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="heliostat-errors-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.authority = Authority(PROGRAMS["helioctl"], cls.folder)
        board = board_without_frames(PROGRAMS["helioctl"], cls.folder, cls.MORE)
        cls.card = ControlledCard(PROGRAMS["firmware"], cls.authority, cls.folder, board=board)
        cls.card.start()
        cls.addClassCleanup(cls.card.close)
        with cls.card.rpc() as rpc:
            rpc.commit(BASE)
            cls.before = cls.configuration(rpc)

    @staticmethod
    def configuration(rpc):
        """All of it, and the generation."""
        items, end = rpc.items(whole=True)
        return [item.unit.SerializeToString() for item in items], end.generation

    def setUp(self):
        self.rpc = self.card.rpc()
        self.addCleanup(self.rpc.close)

    def assert_unharmed(self):
        """The connection answers, and nothing was applied; neither for others."""
        self.assertEqual(self.configuration(self.rpc), self.before)
        with self.card.rpc() as other:
            self.assertEqual(self.configuration(other), self.before)
            other.call(begin={})  # no transaction is left behind
            other.call(abort={})

    def assert_error(self, error, codes, resource=None, field=None, words=()):
        codes = codes if isinstance(codes, tuple) else (codes,)
        self.assertIn(error.code, codes, error)
        self.assertTrue(error.reason, error)
        self.assertTrue(error.fix, error)
        if resource is not None:
            self.assertEqual(error.resource, resource, error)
        if field is not None:
            self.assertEqual(error.field, field, error)
        for word in words:
            self.assertIn(word, f"{error.resource} {error.field}: {error.reason}; {error.fix}")

    def refuse_changes(self, changes, codes, resource=None, field=None, words=(), change=None):
        """They are refused, in an edit or at the commit."""
        self.rpc.call(begin={})
        try:
            for part in changes if isinstance(changes[0], list) else [changes]:
                self.rpc.call(edit={"changes": part})
            self.rpc.call(commit={})
        except card_rpc.Refused as refused:
            self.assert_error(refused, codes, resource, field, words)
            if change is not None:
                self.assertEqual(refused.change, change, refused)
        else:
            self.fail("was committed")
        self.assert_error(self.rpc.refusal(commit={}), FAILED_PRECONDITION)  # the transaction is over
        self.assert_unharmed()


class Frames(CardTest):
    """Frames that are none. The connection ends, others do not notice."""

    def end_of(self, data, shut=False):
        """What comes back for `data` until the card closes."""
        with self.card.rpc() as rpc:
            rpc.send(data)
            if shut:
                rpc.socket.shutdown(socket.SHUT_WR)
            responses = []
            while (response := rpc.receive_or_closed()) is not None:
                responses.append(response)
            return responses

    def test_of_a_length_that_can_not_be_are_answered_and_then_the_end(self):
        for length in (0, 65_537, 0x7FFFFFFF, 0xFFFFFFFF):
            with self.subTest(length):
                (response,) = self.end_of(struct.pack("!I", length))
                self.assert_error(card_rpc.Refused(response.error), (INVALID_ARGUMENT, DATA_LOSS), words=("65536",))
        self.assert_unharmed()

    def test_that_are_cut_short_are_no_request(self):
        whole = frame(request(7, get_info={}))
        for cut in (1, 3, 4, len(whole) - 1):
            with self.subTest(cut):
                self.assertEqual(self.end_of(whole[:cut], shut=True), [])
        self.assert_unharmed()

    def test_of_garbage_are_refused_and_the_connection_goes_on(self):
        chance = random.Random(11)
        for size in (1, 2, 30, 1000, 65_536):
            with self.subTest(size):
                self.rpc.send(frame(b"\xff" + chance.randbytes(size - 1)))
                response = self.rpc.receive()
                self.assert_error(card_rpc.Refused(response.error), (INVALID_ARGUMENT, DATA_LOSS))
        self.assert_unharmed()

    def test_that_are_cut_inside_a_message_are_refused(self):
        body = request(9, edit={"changes": [filter_("new")]}).SerializeToString()
        for cut in range(1, len(body)):
            self.rpc.send(frame(body[:cut]))
            response = self.rpc.receive()
            self.assertEqual(response.WhichOneof("result"), "error", cut)
        self.assert_unharmed()

    def test_come_one_behind_another_and_are_answered_in_order(self):
        self.rpc.send(b"".join(frame(request(number, get_info={})) for number in range(101, 131)))
        self.assertEqual([self.rpc.receive().id for _ in range(30)], list(range(101, 131)))

    def test_may_come_in_drops(self):
        for byte in frame(request(55, get_info={})):
            self.rpc.send(bytes([byte]))
        self.assertEqual(self.rpc.receive().id, 55)

    def test_before_hello_are_refused(self):
        with self.card.rpc(hello=False) as rpc:
            refused = rpc.refusal(get_info={})
            self.assert_error(refused, FAILED_PRECONDITION, words=("hello",))
            self.assertIsNone(rpc.receive_or_closed())
        with self.card.rpc(hello=False) as rpc:
            refused = rpc.refusal(hello={"oldest_version": 77, "newest_version": 99, "client": "from the future"})
            self.assert_error(refused, card_rpc.UNSUPPORTED, words=("77", "1"))
        self.assert_unharmed()

    def test_of_plain_text_are_no_tls(self):
        with socket.create_connection(self.card.address, timeout=30) as plain:
            plain.sendall(frame(request(1, get_info={})) * 4)
            try:
                while plain.recv(4096):
                    pass
            except ConnectionResetError:
                pass
        self.assert_unharmed()


class Requests(CardTest):
    def raw(self, body):
        self.rpc.send(frame(body))
        response = self.rpc.receive()
        self.assertEqual(response.WhichOneof("result"), "error", response)
        return card_rpc.Refused(response.error)

    def test_with_unknown_fields_are_refused_by_their_path(self):
        unknown = b"\xf8\x07\x01"  # field 127, a varint

        def nested(*numbers):
            body = unknown
            for number in reversed(numbers):
                body = bytes([number << 3 | 2, len(body)]) + body
            return b"\x08\x05" + body

        self.assert_error(self.raw(b"\x08\x05" + unknown), INVALID_ARGUMENT, words=("127",))
        for numbers, path in (((3,), "get_info"), ((6,), "commit"), ((12,), "list"), ((12, 3), "tag")):
            with self.subTest(path):
                self.assert_error(self.raw(nested(*numbers)), INVALID_ARGUMENT, words=("127", path))
        # In an edit: Request.edit 5, changes 1, put 1, then Unit.filter 6, metadata 1.
        for numbers in ((5, 1), (5, 1, 1), (5, 1, 1, 6), (5, 1, 1, 6, 1)):
            with self.subTest(numbers):
                self.rpc.call(begin={})
                self.assert_error(self.raw(nested(*numbers)), INVALID_ARGUMENT, words=("127",))
                self.assert_unharmed()

    def test_without_a_call_or_with_values_out_of_range_are_refused(self):
        self.assert_error(self.raw(b"\x08\x05"), INVALID_ARGUMENT)
        for call, fields, words in (
            ("watch", {"interval_ms": 1, "states": True}, ("interval_ms",)),
            ("watch", {"interval_ms": 4_000_000, "states": True}, ("interval_ms",)),
            ("get", {"kind": "KIND_UNSPECIFIED", "name": "web"}, ("kind",)),
            ("get", {"kind": "SESSION", "name": ""}, ("session",)),
            ("list", {"name": "x" * 64}, ("name",)),
            ("commit", {"comment": "x" * 129}, ("comment",)),
            ("set_time", {"time_ns": 1}, ("time",)),
        ):
            with self.subTest(call):
                self.assert_error(
                    self.rpc.refusal(**{call: fields}), (INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION), words=words
                )
        self.assert_unharmed()

    def test_for_what_is_not_there_say_so(self):
        for kind, name, resource in (
            ("SESSION", "nope", 'session "nope"'),
            ("FILTER", "nope", 'filter "nope"'),
            ("INTERFACE", "nope", 'interface "nope"'),
        ):
            self.assert_error(self.rpc.refusal(get={"kind": kind, "name": name}), NOT_FOUND, resource)
        self.assert_error(self.rpc.refusal(get={"kind": "FILTER", "name": "web", "generation": 99}), NOT_FOUND, words=("99",))
        self.assert_error(self.rpc.refusal(rollback={"generation": 99}), NOT_FOUND, words=("99",))
        self.assert_unharmed()

    def test_out_of_order_are_refused(self):
        for call in ("edit", "commit", "abort"):
            self.assert_error(self.rpc.refusal(**{call: {}}), FAILED_PRECONDITION, words=("begin",))
        self.assert_error(self.rpc.refusal(confirm={"generation": 1}), FAILED_PRECONDITION)
        self.assert_error(self.rpc.refusal(begin={"expected_generation": 99}), ABORTED, words=("99",))
        self.rpc.call(begin={})
        self.assert_error(self.rpc.refusal(begin={}), FAILED_PRECONDITION)
        with self.card.rpc() as other:
            self.assert_error(other.refusal(begin={}), UNAVAILABLE, words=("admin",))
        self.rpc.call(abort={})
        self.assert_unharmed()

    def test_of_a_transaction_whose_connection_ended_are_forgotten(self):
        with self.card.rpc() as other:
            other.call(begin={})
            other.call(edit={"changes": [filter_("forgotten")]})
        self.card.wait_for("the transaction is over", self.can_begin)
        self.assert_unharmed()

    def can_begin(self):
        try:
            self.rpc.call(begin={})
        except card_rpc.Refused:
            return False
        self.rpc.call(abort={})
        return True


class Changes(CardTest):
    def test_that_name_what_is_not_there_are_refused(self):
        self.refuse_changes(session("new", 5, filter_name="nope"), NOT_FOUND, 'session "new"', "filter", ("nope",))
        self.refuse_changes(session("new", 5, target_name="nope"), NOT_FOUND, 'session "new"', "target", ("nope",))
        self.refuse_changes(session("new", 5, ["nope"]), NOT_FOUND, 'session "new"', words=("nope",))
        self.refuse_changes([{"remove": {"kind": "FILTER", "name": "nope"}}], NOT_FOUND, 'filter "nope"', change=1)
        patch = {"patch": {"rules": {"filter": "nope", "direction": "INBOUND", "remove": [1]}}}
        self.refuse_changes([patch], NOT_FOUND, 'filter "nope"', change=1)
        patch = {"patch": {"rules": {"filter": "web", "direction": "INBOUND", "remove": [77]}}}
        self.refuse_changes([filter_("new"), patch], NOT_FOUND, 'filter "web"', words=("77",), change=2)
        patch = {"patch": {"sources": {"session": "first", "remove": ["wire0"]}}}
        self.refuse_changes([patch], NOT_FOUND, 'session "first"', words=("wire0",), change=1)

    def test_that_take_away_what_is_used_are_refused_with_the_users(self):
        for kind, name, resource in (("FILTER", "web", 'filter "web"'), ("TARGET", "zeek", 'target "zeek"')):
            self.refuse_changes(
                [{"remove": {"kind": kind, "name": name}}], FAILED_PRECONDITION, resource, words=('session "first"',)
            )

    def test_that_hold_something_twice_are_refused(self):
        self.refuse_changes([filter_("new"), rules("new", [1, 1])], ALREADY_EXISTS, 'filter "new"', words=("rule 1",))
        self.refuse_changes(
            [filter_("new"), rules("new", range(1, 65)), rules("new", [64], index=1)],
            ALREADY_EXISTS, 'filter "new"', words=("rule 64",),
        )  # fmt: skip
        self.refuse_changes(
            session("new", 5, ["guest0", "guest0"]), (ALREADY_EXISTS, INVALID_ARGUMENT), 'session "new"', words=("guest0",)
        )
        self.refuse_changes(session("new", 1), ALREADY_EXISTS, words=('session "first"', 'session "new"'))
        patch = {"patch": {"sources": {"session": "first", "add": ["guest0"]}}}
        self.refuse_changes([patch], ALREADY_EXISTS, 'session "first"', words=("guest0",), change=1)

    def test_with_chunks_out_of_their_place_are_refused(self):
        self.refuse_changes([rules("web", [7], index=3)], INVALID_ARGUMENT, 'filter "web"', words=("chunk",))
        self.refuse_changes([filter_("new"), rules("new", [7], index=1)], INVALID_ARGUMENT, 'filter "new"')
        self.refuse_changes(
            [{"put": {"sources": {"session": "nope", "index": 0, "interfaces": ["guest0"]}}}],
            (NOT_FOUND, INVALID_ARGUMENT), 'session "nope"',
        )  # fmt: skip
        self.refuse_changes([{"put": {"header": {"format": 1}}}], INVALID_ARGUMENT)

    def test_with_values_that_can_not_be_are_refused_by_their_field(self):
        self.refuse_changes([filter_("web", description="x" * 257)], INVALID_ARGUMENT, words=("description",))
        self.refuse_changes([filter_("no name!")], INVALID_ARGUMENT, words=("name",))
        self.refuse_changes([filter_("x" * 64)], (INVALID_ARGUMENT, RESOURCE_EXHAUSTED), words=("name",))
        self.refuse_changes([filter_("web"), rules("web", [0])], INVALID_ARGUMENT, 'filter "web"', words=("number",))
        self.refuse_changes([filter_("web"), rules("web", [70_000])], INVALID_ARGUMENT, 'filter "web"', words=("65535",))
        self.refuse_changes(
            [filter_("web"), rules("web", [1], source_ports={"first": 9, "last": 3})],
            INVALID_ARGUMENT, 'filter "web"', words=("source_ports",),
        )  # fmt: skip
        self.refuse_changes([target("zeek", remote=b"\x0a\x09\x00")], INVALID_ARGUMENT, 'target "zeek"', words=("remote",))
        self.refuse_changes([target("zeek", ttl=300)], INVALID_ARGUMENT, 'target "zeek"', words=("ttl", "255"))
        tags = [{"key": f"k{n}", "value": "v"} for n in range(17)]
        self.refuse_changes([filter_("web", tags=tags)], INVALID_ARGUMENT, words=("tags", "16"))
        many = [{"number": n + 1, "action": "ACCEPT"} for n in range(65)]
        chunk = {"put": {"rules": {"filter": "web", "direction": "INBOUND", "index": 0, "rules": many}}}
        self.refuse_changes([filter_("web"), chunk], INVALID_ARGUMENT, words=("rules", "64"))

    def test_too_large_for_a_unit_are_refused(self):
        rule = {"number": 1, "action": "ACCEPT", "description": "x" * 128}
        rule |= {"vlan_ids": [{"first": n * 500, "last": n * 500 + 400} for n in range(8)]}
        big = [{**rule, "number": n + 1, "description": "ä" * 500} for n in range(40)]
        chunk = {"put": {"rules": {"filter": "web", "direction": "INBOUND", "index": 0, "rules": big}}}
        self.refuse_changes([filter_("web"), chunk], (INVALID_ARGUMENT, RESOURCE_EXHAUSTED))

    def test_behind_one_that_is_wrong_are_not_looked_at(self):
        changes = [filter_("one"), filter_("two"), {"remove": {"kind": "FILTER", "name": "nope"}}, filter_("three")]
        self.refuse_changes(changes, NOT_FOUND, 'filter "nope"', change=3)

    def test_of_a_dry_run_are_not_applied(self):
        self.assertTrue(self.rpc.commit([filter_("tried")], dry_run=True).dry_run)
        self.assert_unharmed()

    def test_of_nothing_are_no_new_generation_or_a_plain_one(self):
        """Whatever comes of it, the configuration is the same."""
        self.rpc.call(begin={})
        self.rpc.call(abort={})
        self.assert_unharmed()


class Limits(CardTest):
    MORE = LIMITS

    def exceed(self, changes, limit, value):
        self.refuse_changes(changes, RESOURCE_EXHAUSTED, words=(limit, str(value)))

    def test_are_named_with_their_value(self):
        self.exceed([filter_(f"f{n}") for n in range(3)], "filters", 3)
        self.exceed([target(f"t{n}", 20 + n) for n in range(3)], "targets", 3)
        self.exceed(
            [*session("a", 2, ["wire0"]), *session("b", 3, ["wire0"]), *session("c", 4, ["wire0"])], "sessions", 3
        )
        self.exceed([filter_("web"), rules("web", range(1, 7))], "rules_per_list", 5)
        self.exceed(
            [filter_("web"), rules("web", range(1, 6)), filter_("two"), rules("two", range(1, 5))], "rules", 8
        )
        self.exceed([*session("a", 2), *session("b", 3)], "sessions_per_source", 2)
        self.exceed(session("a", 2, ["guest0", "wire0", "analyser"]), "sources_per_session", 2)
        self.exceed(
            [*session("a", 2, ["guest0", "wire0"]), *session("b", 3, ["wire0", "analyser"])], "session_sources", 4
        )
        group = {"put": {"target": {"metadata": {"name": "g"}, "group": True}}}
        members = {"put": {"members": {"target": "g", "index": 0, "members": ["zeek", "a", "b"]}}}
        self.exceed([target("a", 21), group, members], "members_per_group", 2)

    def test_are_no_obstacle_up_to_their_value(self):
        committed = self.rpc.commit(
            [filter_("web"), rules("web", range(1, 6)), filter_("two"), rules("two", range(1, 4)), target("a", 21)],
            dry_run=True,
        )
        self.assertTrue(committed.dry_run)
        self.assert_unharmed()


class FlashFull(CardTest):
    MORE = SMALL_FLASH

    def test_refuses_what_does_not_fit_and_keeps_what_is_there(self):
        chunks = [filter_("large")]
        for index in range(60):
            numbers = range(index * 64 + 1, index * 64 + 65)
            chunks.append(rules("large", numbers, index, description=f"{index:0128}"))
        with self.assertRaises(card_rpc.Refused) as caught:
            self.rpc.commit(chunks)
        self.assert_error(caught.exception, RESOURCE_EXHAUSTED, words=("flash",))
        self.assert_unharmed()
        # What fits is taken still, again and again: old generations make room.
        for number in range(50):
            self.rpc.commit([filter_("web", description=f"version {number}"), rules("web", [1, 2])])
        self.rpc.commit([filter_("web"), rules("web", [1, 2])])
        units, generation = self.configuration(self.rpc)
        self.assertEqual(units, self.before[0])
        type(self).before = (units, generation)
        # And all of it is there after a power cut.
        self.card.kill()
        self.card.start()
        with self.card.rpc() as rpc:
            self.assertEqual(self.configuration(rpc), self.before)


if __name__ == "__main__":
    card_case.main()
