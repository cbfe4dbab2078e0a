/**
 * A node under test between two hosts that own no address: hosts `h0`, `h1`, joined to the node's `eth0`, `eth1` by
 * veth pairs, static neighbours on the node. What the node sends is captured at the hosts' ends.
 */
import { Engine } from '../../../src/engine/engine.ts'
import type { Family } from '../../../src/kernel/ruleset.ts'
import { type Ip, type Segment, frame, ipPacket } from '../packet/build.ts'

export const MAC = {
  h0: '02:00:00:00:00:10',
  eth0: '02:00:00:00:00:01',
  h1: '02:00:00:00:01:10',
  eth1: '02:00:00:00:01:01',
} as const

export type Port = 0 | 1

export interface Sent {
  readonly port: Port
  readonly frame: Uint8Array
}

export class Node {
  readonly engine: Engine

  constructor({ seed = 1, forward = true } = {}) {
    const engine = Engine.create({ seed })
    this.engine = engine
    engine.netnsAdd('node')
    engine.linkSet('node', 'lo', { up: true })
    for (const port of [0, 1] as const) {
      engine.netnsAdd(`h${port}`)
      const common = { kind: 'veth', mtu: 1500, up: true } as const
      engine.linkPair('node', { ...common, name: `eth${port}`, address: MAC[`eth${port}`] }, `h${port}`, {
        ...common,
        name: 'peer',
        address: MAC[`h${port}`],
      })
      engine.sysctlSet(`h${port}`, 'net.ipv6.conf.all.disable_ipv6', 1)
      engine.capture(`h${port}`, 'peer', true)
      this.addAddress(port, `10.0.${port}.1`, 24)
      this.addAddress(port, `fd00:${port}::1`, 64)
      this.addNeighbour(port, `10.0.${port}.2`)
      this.addNeighbour(port, `fd00:${port}::2`)
    }
    engine.sysctlSet('node', 'net.ipv4.ip_forward', forward ? 1 : 0)
    engine.sysctlSet('node', 'net.ipv6.conf.all.forwarding', forward ? 1 : 0)
  }

  addAddress(port: Port, address: string, prefixLength: number): void {
    this.engine.addrAdd('node', { link: `eth${port}`, family: familyOf(address), address, prefixLength })
  }

  addNeighbour(port: Port, address: string): void {
    this.engine.neighAdd('node', {
      family: familyOf(address),
      address,
      dev: `eth${port}`,
      lladdr: MAC[`h${port}`],
    })
  }

  addRoute(text: string, rest: Partial<Parameters<Engine['routeAdd']>[1]>): void {
    const [destination, length] = text.split('/') as [string, string]
    const family = familyOf(destination)
    this.engine.routeAdd('node', {
      family,
      type: 'unicast',
      destination,
      prefixLength: Number(length),
      ...rest,
    })
  }

  /** Frames go in at a port, one by one; what comes out of both. */
  send(port: Port, ...frames: readonly Uint8Array[]): Sent[] {
    for (const bytes of frames) {
      this.engine.inject('node', `eth${port}`, bytes)
      this.engine.run()
    }
    return this.taken()
  }

  /** What has come out since the last look. */
  taken(): Sent[] {
    return this.engine
      .takeCaptured()
      .map(({ netns, frame: bytes }) => ({ port: netns === 'h0' ? 0 : 1, frame: bytes }))
  }
}

export const familyOf = (address: string): Family => (address.includes(':') ? 'ipv6' : 'ipv4')

/** A frame as a host sends it to the node's port. */
export function toNode(port: Port, ip: Ip, segment: Segment): Uint8Array {
  return frame({ source: MAC[`h${port}`], destination: MAC[`eth${port}`] }, ipPacket(ip, segment))
}

/** A frame as the node sends it to the host behind a port. */
export function fromNode(port: Port, ip: Ip, segment: Segment): Uint8Array {
  return frame({ source: MAC[`eth${port}`], destination: MAC[`h${port}`] }, ipPacket(ip, segment))
}

/** Frames as text, so that a failing comparison can be read. */
export function hex(sent: readonly Sent[]): string[] {
  return sent.map(({ port, frame: bytes }) => `${port}: ${Buffer.from(bytes).toString('hex')}`)
}
