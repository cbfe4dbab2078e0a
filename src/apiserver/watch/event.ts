/** What a watch says. */
import type { Status } from '../meta/status.ts'
import type { KubeObject } from '../types/index.ts'

export type WatchEvent<T extends KubeObject = KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly object: Bookmark }
  | { readonly type: 'ERROR'; readonly object: Status }

/** Only says how far the watch has come. */
export interface Bookmark {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly resourceVersion: string
    readonly annotations?: Readonly<Record<string, string>>
  }
}

/** On the bookmark that ends the initial events of a watch with `sendInitialEvents`. */
export const INITIAL_EVENTS_END = 'k8s.io/initial-events-end'
