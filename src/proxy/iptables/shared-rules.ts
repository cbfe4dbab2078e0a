/**
 * What the rules of all service ports share: the chains of no service, the jumps into them, and what ports are compiled
 * with. The same objects as long as nothing they are made of changes, so that whoever compares by identity sees no
 * change.
 */
import type { ChainCommand } from '../../kernel/restore.ts'
import { parseIp } from '../ip.ts'
import type { Iptables, ProxyNode } from '../node.ts'
import { NodePortAddresses } from '../node-port-addresses.ts'
import { ensureSysctl } from '../conntrack/sysctls.ts'
import { fixedRules, nodePortJumps } from './fixed-rules.ts'
import type { FixedRules } from './fixed-rules.ts'
import { JUMPS } from './jumps.ts'
import { NFACCT_INVALID_DROPPED, NFACCT_LOCALHOST_NODEPORTS } from './names.ts'
import type { IptablesProxierOptions } from './options.ts'
import type { CompileContext } from './plan.ts'

export class SharedRules {
  readonly #node: ProxyNode
  readonly #iptables: Iptables
  readonly #options: IptablesProxierOptions
  readonly #localhostNodePorts: boolean
  readonly #conntrackTcpLiberal: boolean
  readonly #nodePortAddresses: NodePortAddresses
  #zone = ''
  #nfacct = { invalid: false, localhost: false }
  #fixed: FixedRules | undefined
  #jumps: { readonly key: string; readonly jumps: readonly ChainCommand[] } | undefined
  #contexts: { readonly small: CompileContext; readonly large: CompileContext } | undefined

  /** Writes `route_localnet` when the options need it. */
  constructor(node: ProxyNode, iptables: Iptables, options: IptablesProxierOptions) {
    this.#node = node
    this.#iptables = iptables
    this.#options = options
    this.#nodePortAddresses = new NodePortAddresses(iptables.family, options.nodePortAddresses)
    this.#localhostNodePorts = options.localhostNodePorts && this.#nodePortAddresses.containsIPv4Loopback
    if (this.#localhostNodePorts) ensureSysctl(node.sysctl, 'net.ipv4.conf.all.route_localnet', 1)
    this.#conntrackTcpLiberal = (node.sysctl.get('net.netfilter.nf_conntrack_tcp_be_liberal') ?? 0) !== 0
  }

  /** The node moved to another zone: ports are compiled anew. */
  setZone(zone: string): void {
    this.#zone = zone
    this.#contexts = undefined
  }

  /** What is not part of the batch, as it would have to replace chains of others. */
  ensureJumps(): void {
    for (const { table, from, to, rule } of JUMPS) {
      this.#iptables.ensureChain(table, to)
      this.#iptables.ensureRule(table, from, rule)
    }
    const nfacct = {
      invalid: this.#ensureCounter(NFACCT_INVALID_DROPPED),
      localhost: this.#ensureCounter(NFACCT_LOCALHOST_NODEPORTS),
    }
    if (nfacct.invalid === this.#nfacct.invalid && nfacct.localhost === this.#nfacct.localhost) return
    this.#nfacct = nfacct
    this.#fixed = undefined
    this.#contexts = undefined
  }

  #ensureCounter(name: string): boolean {
    try {
      this.#node.nfacct?.ensure(name)
      return this.#node.nfacct !== undefined
    } catch {
      return false
    }
  }

  /** The same objects as long as the node keeps its addresses. */
  nodePortJumps(): readonly ChainCommand[] {
    const addresses = this.#nodePortAddresses.matchAll ? [] : this.#node.interfaceAddresses()
    const key = addresses.join()
    if (this.#jumps?.key !== key) {
      const { family } = this.#iptables
      const jumps = nodePortJumps(family, this.#nodePortAddresses, this.#localhostNodePorts, addresses)
      this.#jumps = { key, jumps }
    }
    return this.#jumps.jumps
  }

  fixed(): FixedRules {
    return (this.#fixed ??= fixedRules({
      family: this.#iptables.family,
      masqueradeMark: 2 ** this.#options.masqueradeBit,
      randomFully: this.#iptables.hasRandomFully,
      localhostNodePorts: this.#localhostNodePorts,
      conntrackTcpLiberal: this.#conntrackTcpLiberal,
      countInvalid: this.#nfacct.invalid,
    }))
  }

  /** The same object as long as nothing in it changes: ports are compiled anew for another one. */
  context(largeCluster: boolean): CompileContext {
    if (this.#contexts === undefined) {
      const { nodeIP, masqueradeAll, detector } = this.#options
      const small: CompileContext = {
        family: this.#iptables.family,
        topology: { nodeName: this.#node.name, zone: this.#zone },
        nodeIP: nodeIP === undefined ? undefined : parseIp(nodeIP),
        masqueradeAll,
        detector,
        countLocalhostNodePorts:
          this.#localhostNodePorts && this.#iptables.family === 'ipv4' && this.#nfacct.localhost,
        largeCluster: false,
      }
      this.#contexts = { small, large: { ...small, largeCluster: true } }
    }
    return largeCluster ? this.#contexts.large : this.#contexts.small
  }
}
