/** What policies know of objects, and for whom there is nothing to know. */
import { describe, expect, it } from 'vitest'
import { nodeFacts, podFacts } from '../../../../src/policy/members/pod-facts.ts'
import { node, pod, type PodOptions } from '../../../support/policy/objects.ts'

const facts = (options: PodOptions) => podFacts(pod('x/a', { ips: ['10.0.0.1'], ...options }))

describe('pods that policies are about', () => {
  it.each<[string, PodOptions, boolean]>([
    ['running', {}, true],
    ['pending, with an address', { phase: 'Pending' }, true],
    ['without an address', { ips: [] }, false],
    ['of the host’s network', { hostNetwork: true }, false],
    ['succeeded', { phase: 'Succeeded' }, false],
    ['failed', { phase: 'Failed' }, false],
  ])('%s: %s', (_, options, expected) => {
    expect(facts(options) !== undefined).toBe(expected)
  })
})

describe('named ports', () => {
  const container = (name: string, ...ports: object[]) => ({ name, ports }) as never
  it('a name that several containers have means the ports of all', () => {
    const spec = {
      containers: [
        container('one', { name: 'web', containerPort: 80 }, { containerPort: 81 }),
        container(
          'two',
          { name: 'web', containerPort: 8080 },
          { name: 'web', containerPort: 80, protocol: 'UDP' },
        ),
      ],
    }
    expect(facts({ spec })!.ports).toEqual([
      { name: 'web', protocol: 'TCP', port: 80 },
      { name: 'web', protocol: 'TCP', port: 8080 },
      { name: 'web', protocol: 'UDP', port: 80 },
    ])
  })

  it('of sidecars, and not of what runs before the pod does', () => {
    const spec = {
      containers: [container('main')],
      initContainers: [
        container('setup', { name: 'setup', containerPort: 1 }),
        {
          ...(container('mesh', { name: 'mesh', containerPort: 2 }) as object),
          restartPolicy: 'Always',
        } as never,
      ],
    }
    expect(facts({ spec })!.ports).toEqual([{ name: 'mesh', protocol: 'TCP', port: 2 }])
  })
})

it('a node is met by every address of its status, and by no name', () => {
  expect(nodeFacts(node('n', ['172.18.0.2', 'n.example', 'fd00::2'])).addresses).toEqual([
    '172.18.0.2',
    'fd00::2',
  ])
  const { metadata } = node('n', [])
  const addresses = (['InternalIP', 'ExternalIP'] as const).map((type, at) => ({
    type,
    address: `203.0.113.${at}`,
  }))
  const facts = nodeFacts({ apiVersion: 'v1', kind: 'Node', metadata, status: { addresses } })
  expect(facts.addresses).toEqual(['203.0.113.0', '203.0.113.1'])
})
