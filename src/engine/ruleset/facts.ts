/**
 * What a chain asks of the rest of the engine: the chains it jumps to, the hooks from which its rules may be reached,
 * and the objects by name. Computed for a chain whether its rules are new or not, so it must be cheap.
 */
import type { Chain, Match, Rule, Target } from '../../kernel/ruleset.ts'
import { ALL_HOOKS, FORWARD, INPUT, OUTPUT, POSTROUTING, PREROUTING } from './hooks.ts'

export interface ChainFacts {
  /** Names of chains jumped or gone to, each once. */
  readonly jumps: readonly string[]
  /** Hooks from which every rule of the chain may be reached. */
  readonly hooks: number
  /** A rule needs connection tracking: the kernel registers its hooks (nf_ct_netns_get). */
  readonly conntrack: boolean
  /** A rule keeps state of its own (limit, statistic nth). */
  readonly stateful: boolean
  /** Names, each once, of recent lists, sets and accounting objects. */
  readonly recent: readonly Extract<Match, { kind: 'recent' }>[]
  readonly sets: readonly string[]
  readonly nfacct: readonly string[]
}

export function chainFacts(chain: Chain): ChainFacts {
  const jumps = new Set<string>()
  const recent: Extract<Match, { kind: 'recent' }>[] = []
  const sets = new Set<string>()
  const nfacct = new Set<string>()
  let hooks = ALL_HOOKS
  let conntrack = false
  let stateful = false
  for (const rule of chain.rules) {
    for (const match of rule.matches) {
      switch (match.kind) {
        case 'comment':
        case 'tcp':
        case 'udp':
        case 'mark':
          break
        case 'conntrack':
        case 'state':
        case 'connmark':
          conntrack = true
          break
        case 'limit':
          stateful = true
          break
        case 'statistic':
          stateful ||= match.mode.value.kind === 'nth'
          break
        case 'recent':
          recent.push(match)
          break
        case 'set':
          sets.add(match.matchSet.value)
          break
        case 'nfacct':
          nfacct.add(match.name)
          break
        default:
          hooks &= matchHooks(match)
      }
    }
    const { target } = rule
    if (target === null) continue
    if (target.kind === 'jump' || target.kind === 'goto') jumps.add(target.chain)
    else {
      hooks &= targetHooks(target)
      conntrack ||= needsConntrack(target)
      if (target.kind === 'SET') sets.add(target.set)
    }
  }
  return { jumps: [...jumps], hooks, conntrack, stateful, recent, sets: [...sets], nfacct: [...nfacct] }
}

/** Hooks from which a rule may be reached (`hooks` and checkentry of its matches and target). */
export function ruleHooks(rule: Rule): number {
  const matches = rule.matches.reduce((mask, match) => mask & matchHooks(match), ALL_HOOKS)
  return rule.target === null ? matches : matches & targetHooks(rule.target)
}

export function matchHooks(match: Match): number {
  switch (match.kind) {
    case 'rpfilter':
      return PREROUTING
    case 'owner':
      return OUTPUT | POSTROUTING
    case 'addrtype':
      if (match.limitIface === 'in') return PREROUTING | INPUT | FORWARD
      return match.limitIface === 'out' ? FORWARD | OUTPUT | POSTROUTING : ALL_HOOKS
    case 'physdev': {
      const bridged = match.isBridged !== undefined && !match.isBridged.not
      return (match.physdevOut || match.isOut) && !bridged ? ALL_HOOKS & ~OUTPUT : ALL_HOOKS
    }
    default:
      return ALL_HOOKS
  }
}

export function targetHooks(target: Target): number {
  switch (target.kind) {
    case 'REJECT':
      return INPUT | FORWARD | OUTPUT
    case 'DNAT':
    case 'REDIRECT':
      return PREROUTING | OUTPUT
    case 'SNAT':
      return INPUT | POSTROUTING
    case 'MASQUERADE':
      return POSTROUTING
    case 'TCPMSS':
      return target.mss === 'clamp-mss-to-pmtu' ? FORWARD | OUTPUT | POSTROUTING : ALL_HOOKS
    default:
      return ALL_HOOKS
  }
}

function needsConntrack(target: Target): boolean {
  switch (target.kind) {
    case 'CONNMARK':
    case 'DNAT':
    case 'SNAT':
    case 'MASQUERADE':
    case 'REDIRECT':
      return true
    case 'CT':
      return !target.notrack
    default:
      return false
  }
}
