/**
 * What is most often got wrong about NetworkPolicy, by its number in the list of such mistakes: each case is a policy
 * or two, a question, and whether that connection is allowed.
 */
import { describe, expect, it } from 'vitest'
import type { NetworkPolicyPeer, NetworkPolicySpec } from '../../../../src/apiserver/types/index.ts'
import { networkpolicies } from '../../../../src/apiserver/index.ts'
import type { PolicyObject, PolicyOptions } from '../../../../src/policy/evaluate/index.ts'
import { startServer } from '../../../support/apiserver.ts'
import { allowed, evaluatorOf, question, verdictOf } from '../../../support/policy/ask.ts'
import { namespace, networkPolicy, node, pod } from '../../../support/policy/objects.ts'

const world: readonly PolicyObject[] = [
  namespace('x', { team: 'red' }),
  namespace('y', { team: 'blue' }),
  namespace('z'),
  node('n1', ['192.168.0.1', 'fd00::1'], { role: 'worker' }),
  node('n2', ['192.168.0.2', 'fd00::2']),
  pod('x/a', {
    labels: { pod: 'a' },
    ips: ['10.0.0.1', 'fd00:a::1'],
    node: 'n1',
    ports: ['http=8080', 'dns=53/UDP'],
  }),
  pod('x/b', { labels: { pod: 'b' }, ips: ['10.0.0.2'], node: 'n2', ports: ['http=80'] }),
  pod('y/a', { labels: { pod: 'a' }, ips: ['10.0.1.1', 'fd00:b::1'], node: 'n2', ports: ['http=80/UDP'] }),
  pod('y/b', { labels: { pod: 'b' }, ips: ['10.0.1.2'], node: 'n1' }),
  pod('z/bare', { ips: ['10.0.2.1'], node: 'n1' }),
]

type Case = readonly [what: string, spec: NetworkPolicySpec, question: string, allowed: boolean]

/** One policy `x/p` in the world above. Its subject is `x/a` unless the case says otherwise. */
function line(title: string, cases: readonly Case[]): void {
  describe(title, () => {
    it.each(cases)('%s', (_, spec, question, expected) => {
      const policy = networkPolicy('x/p', { podSelector: { matchLabels: { pod: 'a' } }, ...spec })
      const { allowed, reason } = verdictOf([...world, policy], question)
      expect([allowed, reason]).toEqual([expected, reason])
    })
  })
}

const from = (...peers: NetworkPolicyPeer[]): NetworkPolicySpec => ({ ingress: [{ from: peers }] })
const to = (...peers: NetworkPolicyPeer[]): NetworkPolicySpec => ({
  policyTypes: ['Egress'],
  egress: [{ to: peers }],
})
const labelled = (key: string, value: string) => ({ matchLabels: { [key]: value } })

describe('defaults and validation', () => {
  line('1. without types: Ingress, and Egress only if there is an egress rule', [
    ['ingress is isolated', {}, 'y/a -> x/a tcp 80', false],
    ['egress is not', {}, 'x/a -> y/a tcp 80', true],
    ['an empty list of egress rules does not isolate', { egress: [] }, 'x/a -> y/a tcp 80', true],
    ['an egress rule isolates', { egress: [{ ports: [{ port: 53 }] }] }, 'x/a -> y/a tcp 80', false],
    ['an egress rule isolates ingress too', { egress: [{}] }, 'y/a -> x/a tcp 80', false],
    ['an empty list of types is as none', { policyTypes: [] }, 'y/a -> x/a tcp 80', false],
    [
      'rules of a type that is not listed are inert',
      { policyTypes: ['Ingress'], ingress: [{}], egress: [] },
      'x/a -> y/a tcp 80',
      true,
    ],
    [
      'and do not allow',
      { policyTypes: ['Egress'], ingress: [{ from: [{ podSelector: {} }] }] },
      'y/a -> x/a tcp 80',
      true,
    ],
  ])

  line('2. a listed direction without rules isolates and allows nothing; an empty rule allows all', [
    ['missing', { policyTypes: ['Ingress'] }, 'y/a -> x/a tcp 80', false],
    ['empty list', { policyTypes: ['Ingress'], ingress: [] }, 'y/a -> x/a tcp 80', false],
    ['empty rule', { policyTypes: ['Ingress'], ingress: [{}] }, 'y/a -> x/a tcp 80', true],
    ['egress, missing', { policyTypes: ['Egress'] }, 'x/a -> y/a tcp 80', false],
    ['egress, empty list', { policyTypes: ['Egress'], egress: [] }, 'x/a -> y/a tcp 80', false],
    ['egress, empty rule', { policyTypes: ['Egress'], egress: [{}] }, 'x/a -> y/a tcp 80', true],
  ])

  line('3. no peers, or an empty list of them, mean anybody; no ports any port of any protocol', [
    ['from missing: external', { ingress: [{ ports: [{ port: 80 }] }] }, '8.8.8.8 -> x/a tcp 80', true],
    ['from empty: external', { ingress: [{ from: [] }] }, '8.8.8.8 -> x/a tcp 80', true],
    ['to empty: external', { egress: [{ to: [] }] }, 'x/a -> 8.8.8.8 tcp 80', true],
    ['ports missing: SCTP', from({ podSelector: {} }), 'x/b -> x/a sctp 9', true],
    ['ports missing: ICMP', from({ podSelector: {} }), 'x/b -> x/a icmp', true],
    ['ports missing: another protocol', from({ podSelector: {} }), 'x/b -> x/a other', true],
    ['ports empty', { ingress: [{ ports: [] }] }, 'y/a -> x/a udp 1', true],
  ])

  line('4. the protocol is TCP unless given; without a port all ports of it', [
    ['port alone: TCP', { ingress: [{ ports: [{ port: 80 }] }] }, 'y/a -> x/a tcp 80', true],
    ['port alone: not UDP', { ingress: [{ ports: [{ port: 80 }] }] }, 'y/a -> x/a udp 80', false],
    ['protocol alone', { ingress: [{ ports: [{ protocol: 'UDP' }] }] }, 'y/a -> x/a udp 65535', true],
    ['protocol alone: no other', { ingress: [{ ports: [{ protocol: 'UDP' }] }] }, 'y/a -> x/a tcp 80', false],
    ['an empty entry: all of TCP', { ingress: [{ ports: [{}] }] }, 'y/a -> x/a tcp 1', true],
    ['an empty entry: no UDP', { ingress: [{ ports: [{}] }] }, 'y/a -> x/a udp 1', false],
    ['an empty entry: no ICMP', { ingress: [{ ports: [{}] }] }, 'y/a -> x/a icmp', false],
  ])

  const range = (port: number, endPort: number): NetworkPolicySpec => ({
    ingress: [{ ports: [{ port, endPort }] }],
  })
  line('5. endPort is inclusive and may equal port', [
    ['first', range(80, 90), 'y/a -> x/a tcp 80', true],
    ['last', range(80, 90), 'y/a -> x/a tcp 90', true],
    ['below', range(80, 90), 'y/a -> x/a tcp 79', false],
    ['above', range(80, 90), 'y/a -> x/a tcp 91', false],
    ['equal', range(80, 80), 'y/a -> x/a tcp 80', true],
    ['all', range(1, 65535), 'y/a -> x/a tcp 65535', true],
  ])

  const create = (spec: object) =>
    startServer().client.create(networkpolicies, {
      metadata: { name: 'p', namespace: 'default' },
      spec,
    } as never)
  const ports = (entry: object) => ({ ingress: [{ ports: [entry] }] })
  const peer = (entry: object) => ({ ingress: [{ from: [entry] }] })

  it('5. endPort below port, without port or with a named one is refused, as port 0 is', () => {
    expect(() => create(ports({ port: 80, endPort: 79 }))).toThrow('spec.ingress[0].ports[0].endPort')
    expect(() => create(ports({ endPort: 79 }))).toThrow('spec.ingress[0].ports[0].port: Required value')
    expect(() => create(ports({ port: 'http', endPort: 79 }))).toThrow('spec.ingress[0].ports[0].endPort')
    expect(() => create(ports({ port: 0 }))).toThrow('spec.ingress[0].ports[0].port')
    expect(create(ports({ port: 80, endPort: 80 }))).toBeDefined()
  })

  it('6. a peer is an ipBlock or selectors, never both or none; protocols are TCP, UDP and SCTP', () => {
    expect(() => create(peer({}))).toThrow('spec.ingress[0].from[0]: Required value: must specify a peer')
    expect(() => create(peer({ ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }))).toThrow(
      'may not specify both ipBlock and another peer',
    )
    expect(() => create(ports({ protocol: 'ICMP' }))).toThrow('spec.ingress[0].ports[0].protocol')
    expect(create(peer({ podSelector: {}, namespaceSelector: {} }))).toBeDefined()
  })

  line('6. an empty peer, should one come so far, is no wildcard', [
    ['nobody', from({}), 'x/b -> x/a tcp 80', false],
    ['nor does it take away the others', from({}, { podSelector: {} }), 'x/b -> x/a tcp 80', true],
  ])

  it('7. an exception is a strict subset of its block', () => {
    const block = (except: string) => create(peer({ ipBlock: { cidr: '10.0.0.0/8', except: [except] } }))
    expect(() => block('10.0.0.0/8')).toThrow('must be a strict subset')
    expect(() => block('11.0.0.0/16')).toThrow('must be a strict subset')
    expect(block('10.0.0.0/9')).toBeDefined()
  })

  const hole = { ipBlock: { cidr: '8.0.0.0/8', except: ['8.8.0.0/16'] } }
  line('7. an exception takes away from its peer only, and never denies', [
    ['in the block', from(hole), '8.1.0.1 -> x/a tcp 80', true],
    ['in the exception', from(hole), '8.8.8.8 -> x/a tcp 80', false],
    ['another peer', from(hole, { ipBlock: { cidr: '8.8.8.0/24' } }), '8.8.8.8 -> x/a tcp 80', true],
    [
      'another rule',
      { ingress: [{ from: [hole] }, { from: [{ ipBlock: { cidr: '8.8.8.8/32' } }] }] },
      '8.8.8.8 -> x/a tcp 80',
      true,
    ],
  ])

  it('7. nor from another policy', () => {
    const policies = [
      networkPolicy('x/p', { podSelector: {}, ...from(hole) }),
      networkPolicy('x/q', { podSelector: {}, ...from({ ipBlock: { cidr: '0.0.0.0/0' } }) }),
    ]
    expect(allowed([...world, policies[0]!], '8.8.8.8 -> x/a tcp 80')).toBe(false)
    expect(allowed([...world, ...policies], '8.8.8.8 -> x/a tcp 80')).toBe(true)
  })
})

describe('selectors', () => {
  line('8. which namespace a selector looks in', [
    ['an empty subject: every pod', { podSelector: {} }, 'y/a -> x/b tcp 80', false],
    ['an absent subject: every pod', { podSelector: undefined as never }, 'y/a -> x/b tcp 80', false],
    ['pods alone: the policy’s namespace', from({ podSelector: {} }), 'x/b -> x/a tcp 80', true],
    ['pods alone: no other namespace', from({ podSelector: {} }), 'y/a -> x/a tcp 80', false],
    [
      'namespaces alone: every pod in them',
      from({ namespaceSelector: labelled('team', 'blue') }),
      'y/b -> x/a tcp 80',
      true,
    ],
    [
      'namespaces alone: not the policy’s',
      from({ namespaceSelector: labelled('team', 'blue') }),
      'x/b -> x/a tcp 80',
      false,
    ],
    ['all namespaces', from({ namespaceSelector: {} }), 'z/bare -> x/a tcp 80', true],
    [
      'both in one peer: both must hold',
      from({ namespaceSelector: labelled('team', 'blue'), podSelector: labelled('pod', 'b') }),
      'y/a -> x/a tcp 80',
      false,
    ],
    [
      'both in one peer: both hold',
      from({ namespaceSelector: labelled('team', 'blue'), podSelector: labelled('pod', 'b') }),
      'y/b -> x/a tcp 80',
      true,
    ],
    [
      'in two peers: one is enough',
      from({ namespaceSelector: labelled('team', 'blue') }, { podSelector: labelled('pod', 'b') }),
      'y/a -> x/a tcp 80',
      true,
    ],
    [
      'in two peers: the other one is enough, too',
      from({ namespaceSelector: labelled('team', 'blue') }, { podSelector: labelled('pod', 'b') }),
      'x/b -> x/a tcp 80',
      true,
    ],
    ['egress', to({ namespaceSelector: labelled('team', 'blue') }), 'x/a -> y/b tcp 80', true],
    ['egress, another', to({ namespaceSelector: labelled('team', 'blue') }), 'x/a -> x/b tcp 80', false],
  ])

  line('9. selectors never match what is outside of the cluster', [
    ['all namespaces', from({ namespaceSelector: {} }), '8.8.8.8 -> x/a tcp 80', false],
    [
      'all pods of all namespaces',
      from({ namespaceSelector: {}, podSelector: {} }),
      '8.8.8.8 -> x/a tcp 80',
      false,
    ],
    ['egress', to({ namespaceSelector: {} }), 'x/a -> 8.8.8.8 tcp 80', false],
    ['nor a node', from({ namespaceSelector: {} }), 'node:n2 -> x/a tcp 80', false],
  ])

  const pods = (operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist', values?: string[]): NetworkPolicySpec =>
    from({
      namespaceSelector: {},
      podSelector: { matchExpressions: [{ key: 'pod', operator, ...(values && { values }) }] },
    })
  line('10. NotIn and DoesNotExist match what lacks the label, In does not', [
    ['In', pods('In', ['a', 'b']), 'z/bare -> x/a tcp 80', false],
    ['In, a value', pods('In', ['a', 'b']), 'y/b -> x/a tcp 80', true],
    ['NotIn', pods('NotIn', ['a']), 'z/bare -> x/a tcp 80', true],
    ['NotIn, the value', pods('NotIn', ['a']), 'y/a -> x/a tcp 80', false],
    ['Exists', pods('Exists'), 'z/bare -> x/a tcp 80', false],
    ['DoesNotExist', pods('DoesNotExist'), 'z/bare -> x/a tcp 80', true],
    ['DoesNotExist, there', pods('DoesNotExist'), 'y/a -> x/a tcp 80', false],
    [
      'a namespace that lacks it',
      from({
        namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['red'] }] },
      }),
      'z/bare -> x/a tcp 80',
      true,
    ],
    [
      'all requirements hold together',
      from({
        podSelector: {
          matchLabels: { pod: 'b' },
          matchExpressions: [{ key: 'pod', operator: 'NotIn', values: ['b'] }],
        },
      }),
      'x/b -> x/a tcp 80',
      false,
    ],
  ])

  line('11. a policy selects pods of its own namespace only', [
    ['its own', { podSelector: {} }, 'y/a -> x/a tcp 80', false],
    ['another', { podSelector: {} }, 'x/a -> y/a tcp 80', true],
  ])

  line('12. every namespace carries its name as a label', [
    [
      'by name',
      from({ namespaceSelector: labelled('kubernetes.io/metadata.name', 'y') }),
      'y/a -> x/a tcp 80',
      true,
    ],
    [
      'another',
      from({ namespaceSelector: labelled('kubernetes.io/metadata.name', 'y') }),
      'z/bare -> x/a tcp 80',
      false,
    ],
  ])

  it('12. even one that is not among the objects', () => {
    const objects = [
      pod('ghost/a'),
      pod('x/a'),
      networkPolicy('x/p', {
        podSelector: {},
        ...from({ namespaceSelector: labelled('kubernetes.io/metadata.name', 'ghost') }),
      }),
    ]
    expect(allowed(objects, 'ghost/a -> x/a tcp 80')).toBe(true)
    expect(allowed([...objects, pod('other/a')], 'other/a -> x/a tcp 80')).toBe(false)
  })

  it('13. changed labels select anew at once', () => {
    const evaluator = evaluatorOf([
      ...world,
      networkPolicy('x/p', { podSelector: {}, ...from({ namespaceSelector: labelled('team', 'blue') }) }),
    ])
    const ask = () => evaluator.verdict(question('y/a -> x/a tcp 80')).allowed
    expect(ask()).toBe(true)
    evaluator.upsert(namespace('y', { team: 'green' }))
    expect(ask()).toBe(false)
    evaluator.upsert(namespace('y', { team: 'blue' }))
    expect(ask()).toBe(true)
    evaluator.upsert(networkPolicy('x/p', { podSelector: labelled('pod', 'a'), ingress: [] }))
    expect(ask()).toBe(false)
    evaluator.upsert(pod('x/a', { labels: { pod: 'other' }, ips: ['10.0.0.1'] }))
    expect(ask()).toBe(true)
  })
})

describe('combination', () => {
  const allowTcp = (port: number) => ({ ingress: [{ ports: [{ port }] }] })

  it('14. egress of the source and ingress of the destination, each on its own', () => {
    const egress = networkPolicy('x/out', { podSelector: {}, policyTypes: ['Egress'] })
    const ingress = networkPolicy('y/in', { podSelector: {}, policyTypes: ['Ingress'] })
    const asked = 'x/a -> y/a tcp 80'
    expect(allowed(world, asked)).toBe(true)
    for (const policies of [[egress], [ingress], [egress, ingress]])
      expect(allowed([...world, ...policies], asked)).toBe(false)
    const { egress: out, ingress: into } = verdictOf([...world, egress], asked)
    expect([out.allowed, into.allowed]).toEqual([false, true])
    // The direction that is not isolated is open.
    expect(allowed([...world, egress], 'y/a -> x/a tcp 80')).toBe(true)
  })

  it('14. what any policy, rule, or pair of peer and port allows is allowed, in any order', () => {
    const one = networkPolicy('x/one', { podSelector: {}, ...allowTcp(80) })
    const two = networkPolicy('x/two', { podSelector: {}, ...allowTcp(81) })
    for (const policies of [
      [one, two],
      [two, one],
    ])
      for (const port of [80, 81])
        expect(allowed([...world, ...policies], `y/a -> x/a tcp ${port}`)).toBe(true)
    expect(allowed([...world, one, two], 'y/a -> x/a tcp 82')).toBe(false)
  })

  line('14. peers and ports of one rule must both match; ports do not cross into another rule', [
    [
      'peer and port of one rule',
      { ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 80 }] }] },
      'x/b -> x/a tcp 80',
      true,
    ],
    [
      'peer without port',
      { ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 80 }] }] },
      'x/b -> x/a tcp 81',
      false,
    ],
    [
      'peer of one rule, port of another',
      {
        ingress: [
          { from: [{ podSelector: {} }], ports: [{ port: 80 }] },
          { from: [{ namespaceSelector: labelled('team', 'blue') }], ports: [{ port: 81 }] },
        ],
      },
      'x/b -> x/a tcp 81',
      false,
    ],
  ])

  it('15. the first policy that selects a pod isolates it; a rule more never closes', () => {
    const asked = 'y/a -> x/a tcp 80'
    const deny = networkPolicy('x/deny', { podSelector: {} })
    const open = networkPolicy('x/open', { podSelector: {}, ...allowTcp(80) })
    expect(allowed(world, asked)).toBe(true)
    expect(allowed([...world, deny], asked)).toBe(false)
    expect(allowed([...world, deny, open], asked)).toBe(true)
    expect(allowed([...world, open, deny], asked)).toBe(true)
  })
})

describe('ports', () => {
  const named = (port: string, protocol?: 'UDP') => ({ ports: [{ port, ...(protocol && { protocol }) }] })
  line('16. a named port is the destination’s, in both directions', [
    ['ingress: the subject’s', { ingress: [named('http')] }, 'x/b -> x/a tcp 8080', true],
    ['ingress: not the source’s', { ingress: [named('http')] }, 'x/b -> x/a tcp 80', false],
    ['egress: the peer’s', { egress: [named('http')] }, 'x/a -> x/b tcp 80', true],
    ['egress: not the subject’s', { egress: [named('http')] }, 'x/a -> x/b tcp 8080', false],
    ['the protocol must match', { egress: [named('http')] }, 'x/a -> y/a udp 80', false],
    ['and then does', { egress: [named('http', 'UDP')] }, 'x/a -> y/a udp 80', true],
    ['a name that is not there matches nothing', { egress: [named('http')] }, 'x/a -> y/b tcp 80', false],
    [
      'nor does it spoil other entries',
      { egress: [{ ports: [{ port: 'http' }, { port: 80 }] }] },
      'x/a -> y/b tcp 80',
      true,
    ],
    [
      'ingress, from an ipBlock',
      { ingress: [{ from: [{ ipBlock: { cidr: '8.0.0.0/8' } }], ...named('http') }] },
      '8.8.8.8 -> x/a tcp 8080',
      true,
    ],
    [
      'egress, to an address outside',
      { egress: [{ to: [{ ipBlock: { cidr: '8.0.0.0/8' } }], ...named('http') }] },
      'x/a -> 8.8.8.8 tcp 80',
      false,
    ],
  ])

  it('16. of all containers, sidecars too, and not of those that only prepare', () => {
    const container = (name: string, port: number, more = {}) => ({
      name,
      ports: [{ name: 'web', containerPort: port }],
      ...more,
    })
    const spec = {
      containers: [container('one', 1), container('two', 2)],
      initContainers: [container('sidecar', 3, { restartPolicy: 'Always' }), container('init', 4)],
    }
    const objects = [
      pod('x/client'),
      pod('x/server', { spec }),
      networkPolicy('x/p', { podSelector: {}, ingress: [{ ports: [{ port: 'web' }] }] }),
    ]
    const open = [1, 2, 3, 4].filter((port) => allowed(objects, `x/client -> x/server tcp ${port}`))
    expect(open).toEqual([1, 2, 3])
  })

  line('17. ports are the pod’s, after the translation of a Service', [
    ['the pod’s port', { ingress: [{ ports: [{ port: 8080 }] }] }, 'y/a -> x/a tcp 8080 via service', true],
    [
      'the Service’s port',
      { ingress: [{ ports: [{ port: 80 }] }] },
      'y/a -> x/a tcp 8080 via service',
      false,
    ],
  ])

  const sctp: NetworkPolicySpec = { ingress: [{ ports: [{ protocol: 'SCTP', port: 80 }] }] }
  line('18. a rule for SCTP isolates TCP and UDP as well, and is not one for TCP', [
    ['SCTP', sctp, 'y/a -> x/a sctp 80', true],
    ['TCP', sctp, 'y/a -> x/a tcp 80', false],
    ['UDP', sctp, 'y/a -> x/a udp 80', false],
  ])
})

describe('addresses, services, nodes', () => {
  const block = (cidr: string): NetworkPolicyPeer => ({ ipBlock: { cidr } })
  line('19. an ipBlock matches the addresses of pods, too', [
    ['ingress', from(block('10.0.1.0/24')), 'y/a -> x/a tcp 80', true],
    ['egress', to(block('10.0.1.1/32')), 'x/a -> y/a tcp 80', true],
    ['another pod', to(block('10.0.1.1/32')), 'x/a -> y/b tcp 80', false],
    ['of the family of the packets', from(block('fd00:b::/64')), 'y/a -> x/a tcp 80 over ipv6', true],
    ['and of no other', from(block('fd00:b::/64')), 'y/a -> x/a tcp 80 over ipv4', false],
    ['an IPv4 block does not let IPv6 in', from(block('0.0.0.0/0')), 'y/a -> x/a tcp 80 over ipv6', false],
  ])

  line('20. a connection through a Service is one from the pod to the backend that was chosen', [
    ['by its labels', to({ podSelector: labelled('pod', 'b') }), 'x/a -> x/b tcp 80 via service', true],
    [
      'the source stays who it is',
      from({ podSelector: labelled('pod', 'b') }),
      'x/b -> x/a tcp 80 via service',
      true,
    ],
    [
      'masqueraded, it is the node',
      from({ podSelector: labelled('pod', 'b') }),
      'node:n2 -> x/a tcp 80',
      false,
    ],
  ])

  const deny: NetworkPolicySpec = { policyTypes: ['Ingress', 'Egress'] }
  line('21. a pod and its own node are always open to each other', [
    ['from the node', deny, 'node:n1 -> x/a tcp 80', true],
    ['to the node', deny, 'x/a -> node:n1 tcp 80', true],
    ['from an address of it', deny, '192.168.0.1 -> x/a tcp 80', true],
    ['from its other address', deny, 'fd00::1 -> x/a tcp 80', true],
    ['from another node', deny, 'node:n2 -> x/a tcp 80', false],
    ['to another node', deny, 'x/a -> node:n2 tcp 80', false],
    ['another node is an address', from(block('192.168.0.2/32')), 'node:n2 -> x/a tcp 80', true],
    ['from a pod on the own node', deny, 'y/b -> x/a tcp 80', false],
  ])

  const host = (name: string, on: string, ip: string) =>
    pod(`x/${name}`, { labels: { pod: 'host' }, ips: [ip], node: on, hostNetwork: true })
  const hosts = [host('near', 'n1', '192.168.0.1'), host('far', 'n2', '192.168.0.2')]
  it.each<readonly [string, NetworkPolicySpec, string, boolean]>([
    ['is not selected', { podSelector: {} }, 'y/a -> x/far tcp 80', true],
    ['nor for egress', { podSelector: {}, policyTypes: ['Egress'] }, 'x/far -> y/a tcp 80', true],
    [
      'is no peer by its labels',
      from({ podSelector: labelled('pod', 'host') }),
      'x/far -> x/a tcp 80',
      false,
    ],
    ['nor by its namespace', from({ namespaceSelector: {} }), 'x/far -> x/a tcp 80', false],
    ['is a peer by its node’s address', from(block('192.168.0.2/32')), 'x/far -> x/a tcp 80', true],
    ['is its node, on which some pods run', { podSelector: {} }, 'x/near -> x/a tcp 80', true],
    ['and others do not', { podSelector: {} }, 'x/far -> x/a tcp 80', false],
  ])('22. a host-network pod %s', (_, spec, asked, expected) => {
    const policy = networkPolicy('x/p', { podSelector: labelled('pod', 'a'), ...spec })
    expect(allowed([...world, ...hosts, policy], asked)).toBe(expected)
  })

  line('23. a pod cannot be cut off from its own address; through a Service it can', [
    ['by its address', deny, 'x/a -> x/a tcp 80', true],
    ['by the text of its address', deny, 'x/a -> 10.0.0.1 tcp 80', true],
    ['by its loopback', deny, 'x/a -> 127.0.0.53 udp 53', true],
    ['by its loopback, IPv6', deny, 'x/a -> ::1 tcp 80', true],
    ['through a Service', deny, 'x/a -> x/a tcp 80 via service', false],
    [
      'through a Service, allowed in both directions',
      { ingress: [{ from: [{ podSelector: {} }] }], egress: [{ to: [{ podSelector: {} }] }] },
      'x/a -> x/a tcp 80 via service',
      true,
    ],
  ])

  it('24. a finished pod is nobody, and its address may be another’s', () => {
    const finished = pod('x/job', {
      labels: { pod: 'job' },
      ips: ['10.0.3.1'],
      node: 'n1',
      phase: 'Succeeded',
    })
    const policy = networkPolicy('x/p', {
      podSelector: labelled('pod', 'a'),
      ...from({ podSelector: labelled('pod', 'job') }),
    })
    const asked = '10.0.3.1 -> x/a tcp 80'
    expect(allowed([...world, policy, finished], asked)).toBe(false)
    expect(
      allowed([...world, policy, { ...finished, status: { ...finished.status, phase: 'Running' } }], asked),
    ).toBe(true)
    const heir = pod('y/heir', { labels: { pod: 'job' }, ips: ['10.0.3.1'] })
    const toJob = networkPolicy('x/p', {
      podSelector: labelled('pod', 'a'),
      ...to({ podSelector: labelled('pod', 'job') }),
    })
    const toHeir = networkPolicy('x/p', {
      podSelector: labelled('pod', 'a'),
      ...to({ namespaceSelector: labelled('team', 'blue') }),
    })
    expect(allowed([...world, toJob, finished, heir], 'x/a -> 10.0.3.1 tcp 80')).toBe(false)
    expect(allowed([...world, toHeir, finished, heir], 'x/a -> 10.0.3.1 tcp 80')).toBe(true)
    // It is not isolated either.
    expect(
      allowed([...world, networkPolicy('x/all', { podSelector: {} }), finished], 'y/a -> x/job tcp 80'),
    ).toBe(true)
  })

  it('24. a pod that terminates still counts', () => {
    const leaving = pod('x/b', { labels: { pod: 'b' }, ips: ['10.0.0.2'] })
    const metadata = { ...leaving.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' }
    const policy = networkPolicy('x/p', { podSelector: {}, ...from({ podSelector: labelled('pod', 'b') }) })
    expect(allowed([...world, policy, { ...leaving, metadata }], 'x/b -> x/a tcp 80')).toBe(true)
    expect(allowed([...world, policy, { ...leaving, metadata }], 'y/a -> x/b tcp 80')).toBe(false)
  })
})

describe('state and protocols', () => {
  it('25. who may connect is asked, not who may answer', () => {
    const policy = networkPolicy('x/p', { podSelector: labelled('pod', 'a'), policyTypes: ['Egress'] })
    expect(allowed([...world, policy], 'y/a -> x/a tcp 80')).toBe(true)
    expect(allowed([...world, policy], 'x/a -> y/a tcp 80')).toBe(false)
  })

  it('26. the answer is about a new connection under the policies of now', () => {
    const evaluator = evaluatorOf(world)
    const ask = () => evaluator.verdict(question('y/a -> x/a tcp 80')).allowed
    expect(ask()).toBe(true)
    evaluator.upsert(networkPolicy('x/p', { podSelector: {} }))
    expect(ask()).toBe(false)
    evaluator.remove('NetworkPolicy', 'x', 'p')
    expect(ask()).toBe(true)
  })

  line('27. ports do not say ICMP', [
    ['a rule with ports', { ingress: [{ ports: [{ port: 80 }] }] }, 'y/a -> x/a icmp', false],
    [
      'with all ports of all protocols',
      { ingress: [{ ports: [{}, { protocol: 'UDP' }, { protocol: 'SCTP' }] }] },
      'y/a -> x/a icmp',
      false,
    ],
    ['a rule without', { ingress: [{}] }, 'y/a -> x/a icmp', true],
    ['no rule that matches', from({ podSelector: {} }), 'y/a -> x/a icmp', false],
  ])

  line('28. other protocols are as ICMP', [
    ['a rule with ports', { ingress: [{ ports: [{}] }] }, 'y/a -> x/a other', false],
    ['a rule without', { ingress: [{}] }, 'y/a -> x/a other', true],
    ['isolated', {}, 'y/a -> x/a other', false],
  ])

  it('29. a pod without an address is isolated already', () => {
    const starting = pod('x/new', { labels: { pod: 'a' } })
    const policy = networkPolicy('x/p', { podSelector: labelled('pod', 'a'), ...from({ podSelector: {} }) })
    expect(allowed([...world, starting, policy], 'y/a -> x/new tcp 80')).toBe(false)
    expect(allowed([...world, starting, policy], 'x/b -> x/new tcp 80')).toBe(true)
  })

  it('30. denied is denied: no kind of refusal is promised', () => {
    const { allowed, reason } = verdictOf(
      [...world, networkPolicy('x/p', { podSelector: {} })],
      'y/a -> x/a tcp 80',
    )
    expect({ allowed, reason }).toEqual({
      allowed: false,
      reason:
        'y/a to x/a tcp 80 denied: ingress: x/a is isolated for ingress by NetworkPolicy x/p, and no rule allows this',
    })
  })
})

describe('the reason', () => {
  const policies = [
    networkPolicy('x/q', {
      podSelector: {},
      ingress: [{ ports: [{ port: 81 }] }, { ports: [{ port: 80 }] }],
    }),
    networkPolicy('x/p', { podSelector: {} }),
  ]

  it('names the rule that allows and everybody who isolates', () => {
    const { ingress, egress, reason } = verdictOf([...world, ...policies], 'y/a -> x/a tcp 80')
    expect(ingress.steps.map(({ tier, outcome }) => `${tier} ${outcome}`)).toEqual([
      'Admin No-Op',
      'NetworkPolicy Allow',
    ])
    expect(ingress.steps.at(-1)).toMatchObject({
      rule: { kind: 'NetworkPolicy', policy: 'x/q', direction: 'ingress', index: 1 },
      selecting: ['x/p', 'x/q'],
    })
    expect(egress.steps.map(({ tier, outcome }) => `${tier} ${outcome}`)).toEqual([
      'Admin No-Op',
      'NetworkPolicy No-Op',
      'Baseline No-Op',
      'Default Allow',
    ])
    expect(reason).toBe(
      'y/a to x/a tcp 80 allowed: egress: nothing decided: allowed by default; ingress: NetworkPolicy x/q: ingress[1] allows',
    )
  })

  it('names who isolates where nothing allows', () => {
    const { ingress } = verdictOf([...world, ...policies], 'y/a -> x/a udp 80')
    expect(ingress.steps.at(-1)).toMatchObject({ outcome: 'Deny', selecting: ['x/p', 'x/q'] })
    expect(ingress.steps.at(-1)).not.toHaveProperty('rule')
  })

  it('says that no policy applies', () => {
    const { egress } = verdictOf(world, '8.8.8.8 -> x/a tcp 80')
    expect(egress.steps).toEqual([
      { tier: 'Exempt', outcome: 'Allow', reason: '8.8.8.8 is no pod: only pods are policed' },
    ])
  })
})

describe('a question that has no answer', () => {
  it.each<[string, string, Partial<PolicyOptions>]>([
    ['x/none -> x/a tcp 80', 'there is no pod x/none', {}],
    ['x/a -> node:none tcp 80', 'there is no node none', {}],
    ['x/a -> 10.0.0.300 tcp 80', 'not an address: "10.0.0.300"', {}],
    ['x/a -> x/b tcp', 'a tcp connection needs a port from 1 to 65535', {}],
    ['x/a -> x/b udp 0', 'a udp connection needs a port from 1 to 65535, not 0', {}],
    ['x/a -> x/b sctp 65536', 'a sctp connection needs a port from 1 to 65535, not 65536', {}],
  ])('%s: %s', (text, message, options) => {
    expect(() => verdictOf(world, text, options)).toThrow(message)
  })
})
