import { dnsLabel } from '../../meta/validate-names.ts'
import type { Namespace } from '../../types/index.ts'
import { defineKind } from '../kind.ts'
import { conditions, kindSchema } from '../metadata.ts'
import { list, object, string } from '../schema.ts'

/** What keeps a deleted namespace until its content is gone: held in `spec.finalizers`, removed by the `finalize` subresource. */
export const NAMESPACE_FINALIZER = 'kubernetes'

/** The label that lets a namespaceSelector name a namespace. */
export const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name'

export const namespaces = defineKind<Namespace>({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  resource: 'namespaces',
  shortNames: ['ns'],
  namespaced: false,
  hasStatus: true,
  nameCheck: dnsLabel,
  fieldLabels: { 'status.phase': ({ status }) => status?.phase ?? '' },
  schema: kindSchema('Namespace', {
    spec: object('NamespaceSpec', { finalizers: list(string) }),
    status: object('NamespaceStatus', { phase: string, conditions }),
  }),
  defaults(draft) {
    draft.metadata.labels = { ...draft.metadata.labels, [NAMESPACE_NAME_LABEL]: draft.metadata.name }
  },
  prepareForCreate(draft) {
    draft.status = { phase: 'Active' }
    draft.spec = { finalizers: [...new Set([...(draft.spec?.finalizers ?? []), NAMESPACE_FINALIZER])] }
  },
  prepareForUpdate(draft, old) {
    // Only the finalize subresource touches spec.finalizers.
    if (old.spec === undefined) delete draft.spec
    else draft.spec = { finalizers: [...(old.spec.finalizers ?? [])] }
  },
})
