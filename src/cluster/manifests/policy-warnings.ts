/** Policies that are written correctly and mean nothing: about no pod, or about a port that no pod has by that name. */
import {
  compileLabelSelector,
  formatLabelSelector,
  type ClusterNetworkPolicy,
  type LabelSelector,
  type NetworkPolicy,
  type Pod,
} from '../../apiserver/index.ts'
import type { ClusterView } from '../view.ts'
import type { PlaceOf, Warning } from './kinds.ts'

type Place = NonNullable<ReturnType<PlaceOf>>

export function policyWarnings(view: ClusterView, placeOf: PlaceOf): Warning[] {
  return [
    ...view.networkPolicies().flatMap((policy) => {
      const { namespace, name } = policy.metadata
      const place = placeOf('NetworkPolicy', namespace, name)
      return place === undefined ? [] : networkPolicyWarnings(view, policy, place)
    }),
    ...view.clusterNetworkPolicies().flatMap((policy) => {
      const place = placeOf('ClusterNetworkPolicy', undefined, policy.metadata.name)
      return place === undefined ? [] : clusterPolicyWarnings(view, policy, place)
    }),
  ]
}

function networkPolicyWarnings(
  view: ClusterView,
  { metadata, spec }: NetworkPolicy,
  place: Place,
): Warning[] {
  const who = `NetworkPolicy ${metadata.name}`
  const { podSelector = {}, ingress = [], egress = [] } = spec
  const matches = compileLabelSelector(podSelector)
  const selected = view
    .pods()
    .filter((pod) => pod.metadata.namespace === metadata.namespace && matches(pod.metadata.labels))
  const ports = [...named(ingress, 'ingress'), ...named(egress, 'egress')].flatMap(
    ({ port, protocol, field }) =>
      view.pods().some((pod) => hasPort(pod, port, protocol))
        ? []
        : [
            {
              message: `no pod has a ${protocol} port named ${port}, which ${who} names`,
              place: place(field),
            },
          ],
  )
  return [...subjectWarnings(selectorOf(who, podSelector), selected, place('spec.podSelector')), ...ports]
}

function named(rules: NonNullable<NetworkPolicy['spec']['ingress' | 'egress']>, direction: string) {
  return rules.flatMap(({ ports = [] }, index) =>
    ports.flatMap(({ port, protocol = 'TCP' }, number) =>
      typeof port === 'string'
        ? [{ port, protocol, field: `spec.${direction}[${index}].ports[${number}].port` }]
        : [],
    ),
  )
}

function clusterPolicyWarnings(view: ClusterView, policy: ClusterNetworkPolicy, place: Place): Warning[] {
  const who = `ClusterNetworkPolicy ${policy.metadata.name}`
  const { subject, ingress = [], egress = [] } = policy.spec
  const inNamespace = compileLabelSelector(subject.namespaces ?? subject.pods?.namespaceSelector)
  const matches = compileLabelSelector(subject.namespaces === undefined ? subject.pods?.podSelector : {})
  const spaces = new Set(
    view
      .namespaces()
      .filter(({ metadata }) => inNamespace(metadata.labels))
      .map(({ metadata }) => metadata.name),
  )
  const selected = view
    .pods()
    .filter(({ metadata }) => spaces.has(metadata.namespace ?? '') && matches(metadata.labels))
  const ports = Object.entries({ ingress, egress }).flatMap(([direction, rules]) =>
    rules.flatMap(({ protocols = [] }, index) =>
      protocols.flatMap(({ destinationNamedPort: port }, number): Warning[] =>
        port === undefined || view.pods().some((pod) => hasPort(pod, port))
          ? []
          : [
              {
                message: `no pod has a port named ${port}, which ${who} names`,
                place: place(`spec.${direction}[${index}].protocols[${number}].destinationNamedPort`),
              },
            ],
      ),
    ),
  )
  return [...subjectWarnings(`the subject of ${who}`, selected, place('spec.subject')), ...ports]
}

function selectorOf(who: string, selector: LabelSelector): string {
  const written = formatLabelSelector(selector)
  return `the selector of ${who}${written === '' ? '' : ` (${written})`}`
}

function subjectWarnings(what: string, selected: readonly Pod[], place: Warning['place']): Warning[] {
  if (selected.length === 0) return [{ message: `${what} matches no pod`, place }]
  return selected.every(({ spec }) => spec.hostNetwork === true)
    ? [{ message: `${what} matches only pods of the host's network, which policies are not about`, place }]
    : []
}

function hasPort({ spec }: Pod, name: string, protocol?: string): boolean {
  return [...(spec.initContainers ?? []), ...spec.containers].some(({ ports = [] }) =>
    ports.some(
      (port) => port.name === name && (protocol ?? port.protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
    ),
  )
}
