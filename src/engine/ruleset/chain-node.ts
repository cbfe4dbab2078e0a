/** A chain of a loaded table as the loader remembers it, and what a plan is about to make of it. */
import type { Chain } from '../../kernel/ruleset.ts'
import type { ChainFacts } from './facts.ts'

export const UNREACHED = -1

export const NO_NODES: readonly ChainNode[] = []

/** A chain's contents in the engine. */
export interface ChainVersion {
  readonly chain: Chain
  readonly facts: ChainFacts
  /** Chains jumped or gone to, each once, in the order of the rules. */
  readonly jumps: readonly ChainNode[]
  /** Address and bytes of its block. */
  readonly ptr: number
  readonly size: number
}

/** Stays the same object as long as the table has a chain of the name. */
export class ChainNode {
  readonly name: string
  /** Place in the table's directory. */
  readonly id: number
  /** Hook of a built-in chain. */
  readonly hook: number | undefined
  /** What the engine has; undefined while the chain is being made. */
  live: ChainVersion | undefined = undefined
  /** What a plan puts in its place. */
  next: ChainVersion | undefined = undefined
  /** Those of `version`. */
  jumps: readonly ChainNode[] = NO_NODES
  /** Chains that jump here. */
  references = 0
  /** A plan takes the chain away. */
  gone = false
  /** Upper bound of nested jumps from here, UNREACHED when no hook leads here. */
  height = UNREACHED
  /** Hooks that may lead here. */
  reach = 0
  /** The list of this node alone, shared by all that jump to nothing else. */
  alone: readonly ChainNode[] | undefined = undefined
  /** Left by an algorithm that asks whether it has been here; each uses numbers of its own. */
  mark = 0

  constructor(name: string, id: number, hook: number | undefined) {
    this.name = name
    this.id = id
    this.hook = hook
  }

  /** What it will be when the plan at work is through; it has been planned or loaded. */
  get version(): ChainVersion {
    return (this.next ?? this.live)!
  }
}

let marks = 0

/** A mark that no node has. */
export const newMark = (): number => ++marks
