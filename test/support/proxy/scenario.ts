/**
 * A scenario of kube-proxy as data: flags, and steps that each change objects and end with a sync. Golden files hold one
 * each, in YAML short forms, before the text that kube-proxy then feeds to iptables-restore.
 */
import { parse } from 'yaml'
import type { Endpoint, EndpointPort, EndpointSlice, Service } from '../../../src/apiserver/types/index.ts'
import type { Family } from '../../../src/kernel/ruleset.ts'
import { parseCidr } from '../../../src/proxy/ip.ts'
import type { LocalDetector } from '../../../src/proxy/local-detector.ts'
import { FakeHost, ProxierHarness } from './host.ts'
import type { Watched } from './host.ts'
import { slice, svc } from './objects.ts'

export interface ScenarioConfig {
  readonly family?: Family
  readonly masqueradeAll?: boolean
  readonly masqueradeBit?: number
  readonly localhostNodePorts?: boolean
  readonly nodePortAddresses?: readonly string[]
  /** A CIDR, an interface (`cali+`, `br0`), or `none`. */
  readonly detector?: string
  /** nf_conntrack_tcp_be_liberal is on. */
  readonly liberal?: boolean
  readonly randomFully?: boolean
  readonly nfacct?: boolean
  /** The node's zone. */
  readonly zone?: string
}

export interface ScenarioStep {
  readonly put: readonly Watched[]
  readonly remove: readonly Watched[]
  /** The node moves to another zone. */
  readonly zone?: string
}

export interface Scenario {
  readonly config: ScenarioConfig
  readonly steps: readonly ScenarioStep[]
}

interface WrittenEndpoints {
  readonly ports?: readonly EndpointPort[]
  readonly endpoints: readonly (string | Endpoint)[]
}

/** A step as written: by `namespace/name`; `endpoints` may name a slice (`ns/name#2`). */
interface WrittenStep {
  readonly services?: Readonly<Record<string, Service['spec'] & { readonly balancers?: readonly string[] }>>
  readonly endpoints?: Readonly<Record<string, readonly (string | Endpoint)[] | WrittenEndpoints>>
  readonly remove?: readonly string[]
  readonly zone?: string
}

interface WrittenScenario extends ScenarioConfig {
  readonly steps?: readonly WrittenStep[]
}

export function parseScenario(text: string): Scenario {
  const written = parse(text) as WrittenScenario & WrittenStep
  const { steps, services, endpoints, ...config } = written
  const list = steps ?? [{ ...(services && { services }), ...(endpoints && { endpoints }) }]
  return { config, steps: list.map(readStep) }
}

function readStep({ services = {}, endpoints = {}, remove = [], zone }: WrittenStep): ScenarioStep {
  return {
    put: [
      ...Object.entries(services).map(([path, { balancers, ...spec }]) => svc(path, spec, balancers)),
      ...Object.entries(endpoints).map(([path, value]) => readSlice(path, value)),
    ],
    remove: remove.map((path) => (path.includes('#') ? readSlice(path, []) : svc(path, {}))),
    ...(zone !== undefined && { zone }),
  }
}

function readSlice(path: string, value: readonly (string | Endpoint)[] | WrittenEndpoints): EndpointSlice {
  const [service, suffix] = path.split('#') as [string, string | undefined]
  const { endpoints, ports } = 'endpoints' in value ? value : { endpoints: value, ports: undefined }
  return slice(service, endpoints, { ...(suffix && { suffix }), ...(ports && { ports }) })
}

export function readDetector(text: string): LocalDetector {
  if (text === 'none') return { kind: 'none' }
  const cidr = parseCidr(text)
  return cidr === undefined
    ? { kind: 'interface', inInterface: text }
    : { kind: 'cidr', source: cidr.network }
}

export function startScenario({ config }: Scenario): ProxierHarness {
  const { detector, liberal, nfacct, randomFully, zone, ...options } = config
  const host = new FakeHost({
    ...(nfacct !== undefined && { nfacct }),
    ...(randomFully !== undefined && { randomFully }),
  })
  if (liberal === true) host.sysctls.set('net.netfilter.nf_conntrack_tcp_be_liberal', 1)
  const harness = new ProxierHarness({
    host,
    ...options,
    ...(detector !== undefined && { detector: readDetector(detector) }),
  })
  if (zone !== undefined) harness.proxier.onTopologyChange({ 'topology.kubernetes.io/zone': zone })
  return harness.settle()
}

/** The first step comes before both lists are there, the others after. Returns what was fed by each sync. */
export function runScenario(
  scenario: Scenario,
  harness = startScenario(scenario),
  afterStep?: (harness: ProxierHarness) => void,
): string[] {
  return scenario.steps.map(({ put, remove, zone }, i) => {
    harness.put(...put).remove(...remove)
    if (zone !== undefined) harness.proxier.onTopologyChange({ 'topology.kubernetes.io/zone': zone })
    if (i === 0) harness.settle().listed()
    else harness.proxier.sync()
    harness.settle()
    afterStep?.(harness)
    return harness.text
  })
}
