import { describe, expect, it } from 'vitest'
import {
  configmaps,
  deployments,
  namespaces,
  pods,
  services,
  type New,
  type Pod,
  type Service,
} from '../../../src/apiserver/index.ts'
import { newDeployment } from '../../support/cluster.ts'
import { brief, newPod, newService, record, startServer } from '../../support/apiserver.ts'

const ref = (name: string) => ({ name, namespace: 'default' })

describe('create', () => {
  it('makes names from generateName, at most 63 characters, the same for the same seed', () => {
    const make = () => {
      const { client } = startServer()
      const base = 'x'.repeat(70)
      return [1, 2].map(
        () =>
          client.create(configmaps, { metadata: { generateName: base, namespace: 'default' } }).metadata.name,
      )
    }
    const [first, second] = make()
    expect(first).toMatch(/^x{58}[bcdfghjklmnpqrstvwxz2456789]{5}$/)
    expect(first).not.toBe(second)
    expect(make()).toEqual([first, second])
  })

  it('refuses a name that is taken, a resourceVersion, a namespace that is not the path’s', () => {
    const { client } = startServer()
    client.create(services, newService('a'))
    expect(() => client.create(services, newService('a'))).toThrow('services "a" already exists')
    expect(() =>
      client.create(services, {
        ...newService('b'),
        metadata: { ...newService('b').metadata, resourceVersion: '3' },
      }),
    ).toThrow('resourceVersion should not be set on objects to be created')
    expect(() =>
      client.send({
        verb: 'create',
        group: '',
        version: 'v1',
        resource: 'services',
        namespace: 'kube-system',
        body: newService('b'),
      }),
    ).toThrow('the namespace of the provided object does not match the namespace sent on the request')
  })

  it('does not let a client choose what is the server’s', () => {
    const { client } = startServer()
    const made = client.create(pods, {
      ...newPod('a'),
      metadata: {
        ...newPod('a').metadata,
        uid: 'mine',
        creationTimestamp: '1999-01-01T00:00:00Z',
        deletionTimestamp: '1999-01-01T00:00:00Z',
        generation: 7,
      },
      status: { phase: 'Running', podIP: '1.2.3.4' },
    })
    expect(made.metadata.uid).not.toBe('mine')
    expect(made.metadata).toMatchObject({ creationTimestamp: '2024-01-01T00:00:00Z', generation: 1 })
    expect(made.metadata.deletionTimestamp).toBeUndefined()
    expect(made.status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' })
  })

  it('under dryRun does everything but store', () => {
    const { client, server } = startServer()
    const before = server.revision
    const made = client.create(services, newService('a', { clusterIP: '10.96.0.10' }), { dryRun: true })
    expect(made.spec.clusterIP).toBe('10.96.0.10')
    expect(server.revision).toBe(before)
    expect(client.create(services, newService('b', { clusterIP: '10.96.0.10' })).spec.clusterIP).toBe(
      '10.96.0.10',
    )
  })

  it('hands out objects that nobody can change, and keeps none that somebody else can', () => {
    const { client } = startServer()
    const mine = { metadata: { name: 'a', namespace: 'default', labels: { x: '1' } }, data: { k: 'v' } }
    const made = client.create(configmaps, mine)
    mine.data.k = 'changed'
    expect(client.get(configmaps, 'a', 'default').data).toEqual({ k: 'v' })
    expect(() => {
      ;(made.metadata.labels as Record<string, string>)['x'] = '2'
    }).toThrow(TypeError)
    expect(Object.getPrototypeOf(made)).toBe(Object.prototype)
  })

  it('takes a label called __proto__ for what it is: a bad key', () => {
    const { client } = startServer()
    const labels = JSON.parse('{"__proto__":"x"}') as Record<string, string>
    expect(() =>
      client.create(configmaps, { metadata: { name: 'a', namespace: 'default', labels } }),
    ).toThrow('metadata.labels: Invalid value: "__proto__"')
  })
})

describe('unknown fields', () => {
  const odd = {
    ...newService('a'),
    spec: { ...newService('a').spec, foo: 1, ports: [{ port: 80, bar: true }] },
  } as unknown as New<Service>

  it('are dropped with a warning, refused under Strict, dropped in silence under Ignore', () => {
    const { client, warnings } = startServer()
    expect(() => client.create(services, odd, { fieldValidation: 'Strict' })).toThrow(
      'Service in version "v1" cannot be handled as a Service: strict decoding error: unknown field "spec.ports[0].bar", unknown field "spec.foo"',
    )
    const made = client.create(services, odd)
    expect(made.spec).not.toHaveProperty('foo')
    expect(warnings).toEqual(['unknown field "spec.ports[0].bar"', 'unknown field "spec.foo"'])
    client.update(services, { ...odd, metadata: made.metadata }, { fieldValidation: 'Ignore' })
    expect(warnings).toHaveLength(2)
  })

  it('of a wrong type are refused, with the place', () => {
    const { client } = startServer()
    const bad = { ...newService('a'), spec: { ports: [{ port: '80' }] } } as unknown as New<Service>
    expect(() => client.create(services, bad)).toThrow(
      /cannot be handled as a Service: json: cannot unmarshal string into Go struct field spec\.ports\.port of type int32 \(at spec\.ports\[0\]\.port\)/,
    )
  })
})

describe('update', () => {
  it('refuses what is stale and another uid, and takes a write without version', () => {
    const { client } = startServer()
    const first = client.create(configmaps, {
      metadata: { name: 'a', namespace: 'default' },
      data: { k: '1' },
    })
    const second = client.update(configmaps, { ...first, data: { k: '2' } })
    expect(() => client.update(configmaps, { ...first, data: { k: '3' } })).toThrow(
      'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    )
    expect(() =>
      client.update(configmaps, { ...second, metadata: { ...second.metadata, uid: 'x' } }),
    ).toThrow('Precondition failed: UID in precondition: x')
    expect(client.update(configmaps, { metadata: ref('a'), data: { k: '4' } }).data).toEqual({ k: '4' })
  })

  it('counts generations of the spec, not of the status, and keeps the two apart', () => {
    const { client } = startServer()
    const made = client.create(deployments, newDeployment('web', 1))
    expect(made.metadata.generation).toBe(1)
    const status = client.updateStatus(deployments, {
      ...made,
      spec: { ...made.spec, replicas: 9 },
      status: { replicas: 3 },
    })
    expect(status).toMatchObject({
      metadata: { generation: 1 },
      spec: { replicas: 1 },
      status: { replicas: 3 },
    })
    const spec = client.update(deployments, {
      ...status,
      spec: { ...status.spec, replicas: 2 },
      status: { replicas: 99 },
    })
    expect(spec).toMatchObject({
      metadata: { generation: 2 },
      spec: { replicas: 2 },
      status: { replicas: 3 },
    })
    const labels = client.patch(deployments, ref('web'), { metadata: { labels: { a: 'b' } } })
    expect(labels.metadata.generation).toBe(2)
  })

  it('does not let a pod change what is fixed, nor a deployment its selector', () => {
    const { client } = startServer()
    const pod = client.create(pods, newPod('a'))
    expect(() =>
      client.update(pods, { ...pod, spec: { ...pod.spec, nodeName: 'node-1' } } as New<Pod>),
    ).toThrow('pod updates may not change fields other than')
    const image = [{ ...pod.spec.containers[0]!, image: 'example.com/app:2' }]
    expect(
      client.update(pods, { ...pod, spec: { ...pod.spec, containers: image } }).spec.containers[0]!.image,
    ).toBe('example.com/app:2')
    const web = client.create(deployments, newDeployment('web', 1))
    expect(() =>
      client.update(deployments, {
        ...web,
        spec: { ...web.spec, selector: { matchLabels: { app: 'other' } } },
      }),
    ).toThrow('Deployment.apps "web" is invalid: [')
  })

  it('binds a pod once', () => {
    const { client } = startServer()
    const pod = client.create(pods, newPod('a'))
    client.bind(pod.metadata, 'node-1')
    expect(client.get(pods, 'a', 'default')).toMatchObject({
      spec: { nodeName: 'node-1' },
      status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
    })
    expect(() => client.bind(pod.metadata, 'node-2')).toThrow(
      'Operation cannot be fulfilled on pods/binding "a": pod a is already assigned to node "node-1"',
    )
  })

  it('scales through the subresource', () => {
    const { client } = startServer()
    client.create(deployments, newDeployment('web', 1))
    client.scale(deployments, ref('web'), 5)
    expect(client.get(deployments, 'web', 'default').spec.replicas).toBe(5)
    expect(() => client.scale(deployments, ref('web'), -1)).toThrow('must be greater than or equal to 0')
    const scale = client.send({
      verb: 'get',
      group: 'apps',
      version: 'v1',
      resource: 'deployments',
      subresource: 'scale',
      ...ref('web'),
    })
    expect(scale).toMatchObject({
      object: { kind: 'Scale', spec: { replicas: 5 }, status: { selector: 'app=web' } },
    })
  })
})

describe('delete', () => {
  it('answers with a Status, and the event carries the last state at its own version', () => {
    const { client, clock } = startServer()
    client.create(configmaps, { metadata: { name: 'a', namespace: 'default' }, data: { k: 'v' } })
    const watch = record(client.watch(configmaps))
    const answer = client.send({
      verb: 'delete',
      group: '',
      version: 'v1',
      resource: 'configmaps',
      ...ref('a'),
    })
    expect(answer).toMatchObject({
      code: 200,
      object: { kind: 'Status', status: 'Success', details: { name: 'a', kind: 'configmaps' } },
    })
    clock.runUntilIdle()
    expect(watch.events.map(brief)).toEqual(['ADDED a@6', 'DELETED a@7'])
    expect(watch.events[1]).toMatchObject({ object: { data: { k: 'v' } } })
    expect(() => client.delete(configmaps, ref('a'))).toThrow('configmaps "a" not found')
  })

  it('checks preconditions', () => {
    const { client } = startServer()
    const { metadata } = client.create(configmaps, { metadata: { name: 'a', namespace: 'default' } })
    expect(() => client.delete(configmaps, ref('a'), { preconditions: { uid: 'x' } })).toThrow(
      'UID in precondition: x',
    )
    expect(() => client.delete(configmaps, ref('a'), { preconditions: { resourceVersion: '1' } })).toThrow(
      'ResourceVersion in precondition: 1',
    )
    client.delete(configmaps, ref('a'), {
      preconditions: { uid: metadata.uid, resourceVersion: metadata.resourceVersion },
    })
  })

  it('waits for finalizers, and goes with the last', () => {
    const { client, clock } = startServer()
    client.create(configmaps, {
      metadata: { name: 'a', namespace: 'default', finalizers: ['example.com/x', 'example.com/y'] },
    })
    const watch = record(client.watch(configmaps))
    client.delete(configmaps, ref('a'))
    client.delete(configmaps, ref('a'))
    const marked = client.get(configmaps, 'a', 'default')
    expect(marked.metadata).toMatchObject({
      deletionTimestamp: '2024-01-01T00:00:00Z',
      deletionGracePeriodSeconds: 0,
    })
    expect(() =>
      client.update(configmaps, {
        ...marked,
        metadata: { ...marked.metadata, finalizers: ['example.com/z'] },
      }),
    ).toThrow('no new finalizers can be added')
    const type = 'application/merge-patch+json'
    client.patch(configmaps, ref('a'), { metadata: { finalizers: ['example.com/y'] } }, { type })
    client.patch(configmaps, ref('a'), { metadata: { finalizers: null } }, { type })
    expect(client.find(configmaps, 'a', 'default')).toBeUndefined()
    clock.runUntilIdle()
    expect(watch.events.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'MODIFIED', 'DELETED'])
  })

  it('is graceful for a pod that a node has, at once for others', () => {
    const { client } = startServer()
    client.create(pods, newPod('a'))
    client.create(pods, {
      ...newPod('b'),
      spec: { ...newPod('b').spec, nodeName: 'node-1', terminationGracePeriodSeconds: 60 },
    })
    client.delete(pods, ref('a'))
    expect(client.find(pods, 'a', 'default')).toBeUndefined()
    client.delete(pods, ref('b'))
    expect(client.get(pods, 'b', 'default').metadata).toMatchObject({
      deletionTimestamp: '2024-01-01T00:01:00Z',
      deletionGracePeriodSeconds: 60,
      generation: 2,
    })
    client.delete(pods, ref('b'), { gracePeriodSeconds: 10 })
    expect(client.get(pods, 'b', 'default').metadata).toMatchObject({
      deletionTimestamp: '2024-01-01T00:00:10Z',
      deletionGracePeriodSeconds: 10,
    })
    client.delete(pods, ref('b'), { gracePeriodSeconds: 40 })
    expect(client.get(pods, 'b', 'default').metadata.deletionGracePeriodSeconds).toBe(10)
    client.delete(pods, ref('b'), { gracePeriodSeconds: 0 })
    expect(client.find(pods, 'b', 'default')).toBeUndefined()
  })

  it('marks a namespace and takes nothing new into it', () => {
    const { client } = startServer()
    client.create(namespaces, { metadata: { name: 'team' } })
    expect(client.get(namespaces, 'team').metadata.labels).toEqual({ 'kubernetes.io/metadata.name': 'team' })
    client.delete(namespaces, { name: 'team' })
    expect(client.get(namespaces, 'team').status).toEqual({ phase: 'Terminating' })
    expect(() => client.create(configmaps, { metadata: { name: 'a', namespace: 'team' } })).toThrow(
      'configmaps "a" is forbidden: unable to create new content in namespace team because it is being terminated',
    )
  })
})

describe('what the server does not have', () => {
  it('is a 404, an unsupported verb a 405', () => {
    const { client, server } = startServer()
    expect(server.handle({ verb: 'list', group: '', version: 'v1', resource: 'gadgets' })).toMatchObject({
      kind: 'failure',
      code: 404,
    })
    client.create(deployments, newDeployment('web', 1))
    const base = { group: 'apps', version: 'v1', resource: 'deployments', ...ref('web') } as const
    expect(server.handle({ ...base, verb: 'delete', subresource: 'status' })).toMatchObject({
      kind: 'failure',
      code: 405,
    })
    expect(server.handle({ ...base, verb: 'create', subresource: 'binding' })).toMatchObject({
      kind: 'failure',
      code: 404,
    })
  })
})
