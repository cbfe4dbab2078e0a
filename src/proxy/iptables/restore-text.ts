/**
 * A batch in the very words in which kube-proxy feeds it to iptables-restore (pkg/proxy/iptables: syncProxyRules), for
 * people who know its logs and for comparison with the real one. It means the same as `printRestore`, which writes as
 * iptables-save does; only what a proxier builds has such words, any other rule is printed the common way.
 */
import { printRuleSpec } from '../../kernel/iptables/print.ts'
import type { ChainCommand, RestoreBatch } from '../../kernel/restore.ts'
import type { Family, Match, Network, Not, Rule, Target } from '../../kernel/ruleset.ts'
import { addressBits } from '../../kernel/address.ts'
import { joinHostPort } from '../ip.ts'
import { probabilityText } from './rules.ts'

export function printKubeProxyRestore(batch: RestoreBatch): string {
  const lines: string[] = []
  for (const { name, chains, commands } of batch.tables) {
    lines.push(`*${name}`)
    for (const chain of chains) lines.push(`:${chain.name} ${chain.policy ?? '-'} [0:0]`)
    for (const command of commands) lines.push(printCommand(command, batch.family))
    lines.push('COMMIT')
  }
  return `${lines.join('\n')}\n`
}

function printCommand(command: ChainCommand, family: Family): string {
  if (command.kind === 'append') return `-A ${command.chain}${printKubeProxyRule(command.rule, family)}`
  if (command.kind === 'delete-chain' && command.chain !== undefined) return `-X ${command.chain}`
  throw new Error(`kube-proxy has no command ${command.kind} in a batch`)
}

/** The rule's arguments after `-A CHAIN`, each with a blank before it. */
export function printKubeProxyRule(rule: Rule, family: Family): string {
  const parts: string[] = []
  let headerDone = false
  for (const match of rule.matches) {
    const text = printMatch(match)
    if (text === undefined) return printRuleSpec(rule, family)
    if (match.kind === 'tcp' || match.kind === 'udp' || match.kind === 'sctp') {
      const port = match.destinationPort?.value.from
      parts.push(`-m ${match.kind} -p ${match.kind}`, ...destination(rule, family))
      if (port !== undefined) parts.push(`--dport ${port}`)
      parts.push(...origin(rule, family))
      headerDone = true
      continue
    }
    const isFirst =
      match.kind === 'comment' || match.kind === 'addrtype' || rule.header.protocol !== undefined
    if (!isFirst && !headerDone) {
      parts.push(...destination(rule, family), ...origin(rule, family))
      headerDone = true
    }
    parts.push(text)
  }
  if (!headerDone) parts.push(...destination(rule, family), ...origin(rule, family))
  const target = rule.target === null ? '' : printTarget(rule.target)
  if (target === undefined) return printRuleSpec(rule, family)
  if (target !== '') parts.push(target)
  return parts.map((part) => ` ${part}`).join('')
}

const destination = ({ header }: Rule, family: Family): string[] =>
  header.destination === undefined ? [] : [printAddress('-d', header.destination, family)]

function origin({ header }: Rule, family: Family): string[] {
  const { source, inInterface } = header
  if (source !== undefined) return [printAddress('-s', source, family)]
  return inInterface === undefined ? [] : [`${not(inInterface)}-i ${inInterface.value}`]
}

const not = (value: { readonly not?: boolean }): string => (value.not === true ? '! ' : '')

/** One address is written without its length, but for the loopback that is left out. */
function printAddress(option: string, network: Not<Network>, family: Family): string {
  const { address, prefixLength } = network.value
  const whole = prefixLength === addressBits(family) && network.not !== true
  return `${not(network)}${option} ${address}${whole ? '' : `/${prefixLength}`}`
}

/** Go's `%#08x`. */
const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`

function printMatch(match: Match): string | undefined {
  switch (match.kind) {
    case 'tcp':
    case 'udp':
    case 'sctp':
      return ''
    case 'comment':
      return `-m comment --comment ${match.comment.includes(' ') ? `"${match.comment}"` : match.comment}`
    case 'addrtype':
      return match.dstType === undefined
        ? `-m addrtype --src-type ${match.srcType!.value.join(',')}`
        : `-m addrtype --dst-type ${match.dstType.value.join(',')}`
    case 'conntrack':
      return `-m conntrack ${not(match.ctstate!)}--ctstate ${match.ctstate!.value.join(',')}`
    case 'mark':
      return `-m mark ${not(match.mark)}--mark ${hex(match.mark.value.value)}/${hex(match.mark.value.mask)}`
    case 'nfacct':
      return `-m nfacct --nfacct-name ${match.name}`
    case 'recent':
      return match.command === 'set'
        ? `-m recent --name ${match.name} --set`
        : `-m recent --name ${match.name} --rcheck --seconds ${match.seconds} --reap`
    case 'statistic': {
      const mode = match.mode.value
      if (mode.kind !== 'random') return undefined
      const text = probabilityText(Math.round(2 ** 31 / mode.probability))
      return `-m statistic --mode random --probability ${text}`
    }
    default:
      return undefined
  }
}

function printTarget(target: Target): string | undefined {
  switch (target.kind) {
    case 'jump':
      return `-j ${target.chain}`
    case 'ACCEPT':
    case 'DROP':
    case 'RETURN':
    case 'REJECT':
      return `-j ${target.kind}`
    case 'MARK':
      return `-j MARK ${target.mask === 0 ? '--xor-mark' : '--or-mark'} ${hex(target.value)}`
    case 'MASQUERADE':
      return `-j MASQUERADE${target.range.randomFully === true ? ' --random-fully' : ''}`
    case 'DNAT': {
      const { addresses, ports } = target.range
      if (addresses === undefined || ports === undefined) return undefined
      return `-j DNAT --to-destination ${joinHostPort(addresses.from, ports.from)}`
    }
    default:
      return undefined
  }
}
