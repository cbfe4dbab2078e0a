import { describe, expect, it } from 'vitest'
import { verifyProperty } from '../../../../src/cli/verify/property.ts'
import { shrinkManifests } from '../../../../src/cli/verify/shrink.ts'
import { parseManifests } from '../../../../src/cluster/manifests/document.ts'
import { Cluster } from '../../../../src/index.ts'

const pod = (name: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name}, labels: { app: ${name} } }\nspec: { containers: [{ name: main, image: app, ports: [{ containerPort: 80 }] }] }\n`
const policy = (name: string, spec: string): string =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: ${name} }\nspec: ${spec}\n`
const MANIFESTS = [
  pod('a'),
  pod('b'),
  pod('c'),
  policy('other', '{ podSelector: { matchLabels: { app: c } } }'),
  policy(
    'range',
    '{ podSelector: { matchLabels: { app: b } }, ingress: [{ ports: [{ port: 22 }] }, { from: [{ podSelector: {} }, { ipBlock: { cidr: 192.0.2.0/24 } }], ports: [{ port: 70, endPort: 80 }, { port: 9 }] }] }',
  ),
].join('---\n')

async function verify(faults: readonly string[], text = MANIFESTS) {
  const manifests = parseManifests(text)
  const options = { nodes: 1, policy: { faults } }
  const cluster = await Cluster.create(options)
  cluster.applyManifests(manifests)
  await cluster.settle()
  return verifyProperty(cluster, manifests, { runs: 2000, seed: 1, options })
}

describe('verifyProperty', () => {
  it('finds nothing where nothing is wrong', async () => {
    const { checked, allowed, denied, differing, counterexample } = await verify([])
    expect({ differing, counterexample }).toEqual({ differing: 0, counterexample: undefined })
    expect(checked).toBe(allowed + denied)
    expect(Math.min(allowed, denied)).toBeGreaterThan(50)
  })

  it('finds a fault and shrinks it to one policy with one rule and one port', async () => {
    const { differing, counterexample } = await verify(['endPortExclusive'])
    expect(differing).toBeGreaterThan(0)
    expect(counterexample!.text).toMatch(/^blocked: .* → default\/b 80\/tcp /)
    const [smallest] = counterexample!.manifests.filter(({ object }) => object.kind === 'NetworkPolicy')
    expect(counterexample!.manifests.map(({ object }) => object.metadata.name)).not.toContain('other')
    expect(smallest!.object['spec']).toEqual({
      podSelector: { matchLabels: { app: 'b' } },
      ingress: [{ from: expect.any(Array) as unknown, ports: [{ port: 70, endPort: 80 }] }],
    })
    expect(
      (smallest!.object['spec'] as { ingress: { from: unknown[] }[] }).ingress[0]!.from.length,
    ).toBeLessThan(2)
  })
})

describe('verifyProperty of Services', () => {
  const service = (name: string) =>
    `apiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\nspec: { type: NodePort, selector: { app: b }, ports: [{ port: 8080, targetPort: 80 }] }\n`
  it('asks about them, too, and shrinks to the one that shows it', async () => {
    const text = [MANIFESTS, service('one'), service('two')].join('---\n')
    expect(await verify([], text)).toMatchObject({ checked: 2000, differing: 0 })
    const { counterexample } = await verify(['policyBeforeDnat'], text)
    expect(counterexample!.text).toMatch(/^(blocked|let through): .* → default\/svc\/(one|two) /)
    expect(counterexample!.text).toContain('KUBE-SERVICES')
    const kinds = counterexample!.manifests.map(({ object }) => object.kind)
    expect(kinds.filter((kind) => kind === 'Service')).toHaveLength(1)
  })
})

describe('shrinkManifests', () => {
  it('takes away what is not needed, and no more often than it may', async () => {
    const manifests = parseManifests(MANIFESTS)
    const named = (some: readonly { object: { metadata: { name?: string } } }[]) =>
      some.map(({ object }) => object.metadata.name)
    const needs = async (some: typeof manifests): Promise<boolean> =>
      named(some).includes('b') && named(some).includes('range')
    const { manifests: smallest, tries } = await shrinkManifests(manifests, (some) => needs([...some]))
    expect(named(smallest)).toEqual(['b', 'range'])
    expect(smallest[1]!.object['spec']).toEqual({ podSelector: { matchLabels: { app: 'b' } }, ingress: [] })
    expect(tries).toBeLessThan(40)
    expect((await shrinkManifests(manifests, (some) => needs([...some]), 1)).tries).toBe(1)
  })
})
