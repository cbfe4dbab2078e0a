/**
 * A cluster's rendered script in the kernel and in the engine: first packets are sent out of the interfaces of pods and
 * of the outside host, and everything that arrives anywhere is compared, the wires between the nodes included. Nothing
 * listens there (a script has no sockets), so a pod that is reached answers with a reset or an ICMP error, and the
 * answer finds its way back through the translations.
 */
import { Cluster, type ClusterOptions, type ManifestInput } from '../../../src/index.ts'
import { fragments, frame, icmp, ipPacket, tcp, udp, type Ip } from '../../support/packet/build.ts'
import type { CaseFrame, KernelCase, Outcome, Port } from '../harness/case.ts'
import { compareOutcomes, type Comparison } from '../harness/compare.ts'
import { engineOutcome } from '../harness/engine.ts'
import type { Kernel } from '../harness/kernel.ts'
import type { MaskCounts } from '../harness/masks.ts'
import { waysOf, withoutRandomPorts } from '../harness/random-ports.ts'

export interface FirstPacket {
  /** A namespace of the script. */
  readonly from: string
  readonly to: string
  readonly protocol?: 'tcp' | 'udp' | 'icmp'
  readonly port?: number
  readonly sourcePort?: number
  /** Sends with this address instead of its own. */
  readonly source?: string
  /** A datagram in three fragments. */
  readonly fragmented?: boolean
}

export interface Rendered {
  readonly cluster: Cluster
  readonly script: string
  /** Namespaces of pods and of the outside host. */
  readonly hosts: readonly string[]
  readonly nodes: readonly string[]
}

export interface RenderOptions extends Pick<ClusterOptions, 'policy'> {
  /** Only what is on it. */
  readonly node?: string
  readonly nodes?: number
}

/** So many seeds are tried until the engine's dice fall as the kernel's did. */
const SEEDS = 1000

export async function renderCluster(
  manifests: ManifestInput & readonly unknown[],
  { node, nodes = 2, policy = {} }: RenderOptions = {},
): Promise<Rendered> {
  const cluster = await Cluster.create({ nodes, policy })
  await cluster.apply(manifests)
  const { settled } = await cluster.settle()
  if (!settled) throw new Error('the cluster does not settle')
  const script = cluster.render({ as: 'script', ...(node === undefined ? {} : { node }) })
  const namespaces = [...script.matchAll(/^ip netns add (\S+)$/gm)].map(([, name]) => name!)
  const isNode = (name: string): boolean => /^node-\d+$/.test(name)
  return {
    cluster,
    script,
    nodes: namespaces.filter(isNode),
    hosts: namespaces.filter((name) => !isNode(name) && name !== 'fabric'),
  }
}

/** The same, but that hosts answer nothing: then the flows stay in conntrack as their first packets left them. */
export function silent(rendered: Rendered): Rendered {
  const rules = rendered.hosts.flatMap((host) =>
    ['iptables', 'ip6tables'].map((tool) => `ip netns exec ${host} ${tool} -A OUTPUT -j DROP`),
  )
  return { ...rendered, script: [rendered.script, ...rules].join('\n') }
}

/** The namespace of the first pod whose name begins so, by name. */
export function pod({ hosts }: Rendered, prefix: string): string {
  const found = hosts.filter((name) => name.startsWith(`default_${prefix}`)).sort()[0]
  if (found === undefined) throw new Error(`no pod ${prefix} in the script`)
  return found
}

export async function compareRendered(
  kernel: Kernel,
  rendered: Rendered,
  packets: readonly FirstPacket[],
  { wires = true }: { /** Frames between the nodes are compared, too. */ readonly wires?: boolean } = {},
): Promise<Comparison> {
  const { script, nodes, hosts } = rendered
  const frames = packets.flatMap((packet, index) => framesOf(script, packet, 40_000 + index))
  const watch = [
    ...[...hosts, ...(wires ? nodes : [])].map((netns): Port => ({ netns, link: 'eth0' })),
    ...(wires ? nodes : []).map((link): Port => ({ netns: 'fabric', link })),
  ]
  const kase: KernelCase = { script, frames, watch }
  const look = nodes.flatMap((node) =>
    [
      'iptables-save -c',
      'ip6tables-save -c',
      'conntrack -L',
      'conntrack -L -f ipv6',
      ...(script.includes(' ipset create ') ? ['ipset save'] : []),
    ].map((command) => `ip netns exec ${node} ${command}`),
  )
  const masks: MaskCounts = new Map()
  const theirs = withoutRandomPorts(await kernel.outcome(kase, look), frames, masks)
  const ways = waysOf(theirs, frames)
  const engineWith = (seed: number): Outcome =>
    withoutRandomPorts(engineOutcome(kase, look, seed), frames, new Map())
  let ours = engineWith(1)
  for (let seed = 2; waysOf(ours, frames) !== ways && seed <= SEEDS; seed++) ours = engineWith(seed)
  return compareOutcomes(kase, theirs, ours, masks)
}

function framesOf(script: string, packet: FirstPacket, nextPort: number): CaseFrame[] {
  const { from, to, protocol = 'tcp', port = 80, sourcePort = nextPort, fragmented = false } = packet
  const isV6 = to.includes(':')
  const own = wordAfter(script, `ip -n ${from} addr add `, (word) => word.includes(':') === isV6)
  const destination = wordAfter(script, `ip -n ${from} neigh add \\S+ lladdr `)
  const source = wordAfter(script, `ip -n ${from} link set eth0 address `)
  if (own === undefined || destination === undefined || source === undefined)
    throw new Error(`${from} has no interface in the script`)
  const ip: Ip = {
    source: packet.source ?? own.split('/')[0]!,
    destination: to,
    ttl: 64,
    dontFragment: protocol === 'tcp',
    id: nextPort,
    flowLabel: nextPort,
  }
  const ports = { sourcePort, destinationPort: port }
  const payload = Uint8Array.from({ length: fragmented ? 40 : 4 }, (_, index) => index + 1)
  const segment = {
    tcp: () => tcp(ip, { ...ports, flags: 'S', seq: 1000 + nextPort }),
    udp: () => udp(ip, { ...ports, payload }),
    icmp: () => icmp(ip, { type: isV6 ? 128 : 8, word: (sourcePort << 16) | 1 }),
  }[protocol]()
  const packets = fragmented ? fragments(ip, segment, [8, 24]) : [ipPacket(ip, segment)]
  return packets.map((each) => ({
    port: { netns: from, link: 'eth0' },
    bytes: frame({ source, destination }, each),
  }))
}

/** The first word behind a text at the beginning of a line, `wanted` permitting. */
function wordAfter(
  script: string,
  text: string,
  wanted: (word: string) => boolean = () => true,
): string | undefined {
  const words = [...script.matchAll(new RegExp(`^${text}(\\S+)`, 'gm'))].map(([, word]) => word!)
  return words.find(wanted)
}
