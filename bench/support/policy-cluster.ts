/** Clusters with policies, as large as wanted. Nothing is random: the number of a pod says everything about it. */
import type {
  LabelSelector,
  Labels,
  Namespace,
  NetworkPolicy,
  NetworkPolicyIngressRule,
  NetworkPolicyPeer,
  ObjectMeta,
  Pod,
} from '../../src/apiserver/types/index.ts'
import type { PolicyState } from '../../src/policy/evaluate/index.ts'

export const PORTS = [
  { protocol: 'tcp', port: 80 },
  { protocol: 'tcp', port: 443 },
  { protocol: 'udp', port: 53 },
] as const

export interface PolicyCluster extends PolicyState {
  readonly namespaces: Namespace[]
  readonly pods: Pod[]
  readonly networkPolicies: NetworkPolicy[]
}

const APPS = ['web', 'api', 'db', 'cache', 'worker']
const PODS_IN_NAMESPACE = 100

/**
 * Namespaces of 100 pods in five tiers, each pod with a name of its own among its labels as a StatefulSet's have. Each
 * namespace lets in what a recipe would: the tier above, a monitoring namespace, DNS out, the internet without the
 * cluster. `policies` are spread over the namespaces.
 */
export function realisticCluster(pods: number, policies: number): PolicyCluster {
  const count = Math.ceil(pods / PODS_IN_NAMESPACE)
  const names = Array.from({ length: count }, (_, index) => `team-${index}`)
  return {
    namespaces: names.map((name, index) =>
      namespace(name, { team: `${index % 20}`, monitoring: `${index === 0}` }),
    ),
    pods: Array.from({ length: pods }, (_, index) => {
      const place = index % PODS_IN_NAMESPACE
      return pod(names[Math.floor(index / PODS_IN_NAMESPACE)]!, index, {
        app: APPS[place % APPS.length]!,
        'apps.kubernetes.io/pod-index': `${place}`,
      })
    }),
    nodes: [],
    networkPolicies: Array.from({ length: policies }, (_, index) =>
      recipe(names[index % count]!, Math.floor(index / count)),
    ),
    clusterNetworkPolicies: [],
  }
}

function recipe(namespace: string, number: number): NetworkPolicy {
  const app = APPS[number % APPS.length]!
  const above = APPS[(number + APPS.length - 1) % APPS.length]!
  const monitoring: NetworkPolicyPeer = { namespaceSelector: { matchLabels: { monitoring: 'true' } } }
  const sameTeam: NetworkPolicyPeer = {
    namespaceSelector: { matchLabels: { team: `${number % 20}` } },
    podSelector: { matchLabels: { app: 'web' } },
  }
  return policy(namespace, `allow-${number}`, { matchLabels: { app } }, [
    {
      from: [{ podSelector: { matchLabels: { app: above } } }],
      ports: [{ port: 80 + number }, { port: 80 }],
    },
    { from: [monitoring, sameTeam], ports: [{ port: 443 }] },
    { from: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } }] },
  ])
}

/**
 * One namespace in which every pod is alone in its labels, and every policy selects one pod and lets in another: no two
 * pods are alike. `but` adds to each policy a rule that lets in everybody but one.
 */
export function adversarialCluster(pods: number, policies: number, but = false): PolicyCluster {
  const name = (index: number): Labels => ({ id: `${index % pods}` })
  return {
    namespaces: [namespace('one', {})],
    pods: Array.from({ length: pods }, (_, index) => pod('one', index, name(index))),
    nodes: [],
    networkPolicies: Array.from({ length: policies }, (_, index) =>
      policy('one', `only-${index}`, { matchLabels: name(index) }, [
        { from: [{ podSelector: { matchLabels: name(7 * index + 1) } }], ports: [{ port: 80 }] },
        ...(but ? [everybodyBut(`${index}`)] : []),
      ]),
    ),
    clusterNetworkPolicies: [],
  }
}

function everybodyBut(id: string): NetworkPolicyIngressRule {
  const podSelector = { matchExpressions: [{ key: 'id', operator: 'NotIn' as const, values: [id] }] }
  return { from: [{ podSelector }], ports: [{ port: 53, protocol: 'UDP' }] }
}

export function namespace(name: string, labels: Labels): Namespace {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: metadata(name, labels) }
}

export function pod(namespace: string, index: number, labels: Labels): Pod {
  const address = `10.${64 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata(`pod-${index}`, labels), namespace },
    spec: { containers: [{ name: 'main', ports: [{ name: 'http', containerPort: 80 }] }] },
    status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }] },
  }
}

export function policy(
  namespace: string,
  name: string,
  podSelector: LabelSelector,
  ingress: NetworkPolicy['spec']['ingress'],
): NetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { ...metadata(name, {}), namespace },
    spec: { podSelector, policyTypes: ['Ingress'], ...(ingress && { ingress }) },
  }
}

function metadata(name: string, labels: Labels): ObjectMeta {
  return { name, labels, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
}
