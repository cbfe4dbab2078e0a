/** What policies can see of pods, namespaces and nodes. Plain data, made anew when the object changes. */
import type { KubeObject, Labels, Node, Pod } from '../../apiserver/types/index.ts'
import { readAddress, type Address } from './address.ts'

/** The protocols that have ports. */
export const PORT_PROTOCOLS = ['tcp', 'udp', 'sctp'] as const
export type PortProtocol = (typeof PORT_PROTOCOLS)[number]

export interface NamespaceFacts {
  readonly name: string
  /** Every namespace carries its name as a label, whoever made it. */
  readonly labels: Labels
}

export interface PodFacts {
  /** `namespace/name`. */
  readonly key: string
  readonly namespace: string
  readonly name: string
  readonly labels: Labels
  readonly node: string | undefined
  /** At most one a family; none before the pod has been started. */
  readonly addresses: readonly Address[]
  readonly hostNetwork: boolean
  /** It will never run again. It may still show an address, which may be somebody else's by now. */
  readonly finished: boolean
  readonly namedPorts: readonly NamedPort[]
}

export interface NamedPort {
  readonly name: string
  readonly protocol: PortProtocol
  readonly port: number
}

export interface NodeFacts {
  readonly name: string
  readonly labels: Labels
  /** In the order of `status.addresses`; names among these are left out. */
  readonly addresses: readonly Address[]
}

export const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name'

/** A namespace that is not among the objects but has pods or policies is one without further labels. */
export function namespaceFacts(name: string, labels: Labels = {}): NamespaceFacts {
  return { name, labels: { ...labels, [NAMESPACE_NAME_LABEL]: name } }
}

export function readNamespace({ metadata }: KubeObject): NamespaceFacts {
  return namespaceFacts(metadata.name, metadata.labels)
}

export function readPod({ metadata, spec, status }: Pod): PodFacts {
  const { name, namespace = 'default', labels = {} } = metadata
  const addresses = status?.podIPs?.map(({ ip }) => ip) ?? [status?.podIP ?? '']
  return {
    key: `${namespace}/${name}`,
    namespace,
    name,
    labels,
    node: spec.nodeName,
    addresses: readAddresses(addresses),
    hostNetwork: spec.hostNetwork === true,
    finished: status?.phase === 'Succeeded' || status?.phase === 'Failed',
    namedPorts: namedPorts(spec),
  }
}

/** Of the containers that run as long as the pod does: an init container with `restartPolicy: Always` is a sidecar. */
function namedPorts({ containers, initContainers = [] }: Pod['spec']): NamedPort[] {
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always')
  return [...containers, ...sidecars].flatMap(({ ports = [] }) =>
    ports.flatMap(({ name, containerPort, protocol = 'TCP' }) =>
      name === undefined
        ? []
        : [{ name, protocol: protocol.toLowerCase() as PortProtocol, port: containerPort }],
    ),
  )
}

export function readNode({ metadata, status }: Node): NodeFacts {
  return {
    name: metadata.name,
    labels: metadata.labels ?? {},
    addresses: readAddresses((status?.addresses ?? []).map(({ address }) => address)),
  }
}

function readAddresses(texts: readonly string[]): Address[] {
  return texts.flatMap((text) => readAddress(text) ?? [])
}
