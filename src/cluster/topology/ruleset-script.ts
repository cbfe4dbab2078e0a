/**
 * A ruleset and its sets as commands of a lab script: `iptables -t TABLE -N`, `-P` and `-A`, chain by chain, and `ipset
 * create` and `add`. One script then holds everything; sets come before the rules that name them, and a table is built
 * in the order in which iptables-save prints it, user chains before the rules that jump to them.
 */
import { printIpsetSave } from '../../kernel/ipset/index.ts'
import type { IpSets } from '../../kernel/ipset.ts'
import { chainsInOrder, printRuleSpec, splitWords } from '../../kernel/iptables/index.ts'
import type { Family, Rule, Ruleset } from '../../kernel/ruleset.ts'
import { shellLine } from './shell.ts'

export function printRuleset(netns: string, ruleset: Ruleset): string[] {
  const tool = ruleset.family === 'ipv4' ? 'iptables' : 'ip6tables'
  return [...ruleset.tables.values()].flatMap((table) => {
    const run = (rest: string): string => `ip netns exec ${netns} ${tool} -t ${table.name} ${rest}`
    const chains = chainsInOrder(table)
    return [
      ...chains.filter(({ policy }) => policy === null).map(({ name }) => run(`-N ${name}`)),
      ...chains.filter(({ policy }) => policy === 'DROP').map(({ name }) => run(`-P ${name} DROP`)),
      ...chains.flatMap(({ name, rules }) =>
        rules.map((rule) => run(`-A ${name} ${specOf(rule, ruleset.family)}`)),
      ),
    ]
  })
}

/** The texts of rules are whatever people call their policies and ports. */
function specOf(rule: Rule, family: Family): string {
  return shellLine(splitWords(printRuleSpec(withoutNfacct(rule), family)))
}

/** A named counter always matches, and its object could be made only by a tool that few machines have. */
function withoutNfacct(rule: Rule): Rule {
  const matches = rule.matches.filter(({ kind }) => kind !== 'nfacct')
  return matches.length === rule.matches.length ? rule : { ...rule, matches }
}

export function printSets(netns: string, sets: IpSets): string[] {
  return printIpsetSave(sets)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `ip netns exec ${netns} ipset ${shellLine(splitWords(line))}`)
}
