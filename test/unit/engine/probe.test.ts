import { beforeEach, describe, expect, it } from 'vitest'
import { Engine, reasonText } from '../../../src/engine/index.ts'
import type { Attempt } from '../../../src/engine/index.ts'
import { parseIptablesSave } from '../../../src/kernel/iptables/index.ts'

// client ── eth0 ⇄ c ── router ── s ⇄ eth0 ── server, both families
let engine: Engine
beforeEach(() => {
  engine = Engine.create({ seed: 1 })
  engine.advanceTo(1_704_067_200_000)
  for (const name of ['client', 'router', 'server']) {
    engine.netnsAdd(name)
    engine.linkSet(name, 'lo', { up: true })
  }
  for (const key of ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding'])
    engine.sysctlSet('router', key, '1')
  const sides = [
    { host: 'client', dev: 'c', mac: '02:00:00:00:00:0', net4: '10.0.1', net6: 'fd00:1:' },
    { host: 'server', dev: 's', mac: '02:00:00:00:01:0', net4: '10.0.2', net6: 'fd00:2:' },
  ]
  for (const { host, dev, mac, net4, net6 } of sides) {
    const link = (name: string, end: string) =>
      ({ name, kind: 'veth', address: mac + end, mtu: 1500, up: true }) as const
    engine.linkPair(host, link('eth0', '2'), 'router', link(dev, '1'))
    for (const [family, net, length] of [
      ['ipv4', `${net4}.`, 24],
      ['ipv6', `${net6}:`, 64],
    ] as const) {
      engine.addrAdd(host, { link: 'eth0', family, address: `${net}2`, prefixLength: length })
      engine.addrAdd('router', { link: dev, family, address: `${net}1`, prefixLength: length })
      engine.neighAdd(host, { family, address: `${net}1`, dev: 'eth0', lladdr: `${mac}1` })
      engine.neighAdd('router', { family, address: `${net}2`, dev, lladdr: `${mac}2` })
      const any = family === 'ipv4' ? '0.0.0.0' : '::'
      engine.routeAdd(host, {
        family,
        type: 'unicast',
        destination: any,
        prefixLength: 0,
        via: `${net}1`,
        dev: 'eth0',
      })
    }
  }
  engine.listen('server', { protocol: 'tcp', port: 80 })
  engine.listen('server', { protocol: 'udp', port: 53 })
  engine.listen('server', { protocol: 'sctp', port: 132 })
})

const attempt = (protocol: Attempt['protocol'], destination: string, destinationPort = 0): Attempt => ({
  netns: 'client',
  protocol,
  sourcePort: 40000,
  destination,
  destinationPort,
})
const one = (...args: Parameters<typeof attempt>) => engine.probe([attempt(...args)])[0]!
const rules = (text: string) => engine.rulesetSet('router', parseIptablesSave(text, 'ipv4'))

describe('probe', () => {
  it.each<[Attempt['protocol'], string, number, string]>([
    ['tcp', '10.0.2.2', 80, '10.0.1.2'],
    ['udp', '10.0.2.2', 53, '10.0.1.2'],
    ['sctp', '10.0.2.2', 132, '10.0.1.2'],
    ['icmp', '10.0.2.2', 0, '10.0.1.2'],
    ['tcp', 'fd00:2::2', 80, 'fd00:1::2'],
    ['udp', 'fd00:2::2', 53, 'fd00:1::2'],
    ['sctp', 'fd00:2::2', 132, 'fd00:1::2'],
    ['icmp', 'fd00:2::2', 0, 'fd00:1::2'],
  ])('%s to %s port %i is delivered and answered', (protocol, destination, port, source) => {
    const result = one(protocol, destination, port)
    expect(result).toMatchObject({ verdict: 'delivered', reply: 'answer', source })
    expect(engine.netnsName(result.where)).toBe('server')
    expect(result.from?.address).toBe(destination)
    expect(result.seen).toMatchObject({ source, destination })
  })

  it('a closed port: TCP is reset, UDP gets port unreachable', () => {
    expect(one('tcp', '10.0.2.2', 81)).toMatchObject({ verdict: 'rejected', reply: 'reset' })
    expect(one('udp', '10.0.2.2', 81)).toMatchObject({
      verdict: 'rejected',
      reply: 'icmp',
      icmp: { type: 3, code: 3 },
    })
    expect(one('udp', 'fd00:2::2', 81)).toMatchObject({
      verdict: 'rejected',
      reply: 'icmp',
      icmp: { type: 1, code: 4 },
    })
  })

  it('says where and why a packet ended', () => {
    rules('*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n')
    const result = one('tcp', '10.0.2.2', 80)
    expect(result).toMatchObject({ verdict: 'dropped', reply: 'none' })
    expect(engine.netnsName(result.where)).toBe('router')
    expect(reasonText(result.reason)).toBe('a rule dropped it')
  })

  it('REJECT is a rejection, from the one who rejects', () => {
    rules(
      '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -p tcp -j REJECT --reject-with tcp-reset\n-A FORWARD -j REJECT --reject-with icmp-admin-prohibited\nCOMMIT\n',
    )
    expect(one('tcp', '10.0.2.2', 80)).toMatchObject({ verdict: 'rejected', reply: 'reset' })
    expect(one('udp', '10.0.2.2', 53)).toMatchObject({
      verdict: 'rejected',
      icmp: { type: 3, code: 13 },
      from: { address: '10.0.1.1' },
    })
  })

  it('a rule that cannot be evaluated is unknown', () => {
    rules(
      '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -m geoip --source-country XX -j DROP\nCOMMIT\n',
    )
    expect(one('tcp', '10.0.2.2', 80).verdict).toBe('unknown')
  })

  it('an answer that gets lost: the request was delivered, no answer came', () => {
    rules(
      '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -s 10.0.2.2/32 -j DROP\nCOMMIT\n',
    )
    const result = one('tcp', '10.0.2.2', 80)
    expect(result).toMatchObject({ verdict: 'delivered', reply: 'none' })
    expect(engine.netnsName(result.replyWhere)).toBe('router')
  })

  it('DNAT and masquerade are seen from both ends', () => {
    rules(
      '*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A PREROUTING -d 10.96.0.1/32 -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.0.2.2:80\n-A POSTROUTING -o s -j MASQUERADE\nCOMMIT\n',
    )
    expect(one('tcp', '10.96.0.1', 443)).toMatchObject({
      verdict: 'delivered',
      reply: 'answer',
      from: { address: '10.96.0.1', port: 443 },
      seen: { source: '10.0.2.1', destination: '10.0.2.2', destinationPort: 80 },
    })
  })

  it('forgets what conntrack learnt, when asked', () => {
    rules(
      '*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -o s -j MASQUERADE\nCOMMIT\n',
    )
    engine.probe([attempt('tcp', '10.0.2.2', 80)], { forget: true })
    expect(engine.conntrackCount('router')).toBe(0)
    engine.probe([attempt('tcp', '10.0.2.2', 80)])
    expect(engine.conntrackCount('router')).toBe(1)
  })

  it('no way out of the client is a drop, too', () => {
    engine.linkSet('client', 'eth0', { up: false })
    expect(one('tcp', '10.0.2.2', 80)).toMatchObject({ verdict: 'dropped', reply: 'none' })
  })

  it('runs more attempts than fit into one call', () => {
    const results = engine.probe(
      Array.from({ length: 5000 }, (_, index) => ({
        ...attempt('tcp', '10.0.2.2', 80),
        sourcePort: 10000 + index,
      })),
      { forget: true },
    )
    expect(results).toHaveLength(5000)
    expect(results.filter(({ reply }) => reply === 'answer')).toHaveLength(5000)
  })
})
