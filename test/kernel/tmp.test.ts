import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { printIptablesSave } from '../../src/kernel/iptables/index.ts'
import { arbitraryRuleset } from '../arbitraries/ruleset.ts'
import { SETS_TEXT } from './campaign/sets.ts'
import { Kernel } from './harness/kernel.ts'
import { TOPOLOGY } from './harness/topology.ts'

it('kernel accepts', async () => {
  const kernel = new Kernel()
  await kernel.reset()
  kernel.write({ sets: SETS_TEXT })
  await kernel.script(`${TOPOLOGY}\nip netns exec node ipset restore < sets`)
  const bad = new Map<string, number>()
  let n = 0
  const t = performance.now()
  for (const family of ['ipv4', 'ipv6'] as const)
    for (const ruleset of fc.sample(arbitraryRuleset(family), { numRuns: 600, seed: 1 })) {
      const text = printIptablesSave(ruleset)
      kernel.write({ rules: text })
      n++
      try {
        const out = await kernel.script(`ip netns exec node ip${family === 'ipv6' ? '6' : ''}tables-restore < rules\nip netns exec node ip${family === 'ipv6' ? '6' : ''}tables-save`)
        const strip = (t: string) => t.split('\n').filter((l) => l && !l.startsWith('#') && !l.startsWith(':')).map(l => l.startsWith('*') ? l : l)
        const mine = new Map(strip(text).map((l) => [l, 1])), theirs = strip(out)
        const missing = theirs.filter((l) => !mine.has(l))
        const theirset = new Set(theirs)
        const extra = strip(text).filter((l) => !theirset.has(l))
        
      } catch (error) {
        const line = /line:? (\d+)/.exec(String(error))
        const key = `${family} ${String(error).split('\n').slice(1).join(' ')} :: ${line ? text.split('\n')[Number(line[1]) - 1] : ''}`
        bad.set(key, (bad.get(key) ?? 0) + 1)
      }
    }
  console.log(n, performance.now() - t)
  for (const [k, v] of [...bad].slice(0, 40)) console.log(v, k)
  kernel.stop()
  expect(1).toBe(1)
})
