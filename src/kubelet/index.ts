export { Kubelet, type KubeletOptions, type PodNetwork, type PodObserver } from './kubelet.ts'
