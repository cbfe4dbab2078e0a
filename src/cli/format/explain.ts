/** Explanations for people: what is allowed and what is not between two ends, and in each direction who says so. */
import type { Explanation, PodsMeant } from '../../cluster/policy/explain-pairs.ts'
import { formatConnections } from '../../policy/evaluate/index.ts'
import { safeLines } from '../../kernel/one-line.ts'
import { flipText, stepLines } from './reference.ts'
import { jsonList } from './text.ts'

/** Piece by piece, as explanations come. */
export function formatExplanations(
  explanations: Iterable<Explanation>,
  format: 'txt' | 'json',
): Iterable<string> {
  return format === 'json' ? jsonList(explanations, objectOf) : texts(explanations)
}

function objectOf({ src, dst, pods, parts }: Explanation): object {
  return {
    src,
    dst,
    ...(pods === undefined ? {} : { pods }),
    parts: parts.map(({ connections, allowed, verdict, flips }) => ({
      conn: formatConnections(connections),
      allowed,
      egress: verdict.egress,
      ingress: verdict.ingress,
      flips,
    })),
  }
}

function* texts(explanations: Iterable<Explanation>): Generator<string> {
  let between = ''
  for (const explanation of explanations) {
    yield between + textOf(explanation)
    between = '\n'
  }
}

function textOf({ src, dst, pods, parts }: Explanation): string {
  return safeLines([
    `${src} => ${dst}${pods === undefined ? '' : ` (${meantText(pods)})`}`,
    ...parts.flatMap(({ connections, allowed, verdict, flips }) => [
      `  ${allowed ? 'allowed' : 'DENIED'}: ${formatConnections(connections)}`,
      ...[verdict.egress, verdict.ingress].flatMap((direction) => [
        `    ${direction.direction}`,
        ...stepLines(direction).map((line) => `      ${line}`),
      ]),
      ...flips.map((flip) => `    ${flipText(flip)}`),
    ]),
    '',
  ])
}

/** `1 of 4 pairs of pods: data/agent-x => data/db-0`, `2 of 3 pods: data/db-0, data/db-1`. */
function meantText({ pairs, of, groups }: PodsMeant): string {
  const single = groups.every(({ src, dst }) => src.length === 0 || dst.length === 0)
  const which = single
    ? some(groups.flatMap(({ src, dst }) => [...src, ...dst]))
    : some(
        groups.map(({ src, dst }) => `${some(src)} => ${some(dst)}`),
        '; ',
      )
  return `${pairs} of ${of} ${single ? 'pods' : 'pairs of pods'}: ${which}`
}

const MOST = 3

function some(names: readonly string[], between = ', '): string {
  const more = names.length - MOST
  return [...names.slice(0, MOST), ...(more > 0 ? [`${more} more`] : [])].join(between)
}
