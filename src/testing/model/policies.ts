/** What happens to policies. */
import {
  clusternetworkpolicies,
  networkpolicies,
  type ClusterNetworkPolicy,
  type NetworkPolicySpec,
} from '../../apiserver/index.ts'
import type { Manifest } from '../arbitraries/manifest.ts'
import { always, Change, freshName, made, pathOf, pick, remove, type PolicyCommand } from './change.ts'

export function newPolicy(namespace: string, spec: NetworkPolicySpec): PolicyCommand {
  return new Change('a new NetworkPolicy', always, async (model, cluster) => {
    const policy = made(model, namespace)
    await cluster.apply({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: policy,
      spec,
    })
    model.networkPolicies.push(policy)
    return `${pathOf(policy)} ${JSON.stringify(spec)}`
  })
}

export function policyRewritten(which: number, spec: NetworkPolicySpec): PolicyCommand {
  return new Change(
    'another spec of NetworkPolicy',
    ({ networkPolicies }) => networkPolicies.length > 0,
    (model, { client }) => {
      const { namespace, name } = pick(model.networkPolicies, which)
      client.update(networkpolicies, { metadata: { namespace, name }, spec })
      return `${namespace}/${name} ${JSON.stringify(spec)}`
    },
  )
}

export function policyDeleted(which: number): PolicyCommand {
  return new Change(
    'deletes NetworkPolicy',
    ({ networkPolicies }) => networkPolicies.length > 0,
    (model, { client }) => {
      const policy = pick(model.networkPolicies, which)
      client.delete(networkpolicies, policy)
      remove(model.networkPolicies, policy)
      return pathOf(policy)
    },
  )
}

export function newClusterPolicy({ spec, ...rest }: Manifest<ClusterNetworkPolicy>): PolicyCommand {
  return new Change('a new ClusterNetworkPolicy', always, async (model, cluster) => {
    const name = freshName(model)
    // Every one has its own priority: what equal ones mean is undefined.
    const priority = (spec.priority + 7 * model.made) % 1001
    await cluster.apply({ ...rest, metadata: { name }, spec: { ...spec, priority } })
    model.clusterNetworkPolicies.push(name)
    return `${name} ${JSON.stringify(spec)}`
  })
}

export function clusterPolicyDeleted(which: number): PolicyCommand {
  return new Change(
    'deletes ClusterNetworkPolicy',
    (model) => model.clusterNetworkPolicies.length > 0,
    (model, { client }) => {
      const name = pick(model.clusterNetworkPolicies, which)
      client.delete(clusternetworkpolicies, { name })
      remove(model.clusterNetworkPolicies, name)
      return name
    },
  )
}
