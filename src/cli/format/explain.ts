/** Explanations for people: what is allowed and what is not between two ends, and in each direction who says so. */
import type { Explanation } from '../../cluster/policy/explain.ts'
import { formatConnections } from '../../policy/evaluate/index.ts'
import { flipText, stepLines } from './reference.ts'

export function formatExplanations(explanations: readonly Explanation[], format: 'txt' | 'json'): string {
  if (format === 'json') {
    return `${JSON.stringify(
      explanations.map(({ src, dst, parts }) => ({
        src,
        dst,
        parts: parts.map(({ connections, allowed, verdict, flips }) => ({
          conn: formatConnections(connections),
          allowed,
          egress: verdict.egress,
          ingress: verdict.ingress,
          flips,
        })),
      })),
      null,
      1,
    )}\n`
  }
  return explanations.map(textOf).join('\n')
}

function textOf({ src, dst, parts }: Explanation): string {
  return [
    `${src} => ${dst}`,
    ...parts.flatMap(({ connections, allowed, verdict, flips }) => [
      `  ${allowed ? 'allowed' : 'DENIED'}: ${formatConnections(connections)}`,
      ...[verdict.egress, verdict.ingress].flatMap((direction) => [
        `    ${direction.direction}`,
        ...stepLines(direction).map((line) => `      ${line}`),
      ]),
      ...flips.map((flip) => `    ${flipText(flip)}`),
    ]),
    '',
  ].join('\n')
}
