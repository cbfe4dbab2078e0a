import { describe, expect, it } from 'vitest'
import { REASON_IP_INNOROUTES, REASON_NEIGH_FAILED } from '../../../src/abi/reason.ts'
import { Engine } from '../../../src/engine/engine.ts'
import { parseIptablesSave } from '../../../src/kernel/iptables/index.ts'

/** A client and a server behind a router; addresses are learnt by ARP and neighbour discovery. */
function routed(): Engine {
  const engine = Engine.create({ seed: 1 })
  engine.netnsAdd('router')
  engine.linkSet('router', 'lo', { up: true })
  for (const [i, name] of ['client', 'server'].entries()) {
    engine.netnsAdd(name)
    engine.linkSet(name, 'lo', { up: true })
    const end = { kind: 'veth', mtu: 1500, up: true } as const
    engine.linkPair('router', { ...end, name: `eth${i}`, address: `02:00:00:00:0${i}:01` }, name, {
      ...end,
      name: 'eth0',
      address: `02:00:00:00:0${i}:02`,
    })
    for (const [family, prefix, length] of [
      ['ipv4', `10.0.${i}.`, 24],
      ['ipv6', `fd00:${i}::`, 64],
    ] as const) {
      const any = family === 'ipv4' ? '0.0.0.0' : '::'
      engine.addrAdd('router', { link: `eth${i}`, family, address: `${prefix}1`, prefixLength: length })
      engine.addrAdd(name, { link: 'eth0', family, address: `${prefix}2`, prefixLength: length })
      engine.routeAdd(name, { family, type: 'unicast', destination: any, prefixLength: 0, via: `${prefix}1` })
    }
  }
  engine.sysctlSet('router', 'net.ipv4.ip_forward', 1)
  engine.sysctlSet('router', 'net.ipv6.conf.all.forwarding', 1)
  engine.listen('server', { protocol: 'tcp', port: 8080 })
  engine.listen('server', { protocol: 'udp', port: 53 })
  return engine
}

const rules = (text: string) => parseIptablesSave(`*${text}\nCOMMIT\n`, 'ipv4')

const service = {
  protocol: 'tcp',
  sourcePort: 40_000,
  destination: '10.96.0.10',
  destinationPort: 80,
} as const

describe('a connection attempt without static neighbours', () => {
  it.each(['10.0.1.2', 'fd00:1::2'])('to %s finds its way by ARP and neighbour discovery', (destination) => {
    const [result] = routed().probe([{ ...service, netns: 'client', destination, destinationPort: 8080 }])
    expect(result).toMatchObject({ verdict: 'delivered', reply: 'answer', from: { address: destination } })
  })

  it('ends where the next hop does not answer', () => {
    const [result] = routed().probe([{ ...service, netns: 'client', destination: '10.0.1.77' }])
    expect(result).toMatchObject({ verdict: 'dropped', reason: REASON_NEIGH_FAILED })
  })

  it('is refused by a router that has no route', () => {
    const [result] = routed().probe([{ ...service, netns: 'client', destination: '192.0.2.1' }])
    expect(result).toMatchObject({
      verdict: 'rejected',
      reason: REASON_IP_INNOROUTES,
      icmp: { type: 3, code: 0 },
      from: { address: '10.0.0.1' },
    })
  })
})

describe('a connection attempt through a service', () => {
  const nat = `nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 10.96.0.10/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.1.2:8080
-A OUTPUT -d 10.96.0.10/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.1.2:8080
-A POSTROUTING -d 10.0.1.2/32 -j MASQUERADE`

  it.each(['client', 'router'])(
    'from the %s: the backend sees the router, the client the service',
    (netns) => {
      const engine = routed()
      const route = { family: 'ipv4', type: 'unicast', destination: '10.96.0.0', prefixLength: 16 } as const
      engine.routeAdd('router', { ...route, dev: 'eth0' })
      engine.rulesetSet('router', rules(nat))
      const [result] = engine.probe([{ ...service, netns }])
      expect(result).toMatchObject({
        verdict: 'delivered',
        seen: { destination: '10.0.1.2', destinationPort: 8080, source: '10.0.1.1' },
        from: { address: '10.96.0.10', port: 80 },
      })
    },
  )

  it('can be followed rule by rule', () => {
    const engine = routed()
    engine.rulesetSet('router', rules(nat))
    engine.trace(true)
    engine.probe([{ ...service, netns: 'client' }])
    engine.trace(false)
    const steps = engine
      .takeTrace()
      .filter(({ netns, role }) => netns === 'router' && role === 'request')
      .map(({ kind, hook, chain, rule, destination }) => [kind, hook, chain, rule, destination].join(' '))
    expect(steps).toMatchInlineSnapshot(`
      [
        "received PREROUTING   10.96.0.10",
        "rule PREROUTING PREROUTING 0 10.96.0.10",
        "nat PREROUTING   10.0.1.2",
        "route    10.0.1.2",
        "rule POSTROUTING POSTROUTING 0 10.0.1.2",
        "nat POSTROUTING   10.0.1.2",
        "sent    10.0.1.2",
      ]
    `)
    expect(engine.takeTrace()).toEqual([])
  })
})
