/** The engine's trace records as the hops that people read: rules with their text and versions, rewrites, routes, ends. */
import { REASON_CONSUMED, REASON_DELIVERED } from '../abi/reason.ts'
import { reasonText, type TraceRecord } from '../engine/index.ts'
import { printRuleSpec } from '../kernel/iptables/index.ts'
import type { Rule, Target } from '../kernel/ruleset.ts'
import type { Hop } from './flow.ts'
import type { World } from './world.ts'

/** Hops in the order of what happened. A frame's arrival and its departure are left out: the next namespace says it. */
export function hopsOf(world: World, records: readonly TraceRecord[]): Hop[] {
  return records.flatMap((record) => {
    const hop = hopOf(world, record)
    return hop === undefined ? [] : [hop]
  })
}

function hopOf(world: World, record: TraceRecord): Hop | undefined {
  const base = {
    netns: record.netns,
    ...(record.hook === undefined ? {} : { hook: record.hook }),
    ...(record.table === undefined ? {} : { table: record.table }),
    ...(record.chain === undefined ? {} : { chain: record.chain }),
    direction: record.role ?? 'request',
    packet: packetOf(record),
  } as const
  switch (record.kind) {
    case 'rule': {
      const rule = ruleOf(world, record)
      const { resourceVersions: versions, policy } = rule?.origin ?? {}
      return {
        ...base,
        rule: (record.rule ?? 0) + 1,
        text: rule === undefined ? '' : `-A ${record.chain ?? ''}${printRuleSpec(rule, record.family)}`,
        verdict: rule === undefined ? '' : verdictOf(rule.target),
        ...(versions === undefined ? {} : { resourceVersions: versions }),
        ...(policy === undefined ? {} : { policy }),
      }
    }
    case 'policy': {
      const policy = record.verdict === 0 ? 'DROP' : 'ACCEPT'
      return { ...base, text: `-P ${record.chain ?? ''} ${policy}`, verdict: `policy ${policy}` }
    }
    case 'nat':
      return { ...base, text: 'rewritten by NAT', verdict: 'NAT' }
    case 'route':
      return routeHop(base, record)
    case 'end':
      return record.reason === REASON_CONSUMED ? undefined : { ...base, ...endOf(record) }
    case 'made':
      return { ...base, text: 'sent from here', verdict: 'sent' }
    default:
      return undefined
  }
}

function routeHop(
  base: Omit<Hop, 'text' | 'verdict'>,
  { route, outInterface }: TraceRecord,
): Hop | undefined {
  switch (route) {
    case 'unicast':
      return outInterface === undefined
        ? undefined
        : { ...base, text: `routed through ${outInterface}`, verdict: `route ${outInterface}` }
    case 'local':
      return { ...base, text: 'routed to this host', verdict: 'route local' }
    default:
      // The end that follows says it.
      return undefined
  }
}

function endOf({ reason = 0 }: TraceRecord): Pick<Hop, 'text' | 'verdict'> {
  if (reason === REASON_DELIVERED) return { text: 'delivered', verdict: 'delivered' }
  return { text: `ends here: ${reasonText(reason)}`, verdict: 'end' }
}

function ruleOf(world: World, { netns, family, table, chain, rule }: TraceRecord): Rule | undefined {
  if (table === undefined || chain === undefined || rule === undefined) return undefined
  return world.rulesetOf(netns, family)?.tables.get(table)?.chains.get(chain)?.rules[rule]
}

/** What a target does, in a word or two. */
function verdictOf(target: Target | null): string {
  if (target === null) return 'continue'
  switch (target.kind) {
    case 'jump':
    case 'goto':
      return `${target.kind} ${target.chain}`
    case 'DNAT':
    case 'SNAT': {
      const { addresses, ports } = target.range
      const to = `${addresses?.from ?? ''}${ports === undefined ? '' : `:${ports.from}`}`
      return `${target.kind} to ${to}`
    }
    case 'REJECT':
      return `REJECT with ${target.rejectWith}`
    case 'unknown':
      return `unknown ${target.name}`
    default:
      return target.kind
  }
}

function packetOf(record: TraceRecord): Hop['packet'] {
  const { source: src, destination: dst, sourcePort, destinationPort, protocol, mark } = record
  const ports = protocol !== 1 && protocol !== 58
  return { src, dst, sport: ports ? sourcePort : 0, dport: ports ? destinationPort : 0, mark }
}

/** The newest version of each kind of object among the rules that the packets met. */
export function newestVersions(hops: readonly Hop[]): Record<string, string> {
  const newest: Record<string, string> = {}
  for (const { resourceVersions = {} } of hops) {
    for (const [kind, version] of Object.entries(resourceVersions)) {
      if (Number(version) >= Number(newest[kind] ?? 0)) newest[kind] = version
    }
  }
  return newest
}
