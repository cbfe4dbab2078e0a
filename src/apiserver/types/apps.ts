/** Workloads that make pods (api/apps/v1), and their forerunner (api/core/v1). */
import type { Condition, IntOrString, KubeObject, Labels, LabelSelector } from './meta.ts'
import type { PodTemplateSpec } from './pod.ts'

export interface Deployment extends KubeObject {
  readonly apiVersion: 'apps/v1'
  readonly kind: 'Deployment'
  readonly spec: DeploymentSpec
  readonly status?: DeploymentStatus
}

export interface DeploymentSpec {
  readonly replicas?: number
  readonly selector: LabelSelector
  readonly template: PodTemplateSpec
  readonly strategy?: DeploymentStrategy
  readonly minReadySeconds?: number
  readonly revisionHistoryLimit?: number
  readonly progressDeadlineSeconds?: number
  readonly paused?: boolean
}

export interface DeploymentStrategy {
  readonly type?: 'RollingUpdate' | 'Recreate'
  readonly rollingUpdate?: { readonly maxSurge?: IntOrString; readonly maxUnavailable?: IntOrString }
}

export interface DeploymentStatus {
  readonly observedGeneration?: number
  readonly replicas?: number
  readonly updatedReplicas?: number
  readonly readyReplicas?: number
  readonly availableReplicas?: number
  readonly unavailableReplicas?: number
  readonly collisionCount?: number
  readonly conditions?: readonly Condition[]
}

export interface ReplicaSet extends KubeObject {
  readonly apiVersion: 'apps/v1'
  readonly kind: 'ReplicaSet'
  readonly spec: ReplicaSetSpec
  readonly status?: ReplicaSetStatus
}

export interface ReplicaSetSpec {
  readonly replicas?: number
  readonly selector: LabelSelector
  readonly template?: PodTemplateSpec
  readonly minReadySeconds?: number
}

export interface ReplicaSetStatus {
  readonly replicas: number
  readonly fullyLabeledReplicas?: number
  readonly readyReplicas?: number
  readonly availableReplicas?: number
  readonly observedGeneration?: number
}

export interface ReplicationController extends KubeObject {
  readonly apiVersion: 'v1'
  readonly kind: 'ReplicationController'
  readonly spec: {
    readonly replicas?: number
    readonly selector?: Labels
    readonly template?: PodTemplateSpec
    readonly minReadySeconds?: number
  }
  readonly status?: ReplicaSetStatus
}

export interface DaemonSet extends KubeObject {
  readonly apiVersion: 'apps/v1'
  readonly kind: 'DaemonSet'
  readonly spec: DaemonSetSpec
  readonly status?: DaemonSetStatus
}

export interface DaemonSetSpec {
  readonly selector: LabelSelector
  readonly template: PodTemplateSpec
  readonly updateStrategy?: {
    readonly type?: 'RollingUpdate' | 'OnDelete'
    readonly rollingUpdate?: { readonly maxUnavailable?: IntOrString; readonly maxSurge?: IntOrString }
  }
  readonly minReadySeconds?: number
  readonly revisionHistoryLimit?: number
}

export interface DaemonSetStatus {
  readonly currentNumberScheduled: number
  readonly numberMisscheduled: number
  readonly desiredNumberScheduled: number
  readonly numberReady: number
  readonly observedGeneration?: number
  readonly updatedNumberScheduled?: number
  readonly numberAvailable?: number
  readonly numberUnavailable?: number
}

export interface StatefulSet extends KubeObject {
  readonly apiVersion: 'apps/v1'
  readonly kind: 'StatefulSet'
  readonly spec: StatefulSetSpec
  readonly status?: StatefulSetStatus
}

export interface StatefulSetSpec {
  readonly replicas?: number
  readonly selector: LabelSelector
  readonly template: PodTemplateSpec
  /** The headless service that names the pods. */
  readonly serviceName?: string
  readonly podManagementPolicy?: 'OrderedReady' | 'Parallel'
  readonly updateStrategy?: {
    readonly type?: 'RollingUpdate' | 'OnDelete'
    readonly rollingUpdate?: { readonly partition?: number; readonly maxUnavailable?: IntOrString }
  }
  readonly ordinals?: { readonly start?: number }
  readonly minReadySeconds?: number
  readonly revisionHistoryLimit?: number
  readonly volumeClaimTemplates?: readonly unknown[]
}

export interface StatefulSetStatus {
  readonly replicas: number
  readonly observedGeneration?: number
  readonly readyReplicas?: number
  readonly currentReplicas?: number
  readonly updatedReplicas?: number
  readonly availableReplicas?: number
  readonly currentRevision?: string
  readonly updateRevision?: string
}
