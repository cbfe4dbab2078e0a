/** From a pod to an endpoint and its ports (pkg/controller/util/endpoint, endpointslice/utils.go). */
import { familyOf } from '../../apiserver/meta/ip.ts'
import type {
  Container,
  Endpoint,
  EndpointPort,
  IPFamily,
  Node,
  Pod,
  Service,
  ServicePort,
} from '../../apiserver/index.ts'
import { isPodReady, isPodTerminal } from '../pod-util.ts'

/** Pods that have an address and are not done; those that terminate are still endpoints. */
export function isEndpointPod(pod: Pod): boolean {
  return !isPodTerminal(pod) && ((pod.status?.podIPs ?? []).length > 0 || Boolean(pod.status?.podIP))
}

/** Undefined when the pod has no address of the family. */
export function endpointOf(
  pod: Pod,
  node: Node | undefined,
  service: Service,
  family: IPFamily,
): Endpoint | undefined {
  const address = (pod.status?.podIPs ?? []).find(({ ip }) => familyOf(ip) === family)?.ip
  if (address === undefined) return undefined
  const { name, namespace = '', uid, deletionTimestamp } = pod.metadata
  const serving = isPodReady(pod)
  const terminating = deletionTimestamp !== undefined
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating)
  const zone = node?.metadata.labels?.['topology.kubernetes.io/zone']
  const { hostname, subdomain, nodeName } = pod.spec
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    ...(hostname && subdomain === service.metadata.name && { hostname }),
    ...(nodeName && { nodeName }),
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(zone && { zone }),
  }
}

/** The service's ports as this pod has them. A port name that no container has is left out. */
export function endpointPorts(service: Service, pod: Pod): EndpointPort[] {
  return (service.spec.ports ?? []).flatMap((servicePort) => {
    const port = resolvePort(pod, servicePort)
    const { name = '', protocol = 'TCP', appProtocol } = servicePort
    return port === undefined
      ? []
      : [{ name, protocol, port, ...(appProtocol !== undefined && { appProtocol }) }]
  })
}

function resolvePort(pod: Pod, { targetPort, port, protocol }: ServicePort): number | undefined {
  if (typeof targetPort === 'number') return targetPort
  if (targetPort === undefined || targetPort === '') return port
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  const find = (containers: readonly Container[]) => {
    for (const { ports = [] } of containers)
      for (const candidate of ports)
        if (candidate.name === targetPort && (candidate.protocol ?? 'TCP') === (protocol ?? 'TCP'))
          return candidate.containerPort
    return undefined
  }
  return find(pod.spec.containers) ?? find(sidecars)
}

/** Two lists of ports are one slice's when this is the same. */
export function portsKey(ports: readonly EndpointPort[]): string {
  return ports
    .map(
      ({ name = '', protocol = '', port = '', appProtocol = '' }) =>
        `${name}|${protocol}|${port}|${appProtocol}`,
    )
    .toSorted()
    .join(' ')
}

/** What makes an endpoint the same endpoint: its conditions may change (endpointset.go). */
export function endpointKey({ addresses, hostname = '', nodeName = '', targetRef }: Endpoint): string {
  const { namespace = '', name = '', uid = '' } = targetRef ?? {}
  return [[...addresses].toSorted().join(','), hostname, nodeName, namespace, name, uid].join('|')
}
