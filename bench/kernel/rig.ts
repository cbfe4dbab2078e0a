/**
 * The host kernel as a baseline: three namespaces in a row (left, node, right), frames blasted into the node from the
 * left, and the rate at which they come out on the right. Needs root and Linux; `kernelRig` gives undefined elsewhere.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { native } from '../native/build.ts'

const names = { left: 'podwire-bench-l', node: 'podwire-bench-n', right: 'podwire-bench-r' } as const

export interface KernelRig {
  /** MAC address of the node's interface towards the left: where frames must be addressed. */
  readonly mac: Uint8Array
  /** The same towards the right. */
  readonly rightMac: Uint8Array
  restore(rules: string): void
  /** Frames a second that leave the node while the left sends as fast as it can. */
  forwarded(frames: readonly Uint8Array[], seconds: number): number
  /** Sends frames from one side for a moment. */
  send(side: 'left' | 'right', frames: readonly Uint8Array[]): void
  close(): void
}

export const leftAddress = '10.0.0.2'
export const rightAddress = '10.0.1.2'

export function kernelRig(): KernelRig | undefined {
  const blast = process.getuid?.() === 0 && existsSync('/proc/net/netfilter') ? native('blast') : undefined
  if (blast === undefined || !available('ip', 'iptables-legacy-restore', 'ethtool')) return undefined
  close()
  build()
  return {
    mac: macOf('left'),
    rightMac: macOf('right'),
    send: (side, frames) => {
      execFileSync('ip', ['netns', 'exec', names[side], blast, 'node', '0.02'], { input: pack(frames) })
    },
    restore: (rules) => {
      execFileSync('ip', ['netns', 'exec', names.node, 'iptables-legacy-restore'], { input: rules })
    },
    forwarded: (frames, seconds) => {
      const before = received()
      execFileSync('ip', ['netns', 'exec', names.left, blast, 'node', String(seconds)], {
        input: pack(frames),
      })
      return (received() - before) / seconds
    },
    close,
  }
}

function build(): void {
  const { left, node, right } = names
  for (const name of [left, node, right]) ip('netns', 'add', name)
  ip('-n', left, 'link', 'add', 'node', 'type', 'veth', 'peer', 'name', 'left', 'netns', node)
  ip('-n', right, 'link', 'add', 'node', 'type', 'veth', 'peer', 'name', 'right', 'netns', node)
  for (const [name, link] of [
    [left, 'node'],
    [node, 'left'],
    [node, 'right'],
    [right, 'node'],
  ] as const) {
    ip('-n', name, 'link', 'set', link, 'up')
    ip('netns', 'exec', name, 'ethtool', '-K', link, 'tx', 'off', 'gro', 'off', 'gso', 'off', 'tso', 'off')
  }
  ip('-n', node, 'addr', 'add', '10.0.0.1/24', 'dev', 'left')
  ip('-n', node, 'addr', 'add', '10.0.1.1/24', 'dev', 'right')
  ip('-n', node, 'neigh', 'add', leftAddress, 'lladdr', '02:00:00:00:00:01', 'dev', 'left')
  ip('-n', node, 'neigh', 'add', rightAddress, 'lladdr', '02:00:00:00:00:02', 'dev', 'right')
  ip('netns', 'exec', node, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.all.rp_filter=0')
}

function macOf(link: string): Uint8Array {
  const path = `/sys/class/net/${link}/address`
  const text = execFileSync('ip', ['netns', 'exec', names.node, 'cat', path], { encoding: 'utf8' })
  return Uint8Array.from(text.trim().split(':'), (byte) => Number.parseInt(byte, 16))
}

function received(): number {
  const path = '/sys/class/net/node/statistics/rx_packets'
  return Number(execFileSync('ip', ['netns', 'exec', names.right, 'cat', path], { encoding: 'utf8' }))
}

function pack(frames: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(frames.reduce((sum, frame) => sum + 2 + frame.length, 0))
  let at = 0
  for (const frame of frames) {
    out[at] = frame.length & 0xff
    out[at + 1] = frame.length >> 8
    out.set(frame, at + 2)
    at += 2 + frame.length
  }
  return out
}

function close(): void {
  for (const name of Object.values(names)) {
    if (existsSync(`/var/run/netns/${name}`)) ip('netns', 'del', name)
  }
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

function available(...programs: readonly string[]): boolean {
  return programs.every((program) =>
    ['/sbin', '/usr/sbin', '/bin', '/usr/bin'].some((dir) => existsSync(`${dir}/${program}`)),
  )
}
