/**
 * batch/v1 Job (pkg/apis/batch: v1/defaults.go, validation; pkg/registry/batch/job/strategy.go). Policies of failure,
 * success and backoff by index are taken and have no meaning here: pods fail only when somebody writes so.
 */
import { invalidValue, notSupported, required, type FieldError } from '../../meta/field-error.ts'
import { jsonEqual, type Draft } from '../../meta/json.ts'
import { matchesLabelSelector } from '../../meta/label-selector.ts'
import { dnsSubdomain } from '../../meta/validate-names.ts'
import type { Job, JobSpec, ObjectMeta } from '../../types/index.ts'
import { defineKind, fieldsOf } from '../kind.ts'
import { conditions, kindSchema, labelSelector, validateLabelSelector } from '../metadata.ts'
import { any, boolean, int32, int64, object, string } from '../schema.ts'
import { podTemplateSpec } from './pod-schema.ts'
import { defaultTemplate, validatePodTemplate } from './pod-spec.ts'

export const jobSpec = object('JobSpec', {
  parallelism: int32,
  completions: int32,
  activeDeadlineSeconds: int64,
  podFailurePolicy: any,
  successPolicy: any,
  backoffLimit: int32,
  backoffLimitPerIndex: int32,
  maxFailedIndexes: int32,
  selector: labelSelector,
  manualSelector: boolean,
  template: podTemplateSpec,
  ttlSecondsAfterFinished: int32,
  completionMode: string,
  suspend: boolean,
  podReplacementPolicy: string,
  managedBy: string,
})

export const jobs = defineKind<Job>({
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  resource: 'jobs',
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  nameCheck: dnsSubdomain,
  fieldLabels: { 'status.successful': ({ status }) => String(status?.succeeded ?? 0) },
  schema: kindSchema('Job', {
    spec: jobSpec,
    status: object('JobStatus', {
      conditions,
      startTime: string,
      completionTime: string,
      active: int32,
      succeeded: int32,
      failed: int32,
      terminating: int32,
      completedIndexes: string,
      failedIndexes: string,
      uncountedTerminatedPods: any,
      ready: int32,
    }),
  }),
  defaults(draft) {
    draft.spec ??= {} as Draft<JobSpec>
    const { metadata, spec } = draft
    spec.template ??= { spec: { containers: [] } }
    defaultTemplate(spec.template)
    if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1
    spec.parallelism ??= 1
    spec.backoffLimit ??= 6
    spec.completionMode ??= 'NonIndexed'
    spec.suspend ??= false
    const { labels } = spec.template.metadata ?? {}
    if (labels !== undefined && Object.keys(metadata.labels ?? {}).length === 0)
      metadata.labels = { ...labels }
  },
  prepareForCreate(draft) {
    draft.status = {}
    if (draft.spec.manualSelector !== true) generateSelector(draft.spec, draft.metadata as ObjectMeta)
  },
  validate({ metadata, spec }) {
    const errors = validateJobSpec(spec, 'spec')
    const { labels } = spec.template.metadata ?? {}
    if (spec.selector === undefined) errors.push(required('spec.selector'))
    else {
      errors.push(...validateLabelSelector(spec.selector, 'spec.selector'))
      if (!matchesLabelSelector(spec.selector, labels))
        errors.push(
          invalidValue(
            'spec.template.metadata.labels',
            labels,
            '`selector` does not match template `labels`',
          ),
        )
      if (
        spec.manualSelector !== true &&
        !jsonEqual(spec.selector, { matchLabels: { [CONTROLLER_UID]: metadata.uid } })
      )
        errors.push(invalidValue('spec.selector', spec.selector, '`selector` not auto-generated'))
    }
    return errors
  },
  validateUpdate(object, old) {
    const fixed = ['completions', 'selector', 'template', 'completionMode'] as const
    return fixed.flatMap((field) =>
      jsonEqual(object.spec[field], old.spec[field])
        ? []
        : [invalidValue(`spec.${field}`, object.spec[field], 'field is immutable')],
    )
  },
})

const CONTROLLER_UID = 'batch.kubernetes.io/controller-uid'

/** The labels that the server adds to the pods of a job (strategy.go: generateSelector). */
export const GENERATED_LABELS = [CONTROLLER_UID, 'controller-uid', 'batch.kubernetes.io/job-name', 'job-name']

/** What the user wrote into these labels is left, and found wrong by validation. */
function generateSelector(spec: Draft<JobSpec>, { name, uid }: ObjectMeta): void {
  const template = fieldsOf(spec.template)
  const metadata = (template['metadata'] ?? {}) as { labels?: Record<string, string> }
  const generated = Object.fromEntries(
    GENERATED_LABELS.map((label) => [label, label.endsWith('uid') ? uid : name]),
  )
  template['metadata'] = { ...metadata, labels: { ...generated, ...metadata.labels } }
  spec.selector ??= {}
  spec.selector.matchLabels ??= {}
  spec.selector.matchLabels[CONTROLLER_UID] ??= uid
}

const MODES = ['NonIndexed', 'Indexed']
const RESTART = ['OnFailure', 'Never']

/** Of a job, and of the template in a CronJob, which nothing has filled in. */
export function validateJobSpec(spec: JobSpec, field: string): FieldError[] {
  const { completionMode = 'NonIndexed', template } = spec
  const errors: FieldError[] = []
  for (const name of ['parallelism', 'completions', 'backoffLimit'] as const)
    if ((spec[name] ?? 0) < 0)
      errors.push(invalidValue(`${field}.${name}`, spec[name], 'must be greater than or equal to 0'))
  if (!MODES.includes(completionMode))
    errors.push(notSupported(`${field}.completionMode`, completionMode, MODES))
  else if (completionMode === 'Indexed' && spec.completions === undefined)
    errors.push(required(`${field}.completions`, 'when completion mode is Indexed'))
  errors.push(...validatePodTemplate(template, `${field}.template`))
  if (!RESTART.includes(template.spec.restartPolicy ?? ''))
    errors.push(required(`${field}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"'))
  return errors
}
