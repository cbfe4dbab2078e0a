import { afterAll, describe, expect, it } from 'vitest'
import { CONNTRACK } from './cases/conntrack.ts'
import { FORWARDING } from './cases/forwarding.ts'
import { MATCHES } from './cases/matches.ts'
import { NAT } from './cases/nat.ts'
import { ODD_PACKETS } from './cases/odd-packets.ts'
import { TARGETS } from './cases/targets.ts'
import { compareWithKernel, Kernel, whyNoKernel } from './harness/index.ts'

const why = whyNoKernel()
if (why !== undefined) console.log(`skipped: ${why}`)

describe.skipIf(why !== undefined)('the kernel and the engine agree', () => {
  const kernel = new Kernel()
  afterAll(() => kernel.stop())

  describe.each([
    ['forwarding', FORWARDING],
    ['matches', MATCHES],
    ['targets', TARGETS],
    ['NAT', NAT],
    ['connection tracking', CONNTRACK],
    ['odd packets', ODD_PACKETS],
  ])('%s', (_, cases) => {
    it.each(cases)('$name', async ({ kase }) => {
      const { report } = await compareWithKernel(kernel, kase)
      expect(report).toBe('')
    })
  })
})
