/**
 * Matchers that say what a connection should meet, for vitest and jest. `import 'podwire/testing/vitest'` registers them
 * and tells TypeScript; by hand it is `expect.extend(matchers)`:
 *
 * ```
 *   expect(cluster).toConnect('deploy/frontend', 'svc/redis', 6379)
 *   expect(cluster).toDrop('pod/stranger', 'svc/redis', '6379/tcp')
 *   expect(cluster).toReject({ from: 'pod/stranger', to: 'deploy/frontend', port: 81 })
 * ```
 *
 * A matcher that fails prints the packet's way. Each packet is a real one and takes no virtual time.
 */
import type { Cluster } from '../cluster/cluster.ts'
import type { ConnectRequest } from '../cluster/connect.ts'
import type { Flow, Verdict } from '../cluster/flow.ts'
import { parseProtocol, type FlowProtocol } from '../cluster/reference.ts'
import { Problem } from '../kernel/problem.ts'
import { matrixDifference, type ExpectedMatrix, type MatrixMatchOptions } from './matrix-text.ts'

export interface MatcherResult {
  readonly pass: boolean
  message(): string
}

/** A number, the name of a port, or either with a protocol: `53/udp`, `icmp`. */
export type PortArgument = number | string

/** What a matcher takes after the cluster: a request, or its parts. */
export type ConnectionArguments =
  readonly [request: ConnectRequest] | readonly [from: string, to: string, port?: PortArgument]

export type ConnectionMatcher = (
  cluster: Pick<Cluster, 'trace'>,
  ...connection: ConnectionArguments
) => MatcherResult

/** What a matcher is about. @throws Problem when it is no cluster, or one that is not there yet */
function clusterOf<T extends object>(cluster: T, method: keyof T & string): T {
  const given: unknown = cluster
  if (given instanceof Promise) throw new Problem('expected a cluster, not a promise of one: await it first')
  if (typeof given === 'object' && given !== null && method in given) return cluster
  throw new Problem(`expected a cluster, not ${given === null ? 'null' : typeof given}`)
}

/** @throws Problem when the parts do not make a request */
export function requestOf(...[from, to, port]: ConnectionArguments): ConnectRequest {
  if (typeof from === 'object') return from
  if (typeof from !== 'string' || typeof to !== 'string') {
    throw new Problem('expected (from, to, port) or ({ from, to, port })')
  }
  return { from, to, ...portOf(port) }
}

function portOf(port: PortArgument | undefined): { port?: number | string; protocol?: FlowProtocol } {
  if (port === undefined) return {}
  if (typeof port === 'number') return { port }
  if (port.toLowerCase() === 'icmp') return { protocol: 'icmp' }
  const [number = '', protocol, ...more] = port.split('/')
  if (more.length > 0 || number === '')
    throw new Problem(`${JSON.stringify(port)} is not a port: expected 80, 'http', '53/udp' or 'icmp'`)
  return {
    port: /^\d+$/.test(number) ? Number(number) : number,
    ...(protocol !== undefined && { protocol: parseProtocol(protocol, 'port') }),
  }
}

function expectVerdict(expected: Verdict): ConnectionMatcher {
  return (cluster, ...connection) => {
    const request = requestOf(...connection)
    const { flow, text } = clusterOf(cluster, 'trace').trace(request)
    const pass = flow.verdict === expected
    return {
      pass,
      message: () =>
        `expected ${describe(request)} ${pass ? 'not ' : ''}to be ${expected}, ${found(flow)}\n\n${text}`,
    }
  }
}

function describe({ from, to, port, protocol }: ConnectRequest): string {
  const on = [port, protocol].filter((part) => part !== undefined).join('/')
  return `${from} → ${to}${on === '' ? '' : ` on ${on}`}`
}

function found({ verdict, reason }: Flow): string {
  return `it is ${verdict}: ${reason}`
}

/** The request arrives and its answer comes back. */
export const toConnect = expectVerdict('delivered')
/** Nothing comes back. */
export const toDrop = expectVerdict('dropped')
/** A reset or an ICMP error comes back. */
export const toReject = expectVerdict('rejected')
/** `toConnect` as a predicate reads: `connectsTo(cluster, 'default/a', 'svc/b', 80).pass`. */
export const connectsTo = toConnect

/**
 * Who reaches whom: text as `podwire matrix` prints it, or `{ from: { to: '.' | 'X' | 'R' } }`. Only the cells that are
 * written are looked at; with `exact`, every workload must be written, as client and as server.
 */
export function toMatchMatrix(
  cluster: Pick<Cluster, 'matrix'>,
  expected: ExpectedMatrix,
  options: MatrixMatchOptions = {},
): MatcherResult {
  const { text, differences } = matrixDifference(clusterOf(cluster, 'matrix'), expected, options)
  const pass = differences === 0
  const cells = differences === 1 ? '1 cell differs' : `${differences} cells differ`
  return {
    pass,
    message: () =>
      pass
        ? `expected the matrix to differ\n\n${text}`
        : `expected who reaches whom to be as written, ${cells} (expected → found)\n\n${text}`,
  }
}

export const matchers = { toConnect, toDrop, toReject, connectsTo, toMatchMatrix }

/** What these add to `expect`. */
export interface ConnectionMatchers<R = unknown> {
  toConnect(...connection: ConnectionArguments): R
  toDrop(...connection: ConnectionArguments): R
  toReject(...connection: ConnectionArguments): R
  connectsTo(...connection: ConnectionArguments): R
  toMatchMatrix(expected: ExpectedMatrix, options?: MatrixMatchOptions): R
}
