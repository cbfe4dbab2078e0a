import * as fc from 'fast-check'
import { mkdirSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { arbitraryPlan } from '../arbitraries/plan.ts'
import { Session, type Plan } from './campaign/session.ts'
import { Tally } from './campaign/tally.ts'
import { Kernel, whyNoKernel, type KernelCase } from './harness/index.ts'

/** The seed is fixed so that a run repeats; PODWIRE_SEED chooses another. PODWIRE_RUNS=0 runs none. */
const SEED = Number(process.env['PODWIRE_SEED'] ?? 20_261_122)
const RUNS = Number(process.env['PODWIRE_RUNS'] ?? 75)
/** Goes on after a difference and keeps every one of them, instead of shrinking the first. */
const SURVEY = process.env['PODWIRE_SURVEY'] === '1'
/** Cases between fresh namespaces: nothing may pile up unseen. */
const RENEW = 25

const why = RUNS > 0 ? whyNoKernel() : 'no campaign of random rules: PODWIRE_RUNS is 0'
if (why !== undefined) console.log(`skipped: ${why}`)

describe.skipIf(why !== undefined)('random rules and flows', () => {
  const kernel = new Kernel()
  const tally = new Tally()
  afterAll(() => {
    kernel.stop()
    console.log(`seed ${SEED}: ${tally.text()}`)
  })

  it(`agree in the kernel and in the engine (seed ${SEED}, ${RUNS} runs)`, async () => {
    const session = new Session(kernel)
    const differing: number[] = []
    let runs = 0
    const property = async (plan: Plan): Promise<void> => {
      if (runs % RENEW === 0) session.renew()
      runs += 1
      let { kase, comparison, randomPort } = await session.play(plan)
      if (!comparison.equal) {
        // What is left of earlier cases may have caused it: only a difference in fresh namespaces counts.
        session.renew()
        ;({ kase, comparison, randomPort } = await session.play(plan))
      }
      if (!comparison.equal && randomPort) {
        tally.skip()
        return
      }
      tally.add(plan, comparison)
      if (comparison.equal) return
      keep(SURVEY ? `survey-${runs}` : 'mismatch', kase, comparison.report)
      if (!SURVEY) throw new Error(comparison.report)
      differing.push(runs)
    }
    await fc.assert(fc.asyncProperty(arbitraryPlan(), property), {
      seed: SEED,
      numRuns: RUNS,
      endOnFailure: process.env['PODWIRE_SHRINK'] === '0',
    })
    expect(differing, 'cases that differ, each in dist/kernel/survey-*').toEqual([])
  })
})

/** The case and what differed, where they can be read and run again. */
function keep(name: string, kase: KernelCase, report: string): void {
  const frames = kase.frames.map(({ port, bytes }) => ({ port, hex: Buffer.from(bytes).toString('hex') }))
  mkdirSync('dist/kernel', { recursive: true })
  writeFileSync(`dist/kernel/${name}.json`, JSON.stringify({ ...kase, frames }, undefined, 1))
  writeFileSync(`dist/kernel/${name}.txt`, `${report}\n`)
}
