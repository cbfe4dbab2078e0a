import { describe, expect, it } from 'vitest'
import { Cluster } from '../../../src/cluster/cluster.ts'

async function start(...input: (string | object)[]): Promise<Cluster> {
  const cluster = await Cluster.create({ nodes: 2 })
  await cluster.apply(input)
  await cluster.settle()
  return cluster
}

describe('Jobs, CronJobs and ReplicationControllers', () => {
  it('are ends like other workloads', async () => {
    const cluster = await start('examples/jobs')
    expect(cluster.warnings()).toEqual([])
    const verdict = (from: string, to: string, port: number) => cluster.connect({ from, to, port }).verdict
    expect(verdict('job/migrate', 'rc/store', 5432)).toBe('delivered')
    expect(verdict('cj/backup', 'default/rc/store', 5432)).toBe('delivered')
    expect(verdict('backup-0', 'store-1', 5432)).toBe('delivered')
    expect(verdict('rc/store', 'job/migrate', 80)).toBe('dropped')
    const { workloads } = cluster.matrix({ ports: [{ port: 5432, protocol: 'tcp' }] })
    expect(workloads).toEqual(['default/backup', 'default/migrate', 'default/store'])
  })

  it('are named with what is near when there is none', async () => {
    const cluster = await start('examples/jobs')
    expect(() => cluster.connect({ from: 'cj/backups', to: 'rc/store', port: 5432 })).toThrow(
      'from: there is no CronJob default/backups; did you mean default/backup?',
    )
  })

  it('may be applied again', async () => {
    const cluster = await start('examples/jobs')
    const names = () => cluster.view.pods().map(({ metadata }) => metadata.name)
    const before = names()
    await cluster.apply('examples/jobs')
    await cluster.settle()
    expect(names()).toEqual(before)
  })

  it('have their fields without effect named', async () => {
    const job = (template: object) => ({ metadata: { name: 'j' }, apiVersion: 'batch/v1', ...template })
    const spec = {
      template: { spec: { restartPolicy: 'Never', dnsConfig: {}, containers: [{ name: 'c', image: 'i' }] } },
    }
    const cluster = await start(
      job({ kind: 'Job', spec }),
      job({ kind: 'CronJob', spec: { schedule: '@daily', jobTemplate: { spec } } }),
    )
    expect(cluster.warnings().map(({ place }) => place.field)).toEqual([
      'spec.jobTemplate.spec.template.spec.dnsConfig',
      'spec.template.spec.dnsConfig',
    ])
  })
})

describe('pods that do not run', () => {
  const deployment = (spec: string): string => `apiVersion: apps/v1
kind: Deployment
metadata: { name: d }
spec:
  ${spec}
  selector: { matchLabels: { app: d } }
  template:
    metadata: { labels: { app: d } }
    spec: { containers: [{ name: c, image: i }] }
`
  it('are counted once a workload, with what they wait for', async () => {
    const cluster = await Cluster.create({ nodes: 1 })
    await cluster.apply([
      deployment('replicas: 260'),
      'apiVersion: v1\nkind: Pod\nmetadata: { name: p }\nspec: { nodeSelector: { disk: ssd }, containers: [{ name: c, image: i }] }',
    ])
    await cluster.settle()
    expect(cluster.warnings()).toEqual([
      {
        message:
          '7 of 260 pods of Deployment default/d do not run: no IP addresses available in range set: 10.244.0.0/24, fd00:10:244::/64',
        place: { file: 'manifest', line: 1 },
      },
      {
        message: expect.stringMatching(/^pod default\/p does not run: 0\/1 nodes are available: /) as string,
        place: { file: 'manifest', line: 1 },
      },
    ])
  })

  it('run once an address is free', async () => {
    const cluster = await Cluster.create({ nodes: 1 })
    await cluster.apply(deployment('replicas: 254'))
    await cluster.settle()
    expect(cluster.warnings()).toHaveLength(1)
    await cluster.apply(deployment('replicas: 253'))
    await cluster.settle()
    await cluster.apply(deployment('replicas: 252'))
    await cluster.settle()
    expect(cluster.warnings()).toEqual([])
    expect(cluster.view.pods().every(({ status }) => status?.phase === 'Running')).toBe(true)
  })

  const job = 'template: { spec: { restartPolicy: Never, containers: [{ name: c, image: i }] } }'
  const batch = (kind: string, spec: string): string =>
    `apiVersion: batch/v1\nkind: ${kind}\nmetadata: { name: j }\nspec:\n  ${spec}`
  it.each([
    [deployment('replicas: 1_000_000'), 'manifest:5: spec.replicas: 1000000 pods are more than'],
    [batch('Job', `parallelism: 10001\n  ${job}`), 'manifest:5: spec.parallelism: 10001 pods are more than'],
    [
      batch('CronJob', `schedule: '@daily'\n  jobTemplate: { spec: { parallelism: 10001, ${job} } }`),
      'manifest:6: spec.jobTemplate.spec.parallelism: 10001 pods are more than',
    ],
  ])('are refused where they are too many, and nothing is made', async (text, message) => {
    const cluster = await Cluster.create({ nodes: 1 })
    const service = 'apiVersion: v1\nkind: Service\nmetadata: { name: s }\nspec: { ports: [{ port: 80 }] }'
    await expect(cluster.apply([service, text])).rejects.toThrow(message)
    expect(cluster.view.services()).toEqual([])
  })

  it('a Job asks for no more than it has to complete', async () => {
    const cluster = await start(batch('Job', `parallelism: 99999\n  completions: 2\n  ${job}`))
    expect(cluster.view.pods()).toHaveLength(2)
  })
})

describe('a Job of a dump', () => {
  const uid = '11111111-2222-4333-8444-555555555555'
  const dumped = (status: string): string => `
apiVersion: batch/v1
kind: Job
metadata: { name: pi, uid: ${uid}, labels: { app: pi } }
spec:
  parallelism: 1
  completions: 1
  selector: { matchLabels: { batch.kubernetes.io/controller-uid: ${uid} } }
  template:
    metadata: { labels: { app: pi, controller-uid: ${uid}, batch.kubernetes.io/controller-uid: ${uid}, job-name: pi } }
    spec: { restartPolicy: Never, containers: [{ name: c, image: i }] }
status: ${status}`

  it('gets a selector of its own here', async () => {
    const cluster = await start(dumped('{ active: 1 }'))
    const [pod, ...others] = cluster.view.pods()
    expect(others).toEqual([])
    expect(pod?.metadata.labels).toMatchObject({ app: 'pi', 'job-name': 'pi' })
    expect(pod?.metadata.labels?.['controller-uid']).not.toBe(uid)
  })

  it('does not begin again when it is done', async () => {
    const cluster = await start(dumped('{ succeeded: 1, conditions: [{ type: Complete, status: "True" }] }'))
    expect(cluster.view.pods()).toEqual([])
  })
})
