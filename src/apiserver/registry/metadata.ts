/** The schema and validation of `metadata` (apimachinery: api/validation/objectmeta.go). */
import { forbiddenField, invalidValue, required, tooLong, type FieldError } from '../meta/field-error.ts'
import { labelValue, qualifiedName } from '../meta/validate-names.ts'
import type { KubeObject, LabelSelector, Labels } from '../types/index.ts'
import type { KindDefinition } from './kind.ts'
import {
  any,
  boolean,
  int64,
  list,
  listByKey,
  object,
  setOf,
  string,
  stringMap,
  strings,
  type ObjectSchema,
  type Schema,
} from './schema.ts'

export const objectMeta = object('ObjectMeta', {
  name: string,
  generateName: string,
  namespace: string,
  selfLink: string,
  uid: string,
  resourceVersion: string,
  generation: int64,
  creationTimestamp: string,
  deletionTimestamp: string,
  deletionGracePeriodSeconds: int64,
  labels: stringMap,
  annotations: stringMap,
  ownerReferences: listByKey(
    'uid',
    object('OwnerReference', {
      apiVersion: string,
      kind: string,
      name: string,
      uid: string,
      controller: boolean,
      blockOwnerDeletion: boolean,
    }),
  ),
  finalizers: setOf(string),
  managedFields: list(any),
})

export const labelSelector = object('LabelSelector', {
  matchLabels: stringMap,
  matchExpressions: list(
    object('LabelSelectorRequirement', { key: string, operator: string, values: strings }),
  ),
})

export const condition = object('Condition', {
  type: string,
  status: string,
  reason: string,
  message: string,
  lastTransitionTime: string,
  lastProbeTime: string,
  lastUpdateTime: string,
  lastHeartbeatTime: string,
  observedGeneration: int64,
})

/** A list of conditions, merged by type. */
export const conditions = listByKey('type', condition)

export const objectReference = object('ObjectReference', {
  kind: string,
  namespace: string,
  name: string,
  uid: string,
  apiVersion: string,
  resourceVersion: string,
  fieldPath: string,
})

/** The schema of a whole object. */
export function kindSchema(kind: string, fields: Readonly<Record<string, Schema>>): ObjectSchema {
  return object(kind, { apiVersion: string, kind: string, metadata: objectMeta, ...fields })
}

const MAX_ANNOTATIONS = 256 * 1024

export function validateMetadata(kind: KindDefinition, { metadata }: KubeObject): FieldError[] {
  const errors: FieldError[] = []
  if (metadata.name === '') errors.push(required('metadata.name', 'name or generateName is required'))
  else {
    const wrong = kind.nameCheck(metadata.name)
    if (wrong !== undefined) errors.push(invalidValue('metadata.name', metadata.name, wrong))
  }
  errors.push(...validateLabels(metadata.labels, 'metadata.labels'))
  let bytes = 0
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    const wrong = qualifiedName(key.toLowerCase())
    if (wrong !== undefined) errors.push(invalidValue('metadata.annotations', key, wrong))
    bytes += key.length + value.length
  }
  if (bytes > MAX_ANNOTATIONS) errors.push(tooLong('metadata.annotations', MAX_ANNOTATIONS))
  for (const finalizer of metadata.finalizers ?? []) {
    const wrong = qualifiedName(finalizer)
    if (wrong !== undefined) errors.push(invalidValue('metadata.finalizers', finalizer, wrong))
  }
  errors.push(...validateOwners(metadata.ownerReferences ?? []))
  return errors
}

function validateOwners(owners: NonNullable<KubeObject['metadata']['ownerReferences']>): FieldError[] {
  const errors: FieldError[] = []
  owners.forEach((owner, index) => {
    for (const field of ['apiVersion', 'kind', 'name', 'uid'] as const)
      if ((owner[field] ?? '') === '')
        errors.push(
          invalidValue(
            `metadata.ownerReferences[${index}].${field}`,
            owner[field],
            `${field} must not be empty`,
          ),
        )
  })
  const controllers = owners.filter(({ controller }) => controller === true)
  if (controllers.length > 1)
    errors.push(
      invalidValue(
        'metadata.ownerReferences',
        owners,
        `Only one reference can have Controller set to true. Found "true" in references for ${controllers[0]!.name} and ${controllers[1]!.name}`,
      ),
    )
  return errors
}

/** Fields of metadata that an update may not change. */
export function validateMetadataUpdate(object: KubeObject, old: KubeObject): FieldError[] {
  const errors: FieldError[] = []
  for (const field of ['name', 'namespace', 'uid', 'creationTimestamp'] as const)
    if (object.metadata[field] !== old.metadata[field])
      errors.push(invalidValue(`metadata.${field}`, object.metadata[field], 'field is immutable'))
  if (old.metadata.deletionTimestamp !== undefined) {
    const before = old.metadata.finalizers ?? []
    const added = (object.metadata.finalizers ?? []).filter((name) => !before.includes(name))
    if (added.length > 0)
      errors.push(
        forbiddenField(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((name) => JSON.stringify(name)).join(', ')}}`,
        ),
      )
  }
  return errors
}

export function validateLabels(labels: Labels | undefined, field: string): FieldError[] {
  const errors: FieldError[] = []
  for (const [key, value] of Object.entries(labels ?? {})) {
    const wrongKey = qualifiedName(key)
    if (wrongKey !== undefined) errors.push(invalidValue(field, key, wrongKey))
    const wrongValue = labelValue(value)
    if (wrongValue !== undefined) errors.push(invalidValue(field, value, wrongValue))
  }
  return errors
}

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist']

export function validateLabelSelector(selector: LabelSelector | undefined, field: string): FieldError[] {
  const errors = validateLabels(selector?.matchLabels, `${field}.matchLabels`)
  ;(selector?.matchExpressions ?? []).forEach(({ key, operator, values = [] }, index) => {
    const at = `${field}.matchExpressions[${index}]`
    const wrong = qualifiedName(key ?? '')
    if (wrong !== undefined) errors.push(invalidValue(`${at}.key`, key ?? '', wrong))
    if (!OPERATORS.includes(operator))
      errors.push(invalidValue(`${at}.operator`, operator ?? '', 'not a valid selector operator'))
    else if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0)
        errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
    } else if (values.length > 0)
      errors.push(
        forbiddenField(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
      )
    values.forEach((value, position) => {
      const wrongValue = labelValue(value)
      if (wrongValue !== undefined) errors.push(invalidValue(`${at}.values[${position}]`, value, wrongValue))
    })
  })
  return errors
}
