/** A rule as iptables-save writes it (iptables/iptables.c: print_rule4, iptables/ip6tables.c: print_rule6). */
import type { Family, Match, Network, Not, Rule, RuleHeader, Target } from '../ruleset.ts'
import { extensionOf } from './extensions.ts'
import { bang, printNetwork, saysSomething } from './values.ts'

/** The rule's arguments after `-A CHAIN`, each with a blank before it. */
export function printRuleSpec(rule: Rule, family: Family): string {
  let text = printHeader(rule.header, family)
  for (const match of rule.matches) text += printMatch(match, family)
  return rule.target ? text + printTarget(rule.target, family) : text
}

function printHeader(header: RuleHeader, family: Family): string {
  const { source, destination, inInterface, outInterface, protocol, fragment } = header
  return (
    (source ? printAddress('-s', source, family) : '') +
    (destination ? printAddress('-d', destination, family) : '') +
    (inInterface ? printInterface('-i', inInterface) : '') +
    (outInterface ? printInterface('-o', outInterface) : '') +
    (protocol ? `${bang(protocol)} -p ${protocol.value}` : '') +
    (fragment ? `${bang(fragment)} -f` : '')
  )
}

/** What matches every packet is not printed. */
const printAddress = (option: string, network: Not<Network>, family: Family): string =>
  saysSomething(network) ? `${bang(network)} ${option} ${printNetwork(network.value, family, true)}` : ''

/** Nor is `+`; the real tool leaves it out even behind a `!`, where it matches no packet. */
const printInterface = (option: string, name: Not<string>): string =>
  name.value === '+' ? '' : `${bang(name)} ${option} ${name.value}`

export function printMatch(match: Match, family: Family): string {
  if (match.kind === 'unknown') return ` -m ${match.name}${match.text === '' ? '' : ` ${match.text}`}`
  const { name, print } = extensionOf(match.kind)
  return ` -m ${name}${print(match, family)}`
}

export function printTarget(target: Target, family: Family): string {
  switch (target.kind) {
    case 'jump':
      return ` -j ${target.chain}`
    case 'goto':
      return ` -g ${target.chain}`
    case 'unknown':
      return ` -j ${target.name}${target.text === '' ? '' : ` ${target.text}`}`
    default:
      return ` -j ${target.kind}${extensionOf(target.kind).print(target, family)}`
  }
}
