/** Routing, TTL, local delivery, malformed headers: what the node does without any rule. */
import { concat } from '../../support/packet/bytes.ts'
import { frame, fragments, ipPacket, tcp, udp } from '../../support/packet/build.ts'
import { CHUNK, initValue, sctp } from '../../support/packet/sctp.ts'
import { a, b } from '../harness/sides.ts'
import { MAC } from '../harness/topology.ts'
import { A4, A6, B4, B6, onNode, type NamedCase } from './named.ts'

const four = { source: A4, destination: B4 }
const six = { source: A6, destination: B6 }
const dns = { sourcePort: 1000, destinationPort: 53, payload: Uint8Array.of(1, 2, 3) }
const syn = { sourcePort: 1000, destinationPort: 80, flags: 'S' }

const RECORD_ROUTE = Uint8Array.of(7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0)
const sctpInit = sctp({
  sourcePort: 1000,
  destinationPort: 80,
  tag: 0,
  chunks: [{ type: CHUNK.init, value: initValue(1) }],
})

const both = (name: string, make: (ip: typeof four) => ReturnType<typeof a.udp>[]): NamedCase[] => [
  onNode(`${name}, IPv4`, '', make(four)),
  onNode(`${name}, IPv6`, '', make(six)),
]

export const FORWARDING: readonly NamedCase[] = [
  ...both('UDP is forwarded', (ip) => [a.udp(ip, dns)]),
  ...both('TCP is forwarded with its options', (ip) => [
    a.tcp({ ...ip, tos: 0x10 }, { ...syn, options: Uint8Array.of(2, 4, 5, 0xb4) }),
  ]),
  ...both('TTL 2 passes, TTL 1 is answered with time exceeded, TTL 0 too', (ip) =>
    [2, 1, 0].map((ttl) => a.udp({ ...ip, ttl, id: 40 + ttl }, dns)),
  ),
  ...both('no neighbour answers for the destination', (ip) => [
    a.udp({ ...ip, destination: ip === four ? '10.77.0.1' : 'fd77::1' }, dns),
  ]),
  ...both('a closed TCP port of the node is answered with RST', (ip) => [
    a.tcp({ ...ip, destination: ip === four ? '10.0.1.1' : 'fd00:1::1' }, { ...syn, seq: 77 }),
    a.tcp(
      { ...ip, destination: ip === four ? '10.0.2.1' : 'fd00:2::1' },
      { ...syn, flags: 'PA', seq: 77, ack: 99, payload: Uint8Array.of(1, 2, 3) },
    ),
    a.tcp({ ...ip, destination: ip === four ? '10.0.1.1' : 'fd00:1::1' }, { ...syn, flags: 'R' }),
  ]),
  ...both('a closed UDP port of the node is answered with port unreachable', (ip) => [
    a.udp({ ...ip, destination: ip === four ? '10.0.1.1' : 'fd00:1::1' }, dns),
  ]),
  ...both('echo requests to the node are answered', (ip) => [
    a.icmp(
      { ...ip, destination: ip === four ? '10.0.1.1' : 'fd00:1::1', tos: 8 },
      { type: ip === four ? 8 : 128, word: 0x12340001, payload: Uint8Array.of(9, 8, 7) },
    ),
    a.icmp(
      { ...ip, destination: ip === four ? '10.0.2.1' : 'fd00:2::1' },
      { type: ip === four ? 8 : 128, word: 0x12340002 },
    ),
  ]),
  ...both('an unknown protocol to the node is answered', (ip) => [
    a.packet(
      ipPacket(
        { ...ip, destination: ip === four ? '10.0.1.1' : 'fd00:1::1' },
        { protocol: 99, bytes: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
      ),
    ),
  ]),
  onNode('blackhole, unreachable and prohibit routes', routes(), [
    ...['10.1.0.1', '10.2.0.1', '10.3.0.1', '10.4.0.1'].map((destination) =>
      a.udp({ ...four, destination }, dns),
    ),
    ...['fd01::1', 'fd02::1', 'fd03::1', 'fd04::1'].map((destination) => a.udp({ ...six, destination }, dns)),
  ]),
  onNode(
    'the longest prefix wins, and a gateway is used',
    `ip route add 10.50.0.0/16 via 10.0.2.2
     ip route add 10.50.1.0/24 via 10.0.2.3
     ip route add 10.50.1.7/32 via 10.0.1.3
     ip route add default via 10.0.2.2
     ip -6 route add fd50::/16 via fd00:2::2
     ip -6 route add fd50:1::/32 via fd00:2::3`,
    [
      ...['10.50.0.1', '10.50.1.1', '10.50.1.7', '8.8.8.8'].map((destination) =>
        a.udp({ ...four, destination }, dns),
      ),
      ...['fd50::1', 'fd50:1::1'].map((destination) => a.udp({ ...six, destination }, dns)),
    ],
  ),
  onNode(
    'IPv4 asks the tables local and main at once, IPv6 one after the other',
    `ip route add local 10.60.0.0/16 dev lo
     ip route add 10.60.1.0/24 via 10.0.2.3
     ip route add 10.60.2.0/24 via 10.0.2.3
     ip route add local 10.60.2.0/24 dev lo
     ip route add blackhole 10.60.3.0/24
     ip -6 route add local fd60::/32 dev lo
     ip -6 route add fd60:0:1::/48 via fd00:2::3
     ip route add default via 10.0.2.2
     iptables -t raw -A PREROUTING -m addrtype --dst-type LOCAL
     iptables -t raw -A PREROUTING -m addrtype --dst-type UNICAST
     ip6tables -t raw -A PREROUTING -m addrtype --dst-type LOCAL`,
    [
      ...['10.60.0.1', '10.60.1.1', '10.60.2.1', '10.60.3.1', '10.60.4.1'].flatMap((destination) => [
        a.udp({ ...four, destination }, dns),
        a.icmp({ ...four, destination }, { type: 8, word: 0x12340001 }),
        a.udp({ ...four, source: destination }, dns),
      ]),
      ...['fd60:1::1', 'fd60:0:1::1'].map((destination) => a.udp({ ...six, destination }, dns)),
    ],
  ),
  onNode('forwarding off', 'sysctl -w net.ipv4.ip_forward=0\nsysctl -w net.ipv6.conf.all.forwarding=0', [
    a.udp(four, dns),
    a.udp(six, dns),
  ]),
  onNode('a packet sent back out of its interface: redirect', '', [
    a.udp({ ...four, destination: '10.0.1.3' }, dns),
    a.udp({ ...six, destination: 'fd00:1::3' }, dns),
  ]),
  onNode('strict reverse path filter', 'sysctl -w net.ipv4.conf.all.rp_filter=1', [
    a.udp({ ...four, source: '10.0.2.3' }, dns),
    a.udp({ ...four, source: '172.16.0.1' }, dns),
    a.udp(four, dns),
  ]),
  onNode('loose reverse path filter', 'sysctl -w net.ipv4.conf.all.rp_filter=2', [
    a.udp({ ...four, source: '10.0.2.3' }, dns),
    a.udp({ ...four, source: '172.16.0.1' }, dns),
  ]),
  onNode('martian addresses', '', [
    ...['127.0.0.1', '0.0.0.0', '255.255.255.255', '224.0.0.1', '240.0.0.1', '10.0.1.1', '10.0.1.255'].map(
      (source) => a.udp({ ...four, source }, dns),
    ),
    ...['127.0.0.1', '0.0.0.0', '255.255.255.255', '224.0.0.1', '240.0.0.1', '10.0.2.255', '10.0.1.255'].map(
      (destination) => a.udp({ ...four, destination }, dns),
    ),
  ]),
  onNode('odd IPv6 addresses', '', [
    ...['::1', '::', 'ff02::1', 'fd00:1::1', 'fe80::5', '::ffff:1.2.3.4'].map((source) =>
      a.udp({ ...six, source }, dns),
    ),
    ...['::1', '::', 'ff02::1', 'ff05::1', 'fd00:2::', 'fe80::5', '::ffff:1.2.3.4'].map((destination) =>
      a.udp({ ...six, destination }, dns),
    ),
  ]),
  onNode('malformed IPv4 headers', '', malformed4()),
  onNode('malformed IPv6 headers', '', malformed6()),
  onNode(
    'frames for somebody else, broadcast and multicast MAC addresses',
    '',
    ['02:00:00:00:00:99', 'ff:ff:ff:ff:ff:ff', '01:00:5e:00:00:01', '33:33:00:00:00:01'].flatMap(
      (destination) => [
        a.udp(four, dns, { destination }),
        a.udp(six, dns, { destination }),
        a.icmp({ ...four, destination: '10.0.1.1' }, { type: 8 }, { destination }),
      ],
    ),
  ),
  onNode('frames longer than the packet are cut', '', [
    a.packet(concat(ipPacket(four, udp(four, dns)), new Uint8Array(18))),
    a.packet(concat(ipPacket(six, udp(six, dns)), new Uint8Array(7))),
  ]),
  onNode('fragments pass a node without conntrack as they are', '', [
    ...fragments({ ...four, id: 9 }, udp(four, { ...dns, payload: new Uint8Array(100) }), [48]).map((piece) =>
      a.packet(piece),
    ),
    ...fragments({ ...six, id: 9 }, udp(six, { ...dns, payload: new Uint8Array(100) }), [48]).map((piece) =>
      a.packet(piece),
    ),
  ]),
  onNode('a packet above the MTU', 'ip link set eth1 mtu 600', [
    a.udp({ ...four, dontFragment: true, id: 5 }, { ...dns, payload: new Uint8Array(1000) }),
    a.udp({ ...four, id: 6 }, { ...dns, payload: new Uint8Array(1000) }),
  ]),
  onNode('an IPv6 packet above the MTU', 'ip link set eth1 mtu 1300', [
    a.udp(six, { ...dns, payload: new Uint8Array(1400) }),
  ]),
  onNode('ICMP that the node does not answer', '', [
    a.icmp({ ...four, destination: '10.0.1.1' }, { type: 0, word: 5 }),
    a.icmp({ ...four, destination: '10.0.1.1' }, { type: 42 }),
    a.icmp({ ...four, destination: '10.0.1.1' }, { type: 8, checksum: 0x1111 }),
    a.icmp({ ...four, destination: '10.0.1.255' }, { type: 8 }),
    a.icmp({ ...six, destination: 'fd00:1::1' }, { type: 128, checksum: 0x1111 }),
    a.icmp({ ...six, destination: 'fd00:1::1' }, { type: 200 }),
  ]),
  onNode('timestamp requests', '', [
    a.icmp({ ...four, destination: '10.0.1.1' }, { type: 17, payload: new Uint8Array(4) }),
  ]),
  onNode('TCP segments that get no answer, or one', '', [
    ...['', 'A', 'F', 'SF', 'SA', 'RA', 'FSRPAU'].map((flags) =>
      a.tcp(
        { ...four, destination: '10.0.1.1' },
        { sourcePort: 5, destinationPort: 6, flags, seq: 10, ack: 20 },
      ),
    ),
    a.tcp({ ...four, destination: '10.0.1.1' }, { ...syn, checksum: 0x4242 }),
    a.tcp({ ...six, destination: 'fd00:1::1' }, { ...syn, checksum: 0x4242 }),
  ]),
  onNode('from the other side', '', [
    b.udp({ source: B4, destination: A4 }, dns),
    b.tcp({ source: B6, destination: A6 }, syn),
  ]),
  onNode(
    'a datagram cut inside the TCP header leaves cut behind it',
    'iptables -t nat -A POSTROUTING -j ACCEPT',
    [[8], [8, 16], [16], [24]].flatMap((cuts, index) =>
      fragments({ ...four, id: 20 + index }, tcp(four, { ...syn, payload: new Uint8Array(20) }), cuts).map(
        (piece) => a.packet(piece),
      ),
    ),
  ),
  ...[four, six].map((ip) =>
    onNode(
      `a datagram cut inside the SCTP header leaves cut at another place, ${ip === four ? 'IPv4' : 'IPv6'}`,
      `${ip === four ? 'iptables' : 'ip6tables'} -t nat -A POSTROUTING -j ACCEPT`,
      [[8], [8, 16], [16]].flatMap((cuts, index) =>
        fragments({ ...ip, id: 30 + index }, sctpInit, cuts).map((piece) => a.packet(piece)),
      ),
    ),
  ),
  onNode('no ICMPv6 error goes to the anycast address of a subnet', '', [
    a.udp({ source: 'fd00:2::', destination: 'fd77::1' }, dns),
    a.udp({ source: 'fd00:1::', destination: 'fd00:1::1' }, dns),
  ]),
  onNode(
    'a first fragment without the whole TCP header, for the node itself',
    '',
    fragments({ source: A6, destination: 'fd00:1::1', id: 9 }, tcp(six, syn), [8]).map((piece) =>
      a.packet(piece),
    ),
  ),
  onNode(
    'timestamps: alone, with addresses, for named hosts, full, overflowing, cut short, forwarded and answered',
    'iptables -A FORWARD -p udp --dport 99 -j REJECT',
    [
      timestamps(0, 5, 8),
      timestamps(0, 9, 8),
      timestamps(1, 5, 16),
      timestamps(3, 5, 16, 10, 0, 1, 1),
      timestamps(3, 5, 16, 10, 0, 2, 2),
      timestamps(3, 13, 16, 10, 0, 1, 1, 1, 2, 3, 4, 10, 0, 2, 1),
      timestamps(2, 5, 8),
      timestamps(0, 13, 8),
      timestamps(0xe0, 13, 8),
      timestamps(0xf0, 13, 8),
      timestamps(0xf3, 13, 8),
      timestamps(0, 4, 8),
      timestamps(0, 6, 8),
      timestamps(1, 9, 8),
    ].flatMap((options, index) => [
      a.udp({ ...four, id: 910 + index, options }, dns),
      a.udp({ ...four, id: 930 + index, options, ttl: 1 }, dns),
      a.udp({ ...four, id: 950 + index, options, destination: '10.0.2.1' }, dns),
      a.udp({ ...four, id: 970 + index, options }, { ...dns, destinationPort: 99 }),
      a.icmp({ ...four, id: 990 + index, options, destination: '10.0.1.1' }, { type: 8, word: 0x10001 }),
    ]),
  ),
  onNode(
    'record route: forwarded, too old, for the node, refused, full, cut short',
    'iptables -A FORWARD -p udp --dport 99 -j REJECT',
    [
      a.udp({ ...four, id: 901, options: RECORD_ROUTE }, dns),
      a.udp({ ...four, id: 902, options: RECORD_ROUTE, ttl: 1 }, dns),
      a.udp({ ...four, id: 903, options: RECORD_ROUTE, destination: '10.0.2.1' }, dns),
      a.icmp(
        { ...four, id: 904, options: RECORD_ROUTE, destination: '10.0.1.1' },
        { type: 8, word: 0x10001 },
      ),
      a.udp({ ...four, id: 905, options: RECORD_ROUTE }, { ...dns, destinationPort: 99 }),
      a.udp({ ...four, id: 906, options: Uint8Array.of(7, 7, 8, 1, 2, 3, 4, 0), ttl: 1 }, dns),
      a.udp({ ...four, id: 907, options: Uint8Array.of(7, 7, 4, 1, 2, 3, 4, 0), ttl: 1 }, dns),
      a.udp({ ...four, id: 908, options: Uint8Array.of(7, 7, 4, 0, 0, 0, 0, 0, 9, 9, 9, 9) }, dns),
      a.udp({ ...four, id: 909, options: Uint8Array.of(7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 68) }, dns),
    ],
  ),
]

/** A timestamp option with `room` bytes behind its head; its kind, its pointer, and what it holds already. */
function timestamps(flags: number, pointer: number, room: number, ...held: number[]): Uint8Array {
  const option = new Uint8Array(4 + room)
  option.set([68, 4 + room, pointer, flags, ...held])
  return option
}

function routes(): string {
  return ['blackhole 10.1.0.0/16', 'unreachable 10.2.0.0/16', 'prohibit 10.3.0.0/16']
    .map((route) => `ip route add ${route}`)
    .concat(
      ['blackhole fd01::/16', 'unreachable fd02::/16', 'prohibit fd03::/16'].map(
        (route) => `ip -6 route add ${route}`,
      ),
    )
    .join('\n')
}

function malformed4(): ReturnType<typeof a.packet>[] {
  const segment = udp(four, dns)
  const packet = (ip: Partial<Parameters<typeof ipPacket>[0]>): Uint8Array =>
    ipPacket({ ...four, ...ip }, segment)
  return [
    packet({ checksum: 0x1234 }),
    packet({ version: 5 }),
    packet({ version: 6 }),
    packet({ headerWords: 4 }),
    packet({ headerWords: 15 }),
    packet({ totalLength: 19 }),
    packet({ totalLength: 500 }),
    packet({ totalLength: 22 }),
    packet({}).slice(0, 10),
    packet({}).slice(0, 20),
    packet({}).slice(0, 24),
    packet({ options: Uint8Array.of(1, 1, 1, 0) }),
    packet({ options: Uint8Array.of(7, 7, 4, 0, 0, 0, 0, 0) }),
    packet({ options: Uint8Array.of(68, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0) }),
    packet({ options: Uint8Array.of(131, 7, 4, 10, 0, 2, 3, 0) }),
    packet({ options: Uint8Array.of(148, 4, 0, 0) }),
    packet({ options: Uint8Array.of(7, 20, 4, 0) }),
    packet({ options: Uint8Array.of(130, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) }),
    packet({ fragmentOffset: 65528, moreFragments: true }),
  ].map((bytes) => a.packet(bytes))
}

function malformed6(): ReturnType<typeof a.packet>[] {
  const segment = udp(six, dns)
  const packet = (ip: Partial<Parameters<typeof ipPacket>[0]>): Uint8Array =>
    ipPacket({ ...six, ...ip }, segment)
  const hopByHop = (...options: number[]): Uint8Array => Uint8Array.from([0, 0, ...options])
  const routing = Uint8Array.of(0, 2, 0, 1, 0, 0, 0, 0, 0xfd, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3)
  return [
    packet({ version: 4 }),
    packet({ version: 7 }),
    packet({ totalLength: 500 }),
    packet({ totalLength: 4 }),
    packet({ totalLength: 0 }),
    packet({}).slice(0, 20),
    packet({}).slice(0, 40),
    packet({}).slice(0, 44),
    packet({ extensions: [[0, hopByHop(1, 4, 0, 0, 0, 0)]] }),
    packet({ extensions: [[0, hopByHop(0xc2, 4, 0, 0, 0, 0)]] }),
    packet({ extensions: [[0, hopByHop(0x42, 4, 0, 0, 0, 0)]] }),
    packet({ extensions: [[0, hopByHop(5, 2, 0, 0, 1, 0)]] }),
    packet({ extensions: [[60, hopByHop(1, 4, 0, 0, 0, 0)]] }),
    packet({ extensions: [[43, routing]] }),
    packet({ extensions: [[44, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1)]] }),
    packet({
      extensions: [
        [60, hopByHop(1, 4, 0, 0, 0, 0)],
        [0, hopByHop(1, 4, 0, 0, 0, 0)],
      ],
    }),
    packet({ protocol: 59 }),
    packet({ source: '::1' }),
    packet({ destination: 'fd00:1::1', protocol: 200 }),
  ].map((bytes) => ({
    ...a.packet(bytes),
    bytes: frame({ source: MAC.a, destination: MAC.nodeA, type: 0x86dd }, bytes),
  }))
}
