/**
 * What builds the cluster's network as objects come and go: a CNI plugin and the underlay in one. It watches nodes,
 * pods, services and slices, and keeps one piece of network for each; a piece is made again only when it has changed.
 */
import {
  endpointslices,
  nodes,
  pods,
  services,
  type EndpointSlice,
  type KubeObject,
  type Node,
  type Pod,
  type Service,
} from '../../apiserver/index.ts'
import type { InformerFactory, Lister, SharedInformer } from '../../informer/index.ts'
import type { Clock } from '../../sim/clock.ts'
import type { Network } from '../network.ts'
import { announcedAddresses, announcer } from '../topology/external.ts'
import type { Piece, Socket } from '../topology/piece.ts'
import { externalAddressPiece, nodePiece, podPiece } from '../topology/pieces.ts'
import { isRunning, nodeAddresses, nodePodCidrs, podAddresses, podSockets } from '../view.ts'

const BY_NODE = 'node'
const BY_SERVICE = 'service'

/** The kubelet listens on every node, as on a real one. */
const KUBELET: Socket = { protocol: 'tcp', port: 10250 }

export interface DataplaneHooks {
  /** The node's namespace is there (it has addresses and its block of pods'): its kube-proxy may start. */
  readonly onNode: (node: Node) => void
  readonly onNodeGone: (name: string) => void
  /** The pod's interface is about to be plugged in. False: it has to wait, until `podsOf` is called for its node. */
  readonly onPod: (node: string, pod: Pod) => boolean
}

export class Dataplane {
  readonly #clock: Clock
  readonly #informers: InformerFactory
  readonly #network: Network
  readonly #hooks: DataplaneHooks
  readonly #nodes: Lister<Node>
  readonly #pods: Lister<Pod>
  readonly #services: Lister<Service>
  readonly #slices: Lister<EndpointSlice>
  /** Keys of pieces to look at again: `node/N`, `pod/NS/N`, `service/NS/N`. */
  readonly #dirty = new Set<string>()
  #scheduled = false
  /** The external addresses of each service, and the services of each external address. */
  readonly #announced = new Map<string, readonly string[]>()
  readonly #announcing = new Map<string, Set<string>>()

  constructor(clock: Clock, informers: InformerFactory, network: Network, hooks: DataplaneHooks) {
    this.#clock = clock
    this.#informers = informers
    this.#network = network
    this.#hooks = hooks
    this.#nodes = this.#watch(informers.informer(nodes), ({ metadata }) => this.#nodeChanged(metadata.name))
    const podInformer = informers.informer(pods)
    podInformer.addIndex(BY_NODE, ({ spec }) => [spec.nodeName ?? ''])
    this.#pods = this.#watch(podInformer, (pod) => {
      this.#mark(`pod/${keyOf(pod)}`)
      if (pod.spec.hostNetwork === true) this.#mark(`node/${pod.spec.nodeName ?? ''}`)
    })
    this.#services = this.#watch(informers.informer(services), (service) =>
      this.#mark(`service/${keyOf(service)}`),
    )
    const sliceInformer = informers.informer(endpointslices)
    sliceInformer.addIndex(BY_SERVICE, (slice) => [serviceOf(slice)])
    this.#slices = this.#watch(sliceInformer, (slice) => this.#mark(`service/${serviceOf(slice)}`))
  }

  start(): void {
    this.#informers.start()
  }

  /** Looks at the pods of a node again. */
  podsOf(node: string): void {
    for (const pod of this.#pods.byIndex(BY_NODE, node)) this.#mark(`pod/${keyOf(pod)}`)
  }

  #watch<T extends KubeObject>(informer: SharedInformer<T>, changed: (object: T) => void): Lister<T> {
    informer.addHandler({
      added: changed,
      updated: (_, object) => changed(object),
      deleted: changed,
    })
    return informer.lister
  }

  #nodeChanged(name: string): void {
    this.#mark(`node/${name}`)
    this.podsOf(name)
    for (const service of this.#services.list()) {
      if (announcedAddresses(service).length > 0) this.#mark(`service/${keyOf(service)}`)
    }
  }

  #mark(key: string): void {
    this.#dirty.add(key)
    if (this.#scheduled) return
    this.#scheduled = true
    this.#clock.setTimer(0, () => {
      this.#scheduled = false
      const keys = [...this.#dirty].sort()
      this.#dirty.clear()
      // A pod that comes may have the address of one that goes: first what goes.
      for (const key of keys) if (key.startsWith('pod/')) this.#removeStalePod(key)
      for (const key of keys) this.#reconcile(key)
    })
  }

  /** `node/` sorts before `pod/` before `service/`: each finds what it stands on. */
  #reconcile(key: string): void {
    const slash = key.indexOf('/')
    const path = key.slice(slash + 1)
    switch (key.slice(0, slash)) {
      case 'node':
        return this.#reconcileNode(path)
      case 'pod':
        return this.#reconcilePod(path)
      default:
        return this.#reconcileService(path)
    }
  }

  #reconcileNode(name: string): void {
    const node = this.#nodes.get(name)
    const there = this.#network.has(`node/${name}`)
    if (node === undefined || nodeAddresses(node).length === 0 || nodePodCidrs(node).length === 0) {
      if (!there) return
      this.#hooks.onNodeGone(name)
      for (const pod of this.#pods.byIndex(BY_NODE, name)) this.#network.remove(`pod/${keyOf(pod)}`)
      this.#network.remove(`node/${name}`)
      return
    }
    const hostPods = this.#pods.byIndex(BY_NODE, name).filter((pod) => pod.spec.hostNetwork === true)
    const sockets = [KUBELET, ...hostPods.filter(isRunning).flatMap(podSockets)]
    if (there) this.#network.listen(`node/${name}`, sockets)
    else {
      const addresses = nodeAddresses(node)
      for (const address of addresses) this.#network.remove(`external/${address}`)
      this.#network.add(nodePiece({ name, addresses, podCidrs: nodePodCidrs(node), sockets }))
      this.#hooks.onNode(node)
    }
  }

  #reconcilePod(path: string): void {
    const pod = this.#pods.getByKey(path)
    const piece = pod === undefined ? undefined : this.#pieceOf(pod)
    const key = `pod/${path}`
    if (pod === undefined || piece === undefined || this.#network.has(key)) this.#replace(key, piece)
    else if (this.#hooks.onPod(pod.spec.nodeName ?? '', pod)) this.#network.add(piece)
  }

  #removeStalePod(key: string): void {
    if (!this.#network.has(key)) return
    const pod = this.#pods.getByKey(key.slice('pod/'.length))
    const piece = pod === undefined ? undefined : this.#pieceOf(pod)
    if (!samePiece(this.#network.piece(key), piece)) this.#network.remove(key)
  }

  #pieceOf(pod: Pod): Piece | undefined {
    const { nodeName, hostNetwork } = pod.spec
    if (nodeName === undefined || hostNetwork === true || !isRunning(pod)) return undefined
    const node = this.#nodes.get(nodeName)
    if (node === undefined || !this.#network.has(`node/${nodeName}`)) return undefined
    return podPiece({
      namespace: pod.metadata.namespace ?? '',
      name: pod.metadata.name,
      node: nodeName,
      nodePodCidrs: nodePodCidrs(node),
      addresses: podAddresses(pod.status),
      sockets: podSockets(pod),
    })
  }

  #reconcileService(path: string): void {
    const service = this.#services.getByKey(path)
    const addresses = service === undefined ? [] : announcedAddresses(service)
    const before = this.#announced.get(path) ?? []
    this.#announced.set(path, addresses)
    for (const address of addresses) {
      const services = this.#announcing.get(address) ?? new Set()
      this.#announcing.set(address, services.add(path))
    }
    for (const address of before)
      if (!addresses.includes(address)) this.#announcing.get(address)?.delete(path)
    for (const address of new Set([...before, ...addresses])) this.#reconcileAddress(address)
  }

  /** An address of several services goes where the first of them wants it; a node's own is announced by nobody. */
  #reconcileAddress(address: string): void {
    const [path] = [...(this.#announcing.get(address) ?? [])].sort()
    const service = path === undefined ? undefined : this.#services.getByKey(path)
    const ready = this.#nodes.list().filter(({ metadata }) => this.#network.has(`node/${metadata.name}`))
    const isTaken = ready.some((node) => nodeAddresses(node).includes(address))
    if (path === undefined || service === undefined || isTaken) {
      this.#network.remove(`external/${address}`)
      return
    }
    const names = ready.map(({ metadata }) => metadata.name).sort(byNumber)
    const chosen = announcer(service, this.#slices.byIndex(BY_SERVICE, path), names)
    const node = ready.find(({ metadata }) => metadata.name === chosen)
    const piece =
      node === undefined ? undefined : externalAddressPiece(address, node.metadata.name, nodeAddresses(node))
    this.#replace(`external/${address}`, piece)
  }

  #replace(key: string, piece: Piece | undefined): void {
    const there = this.#network.piece(key)
    if (samePiece(there, piece)) return
    if (there !== undefined) this.#network.remove(key)
    if (piece !== undefined) this.#network.add(piece)
  }
}

function samePiece(a: Piece | undefined, b: Piece | undefined): boolean {
  return a !== undefined && b !== undefined && JSON.stringify(a) === JSON.stringify(b)
}

function keyOf({ metadata: { namespace = '', name } }: KubeObject): string {
  return `${namespace}/${name}`
}

function serviceOf({ metadata: { namespace = '', labels } }: EndpointSlice): string {
  return `${namespace}/${labels?.['kubernetes.io/service-name'] ?? ''}`
}

/** node-2 before node-10. */
function byNumber(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1)
}
