/** Targets that rewrite headers: TCPMSS, TTL, HL, TOS, DSCP; and SET (extensions of those names). */
import { Problem } from '../../problem.ts'
import type { Target } from '../../ruleset.ts'
import { byteBits, dscpClass, tosNumber } from '../classes.ts'
import { defineTarget, required, UNMODELLED, type Option } from '../extension.ts'
import { hex2, parseUint, uint, U32 } from '../numbers.ts'
import { setDirections, setName } from '../sets.ts'

export const tcpmss = defineTarget({
  kind: 'TCPMSS',
  protocols: [6],
  options: [
    { names: ['set-mss'], read: ([text]) => ({ mss: uint(text!, 65495, 'TCPMSS: --set-mss') }) },
    { names: ['clamp-mss-to-pmtu'], arity: 0, read: () => ({ mss: 'clamp-mss-to-pmtu' }) },
  ],
  finish: ({ mss }) => {
    if (mss === undefined) throw new Problem('TCPMSS target: At least one parameter is required')
    return { kind: 'TCPMSS', mss }
  },
  print: ({ mss }) => (mss === 'clamp-mss-to-pmtu' ? ' --clamp-mss-to-pmtu' : ` --set-mss ${mss}`),
})

type Hops = Extract<Target, { kind: 'TTL' | 'HL' }>

function hopOptions(name: 'ttl' | 'hl'): Option<Hops>[] {
  return (['set', 'inc', 'dec'] as const).map((op) => ({
    names: [`${name}-${op}`],
    read: ([text]) => ({ op, value: uint(text!, 255, `--${name}-${op}`, op === 'set' ? 0 : 1) }),
  }))
}

function finishHops(kind: 'TTL' | 'HL', { op, value }: Partial<Hops>): Hops {
  if (op === undefined || value === undefined) throw new Problem(`${kind}: You must specify an action`)
  return { kind, op, value }
}

export const ttl = defineTarget({
  kind: 'TTL',
  family: 'ipv4',
  options: hopOptions('ttl'),
  finish: (soFar) => finishHops('TTL', soFar),
  print: ({ op, value }) => ` --ttl-${op} ${value}`,
})

export const hl = defineTarget({
  kind: 'HL',
  family: 'ipv6',
  options: hopOptions('hl'),
  finish: (soFar) => finishHops('HL', soFar),
  print: ({ op, value }) => ` --hl-${op} ${value}`,
})

export const tos = defineTarget({
  kind: 'TOS',
  options: [
    { names: ['set-tos'], read: ([text]) => tosNumber(text!) },
    { names: ['and-tos'], read: ([text]) => ({ value: 0, mask: ~byteBits(text!, 'TOS: --and-tos') & 0xff }) },
    {
      names: ['or-tos'],
      read: ([text]) => {
        const value = byteBits(text!, 'TOS: --or-tos')
        return { value, mask: value }
      },
    },
    { names: ['xor-tos'], read: ([text]) => ({ value: byteBits(text!, 'TOS: --xor-tos'), mask: 0 }) },
  ],
  finish: ({ value, mask }) => {
    if (value === undefined || mask === undefined) throw new Problem('TOS: An action is required')
    return { kind: 'TOS', value, mask }
  },
  print: ({ value, mask }) => ` --set-tos ${hex2(value)}/${hex2(mask)}`,
})

export const dscp = defineTarget({
  kind: 'DSCP',
  options: [
    { names: ['set-dscp'], read: ([text]) => ({ value: uint(text!, 63, 'DSCP: --set-dscp') }) },
    { names: ['set-dscp-class'], read: ([text]) => ({ value: dscpClass(text!) }) },
  ],
  finish: (soFar) => ({ kind: 'DSCP', value: required(soFar, 'value', 'DSCP', 'set-dscp') }),
  print: ({ value }) => ` --set-dscp ${hex2(value)}`,
})

type SetTarget = Extract<Target, { kind: 'SET' }>

function operation(name: 'add' | 'del'): Option<SetTarget> {
  return {
    names: [`${name}-set`],
    arity: 2,
    read: ([set, directions], _, soFar) =>
      soFar.operation
        ? UNMODELLED
        : { operation: name, set: setName(set!), directions: setDirections(directions!) },
  }
}

export const set = defineTarget({
  kind: 'SET',
  unmodelled: ['map-set', 'map-mark', 'map-prio', 'map-queue'],
  options: [
    operation('add'),
    operation('del'),
    { names: ['exist'], arity: 0, read: () => ({ exist: true }) },
    {
      names: ['timeout'],
      read: ([text]) => {
        const timeout = parseUint(text!, U32 - 1)
        if (timeout === undefined) throw new Problem(`SET: bad timeout`, { field: text! })
        return { timeout }
      },
    },
  ],
  finish: (soFar) => {
    if (!soFar.operation || soFar.set === undefined || !soFar.directions)
      throw new Problem("You must specify either `--add-set' or `--del-set' or `--map-set'")
    return { kind: 'SET', ...soFar, operation: soFar.operation, set: soFar.set, directions: soFar.directions }
  },
  print: ({ operation, set, directions, exist, timeout }) =>
    ` --${operation}-set ${set} ${directions.join(',')}` +
    (exist ? ' --exist' : '') +
    (timeout === undefined ? '' : ` --timeout ${timeout}`),
})
