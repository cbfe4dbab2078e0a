/** What is most often got wrong about ClusterNetworkPolicy, by its number in the list of such mistakes. */
import { describe, expect, it } from 'vitest'
import type {
  ClusterNetworkPolicyEgressPeer,
  ClusterNetworkPolicyProtocol,
  ClusterNetworkPolicySpec,
} from '../../../../src/apiserver/types/index.ts'
import type { PolicyObject, PolicyVerdict } from '../../../../src/policy/evaluate/index.ts'
import { PolicyError } from '../../../../src/policy/evaluate/index.ts'
import { allowed, evaluatorOf, verdictOf } from '../../../support/policy/ask.ts'
import { clusterPolicy, namespace, networkPolicy, node, pod } from '../../../support/policy/objects.ts'

const world: readonly PolicyObject[] = [
  namespace('x', { team: 'red' }),
  namespace('y', { team: 'blue' }),
  node('n1', ['192.168.0.1', 'fd00::1'], { role: 'worker' }),
  node('n2', ['192.168.0.2'], { role: 'master' }),
  pod('x/a', {
    labels: { pod: 'a' },
    ips: ['10.0.0.1', 'fd00:a::1'],
    node: 'n1',
    ports: ['http=8080', 'dns=53/UDP'],
  }),
  pod('x/b', { labels: { pod: 'b' }, ips: ['10.0.0.2'], node: 'n2' }),
  pod('y/a', {
    labels: { pod: 'a' },
    ips: ['10.0.1.1', 'fd00:b::1'],
    node: 'n2',
    ports: ['http=80', 'dns=5353/UDP'],
  }),
  pod('y/b', { labels: { pod: 'b' }, ips: ['10.0.1.2'], node: 'n1' }),
]

const everyone = { namespaces: {} }
const red = { namespaces: { matchLabels: { team: 'red' } } }
const blue = { namespaces: { matchLabels: { team: 'blue' } } }
const onlyPodA = { pods: { namespaceSelector: {}, podSelector: { matchLabels: { pod: 'a' } } } }
const tcp = (number: number): ClusterNetworkPolicyProtocol => ({ tcp: { destinationPort: { number } } })

type Action = 'Accept' | 'Deny' | 'Pass'

const ingress = (action: Action, more: object = {}): Partial<ClusterNetworkPolicySpec> => ({
  ingress: [{ action, from: [everyone], ...more }],
})
const egress = (
  action: Action,
  to: ClusterNetworkPolicyEgressPeer[] = [everyone],
  protocols?: ClusterNetworkPolicyProtocol[],
): Partial<ClusterNetworkPolicySpec> => ({ egress: [{ action, to, ...(protocols && { protocols }) }] })

const admin = (spec: Partial<ClusterNetworkPolicySpec>, name = 'admin') => clusterPolicy(name, spec)
const baseline = (spec: Partial<ClusterNetworkPolicySpec>, name = 'baseline') =>
  clusterPolicy(name, { tier: 'Baseline', ...spec })

function walked({ ingress }: PolicyVerdict): string {
  return ingress.steps.map(({ tier, outcome }) => `${tier} ${outcome}`).join(', ')
}

const asked = 'y/a -> x/a tcp 80'
const denyAll = networkPolicy('x/deny', { podSelector: {} })
const allowAll = networkPolicy('x/allow', { podSelector: {}, ingress: [{}] })

describe('1. Admin, NetworkPolicy, Baseline, then allowed; by priority, then as written; the first match decides', () => {
  it.each<[string, PolicyObject[], boolean, string]>([
    ['nothing', [], true, 'Admin No-Op, NetworkPolicy No-Op, Baseline No-Op, Default Allow'],
    ['Admin before NetworkPolicy: Accept', [admin(ingress('Accept')), denyAll], true, 'Admin Allow'],
    ['Admin before NetworkPolicy: Deny', [admin(ingress('Deny')), allowAll], false, 'Admin Deny'],
    [
      'NetworkPolicy before Baseline: allowed',
      [baseline(ingress('Deny')), allowAll],
      true,
      'Admin No-Op, NetworkPolicy Allow',
    ],
    [
      'NetworkPolicy before Baseline: denied',
      [baseline(ingress('Accept')), denyAll],
      false,
      'Admin No-Op, NetworkPolicy Deny',
    ],
    [
      'Baseline where no NetworkPolicy selects',
      [baseline(ingress('Deny'))],
      false,
      'Admin No-Op, NetworkPolicy No-Op, Baseline Deny',
    ],
    ['Admin before Baseline', [admin(ingress('Accept')), baseline(ingress('Deny'))], true, 'Admin Allow'],
  ])('%s', (_, policies, expected, steps) => {
    const verdict = verdictOf([...world, ...policies], asked)
    expect([verdict.allowed, walked(verdict)]).toEqual([expected, steps])
  })

  it('the lower priority is asked first, whatever its name and whenever it came', () => {
    const first = admin({ priority: 0, ...ingress('Accept') }, 'z')
    const second = admin({ priority: 1000, ...ingress('Deny') }, 'a')
    for (const policies of [
      [first, second],
      [second, first],
    ])
      expect(allowed([...world, ...policies], asked)).toBe(true)
    const evaluator = evaluatorOf([...world, first, second])
    evaluator.upsert(admin({ priority: 1001, ...ingress('Accept') }, 'z'))
    const question = { from: pods('y/a'), to: pods('x/a'), protocol: 'tcp', port: 80 } as const
    expect(evaluator.verdict(question).allowed).toBe(false)
    evaluator.remove('ClusterNetworkPolicy', undefined, 'a')
    expect(evaluator.verdict(question).allowed).toBe(true)
  })

  it('priorities of tiers are not compared', () => {
    const policies = [
      admin({ priority: 1000, ...ingress('Accept') }),
      baseline({ priority: 0, ...ingress('Deny') }),
    ]
    expect(allowed([...world, ...policies], asked)).toBe(true)
  })

  it('in a policy the first rule that matches decides', () => {
    const rules = [
      { action: 'Deny' as const, from: [everyone], protocols: [tcp(81)] },
      { action: 'Accept' as const, from: [blue], name: 'from blue' },
      { action: 'Deny' as const, from: [everyone] },
    ]
    const verdict = verdictOf([...world, admin({ ingress: rules })], asked)
    expect(verdict.ingress.steps.at(-1)).toMatchObject({
      outcome: 'Allow',
      rule: {
        kind: 'ClusterNetworkPolicy',
        policy: 'admin',
        direction: 'ingress',
        index: 1,
        name: 'from blue',
      },
      reason: 'ClusterNetworkPolicy admin (Admin tier, priority 10): ingress[1] "from blue" accepts',
    })
    expect(allowed([...world, admin({ ingress: rules })], 'x/b -> x/a tcp 80')).toBe(false)
    expect(allowed([...world, admin({ ingress: rules })], 'y/a -> x/a tcp 81')).toBe(false)
  })
})

function pods(path: string) {
  const [namespace, name] = path.split('/') as [string, string]
  return { kind: 'pod', namespace, name } as const
}

describe('2. Accept and Deny are final for their direction, Pass for its tier', () => {
  it.each<[string, PolicyObject[], boolean]>([
    ['egress accepted, ingress denied', [admin({ ...egress('Accept'), ...ingress('Deny') })], false],
    [
      'egress accepted by Admin, ingress denied by NetworkPolicy',
      [admin({ subject: blue, ...egress('Accept') }), denyAll],
      false,
    ],
    ['egress denied, ingress accepted', [admin({ ...egress('Deny'), ...ingress('Accept') })], false],
    ['Pass goes to NetworkPolicy', [admin(ingress('Pass')), denyAll], false],
    [
      'Pass skips the rest of the policy',
      [admin({ ingress: [...ingress('Pass').ingress!, ...ingress('Deny').ingress!] })],
      true,
    ],
    [
      'Pass skips later policies of the tier',
      [admin(ingress('Pass')), admin({ priority: 11, ...ingress('Deny') }, 'later')],
      true,
    ],
    ['Pass of Admin does not skip Baseline', [admin(ingress('Pass')), baseline(ingress('Deny'))], false],
    [
      'Pass of Baseline is allowed by default',
      [baseline(ingress('Pass')), baseline({ priority: 11, ...ingress('Deny') }, 'later')],
      true,
    ],
  ])('%s', (_, policies, expected) => {
    expect(allowed([...world, ...policies], asked)).toBe(expected)
  })
})

describe('3. a pod that is selected and matched by no rule is not isolated', () => {
  it.each<[string, Partial<ClusterNetworkPolicySpec>]>([
    ['no rules', {}],
    ['an empty list', { ingress: [], egress: [] }],
    ['a rule about somebody else', ingress('Accept', { from: [red] })],
    ['a rule about another port', ingress('Accept', { protocols: [tcp(81)] })],
  ])('%s', (_, spec) => {
    for (const policy of [admin(spec), baseline(spec)]) {
      expect(allowed([...world, policy], asked)).toBe(true)
      expect(allowed([...world, policy, denyAll], asked)).toBe(false)
    }
  })
})

describe('4. a NetworkPolicy that isolates for the direction is final, one for the other direction is not', () => {
  const baselineDeny = baseline({ subject: red, ...ingress('Deny'), ...egress('Deny') })
  const allowEgress = networkPolicy('x/p', { podSelector: {}, policyTypes: ['Egress'], egress: [{}] })
  it.each<[string, PolicyObject[], string, boolean]>([
    ['none: Baseline decides ingress', [], 'y/a -> x/a tcp 80', false],
    ['none: Baseline decides egress', [], 'x/a -> y/a tcp 80', false],
    ['ingress isolated: what it allows is allowed', [allowAll], 'y/a -> x/a tcp 80', true],
    ['ingress isolated: Baseline decides egress', [allowAll], 'x/a -> y/a tcp 80', false],
    ['egress isolated: what it allows is allowed', [allowEgress], 'x/a -> y/a tcp 80', true],
    ['egress isolated: Baseline decides ingress', [allowEgress], 'y/a -> x/a tcp 80', false],
  ])('%s', (_, policies, question, expected) => {
    expect(allowed([...world, baselineDeny, ...policies], question)).toBe(expected)
  })

  it('it does not apply to the own node: Baseline decides there, and only there', () => {
    const denyNodes = baseline(egress('Deny', [{ nodes: {} }]))
    for (const [question, expected] of [
      ['x/a -> node:n1 tcp 80', false],
      ['x/a -> node:n2 tcp 80', true],
    ] as const)
      expect(allowed([...world, denyNodes, allowEgress], question)).toBe(expected)
  })

  it('what it does not allow is denied, whatever Baseline accepts', () => {
    expect(allowed([...world, baseline(ingress('Accept')), denyAll], asked)).toBe(false)
  })
})

describe('5. the same priority in a tier: by name, and said to be ambiguous if it matters', () => {
  const named = (name: string, action: Action, more: object = {}) => admin(ingress(action, more), name)
  it.each<[string, PolicyObject[], boolean, string | undefined]>([
    [
      'Accept and Deny',
      [named('b', 'Deny'), named('a', 'Accept')],
      true,
      'Admin tier: ClusterNetworkPolicies of the same priority disagree: a ingress[0] (Accept) and b ingress[0] (Deny); which one decides is not defined',
    ],
    [
      'Deny and Accept',
      [named('a', 'Deny'), named('b', 'Accept')],
      false,
      'Admin tier: ClusterNetworkPolicies of the same priority disagree: a ingress[0] (Deny) and b ingress[0] (Accept); which one decides is not defined',
    ],
    ['agreed', [named('a', 'Deny'), named('b', 'Deny')], false, undefined],
    [
      'Pass to what allows, and Accept',
      [named('a', 'Pass'), named('b', 'Accept'), allowAll],
      true,
      undefined,
    ],
    [
      'Accept, and Pass to what allows',
      [named('a', 'Accept'), named('b', 'Pass'), allowAll],
      true,
      undefined,
    ],
    ['Deny, and Pass to what denies', [named('a', 'Deny'), named('b', 'Pass'), denyAll], false, undefined],
    [
      'Pass to what denies, and Accept',
      [named('a', 'Pass'), named('b', 'Accept'), denyAll],
      false,
      expect.stringContaining('a ingress[0] (Pass) and b ingress[0] (Accept)') as string,
    ],
    [
      'the other one does not match',
      [named('a', 'Deny'), named('b', 'Accept', { from: [red] })],
      false,
      undefined,
    ],
    [
      'another priority',
      [named('a', 'Deny'), admin({ priority: 11, ...ingress('Accept') }, 'b')],
      false,
      undefined,
    ],
    ['another tier', [named('a', 'Deny'), baseline(ingress('Accept'))], false, undefined],
    [
      'the third one disagrees',
      [named('a', 'Deny'), named('b', 'Deny'), named('c', 'Accept')],
      false,
      expect.stringContaining('a ingress[0] (Deny) and c ingress[0] (Accept)') as string,
    ],
  ])('%s', (_, policies, expected, ambiguous) => {
    const { ingress } = verdictOf([...world, ...policies], asked)
    expect([ingress.allowed, ingress.ambiguous]).toEqual([expected, ambiguous])
  })

  it('in a tier that decides after a Pass', () => {
    const policies = [
      admin(ingress('Pass')),
      baseline(ingress('Deny'), 'a'),
      baseline(ingress('Accept'), 'b'),
    ]
    expect(verdictOf([...world, ...policies], asked).ingress.ambiguous).toContain('Baseline tier')
    expect(verdictOf([...world, ...policies, allowAll], asked).ingress.ambiguous).toBeUndefined()
  })
})

describe('6. host-network pods are in no subject and no peer of pods; nodes match by the addresses of their status', () => {
  const host = pod('x/host', { labels: { pod: 'a' }, ips: ['192.168.0.2'], node: 'n2', hostNetwork: true })
  const nodes = (label: string) => egress('Deny', [{ nodes: { matchLabels: { role: label } } }])
  it.each<[string, PolicyObject, string, boolean]>([
    ['no subject', admin(egress('Deny')), 'x/host -> y/a tcp 80', true],
    ['no subject of ingress', admin(ingress('Deny')), 'y/b -> x/host tcp 80', true],
    ['no peer by namespace', admin(ingress('Deny')), 'x/host -> x/a tcp 80', true],
    ['no peer by labels', admin(egress('Deny', [onlyPodA])), 'y/b -> x/host tcp 80', true],
    ['a peer as its node', admin(nodes('master')), 'y/b -> x/host tcp 80', false],
    ['nodes: the node', admin(nodes('master')), 'y/b -> node:n2 tcp 80', false],
    ['nodes: its address', admin(nodes('master')), 'y/b -> 192.168.0.2 tcp 80', false],
    ['nodes: another node', admin(nodes('master')), 'x/b -> node:n1 tcp 80', true],
    ['nodes: IPv6', admin(nodes('worker')), 'y/a -> node:n1 tcp 80 over ipv6', false],
    ['nodes: no pod on it', admin(nodes('master')), 'y/b -> x/b tcp 80', true],
    ['nodes: nothing outside', admin(egress('Deny', [{ nodes: {} }])), 'y/b -> 8.8.8.8 tcp 80', true],
    ['nodes: all of them', admin(egress('Deny', [{ nodes: {} }])), 'y/a -> node:n1 icmp', false],
    ['nodes: the own one, too', admin(nodes('master')), 'y/a -> node:n2 tcp 80', false],
  ])('%s', (_, policy, question, expected) => {
    expect(allowed([...world, host, policy], question)).toBe(expected)
  })
})

describe('7. networks match pods, nodes and ICMP, and only their family', () => {
  const all = egress('Deny', [{ networks: ['0.0.0.0/0'] }])
  it.each<[string, Partial<ClusterNetworkPolicySpec>, string, boolean]>([
    ['outside', all, 'x/a -> 8.8.8.8 tcp 80', false],
    ['pods', all, 'x/a -> y/a tcp 80', false],
    ['nodes', all, 'x/a -> node:n2 tcp 80', false],
    ['ICMP', all, 'x/a -> 8.8.8.8 icmp', false],
    ['not IPv6', all, 'x/a -> y/a tcp 80 over ipv6', true],
    ['not IPv6 outside', all, 'x/a -> 2001:db8::1 tcp 80', true],
    ['IPv6', egress('Deny', [{ networks: ['::/0'] }]), 'x/a -> y/a icmp over ipv6', false],
    [
      'one of several',
      egress('Deny', [{ networks: ['9.0.0.0/8', '8.0.0.0/8'] }]),
      'x/a -> 8.8.8.8 tcp 80',
      false,
    ],
    [
      'none of several',
      egress('Deny', [{ networks: ['9.0.0.0/8', '7.0.0.0/8'] }]),
      'x/a -> 8.8.8.8 tcp 80',
      true,
    ],
    [
      'a Pass for pods before it',
      { egress: [...egress('Pass').egress!, ...all.egress!] },
      'x/a -> y/a tcp 80',
      true,
    ],
    [
      'a Pass for pods before it leaves the outside denied',
      { egress: [...egress('Pass').egress!, ...all.egress!] },
      'x/a -> 8.8.8.8 tcp 80',
      false,
    ],
  ])('%s', (_, spec, question, expected) => {
    expect(allowed([...world, admin(spec)], question)).toBe(expected)
  })
})

describe('8. without protocols every protocol, with them never ICMP', () => {
  const range = { range: { start: 80, end: 90 } }
  it.each<[string, ClusterNetworkPolicyProtocol[] | undefined, string, boolean]>([
    ['none: ICMP', undefined, 'icmp', false],
    ['none: another', undefined, 'other', false],
    ['none: SCTP', undefined, 'sctp 1', false],
    ['TCP: its number', [tcp(80)], 'tcp 80', false],
    ['TCP: another number', [tcp(80)], 'tcp 81', true],
    ['TCP: no UDP', [tcp(80)], 'udp 80', true],
    ['TCP: no ICMP', [tcp(80)], 'icmp', true],
    ['UDP: a range, first', [{ udp: { destinationPort: range } }], 'udp 80', false],
    ['UDP: a range, last', [{ udp: { destinationPort: range } }], 'udp 90', false],
    ['UDP: a range, above', [{ udp: { destinationPort: range } }], 'udp 91', true],
    ['SCTP', [{ sctp: { destinationPort: { number: 9 } } }], 'sctp 9', false],
    ['SCTP: no TCP', [{ sctp: { destinationPort: { number: 9 } } }], 'tcp 9', true],
    ['one of several', [tcp(1), { udp: { destinationPort: { number: 2 } } }], 'udp 2', false],
    ['tcp without ports: all of them', [{ tcp: {} }], 'tcp 65535', false],
    ['tcp without ports: no UDP', [{ tcp: {} }], 'udp 80', true],
    ['tcp without ports: no ICMP', [{ tcp: {} }], 'icmp', true],
  ])('%s', (_, protocols, connection, expected) => {
    const policy = admin({ ingress: [{ action: 'Deny', from: [everyone], ...(protocols && { protocols }) }] })
    expect(allowed([...world, policy], `y/a -> x/a ${connection}`)).toBe(expected)
  })
})

describe('9. a named port takes number and protocol from the destination pod', () => {
  const http = admin({ ...egress('Deny', [everyone], [{ destinationNamedPort: 'http' }]) })
  const dns = admin(ingress('Deny', { protocols: [{ destinationNamedPort: 'dns' }] }))
  it.each<[string, PolicyObject, string, boolean]>([
    ['the destination’s number', http, 'x/a -> y/a tcp 80', false],
    ['not the source’s', http, 'x/a -> y/a tcp 8080', true],
    ['another pod, another number', http, 'y/a -> x/a tcp 8080', false],
    ['a UDP port by its name alone', dns, 'y/a -> x/a udp 53', false],
    ['not TCP of that number', dns, 'y/a -> x/a tcp 53', true],
    ['a pod without that name', http, 'x/a -> y/b tcp 80', true],
  ])('%s', (_, policy, question, expected) => {
    expect(allowed([...world, policy], question)).toBe(expected)
  })
})

describe('10. a peer that cannot be understood fails closed: Accept matches nothing, Deny and Pass deny all', () => {
  const rule = (action: Action, peers: object[], more: object = {}) =>
    admin({ egress: [{ action, to: peers, ...more }] } as Partial<ClusterNetworkPolicySpec>)
  const denyLater = admin({ priority: 11, ...egress('Deny') }, 'later')
  it.each<[string, PolicyObject[], boolean]>([
    ['Accept', [rule('Accept', [{}]), denyLater], false],
    ['Accept, next to a peer that matches', [rule('Accept', [everyone, {}]), denyLater], false],
    ['Accept, understood', [rule('Accept', [everyone]), denyLater], true],
    ['Deny', [rule('Deny', [{}])], false],
    ['Deny, next to a peer that does not match', [rule('Deny', [red, {}])], false],
    ['Deny, of another port', [rule('Deny', [{}], { protocols: [tcp(81)] })], false],
    ['Pass', [rule('Pass', [{ future: {} }])], false],
    ['Accept, no networks', [rule('Accept', [{ networks: [] }]), denyLater], false],
    [
      'Accept, no networks next to a peer that matches',
      [rule('Accept', [everyone, { networks: [] }]), denyLater],
      false,
    ],
    ['Deny, no networks', [rule('Deny', [{ networks: [] }])], false],
    ['Pass, no networks', [rule('Pass', [{ networks: [] }])], false],
    ['a protocol of the future', [rule('Deny', [red], { protocols: [{ quic: {} }] })], false],
    [
      'Accept, an empty list of protocols: all',
      [rule('Accept', [everyone], { protocols: [] }), denyLater],
      true,
    ],
    ['Deny, an empty list of protocols: all', [rule('Deny', [everyone], { protocols: [] })], false],
    ['Pass, an empty list of protocols: all', [rule('Pass', [everyone], { protocols: [] }), denyLater], true],
  ])('%s', (_, policies, expected) => {
    expect(allowed([...world, ...policies], 'x/a -> y/a tcp 80')).toBe(expected)
  })
})

it('10. nor does it shut out the own node', () => {
  const policy = admin({ ingress: [{ action: 'Deny', from: [{}] }] })
  expect(allowed([...world, policy], 'node:n2 -> x/a tcp 80')).toBe(false)
  expect(allowed([...world, policy], 'node:n1 -> x/a tcp 80')).toBe(true)
})

describe('11. what is accepted may answer', () => {
  it('only the direction of the connection is asked', () => {
    const policy = admin({ subject: red, ...ingress('Accept'), ...egress('Deny') })
    expect(allowed([...world, policy], 'y/a -> x/a tcp 80')).toBe(true)
    expect(allowed([...world, policy], 'x/a -> y/a tcp 80')).toBe(false)
  })
})

describe('12. a pod to its own address is not policed, through a Service it is', () => {
  const policy = admin(egress('Deny'))
  it.each([
    ['x/a -> x/a tcp 80', true],
    ['x/a -> 10.0.0.1 tcp 80', true],
    ['x/a -> x/a tcp 80 via service', false],
    ['x/a -> x/b tcp 80', false],
  ])('%s: %s', (question, expected) => {
    expect(allowed([...world, policy], question)).toBe(expected)
  })
})

describe('13. domain names are refused: nothing here resolves them', () => {
  it('with the place, and what was known stays', () => {
    const evaluator = evaluatorOf([...world, admin(egress('Deny'))])
    const update = () => evaluator.upsert(admin(egress('Accept', [everyone, { domainNames: ['a.example'] }])))
    expect(update).toThrow(PolicyError)
    expect(update).toThrow(
      'ClusterNetworkPolicy admin: spec.egress[0].to[1].domainNames: domain names cannot',
    )
    expect(evaluator.verdict({ from: pods('x/a'), to: pods('x/b'), protocol: 'icmp' }).allowed).toBe(false)
  })
})

describe('14. ingress cannot name what is outside of the cluster', () => {
  it.each([
    ['8.8.8.8 -> x/a tcp 80', true],
    ['node:n2 -> x/a tcp 80', true],
    ['y/a -> x/a tcp 80', false],
  ])('%s: %s', (question, expected) => {
    expect(allowed([...world, admin(ingress('Deny'))], question)).toBe(expected)
    expect(allowed([...world, baseline(ingress('Deny'))], question)).toBe(expected)
  })
})

describe('the subject', () => {
  it.each<[string, ClusterNetworkPolicySpec['subject'], string, boolean]>([
    ['namespaces: all pods in them', red, 'y/a -> x/b tcp 80', false],
    ['namespaces: not the others', red, 'x/b -> y/a tcp 80', true],
    ['pods in namespaces', onlyPodA, 'y/b -> x/a tcp 80', false],
    ['pods in namespaces: not the others', onlyPodA, 'y/b -> x/b tcp 80', true],
    [
      'namespaces without pods that match',
      { pods: { namespaceSelector: { matchLabels: { team: 'none' } }, podSelector: {} } },
      'y/b -> x/a tcp 80',
      true,
    ],
    ['pods alone: in all namespaces', { pods: { podSelector: {} } as never }, 'y/b -> x/a tcp 80', false],
  ])('%s', (_, subject, question, expected) => {
    expect(allowed([...world, admin({ subject, ...ingress('Deny') })], question)).toBe(expected)
  })
})
