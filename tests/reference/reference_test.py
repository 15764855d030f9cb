"""Hand-computed cases for the reference itself."""
import unittest

import reference

GUEST_MAC = bytes.fromhex('020000000001')
PEER_MAC = bytes.fromhex('020000000002')
INTERFACES = [
    {'name': 'guest0', 'number': 1, 'kind': 'vm', 'primaryIpv4': '10.0.0.3'},
    {'name': 'guest1', 'number': 2, 'kind': 'vm'},
    {'name': 'wire1', 'number': 3, 'kind': 'edge'},
    {'name': 'wire2', 'number': 4, 'kind': 'edge'},
]
UNDERLAY = {'kind': 'Underlay', 'metadata': {'name': 'wire1'},
            'spec': {'addresses': ['10.9.0.1/24', 'fd00:9::1/64'], 'gateways': ['10.9.0.254']}}


def address(text):
    family, value = reference.parse_address(text)
    return value.to_bytes(4 if family == 4 else 16, 'big')


def eth(ether_type, payload=b'', tags=()):
    """An Ethernet frame; `tags` are (TPID, VLAN ID)."""
    tag_bytes = b''.join(tpid.to_bytes(2, 'big') + vlan.to_bytes(2, 'big') for tpid, vlan in tags)
    return PEER_MAC + GUEST_MAC + tag_bytes + ether_type.to_bytes(2, 'big') + payload


def ipv4(source, destination, protocol, payload=b'', fragment=0, tos=0, first_byte=0x45, options=b''):
    return (bytes([first_byte, tos, 0, 0, 0, 0]) + fragment.to_bytes(2, 'big') + bytes([64, protocol, 0, 0]) +
            address(source) + address(destination) + options + payload)


def ipv6(source, destination, next_header, payload=b'', traffic_class=0):
    first = (6 << 28 | traffic_class << 20).to_bytes(4, 'big')
    return first + b'\0\0' + bytes([next_header, 64]) + address(source) + address(destination) + payload


def ports(source, destination, rest=4):
    return source.to_bytes(2, 'big') + destination.to_bytes(2, 'big') + bytes(rest)


def tcp(source, destination, flags=0):
    return ports(source, destination, 8) + bytes([0x50, flags]) + bytes(6)


def tcp4(source, destination, source_port, destination_port, flags=0):
    return eth(0x0800, ipv4(source, destination, 6, tcp(source_port, destination_port, flags)))


def udp4(source, destination, source_port, destination_port, payload=b''):
    return eth(0x0800, ipv4(source, destination, 17, ports(source_port, destination_port) + payload))


def rule(number, action='accept', **fields):
    return {'number': number, 'action': action, **fields}


def filter_document(name, inbound=(), outbound=(), services=()):
    return {'kind': 'Filter', 'metadata': {'name': name},
            'spec': {'services': list(services), 'inbound': list(inbound), 'outbound': list(outbound)}}


def target_document(name, **spec):
    return {'kind': 'Target', 'metadata': {'name': name}, 'spec': spec}


def session_document(name, number, filter_name, sources=('guest0',), target='zeek', **spec):
    return {'kind': 'Session', 'metadata': {'name': name},
            'spec': {'number': number, 'sources': list(sources), 'filter': filter_name, 'target': target, **spec}}


def excluded_document(interface, filter_name):
    return {'kind': 'Interface', 'metadata': {'name': interface}, 'spec': {'excluded': filter_name}}


def one_session(inbound=(), outbound=(), services=(), **spec):
    """One session `s1` from guest0 with these rules."""
    return [UNDERLAY, target_document('zeek', remote='10.9.0.2'), filter_document('f', inbound, outbound, services),
            session_document('s1', 1, 'f', **{'vni': 100, **spec})]


def verdict(documents, frame, direction='inbound', interface='guest0'):
    return reference.verdict(documents, INTERFACES, interface, direction, frame)


class ParseTest(unittest.TestCase):
    def test_runt_is_shorter_than_14_bytes(self):
        self.assertIsNone(reference.parse(bytes(13)))
        self.assertIsNotNone(reference.parse(bytes(14)))

    def test_hand_written_tcp_syn(self):
        frame = bytes.fromhex('020000000002 020000000001 0800'
                              '45b8 0028 0000 4000 40 06 0000 0a000001 0a000003'
                              '1f90 01bb 00000000 00000000 5002 0000 0000 0000')
        fields = reference.parse(frame)
        self.assertEqual((fields.destination_mac, fields.source_mac), (0x020000000002, 0x020000000001))
        self.assertEqual((fields.ether_type, fields.ip_version, fields.protocol), (0x0800, 4, 6))
        self.assertEqual((fields.source, fields.destination, fields.dscp), (0x0A000001, 0x0A000003, 46))
        self.assertEqual((fields.source_port, fields.destination_port, fields.tcp_flags), (8080, 443, 2))
        self.assertIsNone(fields.fragment)
        self.assertIsNone(fields.vlan_id)

    def test_tags(self):
        for tpid in (0x8100, 0x88A8, 0x9100):
            fields = reference.parse(eth(0x0806, tags=[(tpid, 0xE064)]))
            self.assertEqual((fields.vlan_id, fields.ether_type), (100, 0x0806))
        two = reference.parse(eth(0x0800, ipv4('1.2.3.4', '5.6.7.8', 17, ports(1, 2)), tags=[(0x88A8, 7), (0x8100, 8)]))
        self.assertEqual((two.vlan_id, two.ether_type, two.source_port), (7, 0x0800, 1))
        three = reference.parse(eth(0x0800, ipv4('1.2.3.4', '5.6.7.8', 17), tags=[(0x88A8, 7), (0x8100, 8), (0x9100, 9)]))
        self.assertEqual((three.vlan_id, three.ether_type, three.ip_version), (7, 0x9100, None))

    def test_tag_cut_off(self):
        frame = eth(0x0800, tags=[(0x8100, 5)])
        self.assertEqual(reference.parse(frame).ether_type, 0x0800)
        self.assertEqual((reference.parse(frame[:17]).vlan_id, reference.parse(frame[:17]).ether_type), (5, None))
        self.assertEqual((reference.parse(frame[:16]).vlan_id, reference.parse(frame[:16]).ether_type), (5, None))
        self.assertEqual((reference.parse(frame[:15]).vlan_id, reference.parse(frame[:15]).ether_type), (None, None))
        second = eth(0x0800, tags=[(0x8100, 5), (0x8100, 6)])
        self.assertEqual((reference.parse(second[:19]).vlan_id, reference.parse(second[:19]).ether_type), (5, None))

    def test_length_field_is_no_ethertype(self):
        self.assertIsNone(reference.parse(eth(0x05FF)).ether_type)
        self.assertEqual(reference.parse(eth(0x0600)).ether_type, 0x0600)

    def test_ipv4_needs_its_fixed_header_and_version(self):
        packet = ipv4('1.2.3.4', '5.6.7.8', 17)
        self.assertEqual(reference.parse(eth(0x0800, packet)).ip_version, 4)
        self.assertIsNone(reference.parse(eth(0x0800, packet[:19])).ip_version)
        self.assertIsNone(reference.parse(eth(0x0800, ipv4('1.2.3.4', '5.6.7.8', 17, first_byte=0x65))).ip_version)
        self.assertIsNone(reference.parse(eth(0x86DD, packet + bytes(40))).ip_version)

    def test_ipv4_options(self):
        at = lambda first, options, payload: reference.parse(
            eth(0x0800, ipv4('1.2.3.4', '5.6.7.8', 17, payload, first_byte=first, options=options)))
        self.assertEqual(at(0x46, bytes(4), ports(9, 10)).source_port, 9)
        short = at(0x44, b'', ports(9, 10))
        self.assertEqual((short.protocol, short.source_port), (17, None))
        cut = at(0x4F, bytes(39), b'')
        self.assertEqual((cut.protocol, cut.source, cut.source_port), (17, 0x01020304, None))

    def test_ipv4_fragments(self):
        at = lambda fragment: reference.parse(eth(0x0800, ipv4('1.2.3.4', '5.6.7.8', 17, ports(9, 10), fragment=fragment)))
        self.assertEqual((at(0x2000).fragment, at(0x2000).source_port), ('first', 9))
        self.assertEqual((at(0x0001).fragment, at(0x0001).source_port), ('last', None))
        self.assertEqual((at(0x2001).fragment, at(0x2001).source_port), ('middle', None))
        self.assertEqual((at(0xC000).fragment, at(0xC000).source_port), (None, 9))

    def test_layer4_fields_stand_for_themselves(self):
        cut = lambda n: reference.parse(eth(0x0800, ipv4('1.2.3.4', '5.6.7.8', 6, tcp(9, 10, 0x12)[:n])))
        self.assertEqual((cut(1).source_port, cut(1).destination_port), (None, None))
        self.assertEqual((cut(3).source_port, cut(3).destination_port), (9, None))
        self.assertEqual((cut(4).destination_port, cut(13).tcp_flags, cut(14).tcp_flags), (10, None, 0x12))

    def test_icmp_needs_its_own_ip_version(self):
        echo = b'\x08\x03'
        self.assertEqual(reference.parse(eth(0x0800, ipv4('1.2.3.4', '5.6.7.8', 1, echo))).icmp_type, 8)
        self.assertIsNone(reference.parse(eth(0x0800, ipv4('1.2.3.4', '5.6.7.8', 1, echo[:1]))).icmp_code)
        self.assertIsNone(reference.parse(eth(0x0800, ipv4('1.2.3.4', '5.6.7.8', 58, echo))).icmp_type)
        self.assertEqual(reference.parse(eth(0x86DD, ipv6('::1', '::2', 58, echo))).icmp_code, 3)
        self.assertIsNone(reference.parse(eth(0x86DD, ipv6('::1', '::2', 1, echo))).icmp_type)

    def ipv6_fields(self, next_header, payload):
        return reference.parse(eth(0x86DD, ipv6('fd00::1', 'fd00::2', next_header, payload, traffic_class=0xB8)))

    def test_ipv6_plain(self):
        fields = self.ipv6_fields(17, ports(9, 10))
        self.assertEqual((fields.protocol, fields.source_port, fields.dscp), (17, 9, 46))
        self.assertEqual(fields.source, 0xFD00 << 112 | 1)

    def test_ipv6_extension_header_lengths(self):
        for header in (0, 43, 60, 135):
            self.assertEqual(self.ipv6_fields(header, bytes([17, 1]) + bytes(14) + ports(9, 10)).source_port, 9)
        self.assertEqual(self.ipv6_fields(51, bytes([17, 1]) + bytes(10) + ports(9, 10)).source_port, 9)
        self.assertEqual(self.ipv6_fields(44, bytes([17, 99]) + bytes(6) + ports(9, 10)).source_port, 9)
        for header in (50, 59, 139, 140):
            fields = self.ipv6_fields(header, bytes([17, 0]) + bytes(6) + ports(9, 10))
            self.assertEqual((fields.protocol, fields.source_port), (header, None))

    def test_ipv6_header_cut_short_gives_its_own_number(self):
        whole = bytes([17, 1]) + bytes(14)
        self.assertEqual(self.ipv6_fields(60, whole).protocol, 17)
        for length in (15, 2, 1, 0):
            self.assertEqual(self.ipv6_fields(60, whole[:length]).protocol, 60)

    def test_ipv6_at_most_8_headers(self):
        chain = lambda count: (bytes([60, 0]) + bytes(6)) * (count - 1) + bytes([17, 0]) + bytes(6) + ports(9, 10)
        self.assertEqual(self.ipv6_fields(60, chain(8)).source_port, 9)
        nine = self.ipv6_fields(60, chain(9))
        self.assertEqual((nine.protocol, nine.source_port), (60, None))

    def test_ipv6_at_most_512_bytes(self):
        self.assertEqual(self.ipv6_fields(60, bytes([17, 63]) + bytes(510) + ports(9, 10)).source_port, 9)
        fields = self.ipv6_fields(60, bytes([17, 64]) + bytes(518) + ports(9, 10))
        self.assertEqual((fields.protocol, fields.source_port), (60, None))

    def test_ipv6_fragments(self):
        first = self.ipv6_fields(44, bytes([17, 0, 0, 1]) + bytes(4) + ports(9, 10))
        self.assertEqual((first.fragment, first.source_port), ('first', 9))
        atomic = self.ipv6_fields(44, bytes([17, 0, 0, 0]) + bytes(4) + ports(9, 10))
        self.assertEqual((atomic.fragment, atomic.source_port), ('atomic', 9))
        later = self.ipv6_fields(44, bytes([60, 0, 0, 8]) + bytes(4) + bytes([17, 0]) + bytes(6) + ports(9, 10))
        self.assertEqual((later.fragment, later.protocol, later.source_port), ('last', 60, None))
        middle = self.ipv6_fields(44, bytes([17, 0, 0, 9]) + bytes(4) + ports(9, 10))
        self.assertEqual((middle.fragment, middle.source_port), ('middle', None))

    def test_ipv6_fragment_header_that_is_not_passed_makes_no_fragment(self):
        self.assertIsNone(self.ipv6_fields(44, bytes([17, 0, 0, 1]) + bytes(3)).fragment)
        eight_headers = (bytes([60, 0]) + bytes(6)) * 7 + bytes([44, 0]) + bytes(6)
        self.assertIsNone(self.ipv6_fields(60, eight_headers + bytes([17, 0, 0, 1]) + bytes(4)).fragment)

    def test_ipv6_fragment_inside_a_first_fragment_is_a_later_one_where_it_has_an_offset(self):
        header = lambda following, low: bytes([following, 0, 0, low]) + bytes(4)
        first, atomic, last = 1, 0, 8
        two = lambda outer, inner: self.ipv6_fields(44, header(44, outer) + header(17, inner) + ports(9, 10)).fragment
        self.assertEqual(two(first, last), 'last')
        self.assertEqual(two(first, atomic), 'first')
        self.assertEqual(two(atomic, first), 'first')
        self.assertEqual(two(atomic, atomic), 'atomic')


class TextTest(unittest.TestCase):
    def test_addresses(self):
        self.assertEqual(reference.parse_address('10.0.0.3'), (4, 0x0A000003))
        self.assertEqual(reference.parse_address('fd00:ec2::254'), (6, 0xFD000EC2000000000000000000000254))
        self.assertEqual(reference.parse_address('::'), (6, 0))
        self.assertEqual(reference.parse_address('1:2:3:4:5:6:7:8'), (6, 0x00010002000300040005000600070008))

    def test_prefixes(self):
        prefix = reference.parse_prefix('10.0.0.0/8')
        self.assertTrue(reference.in_prefix(4, 0x0AFFFFFF, prefix))
        self.assertFalse(reference.in_prefix(4, 0x0B000000, prefix))
        self.assertFalse(reference.in_prefix(6, 0x0AFFFFFF, prefix))
        self.assertTrue(reference.in_prefix(6, 7, reference.parse_prefix('::/0')))
        self.assertFalse(reference.in_prefix(4, 7, reference.parse_prefix('::/0')))


class RuleTest(unittest.TestCase):
    def matches(self, frame, **fields):
        return reference.rule_matches(reference.Rule(rule(1, **fields)), reference.parse(frame))

    def test_nothing_given_matches_every_frame(self):
        self.assertTrue(self.matches(bytes(14)))
        self.assertTrue(self.matches(eth(0x8100), protocol='all'))

    def test_macs(self):
        self.assertTrue(self.matches(eth(0x0806), sourceMac='02:00:00:00:00:01'))
        self.assertFalse(self.matches(eth(0x0806), destinationMac='02:00:00:00:00:01'))
        self.assertTrue(self.matches(eth(0x0806), sourceMac='02:00:00:00:00:ff/ff:00:00:00:00:00'))
        self.assertTrue(self.matches(eth(0x0806), sourceMac='ff:ff:ff:ff:ff:ff/00:00:00:00:00:00'))

    def test_vlan_ids(self):
        tagged = eth(0x0806, tags=[(0x88A8, 200), (0x8100, 5)])
        self.assertTrue(self.matches(tagged, vlanIds=[100, '200-300']))
        self.assertFalse(self.matches(tagged, vlanIds=[5, '201-300', 'untagged']))
        self.assertTrue(self.matches(eth(0x0806), vlanIds=[5, 'untagged']))
        self.assertFalse(self.matches(eth(0x0806), vlanIds=['0-4095']))
        self.assertTrue(self.matches(eth(0x8100), vlanIds=['untagged']))

    def test_ethertype(self):
        self.assertTrue(self.matches(eth(0x0806, tags=[(0x8100, 1)]), etherType='arp'))
        self.assertFalse(self.matches(eth(0x0100), etherType=0x0100))
        self.assertTrue(self.matches(eth(0x0800), etherType='ipv4'))
        self.assertFalse(self.matches(eth(0x0800), protocol=0))

    def test_prefix_edges(self):
        for last, inside in (('172.16.0.255', True), ('172.16.1.0', False), ('172.15.255.255', False)):
            self.assertEqual(self.matches(udp4(last, '1.1.1.1', 1, 2), source='172.16.0.0/24'), inside)

    def test_ports_are_of_tcp_udp_and_sctp(self):
        at = lambda protocol: eth(0x0800, ipv4('1.2.3.4', '5.6.7.8', protocol, ports(80, 1000)))
        for protocol in (6, 17, 132):
            self.assertTrue(self.matches(at(protocol), sourcePorts=80, destinationPorts='1000-2000'))
            self.assertFalse(self.matches(at(protocol), sourcePorts='81-90'))
        self.assertFalse(self.matches(at(47), sourcePorts='0-65535'))
        later = eth(0x0800, ipv4('1.2.3.4', '5.6.7.8', 17, ports(80, 1000), fragment=1))
        self.assertFalse(self.matches(later, sourcePorts='0-65535'))
        self.assertTrue(self.matches(later, protocol='udp'))

    def fragment_rules_that_match(self, frame, **fields):
        return [wanted for wanted in ('no', 'first', 'later', 'any') if self.matches(frame, fragment=wanted, **fields)]

    def test_fragment_of_ipv4(self):
        at = lambda bits: eth(0x0800, ipv4('1.2.3.4', '5.6.7.8', 17, ports(80, 1000), fragment=bits))
        self.assertEqual(self.fragment_rules_that_match(at(0x0000)), ['no'])
        self.assertEqual(self.fragment_rules_that_match(at(0x4000)), ['no'])
        self.assertEqual(self.fragment_rules_that_match(at(0x2000)), ['first', 'any'])
        self.assertEqual(self.fragment_rules_that_match(at(0x2001)), ['later', 'any'])
        self.assertEqual(self.fragment_rules_that_match(at(0x0001)), ['later', 'any'])

    def test_fragment_of_ipv6(self):
        at = lambda low: eth(0x86DD, ipv6('::1', '::2', 44, bytes([17, 0, 0, low]) + bytes(4) + ports(80, 1000)))
        self.assertEqual(self.fragment_rules_that_match(eth(0x86DD, ipv6('::1', '::2', 17, ports(80, 1000)))), ['no'])
        self.assertEqual(self.fragment_rules_that_match(at(0x01)), ['first', 'any'])
        self.assertEqual(self.fragment_rules_that_match(at(0x09)), ['later', 'any'])
        self.assertEqual(self.fragment_rules_that_match(at(0x08)), ['later', 'any'])

    def test_atomic_fragment_is_no_fragment(self):
        atomic = eth(0x86DD, ipv6('::1', '::2', 44, bytes([17, 0, 0, 0]) + bytes(4) + ports(80, 1000)))
        self.assertEqual(self.fragment_rules_that_match(atomic), ['no'])

    def test_fragment_is_of_ip_packets_alone(self):
        for frame in (eth(0x0806), eth(0x0800, bytes(19)), eth(0x86DD, bytes(40))):
            self.assertEqual(self.fragment_rules_that_match(frame), [])

    def test_fragment_and_ports_match_together_in_a_first_fragment(self):
        at = lambda bits: eth(0x0800, ipv4('1.2.3.4', '5.6.7.8', 17, ports(80, 1000), fragment=bits))
        self.assertEqual(self.fragment_rules_that_match(at(0x2000), sourcePorts=80), ['first', 'any'])
        self.assertEqual(self.fragment_rules_that_match(at(0x2001), sourcePorts=80), [])

    def test_tcp_flags(self):
        self.assertTrue(self.matches(tcp4('1.2.3.4', '5.6.7.8', 1, 2, 0x02), tcpFlags={'value': 0x02, 'mask': 0x12}))
        self.assertFalse(self.matches(tcp4('1.2.3.4', '5.6.7.8', 1, 2, 0x12), tcpFlags={'value': 0x02, 'mask': 0x12}))
        self.assertFalse(self.matches(udp4('1.2.3.4', '5.6.7.8', 1, 2, bytes(20)), tcpFlags={'value': 0, 'mask': 0x12}))

    def test_icmp(self):
        echo = eth(0x0800, ipv4('1.2.3.4', '5.6.7.8', 1, b'\x08\x00'))
        self.assertTrue(self.matches(echo, protocol='icmp', icmpType=8, icmpCode=0))
        self.assertFalse(self.matches(echo, protocol='icmp', icmpType=0))

    def test_dscp(self):
        self.assertTrue(self.matches(eth(0x0800, ipv4('1.2.3.4', '5.6.7.8', 1, tos=0xBB)), dscp=46))
        self.assertFalse(self.matches(eth(0x0806), dscp=0))


class ServiceTest(unittest.TestCase):
    def matches(self, service, frame):
        return reference.service_matches(service, reference.parse(frame))

    def test_ports_on_either_side(self):
        for service, port in (('dns', 53), ('dhcp', 67), ('dhcp', 68), ('dhcp', 546), ('dhcp', 547), ('ntp', 123)):
            self.assertTrue(self.matches(service, udp4('1.2.3.4', '5.6.7.8', port, 9999)))
            self.assertTrue(self.matches(service, udp4('1.2.3.4', '5.6.7.8', 9999, port)))
            self.assertFalse(self.matches(service, udp4('1.2.3.4', '5.6.7.8', port + 2, port - 2)))
            self.assertEqual(self.matches(service, tcp4('1.2.3.4', '5.6.7.8', port, 9999)), service == 'dns')

    def test_arp_and_neighbour_discovery(self):
        self.assertTrue(self.matches('arp', eth(0x0806)))
        for icmp_type, inside in ((132, False), (133, True), (137, True), (138, False)):
            self.assertEqual(self.matches('arp', eth(0x86DD, ipv6('::1', '::2', 58, bytes([icmp_type])))), inside)
        self.assertFalse(self.matches('arp', eth(0x0800, ipv4('1.2.3.4', '5.6.7.8', 1, bytes([135])))))

    def test_metadata(self):
        self.assertTrue(self.matches('metadata', tcp4('169.254.169.254', '5.6.7.8', 1, 2)))
        self.assertTrue(self.matches('metadata', eth(0x86DD, ipv6('::1', 'fd00:ec2::254', 59))))
        self.assertFalse(self.matches('metadata', eth(0x86DD, ipv6('::1', '::a9fe:a9fe', 59))))

    def test_activation_is_address_and_port_of_one_side(self):
        self.assertTrue(self.matches('activation', tcp4('169.254.169.250', '5.6.7.8', 1688, 2)))
        self.assertTrue(self.matches('activation', tcp4('5.6.7.8', '169.254.169.251', 2, 1688)))
        self.assertFalse(self.matches('activation', tcp4('169.254.169.250', '5.6.7.8', 2, 1688)))
        self.assertFalse(self.matches('activation', udp4('169.254.169.250', '5.6.7.8', 1688, 2)))


class VerdictTest(unittest.TestCase):
    def test_ssh_rejected_other_tcp_accepted(self):
        documents = one_session(inbound=[rule(20, protocol='tcp'),
                                         rule(10, 'reject', protocol='tcp', destinationPorts=22)])
        self.assertEqual(verdict(documents, tcp4('1.1.1.1', '10.0.0.3', 5000, 22)), '0 reject s1 10')
        self.assertEqual(verdict(documents, tcp4('1.1.1.1', '10.0.0.3', 5000, 23)), '0 accept s1 20')
        self.assertEqual(verdict(documents, udp4('1.1.1.1', '10.0.0.3', 5000, 22)), 'none')

    def test_https_of_both_families(self):
        documents = one_session(inbound=[rule(10, protocol='tcp', destinationPorts=443, source='0.0.0.0/0'),
                                         rule(20, protocol='tcp', destinationPorts=443, source='::/0')])
        self.assertEqual(verdict(documents, tcp4('1.1.1.1', '10.0.0.3', 5000, 443)), '0 accept s1 10')
        frame = eth(0x86DD, ipv6('2001:db8::1', 'fd00::3', 6, tcp(5000, 443)))
        self.assertEqual(verdict(documents, frame), '0 accept s1 20')

    def test_all_but_local(self):
        documents = one_session(outbound=[rule(10, 'reject', destination='10.0.0.0/16'), rule(20)],
                                inbound=[rule(10, 'reject', source='10.0.0.0/16'), rule(20)])
        local, distant = '10.0.255.255', '10.1.0.0'
        self.assertEqual(verdict(documents, udp4('10.0.0.3', local, 1, 2), 'outbound'), '0 reject s1 10')
        self.assertEqual(verdict(documents, udp4('10.0.0.3', distant, 1, 2), 'outbound'), '0 accept s1 20')
        self.assertEqual(verdict(documents, udp4(local, '10.0.0.3', 1, 2)), '0 reject s1 10')
        self.assertEqual(verdict(documents, udp4(distant, '10.0.0.3', 1, 2)), '0 accept s1 20')
        self.assertEqual(verdict(documents, eth(0x0806)), '0 accept s1 20')

    def test_tcp_and_udp_to_two_appliances(self):
        documents = [UNDERLAY, target_document('a', remote='10.9.0.2'), target_document('b', remote='10.9.0.3'),
                     filter_document('tcp', inbound=[rule(1, protocol='tcp')]),
                     filter_document('udp', inbound=[rule(1, protocol='udp')]),
                     session_document('s2', 2, 'udp', target='b', vni=2), session_document('s1', 1, 'tcp', target='a', vni=1)]
        self.assertEqual(verdict(documents, tcp4('1.1.1.1', '10.0.0.3', 1, 2)), '0 accept s1 1')
        self.assertEqual(verdict(documents, udp4('1.1.1.1', '10.0.0.3', 1, 2)), '0 accept s2 1')

    def test_cloud_example_of_inbound_accept_outbound_reject(self):
        documents = one_session(
            inbound=[rule(1, protocol='tcp', source='172.16.0.0/24', sourcePorts='10000-10001', destination='10.0.0.3/32',
                          destinationPorts=80)],
            outbound=[rule(1, 'reject', source='192.168.0.0/24', destination='10.2.0.0/24')])
        self.assertEqual(verdict(documents, tcp4('172.16.0.9', '10.0.0.3', 10001, 80)), '0 accept s1 1')
        self.assertEqual(verdict(documents, tcp4('172.16.0.9', '10.0.0.3', 10002, 80)), 'none')
        self.assertEqual(verdict(documents, tcp4('172.16.0.9', '10.0.0.2', 10000, 80)), 'none')
        self.assertEqual(verdict(documents, udp4('192.168.0.1', '10.2.0.9', 1, 2), 'outbound'), '0 reject s1 1')
        self.assertEqual(verdict(documents, udp4('192.168.0.1', '10.2.0.9', 1, 2), 'inbound'), 'none')

    def test_request_and_answer_of_two_sources(self):
        documents = one_session(inbound=[rule(1, source='10.0.0.3/32')], outbound=[rule(1, destination='10.0.0.3/32')],
                                sources=['guest0', 'guest1'])
        request = tcp4('10.0.0.4', '10.0.0.3', 1, 2)
        answer = tcp4('10.0.0.3', '10.0.0.4', 2, 1)
        self.assertEqual(verdict(documents, request, 'outbound', 'guest1'), '0 accept s1 1')
        self.assertEqual(verdict(documents, answer, 'inbound', 'guest1'), '0 accept s1 1')

    def test_reject_ends_the_search_in_all_sessions(self):
        documents = [UNDERLAY, target_document('zeek', remote='10.9.0.2'),
                     filter_document('no', inbound=[rule(7, 'reject', protocol='udp')]),
                     filter_document('all', inbound=[rule(1)]),
                     session_document('s1', 1, 'no', vni=1), session_document('s2', 2, 'all', vni=2)]
        self.assertEqual(verdict(documents, udp4('1.1.1.1', '10.0.0.3', 1, 2)), '0 reject s1 7')
        self.assertEqual(verdict(documents, tcp4('1.1.1.1', '10.0.0.3', 1, 2)), '0 accept s2 1')
        documents[4]['spec']['enabled'] = False
        self.assertEqual(verdict(documents, udp4('1.1.1.1', '10.0.0.3', 1, 2)), '0 accept s2 1')

    def test_direction_and_source_of_a_session(self):
        documents = one_session(inbound=[rule(1)], outbound=[rule(2)], direction='outbound')
        self.assertEqual(verdict(documents, eth(0x0806), 'inbound'), 'none')
        self.assertEqual(verdict(documents, eth(0x0806), 'outbound'), '0 accept s1 2')
        self.assertEqual(verdict(documents, eth(0x0806), 'outbound', 'guest1'), 'none')

    def test_services_come_before_rules_in_both_directions(self):
        documents = one_session(inbound=[rule(1, 'reject')], services=['dns'])
        for direction in ('inbound', 'outbound'):
            self.assertEqual(verdict(documents, udp4('1.1.1.1', '10.0.0.3', 53, 2), direction), '0 accept s1 dns')
        self.assertEqual(verdict(documents, udp4('1.1.1.1', '10.0.0.3', 54, 2)), '0 reject s1 1')
        self.assertEqual(verdict(documents, udp4('1.1.1.1', '10.0.0.3', 54, 2), 'outbound'), 'none')

    def test_services_are_tried_in_the_order_given(self):
        documents = one_session(services=['ntp', 'metadata', 'dns'])
        self.assertEqual(verdict(documents, udp4('169.254.169.254', '10.0.0.3', 123, 53)), '0 accept s1 ntp')
        self.assertEqual(verdict(documents, udp4('169.254.169.254', '10.0.0.3', 124, 53)), '0 accept s1 metadata')

    def test_runt(self):
        self.assertEqual(verdict(one_session(inbound=[rule(1)]), bytes(13)), 'runt')
        self.assertEqual(verdict(one_session(inbound=[rule(1)]), bytes(14)), '0 accept s1 1')


class TierTest(unittest.TestCase):
    """Tiers are judged apart, 0 first."""

    def documents(self, *sessions):
        """`sessions` are (name, number, tier or None, inbound rules), all from guest0."""
        documents = [UNDERLAY, target_document('zeek', remote='10.9.0.2')]
        for name, number, tier, inbound in sessions:
            spec = {} if tier is None else {'tier': tier}
            documents += [filter_document('of-' + name, inbound),
                          session_document(name, number, 'of-' + name, vni=number, **spec)]
        return documents

    web = tcp4('1.1.1.1', '10.0.0.3', 5000, 80)
    name_query = udp4('1.1.1.1', '10.0.0.3', 5000, 53)

    def test_packet_that_two_tiers_accept_gives_two_verdicts(self):
        documents = self.documents(('web', 7, 0, [rule(10, protocol='tcp')]), ('all', 8, 2, [rule(20)]))
        self.assertEqual(verdict(documents, self.web), '0 accept web 10; 2 accept all 20')
        self.assertEqual(verdict(documents, self.name_query), '2 accept all 20')

    def test_packet_has_up_to_four_verdicts(self):
        documents = self.documents(*((f's{tier}', 10 - tier, tier, [rule(tier + 1)]) for tier in (3, 1, 0, 2)))
        self.assertEqual(verdict(documents, self.web), '0 accept s0 1; 1 accept s1 2; 2 accept s2 3; 3 accept s3 4')

    def test_session_in_tier_1_takes_nothing_from_tier_0(self):
        # Its number is the smaller one: within one tier it would be asked first.
        documents = self.documents(('early', 1, 1, [rule(1)]), ('late', 2, 0, [rule(1)]))
        self.assertEqual(verdict(documents, self.web), '0 accept late 1; 1 accept early 1')

    def test_reject_in_tier_0_does_not_touch_tier_1(self):
        documents = self.documents(('no', 1, 0, [rule(5, 'reject')]), ('never', 2, 0, [rule(6)]), ('yes', 3, 1, [rule(7)]))
        self.assertEqual(verdict(documents, self.web), '0 reject no 5; 1 accept yes 7')

    def test_first_match_decides_within_a_tier(self):
        documents = self.documents(('second', 2, 3, [rule(1)]), ('first', 1, 3, [rule(9, 'reject', protocol='tcp')]))
        self.assertEqual(verdict(documents, self.web), '3 reject first 9')
        self.assertEqual(verdict(documents, self.name_query), '3 accept second 1')

    def test_tier_is_0_unless_said(self):
        documents = self.documents(('said', 2, 0, [rule(1)]), ('unsaid', 1, None, [rule(1)]))
        self.assertEqual(verdict(documents, self.web), '0 accept unsaid 1')

    def test_disabled_sessions_and_those_of_another_direction_are_passed_over_in_every_tier(self):
        documents = self.documents(('off', 1, 1, [rule(1)]), ('out', 2, 1, [rule(1)]), ('on', 3, 1, [rule(1)]))
        documents[3]['spec']['enabled'] = False
        documents[5]['spec']['direction'] = 'outbound'
        self.assertEqual(verdict(documents, self.web), '1 accept on 1')

    def test_service_is_named_in_its_tier(self):
        documents = self.documents(('web', 1, 0, [rule(10)]), ('dns-only', 2, 2, []))
        documents[4]['spec']['services'] = ['dns']
        self.assertEqual(verdict(documents, self.name_query), '0 accept web 10; 2 accept dns-only dns')


class ExcludedTest(unittest.TestCase):
    """What an interface's excluded filter accepts is mirrored by no session there."""

    def documents(self, inbound=(), outbound=(), services=()):
        return [UNDERLAY, target_document('zeek', remote='10.9.0.2'), filter_document('all', [rule(1)], [rule(1)]),
                filter_document('management', inbound, outbound, services), excluded_document('guest0', 'management'),
                *(session_document(f's{tier}', tier + 1, 'all', ['guest0', 'guest1'], vni=tier + 1, tier=tier)
                  for tier in range(4))]

    every_tier = '0 accept s0 1; 1 accept s1 1; 2 accept s2 1; 3 accept s3 1'
    ssh = tcp4('1.1.1.1', '10.0.0.3', 5000, 22)
    web = tcp4('1.1.1.1', '10.0.0.3', 5000, 80)

    def test_excluded_wins_over_every_tier(self):
        documents = self.documents(inbound=[rule(10, protocol='tcp', destinationPorts=22)])
        self.assertEqual(verdict(documents, self.ssh), 'excluded')
        self.assertEqual(verdict(documents, self.web), self.every_tier)

    def test_reject_of_the_excluded_filter_means_nothing(self):
        documents = self.documents(inbound=[rule(10, 'reject', protocol='tcp', destinationPorts=80), rule(20, protocol='tcp')])
        self.assertEqual(verdict(documents, self.web), self.every_tier)
        self.assertEqual(verdict(documents, self.ssh), 'excluded')

    def test_excluded_filter_without_rules_for_the_direction_excludes_nothing(self):
        documents = self.documents(inbound=[rule(10)])
        self.assertEqual(verdict(documents, self.web, 'outbound'), self.every_tier)
        self.assertEqual(verdict(documents, self.web, 'inbound'), 'excluded')

    def test_services_of_the_excluded_filter_exclude_in_both_directions(self):
        documents = self.documents(inbound=[rule(10, 'reject')], services=['ntp'])
        for direction in ('inbound', 'outbound'):
            self.assertEqual(verdict(documents, udp4('1.1.1.1', '10.0.0.3', 123, 123), direction), 'excluded')

    def test_excluded_is_of_its_interface_alone(self):
        documents = self.documents(inbound=[rule(10)])
        self.assertEqual(verdict(documents, self.web, interface='guest1'), self.every_tier)

    def test_excluded_counts_also_where_no_session_mirrors(self):
        documents = self.documents(inbound=[rule(10)])
        for document in documents[5:]:
            document['spec']['enabled'] = False
        self.assertEqual(verdict(documents, self.web), 'excluded')

    def test_loop_guard_and_runt_come_before_the_excluded_filter(self):
        documents = self.documents(inbound=[rule(10)])
        udp = ports(50000, 4789) + bytes([8, 0, 0, 0, 0, 0, 1, 0])
        copy = eth(0x0800, ipv4('10.0.0.3', '10.9.0.2', 17, udp))
        self.assertEqual(verdict(documents, copy), 'loop_guard')
        self.assertEqual(verdict(documents, bytes(13)), 'runt')

    def test_interface_without_excluded_filter_is_judged_as_usual(self):
        documents = self.documents()
        documents[4]['spec'] = {}
        self.assertEqual(verdict(documents, self.web), self.every_tier)


class LoopGuardTest(unittest.TestCase):
    def documents(self, target=None, interface='guest0', **session):
        target = target or {'remote': '10.9.0.2'}
        return [UNDERLAY, target_document('zeek', **target), filter_document('f', [rule(1)], [rule(1)]),
                session_document('s1', 1, 'f', sources=[interface], **session)]

    def vxlan(self, vni, source='10.0.0.3', destination='10.9.0.2', port=4789, fragment=0, first='08000000'):
        udp = ports(50000, port) + bytes.fromhex(first) + vni.to_bytes(3, 'big') + b'\0'
        return eth(0x0800, ipv4(source, destination, 17, udp + bytes(14), fragment=fragment))

    def test_vxlan_copy_and_near_misses(self):
        documents = self.documents(vni=100)
        self.assertEqual(verdict(documents, self.vxlan(100)), 'loop_guard')
        self.assertEqual(verdict(documents, self.vxlan(100)[:50]), 'loop_guard')
        accepted = '0 accept s1 1'
        self.assertEqual(verdict(documents, self.vxlan(100)[:49]), accepted)
        for frame in (self.vxlan(101), self.vxlan(100, source='10.9.0.1'), self.vxlan(100, destination='10.9.0.3'),
                      self.vxlan(100, port=4788), self.vxlan(100, port=6081), self.vxlan(100, fragment=0x2000)):
            self.assertEqual(verdict(documents, frame), accepted)

    def test_only_the_vni_of_a_vxlan_or_geneve_header_counts(self):
        for encapsulation, port in (('vxlan', 4789), ('geneve', 6081)):
            documents = self.documents({'remote': '10.9.0.2', 'encapsulation': encapsulation}, vni=100)
            for first in ('00000000', '02006558', '40000800'):
                self.assertEqual(verdict(documents, self.vxlan(100, port=port, first=first)), 'loop_guard')

    def test_copy_is_guarded_at_every_source_and_behind_two_tags(self):
        documents = self.documents(vni=100)
        copy = self.vxlan(100)
        tagged = copy[:12] + bytes.fromhex('88a80007 81000008') + copy[12:]
        for direction in ('inbound', 'outbound'):
            self.assertEqual(verdict(documents, tagged, direction), 'loop_guard')
            self.assertEqual(verdict(documents, copy, direction, 'wire2'), 'loop_guard')

    def test_source_without_primary_address_sends_from_the_tunnel_address(self):
        documents = self.documents(vni=100, interface='guest1')
        self.assertEqual(verdict(documents, self.vxlan(100, source='10.9.0.1'), interface='guest1'), 'loop_guard')
        documents = self.documents({'remote': 'fd00:9::2'}, vni=100)  # guest0 has no IPv6 address
        udp = ports(50000, 4789) + bytes([8, 0, 0, 0, 0, 0, 100, 0])
        self.assertEqual(verdict(documents, eth(0x86DD, ipv6('fd00:9::1', 'fd00:9::2', 17, udp))), 'loop_guard')

    def test_atomic_fragment_may_be_a_copy_and_a_first_fragment_is_none(self):
        documents = self.documents({'remote': 'fd00:9::2'}, vni=100)
        udp = ports(50000, 4789) + bytes([8, 0, 0, 0, 0, 0, 100, 0])
        at = lambda low: eth(0x86DD, ipv6('fd00:9::1', 'fd00:9::2', 44, bytes([17, 0, 0, low]) + bytes(4) + udp))
        self.assertEqual(verdict(documents, at(0)), 'loop_guard')
        self.assertEqual(verdict(documents, at(1)), '0 accept s1 1')

    def test_disabled_session_makes_no_copies(self):
        documents = self.documents(vni=100, enabled=False)
        self.assertEqual(verdict(documents, self.vxlan(100)), 'none')

    def test_group_members(self):
        documents = self.documents({'members': ['a', 'b']}, vni=100)
        documents += [target_document('a', remote='10.9.0.4'), target_document('b', remote='10.9.0.5')]
        self.assertEqual(verdict(documents, self.vxlan(100, destination='10.9.0.5')), 'loop_guard')

    def gre(self, header):
        return eth(0x0800, ipv4('10.0.0.3', '10.9.0.2', 47, bytes.fromhex(header)))

    def test_erspan_types(self):
        type1 = '0000 88be' + '00' * 14
        type2 = '1000 88be 00000009 1000 1807 00000001'  # session 7
        type3 = '1000 22eb 00000009 2000 1807 00000000 0000 0000'
        frames = {'erspan1': type1, 'erspan2': type2, 'erspan3': type3}
        for encapsulation in frames:
            documents = self.documents({'remote': '10.9.0.2', 'encapsulation': encapsulation}, sessionId=7)
            for other, header in frames.items():
                want = 'loop_guard' if other == encapsulation else '0 accept s1 1'
                self.assertEqual(verdict(documents, self.gre(header)), want)
            documents[3]['spec']['sessionId'] = 8
            want = 'loop_guard' if encapsulation == 'erspan1' else '0 accept s1 1'
            self.assertEqual(verdict(documents, self.gre(frames[encapsulation])), want)

    def test_erspan_cut_short(self):
        for encapsulation, header, whole in (('erspan2', '1000 88be 00000009 1000 1807 00000001', 16),
                                             ('erspan3', '1000 22eb 00000009 2000 1807 00000000 0000 0000', 20)):
            documents = self.documents({'remote': '10.9.0.2', 'encapsulation': encapsulation}, sessionId=7)
            frame = self.gre(header)
            self.assertEqual(len(frame), 34 + whole)
            self.assertEqual(verdict(documents, frame), 'loop_guard')
            self.assertEqual(verdict(documents, frame[:-1]), '0 accept s1 1')

    def test_edge_target(self):
        documents = self.documents({'remote': '10.9.0.2', 'interface': 'wire1', 'vlanId': 200}, 'wire2', sessionId=7)
        type2 = '1000 88be 00000009 1000 1807 00000001'
        copy = eth(0x0800, ipv4('10.9.0.1', '10.9.0.2', 47, bytes.fromhex(type2)))
        self.assertEqual(verdict(documents, copy, interface='wire2'), 'loop_guard')
        tagged = eth(0x0806, tags=[(0x8100, 200)])
        self.assertEqual(verdict(documents, tagged, interface='wire1'), 'loop_guard')
        self.assertEqual(verdict(documents, tagged, interface='wire2'), '0 accept s1 1')
        self.assertEqual(verdict(documents, eth(0x0806, tags=[(0x8100, 201)]), interface='wire1'), 'none')
        self.assertEqual(verdict(documents, eth(0x0806, tags=[(0x8100, 9), (0x8100, 200)]), interface='wire1'), 'none')

    def test_vlan_target(self):
        documents = self.documents({'interface': 'wire1', 'vlanId': 200}, 'guest0')
        self.assertEqual(verdict(documents, eth(0x0806, tags=[(0x88A8, 200)]), interface='wire1'), 'loop_guard')

    def test_tag_is_guarded_where_the_edge_of_the_target_is_a_source_itself(self):
        documents = self.documents({'remote': '10.9.0.2', 'interface': 'wire1', 'vlanId': 200}, 'wire1', sessionId=7)
        for direction in ('inbound', 'outbound'):
            for vlan_id, want in ((200, 'loop_guard'), (201, '0 accept s1 1')):
                frame = eth(0x0806, tags=[(0x8100, 0xE000 | vlan_id)])
                self.assertEqual(verdict(documents, frame, direction, 'wire1'), want)

    def test_tag_of_a_target_is_guarded_whether_a_session_uses_it_or_not(self):
        documents = self.documents(vni=100, interface='wire1')
        documents.append(target_document('unused', interface='wire1', vlanId=200))
        self.assertEqual(verdict(documents, eth(0x0806, tags=[(0x8100, 200)]), interface='wire1'), 'loop_guard')

    def test_route_to_the_target_decides_the_tunnel_address(self):
        underlays = [
            {'kind': 'Underlay', 'metadata': {'name': 'wire1'},
             'spec': {'addresses': ['10.9.0.1/24'], 'gateways': ['10.9.0.254'],
                      'routes': [{'destination': '10.50.1.0/24', 'gateway': '10.9.0.253'}]}},
            {'kind': 'Underlay', 'metadata': {'name': 'wire2'},
             'spec': {'addresses': ['10.8.0.1/24'],
                      'routes': [{'destination': '10.50.0.0/16', 'gateway': '10.8.0.253'}]}}]
        for remote, tunnel in (('10.8.0.7', '10.8.0.1'), ('10.9.0.7', '10.9.0.1'), ('10.50.2.1', '10.8.0.1'),
                               ('10.50.1.1', '10.9.0.1'), ('9.9.9.9', '10.9.0.1')):
            documents = underlays + self.documents({'remote': remote}, 'guest1', vni=100)[1:]
            frame = self.vxlan(100, source=tunnel, destination=remote)
            self.assertEqual(verdict(documents, frame, interface='guest1'), 'loop_guard', remote)


if __name__ == '__main__':
    unittest.main()
