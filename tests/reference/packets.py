"""Frames built field by field: on the edges of rules, like and almost like the card's own copies, cut, lying, odd."""
import struct

TPIDS = (0x8100, 0x88A8, 0x9100)
EXTENSION_HEADERS = (0, 43, 44, 51, 60, 135)
BITS = {4: 32, 6: 128}
PROTOCOLS = (1, 2, 6, 6, 17, 17, 47, 50, 58, 132, 59, 255)
INTERESTING_PORTS = (0, 22, 53, 67, 68, 80, 123, 443, 546, 547, 1688, 4789, 6081, 65535)
TUNNEL_PORTS = {'vxlan': 4789, 'geneve': 6081}
# A rule's `fragment` -> the parts of a packet that it matches.
PARTS = {'no': ('whole', 'atomic'), 'first': ('first',), 'later': ('middle', 'last'), 'any': ('first', 'middle', 'last')}


class Packet:
    """What a frame will be made of; None: drawn by chance."""

    def __init__(self):
        self.destination_mac = None
        self.source_mac = None
        self.tags = []  # (TPID, TCI)
        self.ether_type = None
        self.family = None  # 4, 6, or 0: no IP
        self.source = None
        self.destination = None
        self.dscp = None
        self.protocol = None
        self.source_port = None
        self.destination_port = None
        self.icmp_type = None
        self.icmp_code = None
        self.tcp_flags = None
        self.extension_headers = []  # (number, bytes after the next-header field)
        self.part = None  # whole, first, middle, last, or atomic: a fragment header on a whole packet
        self.fragment = 0  # IPv4's flags and offset
        self.options = b''  # IPv4's
        self.header_words = None  # IPv4's IHL where it lies
        self.ip_version = None  # where it lies
        self.layer4 = None  # the whole layer 4, where it is given


class Builder:
    def __init__(self, chance):
        self.chance = chance

    # ---- what to build

    def for_match(self, wanted):
        """A frame for a rule (or a service's name): all its fields inside, or one of them just outside."""
        packet = Packet()
        if isinstance(wanted, str):
            self.wish_service(packet, wanted)
        else:
            self.wish_rule(packet, wanted)
        return self.twist(packet)

    def anything(self):
        dice = self.chance.random()
        if dice < 0.15:
            return self.chance.randbytes(self.chance.randint(14, 120))
        if dice < 0.25:  # LLC, and the values between a length and a type
            length = self.chance.choice((0, 1, 46, 1500, 1501, 1535, 1536))
            return self.mac() + self.mac() + struct.pack('>H', length) + self.chance.randbytes(self.chance.randint(0, 60))
        return self.twist(Packet())

    def twist(self, packet):
        """Now and then something odd about the frame's shape."""
        self.settle(packet)
        self.make_part(packet)
        dice = self.chance.random()
        if dice < 0.25:
            self.add_tags(packet)
        dice = self.chance.random()
        if dice < 0.12:
            self.make_fragment(packet)
        elif dice < 0.40:
            self.add_extension_headers(packet)
        elif dice < 0.46:
            self.add_options(packet)
        elif dice < 0.48:
            packet.ip_version = self.chance.randrange(16)
        frame = self.frame(packet)
        return self.cut(packet, frame) if self.chance.random() < 0.15 else frame

    # ---- wishes

    def wish_rule(self, packet, rule):
        names = [name for name in ('protocol', 'source', 'destination', 'source_ports', 'destination_ports', 'icmp_type',
                                   'icmp_code', 'source_mac', 'destination_mac', 'vlan_ids', 'ether_type', 'dscp',
                                   'tcp_flags', 'fragment') if getattr(rule, name) is not None]
        miss = self.chance.choice(names) if names and self.chance.random() < 0.25 else None
        at = lambda name, first, last, bound: self.on_edge(first, last, bound, name == miss)
        for name in names:
            wanted = getattr(rule, name)
            if name in ('source', 'destination'):
                family, address, length = wanted
                packet.family = family
                last = address | (1 << BITS[family] - length) - 1
                setattr(packet, name, at(name, address, last, (1 << BITS[family]) - 1))
            elif name.endswith('_ports'):
                setattr(packet, name[:-1], at(name, *wanted, 65535))
            elif name.endswith('_mac'):
                address, mask = wanted
                mac = address & mask | self.chance.randrange(1 << 48) & ~mask
                setattr(packet, name, mac ^ (1 << self.chance.randrange(48) if name == miss else 0))
            elif name == 'vlan_ids':
                self.wish_vlan(packet, rule, name == miss)
            elif name == 'tcp_flags':
                value, mask = wanted
                flags = value & mask | self.chance.randrange(256) & ~mask
                packet.tcp_flags = flags ^ (1 << self.chance.randrange(8) if name == miss else 0)
            elif name == 'fragment':
                parts = [part for part in ('whole', 'atomic', 'first', 'middle', 'last')
                         if (part in PARTS[wanted]) != (name == miss)]
                packet.part = self.chance.choice(parts)
            else:
                bound = {'ether_type': 0xFFFF, 'dscp': 63}.get(name, 255)
                setattr(packet, name, at(name, wanted, wanted, bound))
        self.wish_protocol_of(packet, rule)

    def wish_protocol_of(self, packet, rule):
        if packet.protocol is None and (rule.source_ports or rule.destination_ports):
            packet.protocol = self.chance.choice((6, 17, 132))
        if packet.protocol is None and rule.tcp_flags is not None:
            packet.protocol = 6
        if packet.family is None and packet.protocol in (1, 58) and self.chance.random() < 0.9:
            packet.family = 4 if packet.protocol == 1 else 6
        if packet.family is None and packet.protocol in (0, 43, 44, 60, 135):
            packet.family = 6

    def wish_vlan(self, packet, rule, miss):
        tci = lambda vlan_id: self.chance.choice((0, 0x1000, 0xE000)) | vlan_id
        if rule.untagged and self.chance.random() < 0.5:
            if miss:
                packet.tags = [(self.chance.choice(TPIDS), tci(0))]
        elif rule.vlan_ids:
            vlan_id = self.on_edge(*self.chance.choice(rule.vlan_ids), 4095, miss)
            packet.tags = [(self.chance.choice(TPIDS), tci(vlan_id))]
            if self.chance.random() < 0.2:
                packet.tags.append((self.chance.choice(TPIDS), self.chance.randrange(65536)))

    def wish_service(self, packet, service):
        ports = {'dns': (53,), 'dhcp': (67, 68, 546, 547), 'ntp': (123,), 'activation': (1688,)}.get(service)
        side = self.chance.choice(('source', 'destination'))
        miss = 1 if self.chance.random() < 0.2 else 0
        if ports:
            packet.protocol = {'dns': self.chance.choice((6, 17)), 'activation': 6}.get(service, 17)
            if self.chance.random() < 0.05:
                packet.protocol = self.chance.choice((6, 17, 132))
            setattr(packet, side + '_port', self.chance.choice(ports) + miss * self.chance.choice((-1, 1)))
        if service == 'activation':
            packet.family = 4
            address_side = side if self.chance.random() < 0.8 else {'source': 'destination', 'destination': 'source'}[side]
            setattr(packet, address_side, self.chance.choice((0xA9FEA9FA, 0xA9FEA9FB, 0xA9FEA9F9, 0xA9FEA9FC)))
        if service == 'metadata':
            packet.family = self.chance.choice((4, 6))
            setattr(packet, side, {4: 0xA9FEA9FE, 6: 0xFD000EC2 << 96 | 0x254}[packet.family] + miss)
        if service == 'arp':
            if self.chance.random() < 0.5:
                packet.ether_type = 0x0806 + miss
            else:
                packet.family, packet.protocol = self.chance.choice((6, 6, 6, 4)), 58
                packet.icmp_type = self.chance.randint(132, 138)

    def on_edge(self, first, last, bound, outside):
        """The first, the last or one between; outside: just before the first or just behind the last."""
        if outside:
            return self.chance.choice(((first - 1) % (bound + 1), (last + 1) % (bound + 1)))
        return self.chance.choice((first, last, self.chance.randint(first, last)))

    # ---- the card's own copies

    def like_copy(self, copy):
        """A copy, or one with a single thing wrong."""
        family, source, destination, kind, tunnel_id = copy
        packet = Packet()
        packet.family, packet.source, packet.destination = family, source, destination
        wrong = self.chance.choice((None, None, None, 'id', 'source', 'destination', 'swapped', 'kind', 'port', 'fragment',
                                    'cut', 'protocol', 'header', 'tags', 'tunnel header'))
        if wrong == 'id' and tunnel_id is not None:
            tunnel_id = (tunnel_id ^ (1 << self.chance.randrange(24))) & (0xFFFFFF if kind in TUNNEL_PORTS else 0x3FF)
        elif wrong in ('source', 'destination'):
            setattr(packet, wrong, getattr(packet, wrong) ^ 1 << self.chance.randrange(BITS[family]))
        elif wrong == 'swapped':
            packet.source, packet.destination = destination, source
        elif wrong == 'kind':
            kind = self.chance.choice(('vxlan', 'geneve', 'erspan1', 'erspan2', 'erspan3'))
            tunnel_id = (tunnel_id or 0) & (0xFFFFFF if kind in TUNNEL_PORTS else 0x3FF)
        elif wrong == 'tags':
            self.add_tags(packet)
        packet.protocol = 17 if kind in TUNNEL_PORTS else 47
        inner = self.frame(self.settle(Packet()))
        tunnel = self.tunnel(kind, tunnel_id, wrong)
        if wrong == 'tunnel header':  # a bit of its first bytes: flags, versions, types
            at = self.chance.choice((8, 9, 10, 11) if kind in TUNNEL_PORTS else tuple(range(min(len(tunnel), 9))))
            tunnel = tunnel[:at] + bytes([tunnel[at] ^ 1 << self.chance.randrange(8)]) + tunnel[at + 1:]
        packet.layer4 = tunnel + inner
        if wrong == 'protocol':
            packet.protocol = self.chance.choice((6, 17, 47, 50))
        elif wrong == 'fragment':
            self.make_fragment(self.settle(packet))
        elif wrong == 'header':
            self.chance.choice((self.add_options, self.add_extension_headers))(self.settle(packet))
        frame = self.frame(self.settle(packet))
        if wrong == 'cut':
            outer = len(frame) - len(inner)
            return frame[:outer - self.chance.randint(0, 24)]
        return frame

    def tunnel(self, kind, tunnel_id, wrong):
        if kind in TUNNEL_PORTS:
            port = TUNNEL_PORTS[kind] + (self.chance.choice((-1, 1)) if wrong == 'port' else 0)
            udp = struct.pack('>HHHH', self.chance.randint(49152, 65535), port, self.chance.randrange(65536), 0)
            first = b'\x08\0\0\0' if kind == 'vxlan' else self.chance.choice((b'\0\0\x65\x58', b'\x02\0\x65\x58'))
            options = self.chance.randbytes(first[0] * 4 if kind == 'geneve' else 0)
            return udp + first + struct.pack('>I', tunnel_id << 8) + options
        if kind == 'erspan1':
            return bytes.fromhex('000088be')
        sequence = self.chance.randbytes(4)
        cos_to_session = struct.pack('>H', self.chance.randrange(64) << 10 | tunnel_id)
        if kind == 'erspan2':
            return bytes.fromhex('100088be') + sequence + b'\x10\x64' + cos_to_session + self.chance.randbytes(4)
        subheader = self.chance.random() < 0.3
        return (bytes.fromhex('100022eb') + sequence + b'\x20\x64' + cos_to_session + self.chance.randbytes(7) +
                (b'\x01' if subheader else b'\x00') + self.chance.randbytes(8 if subheader else 0))

    def tagged_like_copy(self, vlan_id):
        packet = self.settle(Packet())
        near = self.chance.choice((vlan_id, vlan_id, vlan_id + 1, vlan_id - 1))
        packet.tags = [(self.chance.choice(TPIDS), self.chance.choice((0, 0xF000)) | near)]
        if self.chance.random() < 0.3:
            packet.tags.insert(self.chance.randrange(2), (self.chance.choice(TPIDS), self.chance.randrange(65536)))
        frame = self.frame(packet)
        return frame[:self.chance.randint(14, 24)] if self.chance.random() < 0.2 else frame

    # ---- oddities

    def add_tags(self, packet):
        for _ in range(self.chance.choice((1, 1, 2, 3))):
            packet.tags.append((self.chance.choice(TPIDS), self.chance.randrange(65536)))

    def make_part(self, packet):
        if packet.part not in (None, 'whole'):
            offset = 0 if packet.part in ('atomic', 'first') else self.chance.choice((1, 185, 0x1FFF))
            self.set_fragment(packet, offset, packet.part in ('first', 'middle'))

    def make_fragment(self, packet):
        self.set_fragment(packet, self.chance.choice((0, 0, 1, 185, 0x1FFF)), self.chance.randrange(2))

    def set_fragment(self, packet, offset, more):
        if packet.family == 4:
            packet.fragment = self.chance.randrange(4) << 14 & 0xC000 | more << 13 | offset
        elif packet.family == 6:
            reserved = self.chance.choice((0, 0, 2, 4, 6))
            body = self.chance.randbytes(1) + struct.pack('>H', offset << 3 | reserved | more) + self.chance.randbytes(4)
            self.add_some_extension_headers(packet, self.chance.choice((0, 0, 0, 1, 2)))
            packet.extension_headers.append((44, body))
            self.add_some_extension_headers(packet, self.chance.choice((0, 0, 0, 1, 2)))

    def add_extension_headers(self, packet):
        if packet.family == 6:
            self.add_some_extension_headers(packet, self.chance.choice((1, 1, 1, 2, 2, 3, 7, 8, 9)))

    def add_some_extension_headers(self, packet, count):
        for _ in range(count):
            number = self.chance.choice(EXTENSION_HEADERS)
            if number == 44:  # an atomic fragment, else the walk would end here
                body = self.chance.randbytes(1) + b'\0\0' + self.chance.randbytes(4)
            else:
                # Lengths around 512 bytes together, and small ones.
                units = self.chance.choice((0, 0, 0, 0, 1, 1, 2, 7, 30, 31, 61, 62, 63, 64))
                if number == 51:
                    units = self.chance.choice((0, 1, 2, 3, 4, 124, 126, 127, 255))
                size = (units + 2) * 4 if number == 51 else (units + 1) * 8
                body = bytes([units]) + self.chance.randbytes(size - 2)
                if self.chance.random() < 0.03:
                    body = bytes([self.chance.randrange(256)]) + body[1:]  # a length that lies
            packet.extension_headers.append((number, body))

    def add_options(self, packet):
        words = self.chance.choice((0, 1, 2, 4, 5, 6, 7, 10, 15))
        packet.header_words = words
        if self.chance.random() < 0.8:
            packet.options = self.chance.randbytes(max(0, words - 5) * 4)

    def cut(self, packet, frame):
        """Cut anywhere, more often than not around where a header or a field of layer 4 ends."""
        if self.chance.random() < 0.3:
            return frame[:self.chance.randint(14, len(frame))]
        ends = [14 + 4 * tag for tag in range(len(packet.tags) + 1)]
        ends.append(ends[-1] + {4: 20 + len(packet.options), 6: 40, 0: 0}[packet.family])
        for _, body in packet.extension_headers:
            ends.append(ends[-1] + 1 + len(body))
        ends += [ends[-1] + field for field in (1, 2, 4, 14)]
        return frame[:max(14, self.chance.choice(ends) + self.chance.choice((-1, -1, 0, 1)))]

    # ---- bytes

    def mac(self, value=None):
        value = self.chance.choice((0x020000000001, self.chance.randrange(1 << 48))) if value is None else value
        return value.to_bytes(6, 'big')

    def settle(self, packet):
        """Draws what is not given and is needed to go on."""
        if packet.family is None:
            by_type = {0x0800: 4, 0x86DD: 6}
            if packet.ether_type is not None:
                packet.family = by_type.get(packet.ether_type, 0)
            elif packet.part == 'atomic':
                packet.family = 6
            elif packet.part is not None or packet.protocol is not None:
                packet.family = self.chance.choice((4, 6))
            else:
                packet.family = self.chance.choice((4, 4, 6, 6, 0))
        if packet.protocol is None:
            packet.protocol = self.chance.choice(PROTOCOLS)
        for name in ('source', 'destination'):
            if getattr(packet, name) is None and packet.family:
                interesting = {4: (0x0A000003, 0xA9FEA9FE, 0xFFFFFFFF, 0), 6: (0xFD00 << 112 | 3, 1, 0)}[packet.family]
                setattr(packet, name, self.chance.choice(interesting + (self.chance.randrange(1 << BITS[packet.family]),) * 4))
        return packet

    def frame(self, packet):
        ether_type = packet.ether_type
        if ether_type is None:
            ether_type = {4: 0x0800, 6: 0x86DD, 0: self.chance.choice((0x0806, 0x88CC, 0x0800, 0x86DD, 0x8847))}[packet.family]
        tags = b''.join(struct.pack('>HH', *tag) for tag in packet.tags)
        start = self.mac(packet.destination_mac) + self.mac(packet.source_mac) + tags + struct.pack('>H', ether_type)
        if packet.family == 0:
            return start + self.chance.randbytes(self.chance.randint(0, 60))
        layer4 = packet.layer4 if packet.layer4 is not None else self.layer4(packet)
        return start + (self.ipv4 if packet.family == 4 else self.ipv6)(packet, layer4)

    def ipv4(self, packet, layer4):
        words = packet.header_words if packet.header_words is not None else 5 + len(packet.options) // 4
        version = 4 if packet.ip_version is None else packet.ip_version
        return struct.pack('>BBHHHBBHII', version << 4 | words, self.traffic_class(packet),
                           self.length(20 + len(packet.options) + len(layer4)), self.chance.randrange(65536),
                           packet.fragment, 64, packet.protocol, 0, packet.source, packet.destination) + packet.options + layer4

    def ipv6(self, packet, layer4):
        version = 6 if packet.ip_version is None else packet.ip_version
        numbers = [number for number, _ in packet.extension_headers] + [packet.protocol]
        headers = b''.join(bytes([following]) + body
                           for (_, body), following in zip(packet.extension_headers, numbers[1:]))
        first = version << 28 | self.traffic_class(packet) << 20 | self.chance.randrange(1 << 20)
        return (struct.pack('>IHBB', first, self.length(len(headers) + len(layer4)), numbers[0], 64) +
                packet.source.to_bytes(16, 'big') + packet.destination.to_bytes(16, 'big') + headers + layer4)

    def traffic_class(self, packet):
        dscp = self.chance.choice((0, self.chance.randrange(64))) if packet.dscp is None else packet.dscp
        return dscp << 2 | self.chance.randrange(4)

    def length(self, true_length):
        """Length fields lie now and then."""
        return true_length & 0xFFFF if self.chance.random() < 0.8 else self.chance.choice((0, 19, 65535, true_length // 2))

    def layer4(self, packet):
        port = lambda given: self.chance.choice((self.chance.choice(INTERESTING_PORTS), self.chance.randrange(65536))) \
            if given is None else given
        if packet.protocol in (6, 17, 132):
            ports = struct.pack('>HH', port(packet.source_port) & 0xFFFF, port(packet.destination_port) & 0xFFFF)
            if packet.protocol == 6:
                flags = self.chance.choice((2, 0x10, 0x12, self.chance.randrange(256)))
                flags = flags if packet.tcp_flags is None else packet.tcp_flags
                return ports + self.chance.randbytes(8) + bytes([0x50, flags]) + self.chance.randbytes(6)
            return ports + self.chance.randbytes(self.chance.choice((4, 8, 40)))
        if packet.protocol in (1, 58):
            icmp_type = packet.icmp_type
            if icmp_type is None:
                icmp_type = self.chance.choice((0, 3, 8, 128, 129, 133, 135, 255))
            icmp_code = self.chance.choice((0, 1, 3, 255)) if packet.icmp_code is None else packet.icmp_code
            return bytes([icmp_type, icmp_code]) + self.chance.randbytes(6)
        return self.chance.randbytes(self.chance.randint(0, 60))
