/**
 * What is open to workloads that do not exist yet, behind what is listed, in netpol-analyzer's words. The addresses
 * outside of the cluster are part of it: they are open to whoever will have them.
 */
import type { ExposureLine, ExposureReport } from '../../cluster/policy/exposure.ts'
import {
  equalConnections,
  formatOpenConnections,
  subtractConnections,
  type ConnectionSet,
  type OpenConnections,
} from '../../policy/evaluate/index.ts'
import type { Direction } from '../../policy/evaluate/question.ts'
import { isExternal } from './graph.ts'
import { connectionsDot } from './graph-dot.ts'
import { connectionsSvg } from './graph-svg.ts'
import {
  edgesOf,
  formatList,
  lineText,
  listTable,
  sortLines,
  type ListFormat,
  type ListLine,
} from './listing.ts'

const TITLES = { egress: 'Egress Exposure:', ingress: 'Ingress Exposure:' } as const
const DIRECTIONS = ['egress', 'ingress'] as const

export function formatExposure(
  listed: readonly ListLine[],
  report: ExposureReport,
  format: ListFormat,
): string {
  switch (format) {
    case 'txt':
      return formatList(listed, 'txt') + exposureText(listed, report)
    case 'json':
      return exposureJson(listed, report)
    case 'csv':
      return [
        formatList(listed, 'csv'),
        ...sections(listed, report).map(
          ({ direction, lines }) =>
            `${TITLES[direction]},,\n${listTable(lines, 'csv', direction === 'egress' ? 'src' : 'dst')}`,
        ),
      ].join('')
    case 'md':
      return [
        `${formatList(listed, 'md')}## Exposure Analysis Result:\n`,
        ...sections(listed, report).map(
          ({ direction, lines }) =>
            `### ${TITLES[direction]}\n${listTable(lines, 'md', direction === 'egress' ? 'src' : 'dst')}`,
        ),
      ].join('\n')
    case 'dot':
      return connectionsDot(edges(listed, report))
    case 'svg':
      return connectionsSvg(edges(listed, report))
    default:
      return format satisfies never
  }
}

interface Section {
  readonly direction: Direction
  readonly lines: readonly ListLine[]
}

function sections(listed: readonly ListLine[], { lines }: ExposureReport): Section[] {
  return DIRECTIONS.map((direction) => ({
    direction,
    lines: [
      ...listed.filter(({ src, dst }) => isExternal(direction === 'egress' ? dst : src)),
      ...lines.filter((line) => line.direction === direction).map(lineOf),
    ].sort((a, b) => (textIn(direction, a) < textIn(direction, b) ? -1 : 1)),
  }))
}

function lineOf({ workload, direction, peer, open, every }: ExposureLine): ListLine {
  const ends =
    direction === 'egress' ? { src: workload.label, dst: peer } : { src: peer, dst: workload.label }
  const conn = formatOpenConnections(open)
  return {
    ...ends,
    conn,
    ...(every === undefined ? {} : { somePods: formatOpenConnections(beyond(open, every)) }),
  }
}

/** What only some pods are open to. */
function beyond(open: OpenConnections, every: OpenConnections): OpenConnections {
  const everyOf = (name: string): ConnectionSet =>
    every.named.find((one) => one.name === name)?.connections ?? every.connections
  return {
    connections: subtractConnections(open.connections, every.connections),
    named: open.named.filter(({ name, connections }) => !equalConnections(connections, everyOf(name))),
  }
}

/** The workload first: `a => b`, and `b <= a` for what it gets. */
function textIn(direction: Direction, line: ListLine): string {
  if (direction === 'egress') return lineText(line)
  return lineText({ ...line, src: line.dst, dst: line.src }).replace(' => ', ' <= ')
}

function exposureText(listed: readonly ListLine[], report: ExposureReport): string {
  const [egress, ingress] = sections(listed, report).map(({ direction, lines }) => [
    TITLES[direction],
    ...lines.map((line) => textIn(direction, line)),
  ])
  const loose = report.unprotected.map(
    ({ workload, direction, somePods }) =>
      `${workload.label} is not protected on ${titled(direction)}${somePods ? ' (only some pods)' : ''}`,
  )
  return [
    '',
    'Exposure Analysis Result:',
    ...egress!,
    '',
    ...ingress!,
    ...(loose.length === 0 ? [] : ['', 'Workloads not protected by network policies:', ...loose.sort()]),
    '',
  ].join('\n')
}

function exposureJson(listed: readonly ListLine[], report: ExposureReport): string {
  const [egress, ingress] = sections(listed, report).map(({ lines }) => lines)
  const results = {
    connlist_results: listed,
    exposure_results: {
      egress_exposure: egress,
      ingress_exposure: ingress,
      unprotected_workloads: report.unprotected.map(({ workload, direction, somePods }) => ({
        workload: workload.label,
        direction,
        ...(somePods ? { somePods } : {}),
      })),
    },
  }
  return `${JSON.stringify(results, null, 1)}\n`
}

function edges(listed: readonly ListLine[], { lines }: ExposureReport) {
  const toCome = sortLines(lines.map(lineOf))
  return [...edgesOf(listed), ...edgesOf(toCome).map((edge) => ({ ...edge, toCome: true }))]
}

function titled(direction: Direction): string {
  return `${direction.slice(0, 1).toUpperCase()}${direction.slice(1)}`
}
