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
      'from: there is no CronJob default/backups with a running pod; did you mean default/backup?',
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
