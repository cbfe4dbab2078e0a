/** batch/v1 CronJob (pkg/apis/batch: v1/defaults.go, validation). Of its schedule only the form is checked. */
import { invalidValue, notSupported, required, type FieldError } from '../../meta/field-error.ts'
import type { Draft } from '../../meta/json.ts'
import { dnsSubdomain } from '../../meta/validate-names.ts'
import type { CronJob } from '../../types/index.ts'
import { defineKind, fieldsOf } from '../kind.ts'
import { kindSchema, objectMeta, validateLabels } from '../metadata.ts'
import { any, boolean, int32, int64, list, object, string } from '../schema.ts'
import { jobSpec, validateJobSpec } from './job.ts'
import { defaultTemplate } from './pod-spec.ts'

/** Names of its jobs have eleven characters more (ValidateCronJobCreate). */
const MAX_NAME = 52
const POLICIES = ['Allow', 'Forbid', 'Replace']
const EVERY = /^@(yearly|annually|monthly|weekly|daily|midnight|hourly|every \S+)$/

export const cronjobs = defineKind<CronJob>({
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  resource: 'cronjobs',
  shortNames: ['cj'],
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  nameCheck: (name) =>
    name.length > MAX_NAME ? `must be no more than ${MAX_NAME} characters` : dnsSubdomain(name),
  schema: kindSchema('CronJob', {
    spec: object('CronJobSpec', {
      schedule: string,
      timeZone: string,
      startingDeadlineSeconds: int64,
      concurrencyPolicy: string,
      suspend: boolean,
      jobTemplate: object('JobTemplateSpec', { metadata: objectMeta, spec: jobSpec }),
      successfulJobsHistoryLimit: int32,
      failedJobsHistoryLimit: int32,
    }),
    status: object('CronJobStatus', {
      active: list(any),
      lastScheduleTime: string,
      lastSuccessfulTime: string,
    }),
  }),
  defaults(draft) {
    draft.spec ??= {} as Draft<CronJob['spec']>
    const { spec } = draft
    spec.concurrencyPolicy ??= 'Allow'
    spec.suspend ??= false
    fieldsOf(spec)['successfulJobsHistoryLimit'] ??= 3
    fieldsOf(spec)['failedJobsHistoryLimit'] ??= 1
    spec.jobTemplate ??= {} as Draft<CronJob['spec']['jobTemplate']>
    spec.jobTemplate.spec ??= {} as Draft<CronJob['spec']['jobTemplate']['spec']>
    spec.jobTemplate.spec.template ??= { spec: { containers: [] } }
    defaultTemplate(spec.jobTemplate.spec.template)
  },
  prepareForCreate(draft) {
    draft.status = {}
  },
  validate({ spec: { schedule, concurrencyPolicy = '', jobTemplate } }) {
    const field = 'spec.jobTemplate'
    return [
      ...validateSchedule(schedule),
      ...(POLICIES.includes(concurrencyPolicy)
        ? []
        : [notSupported('spec.concurrencyPolicy', concurrencyPolicy, POLICIES)]),
      ...validateLabels(jobTemplate.metadata?.labels, `${field}.metadata.labels`),
      ...(jobTemplate.spec.selector !== undefined && jobTemplate.spec.manualSelector !== true
        ? [
            invalidValue(
              `${field}.spec.selector`,
              jobTemplate.spec.selector,
              '`selector` will be auto-generated',
            ),
          ]
        : []),
      ...validateJobSpec(jobTemplate.spec, `${field}.spec`),
    ]
  },
})

function validateSchedule(schedule = ''): FieldError[] {
  const field = 'spec.schedule'
  if (schedule === '') return [required(field)]
  const found = schedule.trim().split(/\s+/).length
  return EVERY.test(schedule) || found === 5
    ? []
    : [invalidValue(field, schedule, `Expected exactly 5 fields, found ${found}: ${schedule}`)]
}
