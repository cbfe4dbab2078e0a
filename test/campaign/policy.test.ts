/**
 * The campaign: drawn clusters, drawn packets, to ends and through Services of every type, against the evaluator; a
 * difference is made small and told with its seed. `npm run campaign`, or `PAIRS=1000000 SEED=7 npm run campaign`. Not
 * part of `npm test`.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryCluster } from '../../src/testing/arbitraries/index.ts'
import { checkEnforcement, formatReport } from '../../src/testing/enforcement/check.ts'
import { checkServices, formatServiceDifference } from '../../src/testing/enforcement/services.ts'
import { POLICY_PROPERTIES } from '../../src/testing/properties/index.ts'
import { planText } from '../../src/testing/properties/property.ts'
import { startCluster } from '../../src/testing/start-cluster.ts'

const PAIRS = Number(process.env['PAIRS'] ?? 100_000)
const SEED = Number(process.env['SEED'] ?? 1)
const PACKETS = 400

describe('the campaign', () => {
  it(
    `${PAIRS} pairs of a cluster and a packet, both families, seed ${SEED}`,
    { timeout: 36_000_000 },
    async () => {
      const total = { clusters: 0, packets: 0, allowed: 0, denied: 0, services: 0, served: 0 }
      const drawn = fc.record({
        plan: arbitraryCluster({
          minPods: 4,
          maxPods: 8,
          maxNodes: 3,
          minServices: 1,
          maxServices: 3,
          minPolicies: 3,
          maxPolicies: 6,
          maxClusterPolicies: 3,
        }),
        seed: fc.noShrink(fc.nat({ max: 0xffff })),
      })
      const property = fc.asyncProperty(drawn, async ({ plan, seed }) => {
        const cluster = await startCluster(plan)
        const report = checkEnforcement(cluster, undefined, { limit: PACKETS, seed })
        const services = checkServices(cluster, { limit: PACKETS, seed })
        total.clusters++
        total.packets += report.checked
        total.allowed += report.allowed
        total.denied += report.denied
        total.services += services.checked
        total.served += services.allowed
        if (report.differences.length > 0) throw new Error(formatReport(report, cluster))
        if (services.differences.length > 0)
          throw new Error(
            services.differences
              .slice(0, 5)
              .map((one) => formatServiceDifference(one))
              .join('\n\n'),
          )
      })
      let at = SEED
      while (total.packets < PAIRS) {
        const details = await fc.check(property, { seed: at, numRuns: 50 })
        if (details.failed) {
          const [{ plan }] = details.counterexample ?? [{ plan: undefined }]
          const text = plan === undefined ? '' : planText(plan)
          throw new Error(
            `seed ${at}, path ${details.counterexamplePath}\n${String(details.errorInstance)}\n\n${text}`,
          )
        }
        at++
      }
      process.stdout.write(`${JSON.stringify({ ...total, seeds: [SEED, at - 1] })}\n`)
      expect(total.packets).toBeGreaterThanOrEqual(PAIRS)
      // A campaign in which hardly anything is denied, or allowed, compares nothing.
      expect(total.denied).toBeGreaterThan(total.packets / 10)
      expect(total.allowed).toBeGreaterThan(total.packets / 10)
      expect(total.services).toBeGreaterThan(0)
      expect(total.served).toBeGreaterThan(0)
      expect(total.served).toBeLessThan(total.services)
    },
  )

  it.each(POLICY_PROPERTIES.map((property) => [property.name, property] as const))(
    '%s, at length',
    { timeout: 36_000_000 },
    async (_, property) => {
      await property.assert({ seed: SEED, runs: Math.ceil(PAIRS / 1000) })
    },
  )
})
