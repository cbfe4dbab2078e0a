import { describe, expect, it } from 'vitest'
import {
  cronjobs,
  jobs,
  pods,
  replicationcontrollers,
  type CronJob,
  type Job,
  type New,
  type ReplicationController,
} from '../../../src/apiserver/index.ts'
import { startCluster } from '../../support/cluster.ts'

const ref = (name: string) => ({ name, namespace: 'default' })
const template = (labels: Readonly<Record<string, string>>, restartPolicy: 'Never' | 'Always' = 'Never') => ({
  metadata: { labels },
  spec: { restartPolicy, containers: [{ name: 'main', image: 'example.com/app:1' }] },
})
const newJob = (name: string, spec: Partial<Job['spec']> = {}): New<Job> => ({
  metadata: ref(name),
  spec: { template: template({ app: name }), ...spec },
})
const newCronJob = (name: string, spec: Partial<CronJob['spec']> = {}): New<CronJob> => ({
  metadata: ref(name),
  spec: {
    schedule: '0 3 * * *',
    jobTemplate: { metadata: { labels: { app: name } }, spec: { template: template({ app: name }) } },
    ...spec,
  },
})

function start() {
  const world = startCluster()
  const { client } = world
  const finish = (name: string, phase: 'Succeeded' | 'Failed') => {
    const type = 'application/merge-patch+json'
    client.patch(pods, ref(name), { status: { phase } }, { type, subresource: 'status' })
    world.settle()
  }
  const phases = () => client.list(pods).items.map(({ status }) => status?.phase)
  return { ...world, finish, phases, job: (name: string) => client.get(jobs, name, 'default') }
}

describe('Job', () => {
  it('runs one pod, which has the labels that the server generates', () => {
    const { client, settle, job, podNames, errors } = start()
    client.create(jobs, newJob('pi'))
    settle()
    const { uid, labels } = job('pi').metadata
    expect(labels).toEqual({ app: 'pi' })
    expect(job('pi').spec).toMatchObject({
      parallelism: 1,
      completions: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      suspend: false,
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } },
    })
    const [pod] = client.list(pods).items
    expect(podNames()).toEqual([expect.stringMatching(/^pi-[a-z0-9]{5}$/)])
    expect(pod?.metadata.labels).toEqual({
      app: 'pi',
      'batch.kubernetes.io/controller-uid': uid,
      'controller-uid': uid,
      'batch.kubernetes.io/job-name': 'pi',
      'job-name': 'pi',
    })
    expect(job('pi').status).toMatchObject({ active: 1, ready: 1, succeeded: 0, failed: 0 })
    expect(errors).toEqual([])
  })

  it('keeps as many pods active as it may and as are still to succeed', () => {
    const { client, settle, finish, podNames, phases, job } = start()
    client.create(jobs, newJob('work', { parallelism: 2, completions: 3 }))
    settle()
    expect(phases()).toEqual(['Running', 'Running'])
    finish(podNames()[0]!, 'Succeeded')
    expect(phases().toSorted()).toEqual(['Running', 'Running', 'Succeeded'])
    const running = () => client.list(pods).items.find(({ status }) => status?.phase === 'Running')
    finish(running()!.metadata.name, 'Succeeded')
    expect(phases().toSorted()).toEqual(['Running', 'Succeeded', 'Succeeded'])
    finish(running()!.metadata.name, 'Succeeded')
    expect(phases()).toEqual(['Succeeded', 'Succeeded', 'Succeeded'])
    expect(job('work').status).toMatchObject({
      active: 0,
      succeeded: 3,
      conditions: [{ type: 'Complete', status: 'True' }],
    })
  })

  it('replaces pods that fail, until they are too many', () => {
    const { client, settle, finish, podNames, phases, job } = start()
    client.create(jobs, newJob('bad', { backoffLimit: 1, parallelism: 2, completions: 2 }))
    settle()
    finish(podNames()[0]!, 'Failed')
    expect(phases().toSorted()).toEqual(['Failed', 'Running', 'Running'])
    const running = client.list(pods).items.find(({ status }) => status?.phase === 'Running')
    finish(running!.metadata.name, 'Failed')
    expect(phases()).toEqual(['Failed', 'Failed'])
    expect(job('bad').status?.conditions).toMatchObject([{ type: 'Failed', reason: 'BackoffLimitExceeded' }])
  })

  it('of a queue of work starts none once one has succeeded', () => {
    const { client, settle, finish, podNames, phases } = start()
    client.create(jobs, newJob('queue', { parallelism: 3 }))
    settle()
    expect(phases()).toHaveLength(3)
    finish(podNames()[0]!, 'Succeeded')
    expect(phases().toSorted()).toEqual(['Running', 'Running', 'Succeeded'])
  })

  it('takes its pods away while it is suspended', () => {
    const { client, settle, podNames, job } = start()
    client.create(jobs, newJob('idle', { suspend: true }))
    settle()
    expect(podNames()).toEqual([])
    expect(job('idle').status?.conditions).toMatchObject([{ type: 'Suspended', status: 'True' }])
    const type = 'application/merge-patch+json'
    client.patch(jobs, ref('idle'), { spec: { suspend: false } }, { type })
    settle()
    expect(podNames()).toHaveLength(1)
    client.patch(jobs, ref('idle'), { spec: { suspend: true } }, { type })
    settle()
    expect(podNames()).toEqual([])
  })

  it('numbers the pods of an indexed one', () => {
    const { client, settle, podNames, finish } = start()
    client.create(jobs, newJob('parts', { completionMode: 'Indexed', completions: 3, parallelism: 2 }))
    settle()
    const indexes = () =>
      client
        .list(pods)
        .items.filter(({ status }) => status?.phase === 'Running')
        .map(({ metadata }) => metadata.labels?.['batch.kubernetes.io/job-completion-index'])
    expect(indexes()).toEqual(['0', '1'])
    finish(podNames()[0]!, 'Succeeded')
    expect(indexes()).toEqual(['1', '2'])
  })

  it.each([
    ['that runs for ever', { template: template({}, 'Always') }, 'valid values: "OnFailure", "Never"'],
    ['with a negative count', { parallelism: -1 }, 'spec.parallelism: Invalid value: -1'],
    [
      'indexed without end',
      { completionMode: 'Indexed', parallelism: 1 },
      'spec.completions: Required value',
    ],
    [
      'with a selector of its own',
      { selector: { matchLabels: { app: 'x' } } },
      '`selector` not auto-generated',
    ],
  ] as const)('is refused %s', (_, spec, message) => {
    const { client } = start()
    expect(() => client.create(jobs, newJob('wrong', spec))).toThrow(message)
  })

  it('keeps its template', () => {
    const { client } = start()
    client.create(jobs, newJob('fixed'))
    const change = { spec: { template: { metadata: { labels: { app: 'other' } } } } }
    const type = 'application/merge-patch+json'
    expect(() => client.patch(jobs, ref('fixed'), change, { type })).toThrow('field is immutable')
  })
})

describe('CronJob', () => {
  it('has one Job at once, as kubectl create job --from makes it', () => {
    const { client, settle, podNames } = start()
    client.create(cronjobs, newCronJob('backup'))
    settle()
    const [job, ...others] = client.list(jobs).items
    expect(others).toEqual([])
    expect(job?.metadata).toMatchObject({
      name: expect.stringMatching(/^backup-/) as string,
      labels: { app: 'backup' },
      annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' },
      ownerReferences: [{ kind: 'CronJob', name: 'backup', controller: true }],
    })
    expect(podNames()).toHaveLength(1)
  })

  it('has another one for another template, and none without itself', () => {
    const { client, settle, podNames } = start()
    client.create(cronjobs, newCronJob('backup'))
    settle()
    const before = podNames()
    const type = 'application/merge-patch+json'
    const change = { spec: { jobTemplate: { spec: { parallelism: 2, completions: 2 } } } }
    client.patch(cronjobs, ref('backup'), change, { type })
    settle()
    expect(podNames()).toHaveLength(2)
    expect(podNames()).not.toContain(before[0])
    client.delete(cronjobs, ref('backup'))
    settle()
    expect([client.list(jobs).items, podNames()]).toEqual([[], []])
  })

  it('has none while it is suspended', () => {
    const { client, settle, podNames } = start()
    client.create(cronjobs, newCronJob('backup', { suspend: true }))
    settle()
    expect(podNames()).toEqual([])
  })

  it.each([
    ['a long name', newCronJob('b'.repeat(53)), 'must be no more than 52 characters'],
    ['no schedule', newCronJob('b', { schedule: '' }), 'spec.schedule: Required value'],
    ['half a schedule', newCronJob('b', { schedule: '0 3' }), 'Expected exactly 5 fields, found 2: 0 3'],
    [
      'a pod that runs for ever',
      newCronJob('b', { jobTemplate: { spec: { template: template({}, 'Always') } } }),
      'spec.jobTemplate.spec.template.spec.restartPolicy: Required value',
    ],
  ])('is refused with %s', (_, cronJob, message) => {
    expect(() => start().client.create(cronjobs, cronJob)).toThrow(message)
  })
})

describe('ReplicationController', () => {
  const newController = (name: string, replicas: number): New<ReplicationController> => ({
    metadata: ref(name),
    spec: { replicas, template: template({ app: name }, 'Always') },
  })

  it('keeps as many pods as it says, selecting the labels of its template', () => {
    const { client, settle, podNames } = start()
    client.create(replicationcontrollers, newController('old', 3))
    settle()
    expect(podNames()).toHaveLength(3)
    expect(client.get(replicationcontrollers, 'old', 'default')).toMatchObject({
      metadata: { labels: { app: 'old' } },
      spec: { selector: { app: 'old' } },
      status: { replicas: 3, readyReplicas: 3, fullyLabeledReplicas: 3 },
    })
    const change = { spec: { replicas: 1 } }
    client.patch(replicationcontrollers, ref('old'), change, { type: 'application/merge-patch+json' })
    settle()
    expect(podNames()).toHaveLength(1)
    client.delete(pods, ref(podNames()[0]!))
    settle()
    expect(podNames()).toHaveLength(1)
  })

  it.each([
    ['a selector of other labels', { selector: { app: 'b' } }, '`selector` does not match template `labels`'],
    ['no template', { template: undefined }, 'spec.template: Required value'],
  ])('is refused with %s', (_, spec, message) => {
    const { metadata, spec: good } = newController('old', 1)
    const wrong = { metadata, spec: { ...good, ...spec } } as New<ReplicationController>
    expect(() => start().client.create(replicationcontrollers, wrong)).toThrow(message)
  })
})
