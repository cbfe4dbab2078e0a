/**
 * NetworkPolicy (networking.k8s.io/v1) as rules. Sources: the API's text, pkg/apis/networking/v1/defaults.go and
 * validation.go.
 */
import type {
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
} from '../../apiserver/types/index.ts'
import { readCidr, type AddressRange } from './address.ts'
import type { PortProtocol } from './facts.ts'
import {
  FIRST_PORT,
  LAST_PORT,
  type NamespacedPolicy,
  type PodSet,
  type PolicyPeer,
  type PolicyRule,
  type PortMatch,
} from './policy.ts'
import { PolicyError } from './policy-error.ts'
import type { Direction } from './question.ts'
import { ANY_LABELS, readSelector } from './select.ts'

export function readNetworkPolicy({ metadata, spec }: NetworkPolicy): NamespacedPolicy {
  const namespace = metadata.namespace ?? 'default'
  const name = `${namespace}/${metadata.name}`
  const types = policyTypes(spec)
  const read = (direction: Direction): PolicyRule[] =>
    rulesOf(spec, direction).map(({ peers, ports }, index) =>
      readRule(peers, ports, { kind: 'NetworkPolicy', policy: name, direction, index }, namespace),
    )
  return {
    kind: 'NetworkPolicy',
    name,
    namespace,
    subject: { namespaces: { name: namespace }, pods: readSelector(spec.podSelector ?? {}) },
    // Rules of a direction that is not among the types mean nothing.
    ingress: types.includes('Ingress') ? read('ingress') : undefined,
    egress: types.includes('Egress') ? read('egress') : undefined,
    emptyLists: { ingress: spec.ingress?.length === 0, egress: spec.egress?.length === 0 },
  }
}

/** Without types: Ingress always, Egress only if there is a rule for it, so that `egress: []` alone does not isolate. */
function policyTypes({ policyTypes = [], egress = [] }: NetworkPolicySpec): readonly string[] {
  if (policyTypes.length > 0) return policyTypes
  return egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress']
}

interface SpecRule {
  readonly peers: readonly NetworkPolicyPeer[] | undefined
  readonly ports: readonly NetworkPolicyPort[] | undefined
}

function rulesOf({ ingress = [], egress = [] }: NetworkPolicySpec, direction: Direction): SpecRule[] {
  return direction === 'ingress'
    ? ingress.map(({ from, ports }) => ({ peers: from, ports }))
    : egress.map(({ to, ports }) => ({ peers: to, ports }))
}

/** Peers and ports: absent and empty mean all. */
function readRule(
  peers: readonly NetworkPolicyPeer[] = [],
  ports: readonly NetworkPolicyPort[] = [],
  ref: PolicyRule['ref'],
  namespace: string,
): PolicyRule {
  return {
    ref,
    action: 'Accept',
    peers: peers.length === 0 ? undefined : peers.flatMap((peer) => readPeer(peer, namespace, ref) ?? []),
    ports: ports.length === 0 ? undefined : ports.map(readPort),
  }
}

/** Nothing for the empty peer, which the API refuses: it is not a wildcard. */
function readPeer(
  { ipBlock, podSelector, namespaceSelector }: NetworkPolicyPeer,
  namespace: string,
  { policy }: PolicyRule['ref'],
): PolicyPeer | undefined {
  if (ipBlock !== undefined) {
    const range = (text: string): AddressRange => {
      const read = readCidr(text)
      if (read === undefined)
        throw new PolicyError(`not a CIDR: ${JSON.stringify(text)}`, `NetworkPolicy ${policy}`)
      return read
    }
    const block = { range: range(ipBlock.cidr), except: (ipBlock.except ?? []).map(range) }
    return { kind: 'networks', blocks: [block] }
  }
  if (podSelector === undefined && namespaceSelector === undefined) return undefined
  const namespaces: PodSet['namespaces'] =
    namespaceSelector === undefined ? { name: namespace } : { selector: readSelector(namespaceSelector) }
  const pods = podSelector === undefined ? ANY_LABELS : readSelector(podSelector)
  return { kind: 'pods', set: { namespaces, pods } }
}

/** The protocol defaults to TCP in each entry; without a port an entry means all ports of its protocol. */
function readPort({ protocol: upper = 'TCP', port, endPort }: NetworkPolicyPort): PortMatch {
  const protocol = upper.toLowerCase() as PortProtocol
  if (port === undefined) return { kind: 'range', protocol, from: FIRST_PORT, to: LAST_PORT }
  if (typeof port === 'string') return { kind: 'named', name: port, protocol }
  return { kind: 'range', protocol, from: port, to: endPort ?? port }
}
