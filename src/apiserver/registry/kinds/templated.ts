/** What workloads with a selector and a template of pods have in common (pkg/apis/apps/validation). */
import { invalidValue, required, type FieldError } from '../../meta/field-error.ts'
import { jsonEqual, type Draft } from '../../meta/json.ts'
import { matchesLabelSelector } from '../../meta/label-selector.ts'
import type { LabelSelector, PodTemplateSpec } from '../../types/index.ts'
import { validateLabelSelector } from '../metadata.ts'
import { defaultTemplate, validateTemplate } from './pod-spec.ts'

interface Templated {
  selector: LabelSelector
  template?: PodTemplateSpec
}

export function withTemplate<S extends Templated>(draft: { spec: Draft<S> }): Draft<S> {
  const owner: { spec?: Draft<Templated> } = draft as { spec?: Draft<Templated> }
  owner.spec ??= { selector: {} }
  owner.spec.template ??= { spec: { containers: [] } }
  defaultTemplate(owner.spec.template)
  return draft.spec
}

export function validateReplicas(replicas = 0): FieldError[] {
  return replicas < 0 ? [invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0')] : []
}

export function validateWorkload({ selector, template }: Templated): FieldError[] {
  const errors: FieldError[] = []
  if (selector === undefined) errors.push(required('spec.selector'))
  else {
    errors.push(...validateLabelSelector(selector, 'spec.selector'))
    const empty =
      Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0
    if (empty) errors.push(invalidValue('spec.selector', selector, 'empty selector is invalid'))
    else if (template !== undefined && !matchesLabelSelector(selector, template.metadata?.labels))
      errors.push(
        invalidValue(
          'spec.template.metadata.labels',
          template.metadata?.labels,
          '`selector` does not match template `labels`',
        ),
      )
  }
  if (template !== undefined) errors.push(...validateTemplate(template, 'spec.template'))
  return errors
}

export function selectorIsFixed(object: { spec: Templated }, old: { spec: Templated }): FieldError[] {
  return jsonEqual(object.spec.selector, old.spec.selector)
    ? []
    : [invalidValue('spec.selector', object.spec.selector, 'field is immutable')]
}
