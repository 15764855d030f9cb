#!/usr/bin/env python3
"""Random configurations, boards and packets, the same ones for the same seed.

    generate.py --seed 1 --pairs 2000 --out DIRECTORY

writes DIRECTORY/<index>.yaml, <index>.board.textproto and <index>.packets. compare.py uses it as a library.
"""
import argparse
import functools
import ipaddress
import os
import random
import struct

import yaml

import packets
import reference
import rules

PACKETS_PER_CONFIGURATION = 200
BOARDS = 16  # a seed's configurations share this many boards

LIST_SIZES = ([0], range(1, 6), range(6, 41))
LIST_SIZE_WEIGHTS = (1, 5, 4)
ROUTED_ENCAPSULATIONS = ('vxlan', 'erspan1', 'erspan2', 'erspan3', 'geneve')
SERVICES = ('dns', 'dhcp', 'ntp', 'arp', 'metadata', 'activation')


class Pair:
    """One packet at one (source interface, direction), and whether it was built to match something."""

    def __init__(self, interface, direction, frame, built_to_match):
        self.interface = interface
        self.direction = direction
        self.frame = frame
        self.built_to_match = built_to_match


class Case:
    """A configuration, the board that it is for, and packets."""

    def __init__(self, board, documents, pairs):
        self.board = board
        self.documents = documents
        self.pairs = pairs

    @functools.cached_property
    def model(self):
        return reference.Model(self.documents, self.board.interfaces)


def generate(seed, index, count=PACKETS_PER_CONFIGURATION):
    board = Board(seed, index % BOARDS)
    chance = random.Random(f'{seed}/configuration/{index}')
    documents = Configuration(chance, board).documents
    return Case(board, documents, Traffic(chance, board, documents).pairs(count))


class Board:
    def __init__(self, seed, index):
        self.index = index
        chance = random.Random(f'{seed}/board/{index}')
        self.interfaces = []
        numbers = chance.sample(range(1, 0xFFFFF), 12)
        for kind, name, count in (('vm', 'guest', chance.randint(2, 5)), ('nfv', 'nfv', chance.randint(1, 2)),
                                  ('edge', 'wire', chance.randint(2, 3))):
            for position in range(count):
                number = numbers.pop()
                interface = {'name': f'{name}{position}', 'number': number, 'kind': kind,
                             'mac': f'02:00:00:00:{len(self.interfaces):02x}:01'}
                if kind != 'edge' and chance.random() < 0.5:
                    interface['primaryIpv4'] = f'10.0.{position}.{len(self.interfaces) + 3}'
                if kind != 'edge' and chance.random() < 0.5:
                    interface['primaryIpv6'] = f'fd00:{position}::{len(self.interfaces) + 3}'
                self.interfaces.append(interface)

    def names(self, *kinds):
        return [i['name'] for i in self.interfaces if i['kind'] in kinds]

    def numbers(self):
        return {i['name']: i['number'] for i in self.interfaces}

    def textproto(self):
        lines = [f'name: "reference{self.index}"', 'lcores: "0,1"', 'memory_mib: 64']
        for interface in self.interfaces:
            fields = [f'name: "{interface["name"]}"', f'kind: {interface["kind"].upper()}',
                      f'number: {interface["number"]}', f'device: "net_null{interface["number"]}"',
                      f'mac: "{interface["mac"]}"', 'mtu: 1500']
            if 'primaryIpv4' in interface:
                fields.append(f'primary_ipv4: "{interface["primaryIpv4"]}"')
            if 'primaryIpv6' in interface:
                fields.append(f'primary_ipv6: "{interface["primaryIpv6"]}"')
            lines.append('ports { ' + ' '.join(fields) + ' }')
        return '\n'.join(lines) + '\n'


class Configuration:
    """A random configuration that a card takes."""

    def __init__(self, chance, board):
        self.chance = chance
        self.board = board
        self.documents = []
        self.guest = board.interfaces[0]  # never a source: copies may be delivered to it
        self.sources = self.pick_sources()
        self.tunnel_ids = {'vni': chance.sample(range(1, 1 << 24), 40), 'sessionId': chance.sample(range(1024), 40)}
        self.underlays = self.add_underlays()
        targets = [self.add_target(f'target{n}') for n in range(chance.randint(1, 5))]
        pool = rules.Pool(chance)
        filters = [self.add_filter(f'filter{n}', pool) for n in range(chance.randint(1, 4))]
        self.add_sessions(targets, filters)
        self.add_excluded(filters, pool)
        chance.shuffle(self.documents)

    def add(self, kind, name, spec):
        self.documents.append({'apiVersion': 'heliostat/v1', 'kind': kind, 'metadata': {'name': name}, 'spec': spec})

    def pick_sources(self):
        """1 to 4. Copies may leave by an edge interface that is a source."""
        usable = [name for name in self.board.names('vm', 'nfv', 'edge') if name != self.guest['name']]
        return self.chance.sample(usable, min(len(usable), self.chance.randint(1, 4)))

    # Underlays: wire0 has the only default gateways; on-link prefixes and routes of different edges never overlap, so
    # that the route to a target is not a matter of taste.

    def add_underlays(self):
        self.subnets = {}
        underlays = self.board.names('edge')
        for position, name in enumerate(underlays):
            third = self.chance.randrange(256)
            spec = {'addresses': [f'10.{9 + position}.{third}.1/24', f'fd00:{9 + position}::1/64']}
            self.subnets[name] = {4: f'10.{9 + position}.{third}.', 6: f'fd00:{9 + position}::'}
            if position == 0:
                spec['gateways'] = [f'10.9.{third}.254', 'fd00:9::fe']
            if self.chance.random() < 0.5:
                spec['routes'] = [{'destination': f'10.{50 + position}.0.0/16', 'gateway': f'10.{9 + position}.{third}.253'},
                                  {'destination': f'fd50:{position}::/32', 'gateway': f'fd00:{9 + position}::fd'}]
            if self.chance.random() < 0.2:
                spec['vlanId'] = self.chance.randint(1, 4094)
            self.add('Underlay', name, spec)
        return underlays

    def remote(self, interface=None):
        family = 4 if self.chance.random() < 0.6 else 6
        host = self.chance.randint(2, 200)
        where = self.chance.random()
        if interface is None and where < 0.2:
            return f'10.{50 + self.chance.randrange(2)}.7.{host}' if family == 4 else f'fd50:{self.chance.randrange(2)}::{host}'
        if interface is None and where < 0.4:
            return f'203.0.113.{host}' if family == 4 else f'2001:db8::{host}'
        subnet = self.subnets[interface or self.chance.choice(self.underlays)]
        return f'{subnet[family]}{host}'

    def add_target(self, name):
        """Returns (name, encapsulation, shape)."""
        shape = self.chance.choice(('remote', 'remote', 'remote', 'edge', 'vlan', 'port', 'local', 'group'))
        if shape != 'group':
            spec, encapsulation = self.single_target(shape)
            self.add('Target', name, spec)
            return name, encapsulation, shape
        # All members are alike.
        shape = self.chance.choice(('remote', 'remote', 'edge', 'vlan'))
        routed = self.chance.choice(ROUTED_ENCAPSULATIONS)
        members = [f'{name}.{n}' for n in range(self.chance.randint(1, 4))]
        for member in members:
            spec, encapsulation = self.single_target(shape, routed)
            self.add('Target', member, spec)
        self.add('Target', name, {'members': members})
        return name, encapsulation, shape

    def single_target(self, shape, routed=None):
        """(spec, encapsulation); `routed` is the encapsulation of a tunnel, drawn when absent."""
        edge = self.chance.choice(self.board.names('edge'))
        guest = self.guest
        spec, default = {
            'remote': lambda: ({'remote': self.remote()}, 'vxlan'),
            'edge': lambda: ({'remote': self.remote(edge), 'interface': edge, 'vlanId': self.vlan_id()}, 'erspan2'),
            'vlan': lambda: ({'interface': edge, 'vlanId': self.vlan_id()}, 'vlan'),
            'port': lambda: ({'interface': guest['name']}, 'none'),
            'local': lambda: ({'remote': guest.get('primaryIpv4') or guest.get('primaryIpv6') or self.remote()}, 'vxlan'),
        }[shape]()
        if routed is None and self.chance.random() < 0.3:
            return spec, default
        encapsulation = default if shape in ('vlan', 'port') else routed or self.chance.choice(ROUTED_ENCAPSULATIONS)
        return {**spec, 'encapsulation': encapsulation}, encapsulation

    def vlan_id(self):
        return self.chance.randint(1, 4094)

    def may_use(self, source, shape):
        """Edges may not use what is delivered to a guest; and the definition does not say what tunnel address there is
        towards a local guest, so that such copies are left to sources that have an address of their own."""
        if shape == 'port':
            return source not in self.board.names('edge')
        if shape == 'local':
            family = 'primaryIpv4' if 'primaryIpv4' in self.guest else 'primaryIpv6'
            return any(i['name'] == source and family in i and i['kind'] != 'edge' for i in self.board.interfaces)
        return True

    def add_filter(self, name, pool, sizes=None):
        """`sizes`: how many rules a list may have."""
        spec = {}
        if self.chance.random() < 0.3:
            spec['services'] = self.chance.sample(SERVICES, self.chance.randint(1, 6))
        for direction in ('inbound', 'outbound'):
            size = self.chance.choice(sizes or self.chance.choices(LIST_SIZES, LIST_SIZE_WEIGHTS)[0])
            # Few numbers with wide gaps, in any order.
            numbers = self.chance.sample(range(1, 65536 if self.chance.random() < 0.5 else size + 2), size)
            if size:
                spec[direction] = [pool.rule(number) for number in numbers]
        self.add('Filter', name, spec)
        return name

    def add_excluded(self, filters, pool):
        """Small filters of their own, so that a part of the traffic is left; now and then one that sessions use too."""
        for interface in self.board.interfaces:
            if self.chance.random() < 0.3:
                name = interface['name']
                excluded = self.chance.choice(filters)
                if self.chance.random() < 0.8:
                    excluded = self.add_filter('excluded-' + name, pool, sizes=range(5))
                self.add('Interface', name, {'excluded': excluded})

    def add_sessions(self, targets, filters):
        tiers = self.chance.sample(reference.TIERS, self.chance.randint(1, len(reference.TIERS)))
        count = self.chance.randint(1, 16)
        numbers = self.chance.sample(range(1, 32767), count)
        for number in numbers:
            name, encapsulation, shape = self.chance.choice(targets)
            sources = self.chance.sample(self.sources, self.chance.randint(1, len(self.sources)))
            sources = [source for source in sources if self.may_use(source, shape)]
            if not sources:
                continue
            spec = {'number': number, 'sources': sources, 'filter': self.chance.choice(filters), 'target': name}
            tier = self.chance.choice(tiers)
            if tier or self.chance.random() < 0.5:
                spec['tier'] = tier
            if encapsulation in ('vxlan', 'geneve'):
                spec['vni'] = self.tunnel_ids['vni'].pop()
            elif encapsulation in ('erspan2', 'erspan3'):
                spec['sessionId'] = self.tunnel_ids['sessionId'].pop()
            if self.chance.random() < 0.5:
                spec['direction'] = self.chance.choice(('all', 'inbound', 'outbound'))
            if self.chance.random() < 0.3:
                spec['enabled'] = self.chance.random() < 0.3
            self.add_what_no_verdict_depends_on(spec)
            self.add('Session', f'session{number}', spec)

    def add_what_no_verdict_depends_on(self, spec):
        if self.chance.random() < 0.2:
            spec['packetLength'] = self.chance.randint(55, 1500)
        if self.chance.random() < 0.2:
            spec['percent'] = self.chance.choice((0, 0.01, 30.25, 100))
            spec['sampling'] = self.chance.choice(('packets', 'flows'))
        if self.chance.random() < 0.2:
            spec['rateLimit'] = {self.chance.choice(('packetsPerSecond', 'bitsPerSecond')): 1000000}


class Traffic:
    """Packets for one configuration."""

    def __init__(self, chance, board, documents):
        self.chance = chance
        self.board = board
        self.model = reference.Model(documents, board.interfaces)
        self.build = packets.Builder(chance)
        self.copies = self.likely_copies()

    def pairs(self, count):
        return [self.pair() for _ in range(count)]

    def pair(self):
        session = self.chance.choice(self.model.sessions) if self.model.sessions else None
        if session is None or self.chance.random() < 0.03:
            interface = self.chance.choice(self.board.interfaces)['name']
        else:
            interface = self.chance.choice(session.sources)
        direction = self.chance.choice(('inbound', 'outbound'))
        if session is not None and session.direction != 'all' and self.chance.random() < 0.9:
            direction = session.direction

        dice = self.chance.random()
        if session is not None and dice < 0.6:
            judges = session.filter
            if interface in self.model.excluded and self.chance.random() < 0.3:
                judges = self.model.excluded[interface]
            candidates = judges.rules[direction] + judges.services
            if candidates:
                return Pair(interface, direction, self.build.for_match(self.chance.choice(candidates)), True)
        if self.copies and dice < 0.75:
            return Pair(interface, direction, self.build.like_copy(self.chance.choice(self.copies)), True)
        if self.model.tagged_copies and dice < 0.78:
            edge, vlan_id = self.chance.choice(sorted(self.model.tagged_copies))
            return Pair(edge, direction, self.build.tagged_like_copy(vlan_id), True)
        if dice < 0.80:
            return Pair(interface, direction, self.chance.randbytes(self.chance.randrange(14)), False)
        return Pair(interface, direction, self.build.anything(), False)

    def likely_copies(self):
        """(outer source, remote, encapsulation, ID) of what might be a copy: of every session, also a disabled one, and
        of every address that a wrong choice of the outer source could give."""
        own_addresses = [(family, a) for u in self.model.underlays for family, a, _ in u.addresses]
        own_addresses += [item for i in self.model.interfaces.values() for item in i.primary.items()]
        copies = sorted(self.model.copies, key=repr) * 4
        for session in self.model.sessions:
            for target in self.model.single_targets(session.target):
                if 'remote' in target:
                    encapsulation = self.model.encapsulation(target)
                    family, remote = reference.parse_address(target['remote'])
                    source = self.chance.choice([a for f, a in own_addresses if f == family])
                    copies.append((family, source, remote, encapsulation, self.model.tunnel_id(session, encapsulation)))
        return copies


def address_text(family, value):
    return str(ipaddress.IPv4Address(value) if family == 4 else ipaddress.IPv6Address(value))


def yaml_text(documents):
    return yaml.dump_all(documents, Dumper=yaml.CSafeDumper, sort_keys=False, default_flow_style=None)


def packet_bytes(board, pairs):
    """The stream that reference_verdicts reads."""
    numbers = board.numbers()
    return b''.join(struct.pack('<IBI', numbers[p.interface], p.direction == 'outbound', len(p.frame)) + p.frame
                    for p in pairs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--pairs', type=int, default=PACKETS_PER_CONFIGURATION)
    parser.add_argument('--index', type=int, help='only this configuration of the seed')
    parser.add_argument('--out', required=True)
    arguments = parser.parse_args()
    print('seed', arguments.seed)
    os.makedirs(arguments.out, exist_ok=True)
    configurations = range(-(-arguments.pairs // PACKETS_PER_CONFIGURATION))
    for index in configurations if arguments.index is None else [arguments.index]:
        case = generate(arguments.seed, index)
        base = os.path.join(arguments.out, str(index))
        for suffix, data in (('.yaml', yaml_text(case.documents).encode()), ('.packets', packet_bytes(case.board, case.pairs)),
                             ('.board.textproto', case.board.textproto().encode())):
            with open(base + suffix, 'wb') as file:
                file.write(data)


if __name__ == '__main__':
    main()
