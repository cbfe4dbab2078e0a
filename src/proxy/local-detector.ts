/**
 * How a node tells traffic of its own pods from other traffic (pkg/proxy/util: LocalTrafficDetector;
 * `--detect-local-mode`). An interface never matches what the node itself sends: in OUTPUT there is no input device.
 */
import type { Family, Network } from '../kernel/ruleset.ts'
import { cidrsOfFamily } from './ip.ts'

export type LocalDetector =
  | { readonly kind: 'none' }
  | { readonly kind: 'cidr'; readonly source: Network }
  /** A trailing `+` matches by prefix. */
  | { readonly kind: 'interface'; readonly inInterface: string }

export type DetectLocal =
  /** Several CIDRs may be given; the first of each family counts. */
  | { readonly mode: 'ClusterCIDR'; readonly clusterCIDRs: readonly string[] }
  | { readonly mode: 'NodeCIDR' }
  | { readonly mode: 'BridgeInterface'; readonly bridgeInterface: string }
  | { readonly mode: 'InterfaceNamePrefix'; readonly interfaceNamePrefix: string }

/** `podCIDRs` is the node's `spec.podCIDRs`, used by mode NodeCIDR (cmd/kube-proxy/app: getLocalDetectors). */
export function localDetector(
  detect: DetectLocal,
  family: Family,
  podCIDRs: readonly string[],
): LocalDetector {
  switch (detect.mode) {
    case 'ClusterCIDR':
      return byCidr(family, detect.clusterCIDRs)
    case 'NodeCIDR':
      return byCidr(family, podCIDRs)
    case 'BridgeInterface':
      return { kind: 'interface', inInterface: detect.bridgeInterface }
    case 'InterfaceNamePrefix':
      return { kind: 'interface', inInterface: `${detect.interfaceNamePrefix}+` }
  }
}

function byCidr(family: Family, list: readonly string[]): LocalDetector {
  const [first] = cidrsOfFamily(family, list)
  return first === undefined ? { kind: 'none' } : { kind: 'cidr', source: first.network }
}
