/**
 * What the conformance suite of ClusterNetworkPolicy (network-policy-api: conformance/tests) expects, as facts: two pods
 * in each of the namespaces g, s, h and r; policies about g, and what may connect afterwards.
 */
import { describe, expect, it } from 'vitest'
import type {
  ClusterNetworkPolicyAction,
  ClusterNetworkPolicyEgressPeer,
  ClusterNetworkPolicyPodPeer,
  ClusterNetworkPolicyProtocol,
  ClusterNetworkPolicySpec,
} from '../../../../src/apiserver/types/index.ts'
import type { PolicyObject } from '../../../../src/policy/evaluate/index.ts'
import { allowed } from '../../../support/policy/ask.ts'
import { clusterPolicy, namespace, networkPolicy, node, pod } from '../../../support/policy/objects.ts'

const HOUSES = ['g', 's', 'h', 'r']
const world: readonly PolicyObject[] = [
  node('n0', ['192.168.0.1'], { 'kubernetes.io/os': 'linux' }),
  node('n1', ['192.168.0.2'], { 'kubernetes.io/os': 'linux' }),
  ...HOUSES.map((house) => namespace(house, { house })),
  ...HOUSES.flatMap((house, index) =>
    [0, 1].map((ordinal) =>
      pod(`${house}/${ordinal}`, {
        labels: { house },
        ips: [`10.0.${index}.${ordinal + 1}`],
        node: `n${ordinal}`,
        ports: ['web=80', 'dns=53/UDP'],
      }),
    ),
  ),
  pod('f/host', { ips: ['192.168.0.2'], node: 'n1', hostNetwork: true }),
]

const house = (name: string): ClusterNetworkPolicyPodPeer => ({
  namespaces: { matchLabels: { house: name } },
})
const podsOf = (name: string): ClusterNetworkPolicyPodPeer => ({
  pods: {
    namespaceSelector: { matchLabels: { house: name } },
    podSelector: { matchLabels: { house: name } },
  },
})
const protocol = (text: string): ClusterNetworkPolicyProtocol => {
  const [name, number] = text.split(' ')
  return { [name!]: { destinationPort: { number: Number(number) } } }
}

type Rule = { action: ClusterNetworkPolicyAction; peer: ClusterNetworkPolicyEgressPeer; ports?: string[] }
const rule = (
  action: ClusterNetworkPolicyAction,
  peer: ClusterNetworkPolicyEgressPeer,
  ports?: string[],
): Rule => ({
  action,
  peer,
  ...(ports && { ports }),
})
const written = ({ action, ports }: Rule) => ({ action, ...(ports && { protocols: ports.map(protocol) }) })
const into = (...rules: Rule[]): Pick<ClusterNetworkPolicySpec, 'ingress'> => ({
  ingress: rules.map((one) => ({ ...written(one), from: [one.peer] })),
})
const outOf = (...rules: Rule[]): Pick<ClusterNetworkPolicySpec, 'egress'> => ({
  egress: rules.map((one) => ({ ...written(one), to: [one.peer] })),
})

/** Questions that are allowed, and questions that are not. */
function facts(objects: readonly PolicyObject[], expected: { open?: string[]; shut?: string[] }): void {
  const { open = [], shut = [] } = expected
  const all = [...world, ...objects]
  expect(open.filter((text) => !allowed(all, text))).toEqual([])
  expect(shut.filter((text) => allowed(all, text))).toEqual([])
}

const ask = (from: string, to: string, ...connections: string[]): string[] =>
  connections.map((connection) => `${from} -> ${to} ${connection}`)

describe.each(['Admin', 'Baseline'] as const)('rules of both directions in one policy, %s tier', (tier) => {
  const blocked = ['tcp 80', 'udp 53', 'sctp 9003']
  type Actions = readonly ClusterNetworkPolicyAction[]
  /** First what is done with r, then with s on the blocked ports; h is open on some ports and shut on the rest. */
  const policy = (r: Actions, s: Actions): PolicyObject => {
    const rules = (...open: string[]): Rule[] => [
      ...r.map((action) => rule(action, house('r'))),
      ...s.map((action) => rule(action, house('s'), blocked)),
      rule('Accept', house('h'), open),
      rule('Deny', house('h')),
    ]
    return clusterPolicy('both', {
      tier,
      priority: 15,
      subject: house('g'),
      ...outOf(...rules('tcp 8080', 'udp 5353', 'sctp 9003')),
      ...into(...rules('tcp 80', 'udp 5353', 'sctp 9003')),
    })
  }
  const r = [...ask('g/0', 'r/0', ...blocked), ...ask('r/1', 'g/0', ...blocked)]
  const s = [...ask('g/0', 's/0', ...blocked), ...ask('s/0', 'g/0', ...blocked)]
  const elsewhere = ['tcp 8080', 'udp 5353', 'sctp 9005']

  it('the first rule decides: Accept before Deny and Pass', () => {
    facts([policy(['Accept', 'Deny', 'Pass'], ['Deny', 'Pass'])], { open: r })
  })

  it('Deny before Accept', () => {
    facts([policy(['Deny', 'Accept', 'Pass'], ['Deny', 'Pass'])], { shut: r })
  })

  it('Pass before both: nothing else decides, so it is open', () => {
    facts([policy(['Pass', 'Deny', 'Accept'], ['Deny', 'Pass'])], { open: r })
  })

  it('ports that are accepted, and the rest denied', () => {
    facts([policy(['Accept'], ['Deny'])], {
      open: [
        ...ask('g/0', 'h/1', 'tcp 8080', 'udp 5353', 'sctp 9003'),
        ...ask('h/0', 'g/1', 'tcp 80', 'udp 5353', 'sctp 9003'),
      ],
      shut: [
        ...ask('g/1', 'h/1', 'tcp 80', 'udp 53', 'sctp 9005'),
        ...ask('h/1', 'g/1', 'tcp 8080', 'udp 53', 'sctp 9005'),
      ],
    })
  })

  it('ports that are denied, and the rest matched by no rule', () => {
    facts([policy(['Accept'], ['Deny', 'Pass'])], {
      open: [...ask('g/1', 's/0', ...elsewhere), ...ask('s/1', 'g/0', ...elsewhere)],
      shut: s,
    })
  })

  it('ports that are passed before they are denied', () => {
    facts([policy(['Accept'], ['Pass', 'Deny'])], { open: [...s, ...ask('g/1', 's/0', ...elsewhere)] })
  })
})

describe('priority', () => {
  const policies = (second: number): PolicyObject[] => [
    clusterPolicy('fifty', {
      priority: 50,
      subject: podsOf('g'),
      ...into(rule('Deny', podsOf('s'))),
      ...outOf(rule('Deny', podsOf('s'))),
    }),
    clusterPolicy('second', {
      priority: second,
      subject: podsOf('g'),
      ...into(rule('Pass', podsOf('s'))),
      ...outOf(rule('Pass', podsOf('s'))),
    }),
    clusterPolicy('default', {
      tier: 'Baseline',
      subject: podsOf('g'),
      ...into(rule('Accept', podsOf('s'))),
      ...outOf(rule('Accept', podsOf('s'))),
    }),
  ]
  const between = [...ask('s/0', 'g/0', 'tcp 80', 'tcp 8080'), ...ask('g/1', 's/0', 'tcp 80', 'tcp 8080')]

  it('50 denies before 60 passes', () => facts(policies(60), { shut: between }))
  it('40 passes before 50 denies', () => facts(policies(40), { open: between }))
})

describe('the three tiers together', () => {
  const tiers = (action: ClusterNetworkPolicyAction): PolicyObject[] => [
    clusterPolicy('admin', {
      subject: house('g'),
      ...into(rule(action, house('s'))),
      ...outOf(rule(action, house('s'))),
    }),
    clusterPolicy('default', {
      tier: 'Baseline',
      subject: house('g'),
      ...into(rule('Deny', house('s'))),
      ...outOf(rule('Deny', house('s'))),
    }),
  ]
  const peer = { namespaceSelector: { matchLabels: { house: 's' } } }
  const allow = networkPolicy('g/allow', {
    podSelector: {},
    policyTypes: ['Ingress', 'Egress'],
    ingress: [{ from: [peer] }],
    egress: [{ to: [peer] }],
  })
  const between = [...ask('s/0', 'g/0', 'tcp 80', 'tcp 8080'), ...ask('g/1', 's/0', 'tcp 80', 'tcp 8080')]

  it('Admin denies before a NetworkPolicy allows', () => facts([...tiers('Deny'), allow], { shut: between }))
  it('Admin passes, a NetworkPolicy allows', () => facts([...tiers('Pass'), allow], { open: between }))
  it('Admin passes, without NetworkPolicy Baseline denies', () => facts(tiers('Pass'), { shut: between }))
})

describe('networks', () => {
  const some = ['tcp 80', 'udp 53', 'sctp 9003']
  const rules = [rule('Accept', podsOf('s')), rule('Deny', { networks: ['0.0.0.0/0', '::/0'] })]
  const policy = (...first: Rule[]): PolicyObject =>
    clusterPolicy('networks', { priority: 85, subject: podsOf('g'), ...outOf(...first, ...rules) })

  it('all networks are all pods, too', () =>
    facts([policy()], {
      open: ask('g/0', 's/0', ...some),
      shut: [...ask('g/0', 'r/0', ...some), ...ask('g/1', 'h/0', ...some), ...ask('g/1', '8.8.8.8', ...some)],
    }))

  it('a namespace that loses its label is no longer accepted', () =>
    facts([policy(), namespace('s', { house: 'other' })], { shut: ask('g/0', 's/0', ...some) }))

  it('single addresses before them', () =>
    facts([policy(rule('Accept', { networks: ['10.0.3.1/32', '10.0.2.1/32'] }))], {
      open: [...ask('g/0', 'r/0', ...some), ...ask('g/1', 'h/0', ...some)],
      shut: [...ask('g/0', 'r/1', ...some), ...ask('g/1', 'h/1', ...some)],
    }))
})

describe('nodes', () => {
  const nodes: ClusterNetworkPolicyEgressPeer = { nodes: { matchLabels: { 'kubernetes.io/os': 'linux' } } }
  const policy = clusterPolicy('nodes', {
    priority: 75,
    subject: podsOf('g'),
    egress: [
      { action: 'Accept', to: [nodes], protocols: [protocol('tcp 36363')] },
      { action: 'Pass', to: [nodes], protocols: [protocol('udp 34346')] },
      { action: 'Deny', to: [podsOf('s'), nodes, { networks: ['0.0.0.0/0', '::/0'] }] },
    ],
  })

  it('some ports of a host-network pod are open, the rest is denied', () =>
    facts([policy], {
      open: [...ask('g/0', 'f/host', 'tcp 36363', 'udp 34346'), ...ask('g/1', 'node:n0', 'tcp 36363')],
      shut: [
        ...ask('g/0', 'f/host', 'tcp 36364', 'udp 34347', 'sctp 9003'),
        ...ask('g/0', 's/0', 'tcp 36363'),
      ],
    }))
})

describe('named ports', () => {
  const named = (action: ClusterNetworkPolicyAction, name: string) => ({
    action,
    protocols: [{ destinationNamedPort: name }],
  })
  const policy = clusterPolicy('named', {
    subject: house('g'),
    ingress: [
      { ...named('Accept', 'dns'), from: [house('h')] },
      { action: 'Deny', from: [house('h')] },
    ],
    egress: [
      { ...named('Accept', 'web'), to: [house('h')] },
      { action: 'Deny', to: [house('h')] },
    ],
  })

  it('web is TCP 80 and dns UDP 53 of the destination', () =>
    facts([policy], {
      open: [...ask('g/0', 'h/0', 'tcp 80'), ...ask('h/0', 'g/0', 'udp 53')],
      shut: [...ask('g/0', 'h/0', 'tcp 8080', 'udp 80'), ...ask('h/0', 'g/0', 'udp 5353', 'tcp 53')],
    }))
})
