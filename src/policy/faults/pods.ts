/** Mistakes about which pods there are, and where. */
import type { Labels, Pod } from '../../apiserver/index.ts'
import { placed, type FaultDefinition } from './fault.ts'

export const POD_FAULTS = {
  completedPodKeepsIp: {
    description: 'A pod that has finished still counts, under an address that may be another’s by now.',
    models: [
      'antrea-io/antrea#6507',
      'cloudnativelabs/kube-router#1056',
      'Azure/azure-container-networking#428',
    ],
    apply: (inputs) => ({ ...inputs, pod: (pod) => inputs.pod(unfinished(pod)) }),
  },
  failedPodKeepsIp: {
    description: 'A pod that has failed still counts; only one that has succeeded does not.',
    models: ['kubernetes/kubernetes#98611'],
    apply: (inputs) => ({
      ...inputs,
      pod: (pod) => inputs.pod(pod.status?.phase === 'Failed' ? unfinished(pod) : pod),
    }),
  },
  deletedPodKeepsIp: {
    description: 'A pod that is deleted stays in the sets that it was in.',
    models: ['Azure/azure-container-networking#562'],
    apply: (inputs) => ({
      ...placed({ forgetsPods: false })(inputs),
      // The last that is heard of a pod is that it has stopped.
      pod: (pod) => inputs.pod(pod.metadata.deletionTimestamp === undefined ? pod : unfinished(pod)),
    }),
  },
  terminatingPodForgotten: {
    description: 'A pod that is told to stop loses what it was allowed at once, before it has stopped.',
    models: ['projectcalico/calico#4518', 'Azure/AKS#2598'],
    apply: (inputs) => ({
      ...inputs,
      pod: (pod) => (pod.metadata.deletionTimestamp === undefined ? inputs.pod(pod) : undefined),
    }),
  },
  hostNetworkSelected: {
    description: "Selectors match pods of the host's network, so rules for them let their nodes in.",
    models: ['kubernetes-sigs/kube-network-policies#389', 'projectcalico/calico#4667'],
    apply: (inputs) => ({
      ...inputs,
      pod: (pod) => inputs.pod({ ...pod, spec: { ...pod.spec, hostNetwork: false } }),
    }),
  },
  podRelabelMissed: {
    description: "A pod's labels are read once: a change of them selects nothing anew.",
    models: ['kubeovn/kube-ovn#1920'],
    apply: (inputs) => {
      const first = new Map<string, Labels>()
      return {
        ...inputs,
        pod: (pod) => {
          const facts = inputs.pod(pod)
          if (facts === undefined) return undefined
          const labels = first.get(pod.metadata.uid) ?? facts.labels
          first.set(pod.metadata.uid, labels)
          return { ...facts, labels }
        },
      }
    },
  },
  namespaceRelabelMissed: {
    description: "A namespace's labels are read once: a change of them selects nothing anew.",
    models: ['ovn-kubernetes/ovn-kubernetes#1850', 'kubeovn/kube-ovn#1920'],
    apply: (inputs) => {
      const first = new Map<string, Labels>()
      return {
        ...inputs,
        namespace: (object) => {
          const labels = first.get(object.metadata.uid) ?? inputs.namespace(object)
          first.set(object.metadata.uid, labels)
          return labels
        },
      }
    },
  },
  emptyLabelValueMissed: {
    description: 'A label with an empty value counts as one that is not there.',
    models: [],
    apply: (inputs) => ({
      ...inputs,
      pod: (pod) => {
        const facts = inputs.pod(pod)
        return facts === undefined ? undefined : { ...facts, labels: withoutEmpty(facts.labels) }
      },
      namespace: (object) => withoutEmpty(inputs.namespace(object)),
    }),
  },
  nodeSecondAddressMissed: {
    description: 'Only the first address of a dual-stack node is known.',
    models: [],
    apply: (inputs) => ({
      ...inputs,
      node: (node) => {
        const facts = inputs.node(node)
        return { ...facts, addresses: facts.addresses.slice(0, 1) }
      },
    }),
  },
  secondAddressMissed: {
    description: 'Only the first address of a dual-stack pod is known.',
    models: ['k3s-io/k3s#10053'],
    apply: (inputs) => ({
      ...inputs,
      pod: (pod) => {
        const facts = inputs.pod(pod)
        return facts === undefined ? undefined : { ...facts, addresses: facts.addresses.slice(0, 1) }
      },
    }),
  },
} as const satisfies Record<string, FaultDefinition>

function withoutEmpty(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''))
}

/** As it was before it finished. */
function unfinished(pod: Pod): Pod {
  const { status } = pod
  return status?.phase === 'Succeeded' || status?.phase === 'Failed'
    ? { ...pod, status: { ...status, phase: 'Running' } }
    : pod
}
