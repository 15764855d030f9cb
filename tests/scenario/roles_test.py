#!/usr/bin/python3
"""Who may do what, over the wire with a certificate of each role: roles_test.py FIRMWARE HELIOCTL.

The tables here are written from the description of the roles, not from the card's code.
"""

import shutil
import tempfile
import time
import unittest

import card_case
import card_rpc
from card_case import PROGRAMS
from controlled_card import Authority, ControlledCard, board_without_frames

# Role -> the requests that are answered; every other is refused with kPermissionDenied.
VIEWER = {"hello", "get_info", "get", "list", "watch", "list_generations", "get_trust"}
OPERATOR = VIEWER | {"begin", "edit", "commit", "abort", "confirm", "rollback", "get_audit"}
FLASHER = {"hello", "get_info", "list_generations", "get_trust"}
ADMIN = OPERATOR | {"set_trust", "set_time"}
TABLE = {"viewer": VIEWER, "operator": OPERATOR, "flasher": FLASHER, "admin": ADMIN}

# A call of each kind that changes nothing, whoever makes it.
CALLS = {
    "get_info": {},
    "begin": {},
    "edit": {"changes": []},
    "abort": {},
    "commit": {"dry_run": True},
    "confirm": {"generation": 12345},
    "rollback": {"generation": 12345, "dry_run": True},
    "list_generations": {},
    "get": {"kind": "INTERFACE", "name": "guest0"},
    "list": {"kind": "SESSION"},
    "watch": {"interval_ms": 100, "count": 1, "states": True, "counters": True},
    "get_audit": {},
    "set_trust": {"ca": b"nonsense"},
    "get_trust": {},
    "set_time": {"time_ns": 1},
    "hello": {"oldest_version": 1, "newest_version": 1, "client": "again"},
}


def metadata(name, owner=""):
    return {"name": name, "owner": owner}


def interface(name, owner):
    return {"put": {"interface": {"name": name, "owner": owner}}}


def target(name, owner="", shared_with=(), last=2):
    return {
        "put": {
            "target": {
                "metadata": metadata(name, owner),
                "remote": bytes([10, 9, 0, last]),
                "encapsulation": "VXLAN",
                "shared_with": list(shared_with),
            }
        }
    }


def filter_(name, owner="", description=""):
    return {"put": {"filter": {"metadata": {**metadata(name, owner), "description": description}}}}


def session(name, owner, number, source, filter_name, target_name, disabled=False):
    """Its header and its sources."""
    header = {
        "metadata": metadata(name, owner),
        "number": number,
        "filter": filter_name,
        "target": target_name,
        "disabled": disabled,
    }
    return [{"put": {"session": header}}, {"put": {"sources": {"session": name, "interfaces": [source]}}}]


def remove(kind, name):
    return {"remove": {"kind": kind, "name": name}}


def underlay(last_octet=1):
    prefix = {"address": bytes([10, 9, 0, last_octet]), "length": 24}
    neighbours = [{"address": bytes([10, 9, 0, last]), "mac": bytes([2, 0, 0, 0, 9, last])} for last in range(2, 10)]
    return {"put": {"underlay": {"interface": "analyser", "addresses": [prefix], "neighbours": neighbours}}}


# guest0 is blue's, wire0 is red's, analyser is the admin's.
BASE = [
    interface("guest0", "blue"),
    interface("wire0", "red"),
    underlay(),
    target("blue-target", "blue"),
    target("red-target", "red", last=3),
    target("shared", "red", ["blue"], last=4),
    target("admin-target", last=5),
    filter_("blue-filter", "blue"),
    filter_("red-filter", "red"),
    filter_("admin-filter"),
    *session("blue-session", "blue", 10, "guest0", "blue-filter", "blue-target"),
    *session("red-session", "red", 20, "wire0", "red-filter", "red-target"),
]

# What the operator of blue tries -> None when it is allowed, else what the refusal names.
AS_BLUE = {
    "make a filter of blue": ([filter_("new", "blue")], None),
    "make a target of blue": ([target("new", "blue", last=9)], None),
    "make a session of blue": (session("new", "blue", 11, "guest0", "blue-filter", "blue-target"), None),
    "change a filter of blue": ([filter_("blue-filter", "blue", "changed")], None),
    "remove a session of blue": ([remove("SESSION", "blue-session")], None),
    "use a target that is shared with blue": (session("new", "blue", 11, "guest0", "blue-filter", "shared"), None),
    "use a filter of the admin": (session("new", "blue", 11, "guest0", "admin-filter", "blue-target"), None),
    "share a target of blue": ([target("blue-target", "blue", ["red"])], None),
    "make a filter of red": ([filter_("new", "red")], 'filter "new"'),
    "make a filter of the admin": ([filter_("new")], 'filter "new"'),
    "make a target of red": ([target("new", "red", last=9)], 'target "new"'),
    "make a session of red": (session("new", "red", 21, "wire0", "red-filter", "red-target"), 'session "new"'),
    "change a filter of red": ([filter_("red-filter", "red", "changed")], 'filter "red-filter"'),
    "change a filter of the admin": ([filter_("admin-filter", "", "changed")], 'filter "admin-filter"'),
    "take a filter from red": ([filter_("red-filter", "blue")], 'filter "red-filter"'),
    "give a filter to red": ([filter_("blue-filter", "red")], 'filter "blue-filter"'),
    "give a filter to the admin": ([filter_("blue-filter")], 'filter "blue-filter"'),
    "change a target that is only shared": ([target("shared", "red", ["blue", "green"], last=4)], 'target "shared"'),
    "remove a session of red": ([remove("SESSION", "red-session")], 'session "red-session"'),
    "remove a target of the admin": ([remove("TARGET", "admin-target")], 'target "admin-target"'),
    "mirror an interface of red": (session("new", "blue", 11, "wire0", "blue-filter", "blue-target"), 'session "new"'),
    "mirror an interface of the admin": (
        session("new", "blue", 11, "analyser", "blue-filter", "blue-target"),
        'session "new"',
    ),
    "use a target of red that is not shared": (
        session("new", "blue", 11, "guest0", "blue-filter", "red-target"),
        'session "new"',
    ),
    "use a target of the admin": (session("new", "blue", 11, "guest0", "blue-filter", "admin-target"), 'session "new"'),
    "use a filter of red": (session("new", "blue", 11, "guest0", "red-filter", "blue-target"), 'session "new"'),
    "use a VLAN ID of everyone's": (
        [{"put": {"target": {"metadata": metadata("new", "blue"), "interface": "analyser", "vlan_id": 200}}}],
        'target "new"',
    ),
    "own an interface": ([interface("analyser", "blue")], 'interface "analyser"'),
    "change its own interface": ([interface("guest0", "blue"), interface("wire0", "blue")], 'interface "wire0"'),
    "tag its own interface": (
        [{"put": {"interface": {"name": "guest0", "owner": "blue", "tags": [{"key": "a", "value": "b"}]}}}],
        'interface "guest0"',
    ),
    "change an underlay": ([underlay(7)], 'underlay "analyser"'),
    "remove an underlay": ([remove("UNDERLAY", "analyser")], 'underlay "analyser"'),
    "hide it among what is allowed": (
        [filter_("new", "blue"), filter_("red-filter", "red", "changed"), filter_("newer", "blue")],
        'filter "red-filter"',
    ),
}


class Roles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="heliostat-roles-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.authority = Authority(PROGRAMS["helioctl"], cls.folder)
        for role in ("viewer", "flasher"):
            cls.authority.issue(role, role)
        cls.authority.issue("operator", "blue", "--owner", "blue")
        cls.authority.issue("operator", "red", "--owner", "red")
        cls.users = {"viewer": "viewer", "operator": "blue", "flasher": "flasher", "admin": "admin"}
        board = board_without_frames(PROGRAMS["helioctl"], cls.folder)
        cls.card = ControlledCard(PROGRAMS["firmware"], cls.authority, cls.folder, board=board)
        cls.card.start()
        cls.addClassCleanup(cls.card.close)
        with cls.card.rpc() as admin:
            admin.commit(BASE)

    def generation(self):
        with self.card.rpc() as admin:
            return admin.call(get_info={}).info.generation

    # --- Role and request ---

    def test_table_names_every_request(self):
        self.assertEqual(set(CALLS), {field.name for field in card_rpc.control.Request.DESCRIPTOR.fields} - {"id"})

    def test_welcome_says_who_one_is(self):
        for role, user in self.users.items():
            with self.card.rpc(user) as rpc:
                owner = "blue" if role == "operator" else ""
                self.assertEqual((rpc.welcome.user, rpc.welcome.owner), (user, owner))
                self.assertEqual(card_rpc.control.Role.Name(rpc.welcome.role), role.upper())

    def test_each_role_is_answered_what_the_table_says_and_nothing_else(self):
        before = self.generation()
        for role, allowed in TABLE.items():
            with self.card.rpc(self.users[role]) as rpc:
                for call, fields in CALLS.items():
                    with self.subTest(role=role, call=call):
                        self.assertEqual(self.answered(rpc, role, call, fields), call in allowed)
                        # Refused or not, the connection goes on.
                        self.assertEqual(rpc.call(get_info={}).info.card, "card0")
                rpc.call(get_info={})
        self.assertEqual(self.generation(), before)

    def answered(self, rpc, role, call, fields):
        try:
            for _ in rpc.stream(**{call: fields}):
                pass
        except card_rpc.Refused as refused:
            if refused.code != card_rpc.PERMISSION_DENIED:
                return True  # it was looked at, and is wrong for another reason
            self.assertIn(role, refused.reason)
            self.assertTrue(refused.fix)
            return False
        return True

    # --- Owners ---

    def attempt(self, user, changes):
        """As `user`, without storing it. None, or the refusal."""
        with self.card.rpc(user) as rpc:
            try:
                rpc.commit(changes, dry_run=True)
            except card_rpc.Refused as refused:
                self.assertEqual(rpc.call(get_info={}).info.card, "card0")
                return refused
        return None

    def test_an_operator_changes_what_is_its_owners_and_nothing_else(self):
        for what, (changes, names) in AS_BLUE.items():
            with self.subTest(what):
                refused = self.attempt("blue", changes)
                if names is None:
                    self.assertIsNone(refused, refused)
                    continue
                self.assertIsNotNone(refused, "was allowed")
                self.assertEqual(refused.code, card_rpc.PERMISSION_DENIED, refused)
                self.assertEqual(refused.resource, names)
                self.assertTrue(refused.reason and refused.fix)

    def test_an_admin_may_do_all_of_it(self):
        for what, (changes, _) in AS_BLUE.items():
            if what in ("remove a target of the admin", "remove an underlay"):
                continue  # in use or not, that is another matter
            with self.subTest(what):
                refused = self.attempt("admin", changes)
                # Ownership binds sessions whoever made them; a role is never the reason.
                self.assertTrue(refused is None or refused.code != card_rpc.PERMISSION_DENIED or what.startswith(
                    ("mirror", "use")), refused)  # fmt: skip

    def test_a_viewer_changes_nothing(self):
        self.assertEqual(self.attempt("viewer", [filter_("new", "blue")]).code, card_rpc.PERMISSION_DENIED)

    def test_an_operator_does_not_undo_what_others_did(self):
        with self.card.rpc() as admin:
            before = admin.call(get_info={}).info.generation
            admin.commit([filter_("red-filter", "red", "changed since")])
        with self.card.rpc("blue") as blue:
            refused = blue.refusal(rollback={"generation": before, "dry_run": True})
            self.assertEqual((refused.code, refused.resource), (card_rpc.PERMISSION_DENIED, 'filter "red-filter"'))
        with self.card.rpc("red") as red:
            self.assertTrue(red.call(rollback={"generation": before, "dry_run": True}).committed.dry_run)

    def test_an_operator_does_not_end_the_transaction_of_another(self):
        with self.card.rpc("red") as red, self.card.rpc("blue") as blue:
            red.call(begin={})
            self.assertEqual(blue.refusal(begin={}).code, card_rpc.UNAVAILABLE)
            for call, fields in (("abort", {}), ("edit", {"changes": []}), ("commit", {})):
                self.assertEqual(blue.refusal(**{call: fields}).code, card_rpc.FAILED_PRECONDITION)
            red.call(edit={"changes": [filter_("red-filter", "red", "mine")]})
            red.call(abort={})

    def test_what_was_done_is_in_the_audit_log_with_who_did_it(self):
        with self.card.rpc("blue") as blue:
            blue.commit([filter_("audited", "blue")], comment="of blue")
        with self.card.rpc() as admin:
            record = [record for response in admin.stream(get_audit={}) for record in response.audit.records][-1]
        self.assertEqual((record.user, record.owner, record.comment), ("blue", "blue", "of blue"))
        self.assertEqual(record.role, card_rpc.control.OPERATOR)

    def test_a_share_that_is_taken_back_leaves_the_session_inactive_with_the_reason(self):
        with self.card.rpc("blue") as blue:
            blue.commit(session("sharing", "blue", 12, "guest0", "blue-filter", "shared"))
        with self.card.rpc("red") as red:
            self.wait_for_state(red, "sharing", active=True)
            red.commit([target("shared", "red", last=4)])
            self.assertIn("shared", self.wait_for_state(red, "sharing", active=False).reason)
            red.commit([target("shared", "red", ["blue"], last=4)])
            self.wait_for_state(red, "sharing", active=True)

    def wait_for_state(self, rpc, name, active):
        late = time.monotonic() + 30
        while True:
            (item, *_), _ = rpc.items(kind="SESSION", name=name)
            if item.session.active == active:
                return item.session
            self.assertLess(time.monotonic(), late, item)


if __name__ == "__main__":
    card_case.main()
