"""What two hosts say to each other, by the kernel's own stack. Bounded in count and time.

    live_exchange.py answer            prints "ready", answers until its standard input is closed
    live_exchange.py ask IPV4 IPV6     asks the answering host and prints what was exchanged, as JSON
    live_exchange.py tag FROM TO       sends tagged frames from one MAC address to the other, by eth0
"""

import hashlib
import json
import os
import random
import socket
import struct
import sys
import threading

PORT = 7007
SECONDS = 60  # of patience with one answer; far more than any takes
BULK_BYTES = 400_000
SMALL_BYTES = (1, 100, 1_448, 1_449, 6_000)
DATAGRAM_BYTES = (0, 1, 17, 18, 512, 1_400, 1_452, 1_472, 1_473, 3_000)  # the last of them in fragments
ECHO_BYTES = (0, 1, 56, 1_400, 1_472, 4_000)
TRIES = 5
# Tags and bytes: 1518 is the longest that an MTU of 1500 lets through, with an 802.1Q tag.
TAGGED_FRAMES = (
    ((0x81006123,), 60),
    ((0x81000000,), 64),
    ((0x81000FFE,), 1_518),
    ((0x88A80007,), 64),
    ((0x88A8E064,), 1_514),
    ((0x88A80064, 0x81000065), 68),
    ((0x88A80064, 0x81000065), 1_514),
    ((0x81000064, 0x81000065), 200),
)
EXPERIMENTAL = 0x88B5  # an EtherType that no host answers (IEEE 802)
ECHO_REQUEST = {socket.AF_INET: 8, socket.AF_INET6: 128}
ECHO_REPLY = {socket.AF_INET: 0, socket.AF_INET6: 129}


class Wrong(Exception):
    """An answer that is not what was asked for."""


def read_all(connection):
    return b"".join(iter(lambda: connection.recv(65536), b""))


def answer_connection(connection):
    with connection:
        connection.settimeout(SECONDS)
        data = read_all(connection)
        connection.sendall(hashlib.sha256(data).digest() + data)


def answer_tcp(listener):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer_connection, args=(connection,), daemon=True).start()


def answer_udp(datagrams):
    while True:
        data, peer = datagrams.recvfrom(65536)
        datagrams.sendto(data, peer)


def answer():
    listener = socket.create_server(("::", PORT), family=socket.AF_INET6, dualstack_ipv6=True)
    datagrams = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    datagrams.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    datagrams.bind(("::", PORT))
    threading.Thread(target=answer_tcp, args=(listener,), daemon=True).start()
    threading.Thread(target=answer_udp, args=(datagrams,), daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()


def ask_tcp(address, data):
    with socket.create_connection((address, PORT), timeout=SECONDS) as connection:
        # Sending and receiving take turns by themselves: the other side answers when it has everything.
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answered = read_all(connection)
    digest = hashlib.sha256(data).digest()
    if answered[:32] != digest or hashlib.sha256(answered[32:]).digest() != digest:
        raise Wrong(f"TCP to {address}: {len(data)} bytes came back altered, as {len(answered) - 32} bytes")


def ask_again(send, receive, what):
    """Datagrams may be lost when the machine is busy: a few tries, each waits a while."""
    for _ in range(TRIES):
        send()
        try:
            return receive()
        except TimeoutError:
            continue
    raise Wrong(f"{what}: no answer")


def ask_udp(address, family, data):
    with socket.socket(family, socket.SOCK_DGRAM) as datagrams:
        datagrams.settimeout(SECONDS / TRIES)
        datagrams.connect((address, PORT))
        what = f"UDP to {address}, {len(data)} bytes"
        answered = ask_again(lambda: datagrams.send(data), lambda: datagrams.recv(65536), what)
    if answered != data:
        raise Wrong(f"UDP to {address}: {len(data)} bytes came back altered")


def checksum(data):
    data += b"\0" * (len(data) % 2)
    return 0xFFFF - (int.from_bytes(data, "big") % 0xFFFF)


def ask_echo(address, family, sequence, data):
    protocol = socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6
    header = struct.pack("!BBHHH", ECHO_REQUEST[family], 0, 0, os.getpid() & 0xFFFF, sequence)
    if family == socket.AF_INET:  # of ICMPv6 the kernel fills it in
        header = header[:2] + struct.pack("!H", checksum(header + data)) + header[4:]
    with socket.socket(family, socket.SOCK_RAW, protocol) as raw:
        raw.settimeout(SECONDS / TRIES)
        raw.connect((address, 0))

        def receive():
            while True:
                packet = raw.recv(65536)
                packet = packet[20:] if family == socket.AF_INET else packet
                if packet[0] == ECHO_REPLY[family] and packet[4:8] == header[4:8]:
                    return packet[8:]

        if ask_again(lambda: raw.send(header + data), receive, f"ICMP echo to {address}") != data:
            raise Wrong(f"ICMP echo to {address}: {len(data)} bytes came back altered")


def ask(ipv4, ipv6):
    generator = random.Random(1)
    for address, family in ((ipv4, socket.AF_INET), (ipv6, socket.AF_INET6)):
        ask_tcp(address, generator.randbytes(BULK_BYTES))
        for size in SMALL_BYTES:
            ask_tcp(address, generator.randbytes(size))
        for size in DATAGRAM_BYTES:
            ask_udp(address, family, generator.randbytes(size))
        for sequence, size in enumerate(ECHO_BYTES):
            ask_echo(address, family, sequence, generator.randbytes(size))
    tally = {
        "TCP connections": 1 + len(SMALL_BYTES),
        "TCP bytes each way": BULK_BYTES + sum(SMALL_BYTES),
        "UDP datagrams each way": len(DATAGRAM_BYTES),
        "ICMP echoes": len(ECHO_BYTES),
    }
    print(json.dumps(tally))


def tag(source, destination):
    addresses = bytes.fromhex((destination + source).replace(":", ""))
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind(("eth0", 0))
        for tags, size in TAGGED_FRAMES:
            start = addresses + b"".join(struct.pack("!I", one) for one in tags) + struct.pack("!H", EXPERIMENTAL)
            wire.send((start + bytes(range(256)) * 6)[:size])


if __name__ == "__main__":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # see live_network: one processor, one order
    if sys.argv[1:] == ["answer"]:
        answer()
    elif len(sys.argv) == 4 and sys.argv[1] == "tag":
        tag(*sys.argv[2:])
    elif len(sys.argv) == 4 and sys.argv[1] == "ask":
        try:
            ask(*sys.argv[2:])
        except (Wrong, OSError) as error:
            sys.exit(str(error))
    else:
        sys.exit(__doc__)
