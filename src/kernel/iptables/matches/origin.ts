/** Matches on where a packet comes from: addrtype, physdev, owner, rpfilter; and comment, which matches all. */
import { Problem } from '../../problem.ts'
import { ADDRESS_TYPES, type Match, type PortRange } from '../../ruleset.ts'
import { interfaceName } from '../interfaces.ts'
import { defineMatch, required, type Option } from '../extension.ts'
import { parseUint, U32 } from '../numbers.ts'
import { bang, inOrder, nameList, printRange, withNot } from '../values.ts'
import { quoteText } from '../words.ts'

export const addrtype = defineMatch({
  kind: 'addrtype',
  options: [
    {
      names: ['src-type'],
      invertible: true,
      read: ([text], { not }) => ({ srcType: withNot(nameList(text!, ADDRESS_TYPES, 'addrtype'), not) }),
    },
    {
      names: ['dst-type'],
      invertible: true,
      read: ([text], { not }) => ({ dstType: withNot(nameList(text!, ADDRESS_TYPES, 'addrtype'), not) }),
    },
    { names: ['limit-iface-in'], arity: 0, read: () => ({ limitIface: 'in' }) },
    { names: ['limit-iface-out'], arity: 0, read: () => ({ limitIface: 'out' }) },
  ],
  finish: (soFar) => {
    if (!soFar.srcType && !soFar.dstType)
      throw new Problem('addrtype: you must specify --src-type or --dst-type')
    return { kind: 'addrtype', ...soFar }
  },
  print: ({ srcType, dstType, limitIface }) =>
    (srcType ? `${bang(srcType)} --src-type ${inOrder(srcType.value, ADDRESS_TYPES).join(',')}` : '') +
    (dstType ? `${bang(dstType)} --dst-type ${inOrder(dstType.value, ADDRESS_TYPES).join(',')}` : '') +
    (limitIface ? ` --limit-iface-${limitIface}` : ''),
})

type Physdev = Extract<Match, { kind: 'physdev' }>

function flagOption(name: string, key: 'isIn' | 'isOut' | 'isBridged'): Option<Physdev> {
  return { names: [name], arity: 0, invertible: true, read: (_, { not }) => ({ [key]: not ? { not } : {} }) }
}

export const physdev = defineMatch({
  kind: 'physdev',
  options: [
    {
      names: ['physdev-in'],
      invertible: true,
      read: ([text], { not }) => ({ physdevIn: withNot(interfaceName(text!), not) }),
    },
    {
      names: ['physdev-out'],
      invertible: true,
      read: ([text], { not }) => ({ physdevOut: withNot(interfaceName(text!), not) }),
    },
    flagOption('physdev-is-in', 'isIn'),
    flagOption('physdev-is-out', 'isOut'),
    flagOption('physdev-is-bridged', 'isBridged'),
  ],
  finish: (soFar) => {
    if (Object.keys(soFar).length === 0) throw new Problem('physdev: At least one option is required')
    return { kind: 'physdev', ...soFar }
  },
  print: ({ physdevIn, physdevOut, isIn, isOut, isBridged }) =>
    (isIn ? `${bang(isIn)} --physdev-is-in` : '') +
    (physdevIn ? `${bang(physdevIn)} --physdev-in ${physdevIn.value}` : '') +
    (isOut ? `${bang(isOut)} --physdev-is-out` : '') +
    (physdevOut ? `${bang(physdevOut)} --physdev-out ${physdevOut.value}` : '') +
    (isBridged ? `${bang(isBridged)} --physdev-is-bridged` : ''),
})

/** User and group ids, `5` or `5-9`; names are not looked up. */
function idRange(text: string, option: string): PortRange {
  const [low, high = low] = text.split('-') as [string, string?]
  const from = parseUint(low!, U32 - 1)
  const to = parseUint(high!, U32 - 1)
  if (from === undefined || to === undefined || from > to)
    throw new Problem(`owner: Bad value for "${option}" option: "${text}"`, { field: text })
  return { from, to }
}

export const owner = defineMatch({
  kind: 'owner',
  unmodelled: ['suppl-groups'],
  options: [
    {
      names: ['uid-owner'],
      invertible: true,
      read: ([text], { not, option }) => ({ uid: withNot(idRange(text!, option), not) }),
    },
    {
      names: ['gid-owner'],
      invertible: true,
      read: ([text], { not, option }) => ({ gid: withNot(idRange(text!, option), not) }),
    },
    {
      names: ['socket-exists'],
      arity: 0,
      invertible: true,
      read: (_, { not }) => ({ socketExists: not ? { not } : {} }),
    },
  ],
  finish: (soFar) => {
    if (Object.keys(soFar).length === 0)
      throw new Problem('owner: At least one of --uid-owner, --gid-owner or --socket-exists is required')
    return { kind: 'owner', ...soFar }
  },
  print: ({ uid, gid, socketExists }) =>
    (socketExists ? `${bang(socketExists)} --socket-exists` : '') +
    (uid ? `${bang(uid)} --uid-owner ${printRange(uid.value, '-')}` : '') +
    (gid ? `${bang(gid)} --gid-owner ${printRange(gid.value, '-')}` : ''),
})

export const rpfilter = defineMatch({
  kind: 'rpfilter',
  options: [
    { names: ['loose'], arity: 0, read: () => ({ loose: true }) },
    { names: ['validmark'], arity: 0, read: () => ({ validMark: true }) },
    { names: ['accept-local'], arity: 0, read: () => ({ acceptLocal: true }) },
    { names: ['invert'], arity: 0, read: () => ({ invert: true }) },
  ],
  finish: (soFar) => ({ kind: 'rpfilter', ...soFar }),
  print: ({ loose, validMark, acceptLocal, invert }) =>
    (loose ? ' --loose' : '') +
    (validMark ? ' --validmark' : '') +
    (acceptLocal ? ' --accept-local' : '') +
    (invert ? ' --invert' : ''),
})

const COMMENT_MAX = 255

export const comment = defineMatch({
  kind: 'comment',
  options: [
    {
      names: ['comment'],
      read: ([text]) => {
        if (text!.length > COMMENT_MAX)
          throw new Problem(`COMMENT must be shorter than ${COMMENT_MAX + 1} characters`, { field: text! })
        return { comment: text! }
      },
    },
  ],
  finish: (soFar) => ({ kind: 'comment', comment: required(soFar, 'comment', 'comment', 'comment') }),
  print: ({ comment }) => ` --comment ${quoteText(comment)}`,
})
