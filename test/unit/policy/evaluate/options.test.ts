/** Where implementations differ: each option changes the verdict that it is about, and `flips` says so. */
import { describe, expect, it } from 'vitest'
import type { NetworkPolicySpec } from '../../../../src/apiserver/types/index.ts'
import {
  DEFAULT_POLICY_OPTIONS,
  Evaluator,
  OPTION_VALUES,
  type PolicyObject,
  type PolicyOptions,
} from '../../../../src/policy/evaluate/index.ts'
import { allowed, evaluatorOf, question } from '../../../support/policy/ask.ts'
import { clusterPolicy, namespace, networkPolicy, node, pod } from '../../../support/policy/objects.ts'

const world: readonly PolicyObject[] = [
  namespace('x'),
  node('n1', ['192.168.0.1']),
  node('n2', ['192.168.0.2']),
  pod('x/a', { labels: { pod: 'a' }, ips: ['10.0.0.1'], node: 'n1' }),
  pod('x/b', { labels: { pod: 'b' }, ips: ['10.0.0.2'], node: 'n2' }),
  pod('x/host', { labels: { pod: 'host' }, ips: ['192.168.0.2'], node: 'n2', hostNetwork: true }),
  pod('x/done', { labels: { pod: 'done' }, ips: ['10.0.0.9'], node: 'n2', phase: 'Failed' }),
]

const policy = (spec: Partial<NetworkPolicySpec>) => networkPolicy('x/p', { podSelector: {}, ...spec })
const ingress = (peer: object) => policy({ ingress: [{ from: [peer] }] })
const denyBaseline = clusterPolicy('baseline', {
  tier: 'Baseline',
  egress: [{ action: 'Deny', to: [{ namespaces: {} }, { networks: ['0.0.0.0/0'] }] }],
})
const labelled = (value: string) => ({ podSelector: { matchLabels: { pod: value } } })

type Row = readonly [
  what: string,
  option: keyof PolicyOptions,
  value: string | boolean,
  policies: readonly PolicyObject[],
  question: string,
  byDefault: boolean,
]

const rows: readonly Row[] = [
  [
    'ipBlock matches pod IPs',
    'ipBlockMatchesPods',
    false,
    [ingress({ ipBlock: { cidr: '10.0.0.0/8' } })],
    'x/b -> x/a tcp 80',
    true,
  ],
  [
    'networks match pod IPs',
    'ipBlockMatchesPods',
    false,
    [clusterPolicy('p', { egress: [{ action: 'Deny', to: [{ networks: ['0.0.0.0/0'] }] }] })],
    'x/b -> x/a tcp 80',
    false,
  ],
  ['self by pod IP', 'selfByAddress', 'policed', [policy({})], 'x/a -> x/a tcp 80', true],
  [
    'self by pod IP and ClusterNetworkPolicy',
    'selfByAddress',
    'policed',
    [clusterPolicy('p', { ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }] })],
    'x/a -> x/a tcp 80',
    true,
  ],
  [
    'self through a Service',
    'selfThroughService',
    'allowed',
    [policy({})],
    'x/a -> x/a tcp 80 via service',
    false,
  ],
  ['own-node exemption, from the node', 'ownNode', 'policed', [policy({})], 'node:n1 -> x/a tcp 80', true],
  [
    'own-node exemption, to the node',
    'ownNode',
    'policed',
    [policy({ policyTypes: ['Egress'] })],
    'x/a -> node:n1 tcp 80',
    true,
  ],
  [
    'own-node exemption and ClusterNetworkPolicy',
    'ownNodeByClusterPolicy',
    'allowed',
    [clusterPolicy('p', { egress: [{ action: 'Deny', to: [{ nodes: {} }] }] })],
    'x/a -> node:n1 tcp 80',
    false,
  ],
  ['hostNetwork pod, selected', 'hostNetworkPods', 'pod', [policy({})], 'x/a -> x/host tcp 80', true],
  [
    'hostNetwork pod, a peer',
    'hostNetworkPods',
    'pod',
    [ingress(labelled('host'))],
    'x/host -> x/a tcp 80',
    false,
  ],
  ['hostNetwork pod, on the own node', 'hostNetworkPods', 'pod', [policy({})], 'x/host -> x/b tcp 80', true],
  [
    'finished pods, peers',
    'finishedPods',
    'included',
    [ingress(labelled('done'))],
    'x/done -> x/a tcp 80',
    false,
  ],
  [
    'finished pods, by address',
    'finishedPods',
    'included',
    [ingress(labelled('done'))],
    '10.0.0.9 -> x/a tcp 80',
    false,
  ],
  [
    'baseline when a NetworkPolicy selects the other direction',
    'baselineAfterNetworkPolicy',
    'any-direction',
    [denyBaseline, policy({ policyTypes: ['Ingress'], ingress: [{}] })],
    'x/a -> x/b tcp 80',
    false,
  ],
  [
    'non-nil empty rule list',
    'emptyRules',
    'allow',
    [policy({ policyTypes: ['Ingress'], ingress: [] })],
    'x/b -> x/a tcp 80',
    false,
  ],
  [
    'non-nil empty rule list, egress',
    'emptyRules',
    'allow',
    [policy({ policyTypes: ['Egress'], egress: [] })],
    'x/b -> x/a tcp 80',
    false,
  ],
  [
    'rules without ports and ICMP',
    'portlessRulesAllowOtherProtocols',
    false,
    [policy({ ingress: [{}] })],
    'x/b -> x/a icmp',
    true,
  ],
]

describe('an option', () => {
  it.each(rows)('%s: %s = %s', (_, option, value, policies, text, byDefault) => {
    const objects = [...world, ...policies]
    expect(allowed(objects, text)).toBe(byDefault)
    expect(allowed(objects, text, { [option]: value })).toBe(!byDefault)
    const asked = question(text)
    expect(evaluatorOf(objects).flips(asked)).toContainEqual({ option, value, allowed: !byDefault })
    const other = evaluatorOf(objects, { [option]: value })
    expect(other.flips(asked)).toContainEqual({
      option,
      value: DEFAULT_POLICY_OPTIONS[option],
      allowed: byDefault,
    })
  })

  it('that is not concerned flips nothing', () => {
    expect(evaluatorOf(world).flips(question('x/b -> x/a tcp 80'))).toEqual([])
    const objects = [...world, policy({ ingress: [{ from: [labelled('b')] }] })]
    expect(evaluatorOf(objects).flips(question('x/b -> x/a tcp 80'))).toEqual([])
  })

  it('has its default first among its values, and is about something above', () => {
    for (const [option, values] of Object.entries(OPTION_VALUES)) {
      expect(values[0]).toBe(DEFAULT_POLICY_OPTIONS[option as keyof PolicyOptions])
      expect(new Set<unknown>(values).size).toBeGreaterThan(1)
    }
    const errors = ['equalPriority', 'namedPortOutside']
    expect([...new Set(rows.map(([, option]) => option)), ...errors].sort()).toEqual(
      Object.keys(OPTION_VALUES).sort(),
    )
  })
})

describe('an ipBlock that matches no pods', () => {
  it.each([
    ['10.0.0.99 -> x/a tcp 80', true],
    ['node:n2 -> x/a tcp 80', true],
    ['x/host -> x/a tcp 80', true],
    ['10.0.0.2 -> x/a tcp 80', false],
  ])('%s: %s', (text, expected) => {
    const objects = [...world, ingress({ ipBlock: { cidr: '0.0.0.0/0' } })]
    expect(allowed(objects, text, { ipBlockMatchesPods: false })).toBe(expected)
  })
})

describe('absent rules and an empty list differ only where the option says so', () => {
  it.each([
    [undefined, 'deny', false],
    [[], 'deny', false],
    [undefined, 'allow', false],
    [[], 'allow', true],
  ] as const)('ingress %j, emptyRules %s', (ingress, emptyRules, expected) => {
    const objects = [...world, policy({ policyTypes: ['Ingress'], ...(ingress && { ingress }) })]
    expect(allowed(objects, 'x/b -> x/a tcp 80', { emptyRules })).toBe(expected)
  })
})

describe('finished pods', () => {
  it('a running pod wins where two share an address, even where finished ones are included', () => {
    const heir = pod('x/heir', { labels: { pod: 'heir' }, ips: ['10.0.0.9'], node: 'n2' })
    for (const objects of [
      [...world, heir],
      [heir, ...world],
    ])
      for (const finishedPods of OPTION_VALUES.finishedPods) {
        const ask = (peer: string) =>
          allowed([...objects, ingress(labelled(peer))], '10.0.0.9 -> x/a tcp 80', { finishedPods })
        expect([ask('heir'), ask('done')]).toEqual([true, false])
      }
  })
})

describe('egress to a named port outside of pods', () => {
  const objects = [...world, policy({ egress: [{ ports: [{ port: 'http' }, { port: 80 }] }] })]
  it('matches nothing, or is an error', () => {
    expect(allowed(objects, 'x/a -> 8.8.8.8 tcp 81')).toBe(false)
    expect(allowed(objects, 'x/a -> 8.8.8.8 tcp 80')).toBe(true)
    expect(() => allowed(objects, 'x/a -> 8.8.8.8 tcp 80', { namedPortOutside: 'error' })).toThrow(
      'NetworkPolicy x/p: spec.egress[0]: the named port http has no meaning outside of pods',
    )
  })

  it('is none where the peers are others, or the direction', () => {
    const options = { namedPortOutside: 'error' } as const
    const peers = policy({ egress: [{ to: [{ podSelector: {} }], ports: [{ port: 'http' }] }] })
    expect(allowed([...world, peers], 'x/a -> 8.8.8.8 tcp 80', options)).toBe(false)
    const inbound = policy({ ingress: [{ ports: [{ port: 'http' }] }] })
    expect(allowed([...world, inbound], '8.8.8.8 -> x/a tcp 80', options)).toBe(false)
  })
})

describe('equal priorities', () => {
  const one = clusterPolicy('one', { ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }] })
  const two = clusterPolicy('two', {})
  const options = { equalPriority: 'error' } as const
  const message = 'ClusterNetworkPolicy two: spec.priority: has the priority of one (10) in the Admin tier'

  it('are decided by name, or an error from the start', () => {
    expect(allowed([...world, one, two], 'x/b -> x/a tcp 80')).toBe(false)
    expect(() => new Evaluator({ clusterNetworkPolicies: [two, one] }, options)).toThrow(message)
  })

  it('that come later are an error of every question until they have gone', () => {
    const evaluator = evaluatorOf([...world, one, two], options)
    const [from, to] = [question('x/b -> x/a tcp 80').from, question('x/b -> x/a tcp 80').to]
    expect(() => evaluator.verdict(question('x/b -> x/a tcp 80'))).toThrow(message)
    expect(() => evaluator.connections(from, to)).toThrow(message)
    evaluator.upsert(clusterPolicy('two', { priority: 11 }))
    expect(evaluator.verdict(question('x/b -> x/a tcp 80')).allowed).toBe(false)
  })

  it('in different tiers are no error', () => {
    const objects = [...world, one, clusterPolicy('two', { tier: 'Baseline' })]
    expect(allowed(objects, 'x/b -> x/a tcp 80', options)).toBe(false)
  })
})
