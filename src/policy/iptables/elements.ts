/** What members of sets look like in the kernel. Elements of a pod are made once and shared by all sets. */
import { addressBits, canonicalAddress, familyOf } from '../../kernel/address.ts'
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

const elements = new WeakMap<PodFacts, readonly MemberElement[]>()

/** A pod's addresses. The comment says whose they are. */
export function addressElements(pod: PodFacts): readonly MemberElement[] {
  let known = elements.get(pod)
  if (known === undefined)
    elements.set(pod, (known = pod.addresses.flatMap((each) => ofAddress(each, pod.key))))
  return known
}

export function nodeElements({ addresses, name }: NodeFacts): readonly MemberElement[] {
  return addresses.flatMap((address) => ofAddress(address, name))
}

function ofAddress(address: string, comment: string): MemberElement[] {
  const host = hostOf(address)
  if (host === undefined) return []
  const { family, first } = host
  return [{ family, text: first.address, entry: { element: { first }, comment } }]
}

const PROTOCOL_NUMBERS = { TCP: 6, UDP: 17, SCTP: 132 } as const

/** A pod's addresses with the number that a name means there, of each protocol that has it. */
export function portElements(name: string): (pod: PodFacts) => readonly MemberElement[] {
  return ({ addresses, ports, key }) =>
    ports
      .filter((port) => port.name === name)
      .flatMap(({ protocol, port }) =>
        addresses.flatMap((address): MemberElement[] => {
          const host = hostOf(address)
          if (host === undefined) return []
          const { family, first } = host
          const element = { first, port: { protocol: PROTOCOL_NUMBERS[protocol], port } }
          const text = `${first.address},${protocol.toLowerCase()}:${port}`
          return [{ family, text, entry: { element, comment: key } }]
        }),
      )
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

function hostOf(text: string): { readonly family: Family; readonly first: Net } | undefined {
  const family = familyOf(text)
  const address = family === undefined ? undefined : canonicalAddress(text, family)
  if (family === undefined || address === undefined) return undefined
  return { family, first: { address, prefixLength: addressBits(family) } }
}
