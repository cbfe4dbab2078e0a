/** Listed connections: a line each as netpol-analyzer writes them, and the same for programs, spreadsheets and pictures. */
import type { ListedConnection } from '../../cluster/policy/listing.ts'
import { formatConnections, subtractConnections } from '../../policy/evaluate/index.ts'
import { connectionsDot } from './graph-dot.ts'
import { connectionsSvg } from './graph-svg.ts'
import { csvLine, markdownRow } from './text.ts'

export const LIST_FORMATS = ['txt', 'json', 'csv', 'md', 'dot', 'svg'] as const
export type ListFormat = (typeof LIST_FORMATS)[number]

/** One line of a list, as every format has it. */
export interface ListLine {
  readonly src: string
  readonly dst: string
  readonly conn: string
  /** Of `conn`: what only some pairs of pods of the two may. */
  readonly somePods?: string
}

/** In the order of their text. */
export function listLines(connections: readonly ListedConnection[]): ListLine[] {
  return connections
    .map(({ src, dst, connections: set, everyPair }) => ({
      src: src.label,
      dst: dst.label,
      conn: formatConnections(set),
      ...(everyPair === undefined
        ? {}
        : { somePods: formatConnections(subtractConnections(set, everyPair)) }),
    }))
    .sort((a, b) => compare(textOf(a), textOf(b)))
}

export function formatList(lines: readonly ListLine[], format: ListFormat): string {
  switch (format) {
    case 'txt':
      return lines.map((line) => `${textOf(line)}\n`).join('')
    case 'json':
      return `${JSON.stringify(lines, null, 1)}\n`
    case 'csv':
      return table(lines, csvLine, [])
    case 'md':
      return table(lines, markdownRow, ['|-----|-----|------|'])
    case 'dot':
      return connectionsDot(edgesOf(lines))
    case 'svg':
      return connectionsSvg(edgesOf(lines))
    default:
      return format satisfies never
  }
}

function textOf({ src, dst, conn, somePods }: ListLine): string {
  return `${src} => ${dst} : ${conn}${somePods === undefined ? '' : ` (some pods only: ${somePods})`}`
}

/** The columns that everybody has; a fourth only where it says something. */
function table(
  lines: readonly ListLine[],
  row: (fields: readonly string[]) => string,
  under: readonly string[],
): string {
  const partly = lines.some(({ somePods }) => somePods !== undefined)
  return [
    row(['src', 'dst', 'conn', ...(partly ? ['some pods only'] : [])]),
    ...under.map((text) => (partly ? `${text}------|` : text)),
    ...lines.map(({ src, dst, conn, somePods = '' }) => row([src, dst, conn, ...(partly ? [somePods] : [])])),
    '',
  ].join('\n')
}

function edgesOf(lines: readonly ListLine[]) {
  return lines.map(({ src, dst, conn }) => ({ src, dst, label: conn }))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
