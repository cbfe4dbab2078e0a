/**
 * Which node a pod goes to: filters say where it may run, scores where it should (kube-scheduler's default plugins:
 * NodeName, NodeUnschedulable, NodeAffinity, TaintToleration, NodePorts, PodTopologySpread, InterPodAffinity). Among
 * equals the node that came first. Not modelled: resources, volumes, preemption, priorities.
 */
import { compileLabelSelector, type Node, type Pod, type PodAffinityTerm } from '../../apiserver/index.ts'
import { controllerOf } from '../pod-util.ts'
import type { ClusterState } from './cluster-state.ts'
import { matchesNodeAffinity, preferredAffinity, untolerated } from './node-affinity.ts'

export type Choice =
  | { readonly kind: 'node'; readonly name: string }
  /** `0/3 nodes are available: 1 node(s) …, 2 node(s) ….` */
  | { readonly kind: 'unschedulable'; readonly message: string }

export function chooseNode(pod: Pod, state: ClusterState): Choice {
  const reasons = new Map<string, number>()
  const feasible: Node[] = []
  const domains = new Domains(state)
  for (const node of state.nodes.values()) {
    const reason = whyNot(pod, node, state, domains)
    if (reason === undefined) feasible.push(node)
    else reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }
  if (feasible.length === 0) {
    const total = state.nodes.size
    const list = [...reasons].map(([reason, count]) => `${count} ${reason}`).toSorted()
    const message =
      total === 0
        ? 'no nodes available to schedule pods'
        : `0/${total} nodes are available: ${list.join(', ')}.`
    return { kind: 'unschedulable', message }
  }
  let best = feasible[0]!
  if (feasible.length > 1) {
    let bestScore = scoresOf(pod, best, state, domains)
    for (const node of feasible.slice(1)) {
      const score = scoresOf(pod, node, state, domains)
      if (isBetter(score, bestScore)) [best, bestScore] = [node, score]
    }
  }
  return { kind: 'node', name: best.metadata.name }
}

function whyNot(pod: Pod, node: Node, state: ClusterState, domains: Domains): string | undefined {
  const { tolerations } = pod.spec
  if (!matchesNodeAffinity(pod, node)) return "node(s) didn't match Pod's node affinity/selector"
  const taint = untolerated(node, tolerations, ['NoSchedule', 'NoExecute'])
  if (taint !== undefined)
    return taint.key === 'node.kubernetes.io/unschedulable'
      ? 'node(s) were unschedulable'
      : `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`
  if (hostPortTaken(pod, node, state)) return "node(s) didn't have free ports for the requested pod ports"
  if (!spreadAllows(pod, node, domains)) return "node(s) didn't match pod topology spread constraints"
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {}
  for (const term of podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
    const counts = domains.matching(pod, term)
    const first = counts.size === 0 && matchesTerm(pod, pod, term)
    if (!first && (counts.get(domainOf(node, term.topologyKey)) ?? 0) === 0)
      return "node(s) didn't match pod affinity rules"
  }
  for (const term of podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [])
    if (
      node.metadata.labels?.[term.topologyKey] !== undefined &&
      (domains.matching(pod, term).get(domainOf(node, term.topologyKey)) ?? 0) > 0
    )
      return "node(s) didn't match pod anti-affinity rules"
  return undefined
}

/** Higher is better, the first that differs decides. */
function scoresOf(pod: Pod, node: Node, state: ClusterState, domains: Domains): readonly number[] {
  const owner = controllerOf(pod)?.uid
  const here = state.podsOn(node.metadata.name)
  let siblings = 0
  if (owner !== undefined)
    for (const other of here.values()) if (controllerOf(other)?.uid === owner) siblings++
  let skew = 0
  for (const constraint of pod.spec.topologySpreadConstraints ?? [])
    if (constraint.whenUnsatisfiable === 'ScheduleAnyway')
      skew += domains.counts(pod, constraint).get(domainOf(node, constraint.topologyKey)) ?? 0
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {}
  let company = 0
  const weigh = (
    sign: number,
    terms: NonNullable<typeof podAffinity>['preferredDuringSchedulingIgnoredDuringExecution'],
  ) => {
    for (const { weight, podAffinityTerm } of terms ?? [])
      company +=
        sign *
        weight *
        (domains.matching(pod, podAffinityTerm).get(domainOf(node, podAffinityTerm.topologyKey)) ?? 0)
  }
  weigh(1, podAffinity?.preferredDuringSchedulingIgnoredDuringExecution)
  weigh(-1, podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution)
  const disliked = untolerated(node, pod.spec.tolerations, ['PreferNoSchedule']) === undefined ? 0 : -1
  return [preferredAffinity(pod, node), company, disliked, -skew, -siblings, -here.size]
}

function isBetter(a: readonly number[], b: readonly number[]): boolean {
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return a[index]! > b[index]!
  return false
}

function hostPortTaken(pod: Pod, node: Node, state: ClusterState): boolean {
  const wanted = hostPorts(pod)
  if (wanted.length === 0) return false
  for (const other of state.podsOn(node.metadata.name).values())
    for (const taken of hostPorts(other))
      if (
        wanted.some(
          ({ port, protocol, ip }) =>
            port === taken.port &&
            protocol === taken.protocol &&
            (ip === taken.ip || ip === ANY || taken.ip === ANY),
        )
      )
        return true
  return false
}

const ANY = '0.0.0.0'

function hostPorts({ spec }: Pod) {
  return spec.containers.flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, protocol = 'TCP', hostIP }) =>
      hostPort ? [{ port: hostPort, protocol, ip: hostIP || ANY }] : [],
    ),
  )
}

function spreadAllows(pod: Pod, node: Node, domains: Domains): boolean {
  return (pod.spec.topologySpreadConstraints ?? [])
    .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule')
    .every((constraint) => {
      const domain = node.metadata.labels?.[constraint.topologyKey]
      if (domain === undefined) return false
      const counts = domains.counts(pod, constraint)
      const self = compileLabelSelector(constraint.labelSelector)(pod.metadata.labels) ? 1 : 0
      return (counts.get(domain) ?? 0) + self - Math.min(...counts.values()) <= constraint.maxSkew
    })
}

function domainOf(node: Node, topologyKey: string): string {
  return node.metadata.labels?.[topologyKey] ?? ''
}

function matchesTerm(pod: Pod, other: Pod, { labelSelector, namespaces }: PodAffinityTerm): boolean {
  const inNamespace = (namespaces ?? [pod.metadata.namespace]).includes(other.metadata.namespace!)
  return inNamespace && compileLabelSelector(labelSelector)(other.metadata.labels)
}

/** Counts of pods by topology domain, each made once for a decision. */
class Domains {
  readonly #state: ClusterState
  readonly #made = new Map<unknown, ReadonlyMap<string, number>>()

  constructor(state: ClusterState) {
    this.#state = state
  }

  /** For a spread constraint: domains of all nodes the pod may use, also the empty ones. */
  counts(
    pod: Pod,
    constraint: NonNullable<Pod['spec']['topologySpreadConstraints']>[number],
  ): ReadonlyMap<string, number> {
    const matches = compileLabelSelector(constraint.labelSelector)
    return this.#count(
      constraint,
      constraint.topologyKey,
      true,
      (node) => matchesNodeAffinity(pod, node),
      (other) => other.metadata.namespace === pod.metadata.namespace && matches(other.metadata.labels),
    )
  }

  /** For an affinity term: domains with at least one pod that matches. */
  matching(pod: Pod, term: PodAffinityTerm): ReadonlyMap<string, number> {
    return this.#count(
      term,
      term.topologyKey,
      false,
      () => true,
      (other) => matchesTerm(pod, other, term),
    )
  }

  #count(
    id: unknown,
    topologyKey: string,
    empty: boolean,
    usable: (node: Node) => boolean,
    counted: (pod: Pod) => boolean,
  ): ReadonlyMap<string, number> {
    const made = this.#made.get(id)
    if (made !== undefined) return made
    const counts = new Map<string, number>()
    for (const node of this.#state.nodes.values()) {
      const domain = node.metadata.labels?.[topologyKey]
      if (domain === undefined || !usable(node)) continue
      let count = 0
      for (const pod of this.#state.podsOn(node.metadata.name).values()) if (counted(pod)) count++
      if (empty || count > 0) counts.set(domain, (counts.get(domain) ?? 0) + count)
    }
    this.#made.set(id, counts)
    return counts
  }
}
