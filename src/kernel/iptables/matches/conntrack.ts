/** conntrack and state (extensions/libxt_conntrack.c). */
import { addressBits } from '../../address.ts'
import { Problem } from '../../problem.ts'
import type {
  ConntrackState,
  ConntrackStatus,
  Family,
  Match,
  Network,
  Not,
  PortRange,
} from '../../ruleset.ts'
import { defineMatch, oneOf, required, type Option } from '../extension.ts'
import { parseUint } from '../numbers.ts'
import { protocolNumber } from '../protocols.ts'
import { bang, inOrder, nameList, network, portRange, printNetwork, printRange, withNot } from '../values.ts'

/** In the order in which the real tool prints them. */
const STATES: readonly ConntrackState[] = [
  'INVALID',
  'NEW',
  'RELATED',
  'ESTABLISHED',
  'UNTRACKED',
  'SNAT',
  'DNAT',
]
const STATUSES: readonly ConntrackStatus[] = ['NONE', 'EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED']

type Conntrack = Extract<Match, { kind: 'conntrack' }>

/** The host bits stay, and a mask that is no prefix counts as the whole address (libxtables: xtopt_parse_hostmask). */
function hostMask(text: string, family: Family): Network {
  const { mask, ...parsed } = network(text, family, true)
  return mask === undefined ? parsed : { ...parsed, prefixLength: addressBits(family) }
}

function addressOption(key: 'ctorigsrc' | 'ctorigdst' | 'ctreplsrc' | 'ctrepldst'): Option<Conntrack> {
  return {
    names: [key],
    invertible: true,
    read: ([text], { not, family }) => ({ [key]: withNot(hostMask(text!, family), not) }),
  }
}

function portOption(
  key: 'ctorigsrcport' | 'ctorigdstport' | 'ctreplsrcport' | 'ctrepldstport',
): Option<Conntrack> {
  return {
    names: [key],
    invertible: true,
    read: ([text], { not }) => ({ [key]: withNot(portRange(text!), not) }),
  }
}

/** Seconds, `10` or `10:20`. */
function seconds(text: string): PortRange {
  const [low, high = low] = text.split(':') as [string, string?]
  const from = low === '' ? 0 : parseUint(low!, 0xffffffff)
  const to = high === '' ? 0xffffffff : parseUint(high!, 0xffffffff)
  if (from === undefined || to === undefined || from > to)
    throw new Problem(`conntrack: bad value for option "--ctexpire", or out of range`, { field: text })
  return { from, to }
}

export const conntrack = defineMatch({
  kind: 'conntrack',
  options: [
    {
      names: ['ctstate'],
      invertible: true,
      read: ([text], { not }) => ({ ctstate: withNot(nameList(text!, STATES, 'ctstate'), not) }),
    },
    {
      names: ['ctstatus'],
      invertible: true,
      read: ([text], { not }) => ({ ctstatus: withNot(nameList(text!, STATUSES, 'ctstatus'), not) }),
    },
    {
      names: ['ctproto'],
      invertible: true,
      read: ([text], { not }) => ({ ctproto: withNot(String(protocolNumber(text!)), not) }),
    },
    addressOption('ctorigsrc'),
    addressOption('ctorigdst'),
    addressOption('ctreplsrc'),
    addressOption('ctrepldst'),
    portOption('ctorigsrcport'),
    portOption('ctorigdstport'),
    portOption('ctreplsrcport'),
    portOption('ctrepldstport'),
    {
      names: ['ctexpire'],
      invertible: true,
      read: ([text], { not }) => ({ ctexpire: withNot(seconds(text!), not) }),
    },
    {
      names: ['ctdir'],
      read: ([text]) => ({
        ctdir: oneOf(text!.toUpperCase(), ['ORIGINAL', 'REPLY'] as const, 'conntrack: bad value for --ctdir'),
      }),
    },
  ],
  finish: (soFar) => {
    if (Object.keys(soFar).length === 0) throw new Problem('conntrack: At least one option is required')
    return { kind: 'conntrack', ...soFar }
  },
  print: (match, family) => {
    const list = <T extends string>(name: string, names: readonly T[], field?: Not<readonly T[]>) =>
      field ? `${bang(field)} --${name} ${inOrder(field.value, names).join(',')}` : ''
    const address = (name: string, field?: Not<Network>) =>
      field ? `${bang(field)} --${name} ${printNetwork(field.value, family, false)}` : ''
    const range = (name: string, field?: Not<PortRange>) =>
      field ? `${bang(field)} --${name} ${printRange(field.value)}` : ''
    return (
      list('ctstate', STATES, match.ctstate) +
      (match.ctproto ? `${bang(match.ctproto)} --ctproto ${protocolNumber(match.ctproto.value)}` : '') +
      address('ctorigsrc', match.ctorigsrc) +
      address('ctorigdst', match.ctorigdst) +
      address('ctreplsrc', match.ctreplsrc) +
      address('ctrepldst', match.ctrepldst) +
      range('ctorigsrcport', match.ctorigsrcport) +
      range('ctorigdstport', match.ctorigdstport) +
      range('ctreplsrcport', match.ctreplsrcport) +
      range('ctrepldstport', match.ctrepldstport) +
      list('ctstatus', STATUSES, match.ctstatus) +
      range('ctexpire', match.ctexpire) +
      (match.ctdir ? ` --ctdir ${match.ctdir}` : '')
    )
  },
})

export const state = defineMatch({
  kind: 'state',
  options: [
    {
      names: ['state'],
      invertible: true,
      read: ([text], { not }) => ({ state: withNot(nameList(text!, STATES.slice(0, 5), 'state'), not) }),
    },
  ],
  finish: (soFar) => ({ kind: 'state', state: required(soFar, 'state', 'state', 'state') }),
  print: ({ state }) => `${bang(state)} --state ${inOrder(state.value, STATES).join(',')}`,
})
