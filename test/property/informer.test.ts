/** Whatever happens on the way, an informer's copy ends as the server's list, and its handlers were told a story that leads there. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ApiClient, ApiError, configmaps, type ConfigMap } from '../../src/apiserver/index.ts'
import { InformerFactory, keyOf } from '../../src/informer/index.ts'
import { brief, record, startServer } from '../support/apiserver.ts'

type Step =
  | { readonly kind: 'put'; readonly name: string; readonly label: string; readonly value: number }
  | { readonly kind: 'delete'; readonly name: string }
  | { readonly kind: 'close' | 'expire' | 'run' }
  | { readonly kind: 'reject'; readonly times: number; readonly code: 429 | 410 | 500 }
  | { readonly kind: 'lag'; readonly milliseconds: number }
  | { readonly kind: 'advance'; readonly milliseconds: number }

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      name,
      label: fc.constantFrom('x', 'y'),
      value: fc.nat(3),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), name }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('close' as const, 'expire' as const, 'run' as const) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('reject' as const),
      times: fc.integer({ min: 1, max: 4 }),
      code: fc.constantFrom(429 as const, 410 as const, 500 as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('lag' as const), milliseconds: fc.constantFrom(0, 5, 5000) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('advance' as const),
      milliseconds: fc.constantFrom(1, 1500, 400_000),
    }),
  },
)

type World = ReturnType<typeof startServer>

function perform({ clock, client, server }: World, action: Step): void {
  switch (action.kind) {
    case 'put': {
      const object = {
        metadata: { name: action.name, namespace: 'default', labels: { l: action.label } },
        data: { v: String(action.value) },
      }
      if (client.find(configmaps, action.name, 'default') === undefined) client.create(configmaps, object)
      else client.update(configmaps, object)
      break
    }
    case 'delete':
      if (client.find(configmaps, action.name, 'default') !== undefined)
        client.delete(configmaps, { name: action.name, namespace: 'default' })
      break
    case 'close':
      server.faults.closeWatches()
      break
    case 'expire':
      server.faults.expire()
      break
    case 'run':
      clock.runUntilIdle({ limit: 60_000 })
      break
    case 'reject':
      server.faults.rejectRequests(
        action.times,
        ({ user }) => user === 'informer',
        new ApiError({
          apiVersion: 'v1',
          kind: 'Status',
          metadata: {},
          status: 'Failure',
          code: action.code,
          reason: action.code === 410 ? 'Expired' : action.code === 429 ? 'TooManyRequests' : 'InternalError',
        }),
      )
      break
    case 'lag':
      server.faults.delayWatches(action.milliseconds)
      break
    case 'advance':
      clock.advance(action.milliseconds)
      break
  }
}

describe.each([
  { queue: 'real', watchList: true },
  { queue: 'real', watchList: false },
  { queue: 'delta', watchList: true },
  { queue: 'delta', watchList: false },
] as const)('informer with $queue queue, watchList $watchList', (options) => {
  it.each([undefined, 'l=x'])(
    'comes to the server’s state through any faults (selector %s)',
    (labelSelector) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
          const world = startServer()
          const { clock, client, server } = world
          const factory = new InformerFactory(new ApiClient(server, 'informer'), {
            clock,
            seed: 3,
            ...options,
          })
          const informer = factory.informer(configmaps, labelSelector === undefined ? {} : { labelSelector })
          const told = new Map<string, ConfigMap>()
          informer.addHandler({
            added: (object) => {
              expect(told.has(keyOf(object))).toBe(false)
              told.set(keyOf(object), object)
            },
            updated: (old, object) => {
              expect(told.get(keyOf(object))).toBe(old)
              told.set(keyOf(object), object)
            },
            deleted: (object) => expect(told.delete(keyOf(object))).toBe(true),
          })
          factory.start()
          for (const action of steps) perform(world, action)
          server.faults.clear()
          expect(clock.runUntilIdle().idle).toBe(true)
          const truth = client.list(configmaps, labelSelector === undefined ? {} : { labelSelector }).items
          const byKey = (a: ConfigMap, b: ConfigMap) => (keyOf(a) < keyOf(b) ? -1 : 1)
          expect(informer.lister.list().toSorted(byKey)).toEqual(truth)
          expect([...told.values()].toSorted(byKey)).toEqual(truth)
          expect(informer.hasSynced()).toBe(true)
        }),
        { seed: 11, numRuns: 120 },
      )
    },
  )
})

describe('watch', () => {
  it('from any version on is the difference between the list then and the list now', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }),
        fc.nat(),
        fc.constantFrom(undefined, 'l=x', 'l!=x'),
        (steps, pick, labelSelector) => {
          const world = startServer({ compactionPeriod: 0 })
          const { clock, client, server } = world
          const query = labelSelector === undefined ? {} : { labelSelector }
          const past = [client.list(configmaps, query)]
          for (const action of steps)
            if (action.kind === 'put' || action.kind === 'delete') {
              perform(world, action)
              past.push(client.list(configmaps, query))
            }
          const then = past[pick % past.length]!
          const watch = record(
            client.watch(configmaps, { ...query, resourceVersion: then.metadata.resourceVersion }),
          )
          clock.runUntilIdle()
          const state = new Map(then.items.map((object) => [object.metadata.name, object]))
          let last = Number(then.metadata.resourceVersion)
          for (const event of watch.events) {
            if (event.type === 'BOOKMARK' || event.type === 'ERROR') throw new Error(brief(event))
            const { name: key, resourceVersion } = event.object.metadata
            expect(Number(resourceVersion)).toBeGreaterThan(last)
            last = Number(resourceVersion)
            expect(event.type === 'ADDED').toBe(!state.has(key))
            if (event.type === 'DELETED') state.delete(key)
            else state.set(key, event.object as ConfigMap)
          }
          expect(last).toBeLessThanOrEqual(server.revision)
          expect(
            [...state.values()].toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)),
          ).toEqual(client.list(configmaps, query).items)
        },
      ),
      { seed: 12, numRuns: 300 },
    )
  })
})
