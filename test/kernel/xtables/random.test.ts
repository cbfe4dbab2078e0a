/**
 * Random rulesets and packets of every shape (whole, cut off, fragments, options, extension headers), in the kernel and
 * in the engine: what leaves, every counter, every connection. Sets are left to the campaigns.
 */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Kernel, whyNoKernel } from '../harness/kernel.ts'
import { arbitraryCase } from './arbitrary.ts'
import { Session } from './session.ts'

const why = whyNoKernel()
if (why !== undefined) console.log(`skipped: ${why}`)
const SEED = Number(process.env.PODWIRE_SEED ?? 7)
const RUNS = Number(process.env.PODWIRE_RUNS ?? 24)

describe.skipIf(why !== undefined).each(['ipv4', 'ipv6'] as const)('xtables, %s', (family) => {
  let kernel: Kernel
  beforeAll(() => {
    kernel = new Kernel()
  })
  afterAll(() => kernel.stop())

  it(`decides and counts as the kernel does (seed ${SEED}, ${RUNS} rulesets)`, async () => {
    const session = new Session(kernel)
    const tally = { sent: 0, captured: 0, refused: 0 }
    await fc.assert(
      fc.asyncProperty(arbitraryCase(family), async ({ ruleset, frames }) => {
        const { kase, refused, difference, captured } = await session.play(family, ruleset, frames)
        tally.sent += frames.length
        tally.captured += captured
        tally.refused += Number(refused)
        if (difference !== '') throw new Error(`${difference}\n${kase.files!.rules}`)
      }),
      { seed: SEED, numRuns: RUNS, endOnFailure: process.env.PODWIRE_SHRINK === '0' },
    )
    console.log(
      `${family}: ${tally.sent} frames sent, ${tally.captured} captured, ${tally.refused} rulesets refused`,
    )
    expect(tally.refused).toBeLessThan(RUNS / 2)
    expect(tally.captured).toBeGreaterThan(0)
  })
})
