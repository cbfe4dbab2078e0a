/**
 * A slow and obvious judge of policies, written from the text of the two APIs and from nothing else: it looks at the
 * objects as they are, every time, and shares no line with the evaluator that it is compared with. Options as there.
 */
import ipaddr from 'ipaddr.js'
import type {
  ClusterNetworkPolicy,
  ClusterNetworkPolicyEgressPeer,
  ClusterNetworkPolicyProtocol,
  Labels,
  LabelSelector,
  Namespace,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  Node,
  Pod,
} from '../../src/apiserver/types/index.ts'
import type { Endpoint, PolicyObject, PolicyOptions, Question } from '../../src/policy/evaluate/index.ts'

/** Somebody who talks or is talked to. `ip` is undefined if he has none of the family that is spoken. */
interface Somebody {
  pod?: Pod
  node?: Node
  ip?: string
}

export function judge(objects: readonly PolicyObject[], question: Question, options: PolicyOptions): boolean {
  return new Judge(objects, options).judge(question)
}

class Judge {
  namespaces: Namespace[] = []
  pods: Pod[] = []
  nodes: Node[] = []
  networkPolicies: NetworkPolicy[] = []
  clusterPolicies: ClusterNetworkPolicy[] = []
  options: PolicyOptions

  constructor(objects: readonly PolicyObject[], options: PolicyOptions) {
    this.options = options
    const last = new Map<string, PolicyObject>()
    for (const object of objects)
      last.set([object.kind, object.metadata.namespace, object.metadata.name].join(), object)
    for (const object of last.values()) {
      if (object.kind === 'Namespace') this.namespaces.push(object)
      if (object.kind === 'Pod') this.pods.push(object)
      if (object.kind === 'Node') this.nodes.push(object)
      if (object.kind === 'NetworkPolicy') this.networkPolicies.push(object)
      if (object.kind === 'ClusterNetworkPolicy') this.clusterPolicies.push(object)
    }
  }

  judge(question: Question): boolean {
    const fromIps = this.ipsOf(question.from)
    const toIps = this.ipsOf(question.to)
    let family = question.family
    for (const ip of fromIps)
      if (toIps.some((other) => version(ip) === version(other))) family ??= version(ip)
    const first = [...fromIps, ...toIps][0]
    if (first !== undefined) family ??= version(first)
    family ??= 'ipv4'
    const from = this.somebody(question.from, fromIps, family)
    const to = this.somebody(question.to, toIps, family)
    return this.mayLeave(from, to, question) && this.mayEnter(from, to, question)
  }

  // Who is meant

  ipsOf(endpoint: Endpoint): string[] {
    if (endpoint.kind === 'address') return [endpoint.address]
    if (endpoint.kind === 'node')
      return nodeIps(this.nodes.find(({ metadata }) => metadata.name === endpoint.name)!)
    const pod = this.podNamed(endpoint.namespace, endpoint.name)
    const ips = podIps(pod)
    const node = this.nodes.find(({ metadata }) => metadata.name === pod.spec.nodeName)
    if (ips.length === 0 && !this.isPod(pod) && !isFinished(pod) && node !== undefined) return nodeIps(node)
    return ips
  }

  podNamed(namespace: string, name: string): Pod {
    return this.pods.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)!
  }

  somebody(endpoint: Endpoint, ips: string[], family: string): Somebody {
    const ip = ips.find((one) => version(one) === family)
    const found: Somebody = ip === undefined ? {} : { ip }
    if (endpoint.kind === 'node')
      return { node: this.nodes.find(({ metadata }) => metadata.name === endpoint.name)!, ...found }
    if (endpoint.kind === 'address') return { ...this.holder(endpoint.address), ...found }
    const pod = this.podNamed(endpoint.namespace, endpoint.name)
    if (this.isPod(pod)) return { pod, ...found }
    if (isFinished(pod)) return { ...(ips[0] === undefined ? {} : this.holder(ips[0])), ...found }
    const node = this.nodes.find(({ metadata }) => metadata.name === pod.spec.nodeName)
    return node === undefined ? found : { node, ...found }
  }

  /** Policies see it as a pod: it has a network of its own, and is not over. */
  isPod(pod: Pod): boolean {
    if (pod.spec.hostNetwork === true && this.options.hostNetworkPods === 'node') return false
    return !(isFinished(pod) && this.options.finishedPods === 'excluded')
  }

  /** Whose address it is: a running pod's, a node's, or else of a pod that shares it with a node or has finished. */
  holder(ip: string): Somebody {
    const holders = this.pods
      .filter((pod) => this.isPod(pod) && podIps(pod).some((one) => sameIp(one, ip)))
      .sort((a, b) => (podName(a) < podName(b) ? -1 : 1))
    const running = holders.find((pod) => pod.spec.hostNetwork !== true && !isFinished(pod))
    if (running !== undefined) return { pod: running }
    const node = this.nodes.find((node) => nodeIps(node).some((one) => sameIp(one, ip)))
    if (node !== undefined) return { node }
    const rest = holders.find((pod) => !isFinished(pod)) ?? holders[0]
    return rest === undefined ? {} : { pod: rest }
  }

  // The two directions

  mayLeave(from: Somebody, to: Somebody, question: Question): boolean {
    if (from.pod === undefined) return true
    const pod = from.pod
    let namespaced = true
    let cluster = true
    if (to.pod === pod && question.throughService !== true && this.options.selfByAddress === 'allowed')
      return true
    if (to.pod === pod && question.throughService === true && this.options.selfThroughService === 'allowed')
      namespaced = false
    if (to.node !== undefined && to.node.metadata.name === pod.spec.nodeName) {
      if (this.options.ownNode === 'allowed') namespaced = false
      if (this.options.ownNodeByClusterPolicy === 'allowed') cluster = false
    }
    return this.tiers(pod, 'egress', namespaced, cluster, {
      networkPolicy: (policy) =>
        (policy.spec.egress ?? []).some(
          (rule) =>
            this.anyPeer(rule.to, to, policy.metadata.namespace!) &&
            this.anyPort(rule.ports, to.pod, question),
        ),
      clusterPolicy: (policy) =>
        (policy.spec.egress ?? []).find(
          (rule) =>
            rule.to.some((peer) => this.clusterPeer(peer, to)) && protocols(rule.protocols, to.pod, question),
        )?.action,
    })
  }

  mayEnter(from: Somebody, to: Somebody, question: Question): boolean {
    if (to.pod === undefined) return true
    const pod = to.pod
    let namespaced = true
    if (from.pod === pod && question.throughService !== true && this.options.selfByAddress === 'allowed')
      return true
    if (from.pod === pod && question.throughService === true && this.options.selfThroughService === 'allowed')
      namespaced = false
    if (
      from.node !== undefined &&
      from.node.metadata.name === pod.spec.nodeName &&
      this.options.ownNode === 'allowed'
    )
      namespaced = false
    return this.tiers(pod, 'ingress', namespaced, true, {
      networkPolicy: (policy) =>
        (policy.spec.ingress ?? []).some(
          (rule) =>
            this.anyPeer(rule.from, from, policy.metadata.namespace!) &&
            this.anyPort(rule.ports, pod, question),
        ),
      clusterPolicy: (policy) =>
        (policy.spec.ingress ?? []).find(
          (rule) =>
            rule.from.some((peer) => this.clusterPeer(peer, from)) &&
            protocols(rule.protocols, pod, question),
        )?.action,
    })
  }

  tiers(
    pod: Pod,
    direction: 'ingress' | 'egress',
    namespaced: boolean,
    cluster: boolean,
    says: {
      networkPolicy: (policy: NetworkPolicy) => boolean
      clusterPolicy: (policy: ClusterNetworkPolicy) => 'Accept' | 'Deny' | 'Pass' | undefined
    },
  ): boolean {
    const tier = (name: 'Admin' | 'Baseline'): 'Accept' | 'Deny' | 'Pass' => {
      if (!cluster) return 'Pass'
      for (let priority = 0; priority <= 10; priority++) {
        const policies = this.clusterPolicies
          .filter(
            ({ spec }) =>
              spec.tier === name && spec.priority === priority && this.clusterPeer(spec.subject, { pod }),
          )
          .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
        for (const policy of policies) {
          const action = says.clusterPolicy(policy)
          if (action !== undefined) return action
        }
      }
      return 'Pass'
    }
    const admin = tier('Admin')
    if (admin !== 'Pass') return admin === 'Accept'

    const selecting = this.networkPolicies.filter(
      ({ metadata, spec }) =>
        metadata.namespace === pod.metadata.namespace && matches(spec.podSelector ?? {}, pod.metadata.labels),
    )
    const type = direction === 'ingress' ? 'Ingress' : 'Egress'
    const isolating = selecting.filter(({ spec }) => {
      if (spec.policyTypes !== undefined && spec.policyTypes.length > 0)
        return spec.policyTypes.includes(type)
      return type === 'Ingress' || (spec.egress ?? []).length > 0
    })
    if (namespaced && isolating.length > 0)
      return isolating.some(
        (policy) =>
          says.networkPolicy(policy) ||
          (this.options.emptyRules === 'allow' && policy.spec[direction]?.length === 0),
      )
    if (namespaced && selecting.length > 0 && this.options.baselineAfterNetworkPolicy === 'any-direction')
      return true

    return tier('Baseline') !== 'Deny'
  }

  // Peers

  anyPeer(peers: readonly NetworkPolicyPeer[] | undefined, who: Somebody, home: string): boolean {
    if (peers === undefined || peers.length === 0) return true
    for (const { ipBlock, namespaceSelector, podSelector } of peers) {
      if (ipBlock !== undefined) {
        if (who.ip === undefined || (who.pod !== undefined && !this.options.ipBlockMatchesPods)) continue
        if (!inCidr(who.ip, ipBlock.cidr)) continue
        if ((ipBlock.except ?? []).some((hole) => inCidr(who.ip!, hole))) continue
        return true
      }
      if (who.pod === undefined || (namespaceSelector === undefined && podSelector === undefined)) continue
      const { namespace, labels } = who.pod.metadata
      if (namespaceSelector === undefined && namespace !== home) continue
      if (namespaceSelector !== undefined && !matches(namespaceSelector, this.namespaceLabels(namespace!)))
        continue
      if (podSelector !== undefined && !matches(podSelector, labels)) continue
      return true
    }
    return false
  }

  clusterPeer(peer: ClusterNetworkPolicyEgressPeer, who: Somebody): boolean {
    if (peer.networks !== undefined) {
      if (who.pod !== undefined && !this.options.ipBlockMatchesPods) return false
      return who.ip !== undefined && peer.networks.some((cidr) => inCidr(who.ip!, cidr))
    }
    if (peer.nodes !== undefined)
      return (
        who.ip !== undefined &&
        this.nodes.some(
          (node) =>
            matches(peer.nodes!, node.metadata.labels) && nodeIps(node).some((ip) => sameIp(ip, who.ip!)),
        )
      )
    if (who.pod === undefined) return false
    const namespace = this.namespaceLabels(who.pod.metadata.namespace!)
    if (peer.namespaces !== undefined) return matches(peer.namespaces, namespace)
    return (
      matches(peer.pods!.namespaceSelector, namespace) &&
      matches(peer.pods!.podSelector, who.pod.metadata.labels)
    )
  }

  namespaceLabels(name: string): Labels {
    const labels = this.namespaces.find(({ metadata }) => metadata.name === name)?.metadata.labels
    return { ...labels, 'kubernetes.io/metadata.name': name }
  }

  // Ports of a NetworkPolicy

  anyPort(
    ports: readonly NetworkPolicyPort[] | undefined,
    destination: Pod | undefined,
    { protocol, port }: Question,
  ): boolean {
    const hasPorts = protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp'
    if (ports === undefined || ports.length === 0)
      return hasPorts || this.options.portlessRulesAllowOtherProtocols
    if (!hasPorts) return false
    return ports.some((entry) => {
      if ((entry.protocol ?? 'TCP') !== protocol.toUpperCase()) return false
      if (entry.port === undefined) return true
      if (typeof entry.port === 'string')
        return portsNamed(entry.port, destination).includes(`${port} ${protocol.toUpperCase()}`)
      return port! >= entry.port && port! <= (entry.endPort ?? entry.port)
    })
  }
}

/** Ports of a ClusterNetworkPolicy. */
function protocols(
  list: readonly ClusterNetworkPolicyProtocol[] | undefined,
  destination: Pod | undefined,
  { protocol, port }: Question,
): boolean {
  if (list === undefined) return true
  if (protocol === 'icmp' || protocol === 'other') return false
  for (const entry of list) {
    if (entry.destinationNamedPort !== undefined) {
      const named = portsNamed(entry.destinationNamedPort, destination)
      if (named.includes(`${port} ${protocol.toUpperCase()}`)) return true
    } else if (entry[protocol] !== undefined) {
      const { destinationPort } = entry[protocol]
      if (destinationPort === undefined || destinationPort.number === port) return true
      const { range } = destinationPort
      if (range !== undefined && range.start <= port! && port! <= range.end) return true
    }
  }
  return false
}

/** `80 TCP`, of the containers of the pod. */
function portsNamed(name: string, pod: Pod | undefined): string[] {
  return (pod?.spec.containers ?? [])
    .flatMap(({ ports }) => ports ?? [])
    .filter((port) => port.name === name)
    .map(({ containerPort, protocol }) => `${containerPort} ${protocol ?? 'TCP'}`)
}

function matches({ matchLabels, matchExpressions }: LabelSelector, labels: Labels = {}): boolean {
  for (const key in matchLabels) if (labels[key] !== matchLabels[key]) return false
  for (const { key, operator, values = [] } of matchExpressions ?? []) {
    const value = labels[key]
    if (operator === 'Exists' && value === undefined) return false
    if (operator === 'DoesNotExist' && value !== undefined) return false
    if (operator === 'In' && (value === undefined || !values.includes(value))) return false
    if (operator === 'NotIn' && value !== undefined && values.includes(value)) return false
  }
  return true
}

function isFinished({ status }: Pod): boolean {
  return ['Succeeded', 'Failed'].includes(status?.phase ?? '')
}

function podName({ metadata }: Pod): string {
  return `${metadata.namespace}/${metadata.name}`
}

function podIps({ status }: Pod): string[] {
  return (status?.podIPs ?? []).map(({ ip }) => ip)
}

function nodeIps({ status }: Node): string[] {
  return (status?.addresses ?? []).map(({ address }) => address)
}

function version(ip: string): 'ipv4' | 'ipv6' {
  return ipaddr.parse(ip).kind()
}

function sameIp(one: string, other: string): boolean {
  return ipaddr.parse(one).toNormalizedString() === ipaddr.parse(other).toNormalizedString()
}

function inCidr(ip: string, cidr: string): boolean {
  const address = ipaddr.parse(ip)
  const [base, length] = ipaddr.parseCIDR(cidr)
  return address.kind() === base.kind() && address.match([base, length] as never)
}
