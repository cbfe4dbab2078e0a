/** The pieces that rules and sets are made of, at the limits of the kernel. */
import { describe, expect, it } from 'vitest'
import { networkElements } from '../../../../src/policy/iptables/elements.ts'
import { hashedSet, namespaceChain, policyChain, setName } from '../../../../src/policy/iptables/names.ts'
import { peerMatches } from '../../../../src/policy/iptables/peers.ts'
import { portMatches } from '../../../../src/policy/iptables/ports.ts'
import { planNetworkPolicy } from '../../../../src/policy/plan/network-policy.ts'
import type { PlanPort } from '../../../../src/policy/plan/plan.ts'
import { networkPolicy } from '../../../support/policy/objects.ts'

const port = (from: number, to: number = from): PlanPort => ({ kind: 'range', protocol: 'TCP', from, to })

describe('ports', () => {
  const shape = (ports: PlanPort[]) =>
    portMatches(ports, 'ipv4', 'original').map(({ matches }) =>
      matches.map((match) =>
        match.kind === 'multiport'
          ? match.ports.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join()
          : match.kind,
      ),
    )

  it('ranges that touch or overlap are one', () => {
    expect(portMatches([port(80), port(81, 90), port(85, 95), port(97)], 'ipv4', 'original')).toMatchObject([
      {
        matches: [
          {
            kind: 'multiport',
            ports: [
              { from: 80, to: 95 },
              { from: 97, to: 97 },
            ],
          },
        ],
      },
    ])
    expect(portMatches([port(1, 100), port(5, 6)], 'ipv4', 'original')).toMatchObject([
      { matches: [{ kind: 'tcp', destinationPort: { value: { from: 1, to: 100 } } }] },
    ])
  })

  it('a multiport has 15 places, and a range takes two', () => {
    const numbers = (count: number) => Array.from({ length: count }, (_, index) => port(2 * index + 1))
    expect(shape(numbers(15))).toEqual([['1,3,5,7,9,11,13,15,17,19,21,23,25,27,29']])
    expect(shape(numbers(16))).toEqual([['1,3,5,7,9,11,13,15,17,19,21,23,25,27,29'], ['tcp']])
    expect(shape([...numbers(14), port(100, 200)])).toEqual([
      ['1,3,5,7,9,11,13,15,17,19,21,23,25,27'],
      ['tcp'],
    ])
    expect(shape([...numbers(13), port(100, 200)])).toEqual([['1,3,5,7,9,11,13,15,17,19,21,23,25,100-200']])
  })

  it('all of a protocol takes its numbers in', () => {
    expect(shape([port(80), { kind: 'protocol', protocol: 'TCP' }])).toEqual([[]])
  })
})

describe('replies meet rules mirrored', () => {
  it('the port that the connection was made to is their source port', () => {
    expect(portMatches([port(80)], 'ipv4', 'reply')).toMatchObject([
      { matches: [{ kind: 'tcp', sourcePort: { value: { from: 80, to: 80 } } }] },
    ])
    expect(portMatches([port(80), port(90)], 'ipv4', 'reply')).toMatchObject([
      { matches: [{ kind: 'multiport', direction: 'source' }] },
    ])
    expect(portMatches([{ kind: 'named', name: 'web' }], 'ipv4', 'reply')).toMatchObject([
      { matches: [{ kind: 'set', directions: ['src', 'src'] }] },
    ])
  })

  it('the other end is on the other side', () => {
    const peers = [{ kind: 'network' as const, cidr: '10.0.0.0/8', except: [] }]
    const value = { address: '10.0.0.0', prefixLength: 8 }
    expect(peerMatches(peers, 'egress', 'ipv4', 'original')[0]!.header).toEqual({ destination: { value } })
    expect(peerMatches(peers, 'egress', 'ipv4', 'reply')[0]!.header).toEqual({ source: { value } })
    expect(peerMatches(peers, 'ingress', 'ipv4', 'reply')[0]!.header).toEqual({ destination: { value } })
  })
})

describe('networks', () => {
  const network = (cidr: string, except: string[] = []) => ({ kind: 'network' as const, cidr, except })

  it('of the other family match nothing', () => {
    expect(peerMatches([network('10.0.0.0/8')], 'egress', 'ipv6', 'original')).toEqual([])
    expect(peerMatches([network('::/0')], 'egress', 'ipv4', 'original')).toEqual([])
  })

  it('one stands in the rule, several in a set, and one that is everything in neither', () => {
    expect(peerMatches([network('10.1.2.3/8')], 'ingress', 'ipv4', 'original')).toEqual([
      { header: { source: { value: { address: '10.0.0.0', prefixLength: 8 } } }, matches: [], sets: [] },
    ])
    const [several] = peerMatches(
      [network('10.0.0.0/8'), network('11.0.0.0/8')],
      'egress',
      'ipv4',
      'original',
    )
    expect(several).toMatchObject({ header: {}, matches: [{ kind: 'set', directions: ['dst'] }] })
    expect(peerMatches([network('10.0.0.0/8'), network('0.0.0.0/0')], 'egress', 'ipv4', 'original')).toEqual([
      { header: {}, matches: [], sets: [] },
    ])
  })

  it('exceptions belong to their own block: two blocks with exceptions are two sets', () => {
    const two = peerMatches(
      [network('10.0.0.0/8', ['10.1.0.0/16']), network('10.0.0.0/7', ['10.0.0.0/9'])],
      'egress',
      'ipv4',
      'original',
    )
    expect(two.flatMap(({ sets }) => sets)).toMatchObject([
      { cidrs: ['10.0.0.0/8'], except: ['10.1.0.0/16'] },
      { cidrs: ['10.0.0.0/7'], except: ['10.0.0.0/9'] },
    ])
  })

  it('a set has no room for /0: it is two halves; exceptions are elements that do not match', () => {
    const shown = (cidr: string, except: string[]) =>
      networkElements([cidr], except).map(
        ({ text, entry }) => `${text}${entry.nomatch === true ? ' nomatch' : ''}`,
      )
    expect(shown('0.0.0.0/0', ['10.0.0.0/8', '10.1.2.3/32'])).toEqual([
      '0.0.0.0/1',
      '128.0.0.0/1',
      '10.0.0.0/8 nomatch',
      '10.1.2.3 nomatch',
    ])
    expect(shown('::/0', ['2001:db8::/32'])).toEqual(['::/1', '8000::/1', '2001:db8::/32 nomatch'])
  })
})

describe('names', () => {
  const long = 'a'.repeat(253)
  const [first, second] = ['a', 'b'].map((end) => {
    const [plan] = planNetworkPolicy(
      networkPolicy(`${'n'.repeat(63)}/${long.slice(1)}${end}`, { podSelector: {} }),
    )
    return plan!
  })

  it('fit into the kernel: 28 characters of a chain, 31 of a set', () => {
    expect(policyChain(first!, 'reply').length).toBeLessThanOrEqual(28)
    expect(policyChain({ ...first!, kind: 'ClusterNetworkPolicy' }, 'reply').length).toBeLessThanOrEqual(28)
    expect(namespaceChain('egress', 'n'.repeat(63), 'reply').length).toBeLessThanOrEqual(28)
    for (const what of ['subject', 'pods', 'port', 'nodes', 'net', 'iso-e'])
      expect(setName(hashedSet(what, long), 'ipv6').length).toBeLessThanOrEqual(31)
  })

  it('of policies that differ late are different', () => {
    expect(policyChain(first!, 'reply').slice(0, 14)).toBe(policyChain(second!, 'reply').slice(0, 14))
    expect(policyChain(first!, 'reply')).not.toBe(policyChain(second!, 'reply'))
  })
})
