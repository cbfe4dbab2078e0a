/** Where upstream, two analysers and an implementation differ: a question a row, an answer a column. */
import { describe, expect, it } from 'vitest'
import {
  IMPLEMENTATIONS,
  PolicyError,
  type PolicyObject,
  type PolicyOptions,
} from '../../../../src/policy/evaluate/index.ts'
import { allowed } from '../../../support/policy/ask.ts'
import { clusterPolicy, node, networkPolicy, pod } from '../../../support/policy/objects.ts'

const world: readonly PolicyObject[] = [
  node('n1', ['192.168.0.1']),
  node('n2', ['192.168.0.2']),
  pod('x/a', { labels: { pod: 'a' }, ips: ['10.0.0.1'], node: 'n1' }),
  pod('x/b', { labels: { pod: 'b' }, ips: ['10.0.0.2'], node: 'n2' }),
  pod('x/host', { labels: { pod: 'host' }, ips: ['192.168.0.2'], node: 'n2', hostNetwork: true }),
  pod('x/done', { labels: { pod: 'done' }, ips: ['10.0.0.9'], node: 'n2', phase: 'Succeeded' }),
]
const isolate = networkPolicy('x/isolate', { podSelector: {} })
const allow = (peer: object) => networkPolicy('x/allow', { podSelector: {}, ingress: [{ from: [peer] }] })
const denyEgress = { egress: [{ action: 'Deny' as const, to: [{ namespaces: {} }] }] }

type Answer = boolean | 'error'
const COLUMNS: readonly Partial<PolicyOptions>[] = [
  {},
  IMPLEMENTATIONS['netpol-analyzer'],
  IMPLEMENTATIONS['policy-assistant'],
  IMPLEMENTATIONS['kube-network-policies'],
]

describe('upstream, netpol-analyzer, policy-assistant, kube-network-policies', () => {
  it.each<[string, PolicyObject[], string, [Answer, Answer, Answer, Answer]]>([
    [
      'ipBlock matches pod IPs',
      [allow({ ipBlock: { cidr: '10.0.0.0/8' } })],
      'x/b -> x/a tcp 80',
      [true, false, true, true],
    ],
    ['self by pod IP', [isolate], 'x/a -> x/a tcp 80', [true, true, false, true]],
    ['own node', [isolate], 'node:n1 -> x/a tcp 80', [true, false, false, true]],
    [
      'hostNetwork pod',
      [allow({ podSelector: { matchLabels: { pod: 'host' } } })],
      'x/host -> x/a tcp 80',
      [false, true, true, false],
    ],
    [
      'finished pods',
      [allow({ podSelector: { matchLabels: { pod: 'done' } } })],
      'x/done -> x/a tcp 80',
      [false, true, true, true],
    ],
    [
      'egress named port to what is no pod',
      [networkPolicy('x/out', { podSelector: {}, egress: [{ ports: [{ port: 'http' }] }] })],
      'x/a -> 8.8.8.8 tcp 80',
      [false, 'error', false, false],
    ],
    [
      'baseline when a NetworkPolicy selects the other direction',
      [
        networkPolicy('x/in', { podSelector: {}, ingress: [{}] }),
        clusterPolicy('default', { tier: 'Baseline', ...denyEgress }),
      ],
      'x/a -> x/b tcp 80',
      [false, false, false, true],
    ],
    [
      'non-nil empty rule list',
      [networkPolicy('x/empty', { podSelector: {}, ingress: [] })],
      'x/b -> x/a tcp 80',
      [false, false, false, true],
    ],
    [
      'equal priorities',
      [
        clusterPolicy('b', denyEgress),
        clusterPolicy('a', { egress: [{ action: 'Accept', to: [{ namespaces: {} }] }] }),
      ],
      'x/a -> x/b tcp 80',
      [true, 'error', true, true],
    ],
  ])('%s', (_, policies, question, answers) => {
    const given = COLUMNS.map((options): Answer => {
      try {
        return allowed([...world, ...policies], question, options)
      } catch (error) {
        if (error instanceof PolicyError) return 'error'
        throw error
      }
    })
    expect(given).toEqual(answers)
  })
})
