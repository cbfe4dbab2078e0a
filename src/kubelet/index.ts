export { Kubelet, type KubeletOptions, type PodNetwork, type PodObserver } from './kubelet.ts'
export type { AddressOrder } from './pod-network.ts'
