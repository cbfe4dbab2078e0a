import { describe, expect, it } from 'vitest'
import { pods, services } from '../../../src/apiserver/index.ts'
import { brief, newPod, newService, record, startServer } from '../../support/apiserver.ts'

describe('the road of an object through the server', () => {
  it('creates with defaults, allocates, lists, watches, updates and deletes', () => {
    const { clock, client } = startServer()
    const watch = record(client.watch(services, { namespace: 'default' }))
    const created = client.create(services, newService('redis'))
    expect(created.metadata).toMatchObject({
      name: 'redis',
      namespace: 'default',
      uid: expect.stringMatching(
        /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      ) as string,
      creationTimestamp: '2024-01-01T00:00:00Z',
    })
    expect(created.spec).toMatchObject({
      type: 'ClusterIP',
      clusterIP: expect.stringMatching(/^10\.96\./) as string,
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      sessionAffinity: 'None',
      internalTrafficPolicy: 'Cluster',
      ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }],
    })
    const updated = client.update(services, { ...created, spec: { ...created.spec, type: 'NodePort' } })
    expect(updated.spec.ports![0]!.nodePort).toBeGreaterThanOrEqual(30_086)
    expect(updated.spec.clusterIP).toBe(created.spec.clusterIP)
    expect(client.list(services).items).toEqual([updated])
    client.delete(services, { name: 'redis', namespace: 'default' })
    expect(client.find(services, 'redis', 'default')).toBeUndefined()
    clock.runUntilIdle()
    expect(watch.events.map(brief)).toEqual(['ADDED redis@6', 'MODIFIED redis@7', 'DELETED redis@8'])
  })

  it('answers with a Status for what is not there', () => {
    const { client } = startServer()
    expect(() => client.get(services, 'x', 'default')).toThrow('services "x" not found')
    expect(() =>
      client.create(pods, { ...newPod('a'), metadata: { name: 'a', namespace: 'nowhere' } }),
    ).toThrow('namespaces "nowhere" not found')
  })
})
