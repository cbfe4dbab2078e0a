/**
 * Matchers that say what a connection should meet, for vitest and jest (`expect.extend(matchers)`):
 *
 * ```
 *   expect(cluster).toConnect({ from: 'deploy/frontend', to: 'svc/redis' })
 *   expect(cluster).toDrop({ from: 'pod/stranger', to: 'svc/redis' })
 *   expect(cluster).toReject({ from: 'pod/stranger', to: 'deploy/frontend', port: 81 })
 * ```
 *
 * A matcher that fails prints the packet's way.
 */
import type { Cluster } from '../cluster/cluster.ts'
import type { ConnectRequest } from '../cluster/connect.ts'
import type { Verdict } from '../cluster/flow.ts'

export interface MatcherResult {
  readonly pass: boolean
  message(): string
}

export type ConnectionMatcher = (cluster: Pick<Cluster, 'trace'>, request: ConnectRequest) => MatcherResult

function expectVerdict(expected: Verdict): ConnectionMatcher {
  return (cluster, request) => {
    const { flow, text } = cluster.trace(request)
    const pass = flow.verdict === expected
    return {
      pass,
      message: () =>
        `expected ${request.from} → ${request.to} ${pass ? 'not ' : ''}to be ${expected}, it is ${flow.verdict}\n\n${text}`,
    }
  }
}

/** The request arrives and its answer comes back. */
export const toConnect = expectVerdict('delivered')
/** Nothing comes back. */
export const toDrop = expectVerdict('dropped')
/** A reset or an ICMP error comes back. */
export const toReject = expectVerdict('rejected')

export const matchers = { toConnect, toDrop, toReject }

/** What these add to `expect`; see `docs/getting-started.md` for the line that tells TypeScript. */
export interface ConnectionMatchers<R = unknown> {
  toConnect(request: ConnectRequest): R
  toDrop(request: ConnectRequest): R
  toReject(request: ConnectRequest): R
}
