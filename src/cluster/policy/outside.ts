/** The addresses outside of the cluster in pieces within which no policy of a pod can tell one from another. */
import type { Pod } from '../../apiserver/types/index.ts'
import type { Family } from '../../kernel/ruleset.ts'
import { addressText, type AddressRange } from '../../policy/evaluate/address.ts'
import type { Direction, Evaluator } from '../../policy/evaluate/index.ts'
import type { PolicyRule } from '../../policy/evaluate/policy.ts'
import { ascending, pieces, withoutAddresses } from '../../policy/evaluate/ranges.ts'
import { policiesOf } from '../../policy/evaluate/selecting.ts'

export interface OutsidePiece {
  readonly first: bigint
  readonly last: bigint
  /** An address in it that nobody in the cluster has. */
  readonly sample: string
}

type Index = Evaluator['index']

/** In order. Pieces that hold addresses of the cluster only belong to the one before, or else to the one behind. */
export class Outside {
  readonly #index: Index
  readonly #family: Family
  readonly #taken: readonly bigint[]

  constructor({ index }: Evaluator, family: Family) {
    this.#index = index
    this.#family = family
    const taken = [...index.addresses(family)]
      .filter((one) => index.nodesAt(one).length > 0 || index.podsAt(one).some(({ finished }) => !finished))
      .map(({ value }) => value)
    this.#taken = [...new Set(taken)].sort(ascending)
  }

  pieces(pod: Pod, direction: Direction): OutsidePiece[] {
    const found: OutsidePiece[] = []
    let start = 0n
    for (const piece of pieces(this.#family, this.#rangesAbout(pod, direction))) {
      const [free] = withoutAddresses(piece, this.#taken)
      const before = found.at(-1)
      if (free === undefined) {
        if (before !== undefined) found[found.length - 1] = { ...before, last: piece.last }
        start = before === undefined ? start : piece.last + 1n
        continue
      }
      const sample = addressText({ family: this.#family, value: free.first })
      found.push({ first: start, last: piece.last, sample })
      start = piece.last + 1n
    }
    return found
  }

  range(first: bigint, last: bigint): AddressRange {
    return { family: this.#family, first, last }
  }

  #rangesAbout({ metadata }: Pod, direction: Direction): AddressRange[] {
    const { namespace = 'default', name } = metadata
    const facts = this.#index.pod(namespace, name)
    if (facts === undefined) return []
    return policiesOf(facts, this.#index)
      .flatMap((policy) => policy[direction] ?? [])
      .flatMap(rangesOf)
  }
}

function rangesOf({ peers = [] }: PolicyRule): AddressRange[] {
  return peers.flatMap((peer) =>
    peer.kind === 'networks' ? peer.blocks.flatMap(({ range, except }) => [range, ...except]) : [],
  )
}
