import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryFlow, isCorrectFlow, type Flow } from '../../arbitraries/flow.ts'
import { HOOKS, type Place } from '../../arbitraries/place.ts'
import { arbitraryRule, isCorrectRule } from '../../arbitraries/rule.ts'
import { arbitraryRuleset, isCorrectRuleset } from '../../arbitraries/ruleset.ts'
import { arbitraryStep, isCorrectStep, plainStep } from '../../arbitraries/step.ts'
import { arbitraryTarget, isCorrectTarget } from '../../arbitraries/target.ts'
import { arbitraryWalkPacket, isCorrectWalkPacket } from '../../arbitraries/walk-packet.ts'
import { ZERO_COUNTERS, type Rule, type Ruleset } from '../../../src/kernel/ruleset.ts'

interface Row {
  readonly name: string
  /** Values that were drawn, and whether each is correct. */
  readonly drawn: () => readonly boolean[]
  /** What `isCorrect` says of a value that is wrong. */
  readonly wrong: () => boolean
}

function row<T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  isCorrect: (value: T) => boolean,
  wrong: NoInfer<T>,
): Row {
  return {
    name,
    drawn: () => fc.sample(arbitrary, { numRuns: 50, seed: 7 }).map((value) => isCorrect(value)),
    wrong: () => isCorrect(wrong),
  }
}

const place: Place = { table: 'nat', hooks: [HOOKS.nat[0]!], jumps: ['d1'], user: false }
const withoutProtocol: Rule = { header: {}, matches: [{ kind: 'tcp' }], target: null }
const flow: Flow = {
  family: 'ipv4',
  protocol: 'udp',
  clientSide: 'a',
  client: '10.0.1.2',
  clientPort: 1000,
  server: 'fd00:2::2',
  serverPort: 53,
  steps: [],
}
const ruleset: Ruleset = {
  family: 'ipv4',
  tables: new Map([
    [
      'filter',
      {
        name: 'filter',
        chains: new Map([
          ['f1', { name: 'f1', policy: null, counters: ZERO_COUNTERS, rules: [withoutProtocol] }],
        ]),
      },
    ],
  ]),
}

const ROWS: readonly Row[] = [
  row('flow', arbitraryFlow(), isCorrectFlow, flow),
  row('step of TCP', arbitraryStep('tcp'), isCorrectStep, plainStep('client', 'initAckAck', 0)),
  row('step of SCTP', arbitraryStep('sctp'), isCorrectStep, { ...plainStep('client', 'init', 0), ttl: 256 }),
  row('rule', arbitraryRule('ipv4', place), isCorrectRule, withoutProtocol),
  row('ruleset', arbitraryRuleset('ipv6'), isCorrectRuleset, ruleset),
  row('target', arbitraryTarget('ipv4', place, 'tcp'), (target) => isCorrectTarget(target, place), {
    kind: 'jump',
    chain: 's1',
  }),
  row('packet of a walk', arbitraryWalkPacket('ipv6'), isCorrectWalkPacket, {
    bytes: Uint8Array.of(0x60, 0, 0, 0),
  }),
]

describe('arbitraries', () => {
  it.each(ROWS)('of a $name draw what is correct', ({ drawn, wrong }) => {
    expect(drawn()).not.toContain(false)
    expect(wrong()).toBe(false)
  })
})
