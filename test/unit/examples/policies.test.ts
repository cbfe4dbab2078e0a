import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkExpectations } from '../../../src/cluster/expectations/check.ts'
import { parseExpectations } from '../../../src/cluster/expectations/read.ts'
import { Explainer } from '../../../src/cluster/policy/explain.ts'
import { endpointOf, hasFamily } from '../../../src/cluster/policy/listing.ts'
import { Cluster } from '../../../src/index.ts'
import { ALL_CONNECTIONS, NO_CONNECTIONS, unionConnections } from '../../../src/policy/evaluate/index.ts'
import { checkEnforcement } from '../../../src/testing/enforcement/check.ts'

// Expectations are written from what the text of a policy means. Packets and the reference evaluator must both agree.
const FOLDER = 'examples/policies'
const recipes = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

async function start(recipe: string): Promise<Cluster> {
  const cluster = await Cluster.create({ nodes: 2 })
  await cluster.apply(join(FOLDER, recipe))
  await cluster.settle()
  return cluster
}

describe('examples/policies', () => {
  it('each recipe is in the list of its README', () => {
    expect(recipes.length).toBeGreaterThan(20)
    const text = readFileSync(join(FOLDER, 'README.md'), 'utf8')
    const listed = [...text.matchAll(/^\| \[([\w-]+)\]\(\1\)/gm)].map(([, name]) => name)
    expect(listed).toEqual(recipes)
  })

  it.each(recipes)('%s: what is expected holds, by packets and by reference', async (recipe) => {
    const cluster = await start(recipe)
    expect(cluster.warnings()).toEqual([])
    const file = join(FOLDER, recipe, 'expect.yaml')
    const checks = checkExpectations(cluster, parseExpectations(readFileSync(file, 'utf8'), file))
    const failed = checks.flatMap(({ expectation: { name, place, expect: expected }, answers }) =>
      answers
        .filter(({ ok }) => !ok)
        .map(
          ({ by, verdict, reason }) => `${place.line}: ${name}: ${expected}, ${by}: ${verdict}: ${reason}`,
        ),
    )
    expect(failed).toEqual([])
    // Both sorts of expectations: one that only drops would hold in a cluster without any network.
    const expected = new Set(checks.map(({ expectation }) => expectation.expect))
    expect(expected.has('dropped') && (expected.has('delivered') || expected.has('allowed'))).toBe(true)
  })

  it.each(recipes)('%s: whatever its policies tell apart', async (recipe) => {
    const cluster = await start(recipe)
    const { checked, differences } = checkEnforcement(cluster, undefined, { limit: 1500 })
    expect(differences).toEqual([])
    expect(checked).toBeGreaterThan(100)
    // Explained port by port, pairs of pods come to what the set answer says.
    const evaluator = cluster.evaluator()
    const explainer = new Explainer(cluster.view, (options) => cluster.evaluator(options), {}, 'ipv4')
    const ends = cluster.view
      .pods()
      .filter((pod) => hasFamily(pod, 'ipv4'))
      .map((pod) => ({ endpoint: endpointOf(pod), pod }))
    for (const from of ends) {
      for (const to of ends) {
        const { list: parts } = explainer.parts(from, to)
        const sum = (allowed: boolean[]) =>
          parts
            .filter((part) => allowed.includes(part.allowed))
            .reduce((set, part) => unionConnections(set, part.connections), NO_CONNECTIONS)
        expect(sum([true])).toEqual(evaluator.connections(from.endpoint, to.endpoint, { family: 'ipv4' }))
        expect(sum([true, false])).toEqual(ALL_CONNECTIONS)
        for (const { asked, flips } of parts) {
          const question = { from: from.endpoint, to: to.endpoint, family: 'ipv4', ...asked } as const
          expect(flips).toEqual(evaluator.flips(question))
        }
      }
    }
  })
})
