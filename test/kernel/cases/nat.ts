/** DNAT, SNAT, MASQUERADE, REDIRECT: the translated flows, their answers, and ICMP errors about them. */
import { icmp, ipPacket, tcp, udp, type Ip } from '../../support/packet/build.ts'
import type { CaseFrame } from '../harness/case.ts'
import { a, b } from '../harness/sides.ts'
import { echoConversation, tcpConversation, udpConversation } from './conversations.ts'
import { A4, A6, B4, B6, onNode, VIP4, VIP6, type NamedCase } from './named.ts'

const ROUTER4 = '192.0.2.1'
const MASQUERADED = '10.0.2.1'
const MASQUERADED6 = 'fd00:2::1'

/** An ICMP error from b, or a router behind it, about a packet that reached b. */
function errorFromB(about: Uint8Array, type: number, code: number, word = 0, router?: string): CaseFrame {
  const six = about[0]! >> 4 === 6
  const text = (from: number, to: number): string =>
    six
      ? Array.from({ length: 8 }, (_, index) =>
          ((about[from + index * 2]! << 8) | about[from + index * 2 + 1]!).toString(16),
        ).join(':')
      : about.slice(from, to).join('.')
  const ip: Ip = {
    source: router ?? text(six ? 24 : 16, six ? 40 : 20),
    destination: text(six ? 8 : 12, six ? 24 : 16),
    id: 77,
  }
  return b.packet(ipPacket(ip, icmp(ip, { type, code, word, payload: about.slice(0, six ? 1200 : 28) })))
}

const ends4 = { client: A4, dialled: VIP4, server: B4 }
const ends6 = { client: A6, dialled: VIP6, server: B6 }
const seen4 = { source: A4, destination: B4, ttl: 63 }
const seen6 = { source: A6, destination: B6, ttl: 63 }
const syn = { sourcePort: 40000, destinationPort: 8080, flags: 'S', seq: 100 }

export const NAT: readonly NamedCase[] = [
  onNode(
    'a port unreachable of the node itself about a translated datagram follows the rules of its own packets',
    `iptables -t nat -A PREROUTING -p udp -j DNAT --to-destination 10.0.1.1
     ip6tables -t nat -A PREROUTING -p udp -j DNAT --to-destination fd00:1::1
     iptables -t raw -A OUTPUT -j CT --notrack
     ip6tables -t raw -A OUTPUT -j CT --notrack`,
    [
      a.udp({ source: A4, destination: VIP4, id: 900 }, { sourcePort: 1000, destinationPort: 53 }),
      a.udp({ source: A6, destination: VIP6 }, { sourcePort: 1000, destinationPort: 53 }),
    ],
  ),
  onNode(
    'DNAT to an address and a port, TCP',
    `iptables -t nat -A PREROUTING -d ${VIP4} -p tcp --dport 80 -j DNAT --to-destination ${B4}:8080`,
    tcpConversation({ ...ends4, serverPort: 8080 }),
  ),
  onNode(
    'DNAT to an address and a port, TCP, IPv6',
    `ip6tables -t nat -A PREROUTING -d ${VIP6} -p tcp --dport 80 -j DNAT --to-destination [${B6}]:8080`,
    tcpConversation({ ...ends6, serverPort: 8080 }),
  ),
  onNode(
    'DNAT of UDP, both families',
    `iptables -t nat -A PREROUTING -d ${VIP4} -p udp -j DNAT --to-destination ${B4}
     ip6tables -t nat -A PREROUTING -d ${VIP6} -p udp -j DNAT --to-destination ${B6}`,
    [...udpConversation(ends4), ...udpConversation(ends6)],
  ),
  onNode(
    'DNAT of echo requests, both families',
    `iptables -t nat -A PREROUTING -d ${VIP4} -j DNAT --to-destination ${B4}
     ip6tables -t nat -A PREROUTING -d ${VIP6} -j DNAT --to-destination ${B6}`,
    [...echoConversation(ends4), ...echoConversation(ends6)],
  ),
  onNode(
    'DNAT to the node itself',
    `iptables -t nat -A PREROUTING -d ${VIP4} -j DNAT --to-destination 10.0.2.1
     ip6tables -t nat -A PREROUTING -d ${VIP6} -j DNAT --to-destination fd00:2::1`,
    [
      a.tcp({ source: A4, destination: VIP4 }, syn),
      a.tcp({ source: A6, destination: VIP6 }, syn),
      a.udp({ source: A4, destination: VIP4 }, { sourcePort: 5, destinationPort: 6 }),
      a.udp({ source: A6, destination: VIP6 }, { sourcePort: 5, destinationPort: 6 }),
      a.icmp({ source: A4, destination: VIP4 }, { type: 8, word: 5 }),
      a.icmp({ source: A6, destination: VIP6 }, { type: 128, word: 5 }),
    ],
  ),
  onNode(
    'SNAT to an address and a port range',
    `iptables -t nat -A POSTROUTING -o eth1 -p tcp -j SNAT --to-source 10.0.2.77:5000
     ip -n node neigh add 10.0.2.77 lladdr 02:00:00:00:00:0b dev eth1`,
    [
      ...tcpConversation({ client: A4, dialled: B4, seenFrom: '10.0.2.77', seenPort: 5000 }),
      a.tcp({ source: A4, destination: B4 }, { sourcePort: 40001, destinationPort: 81, flags: 'S' }),
    ],
  ),
  onNode(
    'MASQUERADE keeps a port that is free, TCP, UDP and echo',
    'iptables -t nat -A POSTROUTING -o eth1 -j MASQUERADE\nip6tables -t nat -A POSTROUTING -o eth1 -j MASQUERADE',
    [
      ...tcpConversation({ client: A4, dialled: B4, seenFrom: MASQUERADED }),
      ...udpConversation({ client: A4, dialled: B4, seenFrom: MASQUERADED }),
      ...echoConversation({ client: A4, dialled: B4, seenFrom: MASQUERADED }),
      ...tcpConversation({ client: A6, dialled: B6, seenFrom: MASQUERADED6 }),
      ...udpConversation({ client: A6, dialled: B6, seenFrom: MASQUERADED6 }),
      ...echoConversation({ client: A6, dialled: B6, seenFrom: MASQUERADED6 }),
    ],
  ),
  onNode(
    'DNAT and MASQUERADE together, with a mark, as kube-proxy does',
    `iptables -t nat -N KUBE-MARK-MASQ
     iptables -t nat -A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
     iptables -t nat -A PREROUTING -d ${VIP4}/32 -p tcp -m tcp --dport 80 -j KUBE-MARK-MASQ
     iptables -t nat -A PREROUTING -d ${VIP4}/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination ${B4}:8080
     iptables -t nat -N KUBE-POSTROUTING
     iptables -t nat -A POSTROUTING -j KUBE-POSTROUTING
     iptables -t nat -A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
     iptables -t nat -A KUBE-POSTROUTING -j MARK --xor-mark 0x4000
     iptables -t nat -A KUBE-POSTROUTING -j MASQUERADE`,
    tcpConversation({ ...ends4, seenFrom: MASQUERADED, serverPort: 8080 }),
  ),
  onNode(
    'hairpin: DNAT back to the network the packet came from, masqueraded',
    `iptables -t nat -A PREROUTING -d ${VIP4} -p tcp -j DNAT --to-destination 10.0.1.3:8080
     iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE`,
    [
      a.tcp(
        { source: A4, destination: VIP4 },
        { sourcePort: 40000, destinationPort: 80, flags: 'S', seq: 1 },
      ),
      a.tcp(
        { source: '10.0.1.3', destination: '10.0.1.1' },
        { sourcePort: 8080, destinationPort: 40000, flags: 'SA', seq: 9, ack: 2 },
      ),
      a.tcp(
        { source: A4, destination: VIP4 },
        { sourcePort: 40000, destinationPort: 80, flags: 'A', seq: 2, ack: 10 },
      ),
    ],
  ),
  onNode(
    'hairpin: a pod reaches itself through its service',
    `iptables -t nat -A PREROUTING -d ${VIP4} -p udp -j DNAT --to-destination ${A4}
     iptables -t nat -A POSTROUTING -s ${A4} -d ${A4} -j MASQUERADE`,
    [
      a.udp({ source: A4, destination: VIP4 }, { sourcePort: 40000, destinationPort: 53 }),
      a.udp({ source: A4, destination: '10.0.1.1' }, { sourcePort: 53, destinationPort: 40000 }),
    ],
  ),
  onNode(
    'REDIRECT to a port of the node',
    'iptables -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080\nip6tables -t nat -A PREROUTING -p udp -j REDIRECT --to-ports 53',
    [
      a.tcp({ source: A4, destination: B4 }, { sourcePort: 1, destinationPort: 80, flags: 'S' }),
      a.udp({ source: A6, destination: B6 }, { sourcePort: 1, destinationPort: 80 }),
    ],
  ),
  onNode(
    'two clients with the same port to the same server: the second gets another port',
    'iptables -t nat -A POSTROUTING -o eth1 -p tcp -j SNAT --to-source 10.0.2.1:2000-2001',
    [
      a.tcp({ source: A4, destination: B4 }, { sourcePort: 2000, destinationPort: 80, flags: 'S' }),
      a.tcp({ source: '10.0.1.3', destination: B4 }, { sourcePort: 2000, destinationPort: 80, flags: 'S' }),
    ],
  ),
  onNode(
    'no port is left: the packet is dropped',
    'iptables -t nat -A POSTROUTING -o eth1 -p tcp -j SNAT --to-source 10.0.2.1:2000',
    [
      a.tcp({ source: A4, destination: B4 }, { sourcePort: 2000, destinationPort: 80, flags: 'S' }),
      a.tcp({ source: '10.0.1.3', destination: B4 }, { sourcePort: 2000, destinationPort: 80, flags: 'S' }),
      a.tcp({ source: '10.0.1.3', destination: B4 }, { sourcePort: 2000, destinationPort: 81, flags: 'S' }),
    ],
  ),
  onNode(
    'null binding: a flow without NAT keeps its port away from a translated one',
    'iptables -t nat -A POSTROUTING -s 10.0.1.3 -j SNAT --to-source 10.0.1.2',
    [
      a.udp({ source: A4, destination: B4 }, { sourcePort: 2000, destinationPort: 53 }),
      b.udp({ source: B4, destination: A4 }, { sourcePort: 53, destinationPort: 2000 }),
    ],
  ),
  onNode(
    'ICMP errors about a DNATed flow come back translated',
    `iptables -t nat -A PREROUTING -d ${VIP4} -p tcp -j DNAT --to-destination ${B4}:8080
     iptables -t nat -A PREROUTING -d ${VIP4} -p udp -j DNAT --to-destination ${B4}:5353
     iptables -A FORWARD -m conntrack --ctstate RELATED
     iptables -A FORWARD -m conntrack --ctstate INVALID -j DROP`,
    [
      a.tcp(
        { source: A4, destination: VIP4 },
        { sourcePort: 40000, destinationPort: 80, flags: 'S', seq: 100 },
      ),
      errorFromB(ipPacket(seen4, tcp(seen4, syn)), 3, 1),
      errorFromB(ipPacket(seen4, tcp(seen4, syn)), 3, 4, 1300, ROUTER4),
      errorFromB(ipPacket(seen4, tcp(seen4, syn)), 11, 0, 0, ROUTER4),
      errorFromB(ipPacket(seen4, tcp(seen4, { ...syn, destinationPort: 8081 })), 3, 1),
      a.udp({ source: A4, destination: VIP4 }, { sourcePort: 40000, destinationPort: 53 }),
      errorFromB(ipPacket(seen4, udp(seen4, { sourcePort: 40000, destinationPort: 5353 })), 3, 3),
    ],
  ),
  onNode(
    'ICMP errors about a masqueraded flow come back translated, both families',
    'iptables -t nat -A POSTROUTING -o eth1 -j MASQUERADE\nip6tables -t nat -A POSTROUTING -o eth1 -j MASQUERADE',
    [
      a.udp({ source: A4, destination: B4 }, { sourcePort: 40000, destinationPort: 53 }),
      errorFromB(
        ipPacket(
          { ...seen4, source: MASQUERADED },
          udp({ ...seen4, source: MASQUERADED }, { sourcePort: 40000, destinationPort: 53 }),
        ),
        3,
        3,
      ),
      a.udp({ source: A6, destination: B6 }, { sourcePort: 40000, destinationPort: 53 }),
      errorFromB(
        ipPacket(
          { ...seen6, source: MASQUERADED6 },
          udp({ ...seen6, source: MASQUERADED6 }, { sourcePort: 40000, destinationPort: 53 }),
        ),
        1,
        4,
      ),
    ],
  ),
  onNode(
    'DNAT and REJECT: the error that the node makes itself is translated back',
    `iptables -t nat -A PREROUTING -d ${VIP4} -j DNAT --to-destination ${B4}
     iptables -A FORWARD -p udp -j REJECT
     iptables -A FORWARD -p tcp -j REJECT --reject-with tcp-reset
     ip6tables -t nat -A PREROUTING -d ${VIP6} -j DNAT --to-destination ${B6}
     ip6tables -A FORWARD -p udp -j REJECT
     ip6tables -A FORWARD -p tcp -j REJECT --reject-with tcp-reset`,
    [
      a.udp({ source: A4, destination: VIP4 }, { sourcePort: 40000, destinationPort: 53 }),
      a.tcp(
        { source: A4, destination: VIP4 },
        { sourcePort: 40000, destinationPort: 80, flags: 'S', seq: 5 },
      ),
      a.udp({ source: A6, destination: VIP6 }, { sourcePort: 40000, destinationPort: 53 }),
      a.tcp(
        { source: A6, destination: VIP6 },
        { sourcePort: 40000, destinationPort: 80, flags: 'S', seq: 5 },
      ),
    ],
  ),
  onNode(
    'UDP without a checksum stays so',
    `iptables -t nat -A PREROUTING -d ${VIP4} -p udp -j DNAT --to-destination ${B4}:5353`,
    [
      a.udp(
        { source: A4, destination: VIP4 },
        { sourcePort: 1, destinationPort: 53, checksum: 0, payload: Uint8Array.of(1) },
      ),
    ],
  ),
  onNode(
    'a rule that matches in the middle of a flow changes nothing',
    'iptables -t nat -A PREROUTING -p udp -m udp --sport 9 -j DNAT --to-destination 10.0.2.3',
    udpConversation({ client: A4, dialled: B4 }),
  ),
]
