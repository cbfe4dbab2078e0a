/** core/v1 ReplicationController (pkg/apis/core: v1/defaults.go, validation): a ReplicaSet whose selector is only labels. */
import { invalidValue, required, type FieldError } from '../../meta/field-error.ts'
import { matchesLabelSelector } from '../../meta/label-selector.ts'
import { dnsSubdomain } from '../../meta/validate-names.ts'
import type { ReplicationController } from '../../types/index.ts'
import { defineKind } from '../kind.ts'
import { conditions, kindSchema, validateLabels } from '../metadata.ts'
import { int32, int64, object, stringMap } from '../schema.ts'
import { podTemplateSpec } from './pod-schema.ts'
import { defaultTemplate, validateTemplate } from './pod-spec.ts'
import { validateReplicas } from './templated.ts'

export const replicationcontrollers = defineKind<ReplicationController>({
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  resource: 'replicationcontrollers',
  shortNames: ['rc'],
  storagePrefix: '/registry/controllers/',
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  hasScale: true,
  nameCheck: dnsSubdomain,
  fieldLabels: { 'status.replicas': ({ status }) => String(status?.replicas ?? 0) },
  schema: kindSchema('ReplicationController', {
    spec: object('ReplicationControllerSpec', {
      replicas: int32,
      minReadySeconds: int32,
      selector: stringMap,
      template: podTemplateSpec,
    }),
    status: object('ReplicationControllerStatus', {
      replicas: int32,
      fullyLabeledReplicas: int32,
      readyReplicas: int32,
      availableReplicas: int32,
      observedGeneration: int64,
      conditions,
    }),
  }),
  defaults(draft) {
    draft.spec ??= {}
    const { metadata, spec } = draft
    spec.replicas ??= 1
    if (spec.template === undefined) return
    defaultTemplate(spec.template)
    const { labels } = spec.template.metadata ?? {}
    if (labels === undefined) return
    if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels }
    if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels }
  },
  prepareForCreate(draft) {
    draft.status = { replicas: 0 }
  },
  validate({ spec: { replicas, selector = {}, template } }) {
    const errors: FieldError[] = validateReplicas(replicas)
    const isEmpty = Object.keys(selector).length === 0
    if (isEmpty) errors.push(required('spec.selector'))
    else errors.push(...validateLabels(selector, 'spec.selector'))
    if (template === undefined) return [...errors, required('spec.template')]
    const { labels } = template.metadata ?? {}
    if (!isEmpty && !matchesLabelSelector({ matchLabels: selector }, labels))
      errors.push(
        invalidValue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'),
      )
    return [...errors, ...validateTemplate(template, 'spec.template')]
  },
})
