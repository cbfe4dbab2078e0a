/**
 * The policy agent on one node, fed by its own informers. Pods, namespaces and nodes are watched from the first policy
 * on: a node without policies hears of policies only. Nothing is written before all that is watched has been listed.
 */
import {
  ApiClient,
  clusternetworkpolicies,
  namespaces,
  networkpolicies,
  nodes,
  pods,
  type ApiServer,
  type KindDefinition,
  type KubeObject,
  type Pod,
} from '../../apiserver/index.ts'
import { InformerFactory } from '../../informer/index.ts'
import { PolicyAgent, type PolicyAgentOptions } from '../../policy/iptables/agent.ts'
import { policyFaults } from '../../policy/faults/index.ts'
import { POLICY_INPUTS, type PolicyFault } from '../../policy/plan/inputs.ts'
import type { Clock } from '../../sim/clock.ts'
import type { NodeKernel } from './node-kernel.ts'

/** Milliseconds. */
const SYNC_POLL = 10

export interface PolicyConfig extends Pick<PolicyAgentOptions, 'liveConnections'> {
  /** What is wrong with the dataplane, for tests that must notice it: names of `FAULTS`, or one's own. Default: nothing. */
  readonly faults?: readonly (string | PolicyFault)[]
}

export interface NodePolicyOptions extends PolicyConfig {
  readonly clock: Clock
  readonly server: ApiServer
  readonly seed: number
  /** Pods that had to wait may have their interfaces now. */
  readonly onReady: () => void
}

export class NodePolicy {
  readonly agent: PolicyAgent
  readonly #clock: Clock
  readonly #informers: InformerFactory
  readonly #beforeFirstPacket: boolean
  readonly #onReady: () => void
  /** Pods, namespaces and nodes are watched. */
  #watching = false
  #scheduled = false
  /** A pod waits for policies to be heard of. */
  #awaited = false
  #stopped = false

  constructor(kernel: NodeKernel, options: NodePolicyOptions) {
    const { clock, server, seed, faults = [], liveConnections = 'keep', onReady } = options
    this.#clock = clock
    this.#onReady = onReady
    const inputs = policyFaults(faults).reduce((wrapped, fault) => fault(wrapped), POLICY_INPUTS)
    this.#beforeFirstPacket = inputs.placement.beforeFirstPacket
    this.agent = new PolicyAgent(kernel, { inputs, liveConnections, onChange: () => this.#schedule() })
    const { agent } = this
    this.#informers = new InformerFactory(new ApiClient(server, `system:node:${kernel.name}`), {
      clock,
      seed,
    })
    this.#watch(networkpolicies, {
      set: (policy) => agent.setPolicy(policy),
      delete: (policy) => agent.deletePolicy(policy),
    })
    this.#watch(clusternetworkpolicies, {
      set: (policy) => agent.setPolicy(policy),
      delete: (policy) => agent.deletePolicy(policy),
    })
    this.#informers.start()
    this.#whenSynced()
  }

  stop(): void {
    this.#stopped = true
    this.#informers.stop()
  }

  /**
   * A pod of this node is about to get its interface. False: not yet, as policies have not been heard of; `onReady` will
   * say when. True: whatever isolates it is in force.
   */
  admit(pod: Pod): boolean {
    if (!this.#beforeFirstPacket) return true
    if (!this.#informers.hasSynced()) {
      this.#awaited = true
      return false
    }
    if (!this.#watching) return true
    this.agent.setPod(pod)
    this.agent.sync()
    return true
  }

  #watch<T extends KubeObject>(
    kind: KindDefinition<T>,
    handlers: { readonly set: (object: T) => void; readonly delete: (object: T) => void },
  ): void {
    this.#informers.informer(kind).addHandler({
      added: handlers.set,
      updated: (_, object) => handlers.set(object),
      deleted: handlers.delete,
    })
  }

  #watchAll(): void {
    this.#watching = true
    const { agent } = this
    this.#watch(namespaces, {
      set: (namespace) => agent.setNamespace(namespace),
      delete: (namespace) => agent.deleteNamespace(namespace),
    })
    this.#watch(nodes, { set: (node) => agent.setNode(node), delete: (node) => agent.deleteNode(node) })
    this.#watch(pods, { set: (pod) => agent.setPod(pod), delete: (pod) => agent.deletePod(pod) })
  }

  #schedule(): void {
    if (!this.#watching) {
      this.#watchAll()
      this.#whenSynced()
    }
    if (this.#scheduled || this.#stopped) return
    this.#scheduled = true
    this.#clock.setTimer(0, () => {
      this.#scheduled = false
      if (!this.#stopped && this.#informers.hasSynced()) this.agent.sync()
    })
  }

  /** As client-go's WaitForCacheSync: looks now and again. */
  #whenSynced(): void {
    this.#clock.setTimer(SYNC_POLL, () => {
      if (this.#stopped) return
      if (!this.#informers.hasSynced()) {
        this.#whenSynced()
        return
      }
      if (this.#watching) this.agent.sync()
      if (!this.#awaited) return
      this.#awaited = false
      this.#onReady()
    })
  }
}
