/** Mistakes about the other end of a connection. */
import type { LabelSelector, LabelSelectorRequirement } from '../../apiserver/index.ts'
import type { PlanPeer, PlanRule, PolicyPlan } from '../plan/plan.ts'
import {
  clusterPolicyPlans,
  networkPolicyPlans,
  plans,
  withPeers,
  withRules,
  type FaultDefinition,
} from './fault.ts'

export const PEER_FAULTS = {
  exceptIsDeny: {
    description: 'An except denies its addresses, whatever another peer, rule or policy allows.',
    models: ['ovn-kubernetes/ovn-kubernetes#845', 'kubernetes/kubernetes#83191'],
    apply: networkPolicyPlans((plan) => [{ ...plan, rules: [...deniedExcepts(plan), ...plan.rules] }]),
  },
  exceptIgnored: {
    description: 'An except means nothing.',
    models: ['aws/aws-network-policy-agent#58'],
    apply: plans(withPeers((peer) => [peer.kind === 'network' ? { ...peer, except: [] } : peer])),
  },
  secondExceptIgnored: {
    description: 'Of the excepts of an ipBlock only the first counts.',
    models: [],
    apply: plans(
      withPeers((peer) => [peer.kind === 'network' ? { ...peer, except: peer.except.slice(0, 1) } : peer]),
    ),
  },
  exceptsOfOneRuleMerged: {
    description: 'The excepts of one ipBlock of a rule are taken out of the others as well.',
    models: ['aws/amazon-network-policy-controller-k8s#193'],
    apply: networkPolicyPlans(
      withRules((rule) => {
        const excepts = (rule.peers ?? []).flatMap((peer) => (peer.kind === 'network' ? peer.except : []))
        const peers = rule.peers?.map((peer) =>
          peer.kind === 'network' ? { ...peer, except: [...new Set([...peer.except, ...excepts])] } : peer,
        )
        return [{ ...rule, peers }]
      }),
    ),
  },
  emptyFromIsNone: {
    description: 'A rule without peers lets nobody in, where it should let in everybody.',
    models: ['huggingface/chat-ui#2492'],
    apply: networkPolicyPlans(withRules((rule) => [{ ...rule, peers: rule.peers ?? [] }])),
  },
  podSelectorIgnoresNamespace: {
    description:
      "A podSelector without a namespaceSelector means pods of any namespace, not of the policy's own.",
    models: ['k8sgpt-ai/k8sgpt#1746'],
    apply: networkPolicyPlans(
      withPeers((peer) =>
        peer.kind === 'pods' && 'name' in peer.selector.namespaces
          ? [{ ...peer, selector: { ...peer.selector, namespaces: { labels: {} } } }]
          : [peer],
      ),
    ),
  },
  selectorsOfOnePeerOred: {
    description:
      'podSelector and namespaceSelector of one peer are alternatives, as if each had its own dash.',
    models: ['lensapp/lens#8195', 'rancher/dashboard#10641'],
    apply: networkPolicyPlans(
      withPeers((peer, { namespace = '' }) => {
        if (peer.kind !== 'pods' || 'name' in peer.selector.namespaces) return [peer]
        const { namespaces, pods } = peer.selector
        if (isEmpty(pods)) return [peer]
        return [
          { kind: 'pods', selector: { namespaces, pods: {} } },
          { kind: 'pods', selector: { namespaces: { name: namespace }, pods } },
        ]
      }),
    ),
  },
  namespaceSelectorAloneIsOwn: {
    description: "An empty namespaceSelector means the policy's own namespace, as if there were none.",
    models: ['ovn-kubernetes/ovn-kubernetes#238'],
    apply: networkPolicyPlans(
      withPeers((peer, { namespace = '' }) =>
        peer.kind === 'pods' &&
        'labels' in peer.selector.namespaces &&
        isEmpty(peer.selector.namespaces.labels)
          ? [{ ...peer, selector: { ...peer.selector, namespaces: { name: namespace } } }]
          : [peer],
      ),
    ),
  },
  allNamespacesIsAnywhere: {
    description: 'A rule for all namespaces lets in addresses outside of the cluster, too.',
    models: ['kubernetes/website#39875'],
    apply: networkPolicyPlans(
      withRules((rule) => {
        const all = rule.peers?.some(
          (peer) =>
            peer.kind === 'pods' &&
            'labels' in peer.selector.namespaces &&
            isEmpty(peer.selector.namespaces.labels) &&
            isEmpty(peer.selector.pods),
        )
        return [all === true ? { ...rule, peers: undefined } : rule]
      }),
    ),
  },
  ipBlockIgnoresPods: {
    description: 'An ipBlock never matches the address of a pod.',
    models: ['np-guard/netpol-analyzer#456'],
    apply: plans(withPeers((peer) => [peer.kind === 'network' ? { ...peer, exceptPods: true } : peer])),
  },
  everyIpv6AddressIgnored: {
    description: 'The network ::/0 matches nothing, where it should match all of IPv6.',
    models: ['Azure/azure-container-networking#1109', 'spidernet-io/egressgateway#1723'],
    apply: plans(withPeers((peer) => (peer.kind === 'network' && peer.cidr === '::/0' ? [] : [peer]))),
  },
  nodesIgnored: {
    description: 'A peer of a ClusterNetworkPolicy that selects nodes matches nothing.',
    models: ['kubernetes-sigs/network-policy-api#73'],
    apply: clusterPolicyPlans(withPeers((peer) => (peer.kind === 'nodes' ? [] : [peer]))),
  },
  baselineNodesIgnored: {
    description: 'A rule of the Baseline tier about nodes is left out.',
    models: [],
    apply: clusterPolicyPlans((plan) => [
      plan.tier === 'Baseline'
        ? { ...plan, rules: plan.rules.filter(({ peers }) => peers?.some(isNodes) !== true) }
        : plan,
    ]),
  },
  matchExpressionsIgnored: {
    description: 'Of a selector of peers only matchLabels counts.',
    models: ['cloudnativelabs/kube-router#614', 'deckhouse/deckhouse#5344'],
    apply: plans(withPeers((peer) => [withSelectors(peer, ({ matchLabels = {} }) => ({ matchLabels }))])),
  },
  inWithTwoValuesMatchesNone: {
    description: 'A requirement `In` with more than one value matches nothing.',
    models: ['Azure/AKS#2006'],
    apply: plans(
      withPeers((peer) => [
        withSelectors(peer, (selector) =>
          withRequirements(selector, (each) => [
            each.operator === 'In' && (each.values ?? []).length > 1 ? { ...each, values: ['-none-'] } : each,
          ]),
        ),
      ]),
    ),
  },
  inKnowsItsFirstValueOnly: {
    description: 'Of the values of a requirement `In` only the first counts, in peers and in subjects.',
    models: ['Azure/AKS#2006'],
    apply: plans((plan) => {
      const first = (selector: LabelSelector): LabelSelector =>
        withRequirements(selector, (each) => [
          each.operator === 'In' ? { ...each, values: (each.values ?? []).slice(0, 1) } : each,
        ])
      const { subject } = plan
      return withPeers((peer) => [withSelectors(peer, first)])({
        ...plan,
        subject: { ...subject, pods: first(subject.pods) },
      })
    }),
  },
  doesNotExistNeedsTheKey: {
    description: 'DoesNotExist does not match objects that lack the key.',
    models: [],
    apply: plans(
      withPeers((peer) => [
        withSelectors(peer, (selector) =>
          withRequirements(selector, (each) =>
            each.operator === 'DoesNotExist' ? [each, { key: each.key, operator: 'Exists' }] : [each],
          ),
        ),
      ]),
    ),
  },
  notInNeedsTheKey: {
    description: 'NotIn does not match objects that lack the key.',
    models: ['kubernetes/kubernetes#81149', 'contiv/vpp#798'],
    apply: plans(
      withPeers((peer) => [
        withSelectors(peer, (selector) =>
          withRequirements(selector, (each) =>
            each.operator === 'NotIn' ? [each, { key: each.key, operator: 'Exists' }] : [each],
          ),
        ),
      ]),
    ),
  },
  namespaceNameLabelMissing: {
    description: 'Namespaces do not carry their name as the label kubernetes.io/metadata.name.',
    models: ['np-guard/netpol-analyzer#234'],
    apply: (inputs) => ({
      ...inputs,
      namespace: (object) => {
        const { 'kubernetes.io/metadata.name': _name, ...labels } = inputs.namespace(object)
        return labels
      },
    }),
  },
} as const satisfies Record<string, FaultDefinition>

function isEmpty({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0
}

function isNodes({ kind }: PlanPeer): boolean {
  return kind === 'nodes'
}

function withRequirements(
  selector: LabelSelector,
  change: (each: LabelSelectorRequirement) => readonly LabelSelectorRequirement[],
): LabelSelector {
  return { ...selector, matchExpressions: (selector.matchExpressions ?? []).flatMap(change) }
}

function withSelectors(peer: PlanPeer, change: (selector: LabelSelector) => LabelSelector): PlanPeer {
  if (peer.kind !== 'pods') return peer
  const { namespaces, pods } = peer.selector
  return {
    kind: 'pods',
    selector: {
      namespaces: 'labels' in namespaces ? { labels: change(namespaces.labels) } : namespaces,
      pods: change(pods),
    },
  }
}

function deniedExcepts({ rules }: PolicyPlan): PlanRule[] {
  return rules.flatMap((rule) => {
    const peers = (rule.peers ?? []).flatMap((peer) => (peer.kind === 'network' ? peer.except : []))
    if (peers.length === 0) return []
    return [
      {
        ...rule,
        action: 'Deny' as const,
        peers: peers.map((cidr): PlanPeer => ({ kind: 'network', cidr, except: [] })),
        ports: undefined,
      },
    ]
  })
}
