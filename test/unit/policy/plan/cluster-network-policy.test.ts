/** ClusterNetworkPolicies in the words of a plan. The table of what fails closed is that of the evaluator's tests. */
import { describe, expect, it } from 'vitest'
import type { ClusterNetworkPolicySpec } from '../../../../src/apiserver/index.ts'
import { planClusterNetworkPolicy } from '../../../../src/policy/plan/cluster-network-policy.ts'
import type { PlanRule } from '../../../../src/policy/plan/plan.ts'
import { clusterPolicy } from '../../../support/policy/objects.ts'

const everyone = { namespaces: {} }

function ruleOf(action: 'Accept' | 'Deny' | 'Pass', to: object[], more: object = {}): PlanRule {
  const spec = { egress: [{ action, to, ...more }] } as Partial<ClusterNetworkPolicySpec>
  const [plan, ...others] = planClusterNetworkPolicy(clusterPolicy('admin', spec))
  expect(others).toEqual([])
  expect(plan!.rules).toHaveLength(1)
  return plan!.rules[0]!
}

const NOBODY = { action: 'Accept', peers: [], ports: undefined }
const EVERYBODY = { action: 'Deny', peers: undefined, ports: undefined }

describe('what cannot be understood fails closed: Accept matches nothing, Deny and Pass deny all', () => {
  it.each<[string, PlanRule, object]>([
    ['Accept', ruleOf('Accept', [{}]), NOBODY],
    ['Accept, next to a peer that is known', ruleOf('Accept', [everyone, {}]), NOBODY],
    ['Deny, of one port', ruleOf('Deny', [{}], { protocols: [{ tcp: {} }] }), EVERYBODY],
    ['Pass', ruleOf('Pass', [{ future: {} }]), EVERYBODY],
    ['no peer', ruleOf('Deny', []), EVERYBODY],
    ['no network', ruleOf('Deny', [{ networks: [] }]), EVERYBODY],
    [
      'Accept of a protocol of the future',
      ruleOf('Accept', [everyone], { protocols: [{ quic: {} }] }),
      NOBODY,
    ],
    [
      'Deny of a protocol of the future',
      ruleOf('Deny', [everyone], { protocols: [{ quic: {} }] }),
      EVERYBODY,
    ],
    [
      'a port of the future',
      ruleOf('Accept', [everyone], { protocols: [{ tcp: { destinationPort: { set: [1] } } }] }),
      NOBODY,
    ],
  ])('%s', (_, rule, expected) => {
    expect(rule).toMatchObject(expected)
  })

  it('what is known is kept', () => {
    expect(ruleOf('Pass', [everyone])).toMatchObject({ action: 'Pass', peers: [{ kind: 'pods' }] })
  })
})

describe('ports', () => {
  it.each<[string, object[], PlanRule['ports']]>([
    ['none: every protocol', [], undefined],
    ['a protocol without a port: all of its ports', [{ udp: {} }], [{ kind: 'protocol', protocol: 'UDP' }]],
    [
      'a number',
      [{ sctp: { destinationPort: { number: 7 } } }],
      [{ kind: 'range', protocol: 'SCTP', from: 7, to: 7 }],
    ],
    [
      'a range',
      [{ tcp: { destinationPort: { range: { start: 7, end: 9 } } } }],
      [{ kind: 'range', protocol: 'TCP', from: 7, to: 9 }],
    ],
    [
      'a name: the protocol is the pod’s',
      [{ destinationNamedPort: 'web' }],
      [{ kind: 'named', name: 'web' }],
    ],
  ])('%s', (_, protocols, expected) => {
    expect(ruleOf('Deny', [everyone], { protocols }).ports).toEqual(expected)
  })
})

it('without rules there is nothing to do in a direction, and without a subject nobody to do it for', () => {
  expect(planClusterNetworkPolicy(clusterPolicy('none', { ingress: [] }))).toEqual([])
  const subjectless = clusterPolicy('none', {
    subject: {} as never,
    egress: [{ action: 'Deny', to: [everyone] }],
  })
  expect(planClusterNetworkPolicy(subjectless)).toEqual([])
})
