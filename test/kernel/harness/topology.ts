/**
 * The house topology: one node between two hosts that own no address, so that only the node acts. The node's
 * neighbours are static. Frames of a flow are sent from both hosts.
 *
 *   a/eth0 ──────── node/eth0   10.0.1.1/24 fd00:1::1/64
 *   b/eth0 ──────── node/eth1   10.0.2.1/24 fd00:2::1/64
 */
import type { Port } from './case.ts'

export const HOST_A: Port = { netns: 'a', link: 'eth0' }
export const HOST_B: Port = { netns: 'b', link: 'eth0' }
export const MAC = {
  a: '02:00:00:00:00:0a',
  b: '02:00:00:00:00:0b',
  nodeA: '02:00:00:00:01:0a',
  nodeB: '02:00:00:00:01:0b',
} as const
export const NODE_V4 = ['10.0.1.1', '10.0.2.1'] as const
export const NODE_V6 = ['fd00:1::1', 'fd00:2::1'] as const
/** Addresses behind each host, all of which the node finds by its neighbour table. */
export const HOSTS_A = { ipv4: ['10.0.1.2', '10.0.1.3'], ipv6: ['fd00:1::2', 'fd00:1::3'] } as const
export const HOSTS_B = { ipv4: ['10.0.2.2', '10.0.2.3'], ipv6: ['fd00:2::2', 'fd00:2::3'] } as const

/**
 * Duplicate address detection, router solicitations and automatic addresses are off, so nothing speaks unasked; the
 * limits on ICMP errors are off, because they depend on real time.
 */
const QUIET = [
  'net.ipv6.conf.all.accept_dad=0',
  'net.ipv6.conf.default.accept_dad=0',
  'net.ipv6.conf.default.router_solicitations=0',
  'net.ipv6.conf.default.addr_gen_mode=1',
]
const NODE_SYSCTLS = [
  ...QUIET,
  'net.ipv4.ip_forward=1',
  'net.ipv6.conf.all.forwarding=1',
  'net.ipv4.icmp_ratemask=0',
  'net.ipv4.icmp_msgs_per_sec=1000000',
  'net.ipv6.icmp.ratelimit=0',
]

export const TOPOLOGY = [
  'ip netns add node',
  'ip netns add a',
  'ip netns add b',
  ...QUIET.flatMap((setting) => ['a', 'b'].map((host) => sysctl(host, setting))),
  ...['a', 'b'].map((host) => sysctl(host, 'net.ipv6.conf.all.disable_ipv6=1')),
  ...NODE_SYSCTLS.map((setting) => sysctl('node', setting)),
  `ip -n node link add eth0 address ${MAC.nodeA} type veth peer name eth0 address ${MAC.a} netns a`,
  `ip -n node link add eth1 address ${MAC.nodeB} type veth peer name eth0 address ${MAC.b} netns b`,
  'ip -n node link set lo up',
  'ip -n node link set eth0 up',
  'ip -n node link set eth1 up',
  'ip -n a link set eth0 up',
  'ip -n b link set eth0 up',
  'ip -n node addr add 10.0.1.1/24 brd + dev eth0',
  'ip -n node addr add 10.0.2.1/24 brd + dev eth1',
  'ip -n node addr add fd00:1::1/64 dev eth0 nodad',
  'ip -n node addr add fd00:2::1/64 dev eth1 nodad',
  ...neighbours(HOSTS_A, MAC.a, 'eth0'),
  ...neighbours(HOSTS_B, MAC.b, 'eth1'),
].join('\n')

function sysctl(netns: string, setting: string): string {
  return `ip netns exec ${netns} sysctl -q -w ${setting}`
}

function neighbours(hosts: typeof HOSTS_A | typeof HOSTS_B, lladdr: string, dev: string): string[] {
  return [...hosts.ipv4, ...hosts.ipv6].map(
    (address) => `ip -n node neigh add ${address} lladdr ${lladdr} dev ${dev}`,
  )
}
