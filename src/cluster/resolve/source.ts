/** WHO sends: a namespace and the addresses it may send from. */
import type { Pod } from '../../apiserver/types/index.ts'
import { Problem } from '../../kernel/problem.ts'
import type { Family } from '../../kernel/ruleset.ts'
import type { Reference } from '../reference.ts'
import { OUTSIDE, podNetns } from '../topology/pieces.ts'
import { clusterRangeOf, familyOf } from '../topology/plan.ts'
import { nodeAddresses, podAddresses, type ClusterView } from '../view.ts'
import { findNode, findPod, podWith } from './find.ts'

export interface Source {
  readonly netns: string
  /** What people call it: `default/web-0`, `node-1`, an address. */
  readonly label: string
  readonly addresses: readonly string[]
  readonly kind: 'pod' | 'node' | 'outside'
  /** Where one was asked for: the addresses are of no other. */
  readonly family?: Family
  /** The address to send from, where it was named; else the route chooses. */
  readonly address?: string
  /** The pod, of the host's network or not; absent where none was meant. */
  readonly pod?: { readonly namespace: string; readonly name: string }
  /** Where it runs, or which one it is; absent for what is outside. */
  readonly node?: string
}

export function resolveSource(view: ClusterView, who: Reference, field: string): Source {
  switch (who.kind) {
    case 'address':
      return sourceOfAddress(view, who.address, field)
    case 'node': {
      const node = findNode(view, who.name, field)
      return {
        netns: node.metadata.name,
        label: who.name,
        addresses: nodeAddresses(node),
        kind: 'node',
        node: node.metadata.name,
      }
    }
    case 'service':
      throw new Problem(`a Service sends nothing: name a pod, a node or an address`, { field })
    default:
      return sourceOfPod(findPod(view, who, field))
  }
}

/** The source as if it had no other addresses: then whatever it asks for is found in this family, too. */
export function ofFamily(source: Source, family: Family, field: string): Source {
  const addresses = source.addresses.filter((address) => familyOf(address) === family)
  if (addresses.length > 0) return { ...source, family, addresses }
  if (source.address !== undefined) throw otherFamily(source.address)
  throw new Problem(`${source.label} has no ${nameOf(family)} address (${source.addresses.join(', ')})`, {
    field,
  })
}

/** An address was named that has not the family that was asked for. */
export function otherFamily(address: string): Problem {
  return new Problem(`${address} is ${nameOf(familyOf(address))}`, { field: 'family' })
}

export function nameOf(family: Family): 'IPv4' | 'IPv6' {
  return family === 'ipv4' ? 'IPv4' : 'IPv6'
}

function sourceOfAddress(view: ClusterView, address: string, field: string): Source {
  const pod = podWith(view, address)
  if (pod !== undefined) return sourceOfPod(pod)
  const node = view.nodes().find((candidate) => nodeAddresses(candidate).includes(address))
  if (node !== undefined) {
    return {
      netns: node.metadata.name,
      label: node.metadata.name,
      addresses: [address],
      kind: 'node',
      address,
      node: node.metadata.name,
    }
  }
  const range = clusterRangeOf(address)
  if (range !== undefined) {
    throw new Problem(
      `nobody can send from ${address}: ${range} belongs to the cluster, and no pod or node has this address`,
      { field },
    )
  }
  return { netns: OUTSIDE, label: address, addresses: [address], kind: 'outside', address }
}

function sourceOfPod(pod: Pod): Source {
  const { namespace = '', name } = pod.metadata
  const host = pod.spec.hostNetwork === true
  return {
    netns: host ? (pod.spec.nodeName ?? '') : podNetns(namespace, name),
    label: `${namespace}/${name}`,
    addresses: podAddresses(pod.status),
    kind: host ? 'node' : 'pod',
    pod: { namespace, name },
    ...(pod.spec.nodeName === undefined ? {} : { node: pod.spec.nodeName }),
  }
}
