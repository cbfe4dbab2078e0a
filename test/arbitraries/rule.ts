import * as fc from 'fast-check'
import type { Family, Rule, RuleHeader } from '../../src/kernel/ruleset.ts'
import { arbitraryMatches } from './match.ts'
import type { Place } from './place.ts'
import { arbitraryTarget } from './target.ts'
import { arbitraryNetwork, maybeNot, optional } from './values.ts'

const PROTOCOLS = {
  ipv4: ['tcp', 'tcp', 'udp', 'udp', 'sctp', 'icmp', 'esp'],
  ipv6: ['tcp', 'tcp', 'udp', 'udp', 'sctp', 'ipv6-icmp', 'esp'],
} as const

/** A rule that the kernel accepts at this place. */
export function arbitraryRule(family: Family, place: Place): fc.Arbitrary<Rule> {
  return arbitraryHeader(family, place)
    .chain((header) =>
      fc.record({
        header: fc.constant(header),
        matches: arbitraryMatches(family, place, positiveProtocol(header)),
        target: arbitraryTarget(family, place, positiveProtocol(header)),
      }),
    )
    .map((rule) => completeTcpMss(rule))
}

export function positiveProtocol({ protocol }: RuleHeader): string | undefined {
  return protocol !== undefined && !protocol.not ? protocol.value : undefined
}

/** The kernel wants to see `-p tcp --tcp-flags SYN,RST SYN` in a rule with TCPMSS (net/netfilter/xt_TCPMSS.c). */
function completeTcpMss(rule: Rule): Rule {
  if (rule.target?.kind !== 'TCPMSS') return rule
  const others = rule.matches.filter(({ kind }) => kind !== 'tcp')
  return { ...rule, matches: [{ kind: 'tcp', flags: { value: { mask: 6, compare: 2 } } }, ...others] }
}

function arbitraryHeader(family: Family, { hooks }: Place): fc.Arbitrary<RuleHeader> {
  const may = (direction: 'in' | 'out'): boolean => {
    const wrong = direction === 'in' ? ['OUTPUT', 'POSTROUTING'] : ['PREROUTING', 'INPUT']
    return hooks.length > 1 || !hooks.some((hook) => wrong.includes(hook))
  }
  const name = fc.constantFrom('eth0', 'eth1', 'eth+', 'lo', '+', 'eth2')
  return fc
    .record({
      source: optional(4, maybeNot(arbitraryNetwork(family))),
      destination: optional(4, maybeNot(arbitraryNetwork(family))),
      inInterface: may('in') ? optional(7, maybeNot(name)) : fc.constant(undefined),
      outInterface: may('out') ? optional(7, maybeNot(name)) : fc.constant(undefined),
      protocol: optional(1, maybeNot(fc.constantFrom<string>(...PROTOCOLS[family]), 8)),
      fragment: family === 'ipv4' ? optional(15, fc.constantFrom({}, { not: true })) : fc.constant(undefined),
    })
    .map(defined)
}

/** Without the keys that are undefined: the model has no such keys. */
function defined<T extends object>(record: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]: Exclude<T[Key], undefined>
  }
}

export function isCorrectRule({ header, matches }: Rule): boolean {
  const ports = matches.some(({ kind }) =>
    ['tcp', 'udp', 'sctp', 'multiport', 'icmp', 'icmp6'].includes(kind),
  )
  return !ports || positiveProtocol(header) !== undefined
}
