/** Chains of services that no service needs any more: which of them a sync deletes (pkg/proxy/iptables: syncProxyRules). */
import type { Iptables } from '../node.ts'
import { isServiceChain } from './names.ts'
import type { PortTable } from './port-table.ts'

export class StaleChains {
  readonly #iptables: Iptables
  readonly #ports: PortTable
  readonly #syncPeriod: number
  #lastCleanup = -Infinity
  /** Chains in nat after the last sync. */
  #chainCount = -1

  /** `syncPeriod` in milliseconds. */
  constructor(iptables: Iptables, ports: PortTable, syncPeriod: number) {
    this.#iptables = iptables
    this.#ports = ports
    this.#syncPeriod = syncPeriod
  }

  /** A sync has been written: what is there now is ours or somebody's whom we know of. */
  synced(): void {
    this.#chainCount = this.#iptables.chainCount('nat')
  }

  /**
   * Listing the chains is slow on a real node, so in a large cluster it is not done in every sync. Here it is done only
   * when somebody else may have made chains; else those to delete are known.
   */
  take(time: number, full: boolean, largeCluster: boolean): readonly string[] {
    if (largeCluster && time - this.#lastCleanup < this.#syncPeriod) return []
    this.#lastCleanup = time
    const retired = this.#ports.takeRetiredChains()
    const alone = !full && this.#iptables.chainCount('nat') === this.#chainCount
    const stale = alone
      ? retired.filter((chain) => this.#iptables.chainExists('nat', chain))
      : this.#unknownChains()
    return stale.sort()
  }

  /** Chains in nat that look like those of a service and are none of ours. */
  #unknownChains(): string[] {
    const chains = [...this.#iptables.chainNames('nat')].filter(isServiceChain)
    if (chains.length === 0) return chains
    const active = this.#ports.activeChains()
    return chains.filter((chain) => !active.has(chain))
  }
}
