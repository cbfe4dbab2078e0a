import { Bench } from 'tinybench'

/**
 * Time of one batch in nanoseconds: the median over at least `time` ms of calls, after a warm-up of several calls
 * (a function moves to the optimising compiler between calls, not within one). One tinybench iteration is one batch,
 * because reading the clock costs more than a packet.
 */
export function nanoseconds(name: string, batch: () => void, time = 400): number {
  const bench = new Bench({ time, warmupTime: 100, warmupIterations: 5, iterations: 5, throws: true })
  bench.add(name, batch)
  const [task] = bench.runSync()
  const result = task!.result
  if (result.state !== 'completed') throw new Error(`${name}: ${result.state}`)
  return result.latency.p50 * 1e6
}
