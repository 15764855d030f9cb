"""Ethernet frames of a few words each: what a case sends, no more."""

import ipaddress
import struct

GUEST, OUTSIDE = bytes.fromhex("020000000010"), bytes.fromhex("020000000020")
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58


def ethernet(payload, ether_type, vlan_id=None, source=GUEST, destination=OUTSIDE):
    tag = b"" if vlan_id is None else struct.pack("!HH", 0x8100, vlan_id)
    return destination + source + tag + struct.pack("!H", ether_type) + payload


def ip(source, destination, protocol, payload, vlan_id=None):
    """A frame of the addresses' family."""
    source, destination = ipaddress.ip_address(source), ipaddress.ip_address(destination)
    addresses = source.packed + destination.packed
    if source.version == 6:
        header = struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + addresses
        return ethernet(header + payload, 0x86DD, vlan_id)
    words = [0x4500, 20 + len(payload), 0, 0x4000, 64 << 8 | protocol, 0, *struct.unpack("!4H", addresses)]
    words[5] = 0xFFFF - sum(words) % 0xFFFF
    return ethernet(struct.pack("!10H", *words) + payload, 0x0800, vlan_id)


def tcp(source, source_port, destination, destination_port, payload=b"", vlan_id=None):
    segment = struct.pack("!HHIIHHHH", source_port, destination_port, 1, 1, 0x5018, 1024, 0, 0) + payload
    return ip(source, destination, TCP, segment, vlan_id)


def udp(source, source_port, destination, destination_port, payload=b"", vlan_id=None):
    datagram = struct.pack("!HHHH", source_port, destination_port, 8 + len(payload), 0) + payload
    return ip(source, destination, UDP, datagram, vlan_id)


def ping(source, destination, payload=b""):
    protocol, kind = (ICMPV6, 128) if ":" in source else (ICMP, 8)
    return ip(source, destination, protocol, struct.pack("!BBHHH", kind, 0, 0, 1, 1) + payload)


def datagrams(count, size=60, source="10.1.0.10", destination="198.51.100.7"):
    """`count` frames of `size` bytes (or more, for their headers), no two alike, in sixteen flows."""
    return [
        udp(source, 20000 + n % 16, destination, 9, struct.pack("!I", n) + bytes(max(0, size - 46))) for n in range(count)
    ]
