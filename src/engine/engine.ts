/**
 * The engine behind one class: namespaces, links, rules and packets by name. Bad input throws a Problem and changes
 * nothing. Nothing here reads a clock: time is what `advanceTo` says.
 */
import { REASON_COUNT } from '../abi/reason.ts'
import type { ConntrackEntry } from '../kernel/conntrack.ts'
import type { Element, IpSets, SetEntry, SetsChange } from '../kernel/ipset.ts'
import type {
  InterfaceAddress,
  Link,
  ListedLink,
  ListedNeighbour,
  Neighbour,
  Route,
  RouteKey,
} from '../kernel/net.ts'
import { Problem } from '../kernel/problem.ts'
import type { Counters, Family, Ruleset } from '../kernel/ruleset.ts'
import type { AddressKey } from './addresses.ts'
import { Conntrack } from './conntrack.ts'
import { Instance } from './instance.ts'
import type { CompiledEngine } from './load.ts'
import { Sets } from './ipset.ts'
import type { NeighbourKey } from './neighbours.ts'
import { type Listener, Netns } from './netns.ts'
import { type LogRecord, Logs } from './logs.ts'
import { Packets } from './packets.ts'
import { PROBE_BATCH, Probes, type Attempt, type AttemptResult } from './probe.ts'
import { RulesetLoader } from './ruleset/load.ts'
import { type TraceRecord, Traces } from './traces.ts'

export interface EngineOptions {
  /** What every random choice of the engine is drawn from. */
  readonly seed?: number
  /** The compiled engine; read from beside this package when absent. */
  readonly wasm?: CompiledEngine
  /** Conntrack entries to make room for at once. */
  readonly conntrackEntries?: number
}

export interface Captured {
  readonly netns: string
  readonly link: string
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly frame: Uint8Array
}

export class Engine {
  readonly instance: Instance
  readonly #packets: Packets
  readonly #probes: Probes
  readonly #conntrack: Conntrack
  readonly #rules: RulesetLoader
  readonly #sets: Sets
  readonly #traces: Traces
  readonly #logs: Logs
  readonly #netns = new Map<string, Netns>()
  readonly #ids = new Map<number, string>()
  /** Names of the links that are captured, by their number. */
  readonly #captured = new Map<number, { readonly netns: string; readonly link: string }>()

  static create(options: EngineOptions = {}): Engine {
    return new Engine(options)
  }

  private constructor({ seed = 1, wasm, conntrackEntries = 65_536 }: EngineOptions) {
    this.instance = new Instance(wasm)
    const { exports } = this.instance
    if (exports.engine_init(seed >>> 0) === 0) throw new Problem('the engine is out of memory')
    exports.ct_seed(seed >>> 0)
    this.#packets = new Packets(this.instance)
    this.#probes = new Probes(this.instance)
    this.#conntrack = new Conntrack(this.instance)
    this.#conntrack.reserve(conntrackEntries)
    this.#sets = new Sets({ memory: this.instance.memory, exports, now: () => this.now })
    const { instance } = this
    const sets = this.#sets
    this.#traces = new Traces(instance, {
      netns: (id) => this.netnsName(id),
      link: (netns, id) => this.#netns.get(netns)?.links.nameOfId(id),
      chain: (netns, family, table, id) => {
        const space = this.#netns.get(netns)
        return space && this.#rules.chainName(space.address, family, table, id)
      },
    })
    this.#logs = new Logs(instance, this.#traces, (netns, family, table, id, index) => {
      const space = this.#netns.get(netns)
      return space && this.#rules.rule(space.address, family, table, id, index)
    })
    this.#rules = new RulesetLoader({
      alloc: (bytes) => instance.alloc(bytes),
      free: (ptr, bytes) => instance.free(ptr, bytes),
      words: () => instance.words,
      setJumpStack: (ptr) => exports.jumpstack_set(ptr),
      resetChain: (chain) => exports.chain_reset(chain),
      setSlot: (netns, name) => sets.slot(netns, name),
      setUse: (netns, name, change) => sets.use(netns, name, change),
      setFill: (netns, name, change) => sets.fill(netns, name, change),
      setRoom: (netns, name) => sets.makeRoom(netns, name),
    })
  }

  // What can be seen of packets.

  /** Whether every packet leaves trace records. */
  trace(on: boolean): void {
    this.#traces.set(on)
  }

  /** The records since the last call, in the order of what happened. */
  takeTrace(): TraceRecord[] {
    return this.#traces.take()
  }

  /** Whether packets that meet LOG and NFLOG rules leave records. */
  log(on: boolean): void {
    this.#logs.set(on)
  }

  /** The records of LOG and NFLOG since the last call, in the order of what happened. */
  takeLog(): LogRecord[] {
    return this.#logs.take()
  }

  /** How many packets ended for each REASON_* since the engine was made; only those that occurred. */
  ends(): Map<number, number> {
    const at = this.instance.exports.reason_counts() >>> 2
    const counts = new Map<number, number>()
    for (let reason = 0; reason < REASON_COUNT; reason++) {
      const count = this.instance.words[at + reason]!
      if (count !== 0) counts.set(reason, count)
    }
    return counts
  }

  // Time.

  /** Virtual time, milliseconds since the epoch. */
  get now(): number {
    return this.#packets.now
  }

  advanceTo(ms: number): void {
    this.#packets.advanceTo(ms)
  }

  // Namespaces and what is in them.

  netnsAdd(name: string): void {
    if (!/^[^\s/]{1,255}$/.test(name)) throw new Problem(`"${name}" is not a valid name of a namespace`)
    if (this.#netns.has(name))
      throw new Problem(`Cannot create namespace file "/run/netns/${name}": File exists`, { field: name })
    const netns = new Netns(this.instance, name)
    this.#netns.set(name, netns)
    this.#ids.set(netns.id, name)
  }

  netnsDelete(name: string): void {
    const netns = this.netns(name)
    this.run()
    this.#logs.drain()
    this.#conntrack.flush(netns.id)
    this.#rules.forget(netns.address)
    this.#sets.forget(netns.address)
    for (const link of this.linkNames(name)) if (link !== netns.links.loopback) this.linkDelete(name, link)
    this.instance.exports.netns_destroy(netns.address)
    this.#netns.delete(name)
    this.#ids.delete(netns.id)
  }

  netnsNames(): string[] {
    return [...this.#netns.keys()]
  }

  /** The namespace of a name, with its address in memory; a Problem when there is none. */
  netns(name: string): Netns {
    const netns = this.#netns.get(name)
    if (!netns)
      throw new Problem(`Cannot open network namespace "${name}": No such file or directory`, { field: name })
    return netns
  }

  /** The name of a namespace's number, as captures and traces have it. */
  netnsName(id: number): string | undefined {
    return this.#ids.get(id)
  }

  linkAdd(netns: string, link: Link): void {
    this.netns(netns).links.add(link)
  }

  /** A veth pair. */
  linkPair(netnsA: string, linkA: Link, netnsB: string, linkB: Link): void {
    const a = this.netns(netnsA).links
    const b = this.netns(netnsB).links
    a.check(linkA)
    b.check(linkB)
    if (a === b && linkA.name === linkB.name)
      throw new Problem('RTNETLINK answers: File exists', { field: linkA.name })
    // The kernel makes the peer first, which so gets the lower number.
    const peer = b.add({ ...linkB, kind: 'veth', up: false })
    a.join(a.add({ ...linkA, kind: 'veth', up: false }), peer)
    if (linkA.up) a.set(linkA.name, { up: true })
    if (linkB.up) b.set(linkB.name, { up: true })
  }

  linkSet(
    netns: string,
    name: string,
    change: { readonly up?: boolean; readonly address?: string; readonly mtu?: number },
  ): void {
    this.netns(netns).links.set(name, change)
  }

  linkRename(netns: string, name: string, to: string): void {
    this.netns(netns).links.rename(name, to)
    const id = this.netns(netns).links.id(to)
    if (this.#captured.has(id)) this.#captured.set(id, { netns, link: to })
  }

  /** Moves a link to another namespace; it arrives there down and bare. */
  linkMove(netns: string, name: string, to: string): void {
    this.run()
    const { links } = this.netns(to)
    this.netns(netns).links.move(name, links)
    const id = links.id(name)
    if (this.#captured.has(id)) this.#captured.set(id, { netns: to, link: name })
  }

  link(netns: string, name: string): Link {
    return this.netns(netns).links.get(name)
  }

  /** In the order of `ip link`: by number. */
  linkList(netns: string): ListedLink[] {
    const { links } = this.netns(netns)
    return [...links.names()]
      .map((name) => links.list(name, (address) => this.#whereabouts(address)))
      .toSorted((x, y) => x.ifindex - y.ifindex)
  }

  /** The name of a link and of its namespace. */
  #whereabouts(link: number): { readonly name: string; readonly netns: string } | undefined {
    for (const [netns, { links }] of this.#netns) {
      const name = links.nameOf(link)
      if (name !== undefined) return { name, netns }
    }
    return undefined
  }

  linkNames(netns: string): string[] {
    return [...this.netns(netns).links.names()]
  }

  /** Deletes a link, and with one end of a pair the other. */
  linkDelete(netns: string, name: string): void {
    this.run()
    const { links } = this.netns(netns)
    const peer = links.delete(name)
    if (peer === 0) return
    for (const other of this.#netns.values()) {
      const peerName = other.links.nameOf(peer)
      if (peerName !== undefined) other.links.delete(peerName)
    }
  }

  addrAdd(netns: string, address: InterfaceAddress): void {
    this.netns(netns).addresses.add(address)
  }

  /** Without a prefix length: whatever address has these bits. */
  addrDelete(netns: string, address: AddressKey): void {
    this.netns(netns).addresses.delete(address)
  }

  /** `ip addr flush dev LINK`: all of its addresses, or those of one family. */
  addrFlush(netns: string, link: string, family?: Family): void {
    const { addresses } = this.netns(netns)
    if (family !== 'ipv6') addresses.flush(link, 'ipv4')
    if (family !== 'ipv4') addresses.flush(link, 'ipv6')
  }

  /** In the order of `ip addr`: by link, IPv4 first. */
  addrList(netns: string): InterfaceAddress[] {
    const { addresses } = this.netns(netns)
    return this.linkList(netns).flatMap(({ name }) => addresses.list(name))
  }

  routeAdd(netns: string, route: Route): void {
    this.netns(netns).routes.add(route)
  }

  /** Takes the place of the route that has its prefix and metric; `mustExist`: there has to be one. */
  routeReplace(
    netns: string,
    route: Route,
    { mustExist = false }: { readonly mustExist?: boolean } = {},
  ): void {
    this.netns(netns).routes.add(route, mustExist ? 'change' : 'replace')
  }

  /** The first route that has all that the key names. */
  routeDelete(netns: string, route: RouteKey): void {
    this.netns(netns).routes.delete(route)
  }

  /** In the order of `ip route`: the main table, then the local one, or one of them. */
  routeList(netns: string, family: Family, table?: 'main' | 'local'): Route[] {
    return this.netns(netns).routes.list(family, table)
  }

  neighAdd(netns: string, neighbour: Neighbour): void {
    this.netns(netns).neighbours.set(neighbour)
  }

  neighDelete(netns: string, neighbour: NeighbourKey): void {
    this.netns(netns).neighbours.delete(neighbour)
  }

  neighList(netns: string): ListedNeighbour[] {
    return this.netns(netns).neighbours.list()
  }

  sysctlSet(netns: string, key: string, value: string | number): void {
    const space = this.netns(netns)
    if (space.sysctls.set(key, String(value))) return
    if (this.#conntrack.setSysctl(space.conntrack, key, String(value))) return
    throw new Problem(`sysctl: cannot stat ${key}: No such file or directory`, { field: key })
  }

  sysctlGet(netns: string, key: string): string {
    const space = this.netns(netns)
    const value = space.sysctls.get(key) ?? this.#conntrack.sysctl(space.conntrack, key)
    if (value === undefined)
      throw new Problem(`sysctl: cannot stat ${key}: No such file or directory`, { field: key })
    return value
  }

  /** A program listens: TCP accepts, TCP and UDP send back what they get. */
  listen(netns: string, listener: Listener): void {
    this.netns(netns).listen(listener)
  }

  unlisten(netns: string, listener: Listener): void {
    this.netns(netns).unlisten(listener)
  }

  // Rules.

  rulesetSet(netns: string, ruleset: Ruleset): void {
    this.#logs.drain()
    this.#rules.load(this.netns(netns).address, ruleset)
  }

  /** The rules of a family with their counters as they are. */
  ruleset(netns: string, family: Family): Ruleset {
    return this.#rules.live(this.netns(netns).address, family)
  }

  /** Makes a named packet counter (`nfacct add`), for rules with `-m nfacct`; one of that name may be there already. */
  nfacctAdd(netns: string, name: string): void {
    if (name === '' || name.length > 31) throw new Problem('nfacct: bad object name', { field: name })
    this.#rules.nfacctAdd(this.netns(netns).address, name)
  }

  /** Named packet counters as they are, in the order in which they were made. */
  nfacctList(netns: string): ReadonlyMap<string, Counters> {
    return this.#rules.nfacctList(this.netns(netns).address)
  }

  // IP sets.

  /** Makes these the sets of the namespace, all or none; sets that rules name cannot go. */
  setsSet(netns: string, sets: IpSets): void {
    this.#sets.set(this.netns(netns).address, sets)
  }

  /** The sets with their counters and timeouts as they are. */
  setsList(netns: string): IpSets {
    return this.#sets.list(this.netns(netns).address)
  }

  /**
   * Makes a change of some sets, all or none of it: sets made, elements out, entries in, sets gone. It costs what it
   * names (about 1 µs an element), not what is there; `printSetsChange` says it to the real tool.
   */
  setsChange(netns: string, change: SetsChange): void {
    this.#sets.change(this.netns(netns).address, change)
  }

  /** Adds or renews entries of one set. */
  setsAdd(netns: string, name: string, entries: readonly SetEntry[]): void {
    this.setsChange(netns, { add: new Map([[name, entries]]) })
  }

  /** Takes entries out of one set; those that are not there are passed over. */
  setsDelete(netns: string, name: string, elements: readonly Element[]): void {
    this.setsChange(netns, { delete: new Map([[name, elements]]) })
  }

  /** `ipset test NAME ELEMENT`. */
  setsTest(netns: string, name: string, element: string): boolean {
    return this.#sets.test(this.netns(netns).address, name, element)
  }

  /** How many rules name a set: such a set cannot be destroyed or renamed. */
  setsReferences(netns: string, name: string): number {
    return this.#sets.uses(this.netns(netns).address, name)
  }

  // Connection tracking.

  conntrackList(netns: string, family?: Family): ConntrackEntry[] {
    return this.#conntrack.list(this.netns(netns).id, family)
  }

  conntrackDelete(netns: string, filter: (entry: ConntrackEntry) => boolean): ConntrackEntry[] {
    return this.#conntrack.delete(this.netns(netns).id, filter)
  }

  conntrackFlush(netns: string): number {
    return this.#conntrack.flush(this.netns(netns).id)
  }

  conntrackCount(netns: string): number {
    return this.#conntrack.count(this.netns(netns).conntrack)
  }

  conntrackInsert(netns: string, entries: readonly ConntrackEntry[]): void {
    this.#conntrack.insert(this.netns(netns).address, entries)
  }

  // Packets.

  /** A frame arrives at an interface; `run` handles it. */
  inject(netns: string, link: string, frame: Uint8Array): void {
    this.#packets.inject(this.netns(netns).links.address(link), frame)
  }

  /**
   * Sends a frame out of an interface, as a packet socket does: past the namespace's own stack, to the other end of
   * the pair. A dummy swallows it, loopback hears it.
   */
  transmit(netns: string, link: string, frame: Uint8Array): void {
    const { links } = this.netns(netns)
    const { kind, mtu, up } = links.get(link)
    if (!up) throw new Problem('Network is down', { field: `${netns}/${link}` })
    if (frame.length < 14 || frame.length > mtu + 14)
      throw new Problem(`a frame of ${frame.length} bytes does not fit (14 to ${mtu + 14})`, {
        field: `${netns}/${link}`,
      })
    const end = kind === 'loopback' ? links.address(link) : links.peer(link)
    if (end !== 0) this.#packets.inject(end, frame)
  }

  /** A packet as a frame from this interface to the other end of its pair. */
  ethernet(netns: string, link: string, packet: Uint8Array): Uint8Array {
    const { links } = this.netns(netns)
    const frame = new Uint8Array(14 + packet.length)
    const end = links.peer(link)
    if (end !== 0) frame.set(links.macOf(end), 0)
    frame.set(links.macOf(links.address(link)), 6)
    frame.set(packet[0]! >> 4 === 6 ? [0x86, 0xdd] : [0x08, 0x00], 12)
    frame.set(packet, 14)
    return frame
  }

  /** Works until nothing is waiting but timers. Returns the pieces of work done. */
  run(): number {
    return this.#packets.run()
  }

  /** One connection attempt after the other, each to its end. `forget`: conntrack keeps nothing of them. */
  probe(
    attempts: readonly Attempt[],
    { forget = false }: { readonly forget?: boolean } = {},
  ): AttemptResult[] {
    this.run()
    const results: AttemptResult[] = []
    for (let at = 0; at < attempts.length; at += PROBE_BATCH) {
      const batch = attempts.slice(at, at + PROBE_BATCH)
      results.push(...this.#probes.run(batch, (name) => this.netns(name).address, forget))
    }
    return results
  }

  /** Keeps what arrives at an interface from now on (not what is injected there), or stops. */
  capture(netns: string, link: string, on: boolean): void {
    const id = this.netns(netns).links.setCapture(link, on)
    if (on) this.#captured.set(id, { netns, link })
  }

  /** The frames kept since the last call, in order of arrival. */
  takeCaptured(): Captured[] {
    return this.#packets.takeCaptured().map(({ link, time, frame }) => {
      const name = this.#captured.get(link)
      if (!name) throw new Error(`engine: a frame of link ${link}, which nobody captures`)
      return { ...name, time, frame }
    })
  }
}
