import { forbiddenField, invalidValue, type FieldError } from '../../meta/field-error.ts'
import { jsonEqual } from '../../meta/json.ts'
import { dnsSubdomain } from '../../meta/validate-names.ts'
import type { ConfigMap } from '../../types/index.ts'
import { defineKind } from '../kind.ts'
import { kindSchema } from '../metadata.ts'
import { boolean, stringMap } from '../schema.ts'

const KEY = /^[-._a-zA-Z0-9]+$/

export const configmaps = defineKind<ConfigMap>({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  resource: 'configmaps',
  shortNames: ['cm'],
  namespaced: true,
  nameCheck: dnsSubdomain,
  schema: kindSchema('ConfigMap', { data: stringMap, binaryData: stringMap, immutable: boolean }),
  validate({ data = {}, binaryData = {} }) {
    const errors: FieldError[] = []
    for (const key of Object.keys(data)) {
      checkKey(errors, `data[${key}]`, key)
      if (Object.hasOwn(binaryData, key))
        errors.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'))
    }
    for (const key of Object.keys(binaryData)) checkKey(errors, `binaryData[${key}]`, key)
    return errors
  },
  validateUpdate(object, old) {
    if (old.immutable !== true) return []
    const errors: FieldError[] = []
    if (object.immutable !== true)
      errors.push(forbiddenField('immutable', 'field is immutable when `immutable` is set'))
    for (const field of ['data', 'binaryData'] as const)
      if (!jsonEqual(object[field], old[field]))
        errors.push(forbiddenField(field, 'field is immutable when `immutable` is set'))
    return errors
  },
})

function checkKey(errors: FieldError[], field: string, key: string): void {
  if (!KEY.test(key) || key === '.' || key === '..' || key.length > 253)
    errors.push(
      invalidValue(
        field,
        key,
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ),
    )
}
