/** `podwire explain`: why two ends may talk or not, for every port, tier by tier. */
import type { Pod } from '../../apiserver/index.ts'
import { PairExplainer, type ExplainedEnd, type Explanation } from '../../cluster/policy/explain-pairs.ts'
import { hasFamily } from '../../cluster/policy/listing.ts'
import { asProblems } from '../../cluster/policy/mirror.ts'
import { workloadLabel, workloadPeers } from '../../cluster/policy/peers.ts'
import { parseReference } from '../../cluster/reference.ts'
import { findNode, findPods, podWith } from '../../cluster/resolve/find.ts'
import { familyOf } from '../../cluster/topology/plan.ts'
import type { ClusterView } from '../../cluster/view.ts'
import { Problem } from '../../kernel/problem.ts'
import type { Family } from '../../kernel/ruleset.ts'
import { boot, warnOfIdle } from '../boot.ts'
import { EXIT_DONE } from '../exit.ts'
import { formatExplanations } from '../format/explain.ts'
import { parseChoice, parseFamily, type ClusterFlags } from '../options.ts'
import { write } from '../output.ts'
import { parsePolicyOptions, type PolicyFlags } from '../policy-options.ts'

export interface ExplainFlags extends ClusterFlags, PolicyFlags {
  readonly from?: string
  readonly to?: string
  readonly family?: string
  readonly explainOnly?: string
  readonly output?: string
}

export async function explain(flags: ExplainFlags): Promise<number> {
  const format = parseChoice(flags.output, '--output', ['txt', 'json'], 'txt')
  const family = familyAsked(flags)
  const only =
    flags.explainOnly === undefined
      ? undefined
      : parseChoice(flags.explainOnly, '--explain-only', ['allow', 'deny'], 'allow')
  const policy = parsePolicyOptions(flags)
  const cluster = await boot(flags)
  warnOfIdle(cluster)
  const { view } = cluster
  const ends = {
    from: flags.from === undefined ? undefined : named(view, flags.from, '--from', family),
    to: flags.to === undefined ? undefined : named(view, flags.to, '--to', family),
  }
  const nodesAsked = [ends.from, ends.to].some((end) => end !== undefined && 'endpoint' in end)
  const explainer = asProblems(
    () => new PairExplainer(view, (its) => cluster.evaluator(its), { policy, family, nodesAsked }),
  )
  const all = explanations(explainer, everyone(view, family), ends)
  await write(formatExplanations(cut(problemsOf(all), only), format))
  return EXIT_DONE
}

interface Asked {
  readonly from: ExplainedEnd | undefined
  readonly to: ExplainedEnd | undefined
}

/** What is not named is every workload in turn, and the addresses outside of the cluster. */
function* explanations(
  explainer: PairExplainer,
  all: readonly Workload[],
  { from, to }: Asked,
): Generator<Explanation> {
  for (const source of from === undefined ? all : [from]) {
    for (const target of to === undefined ? all : [to]) {
      const itself = source.label === target.label && 'pods' in target && target.pods.length === 1
      // A pod's way to itself is told to whoever asks for it.
      if (!itself || (from !== undefined && to !== undefined)) yield* explainer.pair(source, target)
    }
    if (to === undefined && 'pods' in source) yield* explainer.outside(source, 'egress')
  }
  if (from !== undefined) return
  for (const target of to === undefined ? all : [to]) {
    if ('pods' in target) yield* explainer.outside(target, 'ingress')
  }
}

/** One after the other; what policies cannot answer is a mistake of whoever asks. */
function* problemsOf<T>(items: Generator<T>): Generator<T> {
  for (;;) {
    const next = asProblems(() => items.next())
    if (next.done === true) return
    yield next.value
  }
}

function* cut(all: Iterable<Explanation>, only: 'allow' | 'deny' | undefined): Generator<Explanation> {
  for (const explanation of all) {
    const parts = explanation.parts.filter(
      ({ allowed }) => only === undefined || allowed === (only === 'allow'),
    )
    if (parts.length > 0) yield { ...explanation, parts }
  }
}

/** The family of the addresses among the ends, which --family and each other may not contradict. */
function familyAsked({ family, from, to }: ExplainFlags): Family {
  let known = family === undefined ? undefined : { family: parseFamily(family), by: '--family' }
  for (const [text, field] of [
    [from, '--from'],
    [to, '--to'],
  ] as const) {
    const end = text === undefined ? undefined : parseReference(text, field)
    if (end?.kind !== 'address') continue
    const own = familyOf(end.address)
    known ??= { family: own, by: field }
    if (own !== known.family) {
      throw new Problem(`${end.address} is ${own}, but ${known.by} is ${known.family}`, { field })
    }
  }
  return known?.family ?? 'ipv4'
}

type Workload = Extract<ExplainedEnd, { readonly pods: readonly Pod[] }>

function everyone(view: ClusterView, family: Family): Workload[] {
  return workloadPeers(view).flatMap(({ label, pods }) => {
    const own = pods.filter((pod) => hasFamily(pod, family))
    return own.length === 0 ? [] : [{ label, pods: own }]
  })
}

function named(view: ClusterView, text: string, field: string, family: Family): ExplainedEnd {
  const reference = parseReference(text, field)
  if (reference.port !== undefined) {
    throw new Problem('every port is explained: leave it out, or ask podwire trace --reference', { field })
  }
  switch (reference.kind) {
    case 'service':
      throw new Problem(
        'policies see the pods of a Service, not the Service: name one, or ask podwire trace --reference',
        { field },
      )
    case 'node':
      findNode(view, reference.name, field)
      return { label: `node/${reference.name}`, endpoint: { kind: 'node', name: reference.name } }
    case 'address': {
      const { address } = reference
      const pod = podWith(view, address)
      return pod === undefined ? { label: address, endpoint: { kind: 'address', address } } : podEnd(pod)
    }
    default: {
      const { workload, pods } = findPods(view, reference, field)
      const own = pods.filter((pod) => hasFamily(pod, family))
      const label = workload === undefined ? podLabel(pods[0]!) : workloadLabel(workload)
      if (own.length === 0) throw new Problem(`${label} has no ${family} address`, { field })
      return { label, pods: own }
    }
  }
}

function podEnd(pod: Pod): Workload {
  return { label: podLabel(pod), pods: [pod] }
}

function podLabel({ metadata }: Pod): string {
  return workloadLabel({ kind: 'Pod', namespace: metadata.namespace ?? '', name: metadata.name })
}
