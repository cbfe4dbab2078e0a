/**
 * What is open to workloads that do not exist yet: for every selector that a rule has, a pod is imagined that it selects,
 * and one that none selects. Only the workload's own direction is looked at, as who comes may bring policies of its own.
 * Addresses of pods to come are not known, so that ipBlocks and networks do not count.
 */
import type { KubeObject, LabelSelector, Labels, Pod } from '../../apiserver/types/index.ts'
import type { Family } from '../../kernel/ruleset.ts'
import {
  Evaluator,
  equalConnections,
  NO_CONNECTIONS,
  noConnections,
  unionConnections,
  type ConnectionSet,
  type Direction,
  type PolicyOptions,
} from '../../policy/evaluate/index.ts'
import type { ClusterView } from '../view.ts'
import { Explainer, type ExplainedEnd, type Explanation } from './explain.ts'
import { endpointOf, has } from './listing.ts'
import { workloadPeers } from './peers.ts'

export interface Exposure {
  readonly workload: string
  readonly direction: Direction
  /** `entire-cluster`, `shop/[all pods]`, `[namespace with {team=blue}]/[pod with {app=x}]`. */
  readonly peer: string
  readonly connections: ConnectionSet
}

export interface ExposureReport {
  readonly exposures: readonly Exposure[]
  /** No policy is about them in that direction. */
  readonly unprotected: readonly { readonly workload: string; readonly direction: Direction }[]
}

const DIRECTIONS = ['egress', 'ingress'] as const
const ANYONE = 'entire-cluster'

export function exposureOf(
  view: ClusterView,
  options: Partial<PolicyOptions> = {},
  family: Family = 'ipv4',
): ExposureReport {
  const imagined = [stranger(), ...peersOf(view).map(imagine)]
  const evaluator = new Evaluator(
    {
      namespaces: [...view.namespaces(), ...imagined.flatMap(({ namespace }) => namespace ?? [])],
      pods: [...view.pods(), ...imagined.map(({ pod }) => pod)],
      nodes: view.nodes(),
      networkPolicies: view.networkPolicies(),
      clusterNetworkPolicies: view.clusterNetworkPolicies(),
    },
    options,
  )
  const explainer = new Explainer(view, evaluator)
  const exposures: Exposure[] = []
  const unprotected: { workload: string; direction: Direction }[] = []
  for (const { label, pods } of workloadPeers(view)) {
    const pod = pods.find((candidate) => has(candidate, family) && candidate.spec.hostNetwork !== true)
    if (pod === undefined) continue
    const end: ExplainedEnd = { label, endpoint: endpointOf(pod), pod }
    for (const direction of DIRECTIONS) {
      const answers = imagined.map(({ peer, pod: other }) => {
        const its: ExplainedEnd = { label: peer, endpoint: endpointOf(other), pod: other }
        const explanation =
          direction === 'egress' ? explainer.explain(end, its, family) : explainer.explain(its, end, family)
        return { peer, explanation, connections: openIn(explanation, direction) }
      })
      const [anyone] = answers
      if (anyone === undefined) continue
      if (!answers.some(({ explanation }) => isPoliced(explanation, direction))) {
        unprotected.push({ workload: label, direction })
      }
      const seen = new Set<string>()
      for (const { peer, connections } of answers) {
        const more =
          peer === ANYONE ? !noConnections(connections) : !equalConnections(connections, anyone.connections)
        if (!more || seen.has(peer)) continue
        seen.add(peer)
        exposures.push({ workload: label, direction, peer, connections })
      }
    }
  }
  return { exposures, unprotected }
}

function openIn({ parts }: Explanation, direction: Direction): ConnectionSet {
  return parts
    .filter(({ verdict }) => verdict[direction].allowed)
    .reduce((set, { connections }) => unionConnections(set, connections), NO_CONNECTIONS)
}

function isPoliced({ parts }: Explanation, direction: Direction): boolean {
  return parts.some(({ verdict }) =>
    verdict[direction].steps.some(
      ({ rule, selecting }) => rule !== undefined || (selecting !== undefined && selecting.length > 0),
    ),
  )
}

interface Selected {
  /** A namespace that exists, or what selects namespaces. */
  readonly namespace: string | LabelSelector
  readonly pods: LabelSelector
}

/** Whom rules select, each once. */
function peersOf(view: ClusterView): Selected[] {
  const found = new Map<string, Selected>()
  const add = (selected: Selected): void => {
    found.set(peerText(selected), selected)
  }
  for (const { metadata, spec } of view.networkPolicies()) {
    const rules = [
      ...(spec.ingress ?? []).map(({ from = [] }) => from),
      ...(spec.egress ?? []).map(({ to = [] }) => to),
    ]
    for (const { ipBlock, namespaceSelector, podSelector = {} } of rules.flat()) {
      if (ipBlock !== undefined) continue
      add({ namespace: namespaceSelector ?? metadata.namespace ?? '', pods: podSelector })
    }
  }
  for (const { spec } of view.clusterNetworkPolicies()) {
    const rules = [
      ...(spec.ingress ?? []).map(({ from }) => from),
      ...(spec.egress ?? []).map(({ to }) => to),
    ]
    for (const { namespaces, pods } of rules.flat()) {
      if (namespaces !== undefined) add({ namespace: namespaces, pods: {} })
      if (pods !== undefined) add({ namespace: pods.namespaceSelector, pods: pods.podSelector })
    }
  }
  return [...found.values()]
}

interface Imagined {
  readonly peer: string
  readonly pod: Pod
  readonly namespace?: KubeObject
}

/** Names that no object can have. */
const IMAGINED = '?'
const NAME_LABEL = 'kubernetes.io/metadata.name'

function stranger(): Imagined {
  return { ...make({}, `${IMAGINED}any`, {}), peer: ANYONE }
}

function imagine(selected: Selected, index: number): Imagined {
  const { namespace, pods } = selected
  const peer = peerText(selected)
  if (typeof namespace === 'string') return { peer, pod: podOf(namespace, labelsFor(pods), index) }
  const labels = labelsFor(namespace)
  const name = labels[NAME_LABEL] ?? `${IMAGINED}${index}`
  return { ...make(labelsFor(pods), name, labels, index), peer }
}

function make(podLabels: Labels, name: string, labels: Labels, index = 0): Omit<Imagined, 'peer'> {
  return {
    pod: podOf(name, podLabels, index),
    namespace: {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { ...metadata(name), labels: { [NAME_LABEL]: name, ...labels } },
    },
  }
}

function podOf(namespace: string, labels: Labels, index: number): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata(`${IMAGINED}${index}`), namespace, labels },
    spec: { containers: [] },
    status: { phase: 'Running' },
  }
}

function metadata(name: string): KubeObject['metadata'] {
  return { name, uid: name, resourceVersion: '0', creationTimestamp: '1970-01-01T00:00:00Z' }
}

/** The fewest labels that the selector takes. */
function labelsFor({ matchLabels = {}, matchExpressions = [] }: LabelSelector): Record<string, string> {
  const labels: Record<string, string> = { ...matchLabels }
  for (const { key, operator, values = [] } of matchExpressions) {
    if (operator === 'In') labels[key] ??= values[0] ?? ''
    if (operator === 'Exists') labels[key] ??= someValue(key, matchExpressions)
  }
  return labels
}

/** One that no `NotIn` of the same key names. */
function someValue(key: string, expressions: NonNullable<LabelSelector['matchExpressions']>): string {
  const refused = expressions.flatMap(({ key: its, operator, values = [] }) =>
    its === key && operator === 'NotIn' ? values : [],
  )
  let value = 'any'
  while (refused.includes(value)) value += '-'
  return value
}

function peerText({ namespace, pods }: Selected): string {
  const where = typeof namespace === 'string' ? namespace : namespaceText(namespace)
  const text = selectorText(pods)
  if (where === '[all namespaces]' && text === '') return ANYONE
  return `${where}/${text === '' ? '[all pods]' : `[pod with {${text}}]`}`
}

function namespaceText(selector: LabelSelector): string {
  const { matchLabels = {}, matchExpressions = [] } = selector
  const name = matchLabels[NAME_LABEL]
  if (name !== undefined && Object.keys(matchLabels).length === 1 && matchExpressions.length === 0)
    return name
  const text = selectorText(selector)
  return text === '' ? '[all namespaces]' : `[namespace with {${text}}]`
}

function selectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const labels = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`)
  const expressions = matchExpressions.map(({ key, operator, values = [] }) =>
    values.length === 0 ? `${key} ${operator}` : `${key} ${operator} (${values.join(',')})`,
  )
  return [...labels, ...expressions].join(',')
}
