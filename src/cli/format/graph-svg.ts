/**
 * Connections as a picture: who sends on the left, who gets on the right, a curve a pair in the colour of what it may,
 * with the words in the legend and as tooltips.
 */
import { CHANGE_COLOURS, peersOf, type GraphEdge } from './graph.ts'
import { escapeXml } from './text.ts'

const ROW = 28
const CHARACTER = 7.3
const CURVES = 320
const PALETTE = ['#1f77b4', '#d95f02', '#1b9e77', '#7570b3', '#e7298a', '#66a61e', '#a6761d', '#444444']

export function connectionsSvg(edges: readonly GraphEdge[]): string {
  const peers = peersOf(edges)
  const sources = peers.filter((peer) => edges.some(({ src }) => src === peer))
  const targets = peers.filter((peer) => edges.some(({ dst }) => dst === peer))
  const kinds = [...new Set(edges.map(kindOf))]
  const widest = (labels: readonly string[]): number =>
    16 + CHARACTER * Math.max(10, ...labels.map((label) => label.length))
  const left = widest(sources)
  const right = left + CURVES
  const width = Math.max(
    right + widest(targets),
    40 + CHARACTER * Math.max(0, ...kinds.map(({ length }) => length)),
  )
  const top = 16
  const legend = top + ROW * Math.max(sources.length, targets.length, 1) + 16
  const y = (list: readonly string[], peer: string): number => top + ROW * list.indexOf(peer) + ROW / 2
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${round(width)}" height="${round(legend + 20 * kinds.length + 8)}" font-family="ui-monospace, monospace" font-size="12">`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    ...edges.map((edge) => {
      const [from, to] = [round(y(sources, edge.src)), round(y(targets, edge.dst))]
      const [third, twoThirds] = [round(left + CURVES / 3), round(right - CURVES / 3)]
      return (
        `<g><title>${escapeXml(`${edge.src} => ${edge.dst} : ${kindOf(edge)}`)}</title>` +
        `<path d="M${round(left)} ${from} C${third} ${from} ${twoThirds} ${to} ${round(right - 6)} ${to}" fill="none" stroke="${colourOf(edge, kinds)}" stroke-width="1.5"${edge.toCome === true ? ' stroke-dasharray="5 3"' : ''}/>` +
        `<path d="M${round(right - 6)} ${to - 4} L${round(right)} ${to} L${round(right - 6)} ${to + 4} Z" fill="${colourOf(edge, kinds)}"/></g>`
      )
    }),
    ...sources.map(
      (peer) =>
        `<text x="${round(left - 6)}" y="${round(y(sources, peer) + 4)}" text-anchor="end">${escapeXml(peer)}</text>`,
    ),
    ...targets.map(
      (peer) => `<text x="${round(right + 6)}" y="${round(y(targets, peer) + 4)}">${escapeXml(peer)}</text>`,
    ),
    ...kinds.map((kind, index) => {
      const edge = edges.find((candidate) => kindOf(candidate) === kind)
      const colour = edge === undefined ? '#000000' : colourOf(edge, kinds)
      const line = legend + 20 * index
      return `<g><rect x="8" y="${line}" width="16" height="12" fill="${colour}"/><text x="30" y="${line + 10}">${escapeXml(kind)}</text></g>`
    }),
    '</svg>',
    '',
  ].join('\n')
}

function kindOf({ label, change }: GraphEdge): string {
  return change === undefined ? label : `${change}: ${label}`
}

function colourOf(edge: GraphEdge, kinds: readonly string[]): string {
  if (edge.change !== undefined) return CHANGE_COLOURS[edge.change]
  return PALETTE[kinds.indexOf(kindOf(edge)) % PALETTE.length] ?? '#000000'
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
