import { describe, expect, it } from 'vitest'
import { clusternetworkpolicies, type KubeObject } from '../../../src/apiserver/index.ts'
import { startServer } from '../../support/apiserver.ts'

const everyone = { namespaces: {} }
const deny = { action: 'Deny', from: [everyone] }

function create(spec: object | undefined): { object: KubeObject; warnings: string[] } {
  const { client, warnings } = startServer()
  const object = client.create(clusternetworkpolicies, { metadata: { name: 'x' }, spec } as never)
  return { object, warnings }
}

const valid = { tier: 'Admin', priority: 0, subject: everyone }
const many = <T>(count: number, item: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => item(i))

describe('a ClusterNetworkPolicy', () => {
  it('that uses every field is stored as it is', () => {
    const spec = {
      tier: 'Baseline',
      priority: 1000,
      subject: { pods: { namespaceSelector: {}, podSelector: { matchLabels: { a: 'b' } } } },
      ingress: [
        {
          name: 'first',
          action: 'Accept',
          from: [{ namespaces: { matchExpressions: [{ key: 'a', operator: 'Exists' }] } }],
          protocols: [
            { tcp: { destinationPort: { number: 80 } } },
            { udp: { destinationPort: { range: { start: 1, end: 65535 } } } },
            { sctp: { destinationPort: { number: 65535 } } },
            { destinationNamedPort: 'http' },
          ],
        },
      ],
      egress: [
        { action: 'Pass', to: [{ networks: ['10.0.0.0/8', '2001:db8::/64'] }, { nodes: {} }] },
        { action: 'Deny', to: [everyone] },
      ],
    }
    const { object, warnings } = create(spec)
    expect(object).toMatchObject({ spec, metadata: { generation: 1 } })
    expect(warnings).toEqual([])
  })

  it('means all namespaces where a peer gives only pods', () => {
    const { object } = create({ ...valid, subject: { pods: { podSelector: {} } } })
    expect(object).toHaveProperty('spec.subject.pods.namespaceSelector', {})
  })

  it('takes tcp without ports as all of them, with a warning', () => {
    const { warnings } = create({ ...valid, ingress: [{ ...deny, protocols: [{ tcp: {} }] }] })
    expect(warnings).toEqual([
      expect.stringContaining(
        'spec.ingress[0].protocols[0].tcp: without a destinationPort it means all ports',
      ),
    ])
  })

  const rule = (more: object) => ({ ...valid, ingress: [{ ...deny, ...more }] })
  const protocol = (protocol: object) => rule({ protocols: [protocol] })
  const egress = (more: object) => ({ ...valid, egress: [{ action: 'Accept', to: [everyone], ...more }] })
  const to = (peer: object) => egress({ to: [peer] })
  it.each<[object | undefined, string]>([
    [undefined, 'spec: Required value'],
    [{ ...valid, tier: undefined }, 'spec.tier: Required value'],
    [
      { ...valid, tier: 'admin' },
      'spec.tier: Unsupported value: "admin": supported values: "Admin", "Baseline"',
    ],
    [{ ...valid, priority: undefined }, 'spec.priority: Required value'],
    [{ ...valid, priority: -1 }, 'spec.priority: Invalid value: -1: should be greater than or equal to 0'],
    [
      { ...valid, priority: 1001 },
      'spec.priority: Invalid value: 1001: should be less than or equal to 1000',
    ],
    [{ ...valid, subject: undefined }, 'spec.subject: Required value'],
    [{ ...valid, subject: {} }, 'spec.subject: Invalid value: 0: should have at least 1 properties'],
    [
      { ...valid, subject: { namespaces: {}, pods: { podSelector: {} } } },
      'spec.subject: Too many: 2: must have at most 1 items',
    ],
    [
      { ...valid, subject: { pods: { namespaceSelector: {} } } },
      'spec.subject.pods.podSelector: Required value',
    ],
    [
      { ...valid, subject: { namespaces: { matchExpressions: [{ key: 'a', operator: 'In' }] } } },
      'spec.subject.namespaces.matchExpressions[0].values: Required value',
    ],
    [{ ...valid, ingress: many(26, () => deny) }, 'spec.ingress: Too many: 26: must have at most 25 items'],
    [
      { ...valid, egress: many(26, () => ({ action: 'Deny', to: [everyone] })) },
      'spec.egress: Too many: 26: must have at most 25 items',
    ],
    [rule({ name: 'x'.repeat(101) }), 'spec.ingress[0].name: Too long: may not be more than 100 bytes'],
    [rule({ action: 'Allow' }), 'spec.ingress[0].action: Unsupported value: "Allow"'],
    [rule({ from: undefined }), 'spec.ingress[0].from: Required value'],
    [rule({ from: [] }), 'spec.ingress[0].from: Invalid value: 0: should have at least 1 items'],
    [rule({ from: many(26, () => everyone) }), 'spec.ingress[0].from: Too many: 26'],
    [
      rule({ from: [everyone, {}] }),
      'spec.ingress[0].from[1]: Invalid value: 0: should have at least 1 properties',
    ],
    [rule({ protocols: [] }), 'spec.ingress[0].protocols: Invalid value: 0: should have at least 1 items'],
    [protocol({}), 'spec.ingress[0].protocols[0]: Invalid value: 0: should have at least 1 properties'],
    [protocol({ tcp: {}, udp: {} }), 'spec.ingress[0].protocols[0]: Too many: 2'],
    [
      protocol({ tcp: { destinationPort: {} } }),
      'spec.ingress[0].protocols[0].tcp.destinationPort: Invalid value: 0: should have at least 1 properties',
    ],
    [
      protocol({ tcp: { destinationPort: { number: 1, range: { start: 1, end: 2 } } } }),
      'spec.ingress[0].protocols[0].tcp.destinationPort: Too many: 2',
    ],
    [
      protocol({ sctp: { destinationPort: { number: 0 } } }),
      'spec.ingress[0].protocols[0].sctp.destinationPort.number: Invalid value: 0',
    ],
    [
      protocol({ udp: { destinationPort: { range: { start: 80, end: 80 } } } }),
      'spec.ingress[0].protocols[0].udp.destinationPort.range: Invalid value: {"start":80,"end":80}: Start port must be less than End port',
    ],
    [
      protocol({ udp: { destinationPort: { range: { start: 80 } } } }),
      'spec.ingress[0].protocols[0].udp.destinationPort.range.end: Required value',
    ],
    [to({ networks: [] }), 'spec.egress[0].to[0].networks: Invalid value: 0: should have at least 1 items'],
    [
      to({ networks: many(26, (index) => `10.0.${index}.0/24`) }),
      'spec.egress[0].to[0].networks: Too many: 26: must have at most 25 items',
    ],
    [
      to({ networks: ['10.0.0.0/8', '10.0.0.1'] }),
      'spec.egress[0].to[0].networks[1]: Invalid value: "10.0.0.1": Invalid CIDR format provided',
    ],
    [
      to({ networks: ['10.0.0.0/8', '10.0.0.0/8'] }),
      'spec.egress[0].to[0].networks[1]: Duplicate value: "10.0.0.0/8"',
    ],
    [
      to({ domainNames: ['example.com'] }),
      'spec.egress[0].to[0].domainNames: Forbidden: cannot be evaluated: no domain name is resolved here',
    ],
    [
      egress({ to: [everyone, { nodes: {} }], protocols: [{ destinationNamedPort: 'http' }] }),
      'spec.egress[0]: Invalid value: "object": networks/nodes/domainNames peer cannot be set with namedPorts',
    ],
  ])('%#: %j is refused: %s', (spec, message) => {
    expect(() => create(spec)).toThrow(message)
  })
})
