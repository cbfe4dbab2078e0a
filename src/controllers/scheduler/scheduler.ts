/**
 * Gives pods nodes (kube-scheduler). A pod that fits nowhere waits, marked, until nodes or pods change: nothing polls.
 */
import { ApiError, nodes, pods, type Condition, type Pod } from '../../apiserver/index.ts'
import { formatTime } from '../../apiserver/meta/time.ts'
import { keyOf, WorkQueue } from '../../informer/index.ts'
import type { ControllerContext } from '../context.ts'
import { isPodTerminal, podCondition } from '../pod-util.ts'
import { chooseNode } from './choose.ts'
import { ClusterState } from './cluster-state.ts'

const NAME = 'default-scheduler'

export function startScheduler({ client, informers, clock, onError }: ControllerContext): void {
  const state = new ClusterState()
  const podInformer = informers.informer(pods)
  const waiting = new Set<string>()
  const queue = new WorkQueue({ clock, work: schedule, ...(onError && { onError }) })

  const retryWaiting = () => {
    for (const key of waiting) queue.add(key)
    waiting.clear()
  }
  informers.informer(nodes).addHandler({
    added: (node) => {
      state.nodes.set(node.metadata.name, node)
      retryWaiting()
    },
    updated: (_old, node) => {
      state.nodes.set(node.metadata.name, node)
      retryWaiting()
    },
    deleted: ({ metadata }) => void state.nodes.delete(metadata.name),
  })
  const seen = (pod: Pod) => {
    const key = keyOf(pod)
    if (isPodTerminal(pod)) state.remove(key)
    else if (pod.spec.nodeName) state.place(pod, pod.spec.nodeName)
    else if (pod.spec.schedulerName === NAME) queue.add(key)
  }
  podInformer.addHandler({
    added: seen,
    updated: (old, pod) => {
      // Its own note of failure is no reason to try again.
      if (old.spec !== pod.spec || old.metadata.labels !== pod.metadata.labels) seen(pod)
      if (isPodTerminal(pod) && !isPodTerminal(old)) {
        seen(pod)
        retryWaiting()
      }
    },
    deleted: (pod) => {
      state.remove(keyOf(pod))
      waiting.delete(keyOf(pod))
      retryWaiting()
    },
  })

  function schedule(key: string): void {
    const pod = podInformer.lister.getByKey(key)
    if (pod === undefined || pod.spec.nodeName || pod.metadata.deletionTimestamp !== undefined) return
    const choice = chooseNode(pod, state)
    if (choice.kind === 'unschedulable') {
      waiting.add(key)
      noteFailure(pod, choice.message)
      return
    }
    try {
      client.bind(pod.metadata, choice.name)
    } catch (error) {
      if (error instanceof ApiError && (error.reason === 'NotFound' || error.reason === 'Conflict')) return
      throw error
    }
    state.place(pod, choice.name)
  }

  function noteFailure(pod: Pod, message: string): void {
    const before = podCondition(pod, 'PodScheduled')
    if (before?.status === 'False' && before.message === message) return
    const condition: Condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      lastTransitionTime: before?.status === 'False' ? before.lastTransitionTime! : formatTime(clock.now()),
    }
    const { name, namespace = '' } = pod.metadata
    client.patch(
      pods,
      { name, namespace },
      { status: { conditions: [condition] } },
      { subresource: 'status' },
    )
  }
}
