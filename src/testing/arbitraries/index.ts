/** fast-check arbitraries of the objects that a policy's verdict depends on. */
export { arbitraryCidr, arbitraryIpBlock, networkOf } from './cidr.ts'
export {
  arbitraryCluster,
  objectsOf,
  type ClusterPlan,
  type ClusterSize,
  type FinishedPod,
} from './cluster.ts'
export {
  arbitraryClusterPolicy,
  arbitraryPodPeer,
  type ClusterPolicyNaming,
} from './cluster-network-policy.ts'
export type { Manifest } from './manifest.ts'
export {
  arbitraryEgressRule,
  arbitraryIngressRule,
  arbitraryPeer,
  arbitraryPolicy,
  arbitraryPolicySpec,
  type PolicyNaming,
  type PolicySize,
} from './network-policy.ts'
export {
  arbitraryContainerPorts,
  arbitraryDeployment,
  arbitraryNamespace,
  arbitraryNode,
  arbitraryPod,
  arbitraryStatefulSet,
} from './pod.ts'
export { arbitraryPolicyPort, arbitraryPolicyPorts } from './policy-ports.ts'
export { arbitraryPacket } from './packet.ts'
export {
  arbitraryNamespaceSelector,
  arbitraryRequirement,
  arbitrarySelector,
  type SelectorSize,
} from './selector.ts'
export { arbitraryService } from './service.ts'
export { arbitraryLabels, NARROW_VOCABULARY, VOCABULARY, type Vocabulary } from './vocabulary.ts'
