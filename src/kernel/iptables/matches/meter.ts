/** Matches that count or draw: statistic, recent, limit, nfacct, set (extensions/libxt_*.c of those names). */
import { prefixMask, formatAddress } from '../../address.ts'
import { Problem } from '../../problem.ts'
import type { Match, Not } from '../../ruleset.ts'
import { defineMatch, oneOf, required, type Option } from '../extension.ts'
import { uint, U32 } from '../numbers.ts'
import { address, bang, withNot } from '../values.ts'

const TWO_31 = 2 ** 31

interface StatisticDraft {
  readonly kind: 'statistic'
  readonly mode: Extract<Match, { kind: 'statistic' }>['mode']
  readonly name: 'random' | 'nth'
  readonly probability: Not<number>
  readonly every: Not<number>
  readonly packet: number
}

const draft = (value: object): StatisticDraft => value as StatisticDraft

export const statistic = defineMatch({
  kind: 'statistic',
  options: [
    {
      names: ['mode'],
      read: ([text]) => draft({ name: oneOf(text!, ['random', 'nth'] as const, `Bad mode "${text}"`) }),
    },
    {
      names: ['probability'],
      invertible: true,
      read: ([text], { not }) => {
        const value = Number(text)
        if (text!.trim() === '' || !(value >= 0 && value <= 1))
          throw new Problem('statistic: bad value for option "--probability", or out of range (0-1)', {
            field: text!,
          })
        return draft({ probability: withNot(Math.round(value * TWO_31), not) })
      },
    },
    {
      names: ['every'],
      invertible: true,
      read: ([text], { not }) => draft({ every: withNot(uint(text!, U32, 'statistic: --every', 1), not) }),
    },
    { names: ['packet'], read: ([text]) => draft({ packet: uint(text!, U32, 'statistic: --packet') }) },
  ],
  finish: (soFar) => {
    const { name, probability, every, packet = 0 } = soFar as Partial<StatisticDraft>
    if (name === undefined) throw new Problem('statistic: option "--mode" must be specified')
    if (name === 'random') {
      if (!probability) throw new Problem('statistic: --probability must be specified when using random mode')
      return {
        kind: 'statistic',
        mode: withNot({ kind: 'random', probability: probability.value }, probability.not === true),
      }
    }
    if (!every) throw new Problem('statistic: --every must be specified when using nth mode')
    if (packet >= every.value)
      throw new Problem('the --packet p must be 0 <= p <= n-1', { field: String(packet) })
    return {
      kind: 'statistic',
      mode: withNot({ kind: 'nth', every: every.value, packet }, every.not === true),
    }
  },
  print: ({ mode }) =>
    mode.value.kind === 'random'
      ? ` --mode random${bang(mode)} --probability ${(mode.value.probability / TWO_31).toFixed(11)}`
      : ` --mode nth${bang(mode)} --every ${mode.value.every} --packet ${mode.value.packet}`,
})

type Recent = Extract<Match, { kind: 'recent' }>

function recentCommand(command: Recent['command']): Option<Recent> {
  return {
    names: [command],
    arity: 0,
    invertible: true,
    read: (_, { not }, soFar) => {
      if (soFar.command)
        throw new Problem("recent: only one of `--set', `--rcheck' `--update' or `--remove' may be set", {
          field: `--${command}`,
        })
      return { command, ...(not && { not }) }
    },
  }
}

/** The kernel's default list of addresses. */
const RECENT_DEFAULT = 'DEFAULT'

export const recent = defineMatch({
  kind: 'recent',
  options: [
    recentCommand('set'),
    recentCommand('rcheck'),
    recentCommand('update'),
    recentCommand('remove'),
    { names: ['seconds'], read: ([text]) => ({ seconds: uint(text!, U32, 'recent: --seconds', 1) }) },
    { names: ['reap'], arity: 0, read: () => ({ reap: true }) },
    { names: ['hitcount'], read: ([text]) => ({ hitcount: uint(text!, U32, 'recent: --hitcount') }) },
    { names: ['rttl'], arity: 0, read: () => ({ rttl: true }) },
    {
      names: ['name'],
      read: ([text]) => {
        if (text === '' || text!.length > 199) throw new Problem('recent: bad list name', { field: text! })
        return { name: text! }
      },
    },
    { names: ['rsource'], arity: 0, read: () => ({ side: 'rsource' }) },
    { names: ['rdest'], arity: 0, read: () => ({ side: 'rdest' }) },
    { names: ['mask'], read: ([text], { family }) => ({ mask: address(text!, family) }) },
  ],
  finish: (soFar, { family }) => {
    const { command } = soFar
    if (!command)
      throw new Problem("recent: you must specify one of `--set', `--rcheck' `--update' or `--remove'")
    if (soFar.reap && soFar.seconds === undefined)
      throw new Problem('recent: option "--reap" also requires "--seconds"')
    if (
      (command === 'set' || command === 'remove') &&
      (soFar.seconds !== undefined || soFar.hitcount !== undefined)
    )
      throw new Problem(`recent: --seconds and --hitcount need --rcheck or --update`)
    const whole = formatAddress(prefixMask(family, 128))
    return { kind: 'recent', name: RECENT_DEFAULT, side: 'rsource', mask: whole, ...soFar, command }
  },
  print: (match) =>
    `${bang(match)} --${match.command}` +
    (match.seconds === undefined ? '' : ` --seconds ${match.seconds}`) +
    (match.reap ? ' --reap' : '') +
    (match.hitcount === undefined ? '' : ` --hitcount ${match.hitcount}`) +
    (match.rttl ? ' --rttl' : '') +
    ` --name ${match.name} --mask ${match.mask} --${match.side}`,
})

/** xt_limit keeps 10000ths of a second between packets. */
const LIMIT_SCALE = 10_000
const LIMIT_RATES = [
  { name: 'day', period: LIMIT_SCALE * 86_400 },
  { name: 'hour', period: LIMIT_SCALE * 3600 },
  { name: 'min', period: LIMIT_SCALE * 60 },
  { name: 'sec', period: LIMIT_SCALE },
] as const
const LIMIT_UNITS = ['second', 'minute', 'hour', 'day'] as const
const LIMIT_PERIOD = { second: 1, minute: 60, hour: 3600, day: 86_400 } as const
const LIMIT_BURST = 5
const LIMIT_DEFAULT = LIMIT_RATES[1].period / 3

function limitRate(text: string): number {
  const [count, unit = 'second'] = text.split('/') as [string, string?]
  const name = LIMIT_UNITS.find((candidate) => unit !== '' && candidate.startsWith(unit.toLowerCase()))
  const rate = /^\d+$/.test(count) ? Number(count) : 0
  const avg = name && rate > 0 ? Math.trunc((LIMIT_SCALE * LIMIT_PERIOD[name]) / rate) : 0
  if (avg === 0 || avg > U32) throw new Problem(`limit: bad rate \`${text}'`, { field: text })
  return avg
}

function printRate(period: number): string {
  const coarser = LIMIT_RATES.slice(1).findIndex(
    (rate) => period > rate.period || Math.trunc(rate.period / period) < rate.period % period,
  )
  const rate = LIMIT_RATES[coarser < 0 ? LIMIT_RATES.length - 1 : coarser]!
  return `${Math.trunc(rate.period / period)}/${rate.name}`
}

export const limit = defineMatch({
  kind: 'limit',
  options: [
    { names: ['limit'], read: ([text]) => ({ avg: limitRate(text!) }) },
    { names: ['limit-burst'], read: ([text]) => ({ burst: uint(text!, 10_000, 'limit: --limit-burst') }) },
  ],
  finish: ({ avg = LIMIT_DEFAULT, burst = LIMIT_BURST }) => ({ kind: 'limit', avg, burst }),
  print: ({ avg, burst }) =>
    ` --limit ${printRate(avg)}${burst === LIMIT_BURST ? '' : ` --limit-burst ${burst}`}`,
})

export const nfacct = defineMatch({
  kind: 'nfacct',
  options: [
    {
      names: ['nfacct-name'],
      read: ([text]) => {
        if (text === '' || text!.length > 31) throw new Problem('nfacct: bad object name', { field: text! })
        return { name: text! }
      },
    },
  ],
  finish: (soFar) => ({ kind: 'nfacct', name: required(soFar, 'name', 'nfacct', 'nfacct-name') }),
  // The real tool writes two blanks.
  print: ({ name }) => ` --nfacct-name  ${name}`,
})
