/**
 * Who the ends of a connection are to policies: a pod, a node, or an address that is neither. An address that is a
 * pod's means that pod. A host-network pod is its node, and a finished pod is nobody, unless options say otherwise.
 */
import { addressText, readAddress, type Address, type AddressFamily } from './address.ts'
import type { NodeFacts, PodFacts } from './facts.ts'
import type { PolicyOptions } from './options.ts'
import { PolicyError } from './policy-error.ts'
import type { PolicyIndex } from './policy-index.ts'
import type { Endpoint, PolicyProtocol, Question } from './question.ts'

/** `address` is what packets of the connection carry; absent where a pod or node has none of that family. */
export type Party =
  | { readonly kind: 'pod'; readonly pod: PodFacts; readonly address: Address | undefined }
  | { readonly kind: 'node'; readonly node: NodeFacts; readonly address: Address | undefined }
  | { readonly kind: 'address'; readonly address: Address | undefined; readonly name?: string }

/** What is read and how. */
export interface Context {
  readonly index: PolicyIndex
  readonly options: PolicyOptions
}

/** A question whose ends are known. */
export interface Connection {
  readonly from: Party
  readonly to: Party
  readonly protocol: PolicyProtocol
  readonly port: number | undefined
  readonly throughService: boolean
}

/** Who talks to whom, whatever they say. */
export type Ends = Pick<Connection, 'from' | 'to' | 'throughService'>

/** @throws PolicyError for an end that does not exist, or a port that is missing or none. */
export function readQuestion(question: Question, context: Context): Connection {
  const { protocol, port, throughService = false } = question
  if (protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp') {
    if (port === undefined || !Number.isInteger(port) || port < 1 || port > 65535)
      throw new PolicyError(`a ${protocol} connection needs a port from 1 to 65535, not ${port}`)
  }
  const [from, to] = partiesOf(question.from, question.to, question.family, context)
  return { from, to, protocol, port, throughService }
}

/** Both ends, with the addresses of the family that is given, or else of the first that both have. */
export function partiesOf(
  from: Endpoint,
  to: Endpoint,
  family: AddressFamily | undefined,
  context: Context,
): readonly [Party, Party] {
  const source = meantBy(from, context)
  const loopback = to.kind === 'address' ? readLoopback(to.address) : undefined
  const destination = loopback === undefined ? meantBy(to, context) : ownOf(source, loopback.family)
  const common =
    source.addresses.find((one) => destination.addresses.some((other) => one.family === other.family)) ??
    source.addresses[0] ??
    destination.addresses[0]
  const carried = family ?? common?.family ?? 'ipv4'
  return [partyOf(source, carried), partyOf(destination, carried)]
}

/** 127.0.0.0/8 and ::1 (RFC 6890): whoever sends there means itself. */
function readLoopback(text: string): Address | undefined {
  const address = readAddress(text)
  if (address === undefined) return undefined
  const isLoopback = address.family === 'ipv4' ? address.value >> 24n === 127n : address.value === 1n
  return isLoopback ? address : undefined
}

function ownOf({ who, addresses }: Meant, family: AddressFamily): Meant {
  return { who, addresses: addresses.filter((one) => one.family === family) }
}

/** An end before it is known which of its addresses packets carry. */
interface Meant {
  readonly who: Who
  readonly addresses: readonly Address[]
}

type Who =
  | { readonly kind: 'pod'; readonly pod: PodFacts }
  | { readonly kind: 'node'; readonly node: NodeFacts }
  | { readonly kind: 'address'; readonly name?: string }

function partyOf({ who, addresses }: Meant, family: AddressFamily): Party {
  return { ...who, address: addresses.find((one) => one.family === family) }
}

function meantBy(endpoint: Endpoint, context: Context): Meant {
  const { index } = context
  switch (endpoint.kind) {
    case 'address': {
      const address = addressOf(endpoint.address)
      return { who: holderOf(address, context) ?? { kind: 'address' }, addresses: [address] }
    }
    case 'node': {
      const node = index.node(endpoint.name)
      if (node === undefined) throw new PolicyError(`there is no node ${endpoint.name}`)
      const { address } = endpoint
      const carried = address === undefined ? node.addresses : [addressOf(address)]
      return { who: { kind: 'node', node }, addresses: carried }
    }
    case 'pod': {
      const { namespace, name } = endpoint
      const pod = index.pod(namespace, name)
      if (pod === undefined) throw new PolicyError(`there is no pod ${namespace}/${name}`)
      return takesPart(pod, context.options)
        ? { who: { kind: 'pod', pod }, addresses: pod.addresses }
        : standIn(pod, context)
    }
  }
}

function addressOf(text: string): Address {
  const address = readAddress(text)
  if (address === undefined) throw new PolicyError(`not an address: ${JSON.stringify(text)}`)
  return address
}

/** Who is met where a pod is that policies do not see: its node, or whoever has the address of a finished one by now. */
function standIn(pod: PodFacts, context: Context): Meant {
  const { addresses } = pod
  const nobody: Who = { kind: 'address', name: pod.key }
  if (pod.finished) {
    const [first] = addresses
    return { who: (first === undefined ? undefined : holderOf(first, context)) ?? nobody, addresses }
  }
  const node = pod.node === undefined ? undefined : context.index.node(pod.node)
  if (node === undefined) return { who: nobody, addresses }
  return { who: { kind: 'node', node }, addresses: addresses.length > 0 ? addresses : node.addresses }
}

/** Whether policies see the pod as a pod. */
export function takesPart({ hostNetwork, finished }: PodFacts, options: PolicyOptions): boolean {
  return (
    (!hostNetwork || options.hostNetworkPods === 'pod') && (!finished || options.finishedPods === 'included')
  )
}

/**
 * Whose address it is: a running pod's before a node's, a node's before that of the host-network pods that share it and
 * of finished pods that may have lost theirs. The first by name where still several are left.
 */
export function holderOf(
  address: Address,
  { index, options }: Context,
): Exclude<Who, { readonly kind: 'address' }> | undefined {
  const pods = index.podsAt(address).filter((pod) => takesPart(pod, options))
  const pod = firstByName(pods.filter(({ hostNetwork, finished }) => !hostNetwork && !finished))
  if (pod !== undefined) return { kind: 'pod', pod }
  const node = firstByName(index.nodesAt(address))
  if (node !== undefined) return { kind: 'node', node }
  const shared = firstByName(pods.filter(({ finished }) => !finished)) ?? firstByName(pods)
  return shared === undefined ? undefined : { kind: 'pod', pod: shared }
}

function firstByName<T extends PodFacts | NodeFacts>(items: readonly T[]): T | undefined {
  const keyOf = (item: PodFacts | NodeFacts): string => ('key' in item ? item.key : item.name)
  return items.length < 2 ? items[0] : items.reduce((a, b) => (keyOf(b) < keyOf(a) ? b : a))
}

export function describe(party: Party): string {
  switch (party.kind) {
    case 'pod':
      return party.pod.key
    case 'node':
      return `node ${party.node.name}`
    case 'address':
      return party.name ?? (party.address === undefined ? 'nobody' : addressText(party.address))
  }
}
