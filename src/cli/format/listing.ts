/** Listed connections: a line each as netpol-analyzer writes them, and the same for programs, spreadsheets and pictures. */
import type { ListedConnection, Reach } from '../../cluster/policy/listing.ts'
import { formatConnections, subtractConnections } from '../../policy/evaluate/index.ts'
import { oneLine } from '../../kernel/one-line.ts'
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

export function listLines(connections: readonly ListedConnection[]): ListLine[] {
  return sortLines(
    connections.map(({ src, dst, ...reach }) => ({ src: src.label, dst: dst.label, ...reachParts(reach) })),
  )
}

function reachParts({ connections, everyPair }: Reach): Pick<ListLine, 'conn' | 'somePods'> {
  const conn = formatConnections(connections)
  if (everyPair === undefined) return { conn }
  return { conn, somePods: formatConnections(subtractConnections(connections, everyPair)) }
}

/** `All Connections (some pods only: TCP 80)`. */
export function reachText(reach: Reach): string {
  return connText(reachParts(reach))
}

function connText({ conn, somePods }: Pick<ListLine, 'conn' | 'somePods'>): string {
  if (somePods === undefined) return conn
  return somePods === conn ? `${conn} (only some pods)` : `${conn} (some pods only: ${somePods})`
}

/** In the order of their text. */
export function sortLines(lines: readonly ListLine[]): ListLine[] {
  return lines.toSorted((a, b) => compare(lineText(a), lineText(b)))
}

export function formatList(lines: readonly ListLine[], format: ListFormat): string {
  switch (format) {
    case 'txt':
      return lines.map((line) => `${lineText(line)}\n`).join('')
    case 'json':
      return `${JSON.stringify(lines, null, 1)}\n`
    case 'csv':
      return listTable(lines, 'csv')
    case 'md':
      return listTable(lines, 'md')
    case 'dot':
      return connectionsDot(edgesOf(lines))
    case 'svg':
      return connectionsSvg(edgesOf(lines))
    default:
      return format satisfies never
  }
}

export function lineText({ src, dst, ...reach }: ListLine): string {
  return oneLine(`${src} => ${dst} : ${connText(reach)}`)
}

/** The columns that everybody has; a fourth only where it says something. */
export function listTable(
  lines: readonly ListLine[],
  format: 'csv' | 'md',
  first: 'src' | 'dst' = 'src',
): string {
  const partly = lines.some(({ somePods }) => somePods !== undefined)
  const row = format === 'csv' ? csvLine : markdownRow
  const columns = [...(first === 'src' ? ['src', 'dst'] : ['dst', 'src']), 'conn']
  return [
    row([...columns, ...(partly ? ['some pods only'] : [])]),
    ...(format === 'md' ? [`|-----|-----|------|${partly ? '------|' : ''}`] : []),
    ...lines.map(({ src, dst, conn, somePods = '' }) =>
      row([...(first === 'src' ? [src, dst] : [dst, src]), conn, ...(partly ? [somePods] : [])]),
    ),
    '',
  ].join('\n')
}

export function edgesOf(lines: readonly ListLine[]) {
  return lines.map(({ src, dst, conn }) => ({ src, dst, label: conn }))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
