/** What happens to pods, to namespaces, and to workloads that make pods. */
import { deployments, namespaces, pods, type Labels } from '../../apiserver/index.ts'
import { podOf, type PodShape } from '../arbitraries/pod.ts'
import { finishPod } from '../start-cluster.ts'
import {
  always,
  Change,
  HEARD,
  made,
  pathOf,
  pick,
  relabelled,
  remove,
  rewrite,
  type PolicyCommand,
} from './change.ts'

/** A pod with these words on one of the nodes. */
export function newPod(shape: PodShape, node: number): PolicyCommand {
  return new Change('a new pod', always, async (model, cluster) => {
    const pod = made(model, shape.namespace)
    const nodeName = `node-${1 + (node % model.nodes)}`
    await cluster.apply(podOf(shape, pod.name, nodeName))
    model.pods.push(pod)
    return `${pathOf(pod)} on ${nodeName} ${JSON.stringify(shape.labels)}`
  })
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

export function podRelabelled(which: number, labels: Labels): PolicyCommand {
  return new Change(
    'relabels pod',
    (model) => model.pods.length > 0,
    (model, { client }) => {
      const pod = pick(model.pods, which)
      rewrite(client, pods, pod, (stored) => relabelled(stored, labels))
      return `${pathOf(pod)} ${JSON.stringify(labels)}`
    },
  )
}

export function namespaceRelabelled(which: number, labels: Labels): PolicyCommand {
  return new Change(
    'relabels namespace',
    (model) => model.namespaces.length > 0,
    (model, { client }) => {
      const name = pick(model.namespaces, which)
      rewrite(client, namespaces, { name }, (stored) => relabelled(stored, labels))
      return `${name} ${JSON.stringify(labels)}`
    },
  )
}

export function scaled(which: number, replicas: number): PolicyCommand {
  return new Change(
    'scales',
    (model) => model.deployments.length > 0,
    (model, { client }) => {
      const deployment = pick(model.deployments, which)
      rewrite(client, deployments, deployment, (stored) => ({
        ...stored,
        spec: { ...stored.spec, replicas },
      }))
      return `${pathOf(deployment)} to ${replicas}`
    },
  )
}

/** Other labels in the template: all pods are replaced, a few at a time. */
export function rolledOut(which: number, labels: Labels): PolicyCommand {
  return new Change(
    'rolls out',
    (model) => model.deployments.length > 0,
    (model, { client }) => {
      const deployment = pick(model.deployments, which)
      rewrite(client, deployments, deployment, (stored) => {
        const { template, selector } = stored.spec
        const metadata = { ...template.metadata, labels: { ...labels, ...selector.matchLabels } }
        return { ...stored, spec: { ...stored.spec, template: { ...template, metadata } } }
      })
      return `${pathOf(deployment)} ${JSON.stringify(labels)}`
    },
  )
}

/** A pod stops, and one with other words is made where it was, which gets its address. */
export function podReplaced(which: number, shape: PodShape): PolicyCommand {
  return new Change(
    'replaces pod',
    (model) => model.pods.length > 0,
    async (model, cluster) => {
      const { client } = cluster
      const pod = pick(model.pods, which)
      const { nodeName } = client.get(pods, pod.name, pod.namespace).spec
      client.delete(pods, pod)
      remove(model.pods, pod)
      cluster.advance(STOPPED)
      const next = made(model, shape.namespace)
      await cluster.apply(podOf({ ...shape, hostNetwork: false }, next.name, nodeName))
      model.pods.push(next)
      return `${pathOf(pod)} by ${pathOf(next)} ${JSON.stringify(shape.labels)}`
    },
  )
}

/** By then a pod has stopped. */
const STOPPED = 1500
