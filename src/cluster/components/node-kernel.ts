/** A node's kernel as its kube-proxy and its policy agent see it: the namespace of the node in the engine. */
import type { Engine } from '../../engine/index.ts'
import type { ConntrackEntry } from '../../kernel/conntrack.ts'
import type { IpSets, SetsChange } from '../../kernel/ipset.ts'
import { Problem } from '../../kernel/problem.ts'
import type { Family } from '../../kernel/ruleset.ts'
import type { PolicyNode } from '../../policy/iptables/node.ts'
import type { Clock } from '../../sim/clock.ts'
import { RulesetIptables } from '../../proxy/iptables/ruleset-iptables.ts'
import type { ConntrackTable, Nfacct, ProxyNode, Sysctl } from '../../proxy/node.ts'

/** CPUs of every node: kube-proxy sizes the conntrack table by them. */
const CPUS = 4

/** The size of the hash table: one for all namespaces, and not a namespace's to set. Changes no verdict. */
const BUCKETS = 'net.netfilter.nf_conntrack_buckets'

type Flow = ReturnType<ConntrackTable['list']> extends Iterable<infer F> ? F : never

export class NodeKernel implements ProxyNode, PolicyNode {
  readonly name: string
  readonly cpus = CPUS
  readonly iptables: Readonly<Record<Family, RulesetIptables>>
  readonly sysctl: Sysctl
  readonly nfacct: Nfacct
  readonly conntrack: ConntrackTable
  readonly sets: { change(change: SetsChange): void; list(): IpSets }
  readonly #addresses: readonly string[]
  readonly #sysctls = new Map<string, string>()
  #buckets = 0

  /** `addresses`: those of the node's interfaces. */
  constructor(engine: Engine, clock: Clock, name: string, addresses: readonly string[]) {
    this.name = name
    this.#addresses = addresses
    const iptables = (family: Family): RulesetIptables =>
      new RulesetIptables(
        { family, tables: new Map() },
        { load: (ruleset) => engine.rulesetSet(name, ruleset) },
      )
    this.iptables = { ipv4: iptables('ipv4'), ipv6: iptables('ipv6') }
    this.nfacct = { ensure: (counter) => engine.nfacctAdd(name, counter) }
    this.sets = {
      change: (change) => engine.setsChange(name, change),
      list: () => engine.setsList(name),
    }
    this.sysctl = {
      get: (key) => (key === BUCKETS ? this.#buckets : numberOf(engine, name, key)),
      set: (key, value) => {
        if (key === BUCKETS) {
          this.#buckets = value
          return
        }
        engine.sysctlSet(name, key, String(value))
        this.#sysctls.set(key, String(value))
      },
    }
    this.conntrack = {
      list: (family) => {
        engine.advanceTo(clock.now())
        return engine.conntrackList(name, family).map(flowOf)
      },
      delete: (family, flows) => {
        const gone = new Set(flows.map(flowKey))
        engine.conntrackDelete(name, (entry) => entry.family === family && gone.has(flowKey(flowOf(entry))))
      },
    }
  }

  /** What kube-proxy has set, in the order in which it did. */
  get sysctls(): ReadonlyMap<string, string> {
    return this.#sysctls
  }

  interfaceAddresses(): readonly string[] {
    return ['127.0.0.1', '::1', ...this.#addresses]
  }

  /** Puts into the engine whatever is not there yet. */
  flush(): void {
    this.iptables.ipv4.flush()
    this.iptables.ipv6.flush()
  }
}

/** Undefined when the kernel has no such setting. */
function numberOf(engine: Engine, netns: string, key: string): number | undefined {
  try {
    return Number(engine.sysctlGet(netns, key))
  } catch (error) {
    if (error instanceof Problem) return undefined
    throw error
  }
}

function flowOf({ protocol, original, reply }: ConntrackEntry): Flow {
  const tuple = ({ source, destination, ports }: ConntrackEntry['original']): Flow['original'] => ({
    source,
    sourcePort: ports?.source ?? 0,
    destination,
    destinationPort: ports?.destination ?? 0,
  })
  return { protocol, original: tuple(original), reply: tuple(reply) }
}

function flowKey({ protocol, original, reply }: Flow): string {
  return [protocol, ...Object.values(original), ...Object.values(reply)].join(' ')
}
