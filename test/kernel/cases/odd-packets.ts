/** Packets that end early or carry headers where none belong, as matches, REJECT, conntrack and delivery see them. */
import { ipPacket, udp } from '../../support/packet/build.ts'
import { a } from '../harness/sides.ts'
import { A4, A6, B4, onNode, B6, type NamedCase } from './named.ts'

const NODE4 = '10.0.1.1'
const NODE6 = 'fd00:1::1'
const here6 = { source: A6, destination: NODE6 }
const across6 = { source: A6, destination: B6 }

/** An extension header of `words` more eight-byte words, filled with Pad1 options unless bytes are given. */
function extension(number: number, words: number, ...bytes: number[]): [number, Uint8Array] {
  const header = new Uint8Array((words + 1) * 8)
  header[1] = words
  header.set(bytes, 2)
  return [number, header]
}

const HOPS = 0
const ROUTING = 43
const AUTH = 51
const DESTINATION = 60

/** An IPv6 packet to the node with these headers before an UDP datagram to a closed port. */
function behind(...extensions: [number, Uint8Array][]) {
  const ip = { ...here6, extensions }
  return a.packet(ipPacket(ip, udp(here6, { sourcePort: 1, destinationPort: 2 })))
}

const sctp = (...chunks: number[]) => ({
  protocol: 132,
  bytes: Uint8Array.from([0, 80, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, ...chunks]),
})
const zeros = (protocol: number) => ({ protocol, bytes: new Uint8Array(12) })
const cutOptions = (ip: { source: string; destination: string }) =>
  a.tcp(ip, { sourcePort: 1, destinationPort: 80, flags: 'S', dataOffset: 8 })

export const ODD_PACKETS: readonly NamedCase[] = [
  onNode(
    'REJECT answers a protocol that it does not know when the bytes sum up to nothing, with zeros too (IPv4)',
    'iptables -A INPUT -j REJECT\niptables -A FORWARD -j REJECT\nip6tables -A FORWARD -j REJECT',
    [
      a.packet(ipPacket({ source: A4, destination: NODE4 }, zeros(59))),
      a.packet(ipPacket({ source: A4, destination: B4 }, zeros(33))),
      a.packet(ipPacket(across6, zeros(33))),
      a.packet(ipPacket(across6, zeros(50))),
    ],
  ),
  onNode(
    'tcp --tcp-option drops a packet whose options are cut off',
    'iptables -A FORWARD -p tcp -m tcp ! --tcp-option 19\nip6tables -A FORWARD -p tcp -m tcp --tcp-option 19',
    [cutOptions({ source: A4, destination: B4 }), cutOptions(across6)],
  ),
  onNode(
    'sctp --chunk-types drops a packet whose chunks are cut off or without length',
    'iptables -A FORWARD -p sctp -m sctp --chunk-types any DATA\nip6tables -A FORWARD -p sctp -m sctp ! --chunk-types only INIT',
    [[], [3, 0, 0, 4, 2, 3, 0, 0], [3, 0, 0, 4], [3, 0, 0, 4, 2, 3]].flatMap((chunks) => [
      a.packet(ipPacket({ source: A4, destination: B4 }, sctp(...chunks))),
      a.packet(ipPacket(across6, sctp(...chunks))),
    ]),
  ),
  onNode(
    'IPv6 headers on delivery: out of place, without a handler, padded too much, with options that are not known',
    'ip6tables -A INPUT\nip6tables -A OUTPUT',
    [
      behind(extension(HOPS, 0)),
      behind(extension(ROUTING, 0), extension(HOPS, 0)),
      behind(extension(HOPS, 0), extension(HOPS, 0)),
      behind(extension(AUTH, 0)),
      behind(extension(DESTINATION, 0), extension(AUTH, 0)),
      behind(extension(DESTINATION, 0)),
      behind(extension(DESTINATION, 1)),
      behind(extension(DESTINATION, 1, 1, 5, 0, 0, 0, 0, 0, 1, 5)),
      behind(extension(DESTINATION, 0, 0x1e, 0)),
      behind(extension(DESTINATION, 0, 0x5e, 0)),
      behind(extension(DESTINATION, 0, 0x9e, 0)),
      behind(extension(DESTINATION, 0, 0xde, 0)),
      behind(extension(ROUTING, 2)),
      behind(extension(ROUTING, 2, 0, 1)),
      behind(extension(ROUTING, 2, 4, 0)),
      a.packet(ipPacket({ ...here6, extensions: [extension(ROUTING, 0)] }, sctp(3, 0, 0, 4))),
      a.packet(
        ipPacket(
          {
            ...here6,
            extensions: [extension(DESTINATION, 1), extension(ROUTING, 0), extension(DESTINATION, 0)],
          },
          sctp(3, 0, 0, 4),
        ),
      ),
      a.packet(ipPacket({ ...here6, fragmentOffset: 0 }, sctp(3, 0, 0, 4))),
      a.packet(ipPacket({ ...here6, extensions: [extension(DESTINATION, 0)] }, zeros(59))),
    ],
  ),
  onNode('IPv6 fragments on delivery that cannot be part of a packet', 'ip6tables -A INPUT', [
    a.packet(ipPacket({ ...here6, fragmentOffset: 0, moreFragments: true }, zeros(33))),
    a.packet(ipPacket({ ...here6, fragmentOffset: 16, moreFragments: true }, zeros(17))),
    a.packet(ipPacket({ ...here6, fragmentOffset: 65528 }, zeros(17))),
    a.packet(
      ipPacket(
        { ...here6, fragmentOffset: 0, moreFragments: true },
        { protocol: 6, bytes: new Uint8Array(8) },
      ),
    ),
  ]),
  onNode(
    'conntrack takes the header off an IPv6 fragment that is a whole packet',
    'ip6tables -A FORWARD -m conntrack --ctstate NEW',
    [
      a.packet(
        ipPacket({ ...across6, fragmentOffset: 0 }, udp(across6, { sourcePort: 1, destinationPort: 2 })),
      ),
      a.packet(ipPacket({ ...here6, fragmentOffset: 0 }, udp(here6, { sourcePort: 1, destinationPort: 2 }))),
    ],
  ),
  onNode(
    'the error about a refused UDP packet is not tracked before conntrack sees it',
    'iptables -t raw -A OUTPUT -m connmark --mark 0\nip6tables -t raw -A OUTPUT -m connmark --mark 0\niptables -A OUTPUT -m conntrack --ctstate RELATED\nip6tables -A OUTPUT -m conntrack --ctstate RELATED',
    [
      a.udp({ source: A4, destination: NODE4 }, { sourcePort: 1, destinationPort: 2 }),
      a.udp(here6, { sourcePort: 1, destinationPort: 2 }),
    ],
  ),
]
