/** What an `ip` command line says, as data. */
import type { InterfaceAddress, Neighbour, Route, RouteKey } from '../net.ts'
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
    | { readonly kind: 'addr-add'; readonly address: InterfaceAddress; readonly replace?: boolean }
    | {
        readonly kind: 'addr-delete'
        readonly address: InterfaceAddress
        /** It was named without a prefix length: any with these bits is meant. */
        readonly anyPrefix?: boolean
      }
    | { readonly kind: 'addr-flush'; readonly dev: string; readonly family?: Family }
    | { readonly kind: 'route-add' | 'route-replace' | 'route-change'; readonly route: Route }
    | { readonly kind: 'route-delete'; readonly route: RouteKey }
    | {
        readonly kind: 'neigh-add' | 'neigh-replace' | 'neigh-change'
        readonly neighbour: Neighbour
      }
    | { readonly kind: 'neigh-delete'; readonly neighbour: Omit<Neighbour, 'lladdr'> }
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
  readonly table?: 'main' | 'local' | 'all'
  /** Only the route of this very prefix. */
  readonly to?: { readonly address: string; readonly prefixLength: number }
  /** Only links that are up. */
  readonly up?: boolean
}
