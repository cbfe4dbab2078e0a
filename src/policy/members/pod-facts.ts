/** What policies need to know of pods, namespaces and nodes. */
import ipaddr from 'ipaddr.js'
import type { KubeObject, Labels, Node, Pod, Protocol } from '../../apiserver/index.ts'

export interface PodFacts {
  /** `namespace/name`. */
  readonly key: string
  readonly namespace: string
  readonly node: string
  readonly labels: Labels
  /** At most one of a family, canonical text. */
  readonly addresses: readonly string[]
  readonly ports: readonly NamedPort[]
}

export interface NamedPort {
  readonly name: string
  readonly protocol: Protocol
  readonly port: number
}

/**
 * Undefined for a pod that no policy is about: one without an address, one of the host's network (its traffic is its
 * node's), and one that has finished (its address may be another's already). A pod that is terminating still counts.
 */
export function podFacts({ metadata, spec, status }: Pod): PodFacts | undefined {
  if (spec.hostNetwork === true || status === undefined) return undefined
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return undefined
  const addresses = podAddresses(status)
  if (addresses.length === 0) return undefined
  const { name, namespace = '', labels = {} } = metadata
  return {
    key: `${namespace}/${name}`,
    namespace,
    node: spec.nodeName ?? '',
    labels,
    addresses,
    ports: namedPorts(spec),
  }
}

export function podAddresses({ podIPs = [], podIP }: NonNullable<Pod['status']>): readonly string[] {
  if (podIPs.length > 0) return podIPs.map(({ ip }) => ip)
  return podIP === undefined ? [] : [podIP]
}

/**
 * Of the containers that run as long as the pod does: sidecars among the init containers. Names are meant to be unique
 * within a pod, but the apiserver checks that only within a container: a name that several have means all their ports.
 */
function namedPorts({ containers, initContainers = [] }: Pod['spec']): NamedPort[] {
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always')
  const found = new Map<string, NamedPort>()
  for (const { ports = [] } of [...containers, ...sidecars])
    for (const { name, protocol = 'TCP', containerPort: port } of ports)
      if (name !== undefined) found.set(`${name} ${protocol} ${port}`, { name, protocol, port })
  return [...found.values()]
}

const NAME_LABEL = 'kubernetes.io/metadata.name'

/** Every namespace carries its name as a label, whoever made the object. */
export function namespaceLabels({ metadata }: KubeObject): Labels {
  return { ...metadata.labels, [NAME_LABEL]: metadata.name }
}

export interface NodeFacts {
  readonly name: string
  readonly labels: Labels
  readonly addresses: readonly string[]
}

/** The addresses in the status, of whatever type (API: `nodes` match "the IPs in status.addresses"); names are not resolved. */
export function nodeFacts({ metadata, status }: Node): NodeFacts {
  return {
    name: metadata.name,
    labels: metadata.labels ?? {},
    addresses: (status?.addresses ?? [])
      .map(({ address }) => address)
      .filter((address) => ipaddr.isValid(address)),
  }
}
