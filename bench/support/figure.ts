/** One line of the benchmark's table, and of `npm run bench -- --json FILE`. Ratios are taken within one run. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** What `value` is measured against, absent when it cannot be had here (no compiler, not root). */
  readonly baseline?: string
  readonly baselineValue?: number
  /** value / baselineValue. */
  readonly ratio?: number
  /** The goal for the ratio, or for the value where there is no baseline. */
  readonly target?: number
  readonly better: 'lower' | 'higher'
}

export interface Baseline {
  readonly name: string
  readonly value: number
}

/** A figure with its ratio. `baseline` may be undefined: then the figure says the value alone. */
export function compare(
  name: string,
  value: number,
  unit: string,
  baseline: Baseline | undefined,
  target: number,
  better: Figure['better'] = 'lower',
): Figure {
  if (baseline === undefined) return { name, value, unit, better }
  return {
    name,
    value,
    unit,
    baseline: baseline.name,
    baselineValue: baseline.value,
    ratio: value / baseline.value,
    target,
    better,
  }
}

/** True, false, or undefined when the figure has no goal here. */
export function reached({ ratio, value, target, better }: Figure): boolean | undefined {
  if (target === undefined) return undefined
  const got = ratio ?? value
  return better === 'lower' ? got <= target : got >= target
}

export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    `${format(figure.value)} ${figure.unit}`,
    figure.baseline === undefined ? '' : `${format(figure.baselineValue!)} (${figure.baseline})`,
    figure.ratio === undefined ? '' : `${format(figure.ratio)}×`,
    figure.target === undefined ? '' : `${figure.better === 'lower' ? '≤' : '≥'} ${format(figure.target)}`,
    { true: 'yes', false: 'NO', undefined: '' }[`${reached(figure)}`],
  ])
  const lines = [['what', 'here', 'against', 'ratio', 'goal', 'reached'], ...rows]
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  const print = (line: readonly (string | undefined)[]) =>
    `| ${line.map((cell, column) => (cell ?? '').padEnd(widths[column]!)).join(' | ')} |`
  return [
    print(lines[0]!),
    print(widths.map((width) => '-'.repeat(width))),
    ...lines.slice(1).map(print),
  ].join('\n')
}

function format(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`
  if (value >= 1000) return value.toFixed(0)
  return value.toPrecision(3)
}
