/** Small pieces that kube-proxy's rules are made of. Pieces without a name of their own are made once and shared. */
import type { Protocol as ApiProtocol } from '../../apiserver/types/index.ts'
import { jump } from '../../kernel/iptables/compose.ts'
import type { ChainCommand, RestoreChain } from '../../kernel/restore.ts'
import type {
  ConntrackState,
  Family,
  Match,
  Protocol,
  Rule,
  RuleHeader,
  Target,
} from '../../kernel/ruleset.ts'
import { hostNetwork } from '../ip.ts'
import { KUBE_MARK_MASQ } from './names.ts'

export { ACCEPT, DROP, jump, rule } from '../../kernel/iptables/compose.ts'

export const NO_HEADER: RuleHeader = Object.freeze({})
export const NO_MATCHES: readonly Match[] = Object.freeze([])
export const MARK_MASQ: Target = jump(KUBE_MARK_MASQ)

export function comment(text: string): Match {
  return { kind: 'comment', comment: text }
}

export function conntrack(not: boolean, ...states: readonly ConntrackState[]): Match {
  return { kind: 'conntrack', ctstate: not ? { value: states, not } : { value: states } }
}

export const DST_LOCAL: Match = { kind: 'addrtype', dstType: { value: ['LOCAL'] } }
export const SRC_LOCAL: Match = { kind: 'addrtype', srcType: { value: ['LOCAL'] } }

export function protocolName(protocol: ApiProtocol): Protocol {
  return protocol.toLowerCase() as Protocol
}

const PROTOCOL_MATCHES: Readonly<Record<Protocol, Match>> = {
  tcp: { kind: 'tcp' },
  udp: { kind: 'udp' },
  sctp: { kind: 'sctp' },
}

/** `-m tcp -p tcp`; the `-p` is in the header. */
export function protocolMatch(protocol: Protocol): Match {
  return PROTOCOL_MATCHES[protocol]
}

/** `-m tcp -p tcp --dport PORT` */
export function destinationPort(protocol: Protocol, port: number): Match {
  return { kind: protocol, destinationPort: { value: { from: port, to: port } } }
}

const PROTOCOL_HEADERS: Readonly<Record<Protocol, RuleHeader>> = {
  tcp: { protocol: { value: 'tcp' } },
  udp: { protocol: { value: 'udp' } },
  sctp: { protocol: { value: 'sctp' } },
}

export function protocolHeader(protocol: Protocol): RuleHeader {
  return PROTOCOL_HEADERS[protocol]
}

export function sourceHeader(family: Family, address: string): RuleHeader {
  return { source: { value: hostNetwork(family, address) } }
}

const statisticMatches: (readonly Match[] | undefined)[] = [undefined, NO_MATCHES]

/**
 * One in `n`, as iptables hands `--probability %0.10f` to the kernel: rounded to 10 digits, then to 2^-31. One in one
 * needs no match.
 */
export function oneIn(n: number): readonly Match[] {
  return (statisticMatches[n] ??= [
    {
      kind: 'statistic',
      mode: { value: { kind: 'random', probability: Math.round(Number(probabilityText(n)) * 2 ** 31) } },
    },
  ])
}

/** 1/n as Go prints `%0.10f`. A tie goes to the even digit, not up; 1/2048 = 0.00048828125 is the only one. */
export function probabilityText(n: number): string {
  return n === 2048 ? '0.0004882812' : (1 / n).toFixed(10)
}

export function append(chain: string, rule: Rule): ChainCommand {
  return { kind: 'append', chain, rule }
}

/** `:CHAIN - [0:0]`: makes the chain or empties it. */
export function chainLine(name: string): RestoreChain {
  return { name, policy: null }
}
