/** What an `ip` command line says, as data. */
import type { InterfaceAddress, Neighbour, Route } from '../net.ts'
import type { Family } from '../ruleset.ts'

/** What can be said of a link when it is made; the kernel chooses the rest. */
export interface NewLink {
  readonly name: string
  readonly netns?: string
  readonly address?: string
  readonly mtu?: number
  readonly up?: boolean
}

export interface LinkChanges {
  readonly netns?: string
  readonly address?: string
  readonly mtu?: number
  readonly up?: boolean
  readonly name?: string
}

export type LinkCommand =
  | { readonly kind: 'link-add'; readonly type: 'veth'; readonly link: NewLink; readonly peer: NewLink }
  | { readonly kind: 'link-add'; readonly type: 'dummy'; readonly link: NewLink }
  | { readonly kind: 'link-set'; readonly link: string; readonly changes: LinkChanges }
  | { readonly kind: 'link-delete'; readonly link: string }
  | ShowCommand

export type IpCommand = InNamespace &
  (
    | LinkCommand
    | { readonly kind: 'netns-add' | 'netns-delete'; readonly name: string }
    | { readonly kind: 'netns-exec'; readonly name: string; readonly command: readonly string[] }
    | { readonly kind: 'netns-list' }
    | {
        readonly kind: 'addr-add' | 'addr-delete'
        readonly address: InterfaceAddress
        readonly replace?: boolean
      }
    | { readonly kind: 'addr-flush'; readonly dev: string }
    | { readonly kind: 'route-add' | 'route-replace' | 'route-delete'; readonly route: Route }
    | { readonly kind: 'neigh-add' | 'neigh-replace' | 'neigh-delete'; readonly neighbour: Neighbour }
    | ShowCommand
  )

interface InNamespace {
  /** `-n NAME`: the namespace it is about, when it is not the current one. */
  readonly netns?: string
}

export interface ShowCommand {
  readonly kind: 'show'
  readonly object: 'link' | 'addr' | 'route' | 'neigh'
  readonly family?: Family
  readonly dev?: string
  readonly table?: 'main' | 'local'
}
