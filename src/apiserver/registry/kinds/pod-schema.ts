/** The shape of a pod's spec and status: every field of api/core/v1, those without meaning here unlooked at. */
import { conditions, kindSchema, labelSelector, objectMeta } from '../metadata.ts'
import {
  any,
  boolean,
  int32,
  int64,
  list,
  listByKey,
  mapOf,
  object,
  quantity,
  string,
  stringMap,
  strings,
  type ListSchema,
} from '../schema.ts'

const probe = object('Probe', {
  exec: any,
  httpGet: any,
  tcpSocket: any,
  grpc: any,
  initialDelaySeconds: int32,
  timeoutSeconds: int32,
  periodSeconds: int32,
  successThreshold: int32,
  failureThreshold: int32,
  terminationGracePeriodSeconds: int64,
})

const resources = object('ResourceRequirements', {
  limits: mapOf(quantity),
  requests: mapOf(quantity),
  claims: list(any),
})

/** Strategic merge joins ports by containerPort alone, whatever the protocol. */
const containerPorts = listByKey(
  'containerPort',
  object('ContainerPort', {
    name: string,
    hostPort: int32,
    containerPort: int32,
    protocol: string,
    hostIP: string,
  }),
)

const container = object('Container', {
  name: string,
  image: string,
  command: strings,
  args: strings,
  workingDir: string,
  ports: containerPorts,
  envFrom: list(any),
  env: listByKey('name', object('EnvVar', { name: string, value: string, valueFrom: any })),
  resources,
  resizePolicy: list(any),
  restartPolicy: string,
  restartPolicyRules: list(any),
  volumeMounts: listByKey(
    'mountPath',
    object('VolumeMount', {
      name: string,
      readOnly: boolean,
      recursiveReadOnly: string,
      mountPath: string,
      subPath: string,
      mountPropagation: string,
      subPathExpr: string,
    }),
  ),
  volumeDevices: listByKey('devicePath', object('VolumeDevice', { name: string, devicePath: string })),
  livenessProbe: probe,
  readinessProbe: probe,
  startupProbe: probe,
  lifecycle: any,
  terminationMessagePath: string,
  terminationMessagePolicy: string,
  imagePullPolicy: string,
  securityContext: any,
  stdin: boolean,
  stdinOnce: boolean,
  tty: boolean,
  targetContainerName: string,
})

const containers: ListSchema = listByKey('name', container)

const selectorTerm = object('NodeSelectorTerm', {
  matchExpressions: list(
    object('NodeSelectorRequirement', { key: string, operator: string, values: strings }),
  ),
  matchFields: list(object('NodeSelectorRequirement', { key: string, operator: string, values: strings })),
})

const podAffinityTerm = object('PodAffinityTerm', {
  labelSelector,
  namespaces: strings,
  topologyKey: string,
  namespaceSelector: labelSelector,
  matchLabelKeys: strings,
  mismatchLabelKeys: strings,
})

const podAffinity = object('PodAffinity', {
  requiredDuringSchedulingIgnoredDuringExecution: list(podAffinityTerm),
  preferredDuringSchedulingIgnoredDuringExecution: list(
    object('WeightedPodAffinityTerm', { weight: int32, podAffinityTerm }),
  ),
})

const affinity = object('Affinity', {
  nodeAffinity: object('NodeAffinity', {
    requiredDuringSchedulingIgnoredDuringExecution: object('NodeSelector', {
      nodeSelectorTerms: list(selectorTerm),
    }),
    preferredDuringSchedulingIgnoredDuringExecution: list(
      object('PreferredSchedulingTerm', { weight: int32, preference: selectorTerm }),
    ),
  }),
  podAffinity,
  podAntiAffinity: podAffinity,
})

export const podSpec = object('PodSpec', {
  volumes: listByKey('name', any),
  initContainers: containers,
  containers,
  ephemeralContainers: containers,
  restartPolicy: string,
  terminationGracePeriodSeconds: int64,
  activeDeadlineSeconds: int64,
  dnsPolicy: string,
  nodeSelector: stringMap,
  serviceAccountName: string,
  serviceAccount: string,
  automountServiceAccountToken: boolean,
  nodeName: string,
  hostNetwork: boolean,
  hostPID: boolean,
  hostIPC: boolean,
  shareProcessNamespace: boolean,
  securityContext: any,
  imagePullSecrets: listByKey('name', object('LocalObjectReference', { name: string })),
  hostname: string,
  hostnameOverride: string,
  subdomain: string,
  affinity,
  schedulerName: string,
  tolerations: list(
    object('Toleration', {
      key: string,
      operator: string,
      value: string,
      effect: string,
      tolerationSeconds: int64,
    }),
  ),
  hostAliases: listByKey('ip', object('HostAlias', { ip: string, hostnames: strings })),
  priorityClassName: string,
  priority: int32,
  dnsConfig: any,
  readinessGates: list(object('PodReadinessGate', { conditionType: string })),
  runtimeClassName: string,
  enableServiceLinks: boolean,
  preemptionPolicy: string,
  overhead: mapOf(quantity),
  topologySpreadConstraints: listByKey(
    'topologyKey',
    object('TopologySpreadConstraint', {
      maxSkew: int32,
      topologyKey: string,
      whenUnsatisfiable: string,
      labelSelector,
      minDomains: int32,
      nodeAffinityPolicy: string,
      nodeTaintsPolicy: string,
      matchLabelKeys: strings,
    }),
  ),
  setHostnameAsFQDN: boolean,
  os: any,
  hostUsers: boolean,
  schedulingGates: listByKey('name', object('PodSchedulingGate', { name: string })),
  resourceClaims: listByKey('name', any),
  resources,
  workloadRef: any,
})

export const podTemplateSpec = object('PodTemplateSpec', { metadata: objectMeta, spec: podSpec })

const containerStatuses = list(
  object('ContainerStatus', {
    name: string,
    state: any,
    lastState: any,
    ready: boolean,
    restartCount: int32,
    image: string,
    imageID: string,
    containerID: string,
    started: boolean,
    allocatedResources: any,
    resources: any,
    volumeMounts: any,
    user: any,
    allocatedResourcesStatus: any,
    stopSignal: string,
  }),
)

export const podSchema = kindSchema('Pod', {
  spec: podSpec,
  status: object('PodStatus', {
    observedGeneration: int64,
    phase: string,
    conditions,
    message: string,
    reason: string,
    nominatedNodeName: string,
    hostIP: string,
    hostIPs: listByKey('ip', object('HostIP', { ip: string })),
    podIP: string,
    podIPs: listByKey('ip', object('PodIP', { ip: string })),
    startTime: string,
    initContainerStatuses: containerStatuses,
    containerStatuses,
    ephemeralContainerStatuses: containerStatuses,
    qosClass: string,
    resize: string,
    resourceClaimStatuses: any,
    extendedResourceClaimStatus: any,
    allocatedResources: any,
    resources: any,
  }),
})
