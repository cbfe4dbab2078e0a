/** The matrix as a picture: a square a port, a cell a pair, its reason as the tooltip. Colours are told apart by letters too. */
import { SYMBOLS } from '../../cluster/connectivity.ts'
import type { Verdict } from '../../cluster/flow.ts'
import type { Grid } from './grid.ts'

const CELL = 24
const CHARACTER = 7.3
const FILL: Readonly<Record<Verdict, string>> = {
  delivered: '#d5efd9',
  dropped: '#f3b9b4',
  rejected: '#f7d9a8',
  unknown: '#d9d9e3',
}

export function matrixSvg(grids: readonly Grid[]): string {
  const names = grids[0]?.names ?? []
  const margin = 16 + CHARACTER * Math.max(10, ...names.map((name) => name.length))
  const side = names.length * CELL
  const height = margin + side + 24
  const squares = grids.map((grid, index) => squareOf(grid, margin, index * height))
  const legendTop = grids.length * height + 8
  const width = Math.max(margin + side + margin / 2, 420)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${round(width)}" height="${round(legendTop + 32)}" font-family="ui-monospace, monospace" font-size="12">`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    ...squares,
    ...legend(legendTop),
    '</svg>',
    '',
  ].join('\n')
}

function squareOf({ port, names, cells }: Grid, margin: number, top: number): string {
  const origin = top + margin
  return [
    `<text x="8" y="${round(origin - 8)}" font-weight="bold">${escape(port)}</text>`,
    ...names.map((name, column) => {
      const x = round(margin + column * CELL + CELL / 2 + 4)
      return `<text transform="translate(${x} ${round(origin - 6)}) rotate(-60)">${escape(name)}</text>`
    }),
    ...cells.flatMap((row, from) => [
      `<text x="8" y="${round(origin + from * CELL + CELL / 2 + 4)}">${escape(names[from] ?? '')}</text>`,
      ...row.map((cell, to) => {
        const x = round(margin + to * CELL)
        const y = round(origin + from * CELL)
        return (
          `<g><title>${escape(`${cell.from} → ${cell.to} ${port}: ${cell.verdict}. ${cell.reason}`)}</title>` +
          `<rect x="${x}" y="${y}" width="${CELL - 1}" height="${CELL - 1}" fill="${FILL[cell.verdict]}"/>` +
          `<text x="${round(x + CELL / 2)}" y="${round(y + CELL / 2 + 4)}" text-anchor="middle">${SYMBOLS[cell.verdict]}</text></g>`
        )
      }),
    ]),
  ].join('\n')
}

function legend(top: number): string[] {
  const verdicts = Object.keys(SYMBOLS) as Verdict[]
  return verdicts.map(
    (verdict, index) =>
      `<g><rect x="${8 + index * 104}" y="${round(top)}" width="16" height="16" fill="${FILL[verdict]}"/>` +
      `<text x="${28 + index * 104}" y="${round(top + 12)}">${SYMBOLS[verdict]} ${verdict}</text></g>`,
  )
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escape(text: string): string {
  return text.replace(
    /[&<>"]/g,
    (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[char] ?? char,
  )
}
