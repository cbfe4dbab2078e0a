/**
 * Clusters with many pods and policies. A policy of five kinds in turn, all of one namespace: default deny, from pods by
 * label on a named port, from a namespace on numbers and ranges, out to DNS, out to everywhere but some networks.
 */
import type { NetworkPolicy, NetworkPolicySpec, Pod } from '../../src/apiserver/index.ts'

export const APPS = 50

export function namespaceName(index: number): string {
  return `team-${index}`
}

export function policySpec(index: number): NetworkPolicySpec {
  const app = `app-${index % APPS}`
  const podSelector = { matchLabels: { app } }
  const kinds: readonly NetworkPolicySpec[] = [
    { podSelector: {}, policyTypes: ['Ingress'], ingress: [] },
    {
      podSelector,
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [{ podSelector: { matchLabels: { app: `app-${(index + 7) % APPS}` } } }],
          ports: [{ protocol: 'TCP', port: 'http' }],
        },
      ],
    },
    {
      podSelector,
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [
            {
              namespaceSelector: {
                matchLabels: { 'kubernetes.io/metadata.name': namespaceName(index % 10) },
              },
            },
          ],
          ports: [
            { protocol: 'TCP', port: 80 },
            { protocol: 'TCP', port: 8000, endPort: 8100 },
          ],
        },
      ],
    },
    {
      podSelector,
      policyTypes: ['Egress'],
      egress: [
        { to: [{ namespaceSelector: {} }], ports: [{ protocol: 'UDP', port: 53 }] },
        { to: [{ podSelector: {} }] },
      ],
    },
    {
      podSelector,
      policyTypes: ['Egress'],
      egress: [
        { to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8', `172.16.${index % 256}.0/24`] } }] },
      ],
    },
  ]
  return kinds[index % kinds.length]!
}

export function newPolicy(
  namespace: string,
  index: number,
): Pick<NetworkPolicy, 'spec'> & {
  readonly metadata: { readonly name: string; readonly namespace: string }
} {
  return { metadata: { name: `policy-${index}`, namespace }, spec: policySpec(index) }
}

export interface PlacedPod {
  readonly name: string
  readonly namespace: string
  readonly node: string
  readonly app: string
  /** Its number, from which its addresses follow. */
  readonly number: number
}

export function podStatus(number: number): NonNullable<Pod['status']> {
  const ip = `10.${128 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`
  const ip6 = `fd00:10::${(number >> 16).toString(16)}:${(number & 0xffff).toString(16)}`
  return { phase: 'Running', podIP: ip, podIPs: [{ ip }, { ip: ip6 }] }
}
