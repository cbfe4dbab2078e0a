/**
 * A cluster in one process: an apiserver, the controllers, a kubelet and a kube-proxy on every node, all on one virtual
 * clock, and a packet engine that has the nodes, the pods and what lies between them as network namespaces.
 *
 * ```
 *   manifests ─▶ apiserver ─watch─▶ controllers, scheduler, kubelets ─▶ pods, slices
 *                    └──────watch─▶ dataplane (namespaces, routes), kube-proxies (rules) ─▶ engine ◀─ connect()
 * ```
 *
 * Nothing moves until `settle` (or `advance`) runs the clock; packets take no virtual time.
 */
import { ApiClient, ApiServer, type Node } from '../apiserver/index.ts'
import { ControllerManager } from '../controllers/index.ts'
import { Engine, type Attempt, type AttemptResult, type CompiledEngine } from '../engine/index.ts'
import { InformerFactory } from '../informer/index.ts'
import { printIpsetSave } from '../kernel/ipset/index.ts'
import { printIptablesSave } from '../kernel/iptables/index.ts'
import { Problem } from '../kernel/problem.ts'
import type { Family } from '../kernel/ruleset.ts'
import { printSysctl, type Sysctl } from '../kernel/sysctl.ts'
import { Kubelet, type AddressOrder } from '../kubelet/index.ts'
import type { Evaluator, PolicyOptions } from '../policy/evaluate/index.ts'
import { policyFaults } from '../policy/faults/index.ts'
import { DEFAULT_KUBE_PROXY_CONFIG, type KubeProxyConfig } from '../proxy/proxy-server.ts'
import { VirtualClock } from '../sim/virtual-clock.ts'
import { ApiView } from './api-view.ts'
import { checkFields, checkList } from './check.ts'
import { Dataplane } from './components/dataplane.ts'
import { NodeKernel } from './components/node-kernel.ts'
import { NodePolicy, type PolicyConfig } from './components/node-policy.ts'
import { NodeProxy } from './components/node-proxy.ts'
import { Connector, type ConnectRequest } from './connect.ts'
import type { Connectivity } from './connectivity.ts'
import type { Flow, ProxyMode } from './flow.ts'
import { Applier } from './manifests/apply.ts'
import type { Manifest } from './manifests/document.ts'
import type { Warning } from './manifests/kinds.ts'
import { selectorWarnings } from './manifests/selectors.ts'
import { loadManifests, type ManifestInput } from './manifests/sources.ts'
import { matrix, type MatrixRequest } from './matrix.ts'
import { Network } from './network.ts'
import { claimEndpoints, claimOutside, listenOutside } from './outside.ts'
import { referenceAnswer, type ReferenceAnswer } from './policy/answer.ts'
import { asProblems, EvaluatorMirror } from './policy/mirror.ts'
import { referenceMatrix } from './policy/reference-matrix.ts'
import { suggest } from './reference.ts'
import { fabricPiece, OUTSIDE, outsidePiece } from './topology/pieces.ts'
import { ADDRESS_PLAN, nodeAddress } from './topology/plan.ts'
import { printRuleset, printSets } from './topology/ruleset-script.ts'
import { printPiece } from './topology/script.ts'
import { formatTrace } from './trace-text.ts'
import { isRunning, nodeAddresses, podAddresses, serviceAddresses, type ClusterView } from './view.ts'
import type { World } from './world.ts'

export interface ClusterOptions {
  /** Nodes are named `node-1` … `node-N`. Default 2. */
  readonly nodes?: number
  /** Default `iptables`, the only one built so far. */
  readonly proxyMode?: ProxyMode
  /** Whatever is random is a function of it. Default 1. */
  readonly seed?: number
  /** `topology.kubernetes.io/zone` of node-1, node-2, …; nodes beyond the list have none. */
  readonly zones?: readonly string[]
  /** Which free address of its node a new pod gets: the `next` after the last one given (default), or the `lowest`. */
  readonly podAddresses?: AddressOrder
  /** Flags of kube-proxy, the same on every node. */
  readonly kubeProxy?: Partial<KubeProxyConfig>
  /** How network policies are enforced, the same on every node. */
  readonly policy?: PolicyConfig
  /** The compiled engine, where it cannot be read from a file (a browser). */
  readonly wasm?: CompiledEngine
}

/** Every option there is: the compiler asks for those that are missing here. */
const OPTIONS: Readonly<Record<keyof ClusterOptions, true>> = {
  nodes: true,
  proxyMode: true,
  seed: true,
  zones: true,
  podAddresses: true,
  kubeProxy: true,
  policy: true,
  wasm: true,
}

const POLICY_CONFIG: Readonly<Record<keyof PolicyConfig, true>> = { liveConnections: true, faults: true }

export interface Settled {
  /** False when components still had work after an hour of virtual time. */
  readonly settled: boolean
  /** Virtual milliseconds that passed. */
  readonly elapsed: number
}

export interface RenderRequest {
  readonly as: 'iptables-save' | 'ipset' | 'script'
  /** For `iptables-save` alone, which is of one family as the real tool is. Default `ipv4`. */
  readonly family?: Family
  /** May be left out for `script`: then the whole cluster. */
  readonly node?: string
}

export class Cluster {
  readonly engine: Engine
  readonly clock: VirtualClock
  readonly server: ApiServer
  readonly proxyMode: ProxyMode
  /** A client of the apiserver, for changes that no manifest says. */
  readonly client: ApiClient
  readonly view: ClusterView
  readonly #network: Network
  readonly #applier: Applier
  readonly #proxies = new Map<string, NodeProxy>()
  readonly #policies = new Map<string, NodePolicy>()
  readonly #options: ClusterOptions
  readonly #connector = new Connector()
  readonly #evaluators: EvaluatorMirror
  #warnings: Warning[] = []

  static async create(options: ClusterOptions = {}): Promise<Cluster> {
    checkFields(options, Object.keys(OPTIONS), '')
    const { nodes = 2, proxyMode = 'iptables', seed = 1, zones = [], kubeProxy = {} } = options
    const { podAddresses = 'next' } = options
    checkFields(kubeProxy, Object.keys(DEFAULT_KUBE_PROXY_CONFIG), 'kubeProxy')
    const { policy = {} } = options
    checkFields(policy, Object.keys(POLICY_CONFIG), 'policy')
    policyFaults(policy.faults ?? [])
    if (!['keep', 're-evaluate'].includes(policy.liveConnections ?? 'keep')) {
      throw new Problem(`${String(policy.liveConnections)} is not known: expected keep or re-evaluate`, {
        field: 'policy.liveConnections',
      })
    }
    if (proxyMode !== 'iptables') {
      throw new Problem(`${proxyMode} is not built yet; iptables is`, { field: 'proxyMode' })
    }
    if (!Number.isInteger(nodes) || nodes < 1 || nodes > 250) {
      throw new Problem(`${nodes} is not a whole number from 1 to 250`, { field: 'nodes' })
    }
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
      throw new Problem(`${seed} is not a whole number from 0 to 4294967295`, { field: 'seed' })
    }
    if (podAddresses !== 'next' && podAddresses !== 'lowest') {
      throw new Problem(`expected next or lowest, got ${JSON.stringify(podAddresses)}`, {
        field: 'podAddresses',
      })
    }
    checkList(zones, 'zones', 'names, one a node')
    return new Cluster(options, nodes)
  }

  private constructor(options: ClusterOptions, nodeCount: number) {
    const { seed = 1, wasm, zones = [], proxyMode = 'iptables' } = options
    this.#options = options
    this.proxyMode = proxyMode
    const clock = new VirtualClock()
    this.clock = clock
    this.engine = Engine.create({ seed, ...(wasm === undefined ? {} : { wasm }) })
    this.engine.advanceTo(clock.now())
    const cidrs = [ADDRESS_PLAN.ipv4, ADDRESS_PLAN.ipv6]
    this.server = new ApiServer({ clock, seed, serviceCIDRs: cidrs.map(({ serviceCidr }) => serviceCidr) })
    this.client = new ApiClient(this.server, 'admin')
    this.view = new ApiView(this.server)
    const nodeNames = Array.from({ length: nodeCount }, (_, index) => `node-${index + 1}`)
    this.#applier = new Applier(this.server, (name) => nodeNames.includes(name))
    this.#evaluators = new EvaluatorMirror(this.view, ({ kind, metadata }, field) => {
      const place = this.#applier.placeOf(kind, metadata.namespace, metadata.name)
      return place?.(field) ?? (field === undefined ? {} : { field })
    })
    this.#network = new Network(this.engine)
    this.#network.add(fabricPiece())
    this.#network.add(outsidePiece())

    new ControllerManager(new ApiClient(this.server, 'system:kube-controller-manager'), {
      clock,
      seed,
      nodeIpam: { clusterCIDRs: cidrs.map(({ clusterCidr }) => clusterCidr) },
      loadBalancer: { pools: cidrs.map(({ loadBalancerCidr }) => loadBalancerCidr) },
    }).start()
    const watchers = new InformerFactory(new ApiClient(this.server, 'podwire'), { clock, seed })
    const dataplane = new Dataplane(clock, watchers, this.#network, {
      onNode: (node) => this.#startNode(node, (name) => dataplane.podsOf(name)),
      onNodeGone: (name) => this.#stopNode(name),
      onPod: (node, pod) => this.#policies.get(node)?.admit(pod) ?? true,
    })
    dataplane.start()
    for (const [at, nodeName] of nodeNames.entries()) {
      const index = at + 1
      const zone = zones[index - 1]
      new Kubelet({
        clock,
        client: new ApiClient(this.server, `system:node:${nodeName}`),
        nodeName,
        addresses: [nodeAddress('ipv4', index), nodeAddress('ipv6', index)],
        seed: seed + index,
        ...(zone === undefined ? {} : { zone }),
        ...(options.podAddresses === undefined ? {} : { podAddresses: options.podAddresses }),
      }).start()
    }
  }

  /** YAML text, objects, paths, or a list of these. Returns what the user should know; it is kept for `warnings`, too. */
  async apply(input: ManifestInput): Promise<Warning[]> {
    return this.applyManifests(await loadManifests(input))
  }

  applyManifests(manifests: readonly Manifest[]): Warning[] {
    const warnings = this.#applier.apply(manifests)
    this.#warnings.push(...warnings)
    return warnings
  }

  /** Runs virtual time until no component has anything left to do. */
  async settle(): Promise<Settled> {
    const { idle, elapsed } = this.clock.runUntilIdle()
    this.engine.advanceTo(this.clock.now())
    return { settled: idle, elapsed }
  }

  /** Lets so many milliseconds of virtual time pass, whatever is pending. */
  advance(milliseconds: number): void {
    if (!Number.isFinite(milliseconds) || milliseconds < 0) {
      throw new Problem(`${String(milliseconds)} is not a time that can pass: time never goes back`, {
        field: 'milliseconds',
      })
    }
    this.clock.advance(milliseconds)
    this.engine.advanceTo(this.clock.now())
  }

  /** What the manifests say that has no effect: as applied, and as things stand now. */
  warnings(): Warning[] {
    const placeOf = this.#applier.placeOf.bind(this.#applier)
    return [...this.#warnings, ...selectorWarnings(this.view, placeOf)]
  }

  /** One connection attempt: a real first packet, what became of it, and of its answer. */
  connect(request: ConnectRequest): Flow {
    this.#flush()
    return this.#connector.connect(this.#world(), request).flow
  }

  /** As `connect`, with the text that `podwire trace` prints. */
  trace(request: ConnectRequest): { readonly flow: Flow; readonly text: string } {
    this.#flush()
    const { flow, from, to } = this.#connector.connect(this.#world(), request)
    return { flow, text: formatTrace(flow, { from, to }) }
  }

  /**
   * Connection attempts by namespace and address, as many as you like at once, without a trace: what `connect` costs
   * names and hops more. `forget`: conntrack keeps nothing of them, so that no attempt changes what the next one meets.
   */
  probe(attempts: readonly Attempt[], options: { readonly forget?: boolean } = {}): AttemptResult[] {
    this.#flush()
    const world = this.#world()
    claimEndpoints(world)
    const inside = new Set([
      ...this.view
        .pods()
        .filter(isRunning)
        .flatMap(({ status }) => podAddresses(status)),
      ...this.view.nodes().flatMap(nodeAddresses),
      ...this.view.services().flatMap(serviceAddresses),
    ])
    for (const { netns, source, destination, destinationPort, protocol } of attempts) {
      if (netns === OUTSIDE && source !== undefined) claimOutside(world, source)
      if (inside.has(destination)) continue
      claimOutside(world, destination)
      listenOutside(world, protocol, destinationPort)
    }
    return this.engine.probe(attempts, options)
  }

  /** Every workload to every workload, on every port. */
  matrix(request: MatrixRequest): Connectivity {
    this.#flush()
    return matrix(this.#world(), request)
  }

  /** The reference evaluator of policies, told of all that the cluster holds now. */
  evaluator(options: Partial<PolicyOptions> = {}): Evaluator {
    return this.#evaluators.evaluator(options)
  }

  /** What policies alone say of an attempt, and which of them: no packet is sent. */
  reference(request: ConnectRequest, options: Partial<PolicyOptions> = {}): ReferenceAnswer {
    return asProblems(() => referenceAnswer(this.view, (its) => this.evaluator(its), request, options))
  }

  /** As `matrix`, by policies alone: `delivered` where they let a packet reach the other stack, else `dropped`. */
  referenceMatrix(request: MatrixRequest, options: Partial<PolicyOptions> = {}): Connectivity {
    return asProblems(() => referenceMatrix(this.view, this.evaluator(options), request))
  }

  /** Kernel objects as the real tools write them. */
  render(request: RenderRequest): string {
    checkFields(request, ['as', 'node', 'family'], '')
    const { as, node, family } = request
    this.#flush()
    if (node !== undefined) this.#proxyOf(node)
    if (family !== undefined && as !== 'iptables-save') {
      throw new Problem(`${as} is not of one family: leave it out`, { field: 'family' })
    }
    switch (as) {
      case 'script':
        return this.#script(node)
      case 'ipset': {
        if (node !== undefined) return printIpsetSave(this.#proxyOf(node).kernel.sets.list())
        return [...this.#proxies.values()]
          .map(({ kernel: { name, sets } }) => {
            const text = printIpsetSave(sets.list())
            return text === '' ? '' : `# ${name}\n${text}`
          })
          .join('')
      }
      case 'iptables-save': {
        if (node === undefined) throw new Problem('is needed for iptables-save', { field: 'node' })
        return printIptablesSave(this.#proxyOf(node).kernel.iptables[family ?? 'ipv4'].ruleset)
      }
      default:
        throw new Problem(
          `${String(as satisfies never)} is not known: expected iptables-save, ipset or script`,
          {
            field: 'as',
          },
        )
    }
  }

  /** `2 nodes, 4 pods, 3 services`. */
  describe(): string {
    const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`
    return [
      count(this.view.nodes().length, 'node'),
      count(this.view.pods().length, 'pod'),
      count(this.view.services().length, 'service'),
    ].join(', ')
  }

  #script(node: string | undefined): string {
    const pieces = this.#network.pieces(node)
    const kernels = [...this.#proxies]
      .filter(([name]) => node === undefined || name === node)
      .map(([, { kernel }]) => kernel)
    return [
      ...pieces.flatMap((piece) => ['', ...printPiece(piece)]).slice(1),
      ...kernels.flatMap(({ name, iptables, sysctls, sets }) => [
        '',
        `# kube-proxy on ${name}`,
        ...[...sysctls].map(([key, value]) => printNodeSysctl(name, { key, value })),
        ...printSets(name, sets.list()),
        ...printRuleset(name, iptables.ipv4.ruleset),
        ...printRuleset(name, iptables.ipv6.ruleset),
      ]),
      '',
    ].join('\n')
  }

  #startNode(node: Node, onReady: (name: string) => void): void {
    const { name } = node.metadata
    const kernel = new NodeKernel(this.engine, this.clock, name, nodeAddresses(node))
    const { seed = 1, kubeProxy = {}, policy = {} } = this.#options
    const { clock, server } = this
    this.#policies.set(
      name,
      new NodePolicy(kernel, { ...policy, clock, server, seed, onReady: () => onReady(name) }),
    )
    const clusterCIDRs = [ADDRESS_PLAN.ipv4.clusterCidr, ADDRESS_PLAN.ipv6.clusterCidr]
    this.#proxies.set(
      name,
      new NodeProxy(node, kernel, {
        clock,
        server,
        seed,
        config: { detectLocal: { mode: 'ClusterCIDR', clusterCIDRs }, ...kubeProxy },
      }),
    )
  }

  #stopNode(name: string): void {
    this.#proxies.get(name)?.stop()
    this.#proxies.delete(name)
    this.#policies.get(name)?.stop()
    this.#policies.delete(name)
  }

  #proxyOf(node: string): NodeProxy {
    const proxy = this.#proxies.get(node)
    if (proxy !== undefined) return proxy
    throw new Problem(`there is no node ${node}${suggest(node, [...this.#proxies.keys()])}`, {
      field: 'node',
    })
  }

  #flush(): void {
    for (const { kernel } of this.#proxies.values()) kernel.flush()
  }

  #world(): World {
    return {
      engine: this.engine,
      network: this.#network,
      view: this.view,
      proxyMode: this.proxyMode,
      rulesetOf: (netns, family) => this.#proxies.get(netns)?.kernel.iptables[family].ruleset,
    }
  }
}

/** Linux has one size of the conntrack table for all namespaces, and refuses it from any but the first. */
function printNodeSysctl(netns: string, setting: Sysctl): string {
  const command = printSysctl(setting)
  return setting.key === 'net.netfilter.nf_conntrack_max'
    ? `# of the machine, not of a namespace: ${command}`
    : `ip netns exec ${netns} ${command}`
}
