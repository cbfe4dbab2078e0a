/** Targets without arguments, and REJECT (extensions/libxt_standard.c, libipt_REJECT.c, libip6t_REJECT.c). */
import { Problem } from '../../problem.ts'
import type { Family, RejectWith } from '../../ruleset.ts'
import { defineTarget, type Extension } from '../extension.ts'

const plain = (kind: 'ACCEPT' | 'DROP' | 'RETURN' | 'NOTRACK' | 'TRACE'): Extension =>
  defineTarget({ kind, options: [], finish: () => ({ kind }), print: () => '' })

export const accept = plain('ACCEPT')
export const drop = plain('DROP')
export const returns = plain('RETURN')
export const notrack = plain('NOTRACK')
export const trace = plain('TRACE')

const IPV4_REJECTS = new Map<string, RejectWith>([
  ['icmp-net-unreachable', 'icmp-net-unreachable'],
  ['net-unreach', 'icmp-net-unreachable'],
  ['icmp-host-unreachable', 'icmp-host-unreachable'],
  ['host-unreach', 'icmp-host-unreachable'],
  ['icmp-proto-unreachable', 'icmp-proto-unreachable'],
  ['proto-unreach', 'icmp-proto-unreachable'],
  ['icmp-port-unreachable', 'icmp-port-unreachable'],
  ['port-unreach', 'icmp-port-unreachable'],
  ['icmp-net-prohibited', 'icmp-net-prohibited'],
  ['net-prohib', 'icmp-net-prohibited'],
  ['icmp-host-prohibited', 'icmp-host-prohibited'],
  ['host-prohib', 'icmp-host-prohibited'],
  ['tcp-reset', 'tcp-reset'],
  ['tcp-rst', 'tcp-reset'],
  ['icmp-admin-prohibited', 'icmp-admin-prohibited'],
  ['admin-prohib', 'icmp-admin-prohibited'],
])

const IPV6_REJECTS = new Map<string, RejectWith>([
  ['icmp6-no-route', 'icmp6-no-route'],
  ['no-route', 'icmp6-no-route'],
  ['icmp6-adm-prohibited', 'icmp6-adm-prohibited'],
  ['adm-prohibited', 'icmp6-adm-prohibited'],
  ['icmp6-addr-unreachable', 'icmp6-addr-unreachable'],
  ['addr-unreach', 'icmp6-addr-unreachable'],
  ['icmp6-port-unreachable', 'icmp6-port-unreachable'],
  ['port-unreach', 'icmp6-port-unreachable'],
  ['tcp-reset', 'tcp-reset'],
  ['icmp6-policy-fail', 'icmp6-policy-fail'],
  ['policy-fail', 'icmp6-policy-fail'],
  ['icmp6-reject-route', 'icmp6-reject-route'],
  ['reject-route', 'icmp6-reject-route'],
])

/** A full name or alias; the real tool also takes a unique beginning. */
function rejectType(text: string, family: Family): RejectWith {
  const types = family === 'ipv4' ? IPV4_REJECTS : IPV6_REJECTS
  const wanted = text.toLowerCase()
  const exact = types.get(wanted)
  const found = exact ?? [...types].find(([name]) => name.startsWith(wanted))?.[1]
  if (!found || wanted === '') throw new Problem(`unknown reject type "${text}"`, { field: text })
  return found
}

const TCP = 6

export const reject = defineTarget({
  kind: 'REJECT',
  options: [
    {
      names: ['reject-with'],
      read: ([text], { family }) => ({ rejectWith: rejectType(text!, family) }),
    },
  ],
  finish: ({ rejectWith }, { family, protocol }) => {
    if (rejectWith === 'tcp-reset' && protocol !== TCP)
      throw new Problem("REJECT: tcp-reset needs `-p tcp'", { field: 'tcp-reset' })
    return {
      kind: 'REJECT',
      rejectWith: rejectWith ?? (family === 'ipv4' ? 'icmp-port-unreachable' : 'icmp6-port-unreachable'),
    }
  },
  print: ({ rejectWith }) => ` --reject-with ${rejectWith}`,
})
