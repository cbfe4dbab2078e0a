/** What members of sets look like in the kernel. Elements of a pod are made once and shared by all sets. */
import { addressBits, canonicalAddress } from '../../kernel/address.ts'
import type { Net, SetEntry } from '../../kernel/ipset.ts'
import type { Family } from '../../kernel/ruleset.ts'
import type { NodeFacts, PodFacts } from '../members/pod-facts.ts'
import { netText, parseCidr, storable } from './cidr.ts'

/** Elements that a member stands for. */
export interface MemberElement {
  readonly family: Family
  /** As `ipset save` prints it. */
  readonly text: string
  readonly entry: SetEntry
}

interface Host {
  readonly family: Family
  readonly first: Net
}

interface PodElements {
  readonly hosts: readonly Host[]
  readonly addresses: readonly MemberElement[]
}

const known = new WeakMap<PodFacts, PodElements>()

/** A pod's addresses. The comment says whose they are. */
export function addressElements(pod: PodFacts): readonly MemberElement[] {
  return elementsOf(pod).addresses
}

export function nodeElements({ addresses, name }: NodeFacts): readonly MemberElement[] {
  return addresses.flatMap(hostOf).map((host) => ofHost(host, name))
}

function elementsOf(pod: PodFacts): PodElements {
  let elements = known.get(pod)
  if (elements === undefined) {
    const hosts = pod.addresses.flatMap(hostOf)
    elements = { hosts, addresses: hosts.map((host) => ofHost(host, pod.key)) }
    known.set(pod, elements)
  }
  return elements
}

function ofHost({ family, first }: Host, comment: string): MemberElement {
  return { family, text: first.address, entry: { element: { first }, comment } }
}

const PROTOCOL_NUMBERS = { TCP: 6, UDP: 17, SCTP: 132 } as const

/** A pod's addresses with the number that a name means there, of each protocol that has it. */
export function portElements(name: string): (pod: PodFacts) => readonly MemberElement[] {
  return (pod) => {
    const { hosts } = elementsOf(pod)
    return pod.ports.flatMap(({ name: its, protocol, port }) =>
      its === name
        ? hosts.map(({ family, first }): MemberElement => {
            const element = { first, port: { protocol: PROTOCOL_NUMBERS[protocol], port } }
            const text = `${first.address},${protocol.toLowerCase()}:${port}`
            return { family, text, entry: { element, comment: pod.key } }
          })
        : [],
    )
  }
}

/** Networks and, as elements that do not match, their exceptions. */
export function networkElements(cidrs: readonly string[], except: readonly string[]): MemberElement[] {
  const found = new Map<string, MemberElement>()
  for (const [list, nomatch] of [
    [cidrs, false],
    [except, true],
  ] as const)
    for (const text of list) {
      const cidr = parseCidr(text)
      if (cidr === undefined) continue
      for (const { family, address, prefixLength } of storable(cidr)) {
        const element = { first: { address, prefixLength } }
        const key = netText({ family, address, prefixLength })
        found.set(key, { family, text: key, entry: nomatch ? { element, nomatch } : { element } })
      }
    }
  return [...found.values()]
}

/** None when it is no address. */
function hostOf(text: string): readonly Host[] {
  const family: Family = text.includes(':') ? 'ipv6' : 'ipv4'
  const address = canonicalAddress(text, family)
  return address === undefined ? [] : [{ family, first: { address, prefixLength: addressBits(family) } }]
}
