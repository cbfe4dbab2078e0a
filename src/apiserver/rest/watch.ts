/**
 * WATCH (apiserver: storage/cacher; API concepts: efficient detection of changes). With a selector, an object that
 * begins to match is ADDED, one that ceases to match is DELETED, in its previous state but at the event's revision.
 */
import { deepFreeze } from '../meta/json.ts'
import { expired, tooLargeResourceVersion } from '../meta/status.ts'
import { apiVersionOf, type KindDefinition } from '../registry/kind.ts'
import type { ApiRequest } from '../request.ts'
import { CompactedError, type StorageEvent, type StorageWatch } from '../storage/storage.ts'
import type { KubeObject } from '../types/index.ts'
import { INITIAL_EVENTS_END, type WatchEvent } from '../watch/event.ts'
import { WatchStream } from '../watch/stream.ts'
import type { RestContext } from './context.ts'
import { checkWatchOptions, parseResourceVersion } from './list-options.ts'
import { selectionOf } from './selection.ts'

const BOOKMARK_PERIOD = 60_000

export function watch(context: RestContext, kind: KindDefinition, request: ApiRequest): WatchStream {
  const { query = {} } = request
  const { clock, storage, watches } = context
  checkWatchOptions(query)
  const { prefix, matches } = selectionOf(kind, request)
  const wanted = parseResourceVersion(query.resourceVersion)
  if (wanted.kind === 'number' && wanted.revision > storage.revision)
    throw tooLargeResourceVersion(wanted.revision, storage.revision)
  // A server with WatchList treats a watch from nowhere as one that asks for what there is.
  const initial = query.sendInitialEvents ?? wanted.kind !== 'number'
  const from = initial || wanted.kind !== 'number' ? storage.revision : wanted.revision

  const release: (() => void)[] = []
  const stream: WatchStream = new WatchStream(
    clock,
    () => context.watchLag(request),
    () => release.forEach((step) => step()),
  )
  if (initial) {
    for (const { value } of storage.list(prefix).entries)
      if (matches === undefined || matches(value)) stream.push({ type: 'ADDED', object: value })
    if (query.sendInitialEvents === true && query.allowWatchBookmarks === true)
      stream.push(bookmark(kind, from, { [INITIAL_EVENTS_END]: 'true' }))
  }
  const source = follow(context, prefix, from, (event) => {
    const said = translate(event, matches)
    if (said !== undefined) stream.push(said)
  })
  release.push(() => source.cancel())

  watches.set(stream, request)
  release.push(() => watches.delete(stream))
  if (query.allowWatchBookmarks === true) {
    const beat = () => {
      stream.push(bookmark(kind, storage.revision))
      timer = clock.setTimer(BOOKMARK_PERIOD, beat, { background: true })
    }
    let timer = clock.setTimer(BOOKMARK_PERIOD, beat, { background: true })
    release.push(() => clock.clearTimer(timer))
  }
  if (query.timeoutSeconds !== undefined && query.timeoutSeconds > 0) {
    const timer = clock.setTimer(1000 * query.timeoutSeconds, () => stream.end(), { background: true })
    release.push(() => clock.clearTimer(timer))
  }
  return stream
}

function follow(
  { storage }: RestContext,
  prefix: string,
  after: number,
  observer: (event: StorageEvent<KubeObject>) => void,
): StorageWatch {
  try {
    return storage.watch(prefix, after + 1, observer)
  } catch (error) {
    if (error instanceof CompactedError)
      throw expired(`too old resource version: ${after} (${error.compactRevision})`)
    throw error
  }
}

function translate(
  { type, value, revision, previous }: StorageEvent<KubeObject>,
  matches: ((object: KubeObject) => boolean) | undefined,
): WatchEvent | undefined {
  const after = type === 'put' && (matches === undefined || matches(value))
  const before = previous !== undefined && (matches === undefined || matches(previous.value))
  if (after) return { type: before ? 'MODIFIED' : 'ADDED', object: value }
  if (!before) return undefined
  if (type === 'delete') return { type: 'DELETED', object: value }
  const { value: last } = previous
  return {
    type: 'DELETED',
    object: deepFreeze({ ...last, metadata: { ...last.metadata, resourceVersion: String(revision) } }),
  }
}

function bookmark(
  kind: KindDefinition,
  revision: number,
  annotations?: Readonly<Record<string, string>>,
): WatchEvent {
  return deepFreeze({
    type: 'BOOKMARK' as const,
    object: {
      apiVersion: apiVersionOf(kind),
      kind: kind.kind,
      metadata: { resourceVersion: String(revision), ...(annotations && { annotations }) },
    },
  })
}
