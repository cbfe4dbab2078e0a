import { readdirSync } from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  ApiClient,
  ApiServer,
  deployments,
  namespaces,
  networkpolicies,
  pods,
  services,
} from '../../../src/apiserver/index.ts'
import { Applier, mergePatch } from '../../../src/cluster/manifests/apply.ts'
import { parseManifests } from '../../../src/cluster/manifests/document.ts'
import { loadManifests } from '../../../src/cluster/manifests/sources.ts'
import { VirtualClock } from '../../../src/sim/virtual-clock.ts'

let server: ApiServer
let client: ApiClient
let applier: Applier
beforeEach(() => {
  server = new ApiServer({ clock: new VirtualClock(), seed: 1 })
  client = new ApiClient(server, 'test')
  applier = new Applier(server)
})

const apply = (text: string, file = 'a.yaml') => applier.apply(parseManifests(text, file))
const service = (spec: string, name = 'web') =>
  `apiVersion: v1\nkind: Service\nmetadata:\n  name: ${name}\nspec:\n${spec}`

describe('Applier', () => {
  it('creates, then merges: what nobody applied stays, what was applied and is gone goes', () => {
    apply(
      'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  labels: { a: "1", b: "2" }\nspec:\n  selector: { app: web, tier: front }\n  ports:\n    - port: 80\n',
    )
    const first = client.get(services, 'web', 'default')
    apply(
      'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  labels: { b: "3" }\nspec:\n  selector: { app: web }\n  ports:\n    - port: 81\n',
    )
    const second = client.get(services, 'web', 'default')
    expect(second.metadata.uid).toBe(first.metadata.uid)
    expect(second.metadata.labels).toEqual({ b: '3' })
    expect(second.spec.selector).toEqual({ app: 'web' })
    expect(second.spec.ports?.map(({ port }) => port)).toEqual([81])
    expect(second.spec.clusterIP).toBe(first.spec.clusterIP)
  })

  it('applies namespaces first, and makes one that is missing', () => {
    const warnings = apply(
      'apiVersion: v1\nkind: Pod\nmetadata: { name: p, namespace: late }\nspec: { containers: [{ name: c, image: i }] }\n---\n' +
        'apiVersion: v1\nkind: Namespace\nmetadata: { name: late }\n---\n' +
        'apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  namespace: absent\nspec: { containers: [{ name: c, image: i }] }\n',
    )
    expect(client.find(pods, 'p', 'late')).toBeDefined()
    expect(client.find(namespaces, 'absent')).toBeDefined()
    expect(warnings).toEqual([
      {
        message: 'namespace absent is not in the manifests: created',
        place: { file: 'a.yaml', line: 14, field: 'metadata.namespace' },
      },
    ])
  })

  it('says that an object is given twice', () => {
    const text =
      'apiVersion: v1\nkind: Pod\nmetadata: { name: p }\nspec: { containers: [{ name: c, image: i }] }\n'
    expect(apply(`${text}---\n${text}`)).toEqual([
      {
        message: 'Pod p is given twice (first in a.yaml:1): the later one stands',
        place: { file: 'a.yaml', line: 6 },
      },
    ])
  })

  it('takes the address of a load balancer from a manifest', () => {
    apply(
      service(
        '  type: LoadBalancer\n  ports:\n    - port: 80\nstatus:\n  loadBalancer:\n    ingress:\n      - ip: 203.0.113.9\n',
      ),
    )
    expect(client.get(services, 'web', 'default').status?.loadBalancer?.ingress?.[0]?.ip).toBe('203.0.113.9')
  })

  it('takes a dump back: metadata that the server owns is not sent', () => {
    apply(
      'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  uid: 8ad5\n  resourceVersion: "77"\n  creationTimestamp: "2020-01-01T00:00:00Z"\nspec:\n  ports:\n    - port: 80\n',
    )
    expect(client.get(services, 'web', 'default').metadata.uid).not.toBe('8ad5')
  })

  it.each([
    [
      'a port out of range',
      service('  ports:\n    - port: 80\n    - name: b\n      port: 99999\n'),
      /^a\.yaml:\d+: spec\.ports\[\d\]\.(name|port): /,
    ],
    [
      'one port out of range',
      service('  ports:\n    - port: 99999\n'),
      'a.yaml:7: spec.ports[0].port: Invalid value: 99999: must be between 1 and 65535, inclusive',
    ],
    [
      'a port that is text',
      service('  ports:\n    - port: http\n'),
      'a.yaml:7: spec.ports[0].port: expected a number, got a string',
    ],
    [
      'a label that YAML takes for a boolean',
      'apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  labels:\n    app: no\nspec: { containers: [{ name: c, image: i }] }\n',
      'a.yaml:6: metadata.labels.app: expected a string, got a boolean (in YAML no, off, yes and on are booleans: write it in quotes)',
    ],
    [
      'a list where a map is expected',
      service('  selector: [a]\n  ports:\n    - port: 80\n'),
      'a.yaml:6: spec.selector: expected a map, got an array',
    ],
    [
      'a bad address',
      service('  externalIPs:\n    - 1.2.3\n  ports:\n    - port: 80\n'),
      /^a\.yaml:7: spec\.externalIPs\[0\]: Invalid value: "1\.2\.3"/,
    ],
    [
      'a bad CIDR',
      'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: p }\nspec:\n  podSelector: {}\n  ingress:\n    - from:\n        - ipBlock:\n            cidr: 10.0.0.0/33\n',
      /^a\.yaml:9: spec\.ingress\[0\]\.from\[0\]\.ipBlock\.cidr: Invalid value: "10\.0\.0\.0\/33"/,
    ],
    [
      'a selector that the template does not match',
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: d }\nspec:\n  selector:\n    matchLabels: { app: a }\n  template:\n    metadata:\n      labels: { app: b }\n    spec: { containers: [{ name: c, image: i }] }\n',
      /^a\.yaml:9: spec\.template\.metadata\.labels: /,
    ],
    [
      'a bad name',
      'apiVersion: v1\nkind: Pod\nmetadata:\n  name: Bad_Name\nspec: { containers: [{ name: c, image: i }] }\n',
      /^a\.yaml:4: metadata\.name: Invalid value: "Bad_Name"/,
    ],
  ])('names the place of %s', (_, text, message) => {
    expect(() => apply(text)).toThrow(message)
  })

  it('names a field that does not exist', () => {
    expect(apply(service('  prots:\n    - port: 80\n  ports:\n    - port: 80\n'))).toEqual([
      {
        message: 'Service has no such field here: ignored',
        place: { file: 'a.yaml', line: 6, field: 'spec.prots' },
      },
    ])
  })

  const policy = (spec: string): string =>
    `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: p }\n${spec}`
  it.each([
    [
      'spec:\n  podselector: {}',
      'a.yaml:5: spec.podselector: there is no such field; did you mean podSelector?',
    ],
    [
      'spec:\n  podSelector:\n    matchLabel: { a: b }',
      'a.yaml:6: spec.podSelector.matchLabel: there is no such field; did you mean matchLabels?',
    ],
    [
      'spec:\n  podSelector: {}\n  ingress:\n    - from: []\n      port: []',
      'a.yaml:8: spec.ingress[0].port: there is no such field; did you mean ports?',
    ],
    ['sepc: {}', 'a.yaml:4: sepc: there is no such field; did you mean spec?'],
  ])('refuses a field that a policy does not have: %j', (spec, message) => {
    expect(() => apply(policy(spec))).toThrow(message)
    expect(client.find(networkpolicies, 'p', 'default')).toBeUndefined()
  })

  it('takes what the server wrote into a policy', () => {
    expect(
      apply(
        `${policy('spec: { podSelector: {} }')}\nstatus: { conditions: [] }\n`.replace(
          'p }',
          'p, clusterName: x }',
        ),
      ),
    ).toHaveLength(1)
  })

  it.each(readdirSync('test/fixtures/manifests'))('loads %s without edits', async (name) => {
    const warnings = applier.apply(await loadManifests(`test/fixtures/manifests/${name}`))
    expect(warnings.map(({ message }) => message).filter((message) => /no such field/.test(message))).toEqual(
      [],
    )
    expect(client.list(deployments).items.length).toBeGreaterThan(0)
  })
})

describe('mergePatch', () => {
  it('removes, adds, changes, goes into maps and replaces lists', () => {
    expect(mergePatch({ a: 1, b: { c: 1, d: 2 }, l: [1, 2] }, { b: { d: 3, e: { f: 1 } }, l: [2] })).toEqual({
      a: null,
      b: { c: null, d: 3, e: { f: 1 } },
      l: [2],
    })
  })
})
