import { describe, expect, it } from 'vitest'
import { NodePortAddresses } from '../../../src/proxy/node-port-addresses.ts'
import { localDetector } from '../../../src/proxy/local-detector.ts'
import {
  DEFAULT_KUBE_PROXY_CONFIG,
  KubeProxy,
  detectNodeIPs,
  isProxied,
} from '../../../src/proxy/proxy-server.ts'
import type { KubeProxyConfig } from '../../../src/proxy/proxy-server.ts'
import { VirtualClock } from '../../../src/sim/virtual-clock.ts'
import { FakeHost, NODE_IP, NODE_IP6 } from '../../support/proxy/host.ts'
import { node, slice, svc } from '../../support/proxy/objects.ts'

const P80 = [{ name: 'p80', port: 80, protocol: 'TCP' as const }]

function setUp(config: Partial<KubeProxyConfig> = {}, zone?: string) {
  const clock = new VirtualClock()
  const host = new FakeHost()
  const synced: string[] = []
  const proxy = new KubeProxy(
    clock,
    host,
    node('node-1', [NODE_IP, NODE_IP6], zone),
    { ...DEFAULT_KUBE_PROXY_CONFIG, ...config },
    { onSync: (family, { full }) => synced.push(`${family} ${full ? 'full' : 'partial'}`) },
  )
  const nat = (family: 'ipv4' | 'ipv6', chain: string) =>
    host.iptables[family].ruleset.tables.get('nat')!.chains.get(chain)!.rules
  return { clock, host, proxy, synced, nat }
}

describe('kube-proxy on a node', () => {
  it('runs both families, each with its part of a dual-stack service', () => {
    const { clock, proxy, synced, nat } = setUp()
    proxy.start()
    const { proxier } = proxy
    proxier.onServiceAdd(
      svc('ns/s', { clusterIP: '172.30.0.41', clusterIPs: ['172.30.0.41', 'fd00:eb5::41'], ports: P80 }),
    )
    proxier.onEndpointSliceAdd(slice('ns/s', ['10.180.0.1'], { suffix: 'v4' }))
    proxier.onEndpointSliceAdd(slice('ns/s', ['fd00:10::1'], { suffix: 'v6' }))
    proxier.onServiceSynced()
    proxier.onEndpointSlicesSynced()
    clock.runUntilIdle()
    expect(synced).toEqual(['ipv4 full', 'ipv6 full'])
    expect(nat('ipv4', 'KUBE-SERVICES')[0]!.header.destination?.value.address).toBe('172.30.0.41')
    expect(nat('ipv6', 'KUBE-SERVICES')[0]!.header.destination?.value.address).toBe('fd00:eb5::41')
    expect(nat('ipv6', 'KUBE-SERVICES')[1]!.header.destination).toEqual({
      value: { address: '::1', prefixLength: 128 },
      not: true,
    })
  })

  it('writes sysctls when it is made', () => {
    const { host } = setUp()
    expect(host.written.map((line) => line.split('=')[0])).toEqual([
      'net.netfilter.nf_conntrack_max',
      'net.netfilter.nf_conntrack_buckets',
      'net.netfilter.nf_conntrack_tcp_timeout_established',
      'net.netfilter.nf_conntrack_tcp_timeout_close_wait',
      'net.ipv4.conf.all.route_localnet',
    ])
  })

  it('keeps INVALID packets when the flag makes conntrack liberal', () => {
    const conntrack = { ...DEFAULT_KUBE_PROXY_CONFIG.conntrack, tcpBeLiberal: true }
    const { host, proxy } = setUp({ conntrack })
    proxy.start()
    proxy.proxier.onServiceSynced()
    proxy.proxier.onEndpointSlicesSynced()
    const forward = host.iptables.ipv4.ruleset.tables.get('filter')!.chains.get('KUBE-FORWARD')!
    expect(forward.rules.map(({ target }) => target?.kind)).toEqual(['ACCEPT', 'ACCEPT'])
  })

  it('syncs in full when the node changes its zone, and not for other changes of the node', () => {
    const { clock, proxy, synced } = setUp({}, 'zone-a')
    proxy.start()
    proxy.proxier.onServiceSynced()
    proxy.proxier.onEndpointSlicesSynced()
    clock.runUntilIdle()
    const before = synced.length
    proxy.onNodeChange(node('node-1', [NODE_IP], 'zone-a'))
    clock.advance(5000)
    expect(synced.slice(before)).toEqual([])
    proxy.onNodeChange(node('node-1', [NODE_IP], 'zone-b'))
    clock.advance(5000)
    expect(synced.slice(before)).toEqual(['ipv4 full', 'ipv6 full'])
  })

  it('serves node ports on its own addresses only when told `primary`', () => {
    const { proxy, nat } = setUp({ nodePortAddresses: ['primary'] })
    proxy.start()
    proxy.proxier.onServiceSynced()
    proxy.proxier.onEndpointSlicesSynced()
    for (const [family, address] of [
      ['ipv4', NODE_IP],
      ['ipv6', NODE_IP6],
    ] as const)
      expect(nat(family, 'KUBE-SERVICES').map(({ header }) => header.destination?.value.address)).toEqual([
        address,
      ])
  })
})

describe('what kube-proxy looks at', () => {
  it('are services without another proxy’s name that are not headless', () => {
    const service = svc('ns/s', { clusterIP: '172.30.0.41' })
    const labels = { 'service.kubernetes.io/service-proxy-name': 'other' }
    expect(isProxied(service)).toBe(true)
    expect(isProxied({ ...service, metadata: { ...service.metadata, labels } })).toBe(false)
    expect(isProxied(svc('ns/s', { clusterIP: 'None' }))).toBe(false)
  })

  it('are slices of services that are not headless', () => {
    const endpoints = slice('ns/s', [])
    const labels = { ...endpoints.metadata.labels, 'service.kubernetes.io/headless': '' }
    expect(isProxied(endpoints)).toBe(true)
    expect(isProxied({ ...endpoints, metadata: { ...endpoints.metadata, labels } })).toBe(false)
  })
})

describe('the addresses of a node', () => {
  it('are its first of each family, internal ones before external, loopback where there is none', () => {
    const { status, ...rest } = node('n', ['10.0.0.1', '10.0.0.2'])
    const external = { type: 'ExternalIP' as const, address: '1.1.1.1' }
    const external6 = { type: 'ExternalIP' as const, address: '2001:db8::9' }
    const addresses = [external, ...status!.addresses!, external6]
    expect(detectNodeIPs({ ...rest, status: { addresses } }, '0.0.0.0')).toEqual({
      ipv4: '10.0.0.1',
      ipv6: '2001:db8::9',
    })
    expect(detectNodeIPs(rest, '::')).toEqual({ ipv4: '127.0.0.1', ipv6: '::1' })
  })

  it('give way to --bind-address', () =>
    expect(detectNodeIPs(node('n', ['10.0.0.1']), '10.9.9.9').ipv4).toBe('10.9.9.9'))
})

describe('node port addresses', () => {
  const addresses = ['127.0.0.1', '192.168.0.2', '10.20.30.51', '::1', '2001:db8::1']
  it.each([
    ['ipv4', [], true, true],
    ['ipv4', ['2001:db8::/32'], true, true],
    ['ipv6', ['10.0.0.0/8'], true, false],
    ['ipv4', ['0.0.0.0/0', '10.0.0.0/8'], true, true],
    ['ipv4', ['127.0.0.0/8'], false, true],
    ['ipv4', ['127.0.0.1/32'], false, true],
    ['ipv4', ['126.0.0.0/7'], false, true],
    ['ipv4', ['192.168.0.0/24'], false, false],
    ['ipv6', ['::1/128'], false, false],
  ] as const)('%s %j: all %s, loopback %s', (family, list, matchAll, loopback) => {
    const chosen = new NodePortAddresses(family, list)
    expect([chosen.matchAll, chosen.containsIPv4Loopback]).toEqual([matchAll, loopback])
  })

  it('are the node’s own within the CIDRs, each once', () =>
    expect(
      new NodePortAddresses('ipv4', ['10.20.0.0/16', '192.168.0.0/16', '10.0.0.0/8'])
        .nodeIPs(addresses)
        .map(({ text }) => text),
    ).toEqual(['10.20.30.51', '192.168.0.2']))
})

describe('--detect-local-mode', () => {
  it('takes the first CIDR of the family', () => {
    const detect = {
      mode: 'ClusterCIDR',
      clusterCIDRs: ['fd00:10::/48', '10.1.2.3/8', '11.0.0.0/8'],
    } as const
    expect(localDetector(detect, 'ipv4', [])).toEqual({
      kind: 'cidr',
      source: { address: '10.0.0.0', prefixLength: 8 },
    })
    expect(localDetector({ ...detect, clusterCIDRs: ['10.0.0.0/8'] }, 'ipv6', [])).toEqual({ kind: 'none' })
  })

  it('takes the node’s own CIDR, or an interface', () => {
    expect(localDetector({ mode: 'NodeCIDR' }, 'ipv4', ['10.244.1.0/24'])).toEqual({
      kind: 'cidr',
      source: { address: '10.244.1.0', prefixLength: 24 },
    })
    const prefix = { mode: 'InterfaceNamePrefix', interfaceNamePrefix: 'cali' } as const
    expect(localDetector(prefix, 'ipv4', [])).toEqual({ kind: 'interface', inInterface: 'cali+' })
    const bridge = { mode: 'BridgeInterface', bridgeInterface: 'br0' } as const
    expect(localDetector(bridge, 'ipv6', [])).toEqual({ kind: 'interface', inInterface: 'br0' })
  })
})
