/** discovery.k8s.io/v1 EndpointSlice (pkg/apis/discovery: validation, defaults). */
import {
  duplicate,
  invalidValue,
  notSupported,
  required,
  tooMany,
  type FieldError,
} from '../../meta/field-error.ts'
import { familyOf } from '../../meta/ip.ts'
import { dnsLabel, dnsSubdomain } from '../../meta/validate-names.ts'
import type { Endpoint, EndpointSlice } from '../../types/index.ts'
import { defineKind } from '../kind.ts'
import { kindSchema, objectReference } from '../metadata.ts'
import { PROTOCOLS } from '../ports.ts'
import { boolean, int32, list, mapOf, object, string, strings } from '../schema.ts'

const MAX_ENDPOINTS = 1000
const MAX_ADDRESSES = 100
const MAX_PORTS = 20_000
const MAX_HINTS = 8
const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6']

const named = object('ForZone', { name: string })

export const endpointslices = defineKind<EndpointSlice>({
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  resource: 'endpointslices',
  namespaced: true,
  hasGeneration: true,
  nameCheck: dnsSubdomain,
  schema: kindSchema('EndpointSlice', {
    addressType: string,
    endpoints: list(
      object('Endpoint', {
        addresses: strings,
        conditions: object('EndpointConditions', { ready: boolean, serving: boolean, terminating: boolean }),
        hostname: string,
        targetRef: objectReference,
        deprecatedTopology: mapOf(string),
        nodeName: string,
        zone: string,
        hints: object('EndpointHints', { forZones: list(named), forNodes: list(named) }),
      }),
    ),
    ports: list(object('EndpointPort', { name: string, protocol: string, port: int32, appProtocol: string })),
  }),
  defaults(draft) {
    // An empty list of the Go type prints as null.
    if ((draft.endpoints ?? []).length === 0) draft.endpoints = null
    if ((draft.ports ?? []).length === 0) draft.ports = null
    for (const port of draft.ports ?? []) {
      port.name ??= ''
      port.protocol ??= 'TCP'
    }
  },
  validate({ addressType, endpoints, ports }) {
    const errors: FieldError[] = []
    if (!addressType) errors.push(required('addressType'))
    else if (!ADDRESS_TYPES.includes(addressType))
      errors.push(notSupported('addressType', addressType, ADDRESS_TYPES))
    const list = endpoints ?? []
    if (list.length > MAX_ENDPOINTS) errors.push(tooMany('endpoints', list.length, MAX_ENDPOINTS))
    else
      list.forEach((endpoint, index) =>
        validateEndpoint(errors, endpoint, addressType, `endpoints[${index}]`),
      )
    const names = new Set<string>()
    if ((ports ?? []).length > MAX_PORTS) errors.push(tooMany('ports', ports!.length, MAX_PORTS))
    ;(ports ?? []).forEach(({ name = '', protocol, port }, index) => {
      if (names.has(name)) errors.push(duplicate(`ports[${index}].name`, name))
      names.add(name)
      if (name !== '') {
        const wrong = dnsLabel(name)
        if (wrong !== undefined) errors.push(invalidValue(`ports[${index}].name`, name, wrong))
      }
      if (!PROTOCOLS.includes(protocol ?? ''))
        errors.push(notSupported(`ports[${index}].protocol`, protocol, PROTOCOLS))
      if (port !== undefined && (port < 0 || port > 65535))
        errors.push(invalidValue(`ports[${index}].port`, port, 'must be between 1 and 65535, inclusive'))
    })
    return errors
  },
  validateUpdate(object, old) {
    return object.addressType === old.addressType
      ? []
      : [invalidValue('addressType', object.addressType, 'field is immutable')]
  },
})

function validateEndpoint(
  errors: FieldError[],
  { addresses, hints, hostname, nodeName }: Endpoint,
  addressType: string,
  field: string,
): void {
  if ((addresses ?? []).length === 0)
    errors.push(required(`${field}.addresses`, 'must contain at least 1 address'))
  else if (addresses.length > MAX_ADDRESSES)
    errors.push(tooMany(`${field}.addresses`, addresses.length, MAX_ADDRESSES))
  else
    for (const [index, address] of addresses.entries()) {
      const at = `${field}.addresses[${index}]`
      if (addressType === 'FQDN') {
        const wrong = dnsSubdomain(address)
        if (wrong !== undefined) errors.push(invalidValue(at, address, wrong))
      } else if (familyOf(address) !== addressType)
        errors.push(invalidValue(at, address, `must be a valid ${addressType} address`))
      else if (/^(0\.0\.0\.0$|127\.|169\.254\.|224\.0\.0\.|::1?$|fe[89ab]|ff02)/i.test(address))
        errors.push(
          invalidValue(
            at,
            address,
            'may not be an unspecified, loopback, link-local or local multicast address',
          ),
        )
    }
  if (hostname !== undefined) {
    const wrong = dnsLabel(hostname)
    if (wrong !== undefined) errors.push(invalidValue(`${field}.hostname`, hostname, wrong))
  }
  if (nodeName !== undefined) {
    const wrong = dnsSubdomain(nodeName)
    if (wrong !== undefined) errors.push(invalidValue(`${field}.nodeName`, nodeName, wrong))
  }
  for (const kind of ['forZones', 'forNodes'] as const)
    if ((hints?.[kind]?.length ?? 0) > MAX_HINTS)
      errors.push(tooMany(`${field}.hints.${kind}`, hints![kind]!.length, MAX_HINTS))
}
