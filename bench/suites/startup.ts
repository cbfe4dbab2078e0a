/** What a user waits for: the engine to be ready, and the first verdict of a fresh process over the example. */
import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { Engine } from '../../src/engine/index.ts'
import type { Figure } from '../support/figure.ts'

const rounds = 7

export function startup(): Figure[] {
  const trace = [
    'trace',
    '-f',
    'examples/guestbook',
    '--from',
    'deploy/frontend',
    '--to',
    'svc/redis',
    '--port',
    '6379',
  ]
  return [
    {
      name: 'engine/size',
      value: statSync('dist/engine.wasm').size / 1024,
      unit: 'KiB',
      target: 160,
      better: 'lower',
    },
    {
      name: 'engine/ready',
      value: median(() => Engine.create({ seed: 1 })),
      unit: 'ms',
      target: 30,
      better: 'lower',
    },
    {
      name: 'first-verdict',
      value: median(() => execFileSync(process.execPath, ['dist/src/cli/main.js', ...trace])),
      unit: 'ms',
      target: 500,
      better: 'lower',
    },
  ]
}

function median(run: () => unknown): number {
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now()
    run()
    return performance.now() - start
  })
  return times.toSorted((a, b) => a - b)[rounds >> 1]!
}
