/**
 * The ports of a rule as few matches: ranges of a protocol are joined, and up to 15 numbers (a range takes two) go into
 * one `multiport`.
 */
import type { Protocol as ApiProtocol } from '../../apiserver/index.ts'
import type { Family, Match, PortRange, Protocol, RuleHeader } from '../../kernel/ruleset.ts'
import type { PlanPort } from '../plan/plan.ts'
import { opposite, portSide, type Flow } from './flow.ts'
import { inPortSet, protocolHeader } from './rules.ts'
import { portsSet, type SetSpec } from './set-spec.ts'

/** One way to have a wanted port: what a rule says about it. */
export interface PortMatch {
  readonly header: RuleHeader
  readonly matches: readonly Match[]
  readonly sets: readonly SetSpec[]
}

const EVERYTHING: readonly PortMatch[] = [{ header: {}, matches: [], sets: [] }]
const PROTOCOLS: readonly ApiProtocol[] = ['TCP', 'UDP', 'SCTP']

export function portMatches(
  ports: readonly PlanPort[] | undefined,
  family: Family,
  flow: Flow,
): readonly PortMatch[] {
  if (ports === undefined) return EVERYTHING
  const all = new Set<ApiProtocol>()
  const ranges = new Map<ApiProtocol, PortRange[]>()
  const named = new Map<string, PortMatch>()
  for (const port of ports)
    if (port.kind === 'protocol') all.add(port.protocol)
    else if (port.kind === 'range') ranges.set(port.protocol, [...(ranges.get(port.protocol) ?? []), port])
    else named.set(`${port.name} ${port.protocol} ${port.resolvedOn}`, namedMatch(port, family, flow))
  return [
    ...PROTOCOLS.flatMap((api): PortMatch[] => {
      const protocol = protocolName(api)
      const header = protocolHeader(protocol)
      if (all.has(api)) return [{ header, matches: [], sets: [] }]
      return chunks(joined(ranges.get(api) ?? [])).map((some) => ({
        header,
        matches: [portsOf(protocol, some, flow)],
        sets: [],
      }))
    }),
    ...named.values(),
  ]
}

function namedMatch(
  { name, protocol, resolvedOn = 'destination' }: Extract<PlanPort, { kind: 'named' }>,
  family: Family,
  flow: Flow,
): PortMatch {
  const spec = portsSet(name)
  const port = portSide(flow)
  return {
    header: protocol === undefined ? {} : protocolHeader(protocolName(protocol)),
    matches: [inPortSet(spec.base, family, resolvedOn === 'source' ? opposite(port) : port, port)],
    sets: [spec],
  }
}

/** Sorted, disjoint, not adjacent; the same ports. */
function joined(ranges: readonly PortRange[]): PortRange[] {
  const result: { from: number; to: number }[] = []
  for (const { from, to } of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = result.at(-1)
    if (to < from) continue
    if (last !== undefined && from <= last.to + 1) last.to = Math.max(last.to, to)
    else result.push({ from, to })
  }
  return result
}

/** XT_MULTI_PORTS. */
const MULTIPORT = 15

function chunks(ranges: readonly PortRange[]): PortRange[][] {
  const result: PortRange[][] = []
  let room = 0
  for (const range of ranges) {
    const takes = range.from === range.to ? 1 : 2
    if (takes > room) {
      result.push([])
      room = MULTIPORT
    }
    result.at(-1)!.push(range)
    room -= takes
  }
  return result
}

function portsOf(protocol: Protocol, ranges: readonly PortRange[], flow: Flow): Match {
  const [value] = ranges
  const isReply = flow === 'reply'
  if (ranges.length > 1)
    return { kind: 'multiport', direction: isReply ? 'source' : 'destination', ports: ranges }
  return { kind: protocol, [isReply ? 'sourcePort' : 'destinationPort']: { value: value! } }
}

function protocolName(protocol: ApiProtocol): Protocol {
  return protocol.toLowerCase() as Protocol
}
