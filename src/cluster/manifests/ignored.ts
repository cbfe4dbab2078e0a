/**
 * Fields that the apiserver takes and that would change where packets go on a real cluster, but have no effect here:
 * each is named with its place, so that nobody takes silence for support. Fields that say nothing about packets
 * (images, resources, volumes) are not named.
 */
import { isRecord, type Manifest } from './document.ts'
import type { Warning } from './kinds.ts'

type Found = readonly [field: string, message: string]

/** Where a kind has the spec and the metadata of its pods. */
const POD: Readonly<Record<string, { readonly spec: string; readonly metadata: string }>> = {
  Pod: { spec: 'spec', metadata: 'metadata' },
  ...Object.fromEntries(
    ['Deployment', 'ReplicaSet', 'ReplicationController', 'DaemonSet', 'StatefulSet', 'Job'].map((kind) => [
      kind,
      { spec: 'spec.template.spec', metadata: 'spec.template.metadata' },
    ]),
  ),
  CronJob: {
    spec: 'spec.jobTemplate.spec.template.spec',
    metadata: 'spec.jobTemplate.spec.template.metadata',
  },
}

const ANNOTATIONS: Readonly<Record<string, string>> = {
  'kubernetes.io/ingress-bandwidth': 'has no effect: bandwidth is not modelled',
  'kubernetes.io/egress-bandwidth': 'has no effect: bandwidth is not modelled',
  'k8s.v1.cni.cncf.io/networks': 'has no effect: a pod has one interface',
}

export function ignoredFields(manifest: Manifest): Warning[] {
  const { object } = manifest
  const pod = POD[object.kind]
  const found =
    pod !== undefined
      ? [
          ...inPodSpec(at(object, pod.spec), pod.spec),
          ...inAnnotations(at(object, pod.metadata), pod.metadata),
        ]
      : object.kind === 'Service'
        ? [...inService(at(object, 'spec')), ...inBalancer(at(object, 'status.loadBalancer'))]
        : []
  return found.map(([field, message]) => ({ message, place: manifest.place(field) }))
}

function inPodSpec(spec: unknown, path: string): Found[] {
  if (!isRecord(spec)) return []
  const found: Found[] = []
  if (spec['hostNetwork'] !== true) {
    for (const list of ['initContainers', 'containers']) {
      for (const [index, container] of recordsOf(spec[list])) {
        for (const [number, port] of recordsOf(container['ports'])) {
          if (!port['hostPort']) continue
          found.push([
            `${path}.${list}[${index}].ports[${number}].hostPort`,
            `has no effect: no port of a node is forwarded to a pod, port ${String(port['containerPort'])} is reached at the pod's address only`,
          ])
        }
      }
    }
  }
  for (const [index, { name }] of recordsOf(at(spec, 'securityContext.sysctls'))) {
    if (!String(name).startsWith('net.')) continue
    const field = `${path}.securityContext.sysctls[${index}]`
    found.push([field, `has no effect: ${String(name)} of a pod stays as the kernel has it`])
  }
  for (const field of ['dnsConfig', 'hostAliases']) {
    if (spec[field] !== undefined) found.push([`${path}.${field}`, 'has no effect: pods resolve no names'])
  }
  return found
}

function inAnnotations(metadata: unknown, path: string): Found[] {
  const annotations = at(metadata, 'annotations')
  if (!isRecord(annotations)) return []
  return Object.entries(ANNOTATIONS).flatMap(([name, message]): Found[] =>
    name in annotations ? [[`${path}.annotations[${name}]`, message]] : [],
  )
}

function inService(spec: unknown): Found[] {
  if (!isRecord(spec) || spec['type'] !== 'LoadBalancer') return []
  const found: Found[] = []
  if (spec['loadBalancerClass'] !== undefined) {
    found.push([
      'spec.loadBalancerClass',
      `no controller of class ${String(spec['loadBalancerClass'])} runs: only a status gives this Service an address`,
    ])
  }
  if (spec['healthCheckNodePort']) {
    found.push([
      'spec.healthCheckNodePort',
      'is open in the rules of kube-proxy, but nothing listens there: its health checks are not modelled',
    ])
  }
  return found
}

function inBalancer(balancer: unknown): Found[] {
  if (!isRecord(balancer)) return []
  return recordsOf(balancer['ingress']).flatMap(([index, { ip, hostname }]): Found[] =>
    ip === undefined && hostname !== undefined
      ? [
          [
            `status.loadBalancer.ingress[${index}].hostname`,
            'has no effect: names are not resolved, only an ip is',
          ],
        ]
      : [],
  )
}

/** The part at a dotted path; undefined where there is none. */
function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((part, key) => (isRecord(part) ? part[key] : undefined), value)
}

function recordsOf(list: unknown): [number, Record<string, unknown>][] {
  if (!Array.isArray(list)) return []
  return list.flatMap((item: unknown, index): [number, Record<string, unknown>][] =>
    isRecord(item) ? [[index, item]] : [],
  )
}
