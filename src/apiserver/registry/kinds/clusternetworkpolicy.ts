/**
 * policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy: schema and CEL rules of its definition's experimental channel
 * (network-policy-api: config/crd/experimental). Looser in one place: `tcp: {}` is taken, as all ports of TCP. Stricter in one:
 * `domainNames` are refused, as no name is resolved here.
 */
import {
  duplicate,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooLong,
  tooMany,
  type FieldError,
} from '../../meta/field-error.ts'
import { parseCidr } from '../../meta/ip.ts'
import { dnsSubdomain } from '../../meta/validate-names.ts'
import type {
  ClusterNetworkPolicy,
  ClusterNetworkPolicyAction,
  ClusterNetworkPolicyEgressPeer,
  ClusterNetworkPolicyPodPeer,
  ClusterNetworkPolicyPorts,
  ClusterNetworkPolicyProtocol,
  LabelSelector,
} from '../../types/index.ts'
import { defineKind } from '../kind.ts'
import { conditions, kindSchema, labelSelector, validateLabelSelector } from '../metadata.ts'
import { validatePortNumber } from '../ports.ts'
import { int32, list, object, setOf, string } from '../schema.ts'

const MAX_ITEMS = 25
const MAX_RULE_NAME = 100
const MAX_PRIORITY = 1000

const TIERS = ['Admin', 'Baseline']
const ACTIONS = ['Accept', 'Deny', 'Pass']

const podPeer = {
  namespaces: labelSelector,
  pods: object('NamespacedPod', { namespaceSelector: labelSelector, podSelector: labelSelector }),
}
const egressPeer = { ...podPeer, nodes: labelSelector, networks: setOf(string), domainNames: setOf(string) }

const ports = (protocol: string) =>
  object(`ClusterNetworkPolicyProtocol${protocol}`, {
    destinationPort: object('Port', {
      number: int32,
      range: object('PortRange', { start: int32, end: int32 }),
    }),
  })
const protocols = list(
  object('ClusterNetworkPolicyProtocol', {
    tcp: ports('TCP'),
    udp: ports('UDP'),
    sctp: ports('SCTP'),
    destinationNamedPort: string,
  }),
)

export const clusternetworkpolicies = defineKind<ClusterNetworkPolicy>({
  group: 'policy.networking.k8s.io',
  version: 'v1alpha2',
  kind: 'ClusterNetworkPolicy',
  resource: 'clusternetworkpolicies',
  shortNames: ['cnp'],
  storagePrefix: '/registry/policy.networking.k8s.io/clusternetworkpolicies/',
  namespaced: false,
  hasStatus: true,
  hasGeneration: true,
  nameCheck: dnsSubdomain,
  schema: kindSchema('ClusterNetworkPolicy', {
    spec: object('ClusterNetworkPolicySpec', {
      tier: string,
      priority: int32,
      subject: object('ClusterNetworkPolicySubject', podPeer),
      ingress: list(
        object('ClusterNetworkPolicyIngressRule', {
          name: string,
          action: string,
          from: list(object('ClusterNetworkPolicyIngressPeer', podPeer)),
          protocols,
        }),
      ),
      egress: list(
        object('ClusterNetworkPolicyEgressRule', {
          name: string,
          action: string,
          to: list(object('ClusterNetworkPolicyEgressPeer', egressPeer)),
          protocols,
        }),
      ),
    }),
    status: object('ClusterNetworkPolicyStatus', { conditions }),
  }),
  defaults({ spec }) {
    // Not in the schema: an absent one is an empty one to every client that reads it into the API's own types.
    const peers = [
      ...(spec?.ingress ?? []).flatMap(({ from }) => from),
      ...(spec?.egress ?? []).flatMap(({ to }) => to),
    ]
    for (const peer of [spec?.subject, ...peers])
      if (peer?.pods !== undefined) peer.pods.namespaceSelector ??= {}
  },
  prepareForCreate(draft) {
    delete (draft as { status?: unknown }).status
  },
  validate({ spec }) {
    if ((spec as unknown) === undefined) return [required('spec')]
    const { tier, priority, subject, ingress = [], egress = [] } = spec
    return [
      ...oneOf('spec.tier', tier, TIERS),
      ...validatePriority(priority),
      ...validatePeer('spec.subject', subject),
      ...atMost('spec.ingress', ingress),
      ...ingress.flatMap(({ from, ...rule }, index) =>
        validateRule(`spec.ingress[${index}]`, { ...rule, peers: from }, 'from'),
      ),
      ...atMost('spec.egress', egress),
      ...egress.flatMap(({ to, ...rule }, index) =>
        validateRule(`spec.egress[${index}]`, { ...rule, peers: to }, 'to'),
      ),
    ]
  },
  warnings({ spec: { ingress = [], egress = [] } }) {
    return [
      ...ingress.flatMap((rule, index) => portWarnings(`spec.ingress[${index}]`, rule.protocols)),
      ...egress.flatMap((rule, index) => portWarnings(`spec.egress[${index}]`, rule.protocols)),
    ]
  },
})

function validatePriority(priority: number | undefined): FieldError[] {
  const field = 'spec.priority'
  if (priority === undefined) return [required(field)]
  if (priority < 0) return [invalidValue(field, priority, 'should be greater than or equal to 0')]
  if (priority > MAX_PRIORITY)
    return [invalidValue(field, priority, `should be less than or equal to ${MAX_PRIORITY}`)]
  return []
}

interface Rule {
  readonly name?: string
  readonly action: ClusterNetworkPolicyAction
  readonly peers: readonly ClusterNetworkPolicyEgressPeer[] | undefined
  readonly protocols?: readonly ClusterNetworkPolicyProtocol[]
}

function validateRule(
  field: string,
  { name = '', action, peers, protocols }: Rule,
  direction: 'from' | 'to',
): FieldError[] {
  return [
    ...(name.length > MAX_RULE_NAME ? [tooLong(`${field}.name`, MAX_RULE_NAME)] : []),
    ...oneOf(`${field}.action`, action, ACTIONS),
    ...(peers === undefined ? [required(`${field}.${direction}`)] : someOf(`${field}.${direction}`, peers)),
    ...(peers ?? []).flatMap((peer, index) => validatePeer(`${field}.${direction}[${index}]`, peer)),
    ...(protocols === undefined ? [] : someOf(`${field}.protocols`, protocols)),
    ...(protocols ?? []).flatMap((protocol, index) =>
      validateProtocol(`${field}.protocols[${index}]`, protocol),
    ),
    ...validateNamedPorts(field, peers ?? [], protocols ?? []),
  ]
}

const NAMED_PORTS =
  'networks/nodes/domainNames peer cannot be set with namedPorts since there are no namedPorts for networks/nodes/domainNames'

function validateNamedPorts(
  field: string,
  peers: readonly ClusterNetworkPolicyEgressPeer[],
  protocols: readonly ClusterNetworkPolicyProtocol[],
): FieldError[] {
  const outside = peers.some(
    ({ networks, nodes, domainNames }) => (networks ?? nodes ?? domainNames) !== undefined,
  )
  const named = protocols.some(({ destinationNamedPort }) => destinationNamedPort !== undefined)
  return outside && named ? [invalidValue(field, 'object', NAMED_PORTS)] : []
}

/** Also a subject, which is a peer that has only pods. */
function validatePeer(field: string, peer: ClusterNetworkPolicyEgressPeer | undefined): FieldError[] {
  if (peer === undefined) return [required(field)]
  const { namespaces, pods, nodes, networks, domainNames } = peer
  return [
    ...exactlyOne(field, peer),
    ...(namespaces === undefined ? [] : validateLabelSelector(namespaces, `${field}.namespaces`)),
    ...(pods === undefined ? [] : validatePods(`${field}.pods`, pods)),
    ...(nodes === undefined ? [] : validateLabelSelector(nodes, `${field}.nodes`)),
    ...(networks === undefined ? [] : validateNetworks(`${field}.networks`, networks)),
    ...(domainNames === undefined
      ? []
      : [forbiddenField(`${field}.domainNames`, 'cannot be evaluated: no domain name is resolved here')]),
  ]
}

function validatePods(field: string, pods: NonNullable<ClusterNetworkPolicyPodPeer['pods']>): FieldError[] {
  return [
    ...validateLabelSelector(pods.namespaceSelector, `${field}.namespaceSelector`),
    ...((pods.podSelector as LabelSelector | undefined) === undefined
      ? [required(`${field}.podSelector`)]
      : validateLabelSelector(pods.podSelector, `${field}.podSelector`)),
  ]
}

function validateNetworks(field: string, networks: readonly string[]): FieldError[] {
  return [
    ...someOf(field, networks),
    ...networks.flatMap((cidr, index) => {
      const at = `${field}[${index}]`
      if (parseCidr(cidr) === undefined) return [invalidValue(at, cidr, 'Invalid CIDR format provided')]
      return networks.indexOf(cidr) === index ? [] : [duplicate(at, cidr)]
    }),
  ]
}

function validateProtocol(field: string, protocol: ClusterNetworkPolicyProtocol): FieldError[] {
  return [
    ...exactlyOne(field, protocol),
    ...(['tcp', 'udp', 'sctp'] as const).flatMap((name) => validatePorts(`${field}.${name}`, protocol[name])),
  ]
}

function validatePorts(field: string, ports: ClusterNetworkPolicyPorts | undefined): FieldError[] {
  const port = ports?.destinationPort
  if (port === undefined) return []
  const at = `${field}.destinationPort`
  return [
    ...exactlyOne(at, port),
    ...(port.number === undefined ? [] : validatePortNumber(port.number, `${at}.number`)),
    ...(port.range === undefined ? [] : validateRange(`${at}.range`, port.range)),
  ]
}

function validateRange(
  field: string,
  { start, end }: { readonly start?: number; readonly end?: number },
): FieldError[] {
  const errors = [
    ...(start === undefined ? [required(`${field}.start`)] : validatePortNumber(start, `${field}.start`)),
    ...(end === undefined ? [required(`${field}.end`)] : validatePortNumber(end, `${field}.end`)),
  ]
  if (start !== undefined && end !== undefined && start >= end)
    errors.push(invalidValue(field, { start, end }, 'Start port must be less than End port'))
  return errors
}

/** What the overview of the API allows and its schema does not. */
function portWarnings(field: string, protocols: readonly ClusterNetworkPolicyProtocol[] = []): string[] {
  return protocols.flatMap((protocol, index) =>
    (['tcp', 'udp', 'sctp'] as const)
      .filter((name) => protocol[name] !== undefined && protocol[name].destinationPort === undefined)
      .map(
        (name) =>
          `${field}.protocols[${index}].${name}: without a destinationPort it means all ports; the published schema refuses that, a range from 1 to 65535 says the same`,
      ),
  )
}

function oneOf(field: string, value: string | undefined, values: readonly string[]): FieldError[] {
  if (value === undefined) return [required(field)]
  return values.includes(value) ? [] : [notSupported(field, value, values)]
}

function atMost(field: string, items: readonly unknown[], most = MAX_ITEMS): FieldError[] {
  return items.length > most ? [tooMany(field, items.length, most)] : []
}

function someOf(field: string, items: readonly unknown[]): FieldError[] {
  return items.length === 0 ? [invalidValue(field, 0, 'should have at least 1 items')] : atMost(field, items)
}

function exactlyOne(field: string, value: object): FieldError[] {
  const given = Object.values(value).filter((part) => part !== undefined).length
  if (given === 0) return [invalidValue(field, 0, 'should have at least 1 properties')]
  return given > 1 ? [tooMany(field, given, 1)] : []
}
