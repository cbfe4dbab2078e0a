/**
 * Who reaches whom, written down: the table of `podwire matrix` (one block a port), or an object. Compared with packets,
 * told as the same table, in which a cell that differs shows both letters.
 *
 * ```
 * 80/tcp  from \ to  default/db  default/web        80/tcp  from \ to  default/db  default/web
 * default/db         .           X                  default/db         .           X
 * default/web        X           .                  default/web        X→.         .
 * ```
 */
import type { Cluster } from '../cluster/cluster.ts'
import { SYMBOLS } from '../cluster/connectivity.ts'
import { parsePorts, type PortSpec } from '../cluster/reference.ts'
import { Problem } from '../kernel/problem.ts'

/** Letters of `podwire matrix`: `.` delivered, `X` dropped, `R` rejected, `?` unknown; `-` is not looked at. */
export type MatrixLetter = '.' | 'X' | 'R' | '?' | '-'

/** Text, or client → server → letter, for every port asked. */
export type ExpectedMatrix = string | Readonly<Record<string, Readonly<Record<string, MatrixLetter>>>>

export interface MatrixMatchOptions {
  /** For an object: the ports it speaks of, `80/tcp,53/udp`. Text names its own. */
  readonly ports?: string | readonly PortSpec[]
  /** Rows are workloads (default) or pods. */
  readonly by?: 'workload' | 'pod'
  /** A workload that is not written is an error. Default false: only what is written is looked at. */
  readonly exact?: boolean
}

interface Block extends PortSpec {
  readonly rows: ReadonlyMap<string, ReadonlyMap<string, string>>
}

const LETTERS = new Set<string>([...Object.values(SYMBOLS), '-'])

/** @throws Problem when the text is no matrix, or names a workload that is not there */
export function matrixDifference(
  cluster: Pick<Cluster, 'matrix'>,
  expected: ExpectedMatrix,
  { ports, by = 'workload', exact = false }: MatrixMatchOptions,
): { text: string; differences: number } {
  const blocks = typeof expected === 'string' ? parseMatrix(expected) : blocksOf(expected, ports)
  const { rows, workloads } = cluster.matrix({
    ports: blocks.map(({ port, protocol }) => ({ port, protocol })),
    by,
  })
  const found = new Map(
    rows.map(({ from, to, port, protocol, verdict }) => [
      `${port}/${protocol} ${from} ${to}`,
      SYMBOLS[verdict],
    ]),
  )
  let differences = 0
  const texts = blocks.map(({ port, protocol, rows }) => {
    const at = `${port}/${protocol}`
    const columns = [...new Set([...rows.values()].flatMap((cells) => [...cells.keys()]))]
    for (const name of [...rows.keys(), ...columns]) {
      if (workloads.includes(name)) continue
      throw new Problem(`there is no ${name} in the matrix: it has ${workloads.join(', ')}`, {
        field: 'expected',
      })
    }
    if (exact) expectAll(workloads, [...rows.keys()], columns)
    const table = [...rows].map(([from, cells]) => {
      const line = columns.map((to) => {
        const wanted = cells.get(to) ?? '-'
        const is = found.get(`${at} ${from} ${to}`) ?? '?'
        if (wanted === '-' || wanted === is) return is
        differences++
        return `${wanted}→${is}`
      })
      return [from, ...line]
    })
    return layout([[`${at}  from \\ to`, ...columns], ...table])
  })
  return { text: texts.join('\n\n'), differences }
}

/** @throws Problem that names a workload without a row or a column */
function expectAll(workloads: readonly string[], rows: readonly string[], columns: readonly string[]): void {
  for (const [what, names] of [
    ['row', rows],
    ['column', columns],
  ] as const) {
    const missing = workloads.filter((name) => !names.includes(name))
    if (missing.length > 0) throw new Problem(`has no ${what} ${missing.join(', ')}`, { field: 'expected' })
  }
}

/** @throws Problem with the line */
export function parseMatrix(text: string): Block[] {
  const blocks: { port: PortSpec; columns: string[]; rows: Map<string, Map<string, string>> }[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#') || /^\. delivered\b/.test(line)) continue
    const fail = (message: string): never => {
      throw new Problem(message, { field: 'expected', line: index + 1 })
    }
    const head = /^(\S+)\s+from \\ to\s+(.*)$/.exec(line)
    const words = line.split(/\s+/)
    if (head !== null) {
      const [port, ...more] = parsePorts(head[1] ?? '', 'expected')
      if (port === undefined || more.length > 0) fail('expected one port, as 80/tcp')
      else blocks.push({ port, columns: (head[2] ?? '').split(/\s+/), rows: new Map() })
      continue
    }
    const block = blocks.at(-1)
    if (block === undefined) return fail('expected a heading, as `80/tcp  from \\ to  default/a  default/b`')
    const [name = '', ...letters] = words
    if (letters.length !== block.columns.length) {
      fail(`${name} has ${letters.length} cells for ${block.columns.length} columns`)
    }
    for (const letter of letters)
      if (!LETTERS.has(letter)) fail(`${JSON.stringify(letter)} is none of . X R ? -`)
    if (block.rows.has(name)) fail(`there are two rows ${name}`)
    block.rows.set(name, new Map(letters.map((letter, column) => [block.columns[column] ?? '', letter])))
  }
  if (blocks.length === 0) throw new Problem('holds no matrix', { field: 'expected' })
  for (const { port, rows } of blocks)
    if (rows.size === 0)
      throw new Problem(`the heading ${port.port}/${port.protocol} has no rows`, { field: 'expected' })
  return blocks.map(({ port, rows }) => ({ ...port, rows }))
}

function blocksOf(
  expected: Exclude<ExpectedMatrix, string>,
  ports: MatrixMatchOptions['ports'] = '80/tcp',
): Block[] {
  if (typeof expected !== 'object' || expected === null) {
    throw new Problem(`must be text or { from: { to: '.' } }, not ${String(expected)}`, {
      field: 'expected',
    })
  }
  if (Object.keys(expected).length === 0) throw new Problem('holds no row', { field: 'expected' })
  const rows = new Map(
    Object.entries(expected).map(([from, cells]) => {
      for (const letter of Object.values(cells)) {
        if (!LETTERS.has(letter)) {
          throw new Problem(`${JSON.stringify(letter)} is none of . X R ? -`, { field: `expected.${from}` })
        }
      }
      return [from, new Map(Object.entries(cells))] as const
    }),
  )
  const specs = typeof ports === 'string' ? parsePorts(ports, 'ports') : ports
  if (specs.length === 0) throw new Problem('expected a port, as 80/tcp', { field: 'ports' })
  return specs.map((spec) => ({ ...spec, rows }))
}

function layout(table: readonly (readonly string[])[]): string {
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => (row[column] ?? '').length)),
  )
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
