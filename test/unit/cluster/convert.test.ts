import { expect, it } from 'vitest'
import { ApiClient, ApiServer, clusternetworkpolicies } from '../../../src/apiserver/index.ts'
import { Applier } from '../../../src/cluster/manifests/apply.ts'
import { parseManifests } from '../../../src/cluster/manifests/document.ts'
import { VirtualClock } from '../../../src/sim/virtual-clock.ts'

const ADMIN = `apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata:
  name: guard
spec:
  priority: 7
  subject: { namespaces: {} }
  egress:
    - action: Allow
      to:
        - networks: [10.0.0.0/8]
      ports:
        - portNumber: { protocol: TCP, port: 443 }
`

function apply(text: string) {
  const server = new ApiServer({ clock: new VirtualClock(), seed: 1 })
  const applier = new Applier(server)
  const warnings = applier.apply(parseManifests(text, 'a.yaml'))
  return { warnings, applier, client: new ApiClient(server, 'test') }
}

it('a manifest of an AdminNetworkPolicy is applied as ClusterNetworkPolicy, and says so', () => {
  const { warnings, applier, client } = apply(ADMIN)
  expect(warnings).toEqual([
    {
      message:
        'AdminNetworkPolicy guard is taken as ClusterNetworkPolicy guard.adminnetworkpolicy (Admin tier, priority 7)',
      place: { file: 'a.yaml', line: 1 },
    },
  ])
  const stored = client.get(clusternetworkpolicies, 'guard.adminnetworkpolicy')
  expect(stored.spec.egress?.[0]).toMatchObject({
    action: 'Accept',
    protocols: [{ tcp: { destinationPort: { number: 443 } } }],
  })
  const place = applier.placeOf('ClusterNetworkPolicy', undefined, 'guard.adminnetworkpolicy')!
  expect(place('spec.egress[0].protocols[0].tcp.destinationPort.number')).toEqual({
    file: 'a.yaml',
    line: 13,
    field: 'spec.egress[0].ports[0].portNumber.port',
  })
})

it('what the apiserver refuses of it is named where it was written', () => {
  expect(() => apply(ADMIN.replace('port: 443', 'port: 70000'))).toThrow(
    'a.yaml:13: spec.egress[0].ports[0].portNumber.port: Invalid value: 70000: must be between 1 and 65535, inclusive',
  )
  expect(() => apply(ADMIN.replace('priority: 7', 'priority: 1001'))).toThrow(
    'a.yaml:6: spec.priority: Invalid value: 1001',
  )
})

it('an action that v1alpha1 does not have is refused with those that it has', () => {
  expect(() => apply(ADMIN.replace('Allow', 'Ok'))).toThrow(
    'a.yaml:9: spec.egress[0].action: Unsupported value: "Ok": supported values: "Allow", "Deny", "Pass"',
  )
})

it('a field of a selector that there is not is refused where it is written', () => {
  expect(() => apply(ADMIN.replace('namespaces: {}', 'namespaces: { matchLabel: {} }'))).toThrow(
    'a.yaml:7: spec.subject.namespaces.matchLabel: cannot be converted',
  )
  expect(() =>
    apply(
      ADMIN.replace('namespaces: {}', 'pods: { podSelector: {}, namespaceSelector: { matchLabel: {} } }'),
    ),
  ).toThrow(
    'a.yaml:7: spec.subject.pods.namespaceSelector.matchLabel: there is no such field; did you mean matchLabels?',
  )
})

it('what cannot be converted is an error at its line', () => {
  expect(() => apply(ADMIN.replace('networks: [10.0.0.0/8]', 'namespaces: { sameLabels: [x] }'))).toThrow(
    'a.yaml:11: spec.egress[0].to[0].namespaces.sameLabels: cannot be converted to ClusterNetworkPolicy',
  )
})

it('a ClusterNetworkPolicy of the name it would get is an error', () => {
  const other = `---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: guard.adminnetworkpolicy }
spec: { tier: Admin, priority: 1, subject: { namespaces: {} } }
`
  expect(() => apply(ADMIN + other)).toThrow(
    'a.yaml:4: metadata.name: would become ClusterNetworkPolicy guard.adminnetworkpolicy, which is among the manifests',
  )
})

it('another version is only named', () => {
  const { warnings } = apply(ADMIN.replace('v1alpha1', 'v1beta1'))
  expect(warnings.map(({ message }) => message)).toEqual([
    'AdminNetworkPolicy guard is taken in version policy.networking.k8s.io/v1alpha1 only: ignored',
  ])
})
