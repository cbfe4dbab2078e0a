/** Pods that no policy can tell apart, and what they are to the policies of others. */
import type { PodFacts } from '../facts.ts'
import type { Party } from '../party.ts'
import type { RulePeer } from './answer.ts'
import type { Profile } from './profile.ts'
import type { Token } from './token.ts'

export interface Member {
  /** `namespace/name`. */
  readonly key: string
  readonly pod: PodFacts
  readonly party: Party
  class: PeerClass
}

export interface PeerClass extends RulePeer {
  readonly id: number
  readonly members: Set<Member>
  /** Sorted by id. */
  readonly tokens: Token[]
  /** Of host-network pods: their node, when there is one of that name; undefined for pods that are policed. */
  readonly host: string | undefined
  readonly policed: boolean
  key: string
  /** Undefined: nothing polices it in that direction. */
  egress: Profile | undefined
  ingress: Profile | undefined
}
