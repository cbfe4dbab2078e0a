import { describe, expect, it } from 'vitest'
import { ApiError, configmaps, pods, services, type ListQuery } from '../../../src/apiserver/index.ts'
import { brief, newPod, record, startServer } from '../../support/apiserver.ts'

function world() {
  const server = startServer()
  const { client } = server
  const create = (name: string, labels: Record<string, string> = {}) =>
    client.create(configmaps, { metadata: { name, namespace: 'default', labels } })
  const relabel = (name: string, labels: Record<string, string | null>) =>
    client.patch(configmaps, { name, namespace: 'default' }, { metadata: { labels } })
  const names = (query: ListQuery = {}) =>
    client.list(configmaps, query).items.map(({ metadata }) => metadata.name)
  const failure = (query: ListQuery, verb: 'list' | 'watch' = 'list'): ApiError => {
    try {
      if (verb === 'list') client.list(configmaps, query)
      else client.watch(configmaps, query)
    } catch (error) {
      if (error instanceof ApiError) return error
      throw error
    }
    throw new Error('should have failed')
  }
  return { ...server, create, relabel, names, failure }
}

describe('LIST', () => {
  it('is ordered by key, at the revision of the store', () => {
    const { create, client, server, names } = world()
    for (const name of ['b', 'a', 'a.b', 'c']) create(name)
    expect(names()).toEqual(['a', 'a.b', 'b', 'c'])
    expect(client.list(configmaps).metadata).toEqual({ resourceVersion: String(server.revision) })
  })

  it('narrows to a namespace, not to one whose name begins the same', () => {
    const { client, create, names } = world()
    client.create(configmaps, { metadata: { name: 'x', namespace: 'kube-system' } })
    create('a')
    expect(names({ namespace: 'kube' })).toEqual([])
    expect(names({ namespace: 'kube-system' })).toEqual(['x'])
    expect(names()).toEqual(['a', 'x'])
  })

  it.each([
    ['app=web', ['a', 'c']],
    ['app==web,tier', ['c']],
    ['app!=web', ['b', 'd']],
    ['app in (web, db)', ['a', 'b', 'c']],
    ['app notin (web,db)', ['d']],
    ['!app', ['d']],
    ['tier=', []],
    ['', ['a', 'b', 'c', 'd']],
  ])('selects by labels: %s', (labelSelector, expected) => {
    const { create, names } = world()
    create('a', { app: 'web' })
    create('b', { app: 'db' })
    create('c', { app: 'web', tier: 'x' })
    create('d')
    expect(names({ labelSelector })).toEqual(expected)
  })

  it.each(['app=', 'a=b=c', 'a in', 'a in (b', ',', 'a b', 'a in (b))'])(
    'refuses or reads %s as the API does',
    (labelSelector) => {
      const { names, failure } = world()
      if (labelSelector === 'app=') expect(names({ labelSelector })).toEqual([])
      else expect(failure({ labelSelector }).code).toBe(400)
    },
  )

  it('selects by the fields of the kind, and by no others', () => {
    const { client, failure } = world()
    client.create(pods, { ...newPod('p'), spec: { ...newPod('p').spec, nodeName: 'node-1' } })
    client.create(pods, newPod('q'))
    const list = (fieldSelector: string) =>
      client.list(pods, { fieldSelector }).items.map(({ metadata }) => metadata.name)
    expect(list('spec.nodeName=node-1')).toEqual(['p'])
    expect(list('spec.nodeName!=node-1,status.phase=Pending')).toEqual(['q'])
    expect(list('metadata.name=p,metadata.namespace=default')).toEqual(['p'])
    expect(client.list(pods, { namespace: 'default', fieldSelector: 'metadata.name=q' }).items).toHaveLength(
      1,
    )
    expect(failure({ fieldSelector: 'data=x' }).message).toContain('field label not supported: data')
  })

  it('comes in chunks of one snapshot, whatever is written meanwhile', () => {
    const { create, client, names } = world()
    for (const name of ['a', 'b', 'c', 'd', 'e']) create(name)
    const first = client.list(configmaps, { limit: 2 })
    expect(first.metadata).toMatchObject({ remainingItemCount: 3 })
    create('bb')
    client.delete(configmaps, { name: 'd', namespace: 'default' })
    const second = client.list(configmaps, { limit: 2, continue: first.metadata.continue! })
    const third = client.list(configmaps, { limit: 2, continue: second.metadata.continue! })
    expect([first, second, third].map(({ items }) => items.map(({ metadata }) => metadata.name))).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      ['e'],
    ])
    expect(new Set([first, second, third].map(({ metadata }) => metadata.resourceVersion)).size).toBe(1)
    expect(third.metadata.continue).toBeUndefined()
    expect(names()).toEqual(['a', 'b', 'bb', 'c', 'e'])
  })

  it('with a selector gives full chunks and no count of the rest', () => {
    const { create, client } = world()
    for (const name of ['a', 'b', 'c', 'd']) create(name, { odd: String(name === 'a' || name === 'c') })
    const first = client.list(configmaps, { limit: 1, labelSelector: 'odd=true' })
    expect(first.items.map(({ metadata }) => metadata.name)).toEqual(['a'])
    expect(first.metadata.remainingItemCount).toBeUndefined()
    const second = client.list(configmaps, {
      limit: 1,
      labelSelector: 'odd=true',
      continue: first.metadata.continue!,
    })
    expect(second.items.map(({ metadata }) => metadata.name)).toEqual(['c'])
    expect(second.metadata.continue).toBeUndefined()
  })

  it('gives a token to go on with when the snapshot is compacted', () => {
    const { create, client, server, failure } = world()
    for (const name of ['a', 'b', 'c']) create(name)
    const { continue: token } = client.list(configmaps, { limit: 1 }).metadata
    create('bb')
    server.faults.expire()
    const error = failure({ limit: 1, continue: token! })
    expect(error).toMatchObject({ code: 410, reason: 'Expired' })
    expect(error.message).toContain('The provided continue parameter is too old')
    const rest = client.list(configmaps, { continue: error.status.metadata.continue! })
    expect(rest.items.map(({ metadata }) => metadata.name)).toEqual(['b', 'bb', 'c'])
  })

  describe('by resourceVersion', () => {
    it('any and not older than: the newest; exact: that state', () => {
      const { create, names, server } = world()
      create('a')
      const then = String(server.revision)
      create('b')
      expect(names({ resourceVersion: '0' })).toEqual(['a', 'b'])
      expect(names({ resourceVersion: '0', limit: 1 })).toEqual(['a', 'b'])
      expect(names({ resourceVersion: then })).toEqual(['a', 'b'])
      expect(names({ resourceVersion: then, resourceVersionMatch: 'NotOlderThan' })).toEqual(['a', 'b'])
      expect(names({ resourceVersion: then, resourceVersionMatch: 'Exact' })).toEqual(['a'])
      // A limit makes it exact: an old rule.
      expect(names({ resourceVersion: then, limit: 10 })).toEqual(['a'])
    })

    it.each([
      [{ resourceVersionMatch: 'NotOlderThan' }, 422, 'forbidden unless resourceVersion is provided'],
      [
        { resourceVersionMatch: 'Exact', resourceVersion: '0' },
        422,
        'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
      ],
      [
        { resourceVersionMatch: 'Some', resourceVersion: '1' },
        422,
        'supported values: "Exact", "NotOlderThan"',
      ],
      [{ resourceVersion: 'x' }, 422, 'resourceVersion'],
      [{ sendInitialEvents: true }, 422, 'sendInitialEvents is forbidden for list'],
      [{ resourceVersion: '999999' }, 504, 'Timeout: Too large resource version: 999999, current: '],
      [
        { resourceVersion: '1', resourceVersionMatch: 'Exact' },
        410,
        'The resourceVersion for the provided list is too old.',
      ],
      [{ continue: '!!' }, 400, 'continue key is not valid'],
    ] as const)('refuses %j with %i', (query, code, message) => {
      const { create, server, failure } = world()
      create('a')
      server.faults.expire()
      const error = failure(query)
      expect(error.code).toBe(code)
      expect(error.message).toContain(message)
    })

    it('says what is wrong with a version of the future, so that clients can tell', () => {
      expect(world().failure({ resourceVersion: '999999' }).status.details).toMatchObject({
        causes: [{ reason: 'ResourceVersionTooLarge' }],
        retryAfterSeconds: 1,
      })
    })
  })
})

describe('WATCH', () => {
  it('from a version tells all that came after it', () => {
    const { clock, create, client, server } = world()
    create('a')
    const then = String(server.revision)
    create('b')
    client.delete(configmaps, { name: 'a', namespace: 'default' })
    const watch = record(client.watch(configmaps, { resourceVersion: then }))
    create('c')
    clock.runUntilIdle()
    expect(watch.events.map(brief)).toEqual(['ADDED b@7', 'DELETED a@8', 'ADDED c@9'])
  })

  it('without a version, or from 0, begins with what there is', () => {
    const { clock, create, client } = world()
    create('a')
    create('b')
    for (const query of [{}, { resourceVersion: '0' }]) {
      const watch = record(client.watch(configmaps, query))
      clock.runUntilIdle()
      expect(watch.events.map(brief)).toEqual(['ADDED a@6', 'ADDED b@7'])
    }
  })

  it('with sendInitialEvents ends the beginning with a bookmark', () => {
    const { clock, create, client } = world()
    create('a')
    const query = { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: true }
    const watch = record(client.watch(configmaps, query))
    create('b')
    clock.runUntilIdle()
    expect(watch.events.map(brief)).toEqual(['ADDED a@6', 'BOOKMARK end @6', 'ADDED b@7'])
    expect(watch.events[1]!.object).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { resourceVersion: '6', annotations: { 'k8s.io/initial-events-end': 'true' } },
    })
  })

  it('turns what begins and ceases to match into ADDED and DELETED', () => {
    const { clock, create, relabel, client } = world()
    const watch = record(client.watch(configmaps, { labelSelector: 'app=web' }))
    create('a', { app: 'db' })
    relabel('a', { app: 'web' })
    relabel('a', { extra: 'x' })
    relabel('a', { app: null })
    relabel('a', { extra: null })
    client.delete(configmaps, { name: 'a', namespace: 'default' })
    clock.runUntilIdle()
    expect(watch.events.map(brief)).toEqual(['ADDED a@7', 'MODIFIED a@8', 'DELETED a@9'])
    // The last state that matched, at the version of the change.
    expect(watch.events[2]).toMatchObject({ object: { metadata: { labels: { app: 'web', extra: 'x' } } } })
  })

  it('says nothing of a write that changes nothing', () => {
    const { clock, create, client, server } = world()
    const made = create('a', { x: 'y' })
    const watch = record(client.watch(configmaps, { resourceVersion: String(server.revision) }))
    expect(client.update(configmaps, made)).toBe(made)
    clock.runUntilIdle()
    expect(watch.events).toEqual([])
  })

  it('sends bookmarks every minute and ends when its time is up, without keeping anyone waiting', () => {
    const { clock, client, create } = world()
    const watch = record(
      client.watch(configmaps, { allowWatchBookmarks: true, resourceVersion: '5', timeoutSeconds: 150 }),
    )
    expect(clock.runUntilIdle()).toMatchObject({ idle: true, elapsed: 0 })
    create('a')
    clock.advance(200_000)
    expect(watch.events.map(brief)).toEqual(['ADDED a@6', 'BOOKMARK @6', 'BOOKMARK @6'])
    expect(watch.closed).toBe(true)
  })

  it.each([
    [
      { sendInitialEvents: true },
      422,
      'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    ],
    [
      { sendInitialEvents: true, resourceVersionMatch: 'Exact', resourceVersion: '3' },
      422,
      'supported values: "NotOlderThan"',
    ],
    [
      { resourceVersionMatch: 'NotOlderThan', resourceVersion: '3' },
      422,
      'forbidden for watch unless sendInitialEvents is provided',
    ],
    [{ resourceVersion: '1' }, 410, 'too old resource version: 1 (6)'],
    [{ resourceVersion: '999' }, 504, 'Too large resource version: 999'],
  ] as const)('refuses %j with %i', (query, code, message) => {
    const { create, server, failure } = world()
    create('a')
    server.faults.expire()
    const error = failure(query, 'watch')
    expect(error.code).toBe(code)
    expect(error.message).toContain(message)
  })

  it('stops when the client stops it', () => {
    const { clock, client, create } = world()
    const stream = client.watch(services)
    const watch = record(stream)
    stream.stop()
    create('a')
    clock.runUntilIdle()
    expect(watch).toMatchObject({ events: [], closed: false })
  })

  it('compacts every five minutes to what was five minutes before', () => {
    const { clock, client, server, create } = world()
    create('a')
    const then = server.revision
    clock.advance(299_000)
    create('b')
    clock.advance(2000)
    expect(() => client.watch(configmaps, { resourceVersion: String(then) })).not.toThrow()
    clock.advance(300_000)
    expect(() => client.watch(configmaps, { resourceVersion: String(then) })).toThrow(
      'too old resource version',
    )
  })
})
