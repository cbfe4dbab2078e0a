/**
 * The sets that rules name. A set is there as long as a rule names it, and is filled by the members it stands for, which
 * then keep it up to date.
 */
import type { SetsChange } from '../../kernel/ipset.ts'
import type { NodeMembers } from '../members/nodes.ts'
import type { PodMembers, Selection } from '../members/members.ts'
import type { PortNames } from '../members/port-names.ts'
import { CountedSet, FAMILIES, setsChange, type CountedSetOptions, type SetsDraft } from './counted-set.ts'
import { networkElements, nodeElements, portElements } from './elements.ts'
import type { SetSpec } from './set-spec.ts'

export interface SetMembers {
  /** All pods of the cluster that policies know of. */
  readonly cluster: PodMembers
  /** Those of this node. */
  readonly local: PodMembers
  readonly ports: PortNames
  readonly nodes: NodeMembers
}

interface Used {
  readonly set: CountedSet
  readonly stop: () => void
  uses: number
}

export class SetBook {
  readonly #members: SetMembers
  readonly #used = new Map<string, Used>()
  readonly #dirty = new Set<CountedSet>()
  readonly #gone: CountedSet[] = []
  readonly #changed: () => void

  /** `changed`: there is something for the kernel. */
  constructor(members: SetMembers, changed: () => void) {
    this.#members = members
    this.#changed = changed
  }

  /** Sets in it, a pair of families counted once. */
  get size(): number {
    return this.#used.size
  }

  /** A rule names the set. */
  use(spec: SetSpec): void {
    const known = this.#used.get(spec.base)
    if (known !== undefined) known.uses++
    else this.#used.set(spec.base, this.#begin(spec))
  }

  /** A rule that names the set is gone. */
  unuse({ base }: SetSpec): void {
    const used = this.#used.get(base)
    if (used === undefined || --used.uses > 0) return
    this.#used.delete(base)
    used.stop()
    this.#end(used.set)
  }

  /** A set whose members the caller keeps: addresses of pods. */
  own(base: string): CountedSet {
    return this.#make(base)
  }

  disown(set: CountedSet): void {
    this.#end(set)
  }

  /** What the kernel has to be told before the rules change. */
  takeChange(): SetsChange | undefined {
    const draft: SetsDraft = { create: [], delete: new Map(), add: new Map() }
    for (const set of this.#dirty) set.take(draft)
    this.#dirty.clear()
    return setsChange(draft)
  }

  /** What it has to be told after that. */
  takeGone(): SetsChange | undefined {
    const destroy = this.#gone.flatMap((set) => set.names())
    this.#gone.length = 0
    return destroy.length === 0 ? undefined : { destroy }
  }

  #begin(spec: SetSpec): Used {
    const { base } = spec
    const { cluster, local, ports, nodes } = this.#members
    switch (spec.kind) {
      case 'pods': {
        const set = this.#make(base)
        const members = spec.scope === 'local' ? local : cluster
        const selection: Selection = members.select(spec.selector, set)
        return { set, uses: 1, stop: () => members.release(selection, set) }
      }
      case 'ports': {
        const set = this.#make(base, { type: 'hash:ip,port', elementsOf: portElements(spec.name) })
        ports.watch(spec.name, set)
        return { set, uses: 1, stop: () => ports.unwatch(spec.name) }
      }
      case 'nodes': {
        const set = this.#make(base)
        nodes.watch(spec.selector, {
          added: (node) => nodeElements(node).forEach((element) => set.add(element)),
          removed: (node) => nodeElements(node).forEach((element) => set.remove(element)),
        })
        return { set, uses: 1, stop: () => nodes.unwatch(spec.selector) }
      }
      case 'networks': {
        const elements = networkElements(spec.cidrs, spec.except)
        const families = FAMILIES.filter((family) => elements.some((each) => each.family === family))
        const set = this.#make(base, { type: 'hash:net', families })
        for (const element of elements) set.add(element)
        return { set, uses: 1, stop: () => {} }
      }
      default:
        return spec satisfies never
    }
  }

  #make(base: string, options: CountedSetOptions = {}): CountedSet {
    const set: CountedSet = new CountedSet(base, () => this.#touch(set), options)
    this.#touch(set)
    return set
  }

  #end(set: CountedSet): void {
    this.#dirty.delete(set)
    this.#gone.push(set)
    this.#changed()
  }

  #touch(set: CountedSet): void {
    this.#dirty.add(set)
    this.#changed()
  }
}
