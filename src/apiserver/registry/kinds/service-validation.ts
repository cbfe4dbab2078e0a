/** What makes a Service invalid (pkg/apis/core/validation: ValidateService). */
import {
  duplicate,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  type FieldError,
} from '../../meta/field-error.ts'
import { familyOf, parseCidr } from '../../meta/ip.ts'
import { dnsLabel, dnsSubdomain } from '../../meta/validate-names.ts'
import type { Service, ServicePort, ServiceSpec } from '../../types/index.ts'
import { validateLabels } from '../metadata.ts'
import { validatePortNumber, validatePortNumberOrName, validateProtocol } from '../ports.ts'

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const AFFINITIES = ['ClientIP', 'None']
const POLICIES = ['Cluster', 'Local']
const FAMILIES = ['IPv4', 'IPv6']
const FAMILY_POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack']
const DISTRIBUTIONS = ['PreferClose', 'PreferSameNode', 'PreferSameZone']
const BAD_IP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
const BAD_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'

export function validateService({ spec }: Service): FieldError[] {
  const errors: FieldError[] = []
  const headless = spec.clusterIP === 'None' || spec.clusterIPs?.[0] === 'None'
  if (!TYPES.includes(spec.type ?? '')) errors.push(notSupported('spec.type', spec.type, TYPES))
  if ((spec.ports ?? []).length === 0 && !headless && spec.type !== 'ExternalName')
    errors.push(required('spec.ports'))
  if (spec.type === 'ExternalName') errors.push(...validateExternalName(spec))
  else if (headless && (spec.type === 'NodePort' || spec.type === 'LoadBalancer'))
    errors.push(
      invalidValue('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`),
    )
  errors.push(...validatePorts(spec, headless))
  errors.push(...validateLabels(spec.selector, 'spec.selector'))
  errors.push(...validateAffinity(spec))
  errors.push(...validateClusterIPs(spec))
  ;(spec.externalIPs ?? []).forEach((ip, index) => {
    const field = `spec.externalIPs[${index}]`
    if (familyOf(ip) === undefined) errors.push(invalidValue(field, ip, BAD_IP))
    else if (/^(0\.0\.0\.0|127\.|169\.254\.|22[4-9]\.|23\d\.|::1?$|fe[89ab]|ff)/i.test(ip))
      errors.push(
        invalidValue(field, ip, 'may not be an unspecified, loopback, link-local or multicast address'),
      )
  })
  errors.push(...validatePolicies(spec))
  errors.push(...validateLoadBalancer(spec))
  return errors
}

function validateExternalName({
  externalName = '',
  clusterIP,
  clusterIPs,
  ipFamilies,
  ipFamilyPolicy,
}: ServiceSpec): FieldError[] {
  const errors: FieldError[] = []
  const name = externalName.replace(/\.$/, '')
  const wrong = name === '' ? undefined : dnsSubdomain(name)
  if (name === '') errors.push(required('spec.externalName'))
  else if (wrong !== undefined) errors.push(invalidValue('spec.externalName', externalName, wrong))
  const why = 'may not be set for ExternalName services'
  if (clusterIP && clusterIP !== 'None') errors.push(invalidValue('spec.clusterIP', clusterIP, why))
  if (clusterIPs?.length && clusterIPs[0] !== 'None')
    errors.push(invalidValue('spec.clusterIPs', clusterIPs, why))
  if (ipFamilies?.length) errors.push(forbiddenField('spec.ipFamilies', why))
  if (ipFamilyPolicy !== undefined) errors.push(forbiddenField('spec.ipFamilyPolicy', why))
  return errors
}

function validatePorts(spec: ServiceSpec, headless: boolean): FieldError[] {
  const ports = spec.ports ?? []
  const errors: FieldError[] = []
  const names = new Set<string>()
  const portProtocols = new Set<string>()
  const nodePorts = new Set<string>()
  ports.forEach((port, index) => {
    const field = `spec.ports[${index}]`
    errors.push(...validatePort(port, field, ports.length > 1, headless, names))
    const identity = `${port.protocol}/${port.port}`
    if (portProtocols.has(identity))
      errors.push(duplicate(field, { protocol: port.protocol, port: port.port }))
    portProtocols.add(identity)
    if (!port.nodePort) return
    if (spec.type === 'ClusterIP' || spec.type === 'ExternalName')
      errors.push(forbiddenField(`${field}.nodePort`, `may not be used when \`type\` is '${spec.type}'`))
    const nodeIdentity = `${port.protocol}/${port.nodePort}`
    if (nodePorts.has(nodeIdentity)) errors.push(duplicate(`${field}.nodePort`, port.nodePort))
    nodePorts.add(nodeIdentity)
  })
  return errors
}

function validatePort(
  { name, port, protocol, targetPort, nodePort }: ServicePort,
  field: string,
  nameRequired: boolean,
  headless: boolean,
  names: Set<string>,
): FieldError[] {
  const errors: FieldError[] = []
  if (!name) {
    if (nameRequired) errors.push(required(`${field}.name`))
  } else {
    const wrong = dnsLabel(name)
    if (wrong !== undefined) errors.push(invalidValue(`${field}.name`, name, wrong))
    else if (names.has(name)) errors.push(duplicate(`${field}.name`, name))
    names.add(name)
  }
  errors.push(...validatePortNumber(port ?? 0, `${field}.port`))
  errors.push(...validateProtocol(protocol, `${field}.protocol`))
  if (targetPort !== undefined) errors.push(...validatePortNumberOrName(targetPort, `${field}.targetPort`))
  if (headless && typeof targetPort === 'number' && targetPort < 0)
    errors.push(invalidValue(`${field}.targetPort`, targetPort, 'must not be negative'))
  if (nodePort !== undefined && nodePort !== 0)
    errors.push(...validatePortNumber(nodePort, `${field}.nodePort`))
  return errors
}

function validateAffinity({ sessionAffinity, sessionAffinityConfig }: ServiceSpec): FieldError[] {
  if (!AFFINITIES.includes(sessionAffinity ?? ''))
    return [notSupported('spec.sessionAffinity', sessionAffinity, AFFINITIES)]
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds
  return sessionAffinity === 'ClientIP' && (seconds === undefined || seconds <= 0 || seconds > 86_400)
    ? [
        invalidValue(
          'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
          seconds,
          'must be greater than 0 and less than or equal to 86400',
        ),
      ]
    : []
}

function validateClusterIPs({
  type,
  clusterIP,
  clusterIPs = [],
  ipFamilies = [],
  ipFamilyPolicy,
}: ServiceSpec): FieldError[] {
  if (type === 'ExternalName') return []
  const errors: FieldError[] = []
  if (clusterIPs.length > 0 && clusterIP !== undefined && clusterIP !== '' && clusterIPs[0] !== clusterIP)
    errors.push(invalidValue('spec.clusterIPs', clusterIPs, 'first value must match `clusterIP`'))
  if (clusterIPs.length > 2)
    errors.push(invalidValue('spec.clusterIPs', clusterIPs, 'may only hold up to 2 values'))
  clusterIPs.forEach((ip, index) => {
    const field = `spec.clusterIPs[${index}]`
    if (ip === 'None' && index === 0 && clusterIPs.length === 1) return
    const family = familyOf(ip)
    if (family === undefined) errors.push(invalidValue(field, ip, BAD_IP))
    else if (ipFamilies[index] !== undefined && ipFamilies[index] !== family)
      errors.push(
        invalidValue(
          field,
          ip,
          `expected an ${ipFamilies[index]} value as indicated by \`ipFamilies[${index}]\``,
        ),
      )
  })
  if (clusterIPs.length === 2 && familyOf(clusterIPs[0]!) === familyOf(clusterIPs[1]!))
    errors.push(
      invalidValue('spec.clusterIPs', clusterIPs, 'may specify no more than one IP for each IP family'),
    )
  ipFamilies.forEach((family, index) => {
    if (!FAMILIES.includes(family)) errors.push(notSupported(`spec.ipFamilies[${index}]`, family, FAMILIES))
    else if (ipFamilies.indexOf(family) !== index) errors.push(duplicate(`spec.ipFamilies[${index}]`, family))
  })
  if (ipFamilyPolicy !== undefined && !FAMILY_POLICIES.includes(ipFamilyPolicy))
    errors.push(notSupported('spec.ipFamilyPolicy', ipFamilyPolicy, FAMILY_POLICIES))
  return errors
}

function validatePolicies(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = []
  const { internalTrafficPolicy: internal, externalTrafficPolicy: external, trafficDistribution } = spec
  if (internal !== undefined && !POLICIES.includes(internal))
    errors.push(notSupported('spec.internalTrafficPolicy', internal, POLICIES))
  if (external !== undefined) {
    const outside =
      spec.type === 'NodePort' || spec.type === 'LoadBalancer' || (spec.externalIPs ?? []).length > 0
    if (!outside)
      errors.push(
        invalidValue(
          'spec.externalTrafficPolicy',
          external,
          'may only be set for externally-accessible services',
        ),
      )
    else if (!POLICIES.includes(external))
      errors.push(notSupported('spec.externalTrafficPolicy', external, POLICIES))
  }
  if (trafficDistribution !== undefined && !DISTRIBUTIONS.includes(trafficDistribution))
    errors.push(notSupported('spec.trafficDistribution', trafficDistribution, DISTRIBUTIONS))
  return errors
}

function validateLoadBalancer(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = []
  const balancer = spec.type === 'LoadBalancer'
  if (spec.healthCheckNodePort !== undefined && spec.healthCheckNodePort !== 0) {
    errors.push(...validatePortNumber(spec.healthCheckNodePort, 'spec.healthCheckNodePort'))
    if (!balancer || spec.externalTrafficPolicy !== 'Local')
      errors.push(
        invalidValue(
          'spec.healthCheckNodePort',
          spec.healthCheckNodePort,
          "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
        ),
      )
  }
  if ((spec.loadBalancerSourceRanges ?? []).length > 0) {
    if (!balancer)
      errors.push(
        forbiddenField('spec.LoadBalancerSourceRanges', "may only be used when `type` is 'LoadBalancer'"),
      )
    spec.loadBalancerSourceRanges!.forEach((range, index) => {
      if (parseCidr(range.trim()) === undefined)
        errors.push(invalidValue(`spec.loadBalancerSourceRanges[${index}]`, range, BAD_CIDR))
    })
  }
  if (spec.allocateLoadBalancerNodePorts !== undefined && !balancer)
    errors.push(
      forbiddenField('spec.allocateLoadBalancerNodePorts', "may only be used when `type` is 'LoadBalancer'"),
    )
  if (spec.loadBalancerClass !== undefined && !balancer)
    errors.push(forbiddenField('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'"))
  return errors
}

/** The first address and family of a service do not change while it has them. */
export function validateServiceUpdate({ spec }: Service, { spec: old }: Service): FieldError[] {
  const errors: FieldError[] = []
  if (spec.type === 'ExternalName' || old.type === 'ExternalName') return errors
  const before = old.clusterIPs ?? []
  const after = spec.clusterIPs ?? []
  if (before.length > 0 && after[0] !== before[0])
    errors.push(invalidValue('spec.clusterIPs[0]', after, 'may not change once set'))
  if (before.length > 1 && after.length > 1 && after[1] !== before[1])
    errors.push(invalidValue('spec.clusterIPs[1]', after, 'may not change once set'))
  const family = old.ipFamilies?.[0]
  if (family !== undefined && spec.ipFamilies !== undefined && spec.ipFamilies[0] !== family)
    errors.push(invalidValue('spec.ipFamilies[0]', spec.ipFamilies, 'may not change once set'))
  return errors
}
