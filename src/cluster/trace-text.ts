/** A flow for people: the packet's way, namespace by namespace, then what became of it and why. */
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
  return [
    `${from} → ${to}${ports}  (${proxyMode} mode)`,
    '',
    `request  ${endpoints(request)}`,
    ...way(asked, request),
    ...(answered.length === 0 ? [] : ['', 'reply', ...way(answered)]),
    '',
    `${verdict.toUpperCase()}: ${reason}`,
    ...(backend === undefined ? [] : [`  backend: pod ${backend.pod}, ${join(backend.ip, backend.port)}`]),
    ...(reply.src === undefined ? [] : [`  the client sees the answer come from ${reply.src}`]),
    ...(versions.length === 0
      ? []
      : [`  rules built from ${versions.map(([kind, version]) => `${kind} ${version}`).join(', ')}`]),
    '',
  ].join('\n')
}

/** Steps under the namespace in which they happen; a line of its own where the packet was rewritten. */
function way(hops: readonly Hop[], start?: Endpoints): string[] {
  const lines: string[] = []
  let netns: string | undefined
  let hook: string | undefined
  let packet = start === undefined ? undefined : endpoints(start)
  for (const hop of hops) {
    if (hop.netns !== netns) {
      lines.push(`  ${hop.netns}`)
      hook = undefined
    }
    netns = hop.netns
    const place = hop.hook === undefined ? '' : `${hop.hook}${hop.table === undefined ? '' : ` ${hop.table}`}`
    if (place !== hook && place !== '') lines.push(`    ${place}`)
    hook = place
    lines.push(step(hop))
    const now = endpoints(hop.packet)
    if (packet !== undefined && now !== packet) lines.push(`        ↳ now ${now}`)
    packet = now
  }
  return lines
}

function step({ chain, rule, text, verdict }: Hop): string {
  if (chain === undefined) return `      ${text === '' ? verdict : text}`
  const number = rule === undefined ? 'policy' : `rule ${rule}`
  return `      ${chain}, ${number}: ${text === '' ? verdict : text}`
}

function endpoints({ src, dst, sport, dport }: Endpoints): string {
  return `${join(src, sport)} → ${join(dst, dport)}`
}

function join(address: string, port: number): string {
  if (port === 0) return address
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
