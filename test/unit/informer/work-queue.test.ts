import { describe, expect, it } from 'vitest'
import {
  BucketLimiter,
  ExponentialLimiter,
  WorkQueue,
  type WorkQueueOptions,
} from '../../../src/informer/index.ts'
import { VirtualClock } from '../../../src/sim/virtual-clock.ts'

function start(work: (key: string) => void, more: Partial<WorkQueueOptions> = {}) {
  const clock = new VirtualClock(0)
  return { clock, queue: new WorkQueue({ clock, work, ...more }) }
}

describe('WorkQueue', () => {
  it('has a waiting key once, in the order of first coming', () => {
    const seen: string[] = []
    const { clock, queue } = start((key) => void seen.push(key))
    for (const key of ['b', 'a', 'b', 'a']) queue.add(key)
    clock.runUntilIdle()
    expect(seen).toEqual(['b', 'a'])
  })

  it('comes back to a key that was added while it was worked on', () => {
    const seen: string[] = []
    const { clock, queue } = start((key) => {
      seen.push(`${key}@${clock.now()}`)
      if (seen.length === 1) for (const again of ['a', 'a']) queue.add(again)
    })
    queue.add('a')
    clock.runUntilIdle()
    expect(seen).toEqual(['a@1', 'a@2'])
  })

  it('of two delays takes the shorter', () => {
    const seen: number[] = []
    const { clock, queue } = start(() => void seen.push(clock.now()))
    queue.addAfter('a', 100)
    queue.addAfter('a', 50)
    queue.addAfter('a', 70)
    clock.runUntilIdle()
    expect(seen).toEqual([51])
  })

  it('tries again after 1, 2, 4 … and forgets after a success', () => {
    let failures = 3
    const seen: number[] = []
    const { clock, queue } = start(
      () => {
        seen.push(clock.now())
        if (failures-- > 0) throw new Error('no')
      },
      { limiter: new ExponentialLimiter(1000, 1_000_000) },
    )
    queue.add('a')
    clock.runUntilIdle()
    expect(seen).toEqual([1, 1002, 3003, 7004])
    expect(queue.requeues('a')).toBe(0)
  })

  it('gives up after so many retries and says so', () => {
    const told: boolean[] = []
    const { clock, queue } = start(
      () => {
        throw new Error('no')
      },
      {
        limiter: new ExponentialLimiter(10, 100),
        maxRetries: 3,
        onError: (_key, _error, dropped) => void told.push(dropped),
      },
    )
    queue.add('a')
    clock.runUntilIdle()
    expect(told).toEqual([false, false, false, true])
  })

  it('keeps nobody waiting for a retry that is far away', () => {
    const { clock, queue } = start(() => {
      throw new Error('no')
    })
    queue.add('a')
    const { idle, elapsed } = clock.runUntilIdle()
    expect(idle).toBe(true)
    expect(elapsed).toBeLessThan(60_000)
    expect(clock.nextTimer()).toBeDefined()
  })
})

describe('BucketLimiter', () => {
  it('lets a burst through, then one every interval, and fills up again', () => {
    const clock = new VirtualClock(0)
    const bucket = new BucketLimiter(clock, 10, 3)
    expect(Array.from({ length: 6 }, () => bucket.when())).toEqual([0, 0, 0, 100, 200, 300])
    clock.advance(10_000)
    expect(Array.from({ length: 4 }, () => bucket.when())).toEqual([0, 0, 0, 100])
  })
})
