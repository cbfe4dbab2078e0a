/**
 * The policy agent of a node: what the policies say, as chains in the table mangle and sets. It is told of objects as
 * they come; `sync` brings the kernel up to date. A pod that comes, goes or changes its labels changes elements of sets;
 * a policy that changes writes its own chain and the one that has the line leading to it.
 *
 * Without any policy there is nothing of it in the kernel.
 */
import type { ClusterNetworkPolicy, KubeObject, NetworkPolicy, Node, Pod } from '../../apiserver/index.ts'
import { keyOf } from '../../informer/index.ts'
import { PodMembers } from '../members/members.ts'
import { NodeMembers } from '../members/nodes.ts'
import type { PodFacts } from '../members/pod-facts.ts'
import { PortNames } from '../members/port-names.ts'
import { POLICY_INPUTS, type PolicyInputs } from '../plan/inputs.ts'
import type { PolicyPlan } from '../plan/plan.ts'
import { TABLE } from './fixed-chains.ts'
import type { LiveConnections } from './lane.ts'
import type { PolicyNode } from './node.ts'
import { PolicyRules } from './policy-rules.ts'
import { SetBook } from './set-book.ts'
import type { PolicyUnit } from './unit.ts'

export interface PolicyAgentOptions {
  readonly inputs?: PolicyInputs
  /** What a change means for connections that are there: default `keep`. */
  readonly liveConnections?: LiveConnections
  /** Interfaces of the node that lead to pods. Default `veth+`. */
  readonly podInterfaces?: string
  /** Called when there is something to sync. */
  readonly onChange?: () => void
}

type Policy = NetworkPolicy | ClusterNetworkPolicy

export class PolicyAgent {
  readonly #node: PolicyNode
  readonly #inputs: PolicyInputs
  readonly #onChange: () => void
  readonly #cluster = new PodMembers()
  readonly #local = new PodMembers()
  readonly #ports = new PortNames()
  readonly #nodes = new NodeMembers()
  readonly #sets: SetBook
  readonly #rules: PolicyRules
  /** The directions of each policy, by `kind namespace/name`. */
  readonly #objects = new Map<string, readonly PolicyUnit[]>()
  readonly #changed = new Map<string, Policy | undefined>()
  /** What the kernel has not been told yet, in order. */
  readonly #steps: (() => void)[] = []

  constructor(node: PolicyNode, options: PolicyAgentOptions = {}) {
    const { inputs = POLICY_INPUTS, liveConnections: live = 'keep', podInterfaces = 'veth+' } = options
    this.#node = node
    this.#inputs = inputs
    this.#onChange = options.onChange ?? (() => {})
    const local = this.#local
    const sets = new SetBook(
      { cluster: this.#cluster, local, ports: this.#ports, nodes: this.#nodes },
      this.#onChange,
    )
    this.#sets = sets
    this.#rules = new PolicyRules({ placement: inputs.placement, live, podInterfaces, local, sets })
  }

  /** What is in force: policies, chains of one family, sets (both families count as one). */
  get size(): { readonly policies: number; readonly chains: number; readonly sets: number } {
    return { policies: this.#objects.size, chains: this.#rules.size, sets: this.#sets.size }
  }

  setPod(pod: Pod): void {
    const facts = this.#inputs.pod(pod)
    const key = keyOf(pod)
    if (facts === undefined) {
      this.#forgetPod(key)
      return
    }
    const known = this.#cluster.pod(key)
    if (known !== undefined && sameFacts(known, facts)) return
    this.#cluster.setPod(facts)
    this.#ports.setPod(facts)
    if (facts.node === this.#node.name) this.#local.setPod(facts)
    else this.#local.deletePod(key)
  }

  deletePod(pod: Pod): void {
    if (this.#inputs.placement.forgetsPods) this.#forgetPod(keyOf(pod))
  }

  setNamespace(namespace: KubeObject): void {
    const labels = this.#inputs.namespace(namespace)
    for (const members of [this.#cluster, this.#local]) members.setNamespace(namespace.metadata.name, labels)
  }

  deleteNamespace({ metadata }: KubeObject): void {
    for (const members of [this.#cluster, this.#local]) members.setNamespace(metadata.name, undefined)
  }

  setNode(node: Node): void {
    this.#nodes.setNode(this.#inputs.node(node))
  }

  deleteNode({ metadata }: Node): void {
    this.#nodes.deleteNode(metadata.name)
  }

  setPolicy(policy: Policy): void {
    this.#changed.set(objectKey(policy), policy)
    this.#onChange()
  }

  deletePolicy(policy: Policy): void {
    this.#changed.set(objectKey(policy), undefined)
    this.#onChange()
  }

  /** Costs what has changed since the last one. When a step fails, the next sync begins with it: nothing is lost. */
  sync(): void {
    if (this.#changed.size > 0) this.#policiesChanged()
    this.#steps.push(...this.#stepsOfChange())
    for (let step = this.#steps[0]; step !== undefined; step = this.#steps[0]) {
      step()
      this.#steps.shift()
    }
  }

  /** Sets are there before the rules that name them, and go after these. */
  #stepsOfChange(): (() => void)[] {
    const { iptables, sets } = this.#node
    const { families } = this.#inputs.placement
    const made = this.#sets.takeChange()
    const { unhook, batches, hook } = this.#rules.takeChange()
    const gone = this.#sets.takeGone()
    const steps: (() => void)[] = []
    if (made !== undefined) steps.push(() => sets.change(made))
    for (const family of families)
      for (const { chain, rule } of unhook)
        steps.push(() => void iptables[family].deleteRule(TABLE, chain, rule))
    for (const batch of batches) steps.push(() => iptables[batch.family].restore(batch))
    for (const family of families) {
      for (const { chain, rule } of hook)
        steps.push(() => void iptables[family].ensureRule(TABLE, chain, rule))
      if (hook.length + unhook.length > 0) steps.push(() => iptables[family].flush())
    }
    if (gone !== undefined) steps.push(() => sets.change(gone))
    return steps
  }

  #policiesChanged(): void {
    const gone: PolicyUnit[] = []
    const come: PolicyPlan[] = []
    const objects: { readonly key: string; readonly count: number }[] = []
    for (const [key, policy] of this.#changed) {
      gone.push(...(this.#objects.get(key) ?? []))
      this.#objects.delete(key)
      const plans = policy === undefined ? [] : this.#plansOf(policy)
      come.push(...plans)
      objects.push({ key, count: plans.length })
    }
    this.#changed.clear()
    const units = this.#rules.replace(gone, come)
    let at = 0
    for (const { key, count } of objects) {
      if (count > 0) this.#objects.set(key, units.slice(at, at + count))
      at += count
    }
  }

  #plansOf(policy: Policy): readonly PolicyPlan[] {
    return policy.kind === 'NetworkPolicy'
      ? this.#inputs.networkPolicy(policy)
      : this.#inputs.clusterNetworkPolicy(policy)
  }

  #forgetPod(key: string): void {
    this.#cluster.deletePod(key)
    this.#local.deletePod(key)
    this.#ports.deletePod(key)
  }
}

function objectKey(policy: Policy): string {
  return `${policy.kind} ${keyOf(policy)}`
}

function sameFacts(a: PodFacts, b: PodFacts): boolean {
  return (
    a.node === b.node &&
    sameRecord(a.labels, b.labels) &&
    a.addresses.join() === b.addresses.join() &&
    a.ports.length === b.ports.length &&
    a.ports.every(({ name, protocol, port }, index) => {
      const other = b.ports[index]!
      return name === other.name && protocol === other.protocol && port === other.port
    })
  )
}

function sameRecord(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  if (a === b) return true
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}
