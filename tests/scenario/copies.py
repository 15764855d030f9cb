"""A decoder of the outer headers of copies, written from the formats and not from the firmware.

VXLAN RFC 7348, GENEVE RFC 8926, GRE RFC 2784/2890, ERSPAN I, II, III draft-foschiano-erspan-03. Everything that the
formats leave no choice in is checked here; what depends on a configuration is handed to the caller.
"""

import ipaddress
import struct
from dataclasses import dataclass

TAG_TYPES = (0x8100, 0x88A8, 0x9100)
VXLAN_PORT, GENEVE_PORT = 4789, 6081


class Malformed(Exception):
    """A copy whose outer headers contradict themselves or their format."""


@dataclass(slots=True)
class Copy:
    kind: str = ""  # vxlan, geneve, erspan1, erspan2, erspan3
    destination_mac: bytes = b""
    vlan_id: int = None  # of the outer tag
    source: str = ""
    destination: str = ""
    ttl: int = 0
    dscp: int = 0
    source_port: int = 0
    udp_checksum: int = 0
    tunnel_id: int = None  # VNI or session ID
    sequence: int = None
    vlan: int = 0  # ERSPAN II, III
    cos: int = 0
    en: int = 0
    bso: int = 0
    truncated: bool = False
    index: int = 0  # ERSPAN II
    timestamp: int = 0  # ERSPAN III
    hardware_id: int = 0
    outbound_bit: bool = False
    granularity: int = 0
    subheader: bytes = b""
    options: list = None  # GENEVE: (class, type, bytes)
    overhead: int = 0  # bytes of the outer IP packet in front of the inner frame
    inner: bytes = b""


def need(condition, what):
    if not condition:
        raise Malformed(what)


def ones_complement(data):
    """The folded 16-bit one's complement sum; 0xffff for what carries a right checksum."""
    if len(data) % 2:
        data += b"\0"
    # 2**16 = 1 modulo 2**16 - 1, so the sum of all words is the whole number modulo 0xffff.
    return int.from_bytes(data, "big") % 0xFFFF or (0xFFFF if any(data) else 0)


def decode(frame):
    need(len(frame) >= 34, "shorter than Ethernet and IP")
    copy = Copy(destination_mac=frame[:6])
    ether_type, at = int.from_bytes(frame[12:14], "big"), 14
    if ether_type == 0x8100:
        tci, ether_type = struct.unpack_from("!HH", frame, 14)
        copy.vlan_id, at = tci & 0xFFF, 18
        need(tci >> 12 == 0, f"the outer tag has priority or DEI: {tci:#06x}")
    start = at
    if ether_type == 0x0800:
        protocol, at = decode_ipv4(copy, frame, at)
    elif ether_type == 0x86DD:
        protocol, at = decode_ipv6(copy, frame, at)
    else:
        raise Malformed(f"EtherType {ether_type:#06x} is not IP")
    if protocol == 17:
        at = decode_udp(copy, frame, start, at, ether_type == 0x86DD)
    else:
        need(protocol == 47, f"IP protocol {protocol} is neither UDP nor GRE")
        at = decode_gre(copy, frame, at)
    copy.overhead = at - start
    copy.inner = frame[at:]
    return copy


def decode_ipv4(copy, frame, at):
    first, tos, length, identification, fragment, copy.ttl, protocol = struct.unpack_from("!BBHHHBB", frame, at)
    need(first == 0x45, f"IPv4 version and header length are {first:#x}")
    need(length == len(frame) - at, f"IPv4 total length {length}, but {len(frame) - at} bytes are there")
    need(identification == 0, f"IPv4 identification is {identification}, not 0")
    need(fragment == 0x4000, f"IPv4 flags and offset are {fragment:#06x}, not DF alone")
    need(ones_complement(frame[at : at + 20]) == 0xFFFF, "the IPv4 header checksum is wrong")
    copy.dscp = tos >> 2
    need(tos & 3 == 0, "IPv4 ECN is not 0")
    copy.source = str(ipaddress.IPv4Address(frame[at + 12 : at + 16]))
    copy.destination = str(ipaddress.IPv4Address(frame[at + 16 : at + 20]))
    return protocol, at + 20


def decode_ipv6(copy, frame, at):
    need(len(frame) >= at + 40, "shorter than its IPv6 header")
    word, length, protocol, copy.ttl = struct.unpack_from("!IHBB", frame, at)
    need(word >> 28 == 6, f"IPv6 version is {word >> 28}")
    need(length == len(frame) - at - 40, f"IPv6 payload length {length}, but {len(frame) - at - 40} bytes are there")
    copy.dscp = word >> 22 & 0x3F
    copy.source = str(ipaddress.IPv6Address(frame[at + 8 : at + 24]))
    copy.destination = str(ipaddress.IPv6Address(frame[at + 24 : at + 40]))
    return protocol, at + 40


def decode_udp(copy, frame, ip, at, ipv6):
    need(len(frame) >= at + 16, "shorter than UDP and its tunnel header")
    copy.source_port, port, length, copy.udp_checksum = struct.unpack_from("!HHHH", frame, at)
    need(length == len(frame) - at, f"UDP length {length}, but {len(frame) - at} bytes are there")
    if copy.udp_checksum:
        addresses = frame[ip + 8 : ip + 40] if ipv6 else frame[ip + 12 : ip + 20]
        pseudo = addresses + struct.pack("!IHH", length, 0, 17)
        need(ones_complement(pseudo + frame[at:]) == 0xFFFF, "the UDP checksum is wrong")
    at += 8
    word, identifier = struct.unpack_from("!II", frame, at)
    copy.tunnel_id = identifier >> 8
    need(identifier & 0xFF == 0, "the reserved byte behind the VNI is not 0")
    if port == VXLAN_PORT:
        copy.kind = "vxlan"
        need(word == 0x08000000, f"VXLAN flags are {word:#010x}")
        return at + 8
    need(port == GENEVE_PORT, f"UDP destination port {port} is neither VXLAN nor GENEVE")
    copy.kind = "geneve"
    return decode_geneve(copy, frame, at, word)


def decode_geneve(copy, frame, at, word):
    need(word & 0xFFFF == 0x6558, f"GENEVE protocol type is {word & 0xffff:#06x}")
    need(word >> 30 == 0 and word >> 16 & 0xFF in (0, 0x40), f"GENEVE version and flags are {word >> 16:#06x}")
    end = at + 8 + (word >> 24 & 0x3F) * 4
    need(end <= len(frame), "GENEVE options reach past the frame")
    at += 8
    copy.options = []
    while at < end:
        option_class, option_type, length = struct.unpack_from("!HBB", frame, at)
        size = 4 + (length & 0x1F) * 4
        need(at + size <= end, "a GENEVE option reaches past the options")
        copy.options.append((option_class, option_type, frame[at + 4 : at + size]))
        at += size
    return end


def decode_gre(copy, frame, at):
    need(len(frame) >= at + 4, "shorter than its GRE header")
    flags, protocol = struct.unpack_from("!HH", frame, at)
    at += 4
    if flags == 0 and protocol == 0x88BE:
        copy.kind = "erspan1"
        return at
    need(flags == 0x1000, f"GRE flags are {flags:#06x}")
    kinds = {0x88BE: ("erspan2", 1, 8), 0x22EB: ("erspan3", 2, 12)}
    need(protocol in kinds, f"GRE protocol {protocol:#06x} is not ERSPAN")
    copy.kind, version, size = kinds[protocol]
    need(len(frame) >= at + 4 + size, "shorter than its ERSPAN header")
    copy.sequence, word = struct.unpack_from("!II", frame, at)
    at += 4
    need(word >> 28 == version, f"ERSPAN version is {word >> 28}")
    copy.vlan, copy.cos, copy.tunnel_id = word >> 16 & 0xFFF, word >> 13 & 7, word & 0x3FF
    copy.truncated = bool(word >> 10 & 1)
    if copy.kind == "erspan2":
        copy.en = word >> 11 & 3
        (second,) = struct.unpack_from("!I", frame, at + 4)
        need(second >> 20 == 0, "ERSPAN II reserved bits are not 0")
        copy.index = second & 0xFFFFF
        return at + 8
    return decode_erspan3(copy, frame, at, word)


def decode_erspan3(copy, frame, at, word):
    copy.bso = word >> 11 & 3
    copy.timestamp, group_tag, tail = struct.unpack_from("!IHH", frame, at + 4)
    need(group_tag == 0, "ERSPAN III security group tag is not 0")
    need(tail >> 15 == 1, "ERSPAN III P is not 1")
    need(tail >> 10 & 0x1F == 0, f"ERSPAN III frame type is {tail >> 10 & 0x1f}, not Ethernet")
    copy.hardware_id, copy.outbound_bit = tail >> 4 & 0x3F, bool(tail >> 3 & 1)
    copy.granularity = tail >> 1 & 3
    at += 12
    if tail & 1:
        need(len(frame) >= at + 8, "the ERSPAN III subheader is cut off")
        copy.subheader = frame[at : at + 8]
        at += 8
    return at


def outermost_tag(frame):
    """The TCI of the outermost whole tag, else None."""
    if len(frame) >= 16 and int.from_bytes(frame[12:14], "big") in TAG_TYPES:
        return int.from_bytes(frame[14:16], "big")
    return None
