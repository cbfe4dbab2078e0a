/**
 * The modeled apiserver: one pipeline from request to response, without a transport. In-process clients call `handle`
 * with objects; a front end makes the same requests from HTTP.
 *
 * ```
 *   request ─▶ filters (faults; later: authentication, flow control, authorization) ─▶ verb of the kind ─▶ storage
 * ```
 *
 * `handle` never throws for a mistake of the client: failures are responses. It is synchronous: storage is in this
 * process, so where the real server waits up to 3 s for a revision to come, this one answers at once that it is too large.
 */
import type { Clock } from '../sim/clock.ts'
import { Random } from '../sim/random.ts'
import { ServiceAllocator } from './allocate/service.ts'
import { Faults } from './faults.ts'
import { ApiError, methodNotSupported, resourceNotFound } from './meta/status.ts'
import type { KindDefinition } from './registry/kind.ts'
import { findResource, namespaces, pods } from './registry/registry.ts'
import type { ApiRequest, ApiResponse, Filter } from './request.ts'
import { create } from './rest/create.ts'
import type { RestContext } from './rest/context.ts'
import { deleteCollection, deleteObject } from './rest/delete.ts'
import { get, list } from './rest/list.ts'
import { patch } from './rest/patch.ts'
import { scale } from './rest/scale.ts'
import { bindPod, finalizeNamespace } from './rest/special.ts'
import { update } from './rest/update.ts'
import { watch } from './rest/watch.ts'
import { MvccStorage } from './storage/mvcc.ts'
import type { Storage } from './storage/storage.ts'
import type { KubeObject } from './types/index.ts'

export interface ApiServerOptions {
  readonly clock: Clock
  readonly seed: number
  /** Default: an empty store in memory. */
  readonly storage?: Storage<KubeObject>
  /** One CIDR or one a family. Default 10.96.0.0/16. */
  readonly serviceCIDRs?: readonly string[]
  /** Default 30000–32767. */
  readonly nodePortRange?: readonly [number, number]
  /** Filters of the pipeline, outermost first. */
  readonly filters?: readonly Filter[]
  /** History older than this many milliseconds is compacted; 0: never. Default: five minutes, every five minutes. */
  readonly compactionPeriod?: number
}

export const DEFAULT_SERVICE_CIDR = '10.96.0.0/16'
export const DEFAULT_NODE_PORT_RANGE: readonly [number, number] = [30_000, 32_767]
const COMPACTION_PERIOD = 300_000

/** Namespaces that a cluster is born with. */
const SYSTEM_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease']

export class ApiServer {
  readonly clock: Clock
  readonly faults: Faults
  readonly #context: RestContext
  readonly #pipeline: (request: ApiRequest) => ApiResponse

  constructor(options: ApiServerOptions) {
    const { clock, seed, filters = [], storage = new MvccStorage<KubeObject>() } = options
    this.clock = clock
    const watches: RestContext['watches'] = new Map()
    this.faults = new Faults(watches, () => compactTo(storage, storage.revision))
    this.#context = {
      clock,
      random: new Random(seed),
      storage,
      watches,
      watchLag: this.faults.watchLag,
      allocator: new ServiceAllocator({
        serviceCIDRs: options.serviceCIDRs ?? [DEFAULT_SERVICE_CIDR],
        nodePortRange: options.nodePortRange ?? DEFAULT_NODE_PORT_RANGE,
        seed,
      }),
    }
    this.#pipeline = [this.faults.filter, ...filters].reduceRight<(request: ApiRequest) => ApiResponse>(
      (next, filter) => (request) => filter(request, next),
      (request) => this.#serve(request),
    )
    for (const name of SYSTEM_NAMESPACES)
      this.#serve({
        verb: 'create',
        group: '',
        version: 'v1',
        resource: 'namespaces',
        body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
      })
    const period = options.compactionPeriod ?? COMPACTION_PERIOD
    if (period > 0) this.#compactEvery(period, storage.revision)
  }

  /** The newest resourceVersion. */
  get revision(): number {
    return this.#context.storage.revision
  }

  /** Families of services, preferred first; and addresses by number for who makes the kubernetes service. */
  get serviceAllocator(): ServiceAllocator {
    return this.#context.allocator
  }

  handle(request: ApiRequest): ApiResponse {
    try {
      return this.#pipeline(request)
    } catch (error) {
      if (error instanceof ApiError) return { kind: 'failure', code: error.code, status: error.status }
      throw error
    }
  }

  #serve(request: ApiRequest): ApiResponse {
    const kind = findResource(request.group, request.version, request.resource)
    if (kind === undefined) throw resourceNotFound()
    return request.subresource === undefined
      ? serveObject(this.#context, kind, request)
      : serveSubresource(this.#context, kind, request)
  }

  /** Compacts to the revision of one period ago, every period (apiserver: storage/etcd3/compact.go). */
  #compactEvery(period: number, before: number): void {
    const { clock, storage } = this.#context
    clock.setTimer(
      period,
      () => {
        const now = storage.revision
        compactTo(storage, before)
        this.#compactEvery(period, now)
      },
      { background: true },
    )
  }
}

function serveObject(context: RestContext, kind: KindDefinition, request: ApiRequest): ApiResponse {
  switch (request.verb) {
    case 'get':
      return { kind: 'object', code: 200, object: get(context, kind, request), warnings: [] }
    case 'list':
      return { kind: 'object', code: 200, object: list(context, kind, request), warnings: [] }
    case 'watch':
      return { kind: 'watch', code: 200, watch: watch(context, kind, request) }
    case 'create':
      return create(context, kind, request)
    case 'update':
      return update(context, kind, request)
    case 'patch':
      return patch(context, kind, request)
    case 'delete':
      return deleteObject(context, kind, request)
    case 'deletecollection':
      return deleteCollection(context, kind, request)
  }
}

function serveSubresource(context: RestContext, kind: KindDefinition, request: ApiRequest): ApiResponse {
  const { verb, subresource } = request
  const writes = verb === 'get' || verb === 'update' || verb === 'patch'
  if (subresource === 'status' && kind.hasStatus && writes) return serveObject(context, kind, request)
  if (subresource === 'scale' && kind.hasScale && writes) return scale(context, kind, request)
  if (subresource === 'binding' && kind === pods && verb === 'create') return bindPod(context, request)
  if (subresource === 'finalize' && kind === namespaces && verb === 'update')
    return finalizeNamespace(context, request)
  const known = (subresource === 'status' && kind.hasStatus) || (subresource === 'scale' && kind.hasScale)
  throw known ? methodNotSupported(kind, verb) : resourceNotFound()
}

function compactTo(storage: Storage<KubeObject>, revision: number): void {
  if (revision > storage.compactRevision) storage.compact(revision)
}
