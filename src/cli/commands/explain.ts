/** `podwire explain`: why two ends may talk or not, for every port, tier by tier. */
import type { Cluster } from '../../cluster/cluster.ts'
import { Explainer, type ExplainedEnd, type Explanation } from '../../cluster/policy/explain.ts'
import { endpointOf, has } from '../../cluster/policy/listing.ts'
import { asProblems } from '../../cluster/policy/mirror.ts'
import { workloadPeers } from '../../cluster/policy/peers.ts'
import { parseReference } from '../../cluster/reference.ts'
import { findNode, findPod, podWith } from '../../cluster/resolve/find.ts'
import { familyOf } from '../../cluster/topology/plan.ts'
import { topOwner } from '../../cluster/workload.ts'
import type { Pod } from '../../apiserver/index.ts'
import { Problem } from '../../kernel/problem.ts'
import type { Family } from '../../kernel/ruleset.ts'
import { boot } from '../boot.ts'
import { EXIT_DONE } from '../exit.ts'
import { formatExplanations } from '../format/explain.ts'
import { parseChoice, type ClusterFlags } from '../options.ts'
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
  const options = parsePolicyOptions(flags)
  const cluster = await boot(flags)
  const all = asProblems(() => {
    const explainer = new Explainer(cluster.view, cluster.evaluator(options))
    return pairsOf(cluster, flags, family).map(([from, to]) => explainer.explain(from, to, family))
  })
  process.stdout.write(
    formatExplanations(
      all.flatMap((one) => cut(one, only)),
      format,
    ),
  )
  return EXIT_DONE
}

function cut(explanation: Explanation, only: 'allow' | 'deny' | undefined): Explanation[] {
  if (only === undefined) return [explanation]
  const parts = explanation.parts.filter(({ allowed }) => allowed === (only === 'allow'))
  return parts.length === 0 ? [] : [{ ...explanation, parts }]
}

/** The family of the addresses among the ends, which --family and each other may not contradict. */
function familyAsked({ family, from, to }: ExplainFlags): Family {
  let known =
    family === undefined
      ? undefined
      : { family: parseChoice(family, '--family', ['ipv4', 'ipv6'], 'ipv4'), by: '--family' }
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

type Pair = readonly [from: ExplainedEnd, to: ExplainedEnd]

/** What is not named is every workload in turn; a workload is told by its first pod (and its second, to itself). */
function pairsOf({ view }: Cluster, { from, to }: ExplainFlags, family: Family): Pair[] {
  const everyone = (): Candidate[] =>
    workloadPeers(view).flatMap(({ label, pods }) => {
      const [first, second] = pods.filter((pod) => has(pod, family))
      return first === undefined
        ? []
        : [{ ...endOf(label, first), ...(second === undefined ? {} : { second }) }]
    })
  const sources = from === undefined ? everyone() : [named(view, from, '--from', family)]
  const targets = to === undefined ? everyone() : [named(view, to, '--to', family)]
  const both = from !== undefined && to !== undefined
  return sources.flatMap((source) =>
    targets.flatMap((target): Pair[] => {
      if (source.label !== target.label || both) return [[source, target]]
      return target.second === undefined ? [] : [[source, endOf(target.label, target.second)]]
    }),
  )
}

interface Candidate extends ExplainedEnd {
  readonly second?: Pod
}

function endOf(label: string, pod: Pod): ExplainedEnd {
  return { label, endpoint: endpointOf(pod), pod }
}

function named(view: Cluster['view'], text: string, field: string, family: Family): Candidate {
  const reference = parseReference(text, field)
  if (reference.port !== undefined) {
    throw new Problem('every port is explained: leave it out, or ask podwire trace --reference', { field })
  }
  if (reference.kind === 'service') {
    throw new Problem(
      'policies see the pods of a Service, not the Service: name one, or ask podwire trace --reference',
      {
        field,
      },
    )
  }
  if (reference.kind === 'node') {
    findNode(view, reference.name, field)
    return { label: `node/${reference.name}`, endpoint: { kind: 'node', name: reference.name } }
  }
  const pod =
    reference.kind === 'address' ? podWith(view, reference.address) : findPod(view, reference, field)
  if (pod === undefined) {
    const { address } = reference as { address: string }
    return { label: address, endpoint: { kind: 'address', address } }
  }
  if (!has(pod, family)) {
    throw new Problem(`pod ${pod.metadata.namespace ?? ''}/${pod.metadata.name} has no ${family} address`, {
      field,
    })
  }
  const { kind, name } = topOwner(view, pod)
  const label = `${pod.metadata.namespace ?? ''}/${name}[${kind}]`
  return endOf(label, pod)
}
