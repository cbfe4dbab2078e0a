import { describe, expect, it } from 'vitest'
import { clusternetworkpolicies } from '../../../../src/apiserver/index.ts'
import { Problem } from '../../../../src/kernel/problem.ts'
import {
  convertAdminNetworkPolicy,
  fieldBeforeConversion,
} from '../../../../src/policy/convert/admin-network-policy.ts'
import { startServer } from '../../../support/apiserver.ts'

const everyone = { namespaces: {} }
const some = { pods: { namespaceSelector: { matchLabels: { a: 'b' } }, podSelector: {} } }

function admin(spec: object, name = 'x') {
  return {
    apiVersion: 'policy.networking.k8s.io/v1alpha1',
    kind: 'AdminNetworkPolicy',
    metadata: { name },
    spec: { priority: 5, subject: everyone, ...spec },
  }
}

function baseline(spec: object, name = 'default') {
  return {
    apiVersion: 'policy.networking.k8s.io/v1alpha1',
    kind: 'BaselineAdminNetworkPolicy',
    metadata: { name },
    spec: { subject: everyone, ...spec },
  }
}

describe('a v1alpha1 policy becomes a ClusterNetworkPolicy that the apiserver takes', () => {
  it('AdminNetworkPolicy: tier Admin, Allow becomes Accept, ports become protocols', () => {
    const { object, remark } = convertAdminNetworkPolicy(
      admin({
        subject: some,
        ingress: [
          {
            name: 'in',
            action: 'Allow',
            from: [everyone, some],
            ports: [
              { portNumber: { port: 80 } },
              { portNumber: { protocol: 'UDP', port: 53 } },
              { portRange: { start: 1, end: 9 } },
              { portRange: { protocol: 'SCTP', start: 7, end: 7 } },
              { namedPort: 'http' },
            ],
          },
          { action: 'Pass', from: [everyone] },
        ],
        egress: [{ action: 'Deny', to: [{ networks: ['10.0.0.0/8'] }, { nodes: {} }] }],
      }),
    )
    const spec = {
      tier: 'Admin',
      priority: 5,
      subject: some,
      ingress: [
        {
          name: 'in',
          action: 'Accept',
          from: [everyone, some],
          protocols: [
            { tcp: { destinationPort: { number: 80 } } },
            { udp: { destinationPort: { number: 53 } } },
            { tcp: { destinationPort: { range: { start: 1, end: 9 } } } },
            { sctp: { destinationPort: { number: 7 } } },
            { destinationNamedPort: 'http' },
          ],
        },
        { action: 'Pass', from: [everyone] },
      ],
      egress: [{ action: 'Deny', to: [{ networks: ['10.0.0.0/8'] }, { nodes: {} }] }],
    }
    expect(object).toMatchObject({ kind: 'ClusterNetworkPolicy', spec })
    expect(object.metadata.name).toBe('x.adminnetworkpolicy')
    expect(remark).toBe('is taken as ClusterNetworkPolicy x.adminnetworkpolicy (Admin tier, priority 5)')
    expect(startServer().client.create(clusternetworkpolicies, object as never)).toMatchObject({ spec })
  })

  it('BaselineAdminNetworkPolicy: tier Baseline, asked last', () => {
    const { object } = convertAdminNetworkPolicy(baseline({ ingress: [{ action: 'Allow', from: [some] }] }))
    expect(object).toMatchObject({
      metadata: { name: 'default.baselineadminnetworkpolicy' },
      spec: { tier: 'Baseline', priority: 1000, ingress: [{ action: 'Accept', from: [some] }] },
    })
    expect(startServer().client.create(clusternetworkpolicies, object as never)).toBeDefined()
  })

  it('two kinds of one name stay two', () => {
    const names = [admin({}, 'default'), baseline({})].map(
      (object) => convertAdminNetworkPolicy(object).object.metadata.name,
    )
    expect(new Set(names).size).toBe(2)
  })

  it('labels stay', () => {
    const object = { ...admin({}), metadata: { name: 'x', labels: { a: 'b' } } }
    expect(convertAdminNetworkPolicy(object).object.metadata).toMatchObject({ labels: { a: 'b' } })
  })
})

describe('what v1alpha2 cannot say is refused, with its place', () => {
  const rule = (more: object) => admin({ egress: [{ action: 'Allow', to: [everyone], ...more }] })
  const from = (peer: object) => admin({ ingress: [{ action: 'Deny', from: [everyone, peer] }] })
  const many = <T>(item: T): T[] => Array.from({ length: 26 }, () => item)
  it.each<[object, string, string]>([
    [
      admin({ ingress: many({ action: 'Deny', from: [everyone] }) }),
      'spec.ingress',
      '26 rules are more than',
    ],
    [rule({ to: many(everyone) }), 'spec.egress[0].to', '26 peers are more than'],
    [rule({ ports: many({ portNumber: { port: 1 } }) }), 'spec.egress[0].ports', '26 ports are more than'],
    [
      from({ namespaces: { sameLabels: ['tenant'] } }),
      'spec.ingress[0].from[1].namespaces.sameLabels',
      'cannot be converted',
    ],
    [
      from({ pods: { namespaces: { notSameLabels: ['a'] }, podSelector: {} } }),
      'spec.ingress[0].from[1].pods.namespaces',
      'cannot be converted',
    ],
    [from({ networks: ['10.0.0.0/8'] }), 'spec.ingress[0].from[1].networks', 'cannot be converted'],
    [rule({ protocols: [] }), 'spec.egress[0].protocols', 'cannot be converted'],
    [rule({ action: 'Accept' }), 'spec.egress[0].action', 'v1alpha1 knows no Accept'],
    [
      rule({ ports: [{ portNumber: { protocol: 'ICMP', port: 1 } }] }),
      'spec.egress[0].ports[0].portNumber.protocol',
      'expected TCP, UDP or SCTP, not "ICMP"',
    ],
    [rule({ ports: [{ portNumber: {} }] }), 'spec.egress[0].ports[0].portNumber.port', 'is required'],
    [
      rule({ ports: [{ namedPort: 'a', portNumber: { port: 1 } }] }),
      'spec.egress[0].ports[0]',
      'takes only one of',
    ],
    [rule({ to: 'all' }), 'spec.egress[0].to', 'expected a list'],
    [baseline({ priority: 3 }), 'spec.priority', 'cannot be converted'],
    [baseline({}, 'other'), 'metadata.name', 'the only BaselineAdminNetworkPolicy is named default'],
    [baseline({ egress: [{ action: 'Pass', to: [everyone] }] }), 'spec.egress[0].action', 'has no Pass'],
    [
      baseline({ egress: [{ action: 'Allow', to: [{ domainNames: ['a.b'] }] }] }),
      'spec.egress[0].to[0].domainNames',
      'cannot be converted',
    ],
    [{ ...admin({}), metadata: { generateName: 'x-' } }, 'metadata.name', 'is required'],
    [{ ...admin({}), spec: undefined }, 'spec', 'is required'],
  ])('%#: %j at %s: %s', (object, field, message) => {
    const convert = () => convertAdminNetworkPolicy(object as never)
    expect(convert).toThrow(message)
    expect(convert).toThrow(Problem)
    expect(convert).toThrow(expect.objectContaining({ place: { field } }))
  })
})

it.each([
  ['spec.egress[0].protocols[1].tcp.destinationPort.number', 'spec.egress[0].ports[1].portNumber.port'],
  ['spec.egress[0].protocols[1].udp.destinationPort.range.start', 'spec.egress[0].ports[1].portRange.start'],
  ['spec.egress[0].protocols[1].sctp.destinationPort.range', 'spec.egress[0].ports[1].portRange'],
  ['spec.egress[0].protocols[1].destinationNamedPort', 'spec.egress[0].ports[1].namedPort'],
  ['spec.egress[0].protocols[1]', 'spec.egress[0].ports[1]'],
  ['spec.egress[0].protocols', 'spec.egress[0].ports'],
  ['spec.subject.pods.podSelector', 'spec.subject.pods.podSelector'],
])('%s was written as %s', (field, written) => expect(fieldBeforeConversion(field)).toBe(written))
