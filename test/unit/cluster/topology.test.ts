import { describe, expect, it } from 'vitest'
import { Cluster } from '../../../src/cluster/cluster.ts'
import { addressAt, nodeAddress } from '../../../src/cluster/topology/plan.ts'
import {
  externalAddressPiece,
  fabricPiece,
  nodePiece,
  outsidePiece,
  podNetns,
  podPiece,
} from '../../../src/cluster/topology/pieces.ts'
import { printPiece } from '../../../src/cluster/topology/script.ts'

const node = nodePiece({
  name: 'node-1',
  addresses: ['172.18.0.2', 'fd00:172:18::2'],
  podCidrs: ['10.244.0.0/24', 'fd00:10:244::/64'],
  sockets: [],
})
const pod = podPiece({
  namespace: 'default',
  name: 'web-0',
  node: 'node-1',
  nodePodCidrs: ['10.244.0.0/24', 'fd00:10:244::/64'],
  addresses: ['10.244.0.7', 'fd00:10:244::7'],
  sockets: [{ protocol: 'tcp', port: 80 }],
})

describe('the address plan', () => {
  it('counts nodes from 1, after the gateway', () => {
    expect(nodeAddress('ipv4', 1)).toBe('172.18.0.2')
    expect(nodeAddress('ipv4', 300)).toBe('172.18.1.45')
    expect(nodeAddress('ipv6', 1)).toBe('fd00:172:18::2')
  })

  it('carries over bytes', () => {
    expect(addressAt('10.0.0.255', 1n)).toBe('10.0.1.0')
    expect(addressAt('fd00::ffff', 1n)).toBe('fd00::1:0')
  })
})

describe('pieces', () => {
  it('join a pod by a routed veth: host routes, a gateway, static neighbours', () => {
    expect(printPiece(pod)).toEqual([
      '# pod default/web-0 on node-1 (10.244.0.7, fd00:10:244::7)',
      'ip netns add default_web-0',
      'ip -n default_web-0 link set lo up',
      'ip netns exec default_web-0 sysctl -w net.ipv6.conf.all.accept_dad=0',
      'ip netns exec default_web-0 sysctl -w net.ipv6.conf.default.accept_dad=0',
      'ip netns exec default_web-0 sysctl -w net.ipv6.conf.default.addr_gen_mode=1',
      'ip -n node-1 link add veth7 type veth peer name eth0 netns default_web-0',
      'ip -n node-1 link set veth7 address ee:ee:ee:ee:ee:ee mtu 1500 up',
      'ip -n default_web-0 link set eth0 address 0a:58:0a:f4:00:07 mtu 1500 up',
      'ip -n node-1 addr add 10.244.0.1/32 dev veth7',
      'ip -n node-1 neigh add 10.244.0.7 lladdr 0a:58:0a:f4:00:07 dev veth7 nud permanent',
      'ip -n node-1 route add 10.244.0.7 dev veth7',
      'ip -n default_web-0 addr add 10.244.0.7/32 dev eth0',
      'ip -n default_web-0 neigh add 10.244.0.1 lladdr ee:ee:ee:ee:ee:ee dev eth0 nud permanent',
      'ip -n default_web-0 route add default via 10.244.0.1 dev eth0 onlink',
      'ip -n node-1 addr add fd00:10:244::1/128 dev veth7 nodad',
      'ip -n node-1 neigh add fd00:10:244::7 lladdr 0a:58:0a:f4:00:07 dev veth7 nud permanent',
      'ip -n node-1 -6 route add fd00:10:244::7 dev veth7',
      'ip -n default_web-0 addr add fd00:10:244::7/128 dev eth0 nodad',
      'ip -n default_web-0 neigh add fd00:10:244::1 lladdr ee:ee:ee:ee:ee:ee dev eth0 nud permanent',
      'ip -n default_web-0 -6 route add default via fd00:10:244::1 dev eth0 onlink',
    ])
  })

  it('teach the fabric each node and its block', () => {
    const fabric = printPiece(node).filter((line) => /^ip -n fabric (-6 )?route/.test(line))
    expect(fabric).toEqual([
      'ip -n fabric route add 172.18.0.2 dev node-1',
      'ip -n fabric route add 10.244.0.0/24 via 172.18.0.2 dev node-1 onlink',
      'ip -n fabric -6 route add fd00:172:18::2 dev node-1',
      'ip -n fabric -6 route add fd00:10:244::/64 via fd00:172:18::2 dev node-1 onlink',
    ])
  })

  it('send an external address to one node', () => {
    expect(
      printPiece(externalAddressPiece('203.0.113.5', 'node-1', ['fd00:172:18::2', '172.18.0.2'])),
    ).toEqual([
      '# 203.0.113.5 is announced by node-1',
      'ip -n fabric route add 203.0.113.5 via 172.18.0.2 dev node-1 onlink',
    ])
  })

  it('name interfaces within the 15 characters of Linux, and no two nodes alike', () => {
    const link = (name: string) =>
      nodePiece({ name, addresses: ['172.18.0.2'], podCidrs: [], sockets: [] }).wires[0]!.a.link.name
    expect(link('node-1')).toBe('node-1')
    const long = ['ip-10-0-0-1.ec2.internal', 'ip-10-0-0-2.ec2.internal'].map(link)
    expect(new Set(long).size).toBe(2)
    for (const name of long) expect(name.length).toBeLessThanOrEqual(15)
  })

  it('hold every namespace they speak of, in order', () => {
    const known = new Set<string>()
    for (const piece of [fabricPiece(), outsidePiece(), node, pod]) {
      if (piece.netns !== undefined) known.add(piece.netns)
      for (const { a, b } of piece.wires) {
        expect(known).toContain(a.netns)
        expect(known).toContain(b.netns)
      }
      for (const { netns } of piece.objects) expect(known).toContain(netns)
    }
  })
})

describe('names of namespaces', () => {
  it('are told apart where they are too long for a file, and else as they were', () => {
    const long = 'a'.repeat(252)
    expect(podNetns('default', 'web-0')).toBe('default_web-0')
    expect(podNetns('n'.repeat(63), 'p'.repeat(191))).toBe(`${'n'.repeat(63)}_${'p'.repeat(191)}`)
    const [first, second] = [podNetns('default', `${long}b`), podNetns('default', `${long}c`)]
    expect([first, second].map(({ length }) => length)).toEqual([255, 255])
    expect(first).not.toBe(second)
    expect(first).toMatch(/^default_a+_[0-9a-z]{7}$/)
  })

  it('of the longest names that Kubernetes takes carry packets', async () => {
    const cluster = await Cluster.create({ nodes: 1 })
    const [namespace, name] = ['n'.repeat(63), `${'p'.repeat(251)}-1`]
    await cluster.apply([
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
      ...[namespace, 'default'].map((where) => ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: where },
        spec: { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80 }] }] },
      })),
    ])
    await cluster.settle()
    const flow = cluster.connect({ from: `default/${name}`, to: `${namespace}/${name}`, port: 80 })
    expect(flow.verdict).toBe('delivered')
  })
})
