/** Policy questions as text: `ask(objects, 'x/a -> y/b tcp 80')`. */
import {
  Evaluator,
  type Endpoint,
  type PolicyObject,
  type PolicyOptions,
  type PolicyProtocol,
  type PolicyVerdict,
  type Question,
} from '../../../src/policy/evaluate/index.ts'

export function evaluatorOf(
  objects: readonly PolicyObject[],
  options: Partial<PolicyOptions> = {},
): Evaluator {
  const evaluator = new Evaluator({}, options)
  for (const object of objects) evaluator.upsert(object)
  return evaluator
}

/**
 * `from -> to protocol [port] [via service] [over ipv6]`. An end is a pod (`ns/name`), a node (`node:name`) or an address.
 */
export function question(text: string): Question {
  const match = /^(\S+) -> (\S+) ([a-z]+)(?: (\d+))?( via service)?(?: over (ipv4|ipv6))?$/.exec(text)
  if (match === null) throw new Error(`not a question: ${text}`)
  const [, from, to, protocol, port, service, family] = match
  return {
    from: endpoint(from!),
    to: endpoint(to!),
    protocol: protocol as PolicyProtocol,
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(service === undefined ? {} : { throughService: true }),
    ...(family === undefined ? {} : { family: family as 'ipv4' | 'ipv6' }),
  }
}

export function endpoint(text: string): Endpoint {
  if (text.startsWith('node:')) return { kind: 'node', name: text.slice('node:'.length) }
  const [namespace, name] = text.split('/')
  return name === undefined
    ? { kind: 'address', address: text }
    : { kind: 'pod', namespace: namespace!, name }
}

export function verdictOf(
  objects: readonly PolicyObject[],
  text: string,
  options: Partial<PolicyOptions> = {},
): PolicyVerdict {
  return evaluatorOf(objects, options).verdict(question(text))
}

export function allowed(
  objects: readonly PolicyObject[],
  text: string,
  options: Partial<PolicyOptions> = {},
): boolean {
  return verdictOf(objects, text, options).allowed
}
