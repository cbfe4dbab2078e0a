/**
 * Explanations of workloads: of every pair of their pods, those told together that are alike but for their names; and of
 * a workload and the addresses outside of the cluster, in ranges. Pods of a workload that no policy can tell apart are
 * looked at once.
 */
import type { Pod } from '../../apiserver/types/index.ts'
import type { Family } from '../../kernel/ruleset.ts'
import type { Direction, Endpoint, PolicyOptions } from '../../policy/evaluate/index.ts'
import { getOrMake } from '../../policy/evaluate/collect.ts'
import { nameOf, type ClusterView } from '../view.ts'
import type { EvaluatorOf } from './answer.ts'
import { Explainer, type PairEnd, type Parts, type ToldPart } from './explain.ts'
import { endpointOf } from './listing.ts'
import { Outside } from './outside.ts'
import { externalPeer } from './peers.ts'
import { PodKinds } from './pod-kinds.ts'

export interface Explanation {
  readonly src: string
  readonly dst: string
  /** Allowed first; each is told by its first port. Together they are everything. */
  readonly parts: readonly ToldPart[]
  /** Which pods of the two it is about, where others have another. */
  readonly pods?: PodsMeant
}

/** `pairs` of `of` pairs of pods, or pods where only one end has several. */
export interface PodsMeant {
  readonly pairs: number
  readonly of: number
  /** Every pod of `src` with every other one of `dst`; a side that is no workload has no pods. */
  readonly groups: readonly { readonly src: readonly string[]; readonly dst: readonly string[] }[]
}

/** Pods of a workload, or one end that is no pod. */
export type ExplainedEnd =
  | { readonly label: string; readonly pods: readonly Pod[] }
  | { readonly label: string; readonly endpoint: Endpoint }

export interface ExplainOptions {
  readonly policy: Partial<PolicyOptions>
  readonly family: Family
  /** There are ends that are nodes or addresses, which may be nodes'. */
  readonly nodesAsked: boolean
}

export class PairExplainer {
  readonly #explainer: Explainer
  readonly #kinds: PodKinds
  readonly #outside: Outside
  readonly #ranges = new Map<string, readonly Range[]>()

  constructor(view: ClusterView, evaluatorOf: EvaluatorOf, { policy, family, nodesAsked }: ExplainOptions) {
    const byNode = nodesAsked || view.pods().some(({ spec }) => spec.hostNetwork === true)
    this.#explainer = new Explainer(view, evaluatorOf, policy, family)
    this.#kinds = new PodKinds(evaluatorOf, policy, family, byNode)
    this.#outside = new Outside(evaluatorOf(policy), family)
  }

  /** Of two different pods, unless both ends are the same one. */
  *pair(from: ExplainedEnd, to: ExplainedEnd): Generator<Explanation> {
    const groups = new Map<string, PairGroup>()
    let of = 0
    for (const source of this.#sidesOf(from)) {
      for (const target of this.#sidesOf(to)) {
        const same = target.pods.filter((pod) => source.pods.includes(pod)).length
        const itself = isOnePod(from) && isOnePod(to) && same === 1
        const pairs = itself ? 1 : Math.max(source.pods.length, 1) * Math.max(target.pods.length, 1) - same
        if (pairs === 0) continue
        of += pairs
        const ends = itself ? ([source.ends[0]!, target.ends[0]!] as const) : twoOf(source.ends, target.ends)
        const parts = this.#explainer.parts(...ends)
        const group = getOrMake(groups, parts.key, (): PairGroup => ({ ends, parts, pairs: 0, groups: [] }))
        group.pairs += pairs
        group.groups.push({ src: source.pods.map(nameOf), dst: target.pods.map(nameOf) })
      }
    }
    for (const { ends, parts, pairs, groups: pods } of groups.values()) {
      yield {
        src: from.label,
        dst: to.label,
        parts: this.#explainer.tell(...ends, parts),
        ...(groups.size === 1 ? {} : { pods: { pairs, of, groups: pods } }),
      }
    }
  }

  /** What the workload may send to, or get from, addresses outside of the cluster: the whole address space, in order. */
  *outside({ label, pods }: { readonly label: string; readonly pods: readonly Pod[] }, direction: Direction) {
    const groups = new Map<string, { ranges: readonly Range[]; pods: Pod[] }>()
    for (const { key, pods: alike } of this.#kinds.group(pods)) {
      const ranges = getOrMake(this.#ranges, `${direction} ${key}`, () => this.#rangesOf(alike[0], direction))
      const all = ranges.map(({ first, parts }) => `${first} ${parts.key}`).join('\n')
      getOrMake(groups, all, () => ({ ranges, pods: [] as Pod[] })).pods.push(...alike)
    }
    for (const { ranges, pods: alike } of groups.values()) {
      const names = alike.map(nameOf)
      const meant: PodsMeant = {
        pairs: names.length,
        of: pods.length,
        groups: [direction === 'egress' ? { src: names, dst: [] } : { src: [], dst: names }],
      }
      for (const { first, last, sample, parts } of ranges) {
        const range = externalPeer(this.#outside.range(first, last)).label
        const [src, dst] = direction === 'egress' ? [label, range] : [range, label]
        const ends = inDirection(direction, podEnd(alike[0]!), addressEnd(sample))
        const told: Explanation = {
          src,
          dst,
          parts: this.#explainer.tell(...ends, parts),
          ...(groups.size === 1 ? {} : { pods: meant }),
        }
        yield told
      }
    }
  }

  #rangesOf(pod: Pod, direction: Direction): Range[] {
    const ranges: Range[] = []
    for (const piece of this.#outside.pieces(pod, direction)) {
      const parts = this.#explainer.parts(...inDirection(direction, podEnd(pod), addressEnd(piece.sample)))
      const before = ranges.at(-1)
      if (before?.parts.key === parts.key) ranges[ranges.length - 1] = { ...before, last: piece.last }
      else ranges.push({ ...piece, parts })
    }
    return ranges
  }

  #sidesOf(end: ExplainedEnd): Side[] {
    if ('endpoint' in end) return [{ key: end.label, pods: [], ends: [{ endpoint: end.endpoint }] }]
    return this.#kinds
      .group(end.pods)
      .map(({ key, pods }) => ({ key, pods, ends: pods.slice(0, 2).map(podEnd) }))
  }
}

interface Range {
  readonly first: bigint
  readonly last: bigint
  readonly sample: string
  readonly parts: Parts
}

/** One kind of the pods of an end, or an end without any. */
interface Side {
  readonly key: string
  readonly pods: readonly Pod[]
  /** The first two. */
  readonly ends: readonly PairEnd[]
}

interface PairGroup {
  readonly ends: readonly [PairEnd, PairEnd]
  readonly parts: Parts
  pairs: number
  readonly groups: { readonly src: readonly string[]; readonly dst: readonly string[] }[]
}

function isOnePod(end: ExplainedEnd): boolean {
  return 'pods' in end && end.pods.length === 1
}

/** The first two that are different; there are such. */
function twoOf(sources: readonly PairEnd[], targets: readonly PairEnd[]): readonly [PairEnd, PairEnd] {
  const pairs = sources.flatMap((source) => targets.map((target) => [source, target] as const))
  return pairs.find(([{ pod }, target]) => pod === undefined || pod !== target.pod)!
}

function podEnd(pod: Pod): PairEnd {
  return { endpoint: endpointOf(pod), pod }
}

function addressEnd(address: string): PairEnd {
  return { endpoint: { kind: 'address', address } }
}

function inDirection(direction: Direction, pod: PairEnd, world: PairEnd): readonly [PairEnd, PairEnd] {
  return direction === 'egress' ? [pod, world] : [world, pod]
}
