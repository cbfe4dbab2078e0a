/**
 * Names of chains (at most 28 characters) and sets (at most 31). What belongs to one object has a hash of the object's
 * name in it, so that a name never depends on what else there is: the first 12 characters of base32(SHA-256), 60 bits.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import type { Family } from '../../kernel/ruleset.ts'
import { planKey, type Direction, type PolicyPlan, type Tier } from '../plan/plan.ts'
import type { Flow } from './flow.ts'

export const FORWARD = 'NETPOL-FORWARD'
export const INPUT = 'NETPOL-INPUT'
export const OUTPUT = 'NETPOL-OUTPUT'
export const PREROUTING = 'NETPOL-PREROUTING'
/** Packets whose way back is not the link they came by. */
export const SPOOFED = 'NETPOL-SPOOFED'
/** Neighbour discovery and the like. */
export const NEIGHBOURS = 'NETPOL-NEIGHBOURS'
/** Packets of connections that are known already, when these are policed again; and the replies among them. */
export const LIVE = 'NETPOL-LIVE'
export const REPLY = 'NETPOL-REPLY'
export const ALLOW = 'NETPOL-ALLOW'
export const DENY = 'NETPOL-DENY'

/** Where a direction begins: its Admin tier. `NETPOL-EGRESS`, and `NETPOL-R-EGRESS` for replies. */
export function firstChain(direction: Direction, flow: Flow): string {
  return `NETPOL-${flow === 'reply' ? 'R-' : ''}${direction.toUpperCase()}`
}

export function tierChain(direction: Direction, tier: Tier, flow: Flow): string {
  const first = firstChain(direction, flow)
  switch (tier) {
    case 'Admin':
      return first
    case 'NetworkPolicy':
      return `${first}-NP`
    case 'Baseline':
      return `${first}-BASE`
    default:
      return tier satisfies never
  }
}

const LETTER: Readonly<Record<Direction, string>> = { egress: 'E', ingress: 'I' }

/** `NPI-redis-all-ABCDEFGHIJKL`: the rules of a policy in one direction. With an `R` in front: for replies. */
export function policyChain(plan: PolicyPlan, flow: Flow): string {
  const prefix = `${mirrored(flow)}${plan.kind === 'NetworkPolicy' ? 'NP' : 'CNP'}`
  return `${prefix}${LETTER[plan.direction]}-${readable(plan.name)}-${hash(planKey(plan))}`
}

/** The NetworkPolicies of a namespace. */
export function namespaceChain(direction: Direction, namespace: string, flow: Flow): string {
  return `${mirrored(flow)}NS${LETTER[direction]}-${readable(namespace)}-${hash(namespace)}`
}

function mirrored(flow: Flow): string {
  return flow === 'reply' ? 'R' : ''
}

const READABLE = 9

/** Characters of a chain's name that iptables takes and people can read. */
function readable(name: string): string {
  return name.slice(0, READABLE).replace(/[^a-zA-Z0-9.]+$/, '')
}

/** A set has one name a family. */
export function setName(base: string, family: Family): string {
  return `${base}-${family === 'ipv4' ? 'v4' : 'v6'}`
}

/** `NETPOL-pods-ABCDEFGHIJKL`. */
export function hashedSet(what: string, key: string): string {
  return `NETPOL-${what}-${hash(key)}`
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const HASH_LENGTH = 12
const encoder = new TextEncoder()

export function hash(text: string): string {
  const digest = sha256(encoder.encode(text))
  let bits = 0
  let value = 0
  let result = ''
  for (const byte of digest) {
    value = ((value << 8) | byte) & 0xfff
    for (bits += 8; bits >= 5; bits -= 5) result += BASE32[(value >> (bits - 5)) & 31]!
    if (result.length >= HASH_LENGTH) break
  }
  return result.slice(0, HASH_LENGTH)
}
