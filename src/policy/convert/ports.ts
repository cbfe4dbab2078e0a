/** `ports` of v1alpha1 as `protocols` of v1alpha2: portNumber, portRange and namedPort, exactly one in each. */
import { Problem } from '../../kernel/problem.ts'
import { at, checkFields, recordOf, type JsonMap } from './read.ts'

export function convertPorts(ports: readonly JsonMap[], field: string): JsonMap[] {
  return ports.map((port, index) => convertPort(port, `${field}[${index}]`))
}

function convertPort(entry: JsonMap, field: string): JsonMap {
  checkFields(entry, field, ['portNumber', 'portRange', 'namedPort'])
  if (Object.keys(entry).length > 1)
    throw new Problem('takes only one of portNumber, portRange and namedPort', { field })
  if (entry['namedPort'] !== undefined) return { destinationNamedPort: entry['namedPort'] }
  if (entry['portNumber'] !== undefined) {
    const place = at(field, 'portNumber')
    const number = recordOf(entry['portNumber'], place)
    checkFields(number, place, ['protocol', 'port'])
    if (number['port'] === undefined) throw new Problem('is required', { field: at(place, 'port') })
    return withProtocol(number, place, { number: number['port'] })
  }
  if (entry['portRange'] !== undefined) {
    const place = at(field, 'portRange')
    const range = recordOf(entry['portRange'], place)
    checkFields(range, place, ['protocol', 'start', 'end'])
    const { start, end } = range
    // v1alpha1 took a range of one port, which v1alpha2 writes as a number.
    return withProtocol(
      range,
      place,
      start !== undefined && start === end ? { number: start } : { range: { start, end } },
    )
  }
  return {}
}

const PROTOCOLS: Readonly<Record<string, string>> = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' }

function withProtocol({ protocol = 'TCP' }: JsonMap, field: string, destinationPort: JsonMap): JsonMap {
  const key = Object.hasOwn(PROTOCOLS, String(protocol)) ? PROTOCOLS[String(protocol)] : undefined
  if (key === undefined)
    throw new Problem(`expected TCP, UDP or SCTP, not ${JSON.stringify(protocol)}`, {
      field: at(field, 'protocol'),
    })
  return { [key]: { destinationPort } }
}
