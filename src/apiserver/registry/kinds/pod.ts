/** Pods (pkg/registry/core/pod/strategy.go). The spec of a pod is all but fixed once it is made; `binding` gives it a node. */
import { forbiddenField, type FieldError } from '../../meta/field-error.ts'
import { draftOf, jsonEqual } from '../../meta/json.ts'
import { dnsSubdomain } from '../../meta/validate-names.ts'
import type { Pod, PodSpec } from '../../types/index.ts'
import { defineKind, fieldsOf } from '../kind.ts'
import { podSchema } from './pod-schema.ts'
import { defaultPodSpec, validatePodSpec } from './pod-spec.ts'

const FIXED =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

export const pods = defineKind<Pod>({
  group: '',
  version: 'v1',
  kind: 'Pod',
  resource: 'pods',
  shortNames: ['po'],
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  nameCheck: dnsSubdomain,
  schema: podSchema,
  fieldLabels: {
    'spec.nodeName': ({ spec }) => spec.nodeName ?? '',
    'spec.restartPolicy': ({ spec }) => spec.restartPolicy ?? '',
    'spec.schedulerName': ({ spec }) => spec.schedulerName ?? '',
    'spec.serviceAccountName': ({ spec }) => spec.serviceAccountName ?? '',
    'spec.hostNetwork': ({ spec }) => String(spec.hostNetwork ?? false),
    'status.phase': ({ status }) => status?.phase ?? '',
    'status.podIP': ({ status }) => status?.podIP ?? '',
    'status.nominatedNodeName': () => '',
  },
  defaults(draft) {
    draft.spec ??= { containers: [] }
    const { spec } = draft
    defaultPodSpec(spec)
    fieldsOf(spec)['enableServiceLinks'] ??= true
  },
  prepareForCreate(draft) {
    const { spec } = draft
    // What the ServiceAccount, Priority and DefaultTolerationSeconds admission plugins add.
    spec.serviceAccountName ??= 'default'
    fieldsOf(spec)['serviceAccount'] = spec.serviceAccountName
    fieldsOf(spec)['priority'] ??= 0
    fieldsOf(spec)['preemptionPolicy'] ??= 'PreemptLowerPriority'
    const tolerations = (spec.tolerations ??= [])
    for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'])
      if (
        !tolerations.some(
          (toleration) =>
            (toleration.key ?? key) === key && (toleration.effect ?? 'NoExecute') === 'NoExecute',
        )
      )
        tolerations.push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 })
    draft.status = { phase: 'Pending', qosClass: 'BestEffort' }
  },
  validate({ spec }) {
    return validatePodSpec(spec, 'spec')
  },
  validateUpdate(object, old) {
    const errors: FieldError[] = []
    if (!jsonEqual(fixedPart(object.spec, old.spec), fixedPart(old.spec, old.spec)))
      errors.push(forbiddenField('spec', FIXED))
    return errors
  },
})

/** The spec with what may change set to a common value. */
function fixedPart(spec: PodSpec, old: PodSpec): PodSpec {
  const part = draftOf(spec)
  const before = old.tolerations ?? []
  const tolerations = spec.tolerations ?? []
  if (before.every((toleration) => tolerations.some((other) => jsonEqual(toleration, other))))
    delete part.tolerations
  for (const container of [...part.containers, ...(part.initContainers ?? [])]) delete container.image
  delete fieldsOf(part)['activeDeadlineSeconds']
  return part
}
