/**
 * One node's kubelet: registers the node, runs the pods bound to it, reports their state, stops them gracefully. What
 * running means to the outside (a network namespace, sockets) is the observer's affair.
 *
 * ```
 *   bound ─▶ addresses ─▶ observer.started ─▶ Running ─(readiness delay)─▶ Ready
 *   phase Succeeded or Failed, written by somebody ─▶ its containers have exited ─▶ observer.stopped
 *   deletionTimestamp ─▶ terminating … min(stop time, grace) ─▶ observer.stopped ─▶ deleted from the API
 * ```
 *
 * Not modelled: containers that exit by themselves or restart, probes that really probe, images, resources, heartbeats (nothing ages
 * nodes yet).
 */
import {
  ApiError,
  nodes,
  pods,
  type ApiClient,
  type Condition,
  type Node,
  type Pod,
} from '../apiserver/index.ts'
import { formatTime } from '../apiserver/meta/time.ts'
import { InformerFactory, keyOf, WorkQueue } from '../informer/index.ts'
import type { Clock, TimerHandle } from '../sim/clock.ts'
import { PodAddresses, type AddressOrder } from './pod-network.ts'
import { runningStatus, stoppedStatus } from './pod-status.ts'

/** What a pod has on its node. */
export interface PodNetwork {
  readonly nodeName: string
  /** The pod shares the node's namespace and addresses. */
  readonly hostNetwork: boolean
  /** At most one a family. */
  readonly ips: readonly string[]
}

export interface PodObserver {
  /** The pod comes to life: before the API says so. */
  started?(pod: Pod, network: PodNetwork): void
  /** Its processes have been told to stop. */
  stopping?(pod: Pod): void
  /** It is gone, its addresses will be given to others. */
  stopped?(pod: Pod, network: PodNetwork): void
}

export interface KubeletOptions {
  readonly clock: Clock
  /** As the kubelet's own user, `system:node:NAME`. */
  readonly client: ApiClient
  readonly nodeName: string
  /** InternalIP addresses, at most one a family, primary first. */
  readonly addresses: readonly string[]
  /** Labels besides those that every node has. */
  readonly labels?: Readonly<Record<string, string>>
  /** `topology.kubernetes.io/zone`. */
  readonly zone?: string
  readonly seed: number
  readonly observer?: PodObserver
  /** Milliseconds from start to ready. Default: the readiness probes' initialDelaySeconds. */
  readonly readinessDelay?: (pod: Pod) => number
  /** Milliseconds that the pod's processes take to stop; the grace period cuts it short. Default 1000. */
  readonly stopTime?: (pod: Pod) => number
  /** Which free address a new pod gets. Default `next`. */
  readonly podAddresses?: AddressOrder
}

interface RunningPod {
  pod: Pod
  readonly network: PodNetwork
  readonly startTime: string
  ready: boolean
  /** Since when `ready` is what it is. */
  readySince: string
  stopping: boolean
  /** The next thing to happen to it. */
  timer: TimerHandle | undefined
}

const DEFAULT_STOP_TIME = 1000

export class Kubelet {
  readonly nodeName: string
  readonly #options: KubeletOptions
  readonly #clock: Clock
  readonly #client: ApiClient
  readonly #informers: InformerFactory
  readonly #queue: WorkQueue
  readonly #running = new Map<string, RunningPod>()
  /** Readiness that somebody dictates, by pod key. */
  readonly #dictated = new Map<string, boolean>()
  /** Pods that wait for an address or for the node's block. */
  readonly #waiting = new Set<string>()
  #addresses: PodAddresses[] | undefined

  constructor(options: KubeletOptions) {
    const { clock, client, nodeName, seed } = options
    this.nodeName = nodeName
    this.#options = options
    this.#clock = clock
    this.#client = client
    this.#informers = new InformerFactory(client, { clock, seed })
    this.#queue = new WorkQueue({ clock, work: (key) => this.#sync(key) })
  }

  start(): void {
    this.#register()
    const { nodeName } = this
    const own = this.#informers.informer(nodes, { fieldSelector: `metadata.name=${nodeName}` })
    own.addHandler({
      added: (node) => this.#learnBlock(node),
      updated: (_old, node) => this.#learnBlock(node),
    })
    const bound = this.#informers.informer(pods, { fieldSelector: `spec.nodeName=${nodeName}` })
    bound.addHandler({
      added: (pod) => this.#queue.add(keyOf(pod)),
      updated: (_old, pod) => this.#queue.add(keyOf(pod)),
      deleted: (pod) => this.#queue.add(keyOf(pod)),
    })
    this.#informers.start()
  }

  stop(): void {
    this.#informers.stop()
    this.#queue.stop()
    for (const { timer } of this.#running.values()) if (timer !== undefined) this.#clock.clearTimer(timer)
  }

  /** Says whether a pod's probes pass, from now on, whatever they would say. */
  setReady(pod: { readonly name: string; readonly namespace?: string }, ready: boolean): void {
    const key = keyOf({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: 'default', ...pod } as Pod['metadata'],
    })
    this.#dictated.set(key, ready)
    const running = this.#running.get(key)
    if (running === undefined) return
    this.#turn(running, ready)
    this.#queue.add(key)
  }

  #register(): void {
    const { addresses, labels, zone } = this.#options
    const { nodeName } = this
    if (this.#client.find(nodes, nodeName) === undefined)
      this.#client.create(nodes, {
        metadata: {
          name: nodeName,
          labels: {
            'beta.kubernetes.io/arch': 'amd64',
            'beta.kubernetes.io/os': 'linux',
            'kubernetes.io/arch': 'amd64',
            'kubernetes.io/hostname': nodeName,
            'kubernetes.io/os': 'linux',
            ...(zone !== undefined && { 'topology.kubernetes.io/zone': zone }),
            ...labels,
          },
        },
        spec: {},
      })
    const now = formatTime(this.#clock.now())
    const ready: Condition = {
      type: 'Ready',
      status: 'True',
      reason: 'KubeletReady',
      message: 'kubelet is posting ready status',
      lastTransitionTime: now,
    }
    const status: Node['status'] = {
      addresses: [
        ...addresses.map((address) => ({ type: 'InternalIP' as const, address })),
        { type: 'Hostname', address: nodeName },
      ],
      conditions: [ready],
    }
    // The strategic merge key of addresses is `type`, which cannot hold two InternalIPs: a merge patch replaces the list.
    const type = 'application/merge-patch+json'
    this.#client.patch(nodes, { name: nodeName }, { status }, { type, subresource: 'status' })
  }

  #learnBlock({ spec = {} }: Node): void {
    if (this.#addresses !== undefined || (spec.podCIDRs ?? []).length === 0) return
    this.#addresses = spec.podCIDRs!.map((cidr) => new PodAddresses(cidr, this.#options.podAddresses))
    this.#retryWaiting()
  }

  #retryWaiting(): void {
    for (const key of this.#waiting) this.#queue.add(key)
    this.#waiting.clear()
  }

  #sync(key: string): void {
    const pod = this.#informers
      .informer(pods, { fieldSelector: `spec.nodeName=${this.nodeName}` })
      .lister.getByKey(key)
    let running = this.#running.get(key)
    if (running !== undefined && pod?.metadata.uid !== running.pod.metadata.uid) {
      // Deleted by force, or another pod of the same name.
      this.#end(key, running)
      running = undefined
    }
    if (pod === undefined) {
      this.#dictated.delete(key)
      return
    }
    if (running === undefined) {
      if (pod.metadata.deletionTimestamp !== undefined) this.#remove(pod)
      else if (!hasFinished(pod)) this.#begin(key, pod)
      return
    }
    if (hasFinished(pod)) {
      // Its status keeps the addresses, which are free for others from now on.
      this.#end(key, running)
      if (pod.metadata.deletionTimestamp !== undefined) this.#remove(pod)
      return
    }
    running.pod = pod
    if (pod.metadata.deletionTimestamp !== undefined) this.#beginStop(key, running)
    this.#report(running)
  }

  #begin(key: string, pod: Pod): void {
    const network = this.#connect(pod)
    if (network === undefined) {
      this.#waiting.add(key)
      if (this.#addresses !== undefined) this.#noteNoAddress(pod, this.#addresses)
      return
    }
    const now = formatTime(this.#clock.now())
    const delay = (this.#options.readinessDelay ?? probeDelay)(pod)
    const ready = this.#dictated.get(key) ?? delay === 0
    const running: RunningPod = {
      pod,
      network,
      startTime: now,
      ready,
      readySince: now,
      stopping: false,
      timer: undefined,
    }
    this.#running.set(key, running)
    this.#options.observer?.started?.(pod, network)
    if (!ready && !this.#dictated.has(key))
      running.timer = this.#clock.setTimer(delay, () => {
        running.timer = undefined
        if (!this.#dictated.has(key)) this.#turn(running, true)
        this.#queue.add(key)
      })
    this.#report(running)
  }

  #connect({ spec }: Pod): PodNetwork | undefined {
    const { nodeName } = this
    if (spec.hostNetwork === true) return { nodeName, hostNetwork: true, ips: this.#options.addresses }
    if (this.#addresses === undefined) return undefined
    const ips = this.#addresses.map((block) => block.take())
    if (ips.every((ip) => ip !== undefined)) return { nodeName, hostNetwork: false, ips: ips as string[] }
    this.#addresses.forEach((block, index) => ips[index] !== undefined && block.release(ips[index]))
    return undefined
  }

  /** What the host-local plugin answers the kubelet, where it can be read in the API. */
  #noteNoAddress(pod: Pod, blocks: readonly PodAddresses[]): void {
    const type = 'PodReadyToStartContainers'
    if (pod.status?.conditions?.some((condition) => condition.type === type)) return
    const message = `no IP addresses available in range set: ${blocks.map(({ podCIDR }) => podCIDR).join(', ')}`
    const lastTransitionTime = formatTime(this.#clock.now())
    const condition: Condition = {
      type,
      status: 'False',
      reason: 'FailedCreatePodSandBox',
      message,
      lastTransitionTime,
    }
    this.#write(pod, { ...pod.status, conditions: [...(pod.status?.conditions ?? []), condition] })
  }

  #turn(running: RunningPod, ready: boolean): void {
    if (running.ready === ready) return
    running.ready = ready
    running.readySince = formatTime(this.#clock.now())
  }

  #beginStop(key: string, running: RunningPod): void {
    const grace = 1000 * (running.pod.metadata.deletionGracePeriodSeconds ?? 0)
    if (running.stopping) return
    running.stopping = true
    if (running.timer !== undefined) this.#clock.clearTimer(running.timer)
    this.#options.observer?.stopping?.(running.pod)
    const wanted = this.#options.stopTime?.(running.pod) ?? DEFAULT_STOP_TIME
    running.timer = this.#clock.setTimer(Math.min(wanted, grace), () => {
      running.timer = undefined
      const { pod } = running
      this.#end(key, running)
      this.#write(pod, stoppedStatus(pod, formatTime(this.#clock.now())))
      this.#remove(pod)
    })
  }

  /** Its processes are gone: free what it had. */
  #end(key: string, running: RunningPod): void {
    if (running.timer !== undefined) this.#clock.clearTimer(running.timer)
    this.#running.delete(key)
    this.#options.observer?.stopped?.(running.pod, running.network)
    if (running.network.hostNetwork) return
    for (const ip of running.network.ips) for (const block of this.#addresses ?? []) block.release(ip)
    this.#retryWaiting()
  }

  #remove({ metadata }: Pod): void {
    const { name, namespace = '', uid } = metadata
    this.#tolerant(() =>
      this.#client.delete(pods, { name, namespace }, { gracePeriodSeconds: 0, preconditions: { uid } }),
    )
  }

  #report(running: RunningPod): void {
    const status = runningStatus({ ...running, hostIPs: this.#options.addresses })
    this.#write(running.pod, status)
  }

  #write(pod: Pod, status: Pod['status']): void {
    const { resourceVersion: _version, ...metadata } = pod.metadata
    this.#tolerant(() => this.#client.updateStatus(pods, { ...pod, metadata, ...(status && { status }) }))
  }

  /** The pod may be gone, or another of its name be there: then there is nothing to do. */
  #tolerant(request: () => void): void {
    try {
      request()
    } catch (error) {
      if (!(error instanceof ApiError && (error.reason === 'NotFound' || error.reason === 'Conflict')))
        throw error
    }
  }
}

function hasFinished({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed'
}

/** The longest initial delay of its readiness probes. Milliseconds. */
function probeDelay({ spec }: Pod): number {
  return Math.max(
    0,
    ...spec.containers.map(({ readinessProbe }) => 1000 * (readinessProbe?.initialDelaySeconds ?? 0)),
  )
}
