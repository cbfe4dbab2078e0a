import { describe, expect, it } from 'vitest'
import { formatConnections, type Exposure, type PolicyObject } from '../../../../src/policy/evaluate/index.ts'
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

/** `[text, what everybody may, what somebody may]`. */
function table({ entireCluster, groups }: Exposure): string[][] {
  return [{ text: 'entire-cluster', ...entireCluster }, ...groups].map(({ text, every, some }) => [
    text,
    formatConnections(every),
    formatConnections(some),
  ])
}

const web = { podSelector: { matchLabels: { app: 'web' } } }

describe('exposure to pods to come', () => {
  it('is everything where nothing isolates the pod', () => {
    const result = exposure([])
    expect(result.isolated).toBe(false)
    expect(table(result)).toEqual([['entire-cluster', 'All Connections', 'All Connections']])
  })

  it('is nothing where no rule allows anything', () => {
    const result = exposure([networkPolicy('shop/deny', web)])
    expect(result.isolated).toBe(true)
    expect(table(result)).toEqual([['entire-cluster', 'No Connections', 'No Connections']])
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
      ['entire-cluster', 'TCP 8080', 'All Connections'],
      ['shop/[all pods]', 'TCP 443,8080', 'TCP 443,8080'],
      ['[namespace with {team=b}]/[pod with {app=x}]', 'All Connections', 'All Connections'],
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
    expect(table(result)).toEqual([['entire-cluster', 'All Connections', 'All Connections']])
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
      ['entire-cluster', 'No Connections', 'TCP 1-2'],
      ['shop/[pod with {app=x,tier=y}]', 'TCP 1-2', 'TCP 1-2'],
      ['shop/[pod with {app=x}]', 'TCP 2', 'TCP 1-2'],
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
      ['entire-cluster', without, 'All Connections'],
      ['[namespace with {team=evil}]/[all pods]', without, without],
    ])
    expect(result.cells).toHaveLength(2)
  })

  it('has no named ports of what is not there', () => {
    const result = exposure(
      [
        networkPolicy('shop/out', {
          ...web,
          policyTypes: ['Egress'],
          egress: [
            { to: [{ namespaceSelector: {} }], ports: [{ port: 'http' }, { port: 53, protocol: 'UDP' }] },
          ],
        }),
      ],
      'egress',
    )
    expect(table(result)).toEqual([['entire-cluster', 'UDP 53', 'UDP 53']])
  })

  it('refuses an address that is none', () => {
    const evaluator = evaluatorOf(world)
    expect(() => evaluator.exposure(endpoint('shop/web'), 'ingress', { address: 'x' })).toThrow(
      'not an address: "x"',
    )
  })
})
