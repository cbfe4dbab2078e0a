/**
 * Commands for fast-check's `commands` and `asyncModelRun`: what happens to a cluster, in any order, and packets in
 * between. A command that picks an object picks by number among those that are there; one that finds none is skipped.
 *
 * ```ts
 * fc.asyncProperty(arbitraryCluster(), fc.commands(policyCommands()), async (plan, commands) => {
 *   const setup = async () => ({ model: modelOf(plan), real: { cluster: await startCluster(plan) } })
 *   await fc.asyncModelRun(setup, commands)
 * })
 * ```
 */
import fc from 'fast-check'
import {
  clusternetworkpolicies,
  deployments,
  namespaces,
  networkpolicies,
  pods,
} from '../../apiserver/index.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import { arbitraryClusterPolicy } from '../arbitraries/cluster-network-policy.ts'
import { arbitraryPolicySpec } from '../arbitraries/network-policy.ts'
import { arbitraryPodShape, podOf } from '../arbitraries/pod.ts'
import { arbitraryLabels, NARROW_VOCABULARY, type Vocabulary } from '../arbitraries/vocabulary.ts'
import { checkEnforcement, formatReport } from '../enforcement/check.ts'
import { finishPod } from '../start-cluster.ts'
import { checkedEvaluator, type PodName, type PolicyModel, type PolicySystem } from './model.ts'

export type PolicyCommand = fc.AsyncCommand<PolicyModel, PolicySystem>

/** Virtual milliseconds that components get to hear of a change before packets are sent. Pods take 1000 to stop. */
const HEARD = 20

/** `words` is what a report says; it is given when the command has run. */
class Change implements PolicyCommand {
  readonly #name: string
  readonly #possible: (model: PolicyModel) => boolean
  readonly #change: (model: PolicyModel, cluster: Cluster) => string | Promise<string>
  #words: string

  constructor(
    name: string,
    possible: (model: PolicyModel) => boolean,
    change: (model: PolicyModel, cluster: Cluster) => string | Promise<string>,
  ) {
    this.#name = name
    this.#possible = possible
    this.#change = change
    this.#words = name
  }

  check(model: Readonly<PolicyModel>): boolean {
    return this.#possible(model)
  }

  async run(model: PolicyModel, { cluster }: PolicySystem): Promise<void> {
    this.#words = `${this.#name} ${await this.#change(model, cluster)}`.trimEnd()
  }

  toString(): string {
    return this.#words
  }
}

const always = (): boolean => true

function pick<T>(items: readonly T[], number: number): T {
  const item = items[number % items.length]
  if (item === undefined) throw new Error('policyCommands: nothing to pick from')
  return item
}

function remove<T>(items: T[], item: T): void {
  items.splice(items.indexOf(item), 1)
}

const pathOf = ({ namespace, name }: PodName): string => `${namespace}/${name}`

export interface CommandOptions {
  /** Default: few words, so that changes meet policies. */
  readonly vocabulary?: Vocabulary
  /** A sample for each look at the packets. Default 150. */
  readonly packets?: number
}

/** One arbitrary a command, for `fc.commands`. */
export function policyCommands({
  vocabulary = NARROW_VOCABULARY,
  packets = 150,
}: CommandOptions = {}): fc.Arbitrary<PolicyCommand>[] {
  const number = fc.nat({ max: 20 })
  const labels = arbitraryLabels(vocabulary)
  return [
    fc.tuple(arbitraryPodShape(vocabulary), number).map(([shape, node]) => newPod(shape, node)),
    number.map(podDeleted),
    number.map(podKilled),
    number.map(podFinished),
    fc.tuple(number, labels).map(([which, labels]) => podRelabelled(which, labels)),
    fc.tuple(number, labels).map(([which, labels]) => namespaceRelabelled(which, labels)),
    fc.tuple(fc.constantFrom(...vocabulary.namespaces), arbitraryPolicySpec(vocabulary)).map(
      ([namespace, spec]) =>
        new Change('a new NetworkPolicy', always, async (model, cluster) => {
          const name = `made-${model.made++}`
          await cluster.apply({ ...NETWORK_POLICY, metadata: { name, namespace }, spec })
          know(model.namespaces, namespace)
          model.networkPolicies.push({ namespace, name })
          return `${namespace}/${name} ${JSON.stringify(spec)}`
        }),
    ),
    fc.tuple(number, arbitraryPolicySpec(vocabulary)).map(
      ([which, spec]) =>
        new Change(
          'another spec of NetworkPolicy',
          ({ networkPolicies }) => networkPolicies.length > 0,
          (model, { client }) => {
            const { namespace, name } = pick(model.networkPolicies, which)
            client.update(networkpolicies, { metadata: { namespace, name }, spec })
            return `${namespace}/${name} ${JSON.stringify(spec)}`
          },
        ),
    ),
    number.map(
      (which) =>
        new Change(
          'deletes NetworkPolicy',
          ({ networkPolicies }) => networkPolicies.length > 0,
          (model, { client }) => {
            const policy = pick(model.networkPolicies, which)
            client.delete(networkpolicies, policy)
            remove(model.networkPolicies, policy)
            return pathOf(policy)
          },
        ),
    ),
    arbitraryClusterPolicy({ vocabulary }).map(
      ({ spec, ...rest }) =>
        new Change('a new ClusterNetworkPolicy', always, async (model, cluster) => {
          const name = `made-${model.made++}`
          // Every one has its own priority: what equal ones mean is undefined.
          const priority = (spec.priority + 7 * model.made) % 1001
          await cluster.apply({ ...rest, metadata: { name }, spec: { ...spec, priority } })
          model.clusterNetworkPolicies.push(name)
          return `${name} ${JSON.stringify(spec)}`
        }),
    ),
    number.map(
      (which) =>
        new Change(
          'deletes ClusterNetworkPolicy',
          (model) => model.clusterNetworkPolicies.length > 0,
          (model, { client }) => {
            const name = pick(model.clusterNetworkPolicies, which)
            client.delete(clusternetworkpolicies, { name })
            remove(model.clusterNetworkPolicies, name)
            return name
          },
        ),
    ),
    fc.tuple(number, fc.nat({ max: 3 })).map(([which, replicas]) => scaled(which, replicas)),
    fc.tuple(number, labels).map(([which, labels]) => rolledOut(which, labels)),
    fc.constantFrom(1, 100, 1000, 40_000).map(
      (ms) =>
        new Change('time passes:', always, (_, cluster) => {
          cluster.advance(ms)
          return `${ms} ms`
        }),
    ),
    fc.noShrink(fc.nat({ max: 0xffff })).map((seed) => packetsSent(packets, seed)),
  ]
}

const NETWORK_POLICY = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' } as const

/** A pod with these words on one of the nodes. */
export function newPod(shape: Parameters<typeof podOf>[0], node: number): PolicyCommand {
  return new Change('a new pod', always, async (model, cluster) => {
    const name = `made-${model.made++}`
    const nodeName = `node-${1 + (node % model.nodes)}`
    await cluster.apply(podOf(shape, name, nodeName))
    know(model.namespaces, shape.namespace)
    model.pods.push({ namespace: shape.namespace, name })
    return `${shape.namespace}/${name} on ${nodeName} ${JSON.stringify(shape.labels)}`
  })
}

function know(names: string[], name: string): void {
  if (!names.includes(name)) names.push(name)
}

export function podDeleted(which: number): PolicyCommand {
  return new Change(
    'deletes pod',
    ({ pods, finished }) => pods.length + finished.length > 0,
    (model, { client }) => {
      const pod = pick([...model.pods, ...model.finished], which)
      client.delete(pods, pod)
      remove(model.pods.includes(pod) ? model.pods : model.finished, pod)
      return pathOf(pod)
    },
  )
}

/** Without grace: nobody hears that it has stopped, only that it is gone. */
export function podKilled(which: number): PolicyCommand {
  return new Change(
    'kills pod',
    (model) => model.pods.length > 0,
    (model, { client }) => {
      const pod = pick(model.pods, which)
      client.delete(pods, pod, { gracePeriodSeconds: 0 })
      remove(model.pods, pod)
      return pathOf(pod)
    },
  )
}

export function podFinished(which: number): PolicyCommand {
  return new Change(
    'pod finishes:',
    (model) => model.pods.length > 0,
    (model, cluster) => {
      const pod = pick(model.pods, which)
      // It must have started to finish.
      cluster.advance(HEARD)
      finishPod(cluster, pod)
      remove(model.pods, pod)
      model.finished.push(pod)
      return pathOf(pod)
    },
  )
}

export function podRelabelled(which: number, labels: Readonly<Record<string, string>>): PolicyCommand {
  return new Change(
    'relabels pod',
    (model) => model.pods.length > 0,
    (model, { client }) => {
      const { namespace, name } = pick(model.pods, which)
      const pod = client.get(pods, name, namespace)
      client.update(pods, { ...pod, metadata: { ...pod.metadata, labels } })
      return `${namespace}/${name} ${JSON.stringify(labels)}`
    },
  )
}

export function namespaceRelabelled(which: number, labels: Readonly<Record<string, string>>): PolicyCommand {
  return new Change(
    'relabels namespace',
    (model) => model.namespaces.length > 0,
    (model, { client }) => {
      const name = pick(model.namespaces, which)
      const namespace = client.get(namespaces, name)
      client.update(namespaces, { ...namespace, metadata: { ...namespace.metadata, labels } })
      return `${name} ${JSON.stringify(labels)}`
    },
  )
}

function scaled(which: number, replicas: number): PolicyCommand {
  return new Change(
    'scales',
    (model) => model.deployments.length > 0,
    (model, { client }) => {
      const { namespace, name } = pick(model.deployments, which)
      const deployment = client.get(deployments, name, namespace)
      client.update(deployments, { ...deployment, spec: { ...deployment.spec, replicas } })
      return `${namespace}/${name} to ${replicas}`
    },
  )
}

/** Other labels in the template: all pods are replaced, a few at a time. */
function rolledOut(which: number, labels: Readonly<Record<string, string>>): PolicyCommand {
  return new Change(
    'rolls out',
    (model) => model.deployments.length > 0,
    (model, { client }) => {
      const { namespace, name } = pick(model.deployments, which)
      const deployment = client.get(deployments, name, namespace)
      const { template, selector } = deployment.spec
      const metadata = { ...template.metadata, labels: { ...labels, ...selector.matchLabels } }
      client.update(deployments, {
        ...deployment,
        spec: { ...deployment.spec, template: { ...template, metadata } },
      })
      return `${namespace}/${name} ${JSON.stringify(labels)}`
    },
  )
}

/** A look at the packets, whatever is under way. @throws Error that tells the differences */
export function packetsSent(packets: number, seed: number): PolicyCommand {
  return new Change('packets', always, (_, cluster) => {
    cluster.advance(HEARD)
    const evaluator = checkedEvaluator(cluster)
    const report = checkEnforcement(cluster, undefined, { limit: packets, seed, evaluator })
    if (report.differences.length > 0) throw new Error(formatReport(report, cluster))
    return ''
  })
}
