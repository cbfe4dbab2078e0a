/**
 * All pairs of pods, by classes: pods of one class are the same to every policy, so one answer serves every pair of
 * theirs. Two kinds of pairs are exceptions to that and are told apart here: a pod with itself, and a host-network pod
 * with the pods of its own node.
 */
import { getOrMake } from '../collect.ts'
import type { ConnectionSet } from '../connections.ts'
import { exemptionsOf } from '../exempt.ts'
import type { Context } from '../party.ts'
import type { Stage } from './profile.ts'
import type { Partition } from './partition.ts'
import type { Member, PeerClass } from './peer-class.ts'
import { MOST_PORTS, type PairCount, type PortQuestion } from './pair-count.ts'
import { ALL_ID, type SetId } from './set-table.ts'

/** Pods that no policy can tell apart. A live view: it changes with the evaluator. */
export interface PodClass {
  /** Unique among the classes of the moment. */
  readonly id: number
  /** `namespace/name` of each. */
  readonly pods: readonly string[]
}

/**
 * All pairs of pods at the present moment: `evaluator.allPairs()` makes it, and it follows the evaluator's changes. Its
 * answers are those of `Evaluator.connections` for each pair.
 *
 * Shape: classes of pods, and a connection set for each ordered pair of them. Cost: one answer for two classes however
 * many pods they have, worked out when asked for. Pods are named `namespace/name` and do not include finished ones
 * (unless option `finishedPods` has it otherwise). Nothing here throws.
 */
export class AllPairs {
  readonly #partition: Partition
  readonly #context: Context
  readonly #throughService: boolean

  constructor(partition: Partition, context: Context, throughService: boolean) {
    this.#partition = partition
    this.#context = context
    this.#throughService = throughService
  }

  /** Of every pod that has not finished. */
  classes(): PodClass[] {
    return this.#classes().map((one) => podClass(one.id, [...one.members]))
  }

  /** Pods by `namespace/name`. Undefined for one that does not exist or has finished. */
  connections(from: string, to: string): ConnectionSet | undefined {
    const { members, answers } = this.#partition
    const [source, destination] = [members.get(from), members.get(to)]
    if (source === undefined || destination === undefined) return undefined
    return answers.sets.set(this.#between(source, destination))
  }

  /**
   * Visits every ordered pair of different pods once, in groups of pods that have the same answer. Cost: the classes
   * squared, and what `visit` does.
   */
  forEach(visit: (from: PodClass, to: PodClass, connections: ConnectionSet) => void): void {
    const { answers, peers } = this.#partition
    const classes = this.#classes()
    const whole = new Map(classes.map((one) => [one, podClass(one.id, [...one.members])]))
    const stages = new Map<Stage, Int32Array>()
    for (const from of classes) {
      const sent = answers.row(from.egress, peers, stages)
      const known = new Map<Stage, number>()
      const peer = { ...from, concerns: this.#partition.concerns(from.id) }
      for (const to of classes) {
        if (from.policed !== to.policed) this.#visitHost(from, to, visit)
        else if (from !== to || from.members.size > 1) {
          const taken = answers.at(to.ingress, peer, {}, known)
          const answer = answers.sets.intersection(sent[to.id]!, taken)
          visit(whole.get(from)!, whole.get(to)!, answers.sets.set(answer))
        }
      }
    }
  }

  /**
   * How many ordered pairs of pods may connect, a pod and itself included, by port. Kept from one call to the next:
   * after a change, only classes that it touched are counted again.
   */
  count(ports: readonly PortQuestion[]): number[] {
    const counts: number[] = []
    for (let start = 0; start < ports.length; start += MOST_PORTS) {
      const some = ports.slice(start, start + MOST_PORTS)
      const count = this.#partition.count(some)
      const exceptions = this.#exceptions(count)
      count.pairs().forEach((pairs, bit) => counts.push(pairs + exceptions[bit]!))
    }
    return counts
  }

  #classes(): PeerClass[] {
    return this.#partition.classes.filter((one) => one !== undefined && one.members.size > 0) as PeerClass[]
  }

  #between(from: Member, to: Member): SetId {
    const ends = { from: from.party, to: to.party, throughService: this.#throughService }
    const { answers } = this.#partition
    return answers.sets.intersection(
      answers.at(from.class.egress, to.class, exemptionsOf('egress', ends, this.#context)),
      answers.at(to.class.ingress, from.class, exemptionsOf('ingress', ends, this.#context)),
    )
  }

  /** One of the two is of a host's network: the pods on that host apart from the others. */
  #visitHost(
    from: PeerClass,
    to: PeerClass,
    visit: (from: PodClass, to: PodClass, connections: ConnectionSet) => void,
  ): void {
    const host = from.policed ? to.host : from.host
    for (const sources of from.policed ? byNode(from, host) : [[...from.members]])
      for (const destinations of to.policed ? byNode(to, host) : [[...to.members]]) {
        const [source, destination] = [sources[0], destinations[0]]
        if (source === undefined || destination === undefined) continue
        const answer = this.#partition.answers.sets.set(this.#between(source, destination))
        visit(podClass(from.id, sources), podClass(to.id, destinations), answer)
      }
  }

  /** What has to be added to the pairs of classes, by port. */
  #exceptions(count: PairCount): number[] {
    const pairs = new Float64Array(1 << MOST_PORTS)
    const classes = this.#classes()
    if (!this.#throughService && this.#context.options.selfByAddress === 'allowed')
      pairs[count.mask(ALL_ID)]! += this.#partition.members.size
    else
      for (const { members } of classes) {
        const [sample] = members
        pairs[count.mask(this.#between(sample!, sample!))]! += members.size
      }
    const hosts = classes.filter(({ host }) => host !== undefined)
    const onNode = hosts.length === 0 ? undefined : this.#membersByNode()
    for (const host of hosts)
      for (const members of onNode!.get(host.host!)?.values() ?? []) {
        const [inside, outside] = [members[0]!, [...host.members][0]!]
        for (const [from, to] of [
          [inside, outside],
          [outside, inside],
        ] as const) {
          const number = members.length * host.members.size
          pairs[count.mask(this.#between(from, to))]! += number
          pairs[count.mask(this.#betweenClasses(from.class, to.class))]! -= number
        }
      }
    return count.byPort(pairs)
  }

  #betweenClasses(from: PeerClass, to: PeerClass): SetId {
    const { answers } = this.#partition
    return answers.sets.intersection(answers.at(from.egress, to), answers.at(to.ingress, from))
  }

  /** Pods that are policed, by node and class. */
  #membersByNode(): Map<string, Map<PeerClass, Member[]>> {
    const nodes = new Map<string, Map<PeerClass, Member[]>>()
    for (const member of this.#partition.members.values()) {
      if (!member.class.policed || member.pod.node === undefined) continue
      const classes = getOrMake(nodes, member.pod.node, () => new Map<PeerClass, Member[]>())
      getOrMake(classes, member.class, (): Member[] => []).push(member)
    }
    return nodes
  }
}

/** The pods of the class that run on the node, and the others. */
function byNode(one: PeerClass, node: string | undefined): readonly Member[][] {
  const members = [...one.members]
  const on = (member: Member): boolean => node !== undefined && member.pod.node === node
  return [members.filter(on), members.filter((member) => !on(member))]
}

function podClass(id: number, members: readonly Member[]): PodClass {
  return { id, pods: members.map(({ key }) => key) }
}
