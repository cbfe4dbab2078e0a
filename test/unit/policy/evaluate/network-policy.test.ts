/** The lines in which NetworkPolicy is most often got wrong, one test or table each. */
import { describe, expect, it } from 'vitest'
import { allowed } from '../../../support/policy/ask.ts'
import { namespace, networkPolicy, pod } from '../../../support/policy/objects.ts'

const world = [
  namespace('x', { team: 'red' }),
  namespace('y', { team: 'blue' }),
  pod('x/a', { labels: { pod: 'a' }, ips: ['10.0.0.1'], ports: ['http=8080'] }),
  pod('x/b', { labels: { pod: 'b' }, ips: ['10.0.0.2'] }),
  pod('y/a', { labels: { pod: 'a' }, ips: ['10.0.1.1'], ports: ['http=80'] }),
  pod('y/b', { labels: { pod: 'b' }, ips: ['10.0.1.2'] }),
]

describe('types', () => {
  it.each([
    ['absent: ingress is isolated', {}, 'y/a -> x/a tcp 80', false],
    ['absent: egress is not', {}, 'x/a -> y/a tcp 80', true],
    ['absent, egress empty: egress is not', { egress: [] }, 'x/a -> y/a tcp 80', true],
    [
      'absent, an egress rule: egress is',
      { egress: [{ ports: [{ port: 53 }] }] },
      'x/a -> y/a tcp 80',
      false,
    ],
    ['empty: as absent', { policyTypes: [] }, 'y/a -> x/a tcp 80', false],
    ['Egress only: ingress is open', { policyTypes: ['Egress' as const] }, 'y/a -> x/a tcp 80', true],
  ])('%s', (_, spec, question, expected) => {
    expect(allowed([...world, networkPolicy('x/p', { podSelector: {}, ...spec })], question)).toBe(expected)
  })
})
