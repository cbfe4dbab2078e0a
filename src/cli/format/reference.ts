/** The reference evaluator's answer for people: what each judge sees, the tiers it asks, and what decided. */
import type { Judgement, ReferenceAnswer, ReferencePath } from '../../cluster/policy/answer.ts'
import type { DirectionVerdict, Flip } from '../../policy/evaluate/index.ts'
import { safeLines } from '../../kernel/one-line.ts'
import { alignColumns } from './text.ts'

export function formatReference(answer: ReferenceAnswer): string {
  const { from, to, request, paths, verdict, reason } = answer
  const port = request.protocol === 'icmp' ? ' icmp' : `:${request.dport}/${request.protocol}`
  const flips = paths.length === 1 ? (paths[0]?.flips ?? []) : []
  return safeLines([
    `${from} → ${to}${port}  (reference)`,
    '',
    ...paths.flatMap((path) => [...pathLines(path, paths.length > 1), '']),
    `${verdict.toUpperCase()}: ${reason}`,
    ...flips.map((flip) => `  ${flipText(flip)}`),
    '',
  ])
}

function pathLines(path: ReferencePath, several: boolean): string[] {
  const { backend, services, egress, ingress, allowed, flips } = path
  const through = services.length === 0 ? '' : ` through Service ${services.join(', ')}`
  return [
    ...(backend === undefined || services.length === 0
      ? []
      : [`backend: pod ${backend.pod}, ${join(backend.ip, backend.port)}${through}`]),
    ...judgementLines(egress),
    ...judgementLines(ingress),
    ...(several
      ? [`  ${allowed ? 'allowed' : 'denied'}`, ...flips.map((flip) => `    ${flipText(flip)}`)]
      : []),
    ...[path.obstacle, path.unanswered].flatMap((futile) =>
      futile === undefined ? [] : [`  and yet: ${futile}`],
    ),
  ]
}

function judgementLines({ verdict, node, src, dst, dport }: Judgement): string[] {
  const where = node === undefined ? '' : ` on ${node}`
  return [
    `  ${verdict.direction}${where}, ${src} → ${join(dst, dport)}`,
    ...stepLines(verdict).map((line) => `    ${line}`),
  ]
}

/** `[NetworkPolicy]  Allow  default/redis ingress[0] allows it`, one a tier. */
export function stepLines({ steps, ambiguous }: DirectionVerdict): string[] {
  return [
    ...alignColumns(steps.map(({ tier, outcome, reason }) => [`[${tier}]`, outcome, reason])),
    ...(ambiguous === undefined ? [] : [`ambiguous: ${ambiguous}`]),
  ]
}

export function flipText({ option, value, allowed }: Flip): string {
  return `${allowed ? 'allowed' : 'denied'} with --policy-option ${option}=${value}`
}

function join(address: string, port: number): string {
  if (port === 0) return address
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
