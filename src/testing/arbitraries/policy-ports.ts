/**
 * `ports` of NetworkPolicy rules. Biases: entries of one list that have to do with each other, because compilers join
 * them: a range inside another, numbers with one port between them, more ranges than one multiport match has room for.
 */
import fc from 'fast-check'
import type { NetworkPolicyPort } from '../../apiserver/types/index.ts'
import { optional, present, protocol, VOCABULARY, type Vocabulary } from './vocabulary.ts'

/** One entry: a protocol alone, a number, a range whose ends are known ports, a name. */
export function arbitraryPolicyPort({
  ports,
  portNames,
}: Vocabulary = VOCABULARY): fc.Arbitrary<NetworkPolicyPort> {
  const number = fc.constantFrom(...ports)
  const range = fc.tuple(number, number).map(([a, b]) => ({ port: Math.min(a, b), endPort: Math.max(a, b) }))
  const target: fc.Arbitrary<Pick<NetworkPolicyPort, 'port' | 'endPort'>> = fc.oneof(
    { withCrossShrink: true },
    { weight: 4, arbitrary: number.map((port) => ({ port })) },
    { weight: 1, arbitrary: fc.constant({}) },
    { weight: 2, arbitrary: range },
    { weight: 3, arbitrary: fc.constantFrom(...portNames).map((port) => ({ port })) },
  )
  return fc
    .tuple(optional(protocol), target)
    .map(([protocol, target]): NetworkPolicyPort => present({ protocol, ...target }))
}

/** A list with something in it. */
export function arbitraryPolicyPorts(
  vocabulary: Vocabulary = VOCABULARY,
  { maxPorts }: { readonly maxPorts?: number } = {},
): fc.Arbitrary<readonly NetworkPolicyPort[]> {
  const few = fc.array(arbitraryPolicyPort(vocabulary), { minLength: 1, maxLength: maxPorts ?? 3 })
  if (maxPorts !== undefined) return few
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 7, arbitrary: few },
    { weight: 1, arbitrary: nested(vocabulary) },
    { weight: 1, arbitrary: twoApart(vocabulary) },
    { weight: 1, arbitrary: manyRanges(vocabulary) },
  )
}

/** A range, and another that ends inside of it. */
function nested({ ports }: Vocabulary): fc.Arbitrary<readonly NetworkPolicyPort[]> {
  return fc.constantFrom(...ports).map((port) => {
    const from = Math.min(port, LAST - 4)
    return [
      { port: from, endPort: from + 4 },
      { port: from + 1, endPort: from + 2 },
    ]
  })
}

/** 80 and 82: what is between them is not meant. */
function twoApart({ ports }: Vocabulary): fc.Arbitrary<readonly NetworkPolicyPort[]> {
  return fc.constantFrom(...ports).map((port) => [{ port }, { port: port + (port > 2 ? -2 : 2) }])
}

/** Eight ranges or nine, that of the known port last: a multiport match holds seven. */
function manyRanges({ ports }: Vocabulary): fc.Arbitrary<readonly NetworkPolicyPort[]> {
  return fc.tuple(fc.constantFrom(...ports), fc.integer({ min: 7, max: 8 })).map(([port, others]) => [
    ...Array.from({ length: others }, (_, index) => ({
      port: 10_000 + 10 * index,
      endPort: 10_001 + 10 * index,
    })),
    { port: Math.min(port, LAST - 1), endPort: Math.min(port, LAST - 1) + 1 },
  ])
}

const LAST = 65535
