import type { CaseFrame, KernelCase } from '../harness/case.ts'
import { TOPOLOGY } from '../harness/topology.ts'

export interface NamedCase {
  readonly name: string
  readonly kase: KernelCase
}

/** A case on the house topology. `commands` run in the namespace `node`, one a line. */
export function onNode(name: string, commands: string, frames: readonly CaseFrame[], files = {}): NamedCase {
  const script = commands
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => (line.startsWith('ip -n ') || line.startsWith('#') ? line : `ip netns exec node ${line}`))
  return { name, kase: { script: [TOPOLOGY, ...script].join('\n'), frames, files } }
}

export const A4 = '10.0.1.2'
export const B4 = '10.0.2.2'
export const A6 = 'fd00:1::2'
export const B6 = 'fd00:2::2'
export const VIP4 = '10.96.0.1'
export const VIP6 = 'fd00:96::1'
