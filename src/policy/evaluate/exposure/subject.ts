/** The pod whose exposure is asked for, with what its policies' rules name. */
import { readAddress } from '../address.ts'
import type { PodFacts } from '../facts.ts'
import { partiesOf, type Context } from '../party.ts'
import type { PodSet, Policy } from '../policy.ts'
import { PolicyError } from '../policy-error.ts'
import type { Direction, Endpoint } from '../question.ts'
import { policiesOf } from '../selecting.ts'
import type { AddressFamily } from '../address.ts'
import type { Coming } from './open-connections.ts'
import { byName, canHold, distinct } from './pod-sets.ts'

export interface ExposureOptions {
  /** Of the pods to come. Default: that of the pod's first address. */
  readonly family?: AddressFamily
  /** That of the pods to come, as if all had it. */
  readonly address?: string
}

export interface Subject {
  /** Undefined where policies see no pod: on the host's network, or finished. */
  readonly pod: PodFacts | undefined
  /** Those that police it in the direction. */
  readonly policies: readonly Policy[]
  /** The sets of pods that their rules name, each once. */
  readonly sets: readonly PodSet[]
  /** The names of ports in their rules, sorted. */
  readonly portNames: readonly string[]
  readonly coming: Coming
}

/** @throws PolicyError when there is no such pod, or the address is none */
export function readSubject(
  endpoint: Endpoint,
  direction: Direction,
  options: ExposureOptions,
  context: Context,
): Subject {
  const address = options.address === undefined ? undefined : readAddress(options.address)
  if (options.address !== undefined && address === undefined)
    throw new PolicyError(`not an address: ${JSON.stringify(options.address)}`)
  const [party] = partiesOf(endpoint, endpoint, options.family, context)
  const family = address?.family ?? options.family ?? party.address?.family ?? 'ipv4'
  const pod = party.kind === 'pod' ? party.pod : undefined
  const policies =
    pod === undefined
      ? []
      : policiesOf(pod, context.index).filter((policy) => policy[direction] !== undefined)
  const rules = policies.flatMap((policy) => policy[direction] ?? [])
  const sets = rules.flatMap(({ peers = [] }) =>
    peers.flatMap((peer) => (peer.kind === 'pods' ? [byName(peer.set)] : [])),
  )
  const names = rules.flatMap(({ ports = [] }) =>
    ports.flatMap((match) => (match.kind === 'named' ? [match.name] : [])),
  )
  return {
    pod,
    policies,
    sets: distinct(sets).filter(canHold),
    portNames: [...new Set(names)].sort(),
    coming: { family, address },
  }
}
