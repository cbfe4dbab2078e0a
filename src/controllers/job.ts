/**
 * The pods of Jobs (pkg/controller/job: syncJob, manageJob): as many at a time as `parallelism` says, until so many have
 * succeeded as `completions` says, or too many have failed. No container ends by itself here: a pod has succeeded or
 * failed when somebody writes it into its status.
 *
 * Not modelled: deadlines, the wait before a failed pod is replaced, policies of failure and success, the finalizer that
 * counts pods which are deleted after they have finished, and adoption of pods.
 */
import {
  jobs,
  pods,
  type Condition,
  type Job,
  type JobStatus,
  type New,
  type Pod,
} from '../apiserver/index.ts'
import { formatTime } from '../apiserver/meta/time.ts'
import { keyOf, metaKey, WorkQueue } from '../informer/index.ts'
import type { ControllerContext } from './context.ts'
import { Expectations } from './expectations.ts'
import { deletePod, podFromTemplate } from './pod-control.ts'
import { controllerOf, isControlledBy, isPodActive, isPodReady } from './pod-util.ts'
import { BY_CONTROLLER, indexByController } from './replicaset.ts'

/** The most pods that one sync makes (MaxPodCreateDeletePerSync). */
const BURST = 500

const INDEX = 'batch.kubernetes.io/job-completion-index'

export function startJobController({ client, informers, clock, onError }: ControllerContext): void {
  const informer = informers.informer(jobs)
  const podInformer = informers.informer(pods)
  podInformer.addIndex(BY_CONTROLLER, indexByController)
  const expectations = new Expectations(clock)
  const queue = new WorkQueue({ clock, work: sync, ...(onError && { onError }) })

  informer.addHandler({
    added: (job) => queue.add(keyOf(job)),
    updated: (_old, job) => queue.add(keyOf(job)),
    deleted: (job) => expectations.forget(keyOf(job)),
  })
  podInformer.addHandler({
    added: (pod) => seen(pod, (key) => expectations.created(key, pod.metadata.name)),
    updated: (_old, pod) =>
      seen(pod, (key) => {
        if (pod.metadata.deletionTimestamp !== undefined) expectations.deleted(key, pod.metadata.uid)
      }),
    deleted: (pod) => seen(pod, (key) => expectations.deleted(key, pod.metadata.uid)),
  })

  function seen(pod: Pod, note: (key: string) => void): void {
    const owner = controllerOf(pod)
    if (owner?.kind !== 'Job') return
    const key = metaKey({ namespace: pod.metadata.namespace!, name: owner.name })
    note(key)
    queue.add(key)
  }

  function sync(key: string): void {
    const job = informer.lister.getByKey(key)
    if (job === undefined || job.metadata.deletionTimestamp !== undefined || isFinished(job)) return
    const owned = podInformer.lister
      .byIndex(BY_CONTROLLER, job.metadata.uid)
      .filter((pod) => isControlledBy(pod, job))
    const tally = tallyOf(job, owned)
    const verdict = verdictOf(job, tally)
    if (verdict?.type === 'Failed') tally.active.forEach((pod) => remove(key, pod))
    else if (verdict === undefined && expectations.satisfied(key)) manage(key, job, tally)
    updateStatus(job, tally, verdict)
  }

  function manage(key: string, job: Job, tally: Tally): void {
    const { active } = tally
    const wanted = wantedOf(job, tally)
    // Pods that are not yet ready go first (activePodsForRemoval).
    const order = active.toSorted((a, b) => Number(isPodReady(a)) - Number(isPodReady(b)))
    for (const pod of order.slice(0, Math.max(0, active.length - wanted))) remove(key, pod)
    const indexes = job.spec.completionMode === 'Indexed' ? freeIndexes(job, tally) : undefined
    for (let count = Math.min(wanted - active.length, BURST); count > 0; count--) {
      const pod = client.create(pods, podFor(job, indexes?.shift()))
      expectations.expectCreation(key, pod.metadata.name)
    }
  }

  function remove(key: string, pod: Pod): void {
    expectations.expectDeletion(key, pod.metadata.uid)
    deletePod(client, pod)
  }

  function updateStatus(job: Job, tally: Tally, verdict: Condition | undefined): void {
    const now = formatTime(clock.now())
    const { startTime = now } = job.status ?? {}
    const suspended = job.spec.suspend === true
    const conditions: Condition[] = [
      ...(job.status?.conditions ?? []).filter(({ type }) => type !== 'Suspended'),
      ...(suspended ? [suspendedSince(job, now)] : []),
      ...(verdict === undefined ? [] : [{ ...verdict, lastTransitionTime: now }]),
    ]
    const status: JobStatus = {
      ...(conditions.length > 0 && { conditions }),
      ...(!suspended && { startTime }),
      ...(verdict?.type === 'Complete' && { completionTime: now }),
      active: verdict === undefined ? tally.active.length : 0,
      ready: tally.active.filter(isPodReady).length,
      succeeded: tally.succeeded.length,
      failed: tally.failed.length,
    }
    client.updateStatus(jobs, { ...job, status })
  }
}

interface Tally {
  readonly active: readonly Pod[]
  /** Of an indexed job one an index. */
  readonly succeeded: readonly Pod[]
  readonly failed: readonly Pod[]
}

function tallyOf({ spec }: Job, owned: readonly Pod[]): Tally {
  const inPhase = (phase: string): Pod[] => owned.filter(({ status }) => status?.phase === phase)
  const succeeded = inPhase('Succeeded')
  const byIndex = new Map(succeeded.map((pod) => [indexOf(pod), pod]))
  return {
    active: owned.filter(isPodActive),
    succeeded: spec.completionMode === 'Indexed' ? [...byIndex.values()] : succeeded,
    failed: inPhase('Failed'),
  }
}

function wantedOf({ spec }: Job, { active, succeeded }: Tally): number {
  const { suspend, parallelism = 1, completions } = spec
  if (suspend === true) return 0
  if (completions !== undefined) return Math.max(0, Math.min(parallelism, completions - succeeded.length))
  // A queue of work: once one pod has found it empty, no other is started.
  return succeeded.length > 0 ? Math.min(active.length, parallelism) : parallelism
}

/** The condition that ends the job. */
function verdictOf({ spec }: Job, { active, succeeded, failed }: Tally): Condition | undefined {
  const { completions, backoffLimit = 6 } = spec
  if (failed.length > backoffLimit)
    return {
      type: 'Failed',
      status: 'True',
      reason: 'BackoffLimitExceeded',
      message: 'Job has reached the specified backoff limit',
    }
  const isComplete = completions === undefined ? succeeded.length > 0 : succeeded.length >= completions
  return isComplete && active.length === 0
    ? {
        type: 'Complete',
        status: 'True',
        reason: 'CompletionsReached',
        message: 'Reached expected number of succeeded pods',
      }
    : undefined
}

function suspendedSince({ status }: Job, now: string): Condition {
  const before = status?.conditions?.find(({ type }) => type === 'Suspended')
  return (
    before ?? {
      type: 'Suspended',
      status: 'True',
      reason: 'JobSuspended',
      message: 'Job suspended',
      lastTransitionTime: now,
    }
  )
}

function isFinished({ status }: Job): boolean {
  return (status?.conditions ?? []).some(
    ({ type, status: met }) => (type === 'Complete' || type === 'Failed') && met === 'True',
  )
}

function freeIndexes({ spec }: Job, { active, succeeded }: Tally): number[] {
  const taken = new Set([...active, ...succeeded].map(indexOf))
  return Array.from({ length: spec.completions ?? 0 }, (_, index) => index).filter(
    (index) => !taken.has(index),
  )
}

function indexOf({ metadata }: Pod): number {
  return Number(metadata.annotations?.[INDEX] ?? -1)
}

/** `index`: of an indexed job (indexed_job_utils.go); its pods have names and a label that say it. */
function podFor(job: Job, index: number | undefined): New<Pod> {
  const pod = podFromTemplate(job.spec.template, job)
  if (index === undefined) return pod
  const own = { [INDEX]: String(index) }
  const { labels, annotations } = pod.metadata
  const name = `${job.metadata.name}-${index}`
  return {
    metadata: {
      ...pod.metadata,
      generateName: `${name}-`,
      labels: { ...labels, ...own },
      annotations: { ...annotations, ...own },
    },
    spec: { ...pod.spec, hostname: name },
  }
}
