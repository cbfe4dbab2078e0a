/** One pod on every node that may have it (pkg/controller/daemon). Names are random; the node is by affinity, as upstream. */
import {
  daemonsets,
  nodes,
  pods,
  type DaemonSet,
  type New,
  type Node,
  type Pod,
  type Toleration,
} from '../apiserver/index.ts'
import { keyOf, metaKey, WorkQueue } from '../informer/index.ts'
import type { ControllerContext } from './context.ts'
import { Expectations } from './expectations.ts'
import { deletePod, podFromTemplate } from './pod-control.ts'
import {
  availableIn,
  controllerOf,
  isControlledBy,
  isPodReady,
  isPodTerminal,
  scaledValue,
  templateHash,
} from './pod-util.ts'
import { BY_CONTROLLER, indexByController } from './replicaset.ts'
import { matchesNodeAffinity, untolerated } from './scheduler/node-affinity.ts'

const HASH = 'controller-revision-hash'

export function startDaemonSetController({ client, informers, clock, onError }: ControllerContext): void {
  const sets = informers.informer(daemonsets)
  const podInformer = informers.informer(pods)
  const nodeInformer = informers.informer(nodes)
  podInformer.addIndex(BY_CONTROLLER, indexByController)
  const expectations = new Expectations(clock)
  const queue = new WorkQueue({ clock, work: sync, ...(onError && { onError }) })

  sets.addHandler({
    added: (set) => queue.add(keyOf(set)),
    updated: (_old, set) => queue.add(keyOf(set)),
    deleted: (set) => expectations.forget(keyOf(set)),
  })
  const queueAll = () => {
    for (const set of sets.lister.list()) queue.add(keyOf(set))
  }
  nodeInformer.addHandler({
    added: queueAll,
    updated: (old, node) => {
      if (old.spec !== node.spec || old.metadata.labels !== node.metadata.labels) queueAll()
    },
    deleted: queueAll,
  })
  podInformer.addHandler({
    added: (pod) => {
      const key = ownerKey(pod)
      if (key === undefined) return
      expectations.created(key, pod.metadata.name)
      queue.add(key)
    },
    updated: (_old, pod) => {
      const key = ownerKey(pod)
      if (key !== undefined) queue.add(key)
    },
    deleted: (pod) => {
      const key = ownerKey(pod)
      if (key !== undefined) queue.add(key)
    },
  })

  function sync(key: string): void {
    const set = sets.lister.getByKey(key)
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) return
    const hash = templateHash(set.spec.template)
    const byNode = groupByNode(podInformer.lister.byIndex(BY_CONTROLLER, set.metadata.uid))
    if (expectations.satisfied(key)) {
      place(key, set, hash, byNode)
      if (set.spec.updateStrategy?.type === 'RollingUpdate') replaceOld(set, hash, byNode)
    }
    updateStatus(key, set, hash, byNode)
  }

  function place(key: string, set: DaemonSet, hash: string, byNode: ReadonlyMap<string, Pod[]>): void {
    for (const node of nodeInformer.lister.list()) {
      const here = byNode.get(node.metadata.name) ?? []
      const { run, stay } = suits(set, node)
      if (run && here.length === 0) {
        const pod = client.create(pods, podFor(set, node, hash))
        expectations.expectCreation(key, pod.metadata.name)
      }
      for (const pod of here)
        if ((!stay || isPodTerminal(pod)) && pod.metadata.deletionTimestamp === undefined) remove(pod)
    }
    const known = new Set(nodeInformer.lister.list().map(({ metadata }) => metadata.name))
    for (const [node, orphans] of byNode) if (!known.has(node)) for (const pod of orphans) remove(pod)
  }

  /** Old pods go as far as maxUnavailable lets them; the new ones follow when they are gone. */
  function replaceOld(set: DaemonSet, hash: string, byNode: ReadonlyMap<string, Pod[]>): void {
    const wanted = nodeInformer.lister.list().filter((node) => suits(set, node).run)
    const limit = Math.max(
      1,
      scaledValue(set.spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, wanted.length, 'up'),
    )
    const isUp = (pod: Pod) =>
      pod.metadata.deletionTimestamp === undefined &&
      availableIn(pod, set.spec.minReadySeconds ?? 0, clock.now()) === 0
    let down = wanted.filter(({ metadata }) => !(byNode.get(metadata.name) ?? []).some(isUp)).length
    for (const { metadata } of wanted)
      for (const pod of byNode.get(metadata.name) ?? []) {
        if (pod.metadata.labels?.[HASH] === hash || pod.metadata.deletionTimestamp !== undefined) continue
        if (!isUp(pod)) remove(pod)
        else if (down < limit) {
          remove(pod)
          down++
        }
      }
  }

  /** A pod that stops gracefully keeps its place until it is gone. */
  function remove(pod: Pod): void {
    if (pod.metadata.deletionTimestamp === undefined) deletePod(client, pod)
  }

  function updateStatus(key: string, set: DaemonSet, hash: string, byNode: ReadonlyMap<string, Pod[]>): void {
    let [desired, current, misscheduled, ready, available, updated] = [0, 0, 0, 0, 0, 0]
    for (const node of nodeInformer.lister.list()) {
      const here = (byNode.get(node.metadata.name) ?? []).filter(
        ({ metadata }) => metadata.deletionTimestamp === undefined,
      )
      if (!suits(set, node).run) {
        if (here.length > 0) misscheduled++
        continue
      }
      desired++
      const [pod] = here
      if (pod === undefined) continue
      current++
      if (isPodReady(pod)) ready++
      const wait = availableIn(pod, set.spec.minReadySeconds ?? 0, clock.now())
      if (wait === 0) available++
      else if (wait !== undefined) queue.addAfter(key, wait)
      if (pod.metadata.labels?.[HASH] === hash) updated++
    }
    client.updateStatus(daemonsets, {
      ...set,
      status: {
        currentNumberScheduled: current,
        numberMisscheduled: misscheduled,
        desiredNumberScheduled: desired,
        numberReady: ready,
        observedGeneration: set.metadata.generation!,
        updatedNumberScheduled: updated,
        numberAvailable: available,
        numberUnavailable: desired - available,
      },
    })
  }

  function ownerKey(pod: Pod): string | undefined {
    const owner = controllerOf(pod)
    if (owner === undefined || owner.kind !== 'DaemonSet') return undefined
    const key = metaKey({ namespace: pod.metadata.namespace!, name: owner.name })
    const set = sets.lister.getByKey(key)
    return set !== undefined && isControlledBy(pod, set) ? key : undefined
  }
}

/** Taints that no daemon minds (pkg/controller/daemon/util: AddOrUpdateDaemonPodTolerations). */
function daemonTolerations(hostNetwork: boolean): Toleration[] {
  const bear = (name: string, effect: Toleration['effect'] & string): Toleration => ({
    key: `node.kubernetes.io/${name}`,
    operator: 'Exists',
    effect,
  })
  return [
    bear('not-ready', 'NoExecute'),
    bear('unreachable', 'NoExecute'),
    bear('disk-pressure', 'NoSchedule'),
    bear('memory-pressure', 'NoSchedule'),
    bear('pid-pressure', 'NoSchedule'),
    bear('unschedulable', 'NoSchedule'),
    ...(hostNetwork ? [bear('network-unavailable', 'NoSchedule')] : []),
  ]
}

function podFor(set: DaemonSet, node: Node, hash: string): New<Pod> {
  const { template } = set.spec
  const { spec } = template
  const pod = podFromTemplate(
    {
      ...template,
      metadata: { ...template.metadata, labels: { ...template.metadata?.labels, [HASH]: hash } },
    },
    set,
  )
  const own = {
    nodeSelectorTerms: [
      { matchFields: [{ key: 'metadata.name', operator: 'In' as const, values: [node.metadata.name] }] },
    ],
  }
  return {
    ...pod,
    spec: {
      ...spec,
      affinity: {
        ...spec.affinity,
        nodeAffinity: { ...spec.affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: own },
      },
      tolerations: [...(spec.tolerations ?? []), ...daemonTolerations(spec.hostNetwork ?? false)],
    },
  }
}

function groupByNode(owned: readonly Pod[]): Map<string, Pod[]> {
  const groups = new Map<string, Pod[]>()
  for (const pod of owned) {
    const node = targetNode(pod)
    const group = groups.get(node)
    if (group === undefined) groups.set(node, [pod])
    else group.push(pod)
  }
  return groups
}

/** Where the pod is, or where it is meant to go. */
function targetNode({ spec }: Pod): string {
  if (spec.nodeName) return spec.nodeName
  const terms =
    spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  return terms[0]?.matchFields?.[0]?.values?.[0] ?? ''
}

/** Whether a pod of the set should be started there, and whether one that is there may stay. */
function suits({ spec }: DaemonSet, node: Node): { readonly run: boolean; readonly stay: boolean } {
  const { template } = spec
  if (!matchesNodeAffinity({ spec: template.spec }, node)) return { run: false, stay: false }
  if (template.spec.nodeName && template.spec.nodeName !== node.metadata.name)
    return { run: false, stay: false }
  const tolerations = [
    ...(template.spec.tolerations ?? []),
    ...daemonTolerations(template.spec.hostNetwork ?? false),
  ]
  return {
    run: untolerated(node, tolerations, ['NoSchedule', 'NoExecute']) === undefined,
    stay: untolerated(node, tolerations, ['NoExecute']) === undefined,
  }
}
