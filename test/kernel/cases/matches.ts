/** Every match, alone, against packets on both sides of it: the rule's counter tells. */
import { ipPacket, udp } from '../../support/packet/build.ts'
import { CHUNK, initValue, sctp } from '../../support/packet/sctp.ts'
import type { CaseFrame } from '../harness/case.ts'
import { a, b } from '../harness/sides.ts'
import { tcpConversation, udpConversation } from './conversations.ts'
import { A4, A6, B4, B6, onNode, VIP4, type NamedCase } from './named.ts'

const four = { source: A4, destination: B4 }
const six = { source: A6, destination: B6 }

/** One counting rule in FORWARD for each line. */
function rules(lines: readonly string[], tool = 'iptables'): string {
  return lines.map((line) => `${tool} -A FORWARD ${line}`).join('\n')
}

const tcpTo = (destinationPort: number, more = {}): CaseFrame =>
  a.tcp(four, { sourcePort: 40000, destinationPort, flags: 'S', ...more })
const udpTo = (destinationPort: number): CaseFrame => a.udp(four, { sourcePort: 40000, destinationPort })
const many = (count: number): CaseFrame[] =>
  Array.from({ length: count }, (_, id) => a.udp({ ...four, id }, { sourcePort: 1, destinationPort: 2 }))

export const MATCHES: readonly NamedCase[] = [
  onNode(
    'addresses, masks, interfaces, protocol, fragment',
    rules([
      '-s 10.0.1.2',
      '! -s 10.0.1.2',
      '-d 10.0.2.0/24',
      '-s 10.0.0.2/255.255.0.255',
      '-d 0.0.0.0/0',
      '-i eth0 -o eth1',
      '-i eth+',
      '! -o eth+',
      '-o lo',
      '-p udp',
      '! -p udp',
      '-p 50',
      '-f',
      '! -f',
    ]),
    [
      udpTo(53),
      tcpTo(80),
      a.udp({ ...four, source: '10.0.1.3' }, { sourcePort: 1, destinationPort: 2 }),
      a.packet(ipPacket({ ...four, protocol: 50 }, udp(four, { sourcePort: 1, destinationPort: 2 }))),
    ],
  ),
  onNode(
    'addresses, IPv6',
    rules(
      [
        '-s fd00:1::2',
        '! -s fd00:1::2',
        '-d fd00:2::/64',
        '-s ::/0',
        '-i eth0 -o eth1',
        '-p udp',
        '! -p udp',
      ],
      'ip6tables',
    ),
    [
      a.udp(six, { sourcePort: 1, destinationPort: 2 }),
      a.tcp({ ...six, source: 'fd00:1::3' }, { sourcePort: 1, destinationPort: 2, flags: 'S' }),
    ],
  ),
  onNode(
    'tcp: ports, flags, syn, option',
    rules([
      '-p tcp --dport 80',
      '-p tcp --dport 79:81',
      '-p tcp ! --dport 80',
      '-p tcp --sport 40000:',
      '-p tcp --syn',
      '-p tcp ! --syn',
      '-p tcp --tcp-flags SYN,ACK SYN,ACK',
      '-p tcp --tcp-flags ALL NONE',
      '-p tcp --tcp-flags ALL ALL',
      '-p tcp ! --tcp-flags FIN FIN',
      '-p tcp --tcp-option 2',
      '-p tcp ! --tcp-option 2',
      '-p tcp --tcp-option 8',
    ]),
    [
      tcpTo(80),
      tcpTo(81, { flags: 'SA' }),
      tcpTo(443, { flags: '' }),
      tcpTo(443, { flags: 'FSRPAU' }),
      tcpTo(443, { flags: 'FA', options: Uint8Array.of(2, 4, 5, 180) }),
      tcpTo(443, { options: Uint8Array.of(1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2) }),
      tcpTo(443, { options: Uint8Array.of(99, 0, 1, 1) }),
    ],
  ),
  onNode(
    'udp and multiport',
    rules([
      '-p udp --dport 53',
      '-p udp ! --sport 40000',
      '-p udp -m multiport --dports 53,80:90,443',
      '-p udp -m multiport ! --dports 53,80:90,443',
      '-p udp -m multiport --ports 40000',
      '-p tcp -m multiport --sports 40000,1',
    ]),
    [udpTo(53), udpTo(85), udpTo(91), tcpTo(85)],
  ),
  onNode(
    'sctp: ports and chunk types',
    rules([
      '-p sctp --dport 80',
      '-p sctp --chunk-types any INIT',
      '-p sctp --chunk-types all INIT,DATA',
      '-p sctp --chunk-types only DATA',
      '-p sctp --chunk-types any DATA:Be',
      '-p sctp --chunk-types all DATA:bE',
      '-p sctp ! --chunk-types any SACK',
    ]),
    [[CHUNK.init], [CHUNK.data], [CHUNK.init, CHUNK.data], [CHUNK.sack, CHUNK.data]].map((types) =>
      a.packet(
        ipPacket(
          four,
          sctp({
            sourcePort: 1,
            destinationPort: 80,
            chunks: types.map((type) => ({
              type,
              flags: type === CHUNK.data ? 1 : 0,
              value: type === CHUNK.init ? initValue(1) : new Uint8Array(12),
            })),
          }),
        ),
      ),
    ),
  ),
  onNode(
    'icmp types',
    rules([
      '-p icmp --icmp-type 8',
      '-p icmp --icmp-type 3/4',
      '-p icmp --icmp-type any',
      '-p icmp ! --icmp-type echo-request',
      '-p icmp --icmp-type 3',
    ]),
    [
      a.icmp(four, { type: 8 }),
      a.icmp(four, { type: 3, code: 4 }),
      a.icmp(four, { type: 3, code: 1 }),
      a.icmp(four, { type: 0 }),
    ],
  ),
  onNode(
    'icmpv6 types',
    rules(
      [
        '-p ipv6-icmp --icmpv6-type 128',
        '-p ipv6-icmp --icmpv6-type 1/4',
        '-p ipv6-icmp ! --icmpv6-type 129',
      ],
      'ip6tables',
    ),
    [a.icmp(six, { type: 128 }), a.icmp(six, { type: 1, code: 4 }), a.icmp(six, { type: 129 })],
  ),
  onNode(
    'conntrack: every part',
    `iptables -t nat -A PREROUTING -d ${VIP4} -p tcp -j DNAT --to-destination ${B4}:8080
     iptables -t nat -A POSTROUTING -o eth1 -j SNAT --to-source 10.0.2.1
     ${rules([
       '-m conntrack --ctstate NEW',
       '-m conntrack --ctstate NEW,ESTABLISHED',
       '-m conntrack ! --ctstate NEW',
       '-m conntrack --ctstate DNAT',
       '-m conntrack --ctstate SNAT',
       '-m conntrack --ctstate INVALID',
       '-m conntrack --ctstatus NONE',
       '-m conntrack --ctstatus ASSURED',
       '-m conntrack --ctstatus CONFIRMED',
       '-m conntrack ! --ctstatus SEEN_REPLY',
       '-m conntrack --ctproto 6',
       '-m conntrack ! --ctproto 6',
       `-m conntrack --ctorigdst ${VIP4}`,
       `-m conntrack --ctorigdst ${B4}`,
       `-m conntrack --ctorigsrc 10.0.1.0/24`,
       `-m conntrack --ctreplsrc ${B4}`,
       `-m conntrack --ctrepldst 10.0.2.1`,
       `-m conntrack ! --ctrepldst 10.0.2.1`,
       '-m conntrack --ctproto 6 --ctorigdstport 80',
       '-m conntrack --ctproto 6 --ctorigsrcport 40000',
       '-m conntrack --ctproto 6 --ctreplsrcport 8080:8090',
       '-m conntrack --ctproto 6 ! --ctrepldstport 40000',
       '-m conntrack --ctdir ORIGINAL',
       '-m conntrack --ctdir REPLY',
       '-m conntrack --ctexpire 100:200',
       '-m conntrack ! --ctexpire 0:431000',
       '-m state --state NEW',
       '-m state ! --state ESTABLISHED,RELATED',
     ])}`,
    [
      ...tcpConversation({
        client: A4,
        dialled: VIP4,
        server: B4,
        serverPort: 8080,
        seenFrom: '10.0.2.1',
      }).slice(0, 8),
      a.icmp(four, { type: 42 }),
    ],
  ),
  onNode(
    'mark and connmark',
    `iptables -t mangle -A PREROUTING -p udp --dport 1 -j MARK --set-mark 0x5
     iptables -t mangle -A PREROUTING -p udp --dport 2 -j MARK --set-xmark 0xff/0xf0
     iptables -t mangle -A PREROUTING -p udp --dport 1 -j CONNMARK --save-mark
     iptables -t mangle -A PREROUTING -p udp --dport 2 -j CONNMARK --set-xmark 0x12/0xff
     ${rules(['-m mark --mark 5', '-m mark --mark 0xf0/0xf0', '-m mark ! --mark 5', '-m connmark --mark 5', '-m connmark --mark 0x12/0xff', '-m connmark ! --mark 0'])}`,
    [udpTo(1), udpTo(2), udpTo(3)],
  ),
  onNode(
    'statistic nth, and random at its ends',
    rules([
      '-m statistic --mode nth --every 3 --packet 0',
      '-m statistic --mode nth --every 3 --packet 2',
      '-m statistic --mode nth ! --every 4 --packet 1',
      '-m statistic --mode random --probability 1',
      '-m statistic --mode random --probability 0',
      '-m statistic --mode random ! --probability 0',
    ]),
    many(10),
  ),
  onNode(
    'limit: the burst, and no more',
    rules(['-m limit --limit 1/min --limit-burst 3', '-m limit --limit 1/hour']),
    many(10),
  ),
  onNode('limit refills with time', rules(['-m limit --limit 2/sec --limit-burst 1']), [
    ...many(2),
    { ...many(1)[0]!, after: 700 },
    ...many(2),
  ]),
  onNode(
    'recent: set, check, update, hit count, remove',
    rules([
      '-m recent --rcheck --name l --rsource',
      '-p udp --dport 1 -m recent --set --name l --rsource',
      '-m recent --rcheck --hitcount 3 --name l --rsource',
      '-m recent --update --seconds 60 --hitcount 2 --name l --rsource',
      '-m recent ! --rcheck --name l --rdest',
      '-p udp --dport 3 -m recent --remove --name l --rsource',
      '-m recent --rcheck --seconds 60 --reap --name l --rsource',
      '-m recent --rcheck --rttl --name l --rsource',
    ]),
    [
      udpTo(2),
      udpTo(1),
      udpTo(2),
      udpTo(1),
      udpTo(2),
      a.udp({ ...four, ttl: 9 }, { sourcePort: 1, destinationPort: 2 }),
      udpTo(3),
      udpTo(2),
    ],
  ),
  onNode(
    'recent: seconds pass',
    rules(['-m recent --rcheck --seconds 1 --name l', '-m recent --set --name l']),
    [udpTo(1), udpTo(1), { ...udpTo(1), after: 1300 }, udpTo(1)],
  ),
  onNode(
    'addrtype',
    `ip route add blackhole 10.1.0.0/16
     ip route add unreachable 10.2.0.0/16
     ip route add prohibit 10.3.0.0/16
     ${['LOCAL', 'UNICAST', 'BROADCAST', 'MULTICAST', 'BLACKHOLE', 'UNREACHABLE', 'PROHIBIT']
       .flatMap((type) => [
         `iptables -t raw -A PREROUTING -m addrtype --dst-type ${type}`,
         `iptables -t raw -A PREROUTING -m addrtype ! --src-type ${type}`,
         `iptables -t raw -A PREROUTING -m addrtype --dst-type ${type} --limit-iface-in`,
       ])
       .join('\n')}
     iptables -A FORWARD -m addrtype --dst-type UNICAST --limit-iface-out
     iptables -A FORWARD -m addrtype --src-type LOCAL,UNICAST`,
    [
      '10.0.2.2',
      '10.0.1.1',
      '10.0.2.1',
      '10.0.1.255',
      '224.0.0.1',
      '10.1.0.1',
      '10.2.0.1',
      '10.3.0.1',
      '8.8.8.8',
      '127.0.0.1',
    ].flatMap((destination) => [
      a.udp({ ...four, destination }, { sourcePort: 1, destinationPort: 2 }),
      a.udp({ source: destination, destination: B4 }, { sourcePort: 1, destinationPort: 2 }),
    ]),
  ),
  onNode(
    'addrtype, IPv6',
    ['LOCAL', 'UNICAST', 'MULTICAST', 'UNREACHABLE', 'ANYCAST']
      .flatMap((type) => [
        `ip6tables -t raw -A PREROUTING -m addrtype --dst-type ${type}`,
        `ip6tables -t raw -A PREROUTING -m addrtype ! --src-type ${type}`,
      ])
      .join('\n'),
    ['fd00:2::2', 'fd00:1::1', 'fd00:2::1', 'ff02::1', '2001:db8::1', '::1', 'fd00:2::'].flatMap(
      (destination) => [
        a.udp({ ...six, destination }, { sourcePort: 1, destinationPort: 2 }),
        a.udp({ source: destination, destination: B6 }, { sourcePort: 1, destinationPort: 2 }),
      ],
    ),
  ),
  onNode(
    'iprange',
    rules([
      '-m iprange --src-range 10.0.1.1-10.0.1.2',
      '-m iprange ! --src-range 10.0.1.3-10.0.1.9',
      '-m iprange --dst-range 10.0.2.2-10.0.2.2 --src-range 10.0.1.3-10.0.1.3',
    ]),
    [udpTo(1), a.udp({ ...four, source: '10.0.1.3' }, { sourcePort: 1, destinationPort: 2 })],
  ),
  onNode(
    'tos, dscp, ttl, length, pkttype',
    rules([
      '-m tos --tos 0x10/0x3f',
      '-m tos ! --tos 0x10',
      '-m dscp --dscp 46',
      '-m dscp ! --dscp-class EF',
      '-m ttl --ttl-eq 63',
      '-m ttl --ttl-lt 64',
      '-m ttl --ttl-gt 100',
      '-m length --length 28',
      '-m length --length 29:100',
      '-m length ! --length :28',
      '-m pkttype --pkt-type unicast',
      '-m pkttype ! --pkt-type multicast',
    ]),
    [
      udpTo(1),
      a.udp(
        { ...four, tos: 0x10, ttl: 200 },
        { sourcePort: 1, destinationPort: 2, payload: new Uint8Array(9) },
      ),
      a.udp({ ...four, tos: 0xb8 }, { sourcePort: 1, destinationPort: 2 }),
    ],
  ),
  onNode(
    'hl, dscp and length, IPv6',
    rules(
      [
        '-m hl --hl-eq 63',
        '-m hl ! --hl-eq 63',
        '-m hl --hl-lt 10',
        '-m dscp --dscp 46',
        '-m length --length 48',
        '-m length --length 0:47',
        '-m tos --tos 0xb8',
      ],
      'ip6tables',
    ),
    [
      a.udp(six, { sourcePort: 1, destinationPort: 2 }),
      a.udp({ ...six, tos: 0xb8, ttl: 9 }, { sourcePort: 1, destinationPort: 2, payload: new Uint8Array(5) }),
    ],
  ),
  onNode(
    'rpfilter',
    `iptables -t raw -A PREROUTING -m rpfilter
     iptables -t raw -A PREROUTING -m rpfilter --invert
     iptables -t raw -A PREROUTING -m rpfilter --loose
     iptables -t raw -A PREROUTING -m rpfilter --accept-local
     ip6tables -t raw -A PREROUTING -m rpfilter
     ip6tables -t raw -A PREROUTING -m rpfilter --loose --invert`,
    [
      ...['10.0.1.2', '10.0.2.3', '172.16.0.1', '10.0.1.1', '127.0.0.1', '0.0.0.0'].map((source) =>
        a.udp({ ...four, source }, { sourcePort: 1, destinationPort: 2 }),
      ),
      ...['fd00:1::2', 'fd00:2::3', '2001:db8::1', 'fd00:1::1', '::'].map((source) =>
        a.udp({ ...six, source }, { sourcePort: 1, destinationPort: 2 }),
      ),
    ],
  ),
  onNode(
    'owner never matches a packet without a socket',
    `iptables -A OUTPUT -m owner --uid-owner 0
     iptables -A OUTPUT -m owner ! --uid-owner 0
     iptables -A OUTPUT -m owner --socket-exists
     iptables -A OUTPUT -m owner ! --socket-exists
     iptables -A FORWARD -p udp -j REJECT`,
    [udpTo(1)],
  ),
  onNode(
    'set: every type, both directions',
    `ipset create i hash:ip
     ipset add i ${A4}
     ipset create n hash:net
     ipset add n 10.0.2.0/24
     ipset add n ${B4} nomatch
     ipset create ip hash:ip,port
     ipset add ip ${B4},udp:53
     ipset create ipi hash:ip,port,ip
     ipset add ipi ${B4},tcp:80,${A4}
     ipset create ipn hash:ip,port,net
     ipset add ipn ${A4},udp:40000,10.0.2.0/25
     ipset create np hash:net,port
     ipset add np 10.0.2.0/24,tcp:80
     ipset create p bitmap:port range 0-1023
     ipset add p 53
     ipset create l list:set
     ipset add l n
     ipset add l i
     ${rules([
       '-m set --match-set i src',
       '-m set ! --match-set i src',
       '-m set --match-set i dst',
       '-m set --match-set n dst',
       '-m set --match-set n dst --return-nomatch',
       '-m set --match-set ip dst,dst',
       '-m set --match-set ip src,dst',
       '-m set --match-set ipi dst,dst,src',
       '-m set --match-set ipn src,src,dst',
       '-m set --match-set np dst,dst',
       '-m set --match-set p dst',
       '-m set ! --match-set p dst',
       '-m set --match-set l src',
       '-m set --match-set l dst',
     ])}`,
    [
      udpTo(53),
      tcpTo(80),
      udpTo(2000),
      a.udp({ source: '10.0.1.3', destination: '10.0.2.3' }, { sourcePort: 40000, destinationPort: 53 }),
      a.icmp(four, { type: 8 }),
    ],
  ),
  onNode(
    'SET adds and deletes, with counters',
    `ipset create s hash:ip timeout 300 counters
     ipset create t hash:ip,port
     ipset add t ${A4},udp:7
     iptables -A FORWARD -m set --match-set s src
     iptables -A FORWARD -j SET --add-set s src --exist
     iptables -A FORWARD -m set --match-set s src
     iptables -A FORWARD -j SET --add-set t dst,dst
     iptables -A FORWARD -p udp --sport 7 -j SET --del-set t src,src`,
    [udpTo(53), udpTo(53), a.udp(four, { sourcePort: 7, destinationPort: 8 }), tcpTo(99)],
  ),
  onNode(
    'comments do nothing',
    rules(['-m comment --comment "two words" -p udp', '-p udp -m comment --comment "it\'s"']),
    [udpTo(1), b.udp({ source: B4, destination: A4 }, { sourcePort: 1, destinationPort: 2 })],
  ),
  onNode(
    'physdev never matches a packet that crosses no bridge',
    rules([
      '-m physdev --physdev-in eth0',
      '-m physdev ! --physdev-is-bridged',
      '-m physdev --physdev-is-in',
    ]),
    udpConversation({ client: A4, dialled: B4 }),
  ),
]
