/** `PROTO:PORT` of elements (ipset's lib/parse.c and print.c): protocols with ports, ICMP types by name or number. */
import { Problem } from '../problem.ts'
import type { Family } from '../ruleset.ts'
import { portNumber, protocolName, protocolNumber } from '../iptables/protocols.ts'

const TCP = 6
const ICMP = 1
const ICMPV6 = 58
/** Protocols whose "port" is a port: tcp, udp, sctp, udplite. */
const WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 132, 136])

const ICMP_NAMES =
  'echo-reply 0/0 pong 0/0 network-unreachable 3/0 host-unreachable 3/1 protocol-unreachable 3/2 ' +
  'port-unreachable 3/3 fragmentation-needed 3/4 source-route-failed 3/5 network-unknown 3/6 host-unknown 3/7 ' +
  'network-prohibited 3/9 host-prohibited 3/10 TOS-network-unreachable 3/11 TOS-host-unreachable 3/12 ' +
  'communication-prohibited 3/13 host-precedence-violation 3/14 precedence-cutoff 3/15 source-quench 4/0 ' +
  'network-redirect 5/0 host-redirect 5/1 TOS-network-redirect 5/2 TOS-host-redirect 5/3 echo-request 8/0 ping 8/0 ' +
  'router-advertisement 9/0 router-solicitation 10/0 ttl-zero-during-transit 11/0 ttl-zero-during-reassembly 11/1 ' +
  'ip-header-bad 12/0 required-option-missing 12/1 timestamp-request 13/0 timestamp-reply 14/0 ' +
  'address-mask-request 17/0 address-mask-reply 18/0'

const ICMPV6_NAMES =
  'no-route 1/0 communication-prohibited 1/1 address-unreachable 1/3 port-unreachable 1/4 packet-too-big 2/0 ' +
  'ttl-zero-during-transit 3/0 ttl-zero-during-reassembly 3/1 bad-header 4/0 unknown-header-type 4/1 ' +
  'unknown-option 4/2 echo-request 128/0 ping 128/0 echo-reply 129/0 pong 129/0 router-solicitation 133/0 ' +
  'router-advertisement 134/0 neighbour-solicitation 135/0 neighbor-solicitation 135/0 ' +
  'neighbour-advertisement 136/0 neighbor-advertisement 136/0 redirect 137/0'

interface Names {
  readonly port: ReadonlyMap<string, number>
  readonly name: ReadonlyMap<number, string>
}

function names(text: string): Names {
  const words = text.split(' ')
  const port = new Map<string, number>()
  const name = new Map<number, string>()
  for (let i = 0; i < words.length; i += 2) {
    const [type, code] = words[i + 1]!.split('/').map(Number) as [number, number]
    const number = (type << 8) | code
    port.set(words[i]!.toLowerCase(), number)
    if (!name.has(number)) name.set(number, words[i]!)
  }
  return { port, name }
}

const ICMP_TABLE = names(ICMP_NAMES)
const ICMPV6_TABLE = names(ICMPV6_NAMES)

export interface PortSpan {
  readonly protocol: number
  readonly from: number
  readonly to: number
}

/** `[PROTO:]PORT[-PORT]`; tcp when no protocol is named. ICMP: `icmp:TYPE/CODE`, where the port is type << 8 | code. */
export function parseProtocolPort(text: string, family: Family): PortSpan {
  const colon = text.indexOf(':')
  const protocol = colon < 0 ? TCP : protocolNumber(text.slice(0, colon))
  const rest = colon < 0 ? text : text.slice(colon + 1)
  if (WITH_PORTS.has(protocol)) return { protocol, ...portSpan(rest) }
  if (protocol === ICMP || protocol === ICMPV6) {
    const wanted = protocol === ICMP ? 'ipv4' : 'ipv6'
    if (family !== wanted)
      throw new Problem(
        `Protocol ${wanted === 'ipv4' ? 'ICMP' : 'ICMPv6'} can be used with family ${wanted === 'ipv4' ? 'inet' : 'inet6'} only`,
        { field: text },
      )
    const port = icmpPort(rest, protocol)
    return { protocol, from: port, to: port }
  }
  if (rest !== '0')
    throw new Problem(`Protocol ${protocolName(protocol)} can be used with pseudo port value 0 only.`, {
      field: text,
    })
  return { protocol, from: 0, to: 0 }
}

export function portSpan(text: string): { from: number; to: number } {
  const dash = text.indexOf('-')
  // A service's name may hold a dash itself.
  const whole = portNumber(text)
  if (dash < 0 || whole !== undefined) {
    if (whole === undefined) throw new Problem(`'${text}' is out of range 0-65535`, { field: text })
    return { from: whole, to: whole }
  }
  const from = portNumber(text.slice(0, dash))
  const to = portNumber(text.slice(dash + 1))
  if (from === undefined || to === undefined)
    throw new Problem(`'${text}' is out of range 0-65535`, { field: text })
  return from <= to ? { from, to } : { from: to, to: from }
}

function icmpPort(text: string, protocol: number): number {
  const { port } = protocol === ICMP ? ICMP_TABLE : ICMPV6_TABLE
  const named = port.get(text.toLowerCase())
  if (named !== undefined) return named
  const numbers = /^(\d{1,3})\/(\d{1,3})$/.exec(text)
  const [type, code] = [Number(numbers?.[1]), Number(numbers?.[2])]
  if (!(type <= 255 && code <= 255))
    throw new Problem(`Cannot parse ${text} as an ${protocol === ICMP ? 'ICMP' : 'ICMPv6'} type/code.`, {
      field: text,
    })
  return (type << 8) | code
}

export function printProtocolPort({ protocol, port }: { protocol: number; port: number }): string {
  const table = protocol === ICMP ? ICMP_TABLE : protocol === ICMPV6 ? ICMPV6_TABLE : undefined
  const shown = table ? (table.name.get(port) ?? `${port >> 8}/${port & 255}`) : port
  return `${protocolName(protocol)}:${shown}`
}
