/** Defaults and validation of a pod's spec, alone or inside a template (pkg/apis/core/v1/defaults.go, validation). */
import { duplicate, invalidValue, notSupported, required, type FieldError } from '../../meta/field-error.ts'
import type { Draft } from '../../meta/json.ts'
import { dnsLabel } from '../../meta/validate-names.ts'
import { fieldsOf } from '../kind.ts'
import { validateLabelSelector, validateLabels } from '../metadata.ts'
import { validatePortName, validatePortNumber, validateProtocol } from '../ports.ts'
import type { Container, PodSpec, PodTemplateSpec, Probe, Toleration } from '../../types/index.ts'

export function defaultPodSpec(spec: Draft<PodSpec>): void {
  spec.containers ??= []
  spec.restartPolicy ??= 'Always'
  spec.terminationGracePeriodSeconds ??= 30
  spec.dnsPolicy ??= 'ClusterFirst'
  spec.schedulerName ??= 'default-scheduler'
  fieldsOf(spec)['securityContext'] ??= {}
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
    defaultContainer(container)
    for (const port of container.ports ?? [])
      if (spec.hostNetwork === true) port.hostPort ??= port.containerPort
  }
}

function defaultContainer(container: Draft<Container>): void {
  const fields = fieldsOf(container)
  fields['resources'] ??= {}
  fields['terminationMessagePath'] ??= '/dev/termination-log'
  fields['terminationMessagePolicy'] ??= 'File'
  fields['imagePullPolicy'] ??= /(:latest|^[^:@]*(:\d+\/[^:@]*)?)$/.test(container.image ?? '')
    ? 'Always'
    : 'IfNotPresent'
  for (const port of container.ports ?? []) port.protocol ??= 'TCP'
  for (const probe of [container.readinessProbe, container.livenessProbe, container.startupProbe])
    if (probe !== undefined) defaultProbe(probe)
}

function defaultProbe(probe: Draft<Probe>): void {
  probe.timeoutSeconds ??= 1
  probe.periodSeconds ??= 10
  probe.successThreshold ??= 1
  probe.failureThreshold ??= 3
}

export function defaultTemplate(template: Draft<PodTemplateSpec>): void {
  template.metadata ??= {}
  template.spec ??= { containers: [] }
  defaultPodSpec(template.spec)
}

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never']
const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']
const TOLERATION_OPERATORS = ['Equal', 'Exists']

export function validatePodSpec(spec: PodSpec, field: string): FieldError[] {
  const errors: FieldError[] = []
  const containers = spec.containers ?? []
  if (containers.length === 0) errors.push(required(`${field}.containers`))
  const names = new Set<string>()
  const hostPorts = new Set<string>()
  const check = (list: readonly Container[], name: string) =>
    list.forEach((container, index) => {
      errors.push(
        ...validateContainer(
          container,
          `${field}.${name}[${index}]`,
          names,
          hostPorts,
          spec.hostNetwork ?? false,
        ),
      )
    })
  check(containers, 'containers')
  check(spec.initContainers ?? [], 'initContainers')
  if (!RESTART_POLICIES.includes(spec.restartPolicy ?? ''))
    errors.push(notSupported(`${field}.restartPolicy`, spec.restartPolicy ?? '', RESTART_POLICIES))
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0)
    errors.push(
      invalidValue(
        `${field}.terminationGracePeriodSeconds`,
        spec.terminationGracePeriodSeconds,
        'must be greater than or equal to 0',
      ),
    )
  errors.push(...validateLabels(spec.nodeSelector, `${field}.nodeSelector`))
  for (const name of ['hostname', 'subdomain'] as const) {
    const wrong = spec[name] ? dnsLabel(spec[name]) : undefined
    if (wrong !== undefined) errors.push(invalidValue(`${field}.${name}`, spec[name], wrong))
  }
  ;(spec.tolerations ?? []).forEach((toleration, index) =>
    errors.push(...validateToleration(toleration, `${field}.tolerations[${index}]`)),
  )
  ;(spec.topologySpreadConstraints ?? []).forEach(({ maxSkew, topologyKey, labelSelector }, index) => {
    const at = `${field}.topologySpreadConstraints[${index}]`
    if (!(maxSkew > 0)) errors.push(invalidValue(`${at}.maxSkew`, maxSkew, 'must be greater than zero'))
    if (!topologyKey) errors.push(required(`${at}.topologyKey`, 'can not be empty'))
    if (labelSelector !== undefined)
      errors.push(...validateLabelSelector(labelSelector, `${at}.labelSelector`))
  })
  return errors
}

function validateContainer(
  container: Container,
  field: string,
  names: Set<string>,
  hostPorts: Set<string>,
  hostNetwork: boolean,
): FieldError[] {
  const errors: FieldError[] = []
  if (!container.name) errors.push(required(`${field}.name`))
  else {
    const wrong = dnsLabel(container.name)
    if (wrong !== undefined) errors.push(invalidValue(`${field}.name`, container.name, wrong))
    else if (names.has(container.name)) errors.push(duplicate(`${field}.name`, container.name))
    names.add(container.name)
  }
  if (!container.image) errors.push(required(`${field}.image`))
  const portNames = new Set<string>()
  ;(container.ports ?? []).forEach((port, index) => {
    const at = `${field}.ports[${index}]`
    if (port.name) {
      errors.push(...validatePortName(port.name, `${at}.name`))
      if (portNames.has(port.name)) errors.push(duplicate(`${at}.name`, port.name))
      portNames.add(port.name)
    }
    if (!port.containerPort) errors.push(required(`${at}.containerPort`))
    else errors.push(...validatePortNumber(port.containerPort, `${at}.containerPort`))
    errors.push(...validateProtocol(port.protocol, `${at}.protocol`))
    if (port.hostPort) {
      errors.push(...validatePortNumber(port.hostPort, `${at}.hostPort`))
      if (hostNetwork && port.hostPort !== port.containerPort)
        errors.push(
          invalidValue(
            `${at}.hostPort`,
            port.hostPort,
            'must match `containerPort` when `hostNetwork` is true',
          ),
        )
      const identity = `${port.protocol}/${port.hostIP ?? ''}/${port.hostPort}`
      if (hostPorts.has(identity)) errors.push(duplicate(`${at}.hostPort`, identity))
      hostPorts.add(identity)
    }
  })
  return errors
}

function validateToleration(
  { key, operator, value, effect, tolerationSeconds }: Toleration,
  field: string,
): FieldError[] {
  const errors: FieldError[] = []
  if (!key && operator !== 'Exists')
    errors.push(
      invalidValue(
        `${field}.operator`,
        operator ?? '',
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ),
    )
  if (operator !== undefined && !TOLERATION_OPERATORS.includes(operator))
    errors.push(notSupported(`${field}.operator`, operator, TOLERATION_OPERATORS))
  if (operator === 'Exists' && value)
    errors.push(
      invalidValue(`${field}.operator`, operator, "value must be empty when `operator` is 'Exists'"),
    )
  if (effect && !EFFECTS.includes(effect)) errors.push(notSupported(`${field}.effect`, effect, EFFECTS))
  if (tolerationSeconds !== undefined && effect !== 'NoExecute')
    errors.push(
      invalidValue(
        `${field}.effect`,
        effect ?? '',
        "effect must be 'NoExecute' when `tolerationSeconds` is set",
      ),
    )
  return errors
}

/** The template of a workload: its labels and its spec. */
export function validatePodTemplate(template: PodTemplateSpec, field: string): FieldError[] {
  return [
    ...validateLabels(template.metadata?.labels, `${field}.labels`),
    ...validatePodSpec(template.spec, `${field}.spec`),
  ]
}

/** The template of a workload that runs for ever. */
export function validateTemplate(template: PodTemplateSpec, field: string): FieldError[] {
  const errors = validatePodTemplate(template, field)
  if (template.spec.restartPolicy !== undefined && template.spec.restartPolicy !== 'Always')
    errors.push(notSupported(`${field}.spec.restartPolicy`, template.spec.restartPolicy, ['Always']))
  return errors
}
