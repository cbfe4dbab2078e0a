/** Deployments, ReplicaSets, DaemonSets and StatefulSets (pkg/apis/apps: v1/defaults.go, validation). */
import { forbiddenField, invalidValue, notSupported, type FieldError } from '../../meta/field-error.ts'
import { jsonEqual } from '../../meta/json.ts'
import { dnsSubdomain } from '../../meta/validate-names.ts'
import type { DaemonSet, Deployment, IntOrString, ReplicaSet, StatefulSet } from '../../types/index.ts'
import { defineKind, fieldsOf } from '../kind.ts'
import { conditions, kindSchema, labelSelector } from '../metadata.ts'
import { any, boolean, int32, int64, intOrString, list, object, string } from '../schema.ts'
import { podTemplateSpec } from './pod-schema.ts'
import { selectorIsFixed, validateReplicas, validateWorkload, withTemplate } from './templated.ts'

const apps = {
  group: 'apps',
  version: 'v1',
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  nameCheck: dnsSubdomain,
} as const

export const deployments = defineKind<Deployment>({
  ...apps,
  kind: 'Deployment',
  resource: 'deployments',
  shortNames: ['deploy'],
  hasScale: true,
  schema: kindSchema('Deployment', {
    spec: object('DeploymentSpec', {
      replicas: int32,
      selector: labelSelector,
      template: podTemplateSpec,
      strategy: object('DeploymentStrategy', {
        type: string,
        rollingUpdate: object('RollingUpdateDeployment', {
          maxUnavailable: intOrString,
          maxSurge: intOrString,
        }),
      }),
      minReadySeconds: int32,
      revisionHistoryLimit: int32,
      paused: boolean,
      progressDeadlineSeconds: int32,
    }),
    status: object('DeploymentStatus', {
      observedGeneration: int64,
      replicas: int32,
      updatedReplicas: int32,
      readyReplicas: int32,
      availableReplicas: int32,
      unavailableReplicas: int32,
      terminatingReplicas: int32,
      conditions,
      collisionCount: int32,
    }),
  }),
  defaults(draft) {
    const spec = withTemplate(draft)
    spec.replicas ??= 1
    spec.strategy ??= {}
    spec.strategy.type ??= 'RollingUpdate'
    if (spec.strategy.type === 'RollingUpdate') {
      spec.strategy.rollingUpdate ??= {}
      spec.strategy.rollingUpdate.maxUnavailable ??= '25%'
      spec.strategy.rollingUpdate.maxSurge ??= '25%'
    }
    spec.revisionHistoryLimit ??= 10
    spec.progressDeadlineSeconds ??= 600
  },
  prepareForCreate: clearStatus,
  validate({ spec }) {
    const errors = [...validateReplicas(spec.replicas), ...validateWorkload(spec)]
    const { type, rollingUpdate } = spec.strategy ?? {}
    const field = 'spec.strategy'
    if (type !== 'RollingUpdate' && type !== 'Recreate')
      errors.push(notSupported(`${field}.type`, type, ['Recreate', 'RollingUpdate']))
    else if (type === 'Recreate' && rollingUpdate !== undefined)
      errors.push(
        forbiddenField(`${field}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'"),
      )
    else if (type === 'RollingUpdate') {
      errors.push(...validateShare(rollingUpdate?.maxUnavailable, `${field}.rollingUpdate.maxUnavailable`))
      errors.push(...validateShare(rollingUpdate?.maxSurge, `${field}.rollingUpdate.maxSurge`))
      if (isZero(rollingUpdate?.maxUnavailable) && isZero(rollingUpdate?.maxSurge))
        errors.push(
          invalidValue(
            `${field}.rollingUpdate.maxUnavailable`,
            rollingUpdate?.maxUnavailable,
            'may not be 0 when `maxSurge` is 0',
          ),
        )
    }
    return errors
  },
  validateUpdate: selectorIsFixed,
})

export const replicasets = defineKind<ReplicaSet>({
  ...apps,
  kind: 'ReplicaSet',
  resource: 'replicasets',
  shortNames: ['rs'],
  hasScale: true,
  fieldLabels: { 'status.replicas': ({ status }) => String(status?.replicas ?? 0) },
  schema: kindSchema('ReplicaSet', {
    spec: object('ReplicaSetSpec', {
      replicas: int32,
      minReadySeconds: int32,
      selector: labelSelector,
      template: podTemplateSpec,
    }),
    status: object('ReplicaSetStatus', {
      replicas: int32,
      fullyLabeledReplicas: int32,
      readyReplicas: int32,
      availableReplicas: int32,
      terminatingReplicas: int32,
      observedGeneration: int64,
      conditions,
    }),
  }),
  defaults(draft) {
    withTemplate(draft).replicas ??= 1
  },
  prepareForCreate(draft) {
    draft.status = { replicas: 0 }
  },
  validate: ({ spec }) => [...validateReplicas(spec.replicas), ...validateWorkload(spec)],
  validateUpdate: selectorIsFixed,
})

export const daemonsets = defineKind<DaemonSet>({
  ...apps,
  kind: 'DaemonSet',
  resource: 'daemonsets',
  shortNames: ['ds'],
  schema: kindSchema('DaemonSet', {
    spec: object('DaemonSetSpec', {
      selector: labelSelector,
      template: podTemplateSpec,
      updateStrategy: object('DaemonSetUpdateStrategy', {
        type: string,
        rollingUpdate: object('RollingUpdateDaemonSet', {
          maxUnavailable: intOrString,
          maxSurge: intOrString,
        }),
      }),
      minReadySeconds: int32,
      revisionHistoryLimit: int32,
    }),
    status: object('DaemonSetStatus', {
      currentNumberScheduled: int32,
      numberMisscheduled: int32,
      desiredNumberScheduled: int32,
      numberReady: int32,
      observedGeneration: int64,
      updatedNumberScheduled: int32,
      numberAvailable: int32,
      numberUnavailable: int32,
      collisionCount: int32,
      conditions,
    }),
  }),
  defaults(draft) {
    const spec = withTemplate(draft)
    spec.updateStrategy ??= {}
    spec.updateStrategy.type ??= 'RollingUpdate'
    if (spec.updateStrategy.type === 'RollingUpdate') {
      spec.updateStrategy.rollingUpdate ??= {}
      spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1
      spec.updateStrategy.rollingUpdate.maxSurge ??= 0
    }
    spec.revisionHistoryLimit ??= 10
  },
  prepareForCreate(draft) {
    draft.status = {
      currentNumberScheduled: 0,
      numberMisscheduled: 0,
      desiredNumberScheduled: 0,
      numberReady: 0,
    }
  },
  validate({ spec }) {
    return [...validateWorkload(spec), ...validateUpdateStrategy(spec.updateStrategy?.type)]
  },
  validateUpdate: selectorIsFixed,
})

export const statefulsets = defineKind<StatefulSet>({
  ...apps,
  kind: 'StatefulSet',
  resource: 'statefulsets',
  shortNames: ['sts'],
  hasScale: true,
  schema: kindSchema('StatefulSet', {
    spec: object('StatefulSetSpec', {
      replicas: int32,
      selector: labelSelector,
      template: podTemplateSpec,
      volumeClaimTemplates: list(any),
      serviceName: string,
      podManagementPolicy: string,
      updateStrategy: object('StatefulSetUpdateStrategy', {
        type: string,
        rollingUpdate: object('RollingUpdateStatefulSetStrategy', {
          partition: int32,
          maxUnavailable: intOrString,
        }),
      }),
      revisionHistoryLimit: int32,
      minReadySeconds: int32,
      persistentVolumeClaimRetentionPolicy: object('StatefulSetPersistentVolumeClaimRetentionPolicy', {
        whenDeleted: string,
        whenScaled: string,
      }),
      ordinals: object('StatefulSetOrdinals', { start: int32 }),
    }),
    status: object('StatefulSetStatus', {
      observedGeneration: int64,
      replicas: int32,
      readyReplicas: int32,
      currentReplicas: int32,
      updatedReplicas: int32,
      currentRevision: string,
      updateRevision: string,
      collisionCount: int32,
      conditions,
      availableReplicas: int32,
    }),
  }),
  defaults(draft) {
    const spec = withTemplate(draft)
    spec.replicas ??= 1
    spec.podManagementPolicy ??= 'OrderedReady'
    spec.updateStrategy ??= {}
    spec.updateStrategy.type ??= 'RollingUpdate'
    if (spec.updateStrategy.type === 'RollingUpdate') {
      spec.updateStrategy.rollingUpdate ??= {}
      spec.updateStrategy.rollingUpdate.partition ??= 0
    }
    spec.revisionHistoryLimit ??= 10
    fieldsOf(spec)['persistentVolumeClaimRetentionPolicy'] ??= { whenDeleted: 'Retain', whenScaled: 'Retain' }
  },
  prepareForCreate(draft) {
    draft.status = { replicas: 0, availableReplicas: 0 }
  },
  validate({ spec }) {
    const errors = [
      ...validateReplicas(spec.replicas),
      ...validateWorkload(spec),
      ...validateUpdateStrategy(spec.updateStrategy?.type),
    ]
    const policies = ['OrderedReady', 'Parallel']
    if (!policies.includes(spec.podManagementPolicy ?? ''))
      errors.push(
        invalidValue(
          'spec.podManagementPolicy',
          spec.podManagementPolicy,
          `must be '${policies.join("' or '")}'`,
        ),
      )
    if ((spec.ordinals?.start ?? 0) < 0)
      errors.push(
        invalidValue('spec.ordinals.start', spec.ordinals?.start, 'must be greater than or equal to 0'),
      )
    return errors
  },
  validateUpdate(object, old) {
    const fixed = ['selector', 'serviceName', 'podManagementPolicy', 'volumeClaimTemplates'] as const
    return fixed.every((field) => jsonEqual(object.spec[field], old.spec[field]))
      ? []
      : [
          forbiddenField(
            'spec',
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
          ),
        ]
  },
})

function clearStatus(draft: { status?: object }): void {
  draft.status = {}
}

function validateUpdateStrategy(type: string | undefined): FieldError[] {
  const types = ['OnDelete', 'RollingUpdate']
  return type !== undefined && types.includes(type)
    ? []
    : [notSupported('spec.updateStrategy.type', type ?? '', types)]
}

function validateShare(value: IntOrString | undefined, field: string): FieldError[] {
  if (typeof value === 'string' && !/^\d+%$/.test(value))
    return [
      invalidValue(
        field,
        value,
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      ),
    ]
  return typeof value === 'number' && value < 0
    ? [invalidValue(field, value, 'must be greater than or equal to 0')]
    : []
}

function isZero(value: IntOrString | undefined): boolean {
  return value === 0 || value === '0%'
}
