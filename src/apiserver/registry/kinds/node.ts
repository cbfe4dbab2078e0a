import {
  duplicate,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  type FieldError,
} from '../../meta/field-error.ts'
import { parseCidr } from '../../meta/ip.ts'
import { dnsSubdomain, labelValue, qualifiedName } from '../../meta/validate-names.ts'
import type { Node, Taint } from '../../types/index.ts'
import { jsonEqual } from '../../meta/json.ts'
import { defineKind } from '../kind.ts'
import { conditions, kindSchema } from '../metadata.ts'
import {
  any,
  boolean,
  list,
  listByKey,
  mapOf,
  object,
  quantity,
  setOf,
  string,
  stringMap,
} from '../schema.ts'

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

export const nodes = defineKind<Node>({
  group: '',
  version: 'v1',
  kind: 'Node',
  resource: 'nodes',
  shortNames: ['no'],
  namespaced: false,
  storagePrefix: '/registry/minions/',
  hasStatus: true,
  nameCheck: dnsSubdomain,
  fieldLabels: { 'spec.unschedulable': ({ spec }) => String(spec?.unschedulable ?? false) },
  schema: kindSchema('Node', {
    spec: object('NodeSpec', {
      podCIDR: string,
      podCIDRs: setOf(string),
      providerID: string,
      unschedulable: boolean,
      taints: list(object('Taint', { key: string, value: string, effect: string, timeAdded: string })),
      externalID: string,
      configSource: any,
    }),
    status: object('NodeStatus', {
      capacity: mapOf(quantity),
      allocatable: mapOf(quantity),
      phase: string,
      conditions,
      addresses: listByKey('type', object('NodeAddress', { type: string, address: string })),
      daemonEndpoints: any,
      nodeInfo: stringMap,
      images: list(any),
      volumesInUse: list(string),
      volumesAttached: list(any),
      config: any,
      runtimeHandlers: list(any),
      features: any,
    }),
  }),
  validate({ spec = {} }) {
    const errors: FieldError[] = []
    const cidrs = spec.podCIDRs ?? []
    cidrs.forEach((cidr, index) => {
      if (parseCidr(cidr) === undefined)
        errors.push(
          invalidValue(
            `spec.podCIDRs[${index}]`,
            cidr,
            'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
          ),
        )
    })
    if (cidrs.length > 2)
      errors.push(
        invalidValue('spec.podCIDRs', cidrs, 'may specify no more than one CIDR for each IP family'),
      )
    else if (cidrs.length === 2 && parseCidr(cidrs[0]!)?.family === parseCidr(cidrs[1]!)?.family)
      errors.push(
        invalidValue('spec.podCIDRs', cidrs, 'may specify no more than one CIDR for each IP family'),
      )
    errors.push(...validateTaints(spec.taints ?? []))
    return errors
  },
  defaults({ spec }) {
    // podCIDR and podCIDRs[0] are one field with two names.
    if (spec === undefined) return
    if (spec.podCIDRs?.length) spec.podCIDR = spec.podCIDRs[0]!
    else if (spec.podCIDR !== undefined && spec.podCIDR !== '') spec.podCIDRs = [spec.podCIDR]
  },
  validateUpdate(object, old) {
    const before = old.spec?.podCIDRs ?? []
    return before.length > 0 && !jsonEqual(before, object.spec?.podCIDRs ?? [])
      ? [forbiddenField('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid')]
      : []
  },
})

function validateTaints(taints: readonly Taint[]): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  taints.forEach(({ key, value = '', effect }, index) => {
    const at = `spec.taints[${index}]`
    const wrongKey = qualifiedName(key ?? '')
    if (wrongKey !== undefined) errors.push(invalidValue(`${at}.key`, key ?? '', wrongKey))
    const wrongValue = labelValue(value)
    if (wrongValue !== undefined) errors.push(invalidValue(`${at}.value`, value, wrongValue))
    if (!effect) errors.push(required(`${at}.effect`))
    else if (!EFFECTS.includes(effect)) errors.push(notSupported(`${at}.effect`, effect, EFFECTS))
    const identity = `${key}:${effect}`
    if (seen.has(identity)) errors.push(duplicate(at, identity))
    seen.add(identity)
  })
  return errors
}
