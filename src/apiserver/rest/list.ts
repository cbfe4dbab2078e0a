/** GET of one object or of many (apiserver: storage/etcd3/store.go: GetList; API concepts: resource versions). */
import { deepFreeze } from '../meta/json.ts'
import { badRequest, expired, tooLargeResourceVersion } from '../meta/status.ts'
import { apiVersionOf, type KindDefinition } from '../registry/kind.ts'
import type { ApiRequest, RequestQuery } from '../request.ts'
import { CompactedError, FutureRevisionError, type Entry, type ListResult } from '../storage/storage.ts'
import type { KubeList, KubeObject } from '../types/index.ts'
import { current, type RestContext } from './context.ts'
import { decodeContinue, encodeContinue } from './continue-token.ts'
import { checkListOptions, parseResourceVersion } from './list-options.ts'
import { selectionOf } from './selection.ts'

export function get(context: RestContext, kind: KindDefinition, request: ApiRequest): KubeObject {
  const wanted = parseResourceVersion(request.query?.resourceVersion)
  if (wanted.kind === 'number') checkNotNewer(context, wanted.revision)
  return current(context, kind, request).value
}

export function list(context: RestContext, kind: KindDefinition, request: ApiRequest): KubeList {
  const { query = {} } = request
  checkListOptions(query)
  const { prefix, matches } = selectionOf(kind, request)
  const { revision, from, limit } = startOf(context, query, prefix)
  // With a selector a chunk is `limit` objects that match, however many must be read for it.
  const read =
    matches === undefined
      ? readChunk(context, prefix, { revision, from, limit }, query)
      : select(readChunk(context, prefix, { revision, from, limit: 0 }, query), matches, limit)
  const last = read.entries.at(-1)
  const more = read.remaining > 0 && last !== undefined
  return deepFreeze({
    apiVersion: apiVersionOf(kind),
    kind: `${kind.kind}List`,
    metadata: {
      resourceVersion: String(read.revision),
      ...(more && {
        continue: encodeContinue({ revision: read.revision, start: `${last.key.slice(prefix.length)}\0` }),
      }),
      ...(more && matches === undefined && { remainingItemCount: read.remaining }),
    },
    items: read.entries.map(({ value }) => value),
  })
}

interface Start {
  readonly revision: number | undefined
  readonly from: string | undefined
  /** 0: no limit. */
  readonly limit: number
}

function startOf(context: RestContext, query: RequestQuery, prefix: string): Start {
  const { limit = 0, resourceVersionMatch: match = '' } = query
  const wanted = parseResourceVersion(query.resourceVersion)
  if (query.continue !== undefined && query.continue !== '') {
    if (wanted.kind === 'number')
      throw badRequest('specifying resource version is not allowed when using continue')
    const token = decodeContinue(query.continue)
    return { revision: token.revision < 0 ? undefined : token.revision, from: prefix + token.start, limit }
  }
  switch (wanted.kind) {
    case 'unset':
      return { revision: undefined, from: undefined, limit }
    case 'any':
      // Served whole, from what a watch cache has: the limit is not looked at.
      return { revision: undefined, from: undefined, limit: 0 }
    case 'number': {
      // Without a match, a limit makes it exact: an old rule that clients rely on.
      const exact = match === 'Exact' || (match === '' && limit > 0)
      if (!exact) checkNotNewer(context, wanted.revision)
      return { revision: exact ? wanted.revision : undefined, from: undefined, limit }
    }
  }
}

function readChunk(
  { storage }: RestContext,
  prefix: string,
  { revision, from, limit }: Start,
  query: RequestQuery,
): ListResult<KubeObject> {
  try {
    return storage.list(prefix, {
      limit,
      ...(revision !== undefined && { revision }),
      ...(from !== undefined && { from }),
    })
  } catch (error) {
    if (error instanceof FutureRevisionError) throw tooLargeResourceVersion(error.revision, storage.revision)
    if (!(error instanceof CompactedError)) throw error
    if (query.continue === undefined || query.continue === '')
      throw expired('The resourceVersion for the provided list is too old.')
    throw expired(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
      encodeContinue({ revision: -1, start: decodeContinue(query.continue).start }),
    )
  }
}

function select(
  read: ListResult<KubeObject>,
  matches: (object: KubeObject) => boolean,
  limit: number,
): ListResult<KubeObject> {
  const entries: Entry<KubeObject>[] = read.entries.filter(({ value }) => matches(value))
  const kept = limit > 0 ? entries.slice(0, limit) : entries
  return { entries: kept, revision: read.revision, remaining: entries.length - kept.length }
}

function checkNotNewer({ storage }: RestContext, revision: number): void {
  if (revision > storage.revision) throw tooLargeResourceVersion(revision, storage.revision)
}
