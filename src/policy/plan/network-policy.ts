/**
 * NetworkPolicy (networking.k8s.io/v1) in the words of a plan. `policyTypes` says which directions are isolated; rules of
 * a direction that is not listed mean nothing. Absent and empty lists of peers or ports are the same: everything.
 */
import type {
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  PolicyType,
} from '../../apiserver/index.ts'
import type { Direction, PlanPeer, PlanPort, PlanRule, PolicyPlan } from './plan.ts'

export function planNetworkPolicy({ metadata, spec }: NetworkPolicy): PolicyPlan[] {
  const { name, namespace = '', resourceVersion } = metadata
  const plan = (direction: Direction, rules: readonly PlanRule[]): PolicyPlan => ({
    kind: 'NetworkPolicy',
    namespace,
    name,
    resourceVersion,
    tier: 'NetworkPolicy',
    priority: 0,
    direction,
    subject: { namespaces: { name: namespace }, pods: spec.podSelector ?? {} },
    rules,
  })
  const { ingress = [], egress = [] } = spec
  const types = policyTypes(spec)
  return [
    ...(types.includes('Egress')
      ? [
          plan(
            'egress',
            egress.map(({ to, ports }, index) => rule(index, namespace, to, ports)),
          ),
        ]
      : []),
    ...(types.includes('Ingress')
      ? [
          plan(
            'ingress',
            ingress.map(({ from, ports }, index) => rule(index, namespace, from, ports)),
          ),
        ]
      : []),
  ]
}

/** The apiserver fills them in; an object that never saw it is treated the same. */
function policyTypes({ policyTypes: types, egress }: NetworkPolicy['spec']): readonly PolicyType[] {
  if (types !== undefined && types.length > 0) return types
  return egress !== undefined && egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress']
}

function rule(
  index: number,
  namespace: string,
  peers: readonly NetworkPolicyPeer[] = [],
  ports: readonly NetworkPolicyPort[] = [],
): PlanRule {
  return {
    index,
    action: 'Accept',
    peers: peers.length === 0 ? undefined : peers.flatMap((peer) => planPeer(peer, namespace)),
    ports: ports.length === 0 ? undefined : ports.map(planPort),
  }
}

/** An empty peer is refused by the apiserver; here it would match nobody. */
function planPeer({ ipBlock, podSelector, namespaceSelector }: NetworkPolicyPeer, own: string): PlanPeer[] {
  if (ipBlock !== undefined) {
    return [{ kind: 'network', cidr: ipBlock.cidr, except: ipBlock.except ?? [] }]
  }
  if (podSelector === undefined && namespaceSelector === undefined) return []
  const namespaces = namespaceSelector === undefined ? { name: own } : { labels: namespaceSelector }
  return [{ kind: 'pods', selector: { namespaces, pods: podSelector ?? {} } }]
}

function planPort({ protocol = 'TCP', port, endPort }: NetworkPolicyPort): PlanPort {
  if (port === undefined) return { kind: 'protocol', protocol }
  if (typeof port === 'string') return { kind: 'named', name: port, protocol }
  return { kind: 'range', protocol, from: port, to: endPort ?? port }
}
