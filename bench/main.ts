/** `npm run bench [-- --json FILE] [--only TEXT]`: every figure with its baseline from the same run, as a table. */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { chainWalk } from './suites/chain-walk.ts'
import { conntrackHit } from './suites/conntrack-hit.ts'
import { forward } from './suites/forward.ts'
import { load } from './suites/load.ts'
import { allPairs } from './suites/matrix.ts'
import { policyCompile, policyConnections } from './suites/policy-compile.ts'
import { policyEvaluate } from './suites/policy-evaluate.ts'
import { startup } from './suites/startup.ts'
import { update } from './suites/update.ts'
import { reached, table, type Figure } from './support/figure.ts'

const { values: options } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string' } } })

const suites: Record<string, () => Figure[] | Promise<Figure[]>> = {
  'chain-walk': () => chainWalk(10_000),
  'conntrack-hit': () => [...conntrackHit(65_536, 1.3), ...conntrackHit(1_048_576, 1.25)],
  forward,
  load: () => load(10_000),
  update,
  matrix: () => allPairs(1000),
  'policy-compile': () => policyCompile(10_000, 1000),
  'policy-connections': () => policyConnections(1000),
  'policy-evaluate': policyEvaluate,
  startup,
}

const figures: Figure[] = []
for (const [name, run] of Object.entries(suites)) {
  if (options.only !== undefined && !name.includes(options.only)) continue
  process.stderr.write(`${name} …\n`)
  figures.push(...(await run()))
}
console.log(table(figures))
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(figures, null, 2)}\n`)
const missed = figures.filter((figure) => reached(figure) === false)
if (missed.length > 0) console.error(`not reached: ${missed.map(({ name }) => name).join(', ')}`)
