/**
 * Requests and responses without a transport: what an HTTP front end would make of a path, a query and a body, and what
 * an in-process client says directly. Bodies and results are objects; nobody may change what a response holds.
 */
import type { JsonObject } from './meta/json.ts'
import type { Status } from './meta/status.ts'
import type { KubeList, KubeObject } from './types/index.ts'
import type { WatchStream } from './watch/stream.ts'

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection'

/** Content types of a patch. */
export type PatchType =
  'application/json-patch+json' | 'application/merge-patch+json' | 'application/strategic-merge-patch+json'

export type Subresource = 'status' | 'scale' | 'binding' | 'finalize'

export interface ApiRequest {
  readonly verb: Verb
  readonly group: string
  readonly version: string
  /** Plural: `services`. */
  readonly resource: string
  readonly subresource?: Subresource
  /** Absent for kinds without one, and for a list or watch over all namespaces. */
  readonly namespace?: string
  readonly name?: string
  readonly query?: RequestQuery
  readonly body?: unknown
  readonly patchType?: PatchType
  /** Who asks: `system:kube-proxy`, `system:node:node-1`. Filters may look at it. */
  readonly user?: string
}

/** Parameters of the query string, parsed. */
export interface RequestQuery {
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: string
  readonly limit?: number
  readonly continue?: string
  readonly allowWatchBookmarks?: boolean
  readonly sendInitialEvents?: boolean
  readonly timeoutSeconds?: number
  /** Do everything but store. */
  readonly dryRun?: boolean
  /** What to do about fields that the kind does not have. Default: Warn. */
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict'
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
}

export type ApiResponse =
  | {
      readonly kind: 'object'
      readonly code: number
      readonly object: KubeObject | KubeList | Status | JsonObject
      readonly warnings: readonly string[]
    }
  | { readonly kind: 'watch'; readonly code: 200; readonly watch: WatchStream }
  | { readonly kind: 'failure'; readonly code: number; readonly status: Status }

/** Looks at a request before (and its response after) the rest of the pipeline. */
export type Filter = (request: ApiRequest, next: (request: ApiRequest) => ApiResponse) => ApiResponse
