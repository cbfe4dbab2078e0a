/** NetworkPolicies in the words of a plan: what is absent, what is empty, and what a port means. */
import { describe, expect, it } from 'vitest'
import type { NetworkPolicySpec } from '../../../../src/apiserver/index.ts'
import { planNetworkPolicy } from '../../../../src/policy/plan/network-policy.ts'
import { networkPolicy } from '../../../support/policy/objects.ts'

const plans = (spec: NetworkPolicySpec) => planNetworkPolicy(networkPolicy('x/p', spec))

describe('the directions that a policy isolates', () => {
  it.each<[string, NetworkPolicySpec, string[]]>([
    ['nothing is said', { podSelector: {} }, ['ingress']],
    ['an empty list of egress rules says nothing', { podSelector: {}, egress: [] }, ['ingress']],
    ['an egress rule does', { podSelector: {}, egress: [{}] }, ['egress', 'ingress']],
    [
      'an empty list of types is none',
      { podSelector: {}, policyTypes: [], egress: [{}] },
      ['egress', 'ingress'],
    ],
    [
      'types leave rules of others out',
      { podSelector: {}, policyTypes: ['Egress'], ingress: [{}] },
      ['egress'],
    ],
  ])('%s', (_, spec, expected) => {
    expect(plans(spec).map(({ direction }) => direction)).toEqual(expected)
  })
})

it('absent and empty peers and ports are everything', () => {
  const [plan] = plans({ podSelector: {}, ingress: [{}, { from: [], ports: [] }] })
  expect(plan!.rules).toEqual([
    { index: 0, action: 'Accept', peers: undefined, ports: undefined },
    { index: 1, action: 'Accept', peers: undefined, ports: undefined },
  ])
})

it('peers: a selector of pods alone means the own namespace, and an empty peer nobody', () => {
  const [plan] = plans({
    podSelector: {},
    ingress: [{ from: [{ podSelector: {} }, { namespaceSelector: {} }, {} as never] }],
  })
  expect(plan!.rules[0]!.peers).toEqual([
    { kind: 'pods', selector: { namespaces: { name: 'x' }, pods: {} } },
    { kind: 'pods', selector: { namespaces: { labels: {} }, pods: {} } },
  ])
})

it('ports: TCP unless said otherwise, all of a protocol without a number, inclusive ranges', () => {
  const ports = [{}, { protocol: 'UDP' as const }, { port: 'web' }, { port: 7 }, { port: 7, endPort: 9 }]
  const [plan] = plans({ podSelector: {}, ingress: [{ ports }] })
  expect(plan!.rules[0]!.ports).toEqual([
    { kind: 'protocol', protocol: 'TCP' },
    { kind: 'protocol', protocol: 'UDP' },
    { kind: 'named', name: 'web', protocol: 'TCP' },
    { kind: 'range', protocol: 'TCP', from: 7, to: 7 },
    { kind: 'range', protocol: 'TCP', from: 7, to: 9 },
  ])
})
