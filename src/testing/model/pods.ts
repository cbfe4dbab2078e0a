/** What happens to pods, to namespaces, and to workloads that make pods. */
import { deployments, namespaces, pods, type Labels } from '../../apiserver/index.ts'
import { podOf, type PodShape } from '../arbitraries/pod.ts'
import { finishPod } from '../start-cluster.ts'
import { always, Change, HEARD, know, pathOf, pick, remove, type PolicyCommand } from './change.ts'

/** A pod with these words on one of the nodes. */
export function newPod(shape: PodShape, node: number): PolicyCommand {
  return new Change('a new pod', always, async (model, cluster) => {
    const name = `made-${model.made++}`
    const nodeName = `node-${1 + (node % model.nodes)}`
    await cluster.apply(podOf(shape, name, nodeName))
    know(model.namespaces, shape.namespace)
    model.pods.push({ namespace: shape.namespace, name })
    return `${shape.namespace}/${name} on ${nodeName} ${JSON.stringify(shape.labels)}`
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
      const { namespace, name } = pick(model.pods, which)
      const pod = client.get(pods, name, namespace)
      client.update(pods, { ...pod, metadata: { ...pod.metadata, labels } })
      return `${namespace}/${name} ${JSON.stringify(labels)}`
    },
  )
}

export function namespaceRelabelled(which: number, labels: Labels): PolicyCommand {
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

export function scaled(which: number, replicas: number): PolicyCommand {
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
export function rolledOut(which: number, labels: Labels): PolicyCommand {
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
      const name = `made-${model.made++}`
      await cluster.apply(podOf({ ...shape, hostNetwork: false }, name, nodeName))
      know(model.namespaces, shape.namespace)
      model.pods.push({ namespace: shape.namespace, name })
      return `${pathOf(pod)} by ${shape.namespace}/${name} ${JSON.stringify(shape.labels)}`
    },
  )
}

/** By then a pod has stopped. */
const STOPPED = 1500
