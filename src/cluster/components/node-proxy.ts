/**
 * kube-proxy on one node, fed by its own informers. As the real one it waits until services and slices have been
 * listed (looking every 100 ms) and only then writes its first rules.
 */
import {
  ApiClient,
  endpointslices,
  nodes,
  services,
  type ApiServer,
  type Node,
} from '../../apiserver/index.ts'
import { InformerFactory } from '../../informer/index.ts'
import {
  DEFAULT_KUBE_PROXY_CONFIG,
  ENDPOINT_SLICE_LABEL_SELECTOR,
  KubeProxy,
  SERVICE_FIELD_SELECTOR,
  SERVICE_LABEL_SELECTOR,
  type KubeProxyConfig,
} from '../../proxy/proxy-server.ts'
import type { Clock } from '../../sim/clock.ts'
import type { NodeKernel } from './node-kernel.ts'

/** client-go's WaitForCacheSync looks this often. Milliseconds. */
const SYNC_POLL = 100

export interface NodeProxyOptions {
  readonly clock: Clock
  readonly server: ApiServer
  readonly seed: number
  readonly config?: Partial<KubeProxyConfig>
}

export class NodeProxy {
  readonly kernel: NodeKernel
  readonly #informers: InformerFactory
  readonly #proxy: KubeProxy
  readonly #clock: Clock

  constructor(node: Node, kernel: NodeKernel, { clock, server, seed, config }: NodeProxyOptions) {
    this.kernel = kernel
    this.#clock = clock
    const proxy = new KubeProxy(clock, kernel, node, { ...DEFAULT_KUBE_PROXY_CONFIG, ...config })
    this.#proxy = proxy
    const client = new ApiClient(server, `system:node:${node.metadata.name}`)
    this.#informers = new InformerFactory(client, { clock, seed })
    const provider = proxy.proxier
    const serviceInformer = this.#informers.informer(services, {
      labelSelector: SERVICE_LABEL_SELECTOR,
      fieldSelector: SERVICE_FIELD_SELECTOR,
    })
    serviceInformer.addHandler({
      added: (service) => provider.onServiceAdd(service),
      updated: (old, service) => provider.onServiceUpdate(old, service),
      deleted: (service) => provider.onServiceDelete(service),
    })
    const sliceInformer = this.#informers.informer(endpointslices, {
      labelSelector: ENDPOINT_SLICE_LABEL_SELECTOR,
    })
    sliceInformer.addHandler({
      added: (slice) => provider.onEndpointSliceAdd(slice),
      updated: (old, slice) => provider.onEndpointSliceUpdate(old, slice),
      deleted: (slice) => provider.onEndpointSliceDelete(slice),
    })
    this.#informers
      .informer(nodes, { fieldSelector: `metadata.name=${node.metadata.name}` })
      .addHandler({ updated: (_, changed) => proxy.onNodeChange(changed) })
    this.#informers.start()
    proxy.start()
    this.#whenSynced(serviceInformer, () => provider.onServiceSynced())
    this.#whenSynced(sliceInformer, () => provider.onEndpointSlicesSynced())
  }

  stop(): void {
    this.#informers.stop()
    this.#proxy.stop()
  }

  #whenSynced(informer: { hasSynced(): boolean }, done: () => void): void {
    this.#clock.setTimer(SYNC_POLL, () => {
      if (informer.hasSynced()) done()
      else this.#whenSynced(informer, done)
    })
  }
}
