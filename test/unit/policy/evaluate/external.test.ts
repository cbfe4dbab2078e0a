import { describe, expect, it } from 'vitest'
import {
  formatConnections,
  type ExternalOptions,
  type PolicyObject,
} from '../../../../src/policy/evaluate/index.ts'
import { endpoint, evaluatorOf } from '../../../support/policy/ask.ts'
import { clusterPolicy, networkPolicy, node, pod } from '../../../support/policy/objects.ts'

const web = pod('x/web', { labels: { app: 'web' }, ips: ['10.0.0.5', 'fd00::5'], node: 'n1' })

function ranges(
  policies: readonly PolicyObject[],
  direction: 'egress' | 'ingress',
  family: 'ipv4' | 'ipv6',
  options: ExternalOptions = {},
): string[] {
  return evaluatorOf([web, ...policies])
    .external(endpoint('x/web'), direction, family, options)
    .map(({ from, to, connections }) => `${from}-${to} : ${formatConnections(connections)}`)
}

const allow = networkPolicy('x/out', {
  podSelector: {},
  policyTypes: ['Egress'],
  egress: [
    { to: [{ ipBlock: { cidr: '10.0.0.0/24', except: ['10.0.0.128/25'] } }], ports: [{ port: 80 }] },
    { to: [{ ipBlock: { cidr: '10.0.0.128/25' } }], ports: [{ port: 80 }] },
    { to: [{ ipBlock: { cidr: '::/0' } }], ports: [{ port: 53, protocol: 'UDP' }] },
  ],
})

describe('the world outside of the cluster', () => {
  it('is one range where nothing isolates the pod, but for the pod itself', () => {
    expect(ranges([], 'egress', 'ipv4')).toEqual([
      '0.0.0.0-10.0.0.4 : All Connections',
      '10.0.0.6-255.255.255.255 : All Connections',
    ])
    expect(ranges([], 'ingress', 'ipv4', { clusterAddresses: 'spanned' })).toEqual([
      '0.0.0.0-255.255.255.255 : All Connections',
    ])
  })

  it('joins neighbours that allow the same, and keeps the families apart', () => {
    expect(ranges([allow], 'egress', 'ipv4', { clusterAddresses: 'spanned' })).toEqual([
      '0.0.0.0-9.255.255.255 : No Connections',
      '10.0.0.0-10.0.0.255 : TCP 80',
      '10.0.1.0-255.255.255.255 : No Connections',
    ])
    expect(ranges([allow], 'egress', 'ipv6', { clusterAddresses: 'spanned' })).toEqual([
      '::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff : UDP 53',
    ])
  })

  it('has no addresses of nodes', () => {
    expect(ranges([node('n1', ['10.0.0.6'])], 'ingress', 'ipv4')).toEqual([
      '0.0.0.0-10.0.0.4 : All Connections',
      '10.0.0.7-255.255.255.255 : All Connections',
    ])
  })

  it('reaches the ends of the space, and tells what an administrator denies', () => {
    const deny = clusterPolicy('deny', {
      egress: [{ action: 'Deny', to: [{ networks: ['255.255.255.255/32', '0.0.0.0/8'] }] }],
    })
    expect(ranges([deny], 'egress', 'ipv4', { clusterAddresses: 'spanned' })).toEqual([
      '0.0.0.0-0.255.255.255 : No Connections',
      '1.0.0.0-255.255.255.254 : All Connections',
      '255.255.255.255-255.255.255.255 : No Connections',
    ])
  })

  it('gives up a range that is the cluster’s to its neighbours', () => {
    const own = networkPolicy('x/own', {
      podSelector: {},
      policyTypes: ['Egress'],
      egress: [{ to: [{ ipBlock: { cidr: '10.0.0.5/32' } }] }],
    })
    expect(ranges([own], 'egress', 'ipv4', { clusterAddresses: 'spanned' })).toEqual([
      '0.0.0.0-255.255.255.255 : No Connections',
    ])
  })
})
