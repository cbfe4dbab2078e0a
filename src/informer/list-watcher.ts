/**
 * How a reflector reaches a server. Answers come by callback, so that the same reflector works over a wire; the
 * in-process one answers before `list` returns.
 */
import {
  ApiError,
  type ApiClient,
  type KindDefinition,
  type KubeList,
  type KubeObject,
  type ListQuery,
  type RequestQuery,
  type WatchConsumer,
} from '../apiserver/index.ts'

export type ListOutcome<T extends KubeObject> =
  | { readonly kind: 'list'; readonly list: KubeList<T> }
  | { readonly kind: 'failed'; readonly error: ApiError }

export type WatchOutcome =
  | { readonly kind: 'watching'; readonly watch: WatchHandle }
  | { readonly kind: 'failed'; readonly error: ApiError }

/** An open watch. No event comes before `subscribe`. */
export interface WatchHandle {
  subscribe(consumer: WatchConsumer): void
  stop(): void
}

export interface ListWatcher<T extends KubeObject> {
  list(query: RequestQuery, done: (outcome: ListOutcome<T>) => void): void
  watch(query: RequestQuery, done: (outcome: WatchOutcome) => void): void
}

/** What a list and watch is narrowed to. */
export type Scope = Pick<ListQuery, 'namespace' | 'labelSelector' | 'fieldSelector'>

/** Lists and watches through an in-process client: one kind, all or what `scope` selects. */
export class LocalListWatcher<T extends KubeObject> implements ListWatcher<T> {
  readonly #client: ApiClient
  readonly #kind: KindDefinition<T>
  readonly #scope: Scope

  constructor(client: ApiClient, kind: KindDefinition<T>, scope: Scope = {}) {
    this.#client = client
    this.#kind = kind
    this.#scope = scope
  }

  list(query: RequestQuery, done: (outcome: ListOutcome<T>) => void): void {
    let outcome: ListOutcome<T>
    try {
      outcome = { kind: 'list', list: this.#client.list(this.#kind, { ...query, ...this.#scope }) }
    } catch (error) {
      outcome = failed(error)
    }
    done(outcome)
  }

  watch(query: RequestQuery, done: (outcome: WatchOutcome) => void): void {
    let outcome: WatchOutcome
    try {
      outcome = { kind: 'watching', watch: this.#client.watch(this.#kind, { ...query, ...this.#scope }) }
    } catch (error) {
      outcome = failed(error)
    }
    done(outcome)
  }
}

function failed(error: unknown): { readonly kind: 'failed'; readonly error: ApiError } {
  if (error instanceof ApiError) return { kind: 'failed', error }
  throw error
}
