/** One connection attempt: names to addresses, a real packet through the engine, and the answer in words. */
import { REASON_NETFILTER_DROP, REASON_NO_SOCKET, REASON_UNKNOWN_RULE } from '../abi/reason.ts'
import { reasonText, type AttemptResult } from '../engine/index.ts'
import { Problem } from '../kernel/problem.ts'
import type { Family } from '../kernel/ruleset.ts'
import { checkFamily, checkFields } from './check.ts'
import type { Flow, Hop, Reply, Verdict } from './flow.ts'
import { hopsOf, newestVersions } from './hops.ts'
import { claimEndpoints, claimOutside, listenOutside } from './outside.ts'
import { policyReason } from './policy-reason.ts'
import { parseProtocol, parseReference, type FlowProtocol } from './reference.ts'
import { resolveDestination, type Destination } from './resolve/destination.ts'
import { podWith } from './resolve/find.ts'
import { ofFamily, resolveSource, type Source } from './resolve/source.ts'
import { namesOf } from './names.ts'
import type { World } from './world.ts'

export interface ConnectRequest {
  /** WHO: `pod/NAME`, `NS/POD`, `deploy/NAME`, `node/NAME`, an IP address. */
  readonly from: string
  /** WHERE: the same, `svc/NAME`, `NS/svc/NAME`, `IP:PORT`. */
  readonly to: string
  /** A number or the name of a port. May be left out where there is only one. */
  readonly port?: number | string
  /** Default: that of the Service's or the pod's port, else tcp. */
  readonly protocol?: FlowProtocol
  /** Of the addresses of both ends. Default: the first that both have. */
  readonly family?: Family
  /** Default: a new one each time, from 40000. For ICMP it is the identifier. */
  readonly sourcePort?: number
}

export interface Connected {
  readonly flow: Flow
  /** What people call the two ends. */
  readonly from: string
  readonly to: string
}

/** Source ports that attempts take, one after the other. */
const FIRST_PORT = 40_000
const PORTS = 20_000

export class Connector {
  #attempts = 0

  connect(world: World, request: ConnectRequest): Connected {
    checkRequest(request)
    const { port, protocol, family } = request
    const from = resolveSource(world.view, parseReference(request.from, 'from'), 'from')
    const source = family === undefined ? from : ofFamily(from, family, 'from')
    const wanted = {
      ...(port === undefined ? {} : { port }),
      ...(protocol === undefined ? {} : { protocol }),
    }
    const destination = resolveDestination(world.view, parseReference(request.to, 'to'), source, wanted, 'to')
    const sourcePort = request.sourcePort ?? FIRST_PORT + (this.#attempts++ % PORTS)
    prepareOutside(world, source, destination)

    world.engine.trace(true)
    let result: AttemptResult | undefined
    try {
      world.engine.takeTrace()
      ;[result] = world.engine.probe([
        {
          netns: source.netns,
          protocol: destination.protocol,
          ...(source.address === undefined ? {} : { source: source.address }),
          sourcePort,
          destination: destination.address,
          destinationPort: destination.port,
        },
      ])
    } finally {
      world.engine.trace(false)
    }
    if (result === undefined) throw new Error('Connector: the engine gave no result')
    const address = result.source
    const hops = hopsOf(world, world.engine.takeTrace())
    return {
      flow: flowOf(world, { source: address, sourcePort, destination, result, hops }),
      from: source.label === address ? address : `${source.label} (${address})`,
      to:
        destination.label === destination.address
          ? destination.address
          : `${destination.label} (${destination.address})`,
    }
  }
}

/** Not every caller has a compiler that knows the types: what cannot be meant is told, not sent. */
export function checkRequest(request: ConnectRequest): void {
  checkFields(request, ['from', 'to', 'port', 'protocol', 'family', 'sourcePort'], '')
  const { from, to, protocol, family, sourcePort } = request
  for (const [field, value] of Object.entries({ from, to })) {
    if (typeof value !== 'string') throw new Problem('is needed', { field })
  }
  if (protocol !== undefined) parseProtocol(protocol, 'protocol')
  checkFamily(family)
  if (sourcePort !== undefined && !(Number.isInteger(sourcePort) && sourcePort >= 0 && sourcePort <= 65535)) {
    throw new Problem(`${sourcePort} is not a number from 0 to 65535`, { field: 'sourcePort' })
  }
}

function prepareOutside(world: World, source: Source, destination: Destination): void {
  if (source.kind === 'outside' && source.address !== undefined) claimOutside(world, source.address)
  if (!destination.outside) return claimEndpoints(world)
  claimOutside(world, destination.address)
  listenOutside(world, destination.protocol, destination.port)
}

interface Outcome {
  readonly source: string
  readonly sourcePort: number
  readonly destination: Destination
  readonly result: AttemptResult
  readonly hops: readonly Hop[]
}

function flowOf(world: World, { source, sourcePort, destination, result, hops }: Outcome): Flow {
  const { verdict, reason: found } = judge(world, destination, result, hops)
  const reason =
    verdict === 'delivered' || destination.note === undefined ? found : `${destination.note}: ${found}`
  const { seen } = result
  const backend = seen === undefined ? undefined : podWith(world.view, seen.destination)
  const icmp = destination.protocol === 'icmp'
  return {
    verdict,
    reason,
    proxyMode: world.proxyMode,
    ...(backend === undefined || seen === undefined
      ? {}
      : {
          backend: {
            pod: `${backend.metadata.namespace ?? ''}/${backend.metadata.name}`,
            ip: seen.destination,
            port: icmp ? 0 : seen.destinationPort,
          },
        }),
    request: {
      src: source,
      dst: destination.address,
      sport: icmp ? 0 : sourcePort,
      dport: destination.port,
      protocol: destination.protocol,
    },
    hops,
    reply: replyOf(world, source, result),
    resourceVersions: newestVersions(hops),
  }
}

function replyOf(world: World, client: string, result: AttemptResult): Reply {
  const { verdict, reply, reason, from } = result
  if (reply === 'none') {
    return verdict === 'delivered'
      ? {
          verdict: 'dropped',
          reason: `the answer got lost${whereText(world, result.replyWhere)}: ${reasonText(reason)}`,
        }
      : { verdict: 'dropped', reason: 'nothing answered' }
  }
  const ends = { ...(from === undefined ? {} : { src: from.address }), dst: client }
  if (reply === 'answer') return { verdict: 'delivered', ...ends }
  return { verdict: 'rejected', ...ends, reason: `${nameOfRefusal(result)} came back` }
}

/** As the client sees it: a connection works when its answer comes back. What is said is where it ended otherwise. */
function judge(
  world: World,
  { protocol }: Destination,
  result: AttemptResult,
  hops: readonly Hop[],
): { verdict: Verdict; reason: string } {
  const { verdict, reply, where } = result
  const there = whereText(world, where)
  switch (verdict) {
    case 'delivered': {
      const who = namesOf(world, world.engine.netnsName(where) ?? '')
      if (reply === 'answer') return { verdict, reason: `${who} answered ${ANSWERS[protocol]}` }
      if (reply !== 'none') {
        return { verdict: 'rejected', reason: `${who} got it, and ${nameOfRefusal(result)} came back` }
      }
      const lost = `its answer got lost${whereText(world, result.replyWhere)}`
      const answer = hops.filter(({ direction }) => direction === 'reply')
      const why = policyReason(world.view, answer, protocol) ?? cause(hops, 'reply', result)
      return { verdict: 'dropped', reason: `${who} got it, but ${lost}: ${why}` }
    }
    case 'rejected': {
      const isClosed = result.reason === REASON_NO_SOCKET
      const why = isClosed
        ? `nothing listens on ${protocol} port ${result.seen?.destinationPort ?? ''}${there}`
        : `refused${there}: ${cause(hops, 'request', result)}`
      // Who hears nothing of a refusal cannot tell it from silence.
      if (reply === 'none') return { verdict: 'dropped', reason: `${why}, and its refusal got lost` }
      return { verdict, reason: `${why}${isClosed ? ':' : ';'} ${nameOfRefusal(result)} came back` }
    }
    case 'unknown':
      return { verdict, reason: `a rule${there} cannot be evaluated: ${cause(hops, 'request', result)}` }
    case 'dropped': {
      const asked = hops.filter(({ direction }) => direction === 'request')
      const why = policyReason(world.view, asked, protocol) ?? cause(hops, 'request', result)
      return { verdict, reason: `dropped${there}: ${why}` }
    }
    default:
      return verdict satisfies never
  }
}

function whereText(world: World, netnsId: number): string {
  const netns = world.engine.netnsName(netnsId)
  return netns === undefined ? '' : ` in ${namesOf(world, netns)}`
}

const ANSWERS: Readonly<Record<FlowProtocol, string>> = {
  tcp: 'with SYN-ACK',
  udp: 'with a datagram',
  sctp: 'with INIT ACK',
  icmp: 'the echo request',
}

/** The rule that ended a packet, or what else did. */
function cause(hops: readonly Hop[], direction: Hop['direction'], { reason }: AttemptResult): string {
  const text = reasonText(reason)
  if (reason !== REASON_NETFILTER_DROP && reason !== REASON_UNKNOWN_RULE) return text
  const last = hops.findLast((hop) => hop.direction === direction && hop.chain !== undefined)
  if (last === undefined) return text
  const place = `${last.table ?? ''} ${last.chain ?? ''}`
  return last.rule === undefined ? `${place}, ${last.verdict}` : `${place} rule ${last.rule}: ${last.text}`
}

function nameOfRefusal({ reply, icmp, from }: AttemptResult): string {
  const by = from === undefined ? '' : ` from ${from.address}`
  return reply === 'icmp' ? `ICMP type ${icmp?.type ?? 0} code ${icmp?.code ?? 0}${by}` : `a reset${by}`
}
