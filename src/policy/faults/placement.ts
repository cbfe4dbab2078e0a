/** Mistakes about where and when packets are asked, and which ones pass unasked. */
import { placed, type FaultDefinition } from './fault.ts'

export const PLACEMENT_FAULTS = {
  policyBeforeDnat: {
    description:
      'Policies see what the client wrote: the address and port of the Service, not those of the pod.',
    models: ['aws/amazon-network-policy-controller-k8s#210', 'projectcalico/calico#1683'],
    apply: placed({ hook: 'PREROUTING' }),
  },
  repliesPoliced: {
    description: 'A reply is judged as a connection of its own, in the other direction.',
    models: ['kubernetes-sigs/kube-network-policies#379', 'aws/aws-network-policy-agent#175'],
    apply: placed({ accepted: ['RELATED'] }),
  },
  icmpErrorNotRelated: {
    description: 'ICMP errors about an allowed connection are dropped, so that path MTU discovery fails.',
    models: ['aws/aws-network-policy-agent#207'],
    apply: placed({ accepted: ['ESTABLISHED'] }),
  },
  ownNodePoliced: {
    description:
      "Traffic of a pod's own node is judged by NetworkPolicies, so that probes of the kubelet fail.",
    models: ['kubernetes-sigs/kube-network-policies#150', 'cloudnativelabs/kube-router#1017'],
    apply: placed({ ownNode: 'policed' }),
  },
  spoofedSourceTrusted: {
    description: 'A pod may send with the address of another pod, and has its rights.',
    models: ['projectcalico/felix#790'],
    apply: placed({ reversePath: false }),
  },
  neighbourDiscoveryPoliced: {
    description: 'Neighbour discovery is asked about like any packet, so that a pod finds no way into IPv6.',
    models: ['cloudnativelabs/kube-router#1895', 'cilium/cilium#16285'],
    apply: placed({ neighbourDiscovery: false }),
  },
  startupRace: {
    description: 'A new pod is on the network before its isolation is in force.',
    models: ['cloudnativelabs/kube-router#873', 'k3s-io/k3s#13432', 'aws/aws-network-policy-agent#186'],
    apply: placed({ beforeFirstPacket: false }),
  },
  ipv6NotEnforced: {
    description: 'Policies hold for IPv4 only.',
    models: ['aws/aws-network-policy-agent#55'],
    apply: placed({ families: ['ipv4'] }),
  },
} as const satisfies Record<string, FaultDefinition>
