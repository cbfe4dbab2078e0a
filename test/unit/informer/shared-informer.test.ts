import { describe, expect, it } from 'vitest'
import { services, type KubeObject, type Service } from '../../../src/apiserver/index.ts'
import { InformerFactory } from '../../../src/informer/index.ts'
import type { EventHandler } from '../../../src/informer/index.ts'
import { newService, startServer } from '../../support/apiserver.ts'

function logging<T extends KubeObject>(log: string[]): EventHandler<T> {
  return {
    added: ({ metadata }, initial) => void log.push(`+${metadata.name}${initial ? '!' : ''}`),
    updated: (old, { metadata }) =>
      void log.push(
        old.metadata.resourceVersion === metadata.resourceVersion ? `=${metadata.name}` : `~${metadata.name}`,
      ),
    deleted: ({ metadata }, unknown) => void log.push(`-${metadata.name}${unknown ? '?' : ''}`),
  }
}

describe.each([
  { queue: 'real', watchList: true },
  { queue: 'real', watchList: false },
  { queue: 'delta', watchList: true },
  { queue: 'delta', watchList: false },
] as const)('SharedInformer with $queue queue, watchList $watchList', (options) => {
  function start(more: { resyncPeriod?: number } = {}) {
    const world = startServer()
    const factory = new InformerFactory(world.client, { clock: world.clock, seed: 7, ...options, ...more })
    const informer = factory.informer(services)
    const log: string[] = []
    informer.addHandler(logging<Service>(log))
    factory.start()
    const create = (name: string) => world.client.create(services, newService(name))
    const remove = (name: string) => world.client.delete(services, { name, namespace: 'default' })
    const touch = (name: string, label: string) =>
      world.client.patch(services, { name, namespace: 'default' }, { metadata: { labels: { label } } })
    return { ...world, factory, informer, log, create, remove, touch }
  }

  it('tells the initial state, then every change, and keeps a copy', () => {
    const { clock, informer, log, create, remove, touch } = start()
    create('a')
    expect(informer.hasSynced()).toBe(false)
    clock.runUntilIdle()
    expect(informer.hasSynced()).toBe(true)
    create('b')
    touch('a', 'x')
    touch('a', 'x')
    clock.runUntilIdle()
    remove('a')
    clock.runUntilIdle()
    expect(log).toEqual(['+a!', '+b', '~a', '-a'])
    expect(informer.lister.list().map(({ metadata }) => metadata.name)).toEqual(['b'])
  })

  it('survives a cut watch without a new list', () => {
    const { clock, server, informer, log, create } = start()
    create('a')
    clock.runUntilIdle()
    clock.advance(10_000)
    const { lists } = informer.counters
    create('b')
    expect(server.faults.closeWatches()).toBe(1)
    clock.runUntilIdle()
    create('c')
    clock.runUntilIdle()
    expect(log).toEqual(['+a!', '+b', '+c'])
    expect(informer.counters.lists).toBe(lists)
  })

  it('lists anew after 410 and finds what was deleted meanwhile', () => {
    const { clock, server, informer, log, create, remove } = start()
    create('a')
    create('b')
    clock.runUntilIdle()
    clock.advance(10_000)
    server.faults.rejectRequests(
      1,
      ({ verb, query }) => verb === 'watch' && query?.sendInitialEvents !== true,
    )
    server.faults.closeWatches()
    remove('a')
    create('c')
    server.faults.expire()
    clock.runUntilIdle()
    expect(log.slice(2).toSorted()).toEqual(['+c', '-a?'])
    expect(
      informer.lister
        .list()
        .map(({ metadata }) => metadata.name)
        .toSorted(),
    ).toEqual(['b', 'c'])
    expect(informer.counters.failures).toBeGreaterThanOrEqual(2)
  })

  it('waits by the backoff when the server answers 429', () => {
    const { clock, server, log, create } = start()
    create('a')
    server.faults.rejectRequests(2, ({ verb }) => verb === 'watch' || verb === 'list')
    const begun = clock.now()
    clock.runUntilIdle()
    const waited = clock.now() - begun
    // 0.8 s · (1..2), then 1.6 s · (1..2)
    expect(waited).toBeGreaterThanOrEqual(2400)
    expect(waited).toBeLessThan(4800)
    expect(log).toEqual(['+a!'])
  })

  it('resyncs those who asked, in the background', () => {
    const { clock, informer, log, create } = start({ resyncPeriod: 5000 })
    const never: string[] = []
    informer.addHandler(logging<Service>(never), { resyncPeriod: 0 })
    create('a')
    clock.runUntilIdle()
    expect(clock.pending).toBe(0)
    clock.advance(11_000)
    expect(log).toEqual(['+a!', '=a', '=a'])
    expect(never).toEqual(['+a!'])
  })

  it('lags when told to', () => {
    const { clock, server, log, create } = start()
    clock.runUntilIdle()
    server.faults.delayWatches(250)
    create('a')
    clock.advance(249)
    expect(log).toEqual([])
    clock.advance(1)
    expect(log).toEqual(['+a'])
  })
})
