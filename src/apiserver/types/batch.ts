/** Workloads that end (api/batch/v1), restricted to what makes pods. */
import type { Condition, KubeObject, Labels, LabelSelector } from './meta.ts'
import type { PodTemplateSpec } from './pod.ts'

export interface Job extends KubeObject {
  readonly apiVersion: 'batch/v1'
  readonly kind: 'Job'
  readonly spec: JobSpec
  readonly status?: JobStatus
}

export interface JobSpec {
  /** The most pods at a time. */
  readonly parallelism?: number
  /** How many have to succeed; absent: one of all. */
  readonly completions?: number
  readonly completionMode?: 'NonIndexed' | 'Indexed'
  /** So many failed pods are one too many. */
  readonly backoffLimit?: number
  readonly suspend?: boolean
  /** The server makes it, unless `manualSelector`. */
  readonly selector?: LabelSelector
  readonly manualSelector?: boolean
  readonly template: PodTemplateSpec
}

export interface JobStatus {
  readonly active?: number
  readonly ready?: number
  readonly succeeded?: number
  readonly failed?: number
  readonly startTime?: string
  readonly completionTime?: string
  readonly conditions?: readonly Condition[]
}

export interface CronJob extends KubeObject {
  readonly apiVersion: 'batch/v1'
  readonly kind: 'CronJob'
  readonly spec: CronJobSpec
  readonly status?: { readonly active?: readonly unknown[]; readonly lastScheduleTime?: string }
}

export interface CronJobSpec {
  readonly schedule: string
  readonly suspend?: boolean
  readonly concurrencyPolicy?: 'Allow' | 'Forbid' | 'Replace'
  readonly jobTemplate: JobTemplateSpec
}

export interface JobTemplateSpec {
  readonly metadata?: { readonly labels?: Labels; readonly annotations?: Readonly<Record<string, string>> }
  readonly spec: JobSpec
}
