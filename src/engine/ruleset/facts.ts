/**
 * What a chain asks of the rest of the engine: the hooks from which its rules may be reached, and the objects by name.
 * Computed for a chain whether its rules are new or not, so it must be cheap.
 */
import type { Chain, Match, Rule, Target } from '../../kernel/ruleset.ts'
import { ALL_HOOKS, FORWARD, INPUT, OUTPUT, POSTROUTING, PREROUTING } from './hooks.ts'

export interface ChainFacts {
  /** Hooks from which every rule of the chain may be reached. */
  readonly hooks: number
  /** A rule needs connection tracking: the kernel registers its hooks (nf_ct_netns_get). */
  readonly conntrack: boolean
  /** A rule keeps state of its own (limit, statistic nth). */
  readonly stateful: boolean
  readonly recent: readonly Extract<Match, { kind: 'recent' }>[]
  /** Names of sets, each once. */
  readonly sets: readonly string[]
  /** Those of them that a SET target adds to. */
  readonly fills: readonly string[]
}

/** Facts of chains that name no object: one for each of the few combinations there are. */
const SHARED: (ChainFacts | undefined)[] = []

export function chainFacts(chain: Chain): ChainFacts {
  let hooks = ALL_HOOKS
  let conntrack = false
  let stateful = false
  let recent: Extract<Match, { kind: 'recent' }>[] | undefined
  let sets: Set<string> | undefined
  let fills: Set<string> | undefined
  const { rules } = chain
  // Counted loops: this passes every rule of every changed chain, and an iterator would be made for each.
  for (let i = 0; i < rules.length; i++) {
    const { matches, target } = rules[i]!
    for (let k = 0; k < matches.length; k++) {
      const match = matches[k]!
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
          ;(recent ??= []).push(match)
          break
        case 'set':
          ;(sets ??= new Set()).add(match.matchSet.value)
          break
        default:
          hooks &= matchHooks(match)
      }
    }
    if (target === null || target.kind === 'jump' || target.kind === 'goto') continue
    hooks &= targetHooks(target)
    conntrack ||= needsConntrack(target)
    if (target.kind === 'SET') {
      ;(sets ??= new Set()).add(target.set)
      if (target.operation === 'add') (fills ??= new Set()).add(target.set)
    }
  }
  if (recent !== undefined || sets !== undefined)
    return {
      hooks,
      conntrack,
      stateful,
      recent: recent ?? [],
      sets: [...(sets ?? [])],
      fills: [...(fills ?? [])],
    }
  const key = (hooks << 2) | (conntrack ? 2 : 0) | (stateful ? 1 : 0)
  return (SHARED[key] ??= { hooks, conntrack, stateful, recent: [], sets: [], fills: [] })
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
