import { describe, expect, it } from 'vitest'
import { services, type LoadBalancerIngress, type ServiceSpec } from '../../../src/apiserver/index.ts'
import { startCluster } from '../../support/cluster.ts'

const POOLS = ['203.0.113.0/24', '2001:db8:113::/120']

function start() {
  const world = startCluster({ dualStack: true, manager: { loadBalancer: { pools: POOLS } } })
  const { client, settle } = world
  const create = (
    name: string,
    spec: Partial<ServiceSpec> = {},
    ingress?: readonly LoadBalancerIngress[],
  ) => {
    const service = client.create(services, {
      metadata: { name, namespace: 'default' },
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
    })
    if (ingress !== undefined)
      client.updateStatus(services, { ...service, status: { loadBalancer: { ingress } } })
  }
  const ingressOf = (name: string) => {
    settle()
    return client.get(services, name, 'default').status?.loadBalancer?.ingress
  }
  return { ...world, create, ingressOf }
}

const dualStack = { ipFamilyPolicy: 'RequireDualStack' } as const

describe('the load balancer controller', () => {
  it('gives one address of each family, the lowest that is free', () => {
    const { create, ingressOf } = start()
    create('a', dualStack)
    create('b')
    expect(ingressOf('a')).toEqual([
      { ip: '203.0.113.1', ipMode: 'VIP' },
      { ip: '2001:db8:113::1', ipMode: 'VIP' },
    ])
    expect(ingressOf('b')).toEqual([{ ip: '203.0.113.2', ipMode: 'VIP' }])
  })

  it('leaves what the status says already, in and out of the pool, and gives it to nobody else', () => {
    const { create, ingressOf } = start()
    create('other')
    create('inside', {}, [{ ip: '203.0.113.1', ipMode: 'Proxy' }])
    create('elsewhere', {}, [{ ip: '192.0.2.9' }])
    create('named', {}, [{ hostname: 'lb.example.com' }])
    expect(ingressOf('inside')).toEqual([{ ip: '203.0.113.1', ipMode: 'Proxy' }])
    expect(ingressOf('elsewhere')?.map(({ ip }) => ip)).toEqual(['192.0.2.9'])
    expect(ingressOf('named')?.map(({ hostname }) => hostname)).toEqual(['lb.example.com'])
    expect(ingressOf('other')).toEqual([{ ip: '203.0.113.2', ipMode: 'VIP' }])
  })

  it('takes an address that replaces its own, and gives its own to the next', () => {
    const { client, create, ingressOf } = start()
    create('a')
    expect(ingressOf('a')).toMatchObject([{ ip: '203.0.113.1' }])
    const service = client.get(services, 'a', 'default')
    client.updateStatus(services, {
      ...service,
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.9' }] } },
    })
    expect(ingressOf('a')).toMatchObject([{ ip: '192.0.2.9' }])
    create('b')
    expect(ingressOf('b')).toMatchObject([{ ip: '203.0.113.1' }])
  })

  it('fills in the family that has none', () => {
    const { create, ingressOf } = start()
    create('a', dualStack, [{ ip: '192.0.2.9' }])
    expect(ingressOf('a')?.map(({ ip }) => ip)).toEqual(['192.0.2.9', '2001:db8:113::1'])
  })

  it('gives loadBalancerIP to who asks first', () => {
    const { create, ingressOf } = start()
    create('a', { loadBalancerIP: '203.0.113.50' })
    create('b', { loadBalancerIP: '203.0.113.50' })
    expect(ingressOf('a')).toMatchObject([{ ip: '203.0.113.50' }])
    expect(ingressOf('b')).toMatchObject([{ ip: '203.0.113.1' }])
  })

  it('leaves services of another class alone, and gives back what a deleted one had', () => {
    const { client, create, ingressOf } = start()
    create('foreign', { loadBalancerClass: 'example.com/other' })
    expect(ingressOf('foreign')).toBeUndefined()
    create('a')
    expect(ingressOf('a')).toMatchObject([{ ip: '203.0.113.1' }])
    client.delete(services, { name: 'a', namespace: 'default' })
    client.delete(services, { name: 'foreign', namespace: 'default' })
    create('b')
    expect(ingressOf('b')).toMatchObject([{ ip: '203.0.113.1' }])
  })
})
