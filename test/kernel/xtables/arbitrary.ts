/** Rulesets without sets, and packets that cross the node of the house topology or are for it. */
import * as fc from 'fast-check'
import type { Family, Match, Rule, Ruleset, Target } from '../../../src/kernel/ruleset.ts'
import { arbitraryRuleset } from '../../arbitraries/ruleset.ts'
import { arbitraryWalkPacket, isCorrectWalkPacket } from '../../arbitraries/walk-packet.ts'
import type { CaseFrame } from '../harness/case.ts'
import { a, b } from '../harness/sides.ts'

export interface Drawn {
  readonly ruleset: Ruleset
  readonly frames: readonly CaseFrame[]
}

export function arbitraryCase(family: Family): fc.Arbitrary<Drawn> {
  const frames = fc.array(
    arbitraryWalkPacket(family)
      .filter((packet) => isCorrectWalkPacket(packet) && side(packet.bytes) !== undefined)
      .map(({ bytes }) => side(bytes)!.packet(bytes)),
    { minLength: 1, maxLength: 12 },
  )
  const ruleset = arbitraryRuleset(family).map((given) => ({ family, tables: withoutSets(given) }))
  return fc.record({ ruleset, frames })
}

function withoutSets({ tables }: Ruleset): Ruleset['tables'] {
  return new Map(
    [...tables].map(([name, table]) => {
      const chains = [...table.chains].map(
        ([key, chain]) => [key, { ...chain, rules: chain.rules.map(ruleWithoutSets) }] as const,
      )
      return [name, { name, chains: new Map(chains) }]
    }),
  )
}

function ruleWithoutSets(rule: Rule): Rule {
  const matches = rule.matches.filter(({ kind }: Match) => kind !== 'set')
  const target: Target | null = rule.target?.kind === 'SET' ? null : rule.target
  return { ...rule, matches, target }
}

/**
 * The host that sends the packet: one that crosses the node or is for it. Others would be about routing, not rules.
 */
function side(bytes: Uint8Array): typeof a | undefined {
  const v4 = bytes[0]! >> 4 === 4
  const subnet = (at: number): number => (v4 ? bytes[at + 2]! : bytes[at + 3]!)
  const host = (at: number): number => bytes[at + (v4 ? 3 : 15)]!
  const [source, destination] = v4 ? [12, 16] : [8, 24]
  const routed = [1, 2].includes(subnet(source)) && [1, 2].includes(subnet(destination))
  if (!routed || host(source) === 1 || (v4 && bytes[destination + 1] !== 0)) return undefined
  if (subnet(source) === subnet(destination) && host(destination) !== 1) return undefined
  return subnet(source) === 1 ? a : b
}
