/** What the scheduler knows of nodes and the pods on them, including what it has just decided itself. */
import type { Node, Pod } from '../../apiserver/index.ts'
import { keyOf } from '../../informer/index.ts'

export class ClusterState {
  readonly nodes = new Map<string, Node>()
  /** Pods by node, by key. */
  readonly #podsOn = new Map<string, Map<string, Pod>>()
  readonly #nodeOf = new Map<string, string>()

  podsOn(node: string): ReadonlyMap<string, Pod> {
    return this.#podsOn.get(node) ?? NONE
  }

  /** Counts the pod on that node; of a pod that is done or gone, `remove`. */
  place(pod: Pod, node: string): void {
    const key = keyOf(pod)
    if (this.#nodeOf.get(key) !== node) this.remove(key)
    this.#nodeOf.set(key, node)
    const pods = this.#podsOn.get(node)
    if (pods === undefined) this.#podsOn.set(node, new Map([[key, pod]]))
    else pods.set(key, pod)
  }

  remove(key: string): void {
    const node = this.#nodeOf.get(key)
    if (node === undefined) return
    this.#nodeOf.delete(key)
    this.#podsOn.get(node)?.delete(key)
  }
}

const NONE: ReadonlyMap<string, Pod> = new Map()
