/**
 * WHO and WHERE as people write them: `pod/NAME`, `NS/POD`, `NS/pod/NAME`, `deploy/NAME`, `NS/NAME[Kind]`, `node/NAME`,
 * `svc/NAME`, `NS/svc/NAME`, an IP address, `IP:PORT`. Only the writing is understood here; whether such a thing exists
 * is looked up in the cluster (`resolve/`).
 */
import { Problem } from '../kernel/problem.ts'
import { canonicalAddress, isAddress, isMappedAddress } from './topology/plan.ts'

export type Reference =
  | {
      readonly kind: 'pod' | 'service' | WorkloadKind
      readonly namespace: string
      readonly name: string
      readonly port?: number
      /** `pod` was written: no workload of that name is meant. */
      readonly exactly?: true
    }
  | { readonly kind: 'node'; readonly name: string; readonly port?: number }
  | { readonly kind: 'address'; readonly address: string; readonly port?: number }

const WORKLOAD_KINDS = [
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'DaemonSet',
  'Job',
  'CronJob',
  'ReplicationController',
] as const
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number]

const KINDS: ReadonlyMap<string, 'pod' | 'service' | 'node' | WorkloadKind> = new Map(
  Object.entries({
    po: 'pod',
    pod: 'pod',
    pods: 'pod',
    svc: 'service',
    service: 'service',
    services: 'service',
    no: 'node',
    node: 'node',
    nodes: 'node',
    deploy: 'Deployment',
    deployment: 'Deployment',
    deployments: 'Deployment',
    rs: 'ReplicaSet',
    replicaset: 'ReplicaSet',
    replicasets: 'ReplicaSet',
    sts: 'StatefulSet',
    statefulset: 'StatefulSet',
    statefulsets: 'StatefulSet',
    rc: 'ReplicationController',
    replicationcontroller: 'ReplicationController',
    replicationcontrollers: 'ReplicationController',
    ds: 'DaemonSet',
    daemonset: 'DaemonSet',
    daemonsets: 'DaemonSet',
    job: 'Job',
    jobs: 'Job',
    cj: 'CronJob',
    cronjob: 'CronJob',
    cronjobs: 'CronJob',
  } as const),
)

const FORMS =
  'expected pod/NAME, NS/POD, deploy/NAME, node/NAME, svc/NAME, NS/svc/NAME, an IP address or IP:PORT'

/** `field` is what to call it in an error: `--from`, `to`. */
export function parseReference(text: string, field: string): Reference {
  const address = parseAddress(text, field)
  if (address !== undefined) return address
  const { name: path, port } = splitPort(text, field)
  const parts = path.split('/')
  if (parts.some((part) => part === '')) throw new Problem(`${JSON.stringify(text)}: ${FORMS}`, { field })
  const [first, second, third] = parts as [string, string?, string?]
  const at = port === undefined ? {} : { port }
  const labelled = /^((?:[^[/]+\/)?[^[/]+?) ?\[([^\]]*)\]$/.exec(path)
  if (labelled !== null) return fromLabel(text, labelled, field, at)
  if (second === undefined) return { kind: 'pod', namespace: 'default', name: first, ...at }
  if (third === undefined) {
    const kind = KINDS.get(first)
    if (kind === undefined) return { kind: 'pod', namespace: first, name: second, ...at }
    return kind === 'node'
      ? { kind, name: second, ...at }
      : { kind, namespace: 'default', name: second, ...at, ...exactly(kind) }
  }
  const kind = KINDS.get(second)
  if (parts.length > 3 || kind === undefined || kind === 'node') {
    throw new Problem(`${JSON.stringify(text)}: ${FORMS}`, { field })
  }
  return { kind, namespace: first, name: third, ...at, ...exactly(kind) }
}

function exactly(kind: Reference['kind']): { exactly?: true } {
  return kind === 'pod' ? { exactly: true } : {}
}

/** `shop/web[Deployment]`, as lists of connections name workloads. */
function fromLabel(
  text: string,
  [, path = '', label = '']: readonly string[],
  field: string,
  at: { readonly port?: number },
): Reference {
  const kind = label === 'Pod' ? 'pod' : WORKLOAD_KINDS.find((candidate) => candidate === label)
  if (kind === undefined) {
    const known = suggest(label, ['Pod', ...WORKLOAD_KINDS])
    throw new Problem(`${JSON.stringify(text)}: ${JSON.stringify(label)} is no kind of workload${known}`, {
      field,
    })
  }
  const [name = '', namespace = 'default'] = path.split('/').toReversed()
  return { kind, namespace, name, ...at, ...exactly(kind) }
}

function parseAddress(text: string, field: string): Reference | undefined {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text)
  if (bracketed !== null) {
    const [, address = '', port] = bracketed
    if (!isAddress(address)) throw new Problem(`${JSON.stringify(address)} is not an IP address`, { field })
    return { kind: 'address', address: addressOf(address, field), ...portOf(port, field) }
  }
  if (isAddress(text)) return { kind: 'address', address: addressOf(text, field) }
  const [base = '', length, ...more] = text.split('/')
  if (isAddress(base) && more.length === 0 && /^\d+$/.test(length ?? '')) {
    throw new Problem(`${text} is a range: give one address of it`, { field })
  }
  if (!/^[\d.]+(:.*)?$/.test(text)) return undefined
  const [address = '', port] = text.split(':')
  if (!isAddress(address)) throw new Problem(`${JSON.stringify(address)} is not an IP address`, { field })
  return { kind: 'address', address, ...portOf(port, field) }
}

function addressOf(text: string, field: string): string {
  if (isMappedAddress(text)) throw new Problem(`${text} is in no packet: write the IPv4 address`, { field })
  return canonicalAddress(text)
}

function splitPort(text: string, field: string): { name: string; port?: number } {
  const colon = text.indexOf(':')
  return colon < 0 ? { name: text } : { name: text.slice(0, colon), ...portOf(text.slice(colon + 1), field) }
}

function portOf(text: string | undefined, field: string): { port?: number } {
  return text === undefined ? {} : { port: parsePort(text, field) }
}

export function parsePort(text: string, field: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65535) {
    throw new Problem(`${JSON.stringify(text)} is not a port: expected a number from 1 to 65535`, { field })
  }
  return port
}

export type FlowProtocol = 'tcp' | 'udp' | 'sctp' | 'icmp'

const PROTOCOLS: readonly string[] = ['tcp', 'udp', 'sctp', 'icmp']

export function parseProtocol(text: string, field: string): FlowProtocol {
  const protocol = text.toLowerCase()
  if (!PROTOCOLS.includes(protocol)) {
    throw new Problem(`${JSON.stringify(text)} is not a protocol: expected tcp, udp, sctp or icmp`, { field })
  }
  return protocol as FlowProtocol
}

export interface PortSpec {
  readonly port: number
  readonly protocol: FlowProtocol
}

/** `80/tcp,53/udp,icmp`; the protocol may be left out (tcp). `icmp` stands alone: port 0. */
export function parsePorts(text: string, field: string): PortSpec[] {
  const given = new Set<string>()
  return text.split(',').map((item): PortSpec => {
    const spec = parsePortSpec(item, field)
    const printed = printPort(spec)
    if (given.has(printed)) throw new Problem(`${printed} is given twice`, { field })
    given.add(printed)
    return spec
  })
}

function parsePortSpec(item: string, field: string): PortSpec {
  if (item.trim().toLowerCase() === 'icmp') return { port: 0, protocol: 'icmp' }
  const [port = '', protocol = 'tcp', ...rest] = item.trim().split('/')
  if (rest.length > 0) throw new Problem(`${JSON.stringify(item)}: expected PORT/PROTOCOL`, { field })
  const spec = { port: parsePort(port, field), protocol: parseProtocol(protocol, field) }
  if (spec.protocol === 'icmp') {
    throw new Problem(`${JSON.stringify(item)}: icmp has no ports: write "icmp" alone`, { field })
  }
  return spec
}

/** `80/tcp`, `icmp`. */
export function printPort({ port, protocol }: PortSpec): string {
  return protocol === 'icmp' ? protocol : `${port}/${protocol}`
}

/** The candidates that look most like `name`, for "did you mean". */
export function suggest(name: string, candidates: readonly string[]): string {
  const near = candidates
    .map((candidate) => ({ candidate, distance: distance(name, candidate) }))
    .filter(
      ({ candidate, distance: d }) =>
        d <= Math.max(2, Math.floor(name.length / 3)) || candidate.includes(name),
    )
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .filter(({ distance: d }, _, [best]) => d === best?.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate)
  if (near.length > 0) return `; did you mean ${near.join(' or ')}?`
  if (candidates.length === 0) return '; there is none'
  const some = candidates.slice(0, 5).join(', ')
  return `; there is ${some}${candidates.length > 5 ? ` and ${candidates.length - 5} more` : ''}`
}

/** Edit distance (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(
        Math.min(
          (row[j] ?? 0) + 1,
          (next[j - 1] ?? 0) + 1,
          (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
        ),
      )
    }
    row = next
  }
  return row[b.length] ?? 0
}
