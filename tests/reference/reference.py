"""A naive reference of the mirror's verdict, with its own parser.

Written from the definition of the mirror alone, to judge the card's packet parser, rule matcher and loop guard. Plain
loops over plain lists: nothing here is meant to be fast, everything is meant to be obviously right.

Addresses, MACs and masks are Python integers; a prefix is (family, address, length), with family 4 or 6.
"""

TAG_TPIDS = (0x8100, 0x88A8, 0x9100)
MAX_TAGS = 2
SMALLEST_ETHERTYPE = 0x0600  # smaller: a length field (LLC)
IPV4, IPV6, ARP = 0x0800, 0x86DD, 0x0806

ICMP, TCP, UDP, GRE, ICMPV6, SCTP = 1, 6, 17, 47, 58, 132
HOP_BY_HOP, ROUTING, FRAGMENT, AH, DESTINATION_OPTIONS, MOBILITY = 0, 43, 44, 51, 60, 135
EXTENSION_HEADERS = (HOP_BY_HOP, ROUTING, FRAGMENT, AH, DESTINATION_OPTIONS, MOBILITY)
MAX_EXTENSION_HEADERS = 8
MAX_EXTENSION_BYTES = 512

PROTOCOL_NAMES = {'tcp': TCP, 'udp': UDP, 'icmp': ICMP, 'icmpv6': ICMPV6, 'sctp': SCTP, 'gre': GRE, 'esp': 50,
                  'ah': AH, 'igmp': 2}
ETHERTYPE_NAMES = {'arp': ARP, 'ipv4': IPV4, 'ipv6': IPV6}

VXLAN_PORT, GENEVE_PORT = 4789, 6081

TIERS = range(4)

# A rule's `fragment` -> the values of Fields.fragment that it matches.
FRAGMENTS = {'no': (None, 'atomic'), 'first': ('first',), 'later': ('middle', 'last'), 'any': ('first', 'middle', 'last')}


def number(data):
    return int.from_bytes(data, 'big')


# ---------------------------------------------------------------------------------------------------------- the parser


class Fields:
    """What rules can see of one frame. None: the frame does not have the field."""

    def __init__(self):
        self.destination_mac = None
        self.source_mac = None
        self.vlan_id = None  # None: untagged
        self.ether_type = None
        self.ip_version = None
        self.source = None
        self.destination = None
        self.dscp = None
        self.protocol = None
        self.fragment = None  # None: a whole packet; else 'first', 'middle', 'last' or IPv6's 'atomic', which is whole too
        self.l4 = None  # where the layer 4 header starts: only in an unfragmented packet or a first fragment
        self.source_port = None
        self.destination_port = None
        self.icmp_type = None
        self.icmp_code = None
        self.tcp_flags = None


def parse(frame):
    """The fields of a frame; None for a runt."""
    if len(frame) < 14:
        return None
    fields = Fields()
    fields.destination_mac = number(frame[0:6])
    fields.source_mac = number(frame[6:12])

    at = 12  # of the type under judgement
    for tag in range(MAX_TAGS):
        if number(frame[at:at + 2]) not in TAG_TPIDS:
            break
        if tag == 0 and len(frame) >= at + 4:
            fields.vlan_id = number(frame[at + 2:at + 4]) & 0x0FFF
        at += 4
        if len(frame) < at + 2:
            return fields  # the type behind the tag is cut off
    ether_type = number(frame[at:at + 2])
    if ether_type < SMALLEST_ETHERTYPE:
        return fields
    fields.ether_type = ether_type

    if ether_type == IPV4:
        parse_ipv4(frame, at + 2, fields)
    elif ether_type == IPV6:
        parse_ipv6(frame, at + 2, fields)
    if fields.l4 is not None:
        parse_layer4(frame, fields)
    return fields


def parse_ipv4(frame, start, fields):
    if len(frame) < start + 20 or frame[start] >> 4 != 4:
        return
    fields.ip_version = 4
    fields.dscp = frame[start + 1] >> 2
    fields.protocol = frame[start + 9]
    fields.source = number(frame[start + 12:start + 16])
    fields.destination = number(frame[start + 16:start + 20])
    more_fragments = frame[start + 6] & 0x20 != 0
    fragment_offset = number(frame[start + 6:start + 8]) & 0x1FFF
    fields.fragment = fragment_of(fragment_offset, more_fragments)
    header_length = (frame[start] & 0x0F) * 4
    if header_length < 20 or len(frame) < start + header_length:
        return
    if fragment_offset == 0:
        fields.l4 = start + header_length


def parse_ipv6(frame, start, fields):
    if len(frame) < start + 40 or frame[start] >> 4 != 6:
        return
    fields.ip_version = 6
    fields.dscp = (number(frame[start:start + 2]) & 0x0FFF) >> 6
    fields.source = number(frame[start + 8:start + 24])
    fields.destination = number(frame[start + 24:start + 40])

    next_header = frame[start + 6]
    at = start + 40
    headers_passed = 0
    while next_header in EXTENSION_HEADERS:
        fields.protocol = next_header  # stays so where the walk stops at this header
        length = extension_length(frame, at, next_header)
        if length is None or at + length > len(frame):
            return
        if headers_passed == MAX_EXTENSION_HEADERS:
            return
        if at + length - (start + 40) > MAX_EXTENSION_BYTES:
            return
        if next_header == FRAGMENT:
            fragment_offset = number(frame[at + 2:at + 4]) >> 3
            more_fragments = frame[at + 3] & 1 != 0
            # Behind the header of a first fragment one without offset changes nothing.
            if fields.fragment != 'first' or fragment_offset != 0:
                fields.fragment = fragment_of(fragment_offset, more_fragments) or 'atomic'
            if fragment_offset != 0:
                fields.protocol = frame[at]
                return
        next_header = frame[at]
        at += length
        headers_passed += 1
    fields.protocol = next_header
    fields.l4 = at


def fragment_of(offset, more_fragments):
    if offset != 0:
        return 'middle' if more_fragments else 'last'
    return 'first' if more_fragments else None


def extension_length(frame, at, header):
    """The bytes of the extension header at `at`; None where its length field is cut off."""
    if len(frame) < at + 2:
        return None
    if header == FRAGMENT:
        return 8
    if header == AH:
        return (frame[at + 1] + 2) * 4
    return (frame[at + 1] + 1) * 8


def parse_layer4(frame, fields):
    l4 = frame[fields.l4:]
    if fields.protocol in (TCP, UDP, SCTP):
        if len(l4) >= 2:
            fields.source_port = number(l4[0:2])
        if len(l4) >= 4:
            fields.destination_port = number(l4[2:4])
    if fields.protocol == TCP and len(l4) >= 14:
        fields.tcp_flags = l4[13]
    if (fields.protocol, fields.ip_version) in ((ICMP, 4), (ICMPV6, 6)):
        if len(l4) >= 1:
            fields.icmp_type = l4[0]
        if len(l4) >= 2:
            fields.icmp_code = l4[1]


# ----------------------------------------------------------------------------------------------------------- the model


def parse_address(text):
    """(family, integer)"""
    text = str(text)
    if ':' not in text:
        value = 0
        for part in text.split('.'):
            value = value * 256 + int(part)
        return 4, value
    groups = text.split(':')
    if '' in groups:
        head, tail = text.split('::')
        head = [g for g in head.split(':') if g]
        tail = [g for g in tail.split(':') if g]
        groups = head + ['0'] * (8 - len(head) - len(tail)) + tail
    value = 0
    for group in groups:
        value = value * 65536 + int(group, 16)
    return 6, value


def parse_prefix(text):
    address, length = str(text).split('/')
    family, value = parse_address(address)
    return family, value, int(length)


def in_prefix(family, address, prefix):
    prefix_family, prefix_address, length = prefix
    if family != prefix_family:
        return False
    host_bits = (32 if family == 4 else 128) - length
    return address >> host_bits == prefix_address >> host_bits


def parse_range(value):
    """`80` or `"1000-2000"` as (first, last)"""
    text = str(value)
    if '-' in text:
        first, last = text.split('-')
        return int(first), int(last)
    return int(text), int(text)


def parse_mac(text):
    return int(text.replace(':', ''), 16)


def parse_mac_match(text):
    """(address, mask)"""
    if '/' in text:
        address, mask = text.split('/')
        return parse_mac(address), parse_mac(mask)
    return parse_mac(text), 0xFFFFFFFFFFFF


class Rule:
    """One rule; None: not given."""

    def __init__(self, document):
        self.number = document['number']
        self.action = document['action']
        protocol = document.get('protocol', 'all')
        self.protocol = None if protocol == 'all' else PROTOCOL_NAMES.get(protocol, protocol)
        self.source = self.given(document, 'source', parse_prefix)
        self.destination = self.given(document, 'destination', parse_prefix)
        self.source_ports = self.given(document, 'sourcePorts', parse_range)
        self.destination_ports = self.given(document, 'destinationPorts', parse_range)
        self.icmp_type = document.get('icmpType')
        self.icmp_code = document.get('icmpCode')
        self.source_mac = self.given(document, 'sourceMac', parse_mac_match)
        self.destination_mac = self.given(document, 'destinationMac', parse_mac_match)
        vlan_ids = document.get('vlanIds')
        self.untagged = vlan_ids is not None and 'untagged' in vlan_ids
        self.vlan_ids = None if vlan_ids is None else [parse_range(v) for v in vlan_ids if v != 'untagged']
        ether_type = document.get('etherType')
        self.ether_type = ETHERTYPE_NAMES.get(ether_type, ether_type)
        self.dscp = document.get('dscp')
        flags = document.get('tcpFlags')
        self.tcp_flags = None if flags is None else (flags['value'], flags['mask'])
        self.fragment = document.get('fragment')

    @staticmethod
    def given(document, key, convert):
        return convert(document[key]) if key in document else None


class Filter:
    def __init__(self, document):
        spec = document.get('spec') or {}
        self.services = spec.get('services') or []
        self.rules = {}
        for direction in ('inbound', 'outbound'):
            rules = [Rule(r) for r in spec.get(direction) or []]
            self.rules[direction] = sorted(rules, key=lambda rule: rule.number)

    def first_match(self, direction, fields):
        """(action, rule number or service) of what decides; None where nothing matches."""
        for service in self.services:
            if service_matches(service, fields):
                return 'accept', service
        for rule in self.rules[direction]:
            if rule_matches(rule, fields):
                return rule.action, rule.number
        return None


class Session:
    def __init__(self, document, filters):
        spec = document['spec']
        self.name = document['metadata']['name']
        self.number = spec['number']
        self.tier = spec.get('tier', 0)
        self.enabled = spec.get('enabled', True)
        self.sources = spec['sources']
        self.target = spec['target']
        self.direction = spec.get('direction', 'all')
        self.vni = spec.get('vni')
        self.session_id = spec.get('sessionId')
        self.filter = filters[spec['filter']]


class Underlay:
    def __init__(self, document):
        spec = document['spec']
        self.interface = document['metadata']['name']
        self.addresses = [parse_prefix(a) for a in spec.get('addresses') or []]
        self.gateways = [parse_address(g) for g in spec.get('gateways') or []]
        self.routes = [parse_prefix(r['destination']) for r in spec.get('routes') or []]

    def tunnel_address(self, family):
        for address_family, address, _ in self.addresses:
            if address_family == family:
                return address
        return None


class Interface:
    """A port of the board: {name, number, kind, primaryIpv4, primaryIpv6}"""

    def __init__(self, document):
        self.name = document['name']
        self.number = document['number']
        self.kind = document['kind']
        self.primary = {}  # family -> address
        for key in ('primaryIpv4', 'primaryIpv6'):
            if document.get(key):
                family, address = parse_address(document[key])
                self.primary[family] = address


class Model:
    """A configuration (the YAML documents) and the interfaces of the board."""

    def __init__(self, documents, interfaces):
        of_kind = lambda kind: [d for d in documents if d['kind'] == kind]
        self.interfaces = {i['name']: Interface(i) for i in interfaces}
        self.underlays = [Underlay(d) for d in of_kind('Underlay')]
        self.targets = {d['metadata']['name']: d['spec'] for d in of_kind('Target')}
        filters = {d['metadata']['name']: Filter(d) for d in of_kind('Filter')}
        # Name of an interface -> the filter of what is mirrored by no session there.
        self.excluded = {d['metadata']['name']: filters[d['spec']['excluded']]
                         for d in of_kind('Interface') if 'excluded' in (d.get('spec') or {})}
        sessions = [Session(d, filters) for d in of_kind('Session')]
        self.sessions = sorted(sessions, key=lambda session: session.number)
        self.copies = self.copy_identities()
        self.tagged_copies = self.copy_tags()

    # What the card's own copies look like.

    def copy_identities(self):
        """The (family, outer source, outer destination, encapsulation, VNI or session ID) of every copy the card makes."""
        identities = set()
        for session in self.sessions:
            if not session.enabled:
                continue
            for target in self.single_targets(session.target):
                if 'remote' not in target:
                    continue
                family, remote = parse_address(target['remote'])
                encapsulation = self.encapsulation(target)
                for source in session.sources:
                    outer_source = self.outer_source(self.interfaces[source], target, family, remote)
                    if outer_source is not None:
                        tunnel_id = self.tunnel_id(session, encapsulation)
                        identities.add((family, outer_source, remote, encapsulation, tunnel_id))
        return identities

    def single_targets(self, name):
        target = self.targets[name]
        if 'members' in target:
            return [self.targets[member] for member in target['members']]
        return [target]

    @staticmethod
    def encapsulation(target):
        if 'encapsulation' in target:
            return target['encapsulation']
        if 'remote' in target:
            return 'erspan2' if 'interface' in target else 'vxlan'
        return 'vlan' if 'vlanId' in target else 'none'

    @staticmethod
    def tunnel_id(session, encapsulation):
        if encapsulation == 'erspan1':
            return None
        tunnel_id = session.session_id if encapsulation in ('erspan2', 'erspan3') else session.vni
        if tunnel_id is None:
            raise ValueError(session.name + ': the reference can not know the ID that the card picks')
        return tunnel_id

    def outer_source(self, interface, target, family, remote):
        if family in interface.primary:
            return interface.primary[family]
        if 'interface' in target:
            for underlay in self.underlays:
                if underlay.interface == target['interface']:
                    return underlay.tunnel_address(family)
            return None
        underlay = self.route(family, remote)
        return None if underlay is None else underlay.tunnel_address(family)

    def route(self, family, remote):
        """The underlay towards `remote`: on-link prefixes, then routes, then default gateways."""
        for prefixes_of in (lambda u: u.addresses, lambda u: u.routes):
            best, best_length = None, -1
            for underlay in self.underlays:
                for prefix in prefixes_of(underlay):
                    if in_prefix(family, remote, prefix) and prefix[2] > best_length:
                        best, best_length = underlay, prefix[2]
            if best is not None:
                return best
        for underlay in self.underlays:
            for gateway_family, _ in underlay.gateways:
                if gateway_family == family:
                    return underlay
        return None

    def copy_tags(self):
        """The (edge interface, VLAN ID) of every edge and vlan target."""
        return {(t['interface'], t['vlanId']) for t in self.targets.values() if 'interface' in t and 'vlanId' in t}


# --------------------------------------------------------------------------------------------------------- the verdict


def outer_identity(frame, fields):
    """What Model.copies holds, of a frame that could be a copy; None for any other frame."""
    if fields.l4 is None or fields.fragment in FRAGMENTS['any']:
        return None
    l4 = frame[fields.l4:]
    kind, tunnel_id = None, None
    if fields.protocol == UDP and len(l4) >= 16:
        if fields.destination_port == VXLAN_PORT:
            kind, tunnel_id = 'vxlan', number(l4[12:15])
        elif fields.destination_port == GENEVE_PORT:
            kind, tunnel_id = 'geneve', number(l4[12:15])
    elif fields.protocol == GRE:
        if l4[0:4] == b'\x00\x00\x88\xbe':
            kind = 'erspan1'
        elif l4[0:4] == b'\x10\x00\x88\xbe' and len(l4) >= 16 and l4[8] >> 4 == 1:
            kind, tunnel_id = 'erspan2', number(l4[10:12]) & 0x3FF
        elif l4[0:4] == b'\x10\x00\x22\xeb' and len(l4) >= 20 and l4[8] >> 4 == 2:
            kind, tunnel_id = 'erspan3', number(l4[10:12]) & 0x3FF
    if kind is None:
        return None
    return fields.ip_version, fields.source, fields.destination, kind, tunnel_id


def is_own_copy(model, interface, frame, fields):
    if (interface, fields.vlan_id) in model.tagged_copies:
        return True
    return outer_identity(frame, fields) in model.copies


def service_matches(service, fields):
    ports = (fields.source_port, fields.destination_port)
    if service == 'dns':
        return fields.protocol in (TCP, UDP) and 53 in ports
    if service == 'dhcp':
        return fields.protocol == UDP and any(port in (67, 68, 546, 547) for port in ports)
    if service == 'ntp':
        return fields.protocol == UDP and 123 in ports
    if service == 'arp':
        return fields.ether_type == ARP or (fields.protocol == ICMPV6 and fields.icmp_type in (133, 134, 135, 136, 137))
    if service == 'metadata':
        addresses = ((4, 0xA9FEA9FE), (6, 0xFD000EC2 << 96 | 0x254))
        return (fields.ip_version, fields.source) in addresses or (fields.ip_version, fields.destination) in addresses
    if service == 'activation':
        servers = (0xA9FEA9FA, 0xA9FEA9FB)
        sides = ((fields.source, fields.source_port), (fields.destination, fields.destination_port))
        return (fields.protocol == TCP and fields.ip_version == 4 and
                any(address in servers and port == 1688 for address, port in sides))
    raise ValueError('no such service: ' + service)


def rule_matches(rule, fields):
    """Every field that the rule gives must be in the frame, and match."""
    if rule.protocol is not None and fields.protocol != rule.protocol:
        return False
    if rule.source is not None and not prefix_matches(rule.source, fields.ip_version, fields.source):
        return False
    if rule.destination is not None and not prefix_matches(rule.destination, fields.ip_version, fields.destination):
        return False
    if rule.source_ports is not None and not port_matches(rule.source_ports, fields.source_port):
        return False
    if rule.destination_ports is not None and not port_matches(rule.destination_ports, fields.destination_port):
        return False
    if rule.icmp_type is not None and fields.icmp_type != rule.icmp_type:
        return False
    if rule.icmp_code is not None and fields.icmp_code != rule.icmp_code:
        return False
    if rule.source_mac is not None and not mac_matches(rule.source_mac, fields.source_mac):
        return False
    if rule.destination_mac is not None and not mac_matches(rule.destination_mac, fields.destination_mac):
        return False
    if rule.vlan_ids is not None and not vlan_matches(rule, fields):
        return False
    if rule.ether_type is not None and fields.ether_type != rule.ether_type:
        return False
    if rule.dscp is not None and fields.dscp != rule.dscp:
        return False
    if rule.tcp_flags is not None:
        value, mask = rule.tcp_flags
        if fields.tcp_flags is None or fields.tcp_flags & mask != value & mask:
            return False
    if rule.fragment is not None:
        if fields.ip_version is None or fields.fragment not in FRAGMENTS[rule.fragment]:
            return False
    return True


def prefix_matches(prefix, family, address):
    return family is not None and in_prefix(family, address, prefix)


def port_matches(ports, port):
    first, last = ports
    return port is not None and first <= port <= last


def mac_matches(match, mac):
    address, mask = match
    return mac & mask == address & mask


def vlan_matches(rule, fields):
    if fields.vlan_id is None:
        return rule.untagged
    for first, last in rule.vlan_ids:
        if first <= fields.vlan_id <= last:
            return True
    return False


def is_excluded(model, interface, direction, fields):
    if interface not in model.excluded:
        return False
    decision = model.excluded[interface].first_match(direction, fields)
    return decision is not None and decision[0] == 'accept'


def judge_tier(model, tier, interface, direction, fields):
    """(action, session, rule number or service) of the first rule that matches in a session of this tier; else None."""
    for session in model.sessions:
        if session.tier != tier or not session.enabled or interface not in session.sources:
            continue
        if session.direction not in ('all', direction):
            continue
        decision = session.filter.first_match(direction, fields)
        if decision is not None:
            action, rule = decision
            return action, session.name, rule
    return None


def judge(model, interface, direction, frame):
    """The verdict on one packet at one (source interface, direction): 'runt', 'loop_guard', 'excluded', 'none', or those
    of the tiers that have one, each 'TIER accept SESSION RULE' or 'TIER reject SESSION RULE', joined by '; '."""
    fields = parse(frame)
    if fields is None:
        return 'runt'
    if is_own_copy(model, interface, frame, fields):
        return 'loop_guard'
    if is_excluded(model, interface, direction, fields):
        return 'excluded'
    verdicts = []
    for tier in TIERS:
        decision = judge_tier(model, tier, interface, direction, fields)
        if decision is not None:
            verdicts.append(' '.join(str(part) for part in (tier, *decision)))
    return '; '.join(verdicts) or 'none'


def verdict(documents, interfaces, interface, direction, frame):
    """As judge(), from the YAML documents of a configuration and the board's interfaces."""
    return judge(Model(documents, interfaces), interface, direction, frame)
