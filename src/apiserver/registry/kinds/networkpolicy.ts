/** networking.k8s.io/v1 NetworkPolicy (pkg/apis/networking: validation, defaults). */
import {
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  type FieldError,
} from '../../meta/field-error.ts'
import { cidrContains, formatCidr, parseCidr } from '../../meta/ip.ts'
import { dnsSubdomain } from '../../meta/validate-names.ts'
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../../types/index.ts'
import { defineKind } from '../kind.ts'
import { kindSchema, labelSelector, validateLabelSelector } from '../metadata.ts'
import { PROTOCOLS, validatePortName, validatePortNumber } from '../ports.ts'
import { int32, intOrString, list, object, string, strings } from '../schema.ts'

const port = object('NetworkPolicyPort', { protocol: string, port: intOrString, endPort: int32 })
const peer = object('NetworkPolicyPeer', {
  podSelector: labelSelector,
  namespaceSelector: labelSelector,
  ipBlock: object('IPBlock', { cidr: string, except: strings }),
})

const POLICY_TYPES = ['Ingress', 'Egress']

export const networkpolicies = defineKind<NetworkPolicy>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  resource: 'networkpolicies',
  shortNames: ['netpol'],
  namespaced: true,
  hasGeneration: true,
  nameCheck: dnsSubdomain,
  schema: kindSchema('NetworkPolicy', {
    spec: object('NetworkPolicySpec', {
      podSelector: labelSelector,
      ingress: list(object('NetworkPolicyIngressRule', { ports: list(port), from: list(peer) })),
      egress: list(object('NetworkPolicyEgressRule', { ports: list(port), to: list(peer) })),
      policyTypes: strings,
    }),
  }),
  defaults(draft) {
    draft.spec ??= {}
    const { spec } = draft
    spec.podSelector ??= {}
    if (spec.policyTypes === undefined || spec.policyTypes.length === 0)
      spec.policyTypes = (spec.egress?.length ?? 0) > 0 ? ['Ingress', 'Egress'] : ['Ingress']
    for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])])
      for (const entry of rule.ports ?? []) entry.protocol ??= 'TCP'
  },
  validate({ spec }) {
    const errors = validateLabelSelector(spec.podSelector, 'spec.podSelector')
    ;(spec.ingress ?? []).forEach(({ ports, from }, index) => {
      errors.push(...validateRule(`spec.ingress[${index}]`, ports, from, 'from'))
    })
    ;(spec.egress ?? []).forEach(({ ports, to }, index) => {
      errors.push(...validateRule(`spec.egress[${index}]`, ports, to, 'to'))
    })
    const types = spec.policyTypes ?? []
    if (types.length > 2)
      errors.push(invalidValue('spec.policyTypes', types, 'may not specify more than two policyTypes'))
    else
      types.forEach((type, index) => {
        if (!POLICY_TYPES.includes(type))
          errors.push(notSupported(`spec.policyTypes[${index}]`, type, POLICY_TYPES))
      })
    return errors
  },
})

function validateRule(
  field: string,
  ports: readonly NetworkPolicyPort[] = [],
  peers: readonly NetworkPolicyPeer[] = [],
  direction: 'from' | 'to',
): FieldError[] {
  return [
    ...ports.flatMap((entry, index) => validatePort(entry, `${field}.ports[${index}]`)),
    ...peers.flatMap((entry, index) => validatePeer(entry, `${field}.${direction}[${index}]`)),
  ]
}

function validatePort({ protocol, port, endPort }: NetworkPolicyPort, field: string): FieldError[] {
  const errors: FieldError[] = []
  if (protocol !== undefined && !PROTOCOLS.includes(protocol))
    errors.push(notSupported(`${field}.protocol`, protocol, PROTOCOLS))
  if (typeof port === 'number') {
    errors.push(...validatePortNumber(port, `${field}.port`))
    if (endPort !== undefined) {
      if (endPort < port)
        errors.push(invalidValue(`${field}.endPort`, endPort, 'must be greater than or equal to `port`'))
      errors.push(...validatePortNumber(endPort, `${field}.endPort`))
    }
  } else if (endPort !== undefined) {
    const why = port === undefined ? 'must be specified when `endPort` is specified' : undefined
    errors.push(
      why === undefined
        ? forbiddenField(`${field}.endPort`, 'may not be specified when `port` is non-numeric')
        : required(`${field}.port`, why),
    )
  }
  if (typeof port === 'string') errors.push(...validatePortName(port, `${field}.port`))
  return errors
}

function validatePeer(
  { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer,
  field: string,
): FieldError[] {
  const errors: FieldError[] = []
  if (podSelector !== undefined) errors.push(...validateLabelSelector(podSelector, `${field}.podSelector`))
  if (namespaceSelector !== undefined)
    errors.push(...validateLabelSelector(namespaceSelector, `${field}.namespaceSelector`))
  if (ipBlock !== undefined) {
    errors.push(...validateIpBlock(ipBlock, `${field}.ipBlock`))
    if (podSelector !== undefined || namespaceSelector !== undefined)
      errors.push(forbiddenField(field, 'may not specify both ipBlock and another peer'))
  }
  if (podSelector === undefined && namespaceSelector === undefined && ipBlock === undefined)
    errors.push(required(field, 'must specify a peer'))
  return errors
}

const CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'

function validateIpBlock(
  { cidr, except = [] }: NonNullable<NetworkPolicyPeer['ipBlock']>,
  field: string,
): FieldError[] {
  if ((cidr ?? '') === '') return [required(`${field}.cidr`)]
  const outer = parseCidr(cidr)
  if (outer === undefined) return [invalidValue(`${field}.cidr`, cidr, CIDR)]
  return except.flatMap((text, index) => {
    const at = `${field}.except[${index}]`
    const inner = parseCidr(text)
    if (inner === undefined) return [invalidValue(at, text, CIDR)]
    const inside =
      cidrContains(outer, { family: inner.family, value: inner.base }) &&
      inner.prefixLength > outer.prefixLength
    return inside ? [] : [invalidValue(at, text, `must be a strict subset of \`cidr\` ${formatCidr(outer)}`)]
  })
}
