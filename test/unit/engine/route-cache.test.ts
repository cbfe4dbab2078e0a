import { describe, expect, it } from 'vitest'
import { Node, toNode } from '../../support/engine/node.ts'
import { type Ip, udp } from '../../support/packet/build.ts'

const PORTS = { sourcePort: 1024, destinationPort: 9 }

/** Where a packet from behind eth0 leaves, after one that has left the way it should and whose route is kept. */
function after(
  change: (node: Node) => void,
  ip: Ip = { source: '10.0.0.2', destination: '10.0.7.7' },
): number[] {
  const node = new Node()
  node.addRoute('10.0.7.0/24', { via: '10.0.1.2', dev: 'eth1' })
  const send = (): number[] => node.send(0, toNode(0, ip, udp(ip, PORTS))).map(({ port }) => port)
  expect(send()).toEqual([1])
  expect(send()).toEqual([1])
  change(node)
  return send()
}

describe('a route that is kept', () => {
  it('is left when nothing has changed', () => {
    expect(after(() => undefined)).toEqual([1])
  })

  it.each<[string, (node: Node) => void]>([
    ['a longer prefix', (node) => node.addRoute('10.0.7.7/32', { type: 'blackhole' })],
    ['its removal', ({ engine }) => removeRoute(engine)],
    ['its link going down', ({ engine }) => engine.linkSet('node', 'eth1', { up: false })],
    ['the source becoming a local address', (node) => node.addAddress(1, '10.0.0.2', 32)],
    [
      'strict reverse path filtering, with the source elsewhere',
      (node) => {
        node.addRoute('10.0.0.2/32', { via: '10.0.1.2', dev: 'eth1' })
        node.engine.sysctlSet('node', 'net.ipv4.conf.all.rp_filter', 1)
      },
    ],
    ['forwarding switched off', ({ engine }) => engine.sysctlSet('node', 'net.ipv4.ip_forward', 0)],
  ])('is given up for %s', (_name, change) => {
    expect(after(change).filter((port) => port === 1)).toEqual([])
  })

  it('is another one on another interface', () => {
    const node = new Node()
    const ip = { source: '10.0.0.2', destination: '10.0.1.2' }
    expect(node.send(0, toNode(0, ip, udp(ip, PORTS))).map(({ port }) => port)).toEqual([1])
    node.engine.sysctlSet('node', 'net.ipv4.conf.all.rp_filter', 1)
    expect(node.send(0, toNode(0, ip, udp(ip, PORTS))).map(({ port }) => port)).toEqual([1])
    expect(node.send(1, toNode(1, ip, udp(ip, PORTS)))).toEqual([])
  })

  it('still asks for a redirect each time', () => {
    const node = new Node()
    const ip = { source: '10.0.0.2', destination: '10.0.7.7' }
    node.addRoute('10.0.7.0/24', { via: '10.0.0.3', dev: 'eth0' })
    node.addNeighbour(0, '10.0.0.3')
    const count = (): number => node.send(0, toNode(0, ip, udp(ip, PORTS))).length
    expect(count()).toBe(2)
    node.engine.advanceTo(30_000)
    expect(count()).toBe(2)
  })
})

function removeRoute(engine: Node['engine']): void {
  engine.routeDelete('node', {
    family: 'ipv4',
    type: 'unicast',
    destination: '10.0.7.0',
    prefixLength: 24,
    via: '10.0.1.2',
    dev: 'eth1',
  })
}
