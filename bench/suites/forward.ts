/**
 * The whole walk of established, DNATed TCP flows through a node that carries kube-proxy's rules for 1,000 services:
 * PREROUTING, routing, FORWARD with its filter rules, POSTROUTING, out of the other interface. The same rules and the
 * same frames in the engine and in the host's kernel.
 */
import { Engine } from '../../src/engine/engine.ts'
import { printIptablesSave } from '../../src/kernel/iptables/index.ts'
import { slice, svc } from '../../test/support/proxy/objects.ts'
import { FakeHost, ProxierHarness } from '../../test/support/proxy/host.ts'
import { kernelRig, leftAddress, rightAddress } from '../kernel/rig.ts'
import { compare, type Baseline, type Figure } from '../support/figure.ts'
import { tcpFrame } from '../support/frames.ts'
import { nanoseconds } from '../support/measure.ts'
import { serviceAddress } from '../support/services.ts'

const services = 1000
const flows = 64
const backendPort = 8080

export function forward(): Figure[] {
  const proxier = proxierFor(services)
  const engine = engineRate(proxier)
  const name = `forward/established/${services}`
  return [
    compare(`${name}/packets`, engine, 'packets/s', { name: 'goal', value: 5e6 }, 1, 'higher'),
    compare(`${name}/vs-kernel`, engine, 'packets/s', kernelRate(proxier), 10, 'higher'),
  ]
}

function proxierFor(count: number): ProxierHarness {
  const proxier = new ProxierHarness({ host: new FakeHost({ nfacct: false }) })
  for (let i = 0; i < count; i++) {
    const name = `ns/svc-${i}`
    proxier.put(
      svc(name, { clusterIP: serviceAddress(i), ports: [{ name: 'p80', port: 80, protocol: 'TCP' }] }),
      slice(name, [rightAddress], { ports: [{ name: 'p80', port: backendPort, protocol: 'TCP' }] }),
    )
  }
  return proxier.listed()
}

interface Exchange {
  readonly fromLeft: readonly Uint8Array[]
  readonly fromRight: readonly Uint8Array[]
}

/** Frames of all flows: SYN, SYN-ACK, ACK. The last is the one that is sent over and over. */
function handshakes(mac: Uint8Array, rightMac: Uint8Array): readonly [Exchange, Exchange] {
  const all = Array.from({ length: flows }, (_, i) => {
    const client = {
      destination: serviceAddress((i * 37) % services),
      sourcePort: 40_000 + i,
      destinationPort: 80,
      mac,
    }
    const server = {
      source: rightAddress,
      destination: leftAddress,
      sourcePort: backendPort,
      destinationPort: 40_000 + i,
      mac: rightMac,
    }
    return {
      syn: tcpFrame({ ...client, flags: 'S', seq: 1000 }),
      synAck: tcpFrame({ ...server, flags: 'SA', seq: 5000, ack: 1001 }),
      ack: tcpFrame({ ...client, flags: 'A', seq: 1001, ack: 5001 }),
    }
  })
  return [
    { fromLeft: all.map(({ syn }) => syn), fromRight: all.map(({ synAck }) => synAck) },
    { fromLeft: all.map(({ ack }) => ack), fromRight: [] },
  ]
}

function engineRate(proxier: ProxierHarness): number {
  const engine = Engine.create({ seed: 1 })
  engine.advanceTo(1_700_000_000_000)
  for (const name of ['left', 'node', 'right']) engine.netnsAdd(name)
  const link = { kind: 'veth', mtu: 1500, up: true } as const
  for (const [side, digit] of [
    ['left', 1],
    ['right', 2],
  ] as const) {
    // Frames are sent to another address than the far end has, as in the kernel's rig: it counts them and looks no
    // further.
    engine.linkPair(side, { ...link, name: 'node', address: `02:00:00:00:02:0${digit}` }, 'node', {
      ...link,
      name: side,
      address: `02:00:00:00:01:0${digit}`,
    })
    engine.addrAdd('node', { link: side, family: 'ipv4', address: `10.0.${digit - 1}.1`, prefixLength: 24 })
    engine.neighAdd('node', {
      family: 'ipv4',
      address: side === 'left' ? leftAddress : rightAddress,
      dev: side,
      lladdr: `02:00:00:00:00:0${digit}`,
    })
  }
  engine.sysctlSet('node', 'net.ipv4.ip_forward', 1)
  engine.rulesetSet('node', proxier.host.iptables.ipv4.ruleset)

  const [open, established] = handshakes(Uint8Array.of(2, 0, 0, 0, 1, 1), Uint8Array.of(2, 0, 0, 0, 1, 2))
  engine.capture('right', 'node', true)
  for (const frame of open.fromLeft) engine.inject('node', 'left', frame)
  engine.run()
  if (engine.takeCaptured().length !== flows) throw new Error('the connections were not forwarded')
  engine.capture('right', 'node', false)
  for (const frame of open.fromRight) engine.inject('node', 'right', frame)
  engine.run()

  const { exports } = engine.instance
  const frames = established.fromLeft
  const bytes = frames[0]!.length
  const block = engine.instance.alloc(flows * 64)
  for (const [i, frame] of frames.entries()) engine.instance.bytes.set(frame, block + i * 64)
  const into = engine.netns('node').links.address('left')
  const batch = () => {
    exports.frames_inject(block, 64, bytes, flows, into)
    exports.engine_run(1 << 20)
  }
  const ns = nanoseconds('forward', batch)
  engine.capture('right', 'node', true)
  batch()
  const out = engine.takeCaptured().length
  if (out !== flows) throw new Error(`${out} of ${flows} packets were forwarded`)
  return (flows / ns) * 1e9
}

function kernelRate(proxier: ProxierHarness): Baseline | undefined {
  const rig = kernelRig()
  if (rig === undefined) return undefined
  try {
    rig.restore(printIptablesSave(proxier.host.iptables.ipv4.ruleset))
    const [open, established] = handshakes(rig.mac, rig.rightMac)
    rig.send('left', open.fromLeft)
    rig.send('right', open.fromRight)
    return { name: 'kernel, veth to veth', value: rig.forwarded(established.fromLeft, 2) }
  } finally {
    rig.close()
  }
}
