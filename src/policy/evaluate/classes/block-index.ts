/** Tokens about blocks of addresses, found by an address: a list for each stretch that no block tells apart. */
import { blockHolds, type Address, type AddressFamily } from '../address.ts'
import { countBelow, pieces } from '../ranges.ts'
import type { Token } from './token.ts'

interface Stretches {
  /** First addresses, sorted; the first of all is 0. */
  readonly starts: readonly bigint[]
  readonly tokens: readonly (readonly Token[])[]
}

export class BlockIndex {
  readonly #stretches: Readonly<Record<AddressFamily, Stretches>>

  constructor(tokens: readonly Token[]) {
    this.#stretches = { ipv4: stretchesOf('ipv4', tokens), ipv6: stretchesOf('ipv6', tokens) }
  }

  at({ family, value }: Address): readonly Token[] {
    const { starts, tokens } = this.#stretches[family]
    return tokens[place(starts, value)]!
  }
}

function stretchesOf(family: AddressFamily, tokens: readonly Token[]): Stretches {
  const blocks = tokens.flatMap((token) =>
    token.question.kind === 'network' ? [{ token, block: token.question.block }] : [],
  )
  const ranges = blocks.flatMap(({ block: { range, except } }) => [range, ...except])
  const starts = pieces(family, ranges).map(({ first }) => first)
  const lists = starts.map((): Token[] => [])
  for (const { token, block } of blocks) {
    if (block.range.family !== family) continue
    const end = place(starts, block.range.last)
    for (let at = place(starts, block.range.first); at <= end; at++)
      if (blockHolds(block, { family, value: starts[at]! })) lists[at]!.push(token)
  }
  return { starts, tokens: lists }
}

/** Of the last start that is not above the value. */
function place(starts: readonly bigint[], value: bigint): number {
  return countBelow(starts, value + 1n) - 1
}
