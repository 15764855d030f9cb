"""The control connection from Python: requests as they should be, and bytes that are none.

    with CardRpc(address, credentials) as card:
        card.call(begin={})
        card.call(edit={"changes": [...]})       # raises Refused, which has code, resource, field, reason, fix
        for snapshot in card.stream(watch={"interval_ms": 100, "count": 2}): ...
        card.send(b"\\x00\\x00\\x00\\x00")           # any bytes
"""

import atexit
import importlib
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass

from google.protobuf import json_format

PROTO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../proto")
MAX_FRAME_BYTES = 64 * 1024
SECONDS = 30  # far more than any answer takes

INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION, RESOURCE_EXHAUSTED, UNSUPPORTED = range(1, 7)
UNAVAILABLE, PERMISSION_DENIED, ABORTED, DATA_LOSS, INTERNAL = range(7, 12)


def _generated():
    """The contract's classes, made anew by protoc: nothing here is older than the contract."""
    folder = tempfile.mkdtemp(prefix="heliostat-proto-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    names = ["mirror", "board", "counters", "control"]
    subprocess.run(["protoc", f"-I{PROTO}", f"--python_out={folder}", *(f"{name}.proto" for name in names)], check=True)
    sys.path.insert(0, folder)
    return [importlib.import_module(f"{name}_pb2") for name in names]


mirror, board, counters, control = _generated()


@dataclass
class Credentials:
    """Files. Without certificate and key the client shows none."""

    ca: str
    certificate: str = ""
    key: str = ""
    server_name: str = ""


class Refused(Exception):
    """An Error of the card."""

    def __init__(self, error):
        super().__init__(f"{error.resource} {error.field}: {error.reason}; {error.fix} (code {error.code})")
        self.error = error
        self.code, self.resource, self.field = error.code, error.resource, error.field
        self.reason, self.fix, self.change = error.reason, error.fix, error.change


class Closed(Exception):
    """The card closed the connection."""


def request(number=0, **call):
    """A Request of one call: request(1, get={"kind": "SESSION", "name": "web"}); bytes are given as bytes."""
    made = control.Request(id=number)
    for name, fields in call.items():
        target = getattr(made, name)
        target.SetInParent()
        fill(target, fields)
    return made


def fill(message, fields):
    """Fields of a message from a dictionary; enum values by name."""
    if not isinstance(fields, dict):
        message.CopyFrom(fields)
        return message
    for name, value in fields.items():
        field = message.DESCRIPTOR.fields_by_name[name]
        if field.label == field.LABEL_REPEATED:
            for item in value:
                if field.message_type:
                    fill(getattr(message, name).add(), item)
                else:
                    getattr(message, name).append(_scalar(field, item))
        elif field.message_type:
            getattr(message, name).SetInParent()
            fill(getattr(message, name), value)
        else:
            setattr(message, name, _scalar(field, value))
    return message


def _scalar(field, value):
    return field.enum_type.values_by_name[value].number if field.enum_type and isinstance(value, str) else value


def as_dict(message):
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def frame(message):
    """A message, or bytes, behind its length."""
    body = message if isinstance(message, bytes) else message.SerializeToString()
    return struct.pack("!I", len(body)) + body


class CardRpc:
    """One connection. `address` is (host, port). With hello=False nothing has been said yet."""

    def __init__(self, address, credentials, hello=True, seconds=SECONDS):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(credentials.ca)
        context.check_hostname = bool(credentials.server_name)
        if credentials.certificate:
            context.load_cert_chain(credentials.certificate, credentials.key)
        self.number = 0
        plain = socket.create_connection(address, timeout=seconds)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket = context.wrap_socket(plain, server_hostname=credentials.server_name or None)
        except BaseException:
            plain.close()
            raise
        self.welcome = None
        if hello:
            self.welcome = self.call(hello={"oldest_version": 1, "newest_version": 1, "client": "card_rpc.py"}).welcome

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """The next Response. Raises Closed when there is none any more."""
        (length,) = struct.unpack("!I", self._read(4))
        if length > MAX_FRAME_BYTES:
            raise AssertionError(f"the card sent a frame of {length} bytes")
        return control.Response.FromString(self._read(length))

    def receive_or_closed(self):
        """The next Response, or None once the card has closed."""
        try:
            return self.receive()
        except Closed:
            return None

    def _read(self, length):
        data = b""
        while len(data) < length:
            try:
                piece = self.socket.recv(length - len(data))
            except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError) as gone:
                raise Closed(str(gone)) from gone
            if not piece:
                raise Closed(f"after {len(data)} of {length} bytes")
            data += piece
        return data

    def start(self, **call):
        """Sends a request and does not wait. Returns its id."""
        self.number += 1
        self.send(frame(request(self.number, **call)))
        return self.number

    def call(self, **call):
        """The one response to a request."""
        responses = list(self.stream(**call))
        if len(responses) != 1:
            raise AssertionError(f"{len(responses)} responses to {list(call)}")
        return responses[0]

    def stream(self, **call):
        """Every response to a request."""
        yield from self.responses(self.start(**call))

    def responses(self, number):
        while True:
            response = self.receive()
            if response.id != number:
                raise AssertionError(f"a response to {response.id} where one to {number} was due")
            if response.WhichOneof("result") == "error":
                raise Refused(response.error)
            yield response
            if not response.more:
                return

    def refusal(self, **call):
        """The Error that a request comes back with."""
        try:
            answers = list(self.stream(**call))
        except Refused as refused:
            return refused
        raise AssertionError(f"{list(call)} was not refused: {answers}")

    def items(self, **fields):
        """The Items of a List, and its ListEnd."""
        items, end = [], None
        for response in self.stream(list=fields):
            items.extend(response.items.items)
            if response.WhichOneof("result") == "list_end":
                end = response.list_end
        return items, end

    def commit(self, changes, expected_generation=0, **fields):
        """Begin, edits of a frame each, commit. Returns Committed."""
        self.call(begin={"expected_generation": expected_generation})
        batch = []
        for change in changes:
            made = fill(control.Change(), change)
            if batch and sum(one.ByteSize() + 8 for one in batch) + made.ByteSize() > MAX_FRAME_BYTES - 1024:
                self.call(edit={"changes": batch})
                batch = []
            batch.append(made)
        if batch:
            self.call(edit={"changes": batch})
        return self.call(commit=fields).committed


def changes_of(config):
    """The stream of units that `helioctl compile` wrote, as changes that put them."""
    changes, at = [], 0
    while at < len(config):
        length, shift = 0, 0
        while True:
            byte = config[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        unit = mirror.Unit.FromString(config[at : at + length])
        at += length
        if unit.WhichOneof("kind") != "header":
            changes.append({"put": unit})
    return changes
