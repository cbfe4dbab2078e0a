/** Listed connections cut down to what somebody wants to see. */
import { hasConnection, type ConnectionSet } from '../../policy/evaluate/index.ts'
import type { Direction } from '../../policy/evaluate/question.ts'
import { Problem } from '../../kernel/problem.ts'
import { parsePort, parseProtocol, parseReference, suggest } from '../reference.ts'
import type { ClusterView } from '../view.ts'
import { idleWorkloads } from '../workload.ts'
import type { ExposureReport } from './exposure.ts'
import type { ListedConnection } from './listing.ts'
import { workloadPeers, type Peer } from './peers.ts'

export interface Focus {
  /** `name`, `namespace/name`, `deploy/name`, `namespace/name[Kind]` …: lines of these. */
  readonly workloads?: readonly string[]
  /** And of these at the other end. Needs `workloads`. */
  readonly peers?: readonly string[]
  /** What the workloads get, or what they send. Needs `workloads`. */
  readonly direction?: Direction
  /** `tcp-8080`: lines that hold this connection. */
  readonly connection?: string
}

/** @throws Problem for a workload that does not exist */
export function focus(
  view: ClusterView,
  connections: readonly ListedConnection[],
  { workloads, peers, direction, connection }: Focus,
): ListedConnection[] {
  if (workloads === undefined && (peers !== undefined || direction !== undefined)) {
    const field = peers === undefined ? '--focus-direction' : '--focus-workload-peer'
    throw new Problem('needs --focus-workload', { field })
  }
  checkNames(view, workloads ?? [], '--focus-workload')
  checkNames(view, peers ?? [], '--focus-workload-peer')
  const carries = connection === undefined ? undefined : connectionTest(connection)
  const isFocus = (peer: Peer): boolean => workloads === undefined || isOneOf(peer, workloads)
  const isPeer = (peer: Peer): boolean => peers === undefined || isOneOf(peer, peers)
  return connections.filter(
    (line) =>
      ((direction !== 'ingress' && isFocus(line.src) && isPeer(line.dst)) ||
        (direction !== 'egress' && isFocus(line.dst) && isPeer(line.src))) &&
      (carries === undefined || carries(line.connections)),
  )
}

/** @throws Problem for a peer: those of an exposure do not exist */
export function focusExposure(
  { lines, unprotected }: ExposureReport,
  { workloads, peers, direction, connection }: Focus,
): ExposureReport {
  if (peers !== undefined) {
    const reason = 'names workloads that exist, --exposure is about those that do not'
    throw new Problem(reason, { field: '--focus-workload-peer' })
  }
  const isFocus = (line: { readonly workload: Peer; readonly direction: Direction }): boolean =>
    (workloads === undefined || isOneOf(line.workload, workloads)) &&
    (direction === undefined || direction === line.direction)
  const carries = connection === undefined ? undefined : connectionTest(connection)
  return {
    lines: lines.filter(
      (line) =>
        isFocus(line) &&
        (carries === undefined ||
          [line.open, ...line.open.named].some(({ connections }) => carries(connections))),
    ),
    unprotected: unprotected.filter(isFocus),
  }
}

/** As `--from` takes workloads; a name alone means those of every namespace. */
function isOneOf(peer: Peer, names: readonly string[]): boolean {
  if (peer.kind !== 'workload') return false
  const { namespace, name, workloadKind, label } = peer
  return names.some((given) => {
    if (given === name || given === `${namespace}/${name}` || given === label) return true
    if (!/[/[]/.test(given)) return false
    const reference = parseReference(given, '--focus-workload')
    if (reference.kind === 'node' || reference.kind === 'address') return false
    const kind = reference.kind === 'pod' ? 'Pod' : reference.kind
    return kind === workloadKind && reference.namespace === namespace && reference.name === name
  })
}

function checkNames(view: ClusterView, names: readonly string[], field: string): void {
  const peers = workloadPeers(view)
  for (const name of names) {
    if (peers.some((peer) => isOneOf(peer, [name]))) continue
    const known = peers.map((peer) => (name.includes('/') ? `${peer.namespace}/${peer.name}` : peer.name))
    const [, namespace, bare = name] = /^(?:(.*)\/)?([^/[]+)/.exec(name) ?? []
    const idle = idleWorkloads(view).some(
      (one) => one.name === bare && (namespace === undefined || one.namespace === namespace),
    )
    if (idle) throw new Problem(`workload ${name} has no running pod`, { field })
    throw new Problem(`there is no workload ${name}${suggest(name, known)}`, { field })
  }
}

function connectionTest(text: string): (connections: ConnectionSet) => boolean {
  const field = '--focus-conn'
  const [protocol = '', port, ...rest] = text.split('-')
  if (port === undefined || rest.length > 0) {
    throw new Problem(`${JSON.stringify(text)}: expected PROTOCOL-PORT, as tcp-8080`, { field })
  }
  const its = parseProtocol(protocol, field)
  const number = parsePort(port, field)
  return (connections) => hasConnection(connections, its, number)
}
