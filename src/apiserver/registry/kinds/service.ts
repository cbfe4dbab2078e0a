/**
 * Services (pkg/registry/core/service/strategy.go, pkg/apis/core/v1/defaults.go). Addresses and node ports are given
 * by `allocate/service.ts`, after validation.
 */
import { jsonEqual, type Draft } from '../../meta/json.ts'
import { dns1035Label } from '../../meta/validate-names.ts'
import type { Service, ServiceSpec } from '../../types/index.ts'
import { defineKind } from '../kind.ts'
import { conditions, kindSchema } from '../metadata.ts'
import {
  boolean,
  int32,
  intOrString,
  list,
  listByKey,
  object,
  string,
  stringMap,
  strings,
} from '../schema.ts'
import { validateService, validateServiceUpdate } from './service-validation.ts'

export const services = defineKind<Service>({
  group: '',
  version: 'v1',
  kind: 'Service',
  resource: 'services',
  shortNames: ['svc'],
  namespaced: true,
  storagePrefix: '/registry/services/specs/',
  hasStatus: true,
  nameCheck: dns1035Label,
  fieldLabels: {
    'spec.clusterIP': ({ spec }) => spec.clusterIP ?? '',
    'spec.type': ({ spec }) => spec.type ?? '',
  },
  schema: kindSchema('Service', {
    spec: object('ServiceSpec', {
      // Strategic merge joins ports by `port` alone: 53/TCP and 53/UDP of one service become one, as in the real server.
      ports: listByKey(
        'port',
        object('ServicePort', {
          name: string,
          protocol: string,
          appProtocol: string,
          port: int32,
          targetPort: intOrString,
          nodePort: int32,
        }),
      ),
      selector: stringMap,
      clusterIP: string,
      clusterIPs: strings,
      type: string,
      externalIPs: strings,
      sessionAffinity: string,
      loadBalancerIP: string,
      loadBalancerSourceRanges: strings,
      externalName: string,
      externalTrafficPolicy: string,
      healthCheckNodePort: int32,
      publishNotReadyAddresses: boolean,
      sessionAffinityConfig: object('SessionAffinityConfig', {
        clientIP: object('ClientIPConfig', { timeoutSeconds: int32 }),
      }),
      ipFamilies: strings,
      ipFamilyPolicy: string,
      allocateLoadBalancerNodePorts: boolean,
      loadBalancerClass: string,
      internalTrafficPolicy: string,
      trafficDistribution: string,
    }),
    status: object('ServiceStatus', {
      loadBalancer: object('LoadBalancerStatus', {
        ingress: list(
          object('LoadBalancerIngress', {
            ip: string,
            hostname: string,
            ipMode: string,
            ports: list(object('PortStatus', { port: int32, protocol: string, error: string })),
          }),
        ),
      }),
      conditions,
    }),
  }),
  defaults(draft) {
    draft.spec ??= {}
    const { spec } = draft
    spec.type ??= 'ClusterIP'
    spec.sessionAffinity ??= 'None'
    if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
    else {
      spec.sessionAffinityConfig ??= {}
      spec.sessionAffinityConfig.clientIP ??= {}
      spec.sessionAffinityConfig.clientIP.timeoutSeconds ??= 10_800
    }
    for (const port of spec.ports ?? []) {
      port.protocol ??= 'TCP'
      if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '')
        port.targetPort = port.port
    }
    if (externallyAccessible(spec)) spec.externalTrafficPolicy ??= 'Cluster'
    if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster'
    if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true
    if (spec.clusterIP && spec.clusterIPs === undefined) spec.clusterIPs = [spec.clusterIP]
    for (const ingress of draft.status?.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP'
  },
  prepareForCreate(draft) {
    draft.status = { loadBalancer: {} }
  },
  prepareForUpdate(draft, old) {
    followClusterIP(draft.spec, old.spec)
    dropByType(draft.spec, old.spec)
    keepAllocated(draft.spec, old.spec)
    if (draft.spec.type !== 'LoadBalancer' && old.spec.type === 'LoadBalancer')
      draft.status = { loadBalancer: {} }
  },
  validate: validateService,
  validateUpdate: validateServiceUpdate,
})

/** Whether the service is reached from outside the cluster: node ports, balancers, external addresses. */
export function externallyAccessible({
  type,
  externalIPs = [],
}: Pick<ServiceSpec, 'type' | 'externalIPs'>): boolean {
  return type === 'NodePort' || type === 'LoadBalancer' || (type === 'ClusterIP' && externalIPs.length > 0)
}

export function needsNodePort({ type, allocateLoadBalancerNodePorts }: ServiceSpec): boolean {
  return type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false)
}

export function needsHealthCheck({ type, externalTrafficPolicy }: ServiceSpec): boolean {
  return type === 'LoadBalancer' && externalTrafficPolicy === 'Local'
}

/** `clusterIP` and `clusterIPs[0]` are one field: a client that knows only the first changes both (NormalizeClusterIPs). */
function followClusterIP(spec: Draft<ServiceSpec>, old: ServiceSpec): void {
  const changed = spec.clusterIP !== old.clusterIP
  const listChanged = !jsonEqual(spec.clusterIPs ?? [], old.clusterIPs ?? [])
  if (changed && !listChanged) {
    if (!spec.clusterIP) delete spec.clusterIPs
    else spec.clusterIPs = [spec.clusterIP]
  }
}

/** Gives up what only the old type had, unless the user says it again or for the first time (dropTypeDependentFields). */
function dropByType(spec: Draft<ServiceSpec>, old: ServiceSpec): void {
  const same = (field: keyof ServiceSpec) => jsonEqual(spec[field], old[field])
  if (old.type !== 'ExternalName' && spec.type === 'ExternalName') {
    if (same('clusterIP')) delete spec.clusterIP
    if (same('clusterIPs')) delete spec.clusterIPs
    if (same('ipFamilies')) delete spec.ipFamilies
    if (same('ipFamilyPolicy')) delete spec.ipFamilyPolicy
    if (same('internalTrafficPolicy')) delete spec.internalTrafficPolicy
  }
  if (needsNodePort(old) && !needsNodePort(spec as ServiceSpec)) {
    const before = (old.ports ?? []).map(({ nodePort }) => nodePort)
    if (
      jsonEqual(
        before,
        (spec.ports ?? []).map(({ nodePort }) => nodePort),
      )
    )
      for (const port of spec.ports ?? []) delete port.nodePort
  }
  if (needsHealthCheck(old) && !needsHealthCheck(spec as ServiceSpec) && same('healthCheckNodePort'))
    delete spec.healthCheckNodePort
  if (
    externallyAccessible(old) &&
    !externallyAccessible(spec as ServiceSpec) &&
    same('externalTrafficPolicy')
  )
    delete spec.externalTrafficPolicy
  if (old.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (same('allocateLoadBalancerNodePorts')) delete spec.allocateLoadBalancerNodePorts
    if (same('loadBalancerClass')) delete spec.loadBalancerClass
  }
}

/** An update that does not mention what the server had allocated keeps it (patchAllocatedValues). */
function keepAllocated(spec: Draft<ServiceSpec>, old: ServiceSpec): void {
  if (spec.type !== 'ExternalName' && old.type !== 'ExternalName') {
    if (!spec.clusterIP && spec.clusterIPs === undefined && old.clusterIP !== undefined) {
      spec.clusterIP = old.clusterIP
      spec.clusterIPs = [...(old.clusterIPs ?? [])]
    }
    if (spec.ipFamilies === undefined && spec.ipFamilyPolicy === undefined && old.ipFamilies !== undefined) {
      spec.ipFamilies = [...old.ipFamilies]
      if (old.ipFamilyPolicy !== undefined) spec.ipFamilyPolicy = old.ipFamilyPolicy
    }
  }
  if (needsNodePort(old) && needsNodePort(spec as ServiceSpec)) {
    const identity = (port: { port: number; protocol?: string }) => `${port.port}/${port.protocol}`
    const taken = new Set(
      (spec.ports ?? []).flatMap(({ nodePort, protocol }) => (nodePort ? [`${nodePort}/${protocol}`] : [])),
    )
    const before = new Map((old.ports ?? []).map((port) => [identity(port), port.nodePort]))
    for (const port of spec.ports ?? []) {
      const nodePort = before.get(identity(port))
      if (!port.nodePort && nodePort && !taken.has(`${nodePort}/${port.protocol}`)) port.nodePort = nodePort
    }
  }
  if (needsHealthCheck(old) && needsHealthCheck(spec as ServiceSpec) && old.healthCheckNodePort)
    spec.healthCheckNodePort ||= old.healthCheckNodePort
}
