/**
 * Typed verbs on an in-process server. The kind's definition says what comes back:
 * `client.get(services, 'redis', 'default')` is a Service. Failures are thrown as `ApiError`.
 */
import { ApiError } from './meta/status.ts'
import type { KindDefinition } from './registry/kind.ts'
import { pods } from './registry/registry.ts'
import type {
  ApiRequest,
  ApiResponse,
  DeleteOptions,
  PatchType,
  RequestQuery,
  Subresource,
  Verb,
} from './request.ts'
import type { ApiServer } from './server.ts'
import type { KubeList, KubeObject, ObjectMeta } from './types/index.ts'
import type { WatchStream } from './watch/stream.ts'

/** What may be sent to create an object: metadata is the server's to complete, kind and apiVersion are known. */
export type New<T extends KubeObject> = Omit<T, 'apiVersion' | 'kind' | 'metadata'> & {
  readonly apiVersion?: T['apiVersion']
  readonly kind?: T['kind']
  readonly metadata: Partial<ObjectMeta>
}

export interface ListQuery extends RequestQuery {
  /** Absent: all namespaces. */
  readonly namespace?: string
}

type WriteQuery = Pick<RequestQuery, 'dryRun' | 'fieldValidation'>

export class ApiClient {
  readonly #server: ApiServer
  readonly #user: string
  readonly #warn: (warning: string) => void

  /** `user` is who the requests come from. `warn` gets the warnings of the server. */
  constructor(server: ApiServer, user: string, warn: (warning: string) => void = () => {}) {
    this.#server = server
    this.#user = user
    this.#warn = warn
  }

  get<T extends KubeObject>(kind: KindDefinition<T>, name: string, namespace?: string): T {
    return this.#object(this.#request(kind, 'get', { name, ...at(namespace) }))
  }

  /** The object, or undefined when there is none. */
  find<T extends KubeObject>(kind: KindDefinition<T>, name: string, namespace?: string): T | undefined {
    const response = this.#server.handle(this.#request(kind, 'get', { name, ...at(namespace) }))
    if (response.kind === 'failure' && response.status.reason === 'NotFound') return undefined
    return this.#take(response)
  }

  list<T extends KubeObject>(kind: KindDefinition<T>, query: ListQuery = {}): KubeList<T> {
    const { namespace, ...rest } = query
    return this.#object(this.#request(kind, 'list', { ...at(namespace), query: rest }))
  }

  watch<T extends KubeObject>(kind: KindDefinition<T>, query: ListQuery = {}): WatchStream {
    const { namespace, ...rest } = query
    const response = this.#server.handle(this.#request(kind, 'watch', { ...at(namespace), query: rest }))
    if (response.kind === 'failure') throw new ApiError(response.status)
    if (response.kind !== 'watch') throw new Error('ApiClient: a watch was answered by an object')
    return response.watch
  }

  create<T extends KubeObject>(kind: KindDefinition<T>, object: New<T>, query: WriteQuery = {}): T {
    return this.#object(
      this.#request(kind, 'create', { ...at(object.metadata.namespace), body: object, query }),
    )
  }

  /** Replaces the object; its status stays. With a resourceVersion that is not the stored one: 409. */
  update<T extends KubeObject>(kind: KindDefinition<T>, object: New<T>, query: WriteQuery = {}): T {
    return this.#object(this.#request(kind, 'update', { ...identity(object), body: object, query }))
  }

  /** Replaces the object's status; the rest stays. */
  updateStatus<T extends KubeObject>(kind: KindDefinition<T>, object: New<T>): T {
    return this.#object(
      this.#request(kind, 'update', { ...identity(object), subresource: 'status', body: object }),
    )
  }

  patch<T extends KubeObject>(
    kind: KindDefinition<T>,
    object: { readonly name: string; readonly namespace?: string },
    patch: unknown,
    options: { readonly type?: PatchType; readonly subresource?: Subresource } & WriteQuery = {},
  ): T {
    const { type = 'application/strategic-merge-patch+json', subresource, ...query } = options
    return this.#object(
      this.#request(kind, 'patch', {
        name: object.name,
        ...at(object.namespace),
        ...(subresource !== undefined && { subresource }),
        patchType: type,
        body: patch,
        query,
      }),
    )
  }

  /** Deletes, or marks for deletion. Throws 404 when there is nothing. */
  delete<T extends KubeObject>(
    kind: KindDefinition<T>,
    object: { readonly name: string; readonly namespace?: string },
    options: DeleteOptions = {},
  ): void {
    const { name, namespace } = object
    this.#take(this.#server.handle(this.#request(kind, 'delete', { name, ...at(namespace), body: options })))
  }

  /** Sets `spec.replicas`. */
  scale<T extends KubeObject>(
    kind: KindDefinition<T>,
    object: { readonly name: string; readonly namespace?: string },
    replicas: number,
  ): void {
    this.patch(
      kind,
      object,
      { spec: { replicas } },
      { type: 'application/merge-patch+json', subresource: 'scale' },
    )
  }

  /** Gives a pod its node. */
  bind({ name, namespace }: ObjectMeta, node: string): void {
    const body = { target: { apiVersion: 'v1', kind: 'Node', name: node } }
    this.#take(
      this.#server.handle(
        this.#request(pods, 'create', { name, ...at(namespace), subresource: 'binding', body }),
      ),
    )
  }

  /** Any request of this user. Throws what failed. */
  send(request: Omit<ApiRequest, 'user'>): ApiResponse {
    const response = this.#server.handle({ ...request, user: this.#user })
    if (response.kind === 'failure') throw new ApiError(response.status)
    return response
  }

  #request(kind: KindDefinition, verb: Verb, more: Partial<ApiRequest>): ApiRequest {
    const { group, version, resource } = kind
    return { verb, group, version, resource, user: this.#user, ...more }
  }

  #object<R>(request: ApiRequest): R {
    return this.#take(this.#server.handle(request))
  }

  #take<R>(response: ApiResponse): R {
    if (response.kind === 'failure') throw new ApiError(response.status)
    if (response.kind === 'watch') throw new Error('ApiClient: an object was answered by a watch')
    for (const warning of response.warnings) this.#warn(warning)
    return response.object as R
  }
}

function at(namespace: string | undefined): { namespace?: string } {
  return namespace === undefined ? {} : { namespace }
}

function identity({ metadata }: { readonly metadata: Partial<ObjectMeta> }): {
  name: string
  namespace?: string
} {
  return { name: metadata.name ?? '', ...at(metadata.namespace) }
}
