/** Checks of ports and protocols that several kinds share. */
import { invalidValue, notSupported, required, type FieldError } from '../meta/field-error.ts'
import { portName } from '../meta/validate-names.ts'

export const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

export function validatePortNumber(port: number, field: string): FieldError[] {
  return port >= 1 && port <= 65535
    ? []
    : [invalidValue(field, port, 'must be between 1 and 65535, inclusive')]
}

export function validatePortName(name: string, field: string): FieldError[] {
  const wrong = portName(name)
  return wrong === undefined ? [] : [invalidValue(field, name, wrong)]
}

export function validatePortNumberOrName(port: number | string, field: string): FieldError[] {
  return typeof port === 'number' ? validatePortNumber(port, field) : validatePortName(port, field)
}

export function validateProtocol(protocol: string | undefined, field: string): FieldError[] {
  if (protocol === undefined || protocol === '') return [required(field)]
  return PROTOCOLS.includes(protocol) ? [] : [notSupported(field, protocol, PROTOCOLS)]
}
