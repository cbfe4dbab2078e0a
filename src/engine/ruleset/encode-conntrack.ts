/** Matches on what connection tracking knows of a packet: state and conntrack. */
import * as M from '../../abi/match.ts'
import { protocolNumber } from '../../kernel/iptables/protocols.ts'
import type { ConntrackState, ConntrackStatus, Family, Match } from '../../kernel/ruleset.ts'
import { addressWords, maskWords } from '../address.ts'
import { bit, halves, head, range } from './record.ts'
import type { Words } from './words.ts'

type Of<K extends Match['kind']> = Extract<Match, { kind: K }>

const STATES: Readonly<Record<ConntrackState, number>> = {
  INVALID: M.CTSTATE_INVALID,
  NEW: M.CTSTATE_NEW,
  ESTABLISHED: M.CTSTATE_ESTABLISHED,
  RELATED: M.CTSTATE_RELATED,
  UNTRACKED: M.CTSTATE_UNTRACKED,
  SNAT: M.CTSTATE_SNAT,
  DNAT: M.CTSTATE_DNAT,
}

/** IPS_* bits of the status names; NONE asks for nothing, as in libxt_conntrack. */
const STATUS: Readonly<Record<ConntrackStatus, number>> = {
  NONE: 0,
  EXPECTED: 1,
  SEEN_REPLY: 2,
  ASSURED: 4,
  CONFIRMED: 8,
}

const union = <K extends string>(
  table: Readonly<Record<K, number>>,
  names: readonly K[] | undefined,
): number => (names ?? []).reduce((mask, name) => mask | table[name], 0)

/** CTSTATE_* bits of state names. */
export const stateMask = (states: readonly ConntrackState[]): number => union(STATES, states)

export function encodeCtstate(out: Words, states: readonly ConntrackState[], not: boolean | undefined): void {
  out.push(head(M.MATCH_CTSTATE, M.CTSTATE_SIZE))
  out.push(halves(stateMask(states), bit(not)))
}

export function encodeConntrack(out: Words, match: Of<'conntrack'>, family: Family): void {
  const { kind: _, ctstate, ...others } = match
  if (ctstate && Object.values(others).every((part) => part === undefined))
    return encodeCtstate(out, ctstate.value, ctstate.not)
  const parts: [number, { readonly not?: boolean } | undefined][] = [
    [M.CONNTRACK_F_STATE, ctstate],
    [M.CONNTRACK_F_STATUS, match.ctstatus],
    [M.CONNTRACK_F_PROTO, match.ctproto],
    [M.CONNTRACK_F_ORIGSRC, match.ctorigsrc],
    [M.CONNTRACK_F_ORIGDST, match.ctorigdst],
    [M.CONNTRACK_F_REPLSRC, match.ctreplsrc],
    [M.CONNTRACK_F_REPLDST, match.ctrepldst],
    [M.CONNTRACK_F_ORIGSRC_PORT, match.ctorigsrcport],
    [M.CONNTRACK_F_ORIGDST_PORT, match.ctorigdstport],
    [M.CONNTRACK_F_REPLSRC_PORT, match.ctreplsrcport],
    [M.CONNTRACK_F_REPLDST_PORT, match.ctrepldstport],
    [M.CONNTRACK_F_EXPIRE, match.ctexpire],
  ]
  let given = match.ctdir ? M.CONNTRACK_F_DIRECTION : 0
  let invert = match.ctdir === 'REPLY' ? M.CONNTRACK_F_DIRECTION : 0
  for (const [flag, part] of parts) {
    if (part) given |= flag
    if (part?.not) invert |= flag
  }
  out.push(head(M.MATCH_CONNTRACK, M.CONNTRACK_SIZE))
  out.push(halves(given, invert))
  out.push(halves(union(STATES, ctstate?.value), union(STATUS, match.ctstatus?.value)))
  out.push(match.ctproto ? protocolNumber(match.ctproto.value) : 0)
  for (const ports of [match.ctorigsrcport, match.ctorigdstport, match.ctreplsrcport, match.ctrepldstport])
    out.push(range(ports?.value))
  out.push(match.ctexpire?.value.from ?? 0)
  out.push(match.ctexpire?.value.to ?? 0)
  for (const network of [match.ctorigsrc, match.ctorigdst, match.ctreplsrc, match.ctrepldst]) {
    out.pushAddress(network ? addressWords(network.value.address, family) : [0, 0, 0, 0])
    out.pushAddress(network ? maskWords(network.value, family) : [0, 0, 0, 0])
  }
}
