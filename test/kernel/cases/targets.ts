/** Every target, and how verdicts travel through chains. */
import { fragments, ipPacket, udp } from '../../support/packet/build.ts'
import { a } from '../harness/sides.ts'
import { A4, A6, B4, B6, onNode, type NamedCase } from './named.ts'

const four = { source: A4, destination: B4, id: 9 }
const six = { source: A6, destination: B6 }
const udp4 = a.udp(four, { sourcePort: 1, destinationPort: 53, payload: new Uint8Array(40) })
const udp6 = a.udp(six, { sourcePort: 1, destinationPort: 53, payload: new Uint8Array(40) })
const syn4 = a.tcp(four, { sourcePort: 1, destinationPort: 80, flags: 'S', seq: 7 })
const syn6 = a.tcp(six, { sourcePort: 1, destinationPort: 80, flags: 'S', seq: 7 })
const data4 = a.tcp(four, {
  sourcePort: 1,
  destinationPort: 80,
  flags: 'PA',
  seq: 7,
  ack: 9,
  payload: new Uint8Array(5),
})
const data6 = a.tcp(six, {
  sourcePort: 1,
  destinationPort: 80,
  flags: 'PA',
  seq: 7,
  ack: 9,
  payload: new Uint8Array(5),
})

const REJECT4 = ['net', 'host', 'proto', 'port']
  .map((what) => `icmp-${what}-unreachable`)
  .concat(['icmp-net-prohibited', 'icmp-host-prohibited', 'icmp-admin-prohibited'])
const REJECT6 = [
  'icmp6-no-route',
  'icmp6-adm-prohibited',
  'icmp6-addr-unreachable',
  'icmp6-port-unreachable',
  'icmp6-policy-fail',
  'icmp6-reject-route',
]

export const TARGETS: readonly NamedCase[] = [
  ...REJECT4.map((how) =>
    onNode(`REJECT with ${how}`, `iptables -A FORWARD -j REJECT --reject-with ${how}`, [
      udp4,
      syn4,
      a.icmp(four, { type: 8 }),
    ]),
  ),
  ...REJECT6.map((how) =>
    onNode(`REJECT with ${how}`, `ip6tables -A FORWARD -j REJECT --reject-with ${how}`, [
      udp6,
      syn6,
      a.icmp(six, { type: 128 }),
    ]),
  ),
  onNode(
    'REJECT with tcp-reset: for a SYN, for data, for a FIN, not for a RST',
    'iptables -A FORWARD -p tcp -j REJECT --reject-with tcp-reset\nip6tables -A FORWARD -p tcp -j REJECT --reject-with tcp-reset',
    [
      ...['S', 'PA', 'FA', 'R', '', 'SA'].map((flags) =>
        a.tcp(four, {
          sourcePort: 1,
          destinationPort: 80,
          flags,
          seq: 7,
          ack: 99,
          payload: new Uint8Array(3),
        }),
      ),
      ...['S', 'PA', 'FA', 'R', '', 'SA'].map((flags) =>
        a.tcp(six, {
          sourcePort: 1,
          destinationPort: 80,
          flags,
          seq: 7,
          ack: 99,
          payload: new Uint8Array(3),
        }),
      ),
      a.tcp(four, { sourcePort: 1, destinationPort: 80, flags: 'S', checksum: 0x9999 }),
    ],
  ),
  onNode(
    'REJECT in INPUT and OUTPUT',
    'iptables -A INPUT -p udp -j REJECT\niptables -A INPUT -p tcp -j REJECT --reject-with tcp-reset\nip6tables -A INPUT -p udp -j REJECT\nip6tables -A INPUT -p tcp -j REJECT --reject-with tcp-reset',
    [
      a.udp({ ...four, destination: '10.0.1.1' }, { sourcePort: 1, destinationPort: 2 }),
      a.tcp({ ...four, destination: '10.0.2.1' }, { sourcePort: 1, destinationPort: 2, flags: 'S' }),
      a.udp({ ...six, destination: 'fd00:1::1' }, { sourcePort: 1, destinationPort: 2 }),
      a.tcp({ ...six, destination: 'fd00:2::1' }, { sourcePort: 1, destinationPort: 2, flags: 'S' }),
    ],
  ),
  onNode(
    'REJECT does not answer an ICMP error, a broadcast, a bad checksum, a fragment',
    'iptables -A FORWARD -j REJECT\niptables -A INPUT -j REJECT',
    [
      a.icmp(four, {
        type: 3,
        code: 3,
        payload: ipPacket(four, udp(four, { sourcePort: 1, destinationPort: 2 })),
      }),
      a.udp({ ...four, destination: '10.0.1.255' }, { sourcePort: 1, destinationPort: 2 }),
      a.udp(four, { sourcePort: 1, destinationPort: 2, checksum: 0x7777 }),
      ...fragments(
        four,
        udp(four, { sourcePort: 1, destinationPort: 2, payload: new Uint8Array(80) }),
        [40],
      ).map((piece) => a.packet(piece)),
    ],
  ),
  onNode(
    'the RST and the error pass OUTPUT and POSTROUTING',
    'iptables -A FORWARD -j REJECT\niptables -A OUTPUT -p icmp\niptables -t mangle -A POSTROUTING -p icmp -j TTL --ttl-set 9\niptables -t mangle -A OUTPUT -p icmp -j MARK --set-mark 5\niptables -t mangle -A POSTROUTING -m mark --mark 5',
    [udp4],
  ),
  onNode(
    'jump, goto, return, fall through, policies',
    `iptables -N one
     iptables -N two
     iptables -N three
     iptables -A FORWARD -p udp -j one
     iptables -A FORWARD -p tcp -g two
     iptables -A FORWARD
     iptables -A one -j two
     iptables -A one
     iptables -A two -g three
     iptables -A two
     iptables -A three -p udp --dport 53 -j RETURN
     iptables -A three -p udp -j ACCEPT
     iptables -A three
     iptables -P FORWARD DROP`,
    [udp4, a.udp(four, { sourcePort: 1, destinationPort: 54 }), syn4],
  ),
  onNode(
    'all tables in their order',
    ['raw', 'mangle', 'nat', 'filter', 'security']
      .flatMap((table) =>
        ({
          raw: ['PREROUTING', 'OUTPUT'],
          mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
          nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
          filter: ['INPUT', 'FORWARD', 'OUTPUT'],
          security: ['INPUT', 'FORWARD', 'OUTPUT'],
        })[table]!.flatMap((chain) =>
          ['iptables', 'ip6tables'].map((tool) => `${tool} -t ${table} -A ${chain}`),
        ),
      )
      .join('\n'),
    [
      udp4,
      udp6,
      a.udp({ ...four, destination: '10.0.1.1' }, { sourcePort: 1, destinationPort: 2 }),
      a.udp({ ...six, destination: 'fd00:1::1' }, { sourcePort: 1, destinationPort: 2 }),
    ],
  ),
  onNode(
    'MARK in all its ways',
    ['--set-mark 0xff', '--set-xmark 0xf/0xf0', '--and-mark 0x0f', '--or-mark 0x100', '--xor-mark 0x3']
      .flatMap((how, index) => [
        `iptables -t mangle -A PREROUTING -j MARK ${how}`,
        `iptables -t mangle -A PREROUTING -m mark --mark 0x${index}/0xf`,
        'iptables -t mangle -A PREROUTING -m mark --mark 0xff',
      ])
      .join('\n'),
    [udp4],
  ),
  onNode(
    'TTL and HL: set, increase, decrease, down to nothing',
    `iptables -t mangle -A PREROUTING -p udp --dport 53 -j TTL --ttl-set 7
     iptables -t mangle -A PREROUTING -p udp --dport 54 -j TTL --ttl-inc 250
     iptables -t mangle -A PREROUTING -p udp --dport 55 -j TTL --ttl-dec 70
     iptables -t mangle -A POSTROUTING -p tcp -j TTL --ttl-dec 1
     ip6tables -t mangle -A PREROUTING -p udp --dport 53 -j HL --hl-set 7
     ip6tables -t mangle -A PREROUTING -p udp --dport 54 -j HL --hl-inc 250
     ip6tables -t mangle -A PREROUTING -p udp --dport 55 -j HL --hl-dec 70`,
    [53, 54, 55]
      .flatMap((destinationPort) => [
        a.udp(four, { sourcePort: 1, destinationPort }),
        a.udp(six, { sourcePort: 1, destinationPort }),
      ])
      .concat([syn4]),
  ),
  onNode(
    'TOS and DSCP',
    `iptables -t mangle -A PREROUTING -p udp -j TOS --set-tos 0x10/0x3f
     iptables -t mangle -A FORWARD -p tcp -j DSCP --set-dscp-class EF
     ip6tables -t mangle -A PREROUTING -p udp -j TOS --set-tos 0xb8
     ip6tables -t mangle -A FORWARD -p tcp -j DSCP --set-dscp 63`,
    [
      a.udp({ ...four, tos: 0xff }, { sourcePort: 1, destinationPort: 2 }),
      syn4,
      a.udp({ ...six, tos: 3 }, { sourcePort: 1, destinationPort: 2 }),
      syn6,
    ],
  ),
  onNode(
    'TCPMSS: lower, clamp, add; only a SYN',
    `iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN --dport 80 -j TCPMSS --set-mss 500
     iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN --dport 81 -j TCPMSS --clamp-mss-to-pmtu
     ip6tables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 500
     ip link set eth1 mtu 1400`,
    [80, 81]
      .flatMap((destinationPort) =>
        [[], [2, 4, 5, 180], [2, 4, 0, 100], [1, 1, 1, 1, 2, 4, 5, 180], [2, 3, 1, 0]].flatMap((options) => [
          a.tcp(four, { sourcePort: 1, destinationPort, flags: 'S', options: Uint8Array.from(options) }),
          a.tcp(six, { sourcePort: 1, destinationPort, flags: 'S', options: Uint8Array.from(options) }),
        ]),
      )
      .concat([
        a.tcp(four, { sourcePort: 1, destinationPort: 80, flags: 'S', payload: new Uint8Array(4) }),
        data4,
        data6,
      ]),
  ),
  onNode(
    'LOG, NFLOG and TRACE let the packet go on',
    'iptables -A FORWARD -j LOG --log-prefix "x "\niptables -A FORWARD -j NFLOG --nflog-group 3\niptables -t raw -A PREROUTING -j TRACE\niptables -A FORWARD',
    [udp4],
  ),
  onNode(
    'counters that are restored with -c, and rules without a target',
    'iptables-restore -c < rules',
    [udp4, syn4],
    {
      rules:
        '*filter\n:INPUT ACCEPT [5:6]\n:FORWARD DROP [7:8]\n:OUTPUT ACCEPT [0:0]\n:mine - [0:0]\n[10:1000] -A FORWARD -p udp -j mine\n[1:2] -A mine -p udp\nCOMMIT\n',
    },
  ),
  onNode(
    'iptables commands: insert, delete, rename, zero, flush',
    'iptables -A FORWARD -p udp\niptables -I FORWARD -p tcp\niptables -I FORWARD 2 -p sctp\niptables -D FORWARD -p sctp\niptables -N x\niptables -A x -j ACCEPT\niptables -A FORWARD -j x\niptables -N y\niptables -X y\niptables -D FORWARD 1',
    [udp4, syn4],
  ),
]
