import { describe, expect, it } from 'vitest'
import {
  apiVersionOf,
  configmaps,
  deployments,
  endpointslices,
  findKind,
  findResource,
  kinds,
  networkpolicies,
  nodes,
  pods,
  statefulsets,
  type KindDefinition,
  type KubeObject,
} from '../../../src/apiserver/index.ts'
import { newDeployment } from '../../support/cluster.ts'
import { newPod, startServer } from '../../support/apiserver.ts'

const at = { name: 'x', namespace: 'default' }
const slice = { metadata: at, addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }] }
const policy = (spec: object) => ({ metadata: at, spec })
const pod = (spec: object) => ({ ...newPod('x'), spec: { ...newPod('x').spec, ...spec } })
const container = (more: object) => pod({ containers: [{ name: 'main', image: 'i', ...more }] })
const deployment = (spec: object) => ({
  ...newDeployment('x', 1),
  spec: { ...newDeployment('x', 1).spec, ...spec },
})

function create(kind: KindDefinition, body: object): KubeObject {
  const { server } = startServer()
  const { group, version, resource, namespaced } = kind
  const response = server.handle({
    verb: 'create',
    group,
    version,
    resource,
    ...(namespaced && { namespace: 'default' }),
    body,
  })
  if (response.kind === 'failure') throw new Error(response.status.message)
  return (response as { object: KubeObject }).object
}

describe('the registry', () => {
  it('finds every kind by resource and by kind, and has no two of a name', () => {
    for (const kind of kinds) {
      expect(findResource(kind.group, kind.version, kind.resource)).toBe(kind)
      expect(findKind({ apiVersion: apiVersionOf(kind), kind: kind.kind })).toBe(kind)
    }
    expect(new Set(kinds.map(({ storagePrefix }) => storagePrefix)).size).toBe(kinds.length)
    expect(findKind({ apiVersion: 'v1', kind: 'constructor' })).toBeUndefined()
  })
})

describe('what is wrong is named', () => {
  it.each<[KindDefinition, object, string]>([
    [pods as KindDefinition, pod({ containers: [] }), 'Pod "x" is invalid: spec.containers: Required value'],
    [
      pods as KindDefinition,
      container({ name: 'A' }),
      'spec.containers[0].name: Invalid value: "A": a lowercase RFC 1123 label',
    ],
    [
      pods as KindDefinition,
      pod({
        containers: [
          { name: 'a', image: 'i' },
          { name: 'a', image: 'i' },
        ],
      }),
      'spec.containers[1].name: Duplicate value: "a"',
    ],
    [pods as KindDefinition, container({ image: undefined }), 'spec.containers[0].image: Required value'],
    [
      pods as KindDefinition,
      container({ ports: [{ containerPort: 0 }] }),
      'spec.containers[0].ports[0].containerPort: Required value',
    ],
    [
      pods as KindDefinition,
      container({ ports: [{ containerPort: 80, protocol: 'tcp' }] }),
      'spec.containers[0].ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"',
    ],
    [
      pods as KindDefinition,
      container({ ports: [{ containerPort: 80, name: 'much-too-long-name' }] }),
      'must be no more than 15 characters',
    ],
    [
      pods as KindDefinition,
      {
        ...container({ ports: [{ containerPort: 80, hostPort: 81 }] }),
        spec: { ...container({ ports: [{ containerPort: 80, hostPort: 81 }] }).spec, hostNetwork: true },
      },
      'must match `containerPort` when `hostNetwork` is true',
    ],
    [
      pods as KindDefinition,
      pod({ restartPolicy: 'Sometimes' }),
      'spec.restartPolicy: Unsupported value: "Sometimes"',
    ],
    [
      pods as KindDefinition,
      pod({ tolerations: [{ operator: 'Equal' }] }),
      'operator must be Exists when `key` is empty',
    ],
    [
      pods as KindDefinition,
      { ...newPod('x'), metadata: { ...at, labels: { 'a b': 'c' } } },
      'metadata.labels: Invalid value: "a b": name part must consist of',
    ],
    [
      pods as KindDefinition,
      { ...newPod('x'), metadata: { ...at, name: 'X' } },
      'metadata.name: Invalid value: "X": a lowercase RFC 1123 subdomain',
    ],
    [
      pods as KindDefinition,
      { ...newPod('x'), metadata: { namespace: 'default' } },
      'metadata.name: Required value: name or generateName is required',
    ],
    [
      deployments as KindDefinition,
      deployment({ replicas: -1 }),
      'Deployment.apps "x" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ],
    [
      deployments as KindDefinition,
      deployment({ selector: { matchLabels: { app: 'y' } } }),
      'spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`',
    ],
    [deployments as KindDefinition, deployment({ selector: undefined }), 'spec.selector: Required value'],
    [
      deployments as KindDefinition,
      deployment({ strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } }),
      "may not be specified when strategy `type` is 'Recreate'",
    ],
    [
      deployments as KindDefinition,
      deployment({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } }),
      'may not be 0 when `maxSurge` is 0',
    ],
    [
      deployments as KindDefinition,
      deployment({ strategy: { rollingUpdate: { maxSurge: '5' } } }),
      'a valid percent string',
    ],
    [
      statefulsets as KindDefinition,
      deployment({ podManagementPolicy: 'Any' }),
      'spec.podManagementPolicy: Invalid value: "Any"',
    ],
    [
      networkpolicies as KindDefinition,
      policy({ podSelector: {}, ingress: [{ from: [{}] }] }),
      'NetworkPolicy.networking.k8s.io "x" is invalid: spec.ingress[0].from[0]: Required value: must specify a peer',
    ],
    [
      networkpolicies as KindDefinition,
      policy({ egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/33' } }] }] }),
      'spec.egress[0].to[0].ipBlock.cidr: Invalid value: "10.0.0.0/33": must be a valid CIDR value',
    ],
    [
      networkpolicies as KindDefinition,
      policy({ egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] } }] }] }),
      'spec.egress[0].to[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset',
    ],
    [
      networkpolicies as KindDefinition,
      policy({ egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }] }] }),
      'may not specify both ipBlock and another peer',
    ],
    [
      networkpolicies as KindDefinition,
      policy({ ingress: [{ ports: [{ port: 'http', endPort: 90 }] }] }),
      'spec.ingress[0].ports[0].endPort: Forbidden: may not be specified when `port` is non-numeric',
    ],
    [
      networkpolicies as KindDefinition,
      policy({ ingress: [{ ports: [{ port: 90, endPort: 80 }] }] }),
      'must be greater than or equal to `port`',
    ],
    [
      networkpolicies as KindDefinition,
      policy({ ingress: [{ ports: [{ port: 80, protocol: 'ICMP' }] }] }),
      'spec.ingress[0].ports[0].protocol: Unsupported value: "ICMP"',
    ],
    [
      networkpolicies as KindDefinition,
      policy({ policyTypes: ['Both'] }),
      'spec.policyTypes[0]: Unsupported value: "Both": supported values: "Ingress", "Egress"',
    ],
    [
      networkpolicies as KindDefinition,
      policy({ podSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }),
      "spec.podSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    ],
    [endpointslices as KindDefinition, { ...slice, addressType: undefined }, 'addressType: Required value'],
    [
      endpointslices as KindDefinition,
      { ...slice, endpoints: [{ addresses: ['fd00::1'] }] },
      'endpoints[0].addresses[0]: Invalid value: "fd00::1": must be a valid IPv4 address',
    ],
    [
      endpointslices as KindDefinition,
      { ...slice, endpoints: [{ addresses: ['127.0.0.1'] }] },
      'may not be an unspecified, loopback, link-local',
    ],
    [
      endpointslices as KindDefinition,
      { ...slice, endpoints: [{ addresses: [] }] },
      'endpoints[0].addresses: Required value: must contain at least 1 address',
    ],
    [
      endpointslices as KindDefinition,
      { ...slice, ports: [{ name: 'a' }, { name: 'a' }] },
      'ports[1].name: Duplicate value: "a"',
    ],
    [
      endpointslices as KindDefinition,
      {
        ...slice,
        endpoints: Array.from({ length: 1001 }, (_, index) => ({
          addresses: [`10.0.${index >> 8}.${index & 255}`],
        })),
      },
      'endpoints: Too many: 1001: must have at most 1000 items',
    ],
    [
      nodes as KindDefinition,
      { metadata: { name: 'n' }, spec: { podCIDRs: ['10.0.0.0/24', '10.0.1.0/24'] } },
      'may specify no more than one CIDR for each IP family',
    ],
    [
      nodes as KindDefinition,
      { metadata: { name: 'n' }, spec: { taints: [{ key: 'a', effect: 'Never' }] } },
      'spec.taints[0].effect: Unsupported value: "Never"',
    ],
    [
      configmaps as KindDefinition,
      { metadata: at, data: { 'a/b': 'c' } },
      'data[a/b]: Invalid value: "a/b": a valid config key',
    ],
  ])('%#: $2', (kind, body, message) => {
    expect(() => create(kind, body)).toThrow(message)
  })
})

describe('defaults', () => {
  it('of a NetworkPolicy: types by what rules there are, TCP', () => {
    expect(
      create(networkpolicies as KindDefinition, {
        metadata: at,
        spec: { egress: [{ ports: [{ port: 53 }] }] },
      }),
    ).toMatchObject({
      spec: {
        podSelector: {},
        policyTypes: ['Ingress', 'Egress'],
        egress: [{ ports: [{ port: 53, protocol: 'TCP' }] }],
      },
    })
    expect(create(networkpolicies as KindDefinition, policy({ podSelector: {}, egress: [] }))).toMatchObject({
      spec: { policyTypes: ['Ingress'] },
    })
  })

  it('of a Deployment and its template', () => {
    expect(create(deployments as KindDefinition, deployment({ replicas: undefined }))).toMatchObject({
      spec: {
        replicas: 1,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
        template: {
          spec: { restartPolicy: 'Always', terminationGracePeriodSeconds: 30, dnsPolicy: 'ClusterFirst' },
        },
      },
    })
  })

  it('of a Pod: tolerations of a while, a pull policy by tag, host ports of the node’s network', () => {
    const made = create(
      pods as KindDefinition,
      pod({
        hostNetwork: true,
        containers: [
          { name: 'a', image: 'registry.example.com:5000/app', ports: [{ containerPort: 80 }] },
          { name: 'b', image: 'app:1' },
          { name: 'c', image: 'app:latest' },
          { name: 'd', image: 'app@sha256:00' },
        ],
      }),
    )
    expect(made).toMatchObject({
      spec: {
        serviceAccountName: 'default',
        tolerations: [
          {
            key: 'node.kubernetes.io/not-ready',
            operator: 'Exists',
            effect: 'NoExecute',
            tolerationSeconds: 300,
          },
          {
            key: 'node.kubernetes.io/unreachable',
            operator: 'Exists',
            effect: 'NoExecute',
            tolerationSeconds: 300,
          },
        ],
        containers: [
          { imagePullPolicy: 'Always', ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }] },
          { imagePullPolicy: 'IfNotPresent' },
          { imagePullPolicy: 'Always' },
          { imagePullPolicy: 'IfNotPresent' },
        ],
      },
    })
  })

  it('null means unset, an empty object does not', () => {
    const made = create(
      networkpolicies as KindDefinition,
      policy({ podSelector: null, ingress: [{ from: [{ podSelector: {}, namespaceSelector: null }] }] }),
    )
    expect(made).toMatchObject({ spec: { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] } })
    expect(JSON.stringify(made)).not.toContain('namespaceSelector')
  })
})

describe('what may not change', () => {
  it('a node’s block, an immutable ConfigMap, the family of a slice', () => {
    const { client } = startServer()
    const node = client.create(nodes, { metadata: { name: 'n' }, spec: { podCIDR: '10.0.0.0/24' } })
    expect(node.spec?.podCIDRs).toEqual(['10.0.0.0/24'])
    expect(() =>
      client.patch(
        nodes,
        { name: 'n' },
        { spec: { podCIDR: '10.0.1.0/24', podCIDRs: ['10.0.1.0/24'] } },
        { type: 'application/merge-patch+json' },
      ),
    ).toThrow('node updates may not change podCIDR except from "" to valid')
    const map = client.create(configmaps, { metadata: at, data: { a: 'b' }, immutable: true })
    expect(() => client.update(configmaps, { ...map, data: { a: 'c' } })).toThrow(
      'data: Forbidden: field is immutable when `immutable` is set',
    )
    const made = client.create(endpointslices, { metadata: at, addressType: 'IPv4', endpoints: null })
    expect(made).toMatchObject({ endpoints: null, ports: null })
    expect(() => client.update(endpointslices, { ...made, addressType: 'IPv6' })).toThrow(
      'addressType: Invalid value: "IPv6": field is immutable',
    )
  })
})
