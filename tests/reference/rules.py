"""Random rules of a filter, over a small pool of addresses and ports, so that rules overlap."""
import ipaddress

PORT_PROTOCOLS = ('tcp', 'udp', 'sctp')
PROTOCOLS = ('tcp', 'udp', 'icmp', 'icmpv6', 'sctp', 'gre', 'esp', 'ah', 'igmp')
EXTENSION_PROTOCOLS = (0, 43, 44, 60, 135, 59, 139, 255)
LENGTHS = {4: (0, 1, 8, 12, 16, 20, 24, 25, 28, 30, 31, 32), 6: (0, 1, 7, 16, 32, 48, 63, 64, 65, 96, 120, 127, 128)}
BITS = {4: 32, 6: 128}
# What the rule is about, and how often.
SUBJECTS = {'ports': 8, 'icmp': 3, 'flags': 2, 'protocol': 3, 'addresses': 4, 'fragment': 3, 'frame': 3, 'everything': 0.3}
LAYER4_FIELDS = ('sourcePorts', 'destinationPorts', 'icmpType', 'icmpCode', 'tcpFlags')


class Pool:
    def __init__(self, chance):
        self.chance = chance
        self.addresses = {4: [chance.randrange(1 << 32) for _ in range(3)] + [0x0A000003, 0xFFFFFFFF, 0],
                          6: [chance.randrange(1 << 128) for _ in range(3)] + [0xFD00 << 112 | 3, (1 << 128) - 1, 0]}
        self.ports = [0, 22, 53, 80, 443, 65535] + [chance.randrange(65536) for _ in range(3)]
        self.macs = [0x020000000001, 0xFFFFFFFFFFFF] + [chance.randrange(1 << 48) for _ in range(2)]
        self.vlan_ids = [0, 1, 100, 4094, 4095] + [chance.randrange(4096) for _ in range(2)]

    def rule(self, number):
        self.fields = {'number': number, 'action': 'accept' if self.chance.random() < 0.65 else 'reject'}
        subject = self.chance.choices(tuple(SUBJECTS), tuple(SUBJECTS.values()))[0]
        getattr(self, 'about_' + subject)()
        if subject != 'everything':
            if self.chance.random() < 0.2:
                self.add_frame_fields(1)
            if self.chance.random() < 0.15 and not self.is_about_other_types():
                self.fields['dscp'] = self.chance.choice((0, 46, 63, self.chance.randrange(64)))
            if self.chance.random() < 0.1 and not self.is_about_other_types():
                self.add_fragment()
        if self.chance.random() < 0.05:
            self.fields['description'] = 'of a random configuration'
        return self.fields

    def is_about_other_types(self):
        return self.fields.get('etherType', 'ipv4') not in ('ipv4', 'ipv6', 0x0800, 0x86DD)

    def about_everything(self):
        if self.chance.random() < 0.3:
            self.fields['protocol'] = 'all'

    def about_ports(self):
        if self.chance.random() < 0.85:
            protocol = self.chance.choice(PORT_PROTOCOLS)
            self.fields['protocol'] = self.chance.choice((protocol, {'tcp': 6, 'udp': 17, 'sctp': 132}[protocol]))
        which = self.chance.choice((('sourcePorts',), ('destinationPorts',), ('destinationPorts',),
                                    ('sourcePorts', 'destinationPorts')))
        for key in which:
            self.fields[key] = self.port_range()
        if self.chance.random() < 0.5:
            self.add_prefixes()

    def about_icmp(self):
        family = self.chance.choice((4, 6))
        self.fields['protocol'] = {4: 'icmp', 6: 'icmpv6'}[family]
        common = {4: (0, 3, 8, 11), 6: (1, 128, 129, 133, 135, 137)}[family]
        self.fields['icmpType'] = self.chance.choice(common + (0, 255))
        if self.chance.random() < 0.5:
            self.fields['icmpCode'] = self.chance.choice((0, 1, 3, 255))
        if self.chance.random() < 0.3:
            self.add_prefixes(family)

    def about_flags(self):
        self.fields['protocol'] = 'tcp'
        mask = self.chance.choice((0x02, 0x12, 0x01, 0xFF, 0x80, 0x3F))
        self.fields['tcpFlags'] = {'value': self.chance.choice((0x02, 0x12, 0x10, 0, 0xFF)) & mask, 'mask': mask}
        if self.chance.random() < 0.4:
            self.fields[self.chance.choice(('sourcePorts', 'destinationPorts'))] = self.port_range()
        if self.chance.random() < 0.3:
            self.add_prefixes()

    def about_protocol(self):
        self.fields['protocol'] = self.chance.choice(PROTOCOLS + EXTENSION_PROTOCOLS + (self.chance.randrange(256),))
        if self.fields['protocol'] not in ('icmp', 'icmpv6') and self.chance.random() < 0.4:
            self.add_prefixes()

    def about_addresses(self):
        self.add_prefixes()

    def about_fragment(self):
        self.add_fragment()
        if self.chance.random() < 0.3:
            self.fields['protocol'] = self.chance.choice(PROTOCOLS)
        if self.fields.get('protocol') not in ('icmp', 'icmpv6') and self.chance.random() < 0.3:
            self.add_prefixes()

    def add_fragment(self):
        """`later` is refused beside fields of layer 4, which no later fragment has."""
        has_layer4 = any(key in self.fields for key in LAYER4_FIELDS)
        self.fields['fragment'] = self.chance.choice(('no', 'first', 'any') if has_layer4 else ('no', 'first', 'later', 'any'))

    def about_frame(self):
        self.add_frame_fields(self.chance.randint(1, 3))

    def add_frame_fields(self, count):
        for field in self.chance.sample(('sourceMac', 'destinationMac', 'vlanIds', 'etherType'), count):
            if field.endswith('Mac'):
                self.fields[field] = self.mac_match()
            elif field == 'vlanIds':
                self.fields['vlanIds'] = self.vlan_id_list()
            else:
                self.add_ether_type()

    def add_ether_type(self):
        """One that the rule's other fields do not contradict."""
        if any(key in self.fields for key in ('source', 'destination')):
            family = 6 if ':' in str(self.fields.get('source', self.fields.get('destination'))) else 4
        else:
            family = {'icmp': 4, 'icmpv6': 6}.get(self.fields.get('protocol'))
        if family is not None:
            self.fields['etherType'] = self.chance.choice({4: ('ipv4', 0x0800), 6: ('ipv6', 0x86DD)}[family])
        elif any(key in self.fields for key in ('protocol', 'sourcePorts', 'destinationPorts', 'dscp', 'fragment')):
            self.fields['etherType'] = self.chance.choice(('ipv4', 'ipv6'))
        else:
            self.fields['etherType'] = self.chance.choice(
                ('arp', 'ipv4', 'ipv6', 0x0806, 0x88CC, 0x9100, 0x8100, 0x0600, 0xFFFF))

    def add_prefixes(self, family=None):
        family = family or self.chance.choice((4, 6))
        for key in self.chance.choice((('source',), ('destination',), ('source', 'destination'))):
            self.fields[key] = self.prefix(family)

    def prefix(self, family):
        length = self.chance.choice(LENGTHS[family])
        host_bits = BITS[family] - length
        address = self.chance.choice(self.addresses[family]) >> host_bits << host_bits
        return f'{ipaddress.IPv4Address(address) if family == 4 else ipaddress.IPv6Address(address)}/{length}'

    def port_range(self):
        first, last = sorted((self.chance.choice(self.ports), self.chance.choice(self.ports)))
        if self.chance.random() < 0.6:
            return self.chance.choice((first, last))
        return f'{first}-{last}'

    def mac_match(self):
        address = self.chance.choice(self.macs)
        mask = self.chance.choice((None, None, 0xFFFFFF000000, 0x010000000000, 0xFF00FF00FF00, 0xFFFFFFFFFFFE))
        if mask is None:
            return mac_text(address)
        return mac_text(address & mask) + '/' + mac_text(mask)

    def vlan_id_list(self):
        items = []
        for _ in range(self.chance.randint(1, 4)):
            first, last = sorted((self.chance.choice(self.vlan_ids), self.chance.choice(self.vlan_ids)))
            items.append(self.chance.choice((first, f'{first}-{last}')))
        if self.chance.random() < 0.3:
            items.append('untagged')
        return self.chance.choice((items, ['untagged'])) if self.chance.random() < 0.1 else items


def mac_text(mac):
    return ':'.join(f'{byte:02x}' for byte in mac.to_bytes(6, 'big'))
