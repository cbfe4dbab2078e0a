/**
 * AdminNetworkPolicy and BaselineAdminNetworkPolicy (policy.networking.k8s.io/v1alpha1) as ClusterNetworkPolicies
 * (v1alpha2), which took their place (network-policy-api: NPEP-285): two kinds become two tiers, Allow becomes Accept,
 * ports become protocols. Fields keep their places, so that what is wrong with a value is found where it was written;
 * only what v1alpha2 cannot say is refused here. What the values are is left to the check of the new kind.
 */
import { Problem } from '../../kernel/problem.ts'
import { convertPorts } from './ports.ts'
import { at, checkFields, recordsOf, recordOf, type JsonMap } from './read.ts'

export const CONVERTED_API_VERSION = 'policy.networking.k8s.io/v1alpha1'

type ConvertedKind = 'AdminNetworkPolicy' | 'BaselineAdminNetworkPolicy'

export interface Conversion {
  /** A ClusterNetworkPolicy, not checked yet. */
  readonly object: JsonMap & { readonly metadata: JsonMap & { readonly name: string } }
  /** What was converted into what, in a sentence without the name of the object. */
  readonly remark: string
}

/** A singleton has no priority. It comes last, so that any other Baseline policy may override it. */
const BASELINE_PRIORITY = 1000

/** What v1alpha2 allows of each; v1alpha1 allowed 100. */
const MAX_ITEMS = 25

export function isConverted({
  apiVersion,
  kind,
}: {
  readonly apiVersion: string
  readonly kind: string
}): boolean {
  return (
    apiVersion === CONVERTED_API_VERSION &&
    (kind === 'AdminNetworkPolicy' || kind === 'BaselineAdminNetworkPolicy')
  )
}

/** @throws Problem with the field that cannot be converted */
export function convertAdminNetworkPolicy(object: JsonMap): Conversion {
  const kind = object['kind'] as ConvertedKind
  const metadata = recordOf(object['metadata'], 'metadata')
  const spec = recordOf(object['spec'], 'spec')
  const isBaseline = kind === 'BaselineAdminNetworkPolicy'
  checkFields(spec, 'spec', [...(isBaseline ? [] : ['priority']), 'subject', 'ingress', 'egress'])
  if (isBaseline && metadata['name'] !== 'default')
    throw new Problem('the only BaselineAdminNetworkPolicy is named default', { field: 'metadata.name' })
  if (typeof metadata['name'] !== 'string')
    throw new Problem('is required: what is converted keeps its name', { field: 'metadata.name' })
  const name = `${metadata['name']}.${kind.toLowerCase()}`
  const tier = isBaseline ? 'Baseline' : 'Admin'
  const priority = isBaseline ? BASELINE_PRIORITY : spec['priority']
  const { subject } = spec
  if (subject !== undefined) checkPods(recordOf(subject, 'spec.subject'), 'spec.subject', [])
  return {
    object: {
      apiVersion: 'policy.networking.k8s.io/v1alpha2',
      kind: 'ClusterNetworkPolicy',
      metadata: { ...metadata, name },
      spec: {
        tier,
        ...(priority === undefined ? {} : { priority }),
        ...(subject === undefined ? {} : { subject }),
        ...rules(spec, 'ingress', 'from', isBaseline),
        ...rules(spec, 'egress', 'to', isBaseline),
      },
    },
    remark: `is taken as ClusterNetworkPolicy ${name} (${tier} tier, priority ${String(priority)})`,
  }
}

/** Where a field of the converted object was written. */
export function fieldBeforeConversion(field: string): string {
  return field
    .replace(/\.protocols\b/, '.ports')
    .replace(/\.(tcp|udp|sctp)\.destinationPort\.number$/, '.portNumber.port')
    .replace(/\.(tcp|udp|sctp)\.destinationPort\.range/, '.portRange')
    .replace(/\.destinationNamedPort$/, '.namedPort')
    .replace(/\.(tcp|udp|sctp)(\.destinationPort)?$/, '')
}

function rules(
  spec: JsonMap,
  direction: 'ingress' | 'egress',
  peers: 'from' | 'to',
  isBaseline: boolean,
): JsonMap {
  if (spec[direction] === undefined) return {}
  const field = `spec.${direction}`
  const list = atMost(recordsOf(spec[direction], field), field, 'rules')
  return {
    [direction]: list.map((rule, index) => convertRule(rule, `${field}[${index}]`, peers, isBaseline)),
  }
}

function convertRule(rule: JsonMap, field: string, peers: 'from' | 'to', isBaseline: boolean): JsonMap {
  checkFields(rule, field, ['name', 'action', peers, 'ports'])
  const { ports, action, ...same } = rule
  if (peers in rule) {
    const at = `${field}.${peers}`
    const outside = peers === 'from' ? [] : ['nodes', 'networks', ...(isBaseline ? [] : ['domainNames'])]
    atMost(recordsOf(rule[peers], at), at, 'peers').forEach((peer, index) =>
      checkPods(peer, `${at}[${index}]`, outside),
    )
  }
  if (isBaseline && action === 'Pass')
    throw new Problem('a BaselineAdminNetworkPolicy has no Pass: its actions are Allow and Deny', {
      field: `${field}.action`,
    })
  if (action === 'Accept')
    throw new Problem('v1alpha1 knows no Accept: its actions are Allow, Deny and Pass', {
      field: `${field}.action`,
    })
  const actions = ['Allow', 'Deny', ...(isBaseline ? [] : ['Pass'])]
  if (typeof action === 'string' && !actions.includes(action))
    throw new Problem(
      `Unsupported value: ${JSON.stringify(action)}: supported values: ${actions.map((each) => JSON.stringify(each)).join(', ')}`,
      { field: `${field}.action` },
    )
  return {
    ...same,
    ...(action === undefined ? {} : { action: action === 'Allow' ? 'Accept' : action }),
    ...(ports === undefined
      ? {}
      : {
          protocols: convertPorts(
            atMost(recordsOf(ports, `${field}.ports`), `${field}.ports`, 'ports'),
            `${field}.ports`,
          ),
        }),
  }
}

/** Peers and subjects are the same in both versions; drafts of v1alpha1 had more (sameLabels, notSameLabels). */
function checkPods(peer: JsonMap, field: string, others: readonly string[]): void {
  checkFields(peer, field, ['namespaces', 'pods', ...others])
  const { namespaces, pods } = peer
  const selector = ['matchLabels', 'matchExpressions']
  if (namespaces !== undefined)
    checkFields(recordOf(namespaces, at(field, 'namespaces')), at(field, 'namespaces'), selector)
  if (pods !== undefined)
    checkFields(recordOf(pods, at(field, 'pods')), at(field, 'pods'), ['namespaceSelector', 'podSelector'])
}

function atMost<T>(items: readonly T[], field: string, what: string): readonly T[] {
  if (items.length > MAX_ITEMS)
    throw new Problem(
      `${items.length} ${what} are more than ClusterNetworkPolicy allows, which is ${MAX_ITEMS}: split them up`,
      { field },
    )
  return items
}
