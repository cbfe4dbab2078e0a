import { describe, expect, it } from 'vitest'
import { formatMatrix } from '../../../src/cli/format/matrix.ts'
import type { Connectivity } from '../../../src/cluster/connectivity.ts'
import type { Verdict } from '../../../src/cluster/flow.ts'

function matrixOf(workloads: readonly string[], ports: readonly number[], verdicts: string): Connectivity {
  const verdict = { '.': 'delivered', X: 'dropped', R: 'rejected', '?': 'unknown' } as const
  let index = 0
  return {
    ports: ports.map((port) => `${port}/tcp`),
    workloads,
    rows: ports.flatMap((port) =>
      workloads.flatMap((from) =>
        workloads.map((to) => {
          const symbol = verdicts[index++] as keyof typeof verdict
          return {
            from,
            to,
            port,
            protocol: 'tcp' as const,
            verdict: verdict[symbol] as Verdict,
            reason: 'why, "so"',
          }
        }),
      ),
    ),
  }
}

const two = matrixOf(['default/web', 'shop/db'], [80, 5432], '.XR?R.R.')

describe('formatMatrix', () => {
  it('table: clients down, servers across, a square a port', () => {
    expect(formatMatrix(two, 'table')).toBe(`80/tcp  from \\ to  default/web  shop/db
default/web        .            X
shop/db            R            ?

5432/tcp  from \\ to  default/web  shop/db
default/web          R            .
shop/db              R            .

. delivered   X dropped   R rejected   ? unknown
`)
  })

  it('table: numbers the columns when their names are too long', () => {
    const names = Array.from({ length: 11 }, (_, index) => `namespace-${index}/workload`)
    const lines = formatMatrix(matrixOf(names, [80], '.'.repeat(121)), 'table').split('\n')
    expect(lines[0]).toBe('80/tcp  from \\ to         1  2  3  4  5  6  7  8  9  10  11')
    expect(lines[11]).toBe('11 namespace-10/workload  .  .  .  .  .  .  .  .  .  .   .')
  })

  it('csv: one row a pair, quoted where it must be', () => {
    expect(formatMatrix(two, 'csv').split('\n').slice(0, 3)).toEqual([
      'from,to,port,protocol,verdict,reason',
      'default/web,default/web,80,tcp,delivered,"why, ""so"""',
      'default/web,shop/db,80,tcp,dropped,"why, ""so"""',
    ])
  })

  it('md: a table GitHub draws', () => {
    expect(formatMatrix(two, 'md').split('\n').slice(0, 4)).toEqual([
      '| 80/tcp | default/web | shop/db |',
      '| --- | :-: | :-: |',
      '| default/web | . | X |',
      '| shop/db | R | ? |',
    ])
  })

  it('json: the shape as promised', () => {
    expect(JSON.parse(formatMatrix(two, 'json'))).toEqual(two)
  })

  it('md: as many cells in every row where there is no workload', () => {
    expect(
      formatMatrix(matrixOf([], [80], ''), 'md')
        .split('\n')
        .slice(0, 2),
    ).toEqual(['| 80/tcp |', '| --- |'])
  })

  it('svg: well-formed, a titled cell a pair', () => {
    const svg = formatMatrix(matrixOf(['a/<b>', 'a/c'], [80], '.XR?'), 'svg')
    expect(svg.match(/<title>/g)).toHaveLength(4)
    expect(svg).toContain('a/&lt;b&gt; → a/c 80/tcp: dropped. why, &quot;so&quot;')
    const open = [...svg.matchAll(/<(\/?)([a-z]+)([^>]*?)(\/?)>/g)]
    const stack: string[] = []
    for (const [, end, name, , empty] of open) {
      if (end === '/') expect(stack.pop()).toBe(name)
      else if (empty === '') stack.push(name!)
    }
    expect(stack).toEqual([])
  })
})
