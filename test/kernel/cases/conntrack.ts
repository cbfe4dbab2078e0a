/** Connection tracking: states, the TCP machine, errors, fragments, zones, marks. */
import { fragments, icmp, ipPacket, tcp, udp } from '../../support/packet/build.ts'
import { CHUNK, initValue, sctp } from '../../support/packet/sctp.ts'
import type { CaseFrame } from '../harness/case.ts'
import { a, b } from '../harness/sides.ts'
import { echoConversation, tcpConversation, udpConversation } from './conversations.ts'
import { A4, A6, B4, B6, onNode, type NamedCase } from './named.ts'

const four = { source: A4, destination: B4, id: 3 }
const back4 = { source: B4, destination: A4, id: 4 }
const ports = { sourcePort: 40000, destinationPort: 80 }
const backPorts = { sourcePort: 80, destinationPort: 40000 }

/** Counts every state, then accepts. */
const COUNT = ['iptables', 'ip6tables']
  .flatMap((tool) =>
    ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'].map(
      (state) => `${tool} -A FORWARD -m conntrack --ctstate ${state}`,
    ),
  )
  .join('\n')

const client = (flags: string, seq: number, ack = 0, more = {}): CaseFrame =>
  a.tcp(four, { ...ports, flags, seq, ack, ...more })
const server = (flags: string, seq: number, ack = 0, more = {}): CaseFrame =>
  b.tcp(back4, { ...backPorts, flags, seq, ack, ...more })
const handshake = [client('S', 100), server('SA', 900, 101), client('A', 101, 901)]
const data = (length: number): { payload: Uint8Array } => ({ payload: new Uint8Array(length) })

function sctpFlow(): CaseFrame[] {
  const there = (tag: number, type: number, value: Uint8Array = new Uint8Array()): CaseFrame =>
    a.packet(ipPacket(four, sctp({ ...ports, tag, chunks: [{ type, value }] })))
  const here = (tag: number, type: number, value: Uint8Array = new Uint8Array()): CaseFrame =>
    b.packet(ipPacket(back4, sctp({ ...backPorts, tag, chunks: [{ type, value }] })))
  return [
    there(0, CHUNK.init, initValue(11)),
    here(11, CHUNK.initAck, initValue(22)),
    there(22, CHUNK.cookieEcho, new Uint8Array(4)),
    here(11, CHUNK.cookieAck),
    there(22, CHUNK.data, new Uint8Array(16)),
    here(11, CHUNK.sack, new Uint8Array(12)),
    there(99, CHUNK.data, new Uint8Array(16)),
    there(22, CHUNK.shutdown, new Uint8Array(4)),
    here(11, CHUNK.shutdownAck),
    there(22, CHUNK.shutdownComplete),
  ]
}

export const CONNTRACK: readonly NamedCase[] = [
  onNode('a whole TCP conversation', COUNT, tcpConversation({ client: A4, dialled: B4 })),
  onNode('a whole TCP conversation, IPv6', COUNT, tcpConversation({ client: A6, dialled: B6 })),
  onNode('UDP becomes a stream', COUNT, [
    ...udpConversation({ client: A4, dialled: B4 }),
    ...udpConversation({ client: A6, dialled: B6 }),
  ]),
  onNode('echo', COUNT, [
    ...echoConversation({ client: A4, dialled: B4 }),
    ...echoConversation({ client: A6, dialled: B6 }),
  ]),
  onNode('an SCTP association', COUNT, sctpFlow()),
  onNode('an echo reply that nobody asked for', COUNT, [
    a.icmp(four, { type: 0, word: 7 }),
    a.icmp({ source: A6, destination: B6 }, { type: 129, word: 7 }),
  ]),
  onNode('ICMP types that conntrack does not track', COUNT, [
    a.icmp(four, { type: 42 }),
    a.icmp(four, { type: 10 }),
    a.icmp({ source: A6, destination: B6 }, { type: 200 }),
  ]),
  onNode('ESP is tracked by the generic tracker', COUNT, [
    a.packet(ipPacket(four, { protocol: 50, bytes: new Uint8Array(24) })),
    b.packet(ipPacket(back4, { protocol: 50, bytes: new Uint8Array(24) })),
  ]),
  onNode('a connection is picked up in the middle (tcp_loose)', COUNT, [
    client('PA', 500, 700, data(10)),
    server('A', 700, 510),
    client('PA', 510, 700, data(10)),
  ]),
  onNode(
    'tcp_loose off: the middle of a connection is INVALID',
    `sysctl -w net.netfilter.nf_conntrack_tcp_loose=0\n${COUNT}`,
    [client('PA', 500, 700, data(10)), server('A', 700, 510)],
  ),
  onNode('segments outside the window are INVALID', COUNT, [
    ...handshake,
    client('PA', 200_000, 901, data(10)),
    client('PA', 101, 500_000, data(10)),
    client('PA', 101, 901, data(10)),
    server('A', 901, 111),
    server('PA', 901, 111, data(5)),
    client('A', 100_000_000, 906),
  ]),
  onNode('be_liberal lets them pass', `sysctl -w net.netfilter.nf_conntrack_tcp_be_liberal=1\n${COUNT}`, [
    ...handshake,
    client('PA', 200_000, 901, data(10)),
    client('R', 300_000, 901),
  ]),
  onNode('RST inside and outside the window', COUNT, [
    ...handshake,
    client('R', 5_000_000),
    server('R', 901),
    client('A', 101, 901),
  ]),
  onNode('RST as the answer to a SYN', COUNT, [
    client('S', 100),
    server('RA', 0, 101),
    client('S', 5000),
    server('SA', 1, 5001),
  ]),
  onNode('a new SYN after TIME_WAIT', COUNT, [
    ...tcpConversation({ client: A4, dialled: B4 }),
    client('S', 900_000),
    server('SA', 7, 900_001),
  ]),
  onNode('simultaneous open', COUNT, [
    client('S', 100),
    server('S', 900),
    client('SA', 100, 901),
    server('SA', 900, 101),
  ]),
  onNode('SYN retransmitted, SYN-ACK retransmitted', COUNT, [
    client('S', 100),
    client('S', 100),
    server('SA', 900, 101),
    server('SA', 900, 101),
    client('A', 101, 901),
  ]),
  onNode('SYN inside an established connection', COUNT, [
    ...handshake,
    client('S', 100),
    client('S', 9000),
    server('A', 901, 101),
    client('R', 101),
  ]),
  onNode('data retransmitted until max_retrans', COUNT, [
    ...handshake,
    ...Array.from({ length: 5 }, () => client('PA', 101, 901, data(10))),
  ]),
  onNode('half closed: FIN, data the other way, FIN', COUNT, [
    ...handshake,
    client('FA', 101, 901),
    server('A', 901, 102),
    server('PA', 901, 102, data(20)),
    client('A', 102, 921),
    server('FA', 921, 102),
    client('A', 102, 922),
    client('A', 102, 922),
  ]),
  onNode('window scaling', COUNT, [
    client('S', 100, 0, { options: Uint8Array.of(2, 4, 5, 180, 3, 3, 7, 0), window: 1000 }),
    server('SA', 900, 101, { options: Uint8Array.of(2, 4, 5, 180, 3, 3, 2, 0), window: 1000 }),
    client('A', 101, 901, { window: 100 }),
    server('PA', 901, 101, { ...data(100), window: 1000 }),
    server('PA', 13_000, 101, { ...data(100), window: 1000 }),
    server('PA', 20_000, 101, { ...data(100), window: 1000 }),
  ]),
  onNode('selective acknowledgements', COUNT, [
    client('S', 100, 0, { options: Uint8Array.of(4, 2, 1, 1) }),
    server('SA', 900, 101, { options: Uint8Array.of(4, 2, 1, 1) }),
    client('A', 101, 901),
    client('PA', 111, 901, data(10)),
    server('A', 901, 101, { options: Uint8Array.of(1, 1, 5, 10, 0, 0, 0, 111, 0, 0, 0, 121) }),
    client('PA', 101, 901, data(10)),
    server('A', 901, 121),
  ]),
  onNode(
    'flag combinations that never occur',
    COUNT,
    ['', 'F', 'SF', 'SR', 'FSRPAU', 'FPU', 'SRA', 'SFA', 'U', 'P'].map((flags) => client(flags, 100)),
  ),
  onNode('bad TCP headers', COUNT, [
    client('S', 100, 0, { dataOffset: 4 }),
    client('S', 100, 0, { dataOffset: 15 }),
    client('S', 100, 0, { checksum: 0x1111 }),
    client('S', 100, 0, { options: Uint8Array.of(2, 0, 0, 0) }),
    client('S', 100, 0, { options: Uint8Array.of(2, 9, 0, 0) }),
    a.packet(ipPacket(four, tcp(four, { ...ports, flags: 'S' })).slice(0, 36)),
  ]),
  onNode('checksums unchecked', `sysctl -w net.netfilter.nf_conntrack_checksum=0\n${COUNT}`, [
    client('S', 100, 0, { checksum: 0x1111 }),
    a.udp(four, { ...ports, checksum: 0x1111 }),
  ]),
  onNode('bad UDP headers', COUNT, [
    a.udp(four, { ...ports, length: 7 }),
    a.udp(four, { ...ports, length: 99 }),
    a.udp(four, { ...ports, checksum: 0x1111, ...data(4) }),
    a.udp(four, { ...ports, checksum: 0, ...data(4) }),
    a.udp({ source: A6, destination: B6 }, { ...ports, checksum: 0, ...data(4) }),
    a.packet(ipPacket(four, udp(four, ports)).slice(0, 24)),
  ]),
  onNode('ICMP errors: RELATED to a flow, about nothing, about the wrong way', COUNT, [
    a.udp(four, ports),
    b.icmp({ ...back4 }, { type: 3, code: 3, payload: ipPacket(four, udp(four, ports)) }),
    b.icmp(
      { ...back4, source: '192.0.2.7' },
      { type: 11, code: 0, payload: ipPacket(four, udp(four, ports)) },
    ),
    b.icmp(
      { ...back4 },
      { type: 3, code: 3, payload: ipPacket(four, udp(four, { ...ports, destinationPort: 81 })) },
    ),
    b.icmp(
      { ...back4, destination: '10.0.1.3' },
      { type: 3, code: 3, payload: ipPacket(four, udp(four, ports)) },
    ),
    b.icmp({ ...back4 }, { type: 3, code: 3, payload: ipPacket(four, udp(four, ports)), checksum: 0x1111 }),
    b.icmp({ ...back4 }, { type: 3, code: 3, payload: ipPacket(four, udp(four, ports)).slice(0, 24) }),
    a.icmp(four, { type: 3, code: 3, payload: ipPacket(four, udp(four, ports)) }),
    b.icmp({ ...back4 }, { type: 5, code: 1, payload: ipPacket(four, udp(four, ports)) }),
  ]),
  onNode('ICMPv6 errors', COUNT, [
    a.udp({ source: A6, destination: B6 }, ports),
    b.icmp(
      { source: B6, destination: A6 },
      {
        type: 1,
        code: 4,
        payload: ipPacket({ source: A6, destination: B6 }, udp({ source: A6, destination: B6 }, ports)),
      },
    ),
    b.icmp(
      { source: '2001:db8::1', destination: A6 },
      {
        type: 2,
        word: 1280,
        payload: ipPacket({ source: A6, destination: B6 }, udp({ source: A6, destination: B6 }, ports)),
      },
    ),
    b.icmp(
      { source: B6, destination: A6 },
      {
        type: 1,
        code: 4,
        payload: ipPacket(
          { source: A6, destination: B6 },
          udp({ source: A6, destination: B6 }, { ...ports, sourcePort: 1 }),
        ),
      },
    ),
  ]),
  onNode('an error about an echo request', COUNT, [
    a.icmp(four, { type: 8, word: 0x70001 }),
    b.icmp(
      { ...back4, source: '192.0.2.1' },
      { type: 11, code: 0, payload: ipPacket(four, icmp(four, { type: 8, word: 0x70001 })) },
    ),
  ]),
  onNode('fragments are put together for conntrack and cut again', COUNT, [
    ...fragments({ ...four, id: 900 }, udp(four, { ...ports, ...data(200) }), [80]).map((piece) =>
      a.packet(piece),
    ),
    ...fragments({ ...four, id: 901 }, udp(four, { ...ports, ...data(200) }), [80, 160])
      .toReversed()
      .map((piece) => a.packet(piece)),
  ]),
  onNode('fragments of IPv6', COUNT, [
    ...fragments(
      { source: A6, destination: B6, id: 5 },
      udp({ source: A6, destination: B6 }, { ...ports, ...data(200) }),
      [80],
    ).map((piece) => a.packet(piece)),
    ...fragments(
      { source: A6, destination: B6, id: 6 },
      udp({ source: A6, destination: B6 }, { ...ports, ...data(200) }),
      [80, 160],
    )
      .toReversed()
      .map((piece) => a.packet(piece)),
  ]),
  onNode('fragments that never complete, overlap or repeat', COUNT, [
    ...fragments({ ...four, id: 902 }, udp(four, { ...ports, ...data(200) }), [80])
      .slice(0, 1)
      .map((piece) => a.packet(piece)),
    ...fragments({ ...four, id: 903 }, udp(four, { ...ports, ...data(200) }), [80])
      .slice(1)
      .map((piece) => a.packet(piece)),
    ...[0, 0, 1].map((index) =>
      a.packet(fragments({ ...four, id: 904 }, udp(four, { ...ports, ...data(200) }), [80])[index]!),
    ),
    a.packet(fragments({ ...four, id: 905 }, udp(four, { ...ports, ...data(200) }), [80])[0]!),
    a.packet(fragments({ ...four, id: 905 }, udp(four, { ...ports, ...data(200) }), [72])[1]!),
  ]),
  onNode(
    'NOTRACK, zones, connmark',
    `iptables -t raw -A PREROUTING -p udp --dport 1 -j CT --notrack
     iptables -t raw -A PREROUTING -p udp --dport 2 -j CT --zone 5
     iptables -t raw -A PREROUTING -p udp --dport 3 -j CT --zone-orig 6
     iptables -t mangle -A PREROUTING -p udp --dport 4 -j CONNMARK --set-mark 0x77
     iptables -t mangle -A PREROUTING -j CONNMARK --restore-mark
     iptables -t mangle -A FORWARD -m mark --mark 0x77
     ${COUNT}`,
    [1, 2, 3, 4].flatMap((destinationPort) => [
      a.udp(four, { sourcePort: 9, destinationPort }),
      b.udp(back4, { sourcePort: destinationPort, destinationPort: 9 }),
    ]),
  ),
  onNode(
    'timeouts by sysctl',
    `sysctl -w net.netfilter.nf_conntrack_udp_timeout=77\nsysctl -w net.netfilter.nf_conntrack_tcp_timeout_syn_sent=33\n${COUNT}`,
    [a.udp(four, ports), client('S', 1)],
  ),
]
