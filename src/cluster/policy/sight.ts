/**
 * What policies can see of a connection, as a text: the policies that select the end that is policed, which of their
 * peers the other end is, the ports that have names, and whether one of the two is of the other's node. Connections with
 * the same text have the same answer in that direction, whatever options say.
 */
import type { Family } from '../../kernel/ruleset.ts'
import { blockHolds, readAddress, type Address } from '../../policy/evaluate/address.ts'
import type { PodFacts } from '../../policy/evaluate/facts.ts'
import type { Direction, Endpoint, Evaluator } from '../../policy/evaluate/index.ts'
import type { Policy, PolicyPeer } from '../../policy/evaluate/policy.ts'
import { selects } from '../../policy/evaluate/select.ts'
import { policiesOf } from '../../policy/evaluate/selecting.ts'

type Index = Evaluator['index']

/** A pod, or an address that nobody has. */
interface End {
  readonly pod?: PodFacts
  readonly address: Address | undefined
  /** What is said of it whoever the other end is. */
  readonly text: string
  readonly policies: readonly Policy[]
}

export class Sights {
  readonly #index: Index
  readonly #family: Family
  readonly #ends = new Map<string, End | undefined>()

  constructor(index: Index, family: Family) {
    this.#index = index
    this.#family = family
  }

  /** Undefined for a pod and itself, nodes, and addresses that are somebody's: these are special to policies. */
  key(direction: Direction, from: Endpoint, to: Endpoint): string | undefined {
    const [source, destination] = [this.#end(from), this.#end(to)]
    if (source === undefined || destination === undefined || source === destination) return undefined
    const [subject, peer] = direction === 'egress' ? [source, destination] : [destination, source]
    const seen = subject.policies.map((policy) =>
      (policy[direction] ?? []).map(({ peers = [] }) =>
        peers.map((one) => (this.#isPeer(one, peer) ? 1 : 0)),
      ),
    )
    const ports = destination.pod?.namedPorts.map(({ name, protocol, port }) => `${name}=${port}/${protocol}`)
    const node = source.pod?.node === destination.pod?.node
    const hosts = source.pod?.hostNetwork === true || destination.pod?.hostNetwork === true
    return [direction, subject.text, kindOf(peer), JSON.stringify(seen), ports, hosts && node].join(' ')
  }

  #end(endpoint: Endpoint): End | undefined {
    const key = JSON.stringify(endpoint)
    if (!this.#ends.has(key)) this.#ends.set(key, this.#read(endpoint))
    return this.#ends.get(key)
  }

  #read(endpoint: Endpoint): End | undefined {
    const index = this.#index
    if (endpoint.kind === 'node') return undefined
    if (endpoint.kind === 'address') {
      const address = readAddress(endpoint.address)
      if (address === undefined || index.podsAt(address).length > 0 || index.nodesAt(address).length > 0) {
        return undefined
      }
      return { address, text: 'outside', policies: [] }
    }
    const pod = index.pod(endpoint.namespace, endpoint.name)
    if (pod === undefined || pod.finished) return undefined
    const policies = policiesOf(pod, index)
    const address = pod.addresses.find(({ family }) => family === this.#family)
    const names = policies.map(({ kind, name }) => `${kind} ${name}`)
    return { pod, address, policies, text: `${kindOf({ pod })} ${names.join(', ')}` }
  }

  #isPeer(peer: PolicyPeer, { pod, address }: End): boolean {
    switch (peer.kind) {
      case 'pods':
        return pod !== undefined && this.#index.contains(peer.set, pod)
      case 'networks':
        return address !== undefined && peer.blocks.some((block) => blockHolds(block, address))
      case 'nodes':
        return (
          address !== undefined &&
          this.#index.nodesAt(address).some(({ labels }) => selects(peer.nodes, labels))
        )
      default:
        return peer satisfies never
    }
  }
}

function kindOf({ pod }: Pick<End, 'pod'>): string {
  return pod === undefined ? 'outside' : pod.hostNetwork ? 'host' : 'pod'
}
