/**
 * The slow, obvious walk: what a ruleset does to the first packet of a connection, every branch that chance may take with
 * its odds. Only the rules that kube-proxy writes; any other is an error. No code in common with the engine.
 */
import type {
  Chain,
  Match,
  Network,
  Rule,
  RuleHeader,
  Ruleset,
  TableName,
} from '../../../src/kernel/ruleset.ts'
import { cidrContains, joinHostPort, parseCidr, parseIp } from '../../../src/proxy/ip.ts'

export interface Flow {
  readonly protocol: 'tcp' | 'udp' | 'sctp'
  readonly source: string
  readonly destination: string
  readonly port: number
  /** Undefined: the node itself sends it. */
  readonly inInterface?: string
  /** conntrack's opinion of the packet, before it was translated. */
  readonly state?: 'NEW' | 'ESTABLISHED' | 'INVALID'
  /** KUBE-SEP chains whose recent list holds the client. */
  readonly knownTo?: readonly string[]
}

export interface Outcome {
  readonly probability: number
  /** `ip:port` it was translated to; undefined: it was not. */
  readonly backend: string | undefined
  readonly masqueraded: boolean
  readonly verdict: 'ACCEPT' | 'DROP' | 'REJECT'
  /** The hook of table filter, and the chain that gave the verdict (the hook's own: its policy). */
  readonly hook: 'INPUT' | 'FORWARD' | 'OUTPUT'
  readonly by: string
  /** Chains entered, in order; those of table filter after a `|`. */
  readonly path: readonly string[]
}

interface Packet extends Flow {
  readonly mark: number
  readonly probability: number
  readonly path: readonly string[]
  readonly backend?: string
  readonly masqueraded?: boolean
}

interface Walked {
  readonly ended: readonly { readonly packet: Packet; readonly target: string; readonly chain: string }[]
  readonly rest: readonly Packet[]
}

export class Tracer {
  readonly #ruleset: Ruleset
  readonly #localAddresses: readonly string[]

  /** `localAddresses` are those of the node. */
  constructor(ruleset: Ruleset, localAddresses: readonly string[]) {
    this.#ruleset = ruleset
    this.#localAddresses = localAddresses
  }

  /** Outcomes that differ in nothing but the odds are one. */
  trace(flow: Flow): Outcome[] {
    const packet: Packet = { ...flow, mark: 0, probability: 1, path: [] }
    const isNew = (flow.state ?? 'NEW') === 'NEW'
    const dnat = isNew
      ? this.#nat(flow.inInterface === undefined ? 'OUTPUT' : 'PREROUTING', packet)
      : [packet]
    return merge(
      dnat.flatMap((translated) => this.#filter({ ...translated, path: [...translated.path, '|'] })),
    )
  }

  #nat(hook: string, packet: Packet): Packet[] {
    const { ended, rest } = this.#walk('nat', hook, packet)
    return [...ended.map(({ packet }) => packet), ...rest]
  }

  #filter(packet: Packet): Outcome[] {
    const hook =
      packet.inInterface === undefined ? 'OUTPUT' : this.#isLocal(packet.destination) ? 'INPUT' : 'FORWARD'
    const { ended, rest } = this.#walk('filter', hook, packet)
    const outcome = (packet: Packet, verdict: string, by: string): Outcome[] => {
      const result = { hook, by, verdict: verdict as Outcome['verdict'], backend: packet.backend } as const
      const leaves = verdict === 'ACCEPT' && hook !== 'INPUT' && (packet.state ?? 'NEW') === 'NEW'
      const last = leaves ? this.#nat('POSTROUTING', packet) : [packet]
      return last.map(({ probability, masqueraded = false }) => ({
        ...result,
        probability,
        masqueraded,
        path: packet.path,
      }))
    }
    return [
      ...ended.flatMap(({ packet, target, chain }) => outcome(packet, target, chain)),
      ...rest.flatMap((packet) => outcome(packet, 'ACCEPT', hook)),
    ]
  }

  #walk(table: TableName, name: string, packet: Packet): Walked {
    const chain: Chain | undefined = this.#ruleset.tables.get(table)?.chains.get(name)
    if (chain === undefined) throw new Error(`no chain ${name} in ${table}`)
    const entered = chain.policy === null ? { ...packet, path: [...packet.path, name] } : packet
    const ended: Walked['ended'][number][] = []
    const returned: Packet[] = []
    let going: Packet[] = [entered]
    for (const rule of chain.rules) {
      const next: Packet[] = []
      for (const packet of going) {
        const odds = this.#matches(rule, packet)
        if (odds < 1) next.push({ ...packet, probability: packet.probability * (1 - odds) })
        if (odds > 0) {
          const hit = { ...packet, probability: packet.probability * odds }
          this.#target(table, name, rule, hit, { ended, returned, next })
        }
      }
      going = next
    }
    return { ended, rest: [...going, ...returned] }
  }

  #target(
    table: TableName,
    chain: string,
    { target }: Rule,
    packet: Packet,
    to: { readonly ended: Walked['ended'][number][]; readonly returned: Packet[]; readonly next: Packet[] },
  ): void {
    switch (target?.kind) {
      case undefined:
        to.next.push(packet)
        return
      case 'jump': {
        const walked = this.#walk(table, target.chain, packet)
        to.ended.push(...walked.ended)
        to.next.push(...walked.rest)
        return
      }
      case 'RETURN':
        to.returned.push(packet)
        return
      case 'MARK':
        to.next.push({ ...packet, mark: ((packet.mark & ~target.mask) ^ target.value) >>> 0 })
        return
      case 'DNAT': {
        const { addresses, ports } = target.range
        const backend = joinHostPort(addresses!.from, ports!.from)
        const translated = { ...packet, backend, destination: addresses!.from, port: ports!.from }
        to.ended.push({ packet: translated, target: 'DNAT', chain })
        return
      }
      case 'MASQUERADE':
        to.ended.push({ packet: { ...packet, masqueraded: true }, target: 'MASQUERADE', chain })
        return
      case 'ACCEPT':
      case 'DROP':
      case 'REJECT':
        to.ended.push({ packet, target: target.kind, chain })
        return
      default:
        throw new Error(`kube-proxy has no target ${target?.kind}`)
    }
  }

  /** The odds that the rule matches. */
  #matches({ header, matches }: Rule, packet: Packet): number {
    if (!this.#headerMatches(header, packet)) return 0
    return matches.reduce((odds, match) => odds * this.#match(match, packet), 1)
  }

  #headerMatches({ source, destination, inInterface, protocol }: RuleHeader, packet: Packet): boolean {
    if (source && within(source.value, packet.source) === (source.not ?? false)) return false
    if (destination && within(destination.value, packet.destination) === (destination.not ?? false))
      return false
    if (inInterface) {
      const name = packet.inInterface ?? ''
      const prefix = inInterface.value.endsWith('+')
      const same = prefix ? name.startsWith(inInterface.value.slice(0, -1)) : name === inInterface.value
      if (same === (inInterface.not ?? false)) return false
    }
    return protocol === undefined || protocol.value === packet.protocol
  }

  #match(match: Match, packet: Packet): number {
    switch (match.kind) {
      case 'comment':
      case 'nfacct':
        return 1
      case 'tcp':
      case 'udp':
      case 'sctp':
        return match.destinationPort === undefined || match.destinationPort.value.from === packet.port ? 1 : 0
      case 'addrtype': {
        const address = match.dstType === undefined ? packet.source : packet.destination
        return this.#isLocal(address) ? 1 : 0
      }
      case 'mark': {
        const { value, not = false } = match.mark
        return ((packet.mark & value.mask) >>> 0 === value.value) !== not ? 1 : 0
      }
      case 'conntrack': {
        const { value, not = false } = match.ctstate!
        const state = packet.state ?? 'NEW'
        const hit = value.includes(state) || (value.includes('DNAT') && packet.backend !== undefined)
        return hit !== not ? 1 : 0
      }
      case 'statistic':
        return match.mode.value.kind === 'random' ? match.mode.value.probability / 2 ** 31 : 0
      case 'recent':
        return match.command === 'set' || packet.knownTo?.includes(match.name) === true ? 1 : 0
      default:
        throw new Error(`kube-proxy has no match ${match.kind}`)
    }
  }

  #isLocal(address: string): boolean {
    return this.#localAddresses.includes(address) || address.startsWith('127.')
  }
}

function within({ address, prefixLength }: Network, text: string): boolean {
  return cidrContains(parseCidr(`${address}/${prefixLength}`)!, parseIp(text)!)
}

function merge(outcomes: readonly Outcome[]): Outcome[] {
  const merged = new Map<string, Outcome>()
  for (const outcome of outcomes) {
    const key = JSON.stringify({ ...outcome, probability: 0 })
    const before = merged.get(key)?.probability ?? 0
    merged.set(key, { ...outcome, probability: before + outcome.probability })
  }
  return [...merged.values()].sort((a, b) => ((a.backend ?? '') < (b.backend ?? '') ? -1 : 1))
}
