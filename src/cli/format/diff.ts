/** Differences of connections, in the words of netpol-analyzer. */
import type { ConnectionChange } from '../../cluster/policy/diff.ts'
import { safeLines } from '../../kernel/one-line.ts'
import { connectionsDot } from './graph-dot.ts'
import { connectionsSvg } from './graph-svg.ts'
import { reachText } from './listing.ts'
import { csvLine, markdownRow } from './text.ts'

export const DIFF_FORMATS = ['txt', 'json', 'csv', 'md', 'dot', 'svg'] as const
export type DiffFormat = (typeof DIFF_FORMATS)[number]

export function formatDiff(changes: readonly ConnectionChange[], format: DiffFormat): string {
  const lines = changes.map(lineOf)
  switch (format) {
    case 'txt':
      if (lines.length === 0) return 'No connectivity differences.\n'
      return safeLines(['Connectivity diff:', ...lines.map(textOf), ''])
    case 'json':
      return `${JSON.stringify(
        lines.map(({ type, src, dst, first, second, info }) => ({
          'diff-type': type,
          source: src,
          destination: dst,
          dir1: first,
          dir2: second,
          'workloads-diff-info': info,
        })),
        null,
        1,
      )}\n`
    case 'csv':
      return [csvLine(COLUMNS), ...lines.map((line) => csvLine(fieldsOf(line))), ''].join('\n')
    case 'md':
      return [
        markdownRow(COLUMNS),
        `|${COLUMNS.map((column) => '-'.repeat(column.length + 2)).join('|')}|`,
        ...lines.map((line) => markdownRow(fieldsOf(line))),
        '',
      ].join('\n')
    case 'dot':
      return connectionsDot(lines.map(edgeOf))
    case 'svg':
      return connectionsSvg(lines.map(edgeOf))
    default:
      return format satisfies never
  }
}

const COLUMNS = ['diff-type', 'source', 'destination', 'dir1', 'dir2', 'workloads-diff-info']

interface Line {
  readonly type: ConnectionChange['type']
  readonly src: string
  readonly dst: string
  readonly first: string
  readonly second: string
  readonly info: string
}

function lineOf({ type, src, dst, first, second, workloads }: ConnectionChange): Line {
  return {
    type,
    src,
    dst,
    first: reachText(first),
    second: reachText(second),
    info: infoOf(workloads),
  }
}

/** `workload a added`, `workload a and b added`, `workload a removed and workload b added`. */
function infoOf(workloads: ConnectionChange['workloads']): string {
  const [one, other] = workloads
  if (one === undefined) return ''
  if (other === undefined || other.label === one.label) return `workload ${one.label} ${one.change}`
  if (one.change === other.change) return `workload ${one.label} and ${other.label} ${one.change}`
  return `workload ${one.label} ${one.change} and workload ${other.label} ${other.change}`
}

function textOf({ type, src, dst, first, second, info }: Line): string {
  const more = info === '' ? '' : `, workloads-diff-info: ${info}`
  return `diff-type: ${type}, source: ${src}, destination: ${dst}, dir1: ${first}, dir2: ${second}${more}`
}

function fieldsOf({ type, src, dst, first, second, info }: Line): string[] {
  return [type, src, dst, first, second, info]
}

function edgeOf({ type, src, dst, first, second }: Line) {
  const label = type === 'added' ? second : type === 'removed' ? first : `${first} → ${second}`
  return { src, dst, label, change: type }
}
