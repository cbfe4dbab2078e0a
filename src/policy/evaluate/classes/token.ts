/**
 * A token is one thing that policies ask about a peer or a subject: whether it is in a set of pods, in a block of
 * addresses, or a node that a selector selects. Two pods with the same tokens are the same to every policy.
 */
import type { AddressBlock } from '../address.ts'
import type { PodSet, PolicyPeer } from '../policy.ts'
import type { Selector } from '../select.ts'
import type { Bits } from './bits.ts'

export type TokenQuestion =
  | { readonly kind: 'pods'; readonly set: PodSet }
  | { readonly kind: 'network'; readonly block: AddressBlock }
  | { readonly kind: 'nodes'; readonly nodes: Selector }

export interface Token {
  /** Never given twice. */
  readonly id: number
  readonly key: string
  readonly question: TokenQuestion
  /** Ids of the policies of which this is the subject; undefined for peers. */
  readonly policies: Set<number> | undefined
  /** Stages of profiles that ask for it. */
  readonly stages: Set<object>
  /** How many policies hold it. */
  users: number
  /** The classes whose pods have it. */
  readonly classes: Bits
}

export function subjectKey(set: PodSet): string {
  return `subject ${podSetKey(set)}`
}

export function questionsOf(peer: PolicyPeer): TokenQuestion[] {
  switch (peer.kind) {
    case 'pods':
      return [{ kind: 'pods', set: peer.set }]
    case 'networks':
      return peer.blocks.map((block) => ({ kind: 'network', block }))
    case 'nodes':
      return [{ kind: 'nodes', nodes: peer.nodes }]
  }
}

export function questionKey(question: TokenQuestion): string {
  switch (question.kind) {
    case 'pods':
      return `pods ${podSetKey(question.set)}`
    case 'network': {
      const { range, except } = question.block
      return ['network', range, ...except]
        .map((one) => (typeof one === 'string' ? one : rangeKey(one)))
        .join(' ')
    }
    case 'nodes':
      return `nodes ${question.nodes.text}`
  }
}

function podSetKey({ namespaces, pods }: PodSet): string {
  return `${'name' in namespaces ? namespaces.name : `{${namespaces.selector.text}}`}/${pods.text}`
}

function rangeKey({ family, first, last }: AddressBlock['range']): string {
  return `${family} ${first}-${last}`
}
