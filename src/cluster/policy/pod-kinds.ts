/** Pods that no policy can tell apart, whatever options say: one of each kind has the answer of all. */
import type { Pod } from '../../apiserver/types/index.ts'
import type { Family } from '../../kernel/ruleset.ts'
import type { PolicyOptions } from '../../policy/evaluate/index.ts'
import { nameOf } from '../view.ts'
import type { EvaluatorOf } from './answer.ts'

export interface PodKind {
  /** The same for the pods of one kind in all workloads. */
  readonly key: string
  /** In the order in which they were given; at least one. */
  readonly pods: readonly [Pod, ...Pod[]]
}

/** Under these no option hides a difference between pods that another would show. */
const FINEST = { hostNetworkPods: 'pod', ipBlockMatchesPods: true } as const

export class PodKinds {
  readonly #classes: readonly ReadonlyMap<string, number>[]
  readonly #byNode: boolean

  /** `byNode`: there are ends to which the pods of one node differ from others (that node, its host-network pods). */
  constructor(evaluatorOf: EvaluatorOf, options: Partial<PolicyOptions>, family: Family, byNode: boolean) {
    this.#byNode = byNode
    this.#classes = [options, { ...options, ...FINEST }].map((its) => {
      const classes = evaluatorOf(its).allPairs({ family }).classes()
      return new Map(classes.flatMap(({ id, pods }) => pods.map((pod) => [pod, id] as const)))
    })
  }

  group(pods: readonly Pod[]): PodKind[] {
    const kinds = new Map<string, [Pod, ...Pod[]]>()
    for (const pod of pods) {
      const key = this.#keyOf(pod)
      const known = kinds.get(key)
      if (known === undefined) kinds.set(key, [pod])
      else known.push(pod)
    }
    return [...kinds].map(([key, members]) => ({ key, pods: members }))
  }

  #keyOf(pod: Pod): string {
    const name = nameOf(pod)
    const ids = this.#classes.map((classes) => classes.get(name) ?? name)
    return [...ids, this.#byNode ? (pod.spec.nodeName ?? '') : ''].join(' ')
  }
}
