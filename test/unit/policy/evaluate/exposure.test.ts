import { describe, expect, it } from 'vitest'
import {
  formatOpenConnections,
  type Exposure,
  type PolicyObject,
} from '../../../../src/policy/evaluate/index.ts'
import { endpoint, evaluatorOf } from '../../../support/policy/ask.ts'
import { clusterPolicy, namespace, networkPolicy, pod } from '../../../support/policy/objects.ts'

const world = [
  namespace('shop', { team: 'a' }),
  pod('shop/web', { labels: { app: 'web' }, ips: ['10.0.0.1'], ports: ['http=8080'] }),
  pod('shop/db', { labels: { app: 'db' }, ips: ['10.0.0.2'] }),
]

function exposure(policies: readonly PolicyObject[], direction: 'ingress' | 'egress' = 'ingress'): Exposure {
  return evaluatorOf([...world, ...policies]).exposure(endpoint('shop/web'), direction)
}

function table({ entireCluster, groups }: Exposure): string[] {
  return [{ text: 'entire-cluster', ...entireCluster }, ...groups].map(
    ({ text, ...open }) => `${text} : ${formatOpenConnections(open)}`,
  )
}

const web = { podSelector: { matchLabels: { app: 'web' } } }

describe('exposure to pods to come', () => {
  it('is everything where nothing isolates the pod', () => {
    const result = exposure([])
    expect(result).toMatchObject({ policed: false, isolated: false })
    expect(table(result)).toEqual(['entire-cluster : All Connections'])
  })

  it('is nothing where no rule allows anything', () => {
    const result = exposure([networkPolicy('shop/deny', web)])
    expect(result).toMatchObject({ policed: true, isolated: true })
    expect(table(result)).toEqual(['entire-cluster : No Connections'])
  })

  it('names the sets of pods that rules let in, as netpol-analyzer does, and who is in them today', () => {
    const result = exposure([
      networkPolicy('shop/allow', {
        ...web,
        ingress: [
          { ports: [{ port: 'http' }] },
          { from: [{ podSelector: {} }], ports: [{ port: 443 }] },
          {
            from: [
              {
                namespaceSelector: { matchLabels: { team: 'b' } },
                podSelector: { matchLabels: { app: 'x' } },
              },
            ],
          },
        ],
      }),
    ])
    expect(table(result)).toEqual([
      'entire-cluster : TCP 8080',
      'shop/[all pods] : TCP 443,8080',
      '[namespace with {team=b}]/[pod with {app=x}] : All Connections',
    ])
    expect(result.groups.map(({ today }) => today)).toEqual([['shop/db', 'shop/web'], []])
  })

  it('leaves out what every pod may anyway', () => {
    const result = exposure([
      networkPolicy('shop/allow', {
        ...web,
        ingress: [{}, { from: [{ namespaceSelector: {} }], ports: [{ port: 443 }] }],
      }),
    ])
    expect(table(result)).toEqual(['entire-cluster : All Connections'])
  })

  it('knows that one set may be part of another', () => {
    const result = exposure([
      networkPolicy('shop/allow', {
        ...web,
        ingress: [
          { from: [{ podSelector: { matchLabels: { app: 'x', tier: 'y' } } }], ports: [{ port: 1 }] },
          { from: [{ podSelector: { matchLabels: { app: 'x' } } }], ports: [{ port: 2 }] },
        ],
      }),
    ])
    expect(table(result)).toEqual([
      'entire-cluster : No Connections',
      'shop/[pod with {app=x,tier=y}] : TCP 1-2',
      'shop/[pod with {app=x}] : TCP 2',
    ])
  })

  it('says where an administrator denies some', () => {
    const result = exposure([
      clusterPolicy('deny', {
        subject: { namespaces: { matchLabels: { team: 'a' } } },
        ingress: [
          {
            action: 'Deny',
            from: [{ namespaces: { matchLabels: { team: 'evil' } } }],
            protocols: [{ tcp: { destinationPort: { number: 80 } } }],
          },
        ],
      }),
    ])
    const without = 'SCTP 1-65535,TCP 1-79,81-65535,UDP 1-65535,Other'
    expect(table(result)).toEqual([
      'entire-cluster : All Connections',
      `[namespace with {team=evil}]/[all pods] : ${without}`,
    ])
    expect(result).toMatchObject({ policed: true, isolated: false })
  })

  it('does not take those who lack a label for everybody', () => {
    const result = exposure([
      networkPolicy('shop/allow', {
        ...web,
        ingress: [
          { from: [{ podSelector: { matchExpressions: [{ key: 'banned', operator: 'DoesNotExist' }] } }] },
        ],
      }),
    ])
    expect(table(result)).toEqual([
      'entire-cluster : No Connections',
      'shop/[pod with {!banned}] : All Connections',
    ])
  })

  it('calls a namespace by its name, whether it exists or not', () => {
    const from = (name: string) => ({
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
    })
    const result = exposure([
      networkPolicy('shop/allow', {
        ...web,
        ingress: [
          { from: [from('shop')], ports: [{ port: 1 }] },
          { from: [from('nowhere')], ports: [{ port: 2 }] },
          { from: [{ namespaceSelector: { matchLabels: { team: 'a' } } }], ports: [{ port: 3 }] },
        ],
      }),
    ])
    expect(table(result)).toEqual([
      'entire-cluster : No Connections',
      'shop/[all pods] : TCP 1,3',
      'nowhere/[all pods] : TCP 2',
      '[namespace with {team=a}]/[all pods] : TCP 3',
    ])
  })

  it('leaves out sets that no pod can be in', () => {
    const impossible = {
      matchLabels: { app: 'x' },
      matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['x'] }],
    } as const
    const result = exposure([
      networkPolicy('shop/allow', { ...web, ingress: [{ from: [{ podSelector: impossible }] }] }),
    ])
    expect(table(result)).toEqual(['entire-cluster : No Connections'])
  })

  const out = (...ports: { port: number | string; protocol?: 'TCP' | 'UDP' | 'SCTP' }[]) =>
    networkPolicy('shop/out', {
      ...web,
      policyTypes: ['Egress'],
      egress: [{ to: [{ namespaceSelector: {} }], ports }],
    })

  it('tells the ports of destinations to come by their names', () => {
    const result = exposure(
      [out({ port: 'http' }, { port: 'dns', protocol: 'UDP' }, { port: 53, protocol: 'UDP' })],
      'egress',
    )
    expect(table(result)).toEqual(['entire-cluster : TCP http,UDP 53,dns'])
    expect(result.entireCluster.named.map(({ name }) => name)).toEqual(['dns', 'http'])
  })

  it('a name does not matter where every port is open', () => {
    expect(table(exposure([out({ port: 'http' }, { port: 1, endPort: 65535 } as never)], 'egress'))).toEqual([
      'entire-cluster : TCP 1-65535',
    ])
  })

  it('a name may open some ports only, or close them', () => {
    const rule = (action: 'Accept' | 'Deny', protocol: object) => ({
      action,
      to: [{ namespaces: {} }],
      protocols: [protocol],
    })
    const admin = (...egress: object[]) =>
      clusterPolicy('admin', { subject: { namespaces: {} }, egress: egress as never })
    const low = { tcp: { destinationPort: { range: { start: 1, end: 1023 } } } }
    const name = { destinationNamedPort: 'web' }
    const everything = { tcp: { destinationPort: { range: { start: 1, end: 65535 } } } }
    expect(
      table(exposure([admin(rule('Deny', low), rule('Accept', name)), out({ port: 80 })], 'egress')),
    ).toEqual(['entire-cluster : SCTP web,TCP web[1024-65535],UDP web'])
    expect(table(exposure([admin(rule('Deny', name))], 'egress'))).toEqual([
      'entire-cluster : All Connections except SCTP web,TCP web,UDP web',
    ])
    expect(
      table(exposure([admin(rule('Accept', low), rule('Deny', name), rule('Deny', everything))], 'egress')),
    ).toEqual(['entire-cluster : SCTP 1-65535,TCP 1-1023,UDP 1-65535,Other except SCTP web,UDP web'])
  })

  it('refuses an address that is none', () => {
    const evaluator = evaluatorOf(world)
    expect(() => evaluator.exposure(endpoint('shop/web'), 'ingress', { address: 'x' })).toThrow(
      'not an address: "x"',
    )
  })

  it('is the exact answer in cells, one for each that rules can tell apart', () => {
    const evaluator = evaluatorOf([
      ...world,
      networkPolicy('shop/allow', {
        ...web,
        ingress: [
          { from: [{ podSelector: { matchLabels: { app: 'x' } } }], ports: [{ port: 1 }] },
          { from: [{ podSelector: { matchLabels: { tier: 'y' } } }], ports: [{ port: 2 }] },
        ],
      }),
    ])
    const cells = evaluator.exposedCells(endpoint('shop/web'), 'ingress')
    expect(cells.map((cell) => formatOpenConnections(cell)).sort()).toEqual([
      'No Connections',
      'TCP 1',
      'TCP 1-2',
      'TCP 2',
    ])
  })

  it('a pod of the host network is open, as policies see a node', () => {
    const evaluator = evaluatorOf([...world, pod('shop/host', { hostNetwork: true })])
    expect(evaluator.exposure(endpoint('shop/host'), 'ingress')).toMatchObject({ policed: false, groups: [] })
  })
})
