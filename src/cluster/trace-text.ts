/** A flow for people: the packet's way, namespace by namespace, then what became of it and why. */
import { safeLines } from '../kernel/one-line.ts'
import type { Endpoints, Flow, Hop } from './flow.ts'

export interface TraceHeading {
  readonly from: string
  readonly to: string
}

export function formatTrace(flow: Flow, { from, to }: TraceHeading): string {
  const { request, backend, verdict, reason, reply, proxyMode } = flow
  const ports = request.dport > 0 ? `:${request.dport}/${request.protocol}` : ` ${request.protocol}`
  const versions = Object.entries(flow.resourceVersions)
  const asked = flow.hops.filter(({ direction }) => direction === 'request')
  const answered = flow.hops.filter(({ direction }) => direction === 'reply')
  return safeLines([
    `${from} → ${to}${ports}  (${proxyMode} mode)`,
    '',
    `request  ${endpoints(request)}`,
    ...way(asked),
    ...(answered.length === 0 ? [] : ['', 'reply', ...way(answered)]),
    '',
    `${verdict.toUpperCase()}: ${reason}`,
    ...(backend === undefined ? [] : [`  backend: pod ${backend.pod}, ${join(backend.ip, backend.port)}`]),
    ...(reply.src === undefined ? [] : [`  the client sees the answer come from ${reply.src}`]),
    ...(versions.length === 0
      ? []
      : [`  rules built from ${versions.map(([kind, version]) => `${kind} ${version}`).join(', ')}`]),
    '',
  ])
}

/**
 * Steps under the namespace and the hook in which they happen; a line of its own for what a rewrite made of the packet.
 * Policies that let a packet pass say nothing: only one that drops is told.
 */
function way(hops: readonly Hop[]): string[] {
  const lines: string[] = []
  let netns: string | undefined
  let place: string | undefined
  for (const hop of hops) {
    if (hop.verdict === 'policy ACCEPT') continue
    if (hop.netns !== netns) lines.push(`  ${hop.netns}`)
    const here = hop.chain === undefined ? '' : `${hop.hook ?? ''} ${hop.table ?? ''}`
    if ((here !== place || hop.netns !== netns) && here !== '') lines.push(`    ${here}`)
    netns = hop.netns
    place = here
    lines.push(step(hop))
  }
  return lines
}

function step({ chain, rule, text, verdict, packet }: Hop): string {
  if (verdict === 'NAT') return `    ↳ now ${endpoints(packet)}`
  if (chain === undefined) return `    ${text}`
  return `      ${rule === undefined ? '' : `${rule}: `}${text}`
}

function endpoints({ src, dst, sport, dport }: Endpoints): string {
  return `${join(src, sport)} → ${join(dst, dport)}`
}

function join(address: string, port: number): string {
  if (port === 0) return address
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
