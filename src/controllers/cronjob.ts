/**
 * The Job of a CronJob. pkg/controller/cronjob makes one whenever the schedule says; who asks what a policy lets through
 * asks of pods that run, whatever the hour. So one Job is made at once, as `kubectl create job --from=cronjob/NAME` does
 * (kubectl: pkg/cmd/create/create_job.go), unless the CronJob is suspended, and none by the clock. Another template
 * replaces it.
 */
import { cronjobs, jobs, type CronJob, type Job, type New } from '../apiserver/index.ts'
import { keyOf, WorkQueue } from '../informer/index.ts'
import type { ControllerContext } from './context.ts'
import { isControlledBy, templateHash } from './pod-util.ts'

const MANUAL = { 'cronjob.kubernetes.io/instantiate': 'manual' }

export function startCronJobController({ client, informers, clock, onError }: ControllerContext): void {
  const informer = informers.informer(cronjobs)
  const jobInformer = informers.informer(jobs)
  const queue = new WorkQueue({ clock, work: sync, ...(onError && { onError }) })
  informer.addHandler({
    added: (cronJob) => queue.add(keyOf(cronJob)),
    updated: (_old, cronJob) => queue.add(keyOf(cronJob)),
  })

  function sync(key: string): void {
    const cronJob = informer.lister.getByKey(key)
    if (cronJob === undefined || cronJob.metadata.deletionTimestamp !== undefined) return
    if (cronJob.spec.suspend === true) return
    const job = jobOf(cronJob)
    const { name, namespace = '' } = job.metadata
    if (client.find(jobs, name!, namespace) !== undefined) return
    for (const old of jobInformer.lister.inNamespace(namespace))
      if (isControlledBy(old, cronJob) && isManual(old))
        client.delete(jobs, { name: old.metadata.name, namespace }, { propagationPolicy: 'Background' })
    client.create(jobs, job)
  }
}

function isManual({ metadata }: Job): boolean {
  return Object.entries(MANUAL).every(([key, value]) => metadata.annotations?.[key] === value)
}

/** Its reference to the owner does not block the owner's deletion: that would take a right that users lack. */
function jobOf({ apiVersion, kind, metadata, spec }: CronJob): New<Job> {
  const { name, namespace, uid } = metadata
  const { metadata: template, spec: jobSpec } = spec.jobTemplate
  return {
    metadata: {
      name: `${name}-${templateHash(spec.jobTemplate)}`,
      ...(namespace !== undefined && { namespace }),
      annotations: { ...MANUAL, ...template?.annotations },
      ...(template?.labels !== undefined && { labels: template.labels }),
      ownerReferences: [{ apiVersion, kind, name, uid, controller: true }],
    },
    spec: jobSpec,
  }
}
