/** The matrix as text for people, for spreadsheets, for pull requests. Rows are clients, columns are servers. */
import { SYMBOLS, type Connectivity } from '../../cluster/connectivity.ts'
import { grids, type Grid } from './grid.ts'
import { matrixSvg } from './matrix-svg.ts'
import { markdownRow } from './text.ts'

export const MATRIX_FORMATS = ['table', 'json', 'csv', 'md', 'svg'] as const
export type MatrixFormat = (typeof MATRIX_FORMATS)[number]

/** `by`: a matrix of the reference evaluator knows no `R`, and its letters are what policies say. */
export function formatMatrix(
  matrix: Connectivity,
  format: MatrixFormat,
  by: 'packets' | 'reference' = 'packets',
): string {
  switch (format) {
    case 'table':
      return grids(matrix).map(tableOf).join('\n') + `\n${LEGENDS[by]}\n`
    case 'json':
      return `${JSON.stringify(matrix)}\n`
    case 'csv':
      return csv(matrix)
    case 'md':
      return grids(matrix).map(markdownOf).join('\n') + `\n${LEGENDS[by]}\n`
    case 'svg':
      return matrixSvg(grids(matrix))
    default:
      return format satisfies never
  }
}

const LEGENDS = {
  packets: `${SYMBOLS.delivered} delivered   ${SYMBOLS.dropped} dropped   ${SYMBOLS.rejected} rejected   ${SYMBOLS.unknown} unknown`,
  reference: `${SYMBOLS.delivered} allowed   ${SYMBOLS.dropped} denied   ${SYMBOLS.unknown} unknown   (by the reference evaluator)`,
} as const
/** Beyond this many characters, columns are headed by the number of their row. */
const WIDE = 120

function tableOf({ port, names, cells }: Grid): string {
  const named = names.reduce((width, name) => width + name.length + 2, 0) <= WIDE
  const digits = String(names.length).length
  const label = (index: number): string => (named ? (names[index] ?? '') : String(index + 1))
  const rowName = (index: number): string =>
    named ? (names[index] ?? '') : `${String(index + 1).padStart(digits)} ${names[index] ?? ''}`
  const head = `${port}  from \\ to`
  const width = Math.max(head.length, ...names.map((_, index) => rowName(index).length))
  const line = (first: string, items: readonly string[]): string =>
    `${first.padEnd(width)}  ${items.map((item, index) => item.padEnd(label(index).length)).join('  ')}`.trimEnd()
  return [
    line(
      head,
      names.map((_, index) => label(index)),
    ),
    ...cells.map((row, from) =>
      line(
        rowName(from),
        row.map(({ verdict }) => SYMBOLS[verdict]),
      ),
    ),
    '',
  ].join('\n')
}

function markdownOf({ port, names, cells }: Grid): string {
  return [
    markdownRow([port, ...names]),
    `| --- |${names.map(() => ' :-: |').join('')}`,
    ...cells.map((row, from) =>
      markdownRow([names[from] ?? '', ...row.map(({ verdict }) => SYMBOLS[verdict])]),
    ),
    '',
  ].join('\n')
}

function csv({ rows }: Connectivity): string {
  const quote = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  return [
    'from,to,port,protocol,verdict,reason',
    ...rows.map(({ from, to, port, protocol, verdict, reason }) =>
      [from, to, String(port), protocol, verdict, reason].map(quote).join(','),
    ),
    '',
  ].join('\n')
}
