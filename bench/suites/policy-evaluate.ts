/**
 * The reference evaluator at scale: all pairs on three ports from nothing, the same after one object changed, and many
 * small cases. What is asked for is checked against the point verdict on some pairs, so that nothing is fast and wrong.
 */
import type { NetworkPolicy } from '../../src/apiserver/types/index.ts'
import {
  Evaluator,
  hasConnection,
  type Endpoint,
  type PolicyObject,
} from '../../src/policy/evaluate/index.ts'
import { compare, type Figure } from '../support/figure.ts'
import {
  adversarialCluster,
  namespace,
  pod,
  policy,
  PORTS,
  realisticCluster,
  type PolicyCluster,
} from '../support/policy-cluster.ts'

export function policyEvaluate(): Figure[] {
  return [
    ...allPairs('realistic', realisticCluster, 10_000, 1000),
    ...allPairs('every-pod-its-own-policy', adversarialCluster, 10_000, 10_000),
    ...changes(100_000, 10_000),
    smallCases(230),
  ]
}

/** From objects to the number of allowed pairs; against asking each pair, and against a tenth of the pods. */
function allPairs(
  name: string,
  make: (pods: number, policies: number) => PolicyCluster,
  pods: number,
  policies: number,
): Figure[] {
  const [small, large] = [make(pods / 10, policies / 10), make(pods, policies)]
  count(small)
  const before = seconds(() => count(small))
  const after = seconds(() => count(large))
  const each = onePairAtATime(large)
  const title = `policy/all-pairs/${name}/${pods}-pods`
  const ns = (after / (pods * pods * PORTS.length)) * 1e9
  return [
    { name: title, value: after, unit: 's', target: 10, better: 'lower' },
    // A hundredth of a pair's own cost at least: otherwise classes would not be worth their trouble.
    compare(`${title}/a-verdict`, ns, 'ns', { name: 'one verdict on its own', value: each }, 0.01),
    // A hundred times as many pairs; objects are ten times as many.
    compare(`${title}/growth`, after, 's', { name: `${pods / 10} pods`, value: before }, 100),
  ]
}

function count(cluster: PolicyCluster): number[] {
  return new Evaluator(cluster).allPairs().count(PORTS)
}

/** Nanoseconds of one point verdict, over a spread of pairs; they are counted by classes, too, and compared. */
function onePairAtATime(cluster: PolicyCluster): number {
  const evaluator = new Evaluator(cluster)
  const pairs = evaluator.allPairs()
  const ends = Array.from({ length: 40 }, (_, index) => cluster.pods[(index * 7919) % cluster.pods.length]!)
  const endpoints = ends.map(({ metadata }): Endpoint => {
    return { kind: 'pod', namespace: metadata.namespace!, name: metadata.name }
  })
  const ask = (): boolean[] =>
    endpoints.flatMap((from) =>
      endpoints.flatMap((to) => PORTS.map((port) => evaluator.verdict({ from, to, ...port }).allowed)),
    )
  const keys = ends.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
  const byClass = keys.flatMap((from) =>
    keys.flatMap((to) => {
      const set = pairs.connections(from, to)!
      return PORTS.map(({ protocol, port }) => hasConnection(set, protocol, port))
    }),
  )
  const expected = ask()
  if (byClass.some((allowed, at) => allowed !== expected[at]))
    throw new Error('classes and the point verdict disagree')
  return (seconds(ask) / expected.length) * 1e9
}

/**
 * One object changes, and the number of allowed pairs is asked for again: the median of several such changes. In time of
 * the processor, all threads of it: a busy machine is no slow evaluator.
 */
function changes(pods: number, policies: number): Figure[] {
  const cluster = realisticCluster(pods, policies)
  const evaluator = new Evaluator(cluster)
  const whole = processorSeconds(() => evaluator.allPairs().count(PORTS))
  const team = (round: number): string => cluster.namespaces[round * 7]!.metadata.name
  const kinds: Record<string, (round: number) => PolicyObject> = {
    'pod-label': (round) => pod(team(round), round * 700, { app: 'none' }),
    'pod-added': (round) => pod(team(round), pods + round, { app: 'web' }),
    'namespace-label': (round) => namespace(team(round), { team: `${(round + 3) % 20}` }),
    policy: (round) => allowTeam(team(round), `${(round + 5) % 20}`),
  }
  return Object.entries(kinds).flatMap(([kind, change]): Figure[] => {
    const times = Array.from({ length: ROUNDS }, (_, round) => {
      const object = change(round + 1)
      return processorSeconds(() => {
        evaluator.upsert(object)
        evaluator.allPairs().count(PORTS)
      })
    })
    const value = times.toSorted((a, b) => a - b)[ROUNDS >> 1]!
    const name = `policy/change/${kind}/${pods}-pods`
    const scratch = { name: 'from scratch', value: whole * 1000 }
    return [
      { name, value: value * 1000, unit: 'ms of CPU', target: 100, better: 'lower' as const },
      compare(`${name}/ratio`, value * 1000, 'ms of CPU', scratch, 0.05),
    ]
  })
}

const ROUNDS = 15

function allowTeam(namespace: string, team: string): NetworkPolicy {
  return policy(namespace, 'allow-0', { matchLabels: { app: 'web' } }, [
    { from: [{ namespaceSelector: { matchLabels: { team } } }], ports: [{ port: 443 }] },
  ])
}

/** Three namespaces of three pods, a policy or two, six ports: each case from nothing, one set a pair. */
function smallCases(cases: number): Figure {
  const names = ['x', 'y', 'z']
  const pods = names.flatMap((name, at) =>
    ['a', 'b', 'c'].map((app, index) => pod(name, 3 * at + index, { app })),
  )
  const points = ['tcp', 'udp', 'sctp'].flatMap((protocol) =>
    [80, 81].map((port) => ({ protocol: protocol as 'tcp' | 'udp' | 'sctp', port })),
  )
  const run = (): number => {
    let allowed = 0
    for (let index = 0; index < cases; index++) {
      const evaluator = new Evaluator({
        namespaces: names.map((name) => namespace(name, { name })),
        pods,
        networkPolicies: [allowTeam(names[index % 3]!, 'none'), allowTeam(names[(index + 1) % 3]!, '1')],
      })
      const ends = pods.map(({ metadata }): Endpoint => {
        return { kind: 'pod', namespace: metadata.namespace!, name: metadata.name }
      })
      for (const from of ends)
        for (const to of ends) {
          const set = evaluator.connections(from, to)
          for (const { protocol, port } of points) if (hasConnection(set, protocol, port)) allowed++
        }
    }
    return allowed
  }
  run()
  return { name: `policy/${cases}-small-cases`, value: seconds(run), unit: 's', target: 1, better: 'lower' }
}

function seconds(run: () => unknown): number {
  const start = performance.now()
  run()
  return (performance.now() - start) / 1000
}

function processorSeconds(run: () => unknown): number {
  const start = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1e6
}
