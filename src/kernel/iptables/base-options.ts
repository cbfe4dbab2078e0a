/** The options that iptables has without any extension (iptables/xshared.c: xt_cmd_opts). */
import type { ChainCommand } from '../restore.ts'

/** What a command does to a chain. */
export type Verb = Exclude<ChainCommand['kind'], 'declare' | 'delete-number'>

/** The long names of base options and the short letters they stand for. */
export const BASE_LONG = new Map([
  ['append', 'A'],
  ['delete', 'D'],
  ['check', 'C'],
  ['insert', 'I'],
  ['replace', 'R'],
  ['flush', 'F'],
  ['zero', 'Z'],
  ['new-chain', 'N'],
  ['delete-chain', 'X'],
  ['rename-chain', 'E'],
  ['policy', 'P'],
  ['source', 's'],
  ['src', 's'],
  ['destination', 'd'],
  ['dst', 'd'],
  ['protocol', 'p'],
  ['proto', 'p'],
  ['in-interface', 'i'],
  ['out-interface', 'o'],
  ['jump', 'j'],
  ['goto', 'g'],
  ['match', 'm'],
  ['table', 't'],
  ['fragments', 'f'],
  ['set-counters', 'c'],
  ['wait', 'w'],
  ['wait-interval', 'W'],
  ['numeric', 'n'],
  ['verbose', 'v'],
  ['ipv4', '4'],
  ['ipv6', '6'],
])

/** The letters of commands. */
export const VERBS: Readonly<Record<string, Verb>> = {
  A: 'append',
  D: 'delete',
  C: 'check',
  I: 'insert',
  R: 'replace',
  F: 'flush',
  Z: 'zero',
  N: 'new-chain',
  X: 'delete-chain',
  E: 'rename-chain',
  P: 'policy',
}

/** Every letter that stands for a base option. */
export const SHORT_LETTERS = 'ADCIRFZNXEPsdpiojgmtfcwWnv46'
/** Commands that are about a rule. */
export const RULE_VERBS: ReadonlySet<Verb> = new Set(['append', 'delete', 'check', 'insert', 'replace'])
