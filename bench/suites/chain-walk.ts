/** A chain of KUBE-SERVICES-like rules, walked to its last rule: what the first packet of a connection pays. */
import { parseIptablesSave } from '../../src/kernel/iptables/index.ts'
import { WalkBench } from '../../test/support/netfilter/bench.ts'
import { NF_INET_FORWARD } from '../../src/abi/verdict.ts'
import { SKB_HEADER, SKB_L3, SKB_NETNS } from '../../src/abi/skb.ts'
import { kernelRig, rightAddress } from '../kernel/rig.ts'
import { native, numbers } from '../native/build.ts'
import { compare, type Baseline, type Figure } from '../support/figure.ts'
import { serviceAddress, serviceRules } from '../support/services.ts'
import { udpFrame } from '../support/frames.ts'
import { nanoseconds } from '../support/measure.ts'

const batch = 64

export function chainWalk(rules: number): Figure[] {
  const name = `chain-walk/${rules}`
  const engine = new WalkBench()
  engine.load(parseIptablesSave(serviceRules('FORWARD', rules), 'ipv4'))
  const table = engine.loader.tableAddress(engine.netns, 'ipv4', 'filter')
  const skb = packetFor(engine, serviceAddress(rules - 1))
  const { table_walk_batch, table_walk_plain_batch } = engine.exports
  const quick =
    nanoseconds(name, () => table_walk_batch(skb, batch, 0, NF_INET_FORWARD, table)) / batch / rules
  const plain =
    nanoseconds(name, () => table_walk_plain_batch(skb, batch, 0, NF_INET_FORWARD, table)) / batch / rules

  const program = native('walk')
  const c: Baseline | undefined =
    program === undefined ? undefined : { name: 'gcc -O3 SSE2', value: numbers(program, [rules])[0]! }
  return [
    compare(`${name}/simd`, quick, 'ns/rule', c, 1.5),
    compare(`${name}/simd-vs-scalar`, quick, 'ns/rule', { name: 'own scalar walk', value: plain }, 1 / 4),
    compare(`${name}/simd-vs-kernel`, quick, 'ns/rule', kernelWalk(rules), 1 / 10),
  ]
}

function packetFor(engine: WalkBench, destination: string): number {
  const { exports, netns } = engine
  const packet = udpFrame({ destination, destinationPort: 80 }).subarray(14)
  const skb = exports.arena_alloc(2048)
  const l3 = skb + SKB_HEADER
  new Uint8Array(exports.memory.buffer).set(packet, l3)
  const words = new Uint32Array(exports.memory.buffer)
  words[(skb + SKB_L3) / 4] = l3
  words[(skb + SKB_NETNS) / 4] = netns
  exports.packet_parse(skb, l3, packet.length)
  return skb
}

/** ns a rule in the host kernel: how much longer a forwarded packet takes with the rules than without. */
function kernelWalk(rules: number): Baseline | undefined {
  const rig = kernelRig()
  if (rig === undefined) return undefined
  try {
    const frames = [udpFrame({ destination: rightAddress, destinationPort: 80, mac: rig.mac })]
    const without = rig.forwarded(frames, 1)
    rig.restore(serviceRules('FORWARD', rules))
    const withRules = rig.forwarded(frames, 2)
    return { name: 'kernel iptables-legacy', value: (1e9 / withRules - 1e9 / without) / rules }
  } finally {
    rig.close()
  }
}
