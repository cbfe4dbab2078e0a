/** A rule as the walk reads it: its four lane words of a quick block (lanes.ts), and its body. */
import * as M from '../../abi/match.ts'
import * as R from '../../abi/rule.ts'
import { protocolNumber } from '../../kernel/iptables/protocols.ts'
import type { Family, Network, Not, Rule, RuleHeader } from '../../kernel/ruleset.ts'
import { addressWords, type AddressWords, ipv4Word, maskedWords, maskWords } from '../address.ts'
import { encodeMatch } from './encode-match.ts'
import { encodeTarget } from './encode-target.ts'
import { type Lanes, matchLanes } from './lanes.ts'
import type { Resolver } from './resolver.ts'
import type { Words } from './words.ts'

/** Appends the body of `rule` and sets `lanes`. */
export function encodeRule(out: Words, rule: Rule, family: Family, resolve: Resolver, lanes: Lanes): void {
  const body = out.take(R.RULE_RECORDS / 4)
  const protocol = encodeHeader(out, body, rule.header, family, lanes)
  const records = out.length
  if (family === 'ipv6' && (rule.header.source || rule.header.destination))
    encodeAddress6(out, rule.header, lanes)
  if (rule.header.inInterface || rule.header.outInterface) encodeInterfaces(out, rule.header)
  if (family === 'ipv6' && rule.header.protocol) encodeProtocol6(out, rule.header.protocol)
  const { matches } = rule
  for (let i = 0; i < matches.length; i++) encodeMatch(out, matches[i]!, family, resolve)
  out.words[body + R.RULE_MATCHES / 4]! |= (out.length - records) * 4
  if (matchLanes(rule, family, protocol, lanes)) out.words[body + R.RULE_FLAGS / 4]! |= R.RULE_F_LANES
  encodeTarget(out, body + R.RULE_TARGET / 4, rule.target, family, resolve)
}

/** Flags, protocol and IPv4 addresses; returns the protocol asked for, 0 for none or an inverted one. */
function encodeHeader(out: Words, body: number, header: RuleHeader, family: Family, lanes: Lanes): number {
  const { source, destination, protocol, fragment } = header
  const number = protocol ? protocolNumber(protocol.value) : 0
  const four = family === 'ipv4'
  out.words[body + R.RULE_FLAGS / 4] =
    (source?.not ? (four ? R.RULE_F_NOT_SRC : R.RULE_F_NOT_SRC6) : 0) |
    (destination?.not ? (four ? R.RULE_F_NOT_DST : R.RULE_F_NOT_DST6) : 0) |
    (number !== 0 && four ? R.RULE_F_PROTO : 0) |
    (number !== 0 && four && protocol?.not ? R.RULE_F_NOT_PROTO : 0) |
    (fragment ? R.RULE_F_FRAGMENT : 0) |
    (fragment?.not ? R.RULE_F_NOT_FRAGMENT : 0)
  out.words[body + R.RULE_MATCHES / 4] = number << 16
  lanes.net = lanes.mask = lanes.pp = lanes.ppMask = 0
  if (number !== 0 && !protocol?.not) {
    lanes.pp = number << 16
    lanes.ppMask = 0xff0000
  }
  if (four) {
    if (source) {
      const mask = ipv4Mask(source.value)
      out.words[body + R.RULE_SRC / 4] = (ipv4(source.value.address) & mask) >>> 0
      out.words[body + R.RULE_SRC_MASK / 4] = mask
    }
    if (destination) {
      const mask = ipv4Mask(destination.value)
      const net = (ipv4(destination.value.address) & mask) >>> 0
      out.words[body + R.RULE_DST / 4] = net
      out.words[body + R.RULE_DST_MASK / 4] = mask
      if (!destination.not) {
        lanes.net = net
        lanes.mask = mask
      }
    }
  }
  const { words } = out
  if (
    (words[body + R.RULE_FLAGS / 4]! |
      words[body + R.RULE_SRC_MASK / 4]! |
      words[body + R.RULE_DST_MASK / 4]!) ===
    0
  )
    words[body + R.RULE_FLAGS / 4] = R.RULE_F_ANY
  return protocol?.not ? 0 : number
}

const ipv4Mask = (network: Network): number =>
  network.prefixLength === 32 && network.mask === undefined ? 0xffffffff : maskWords(network, 'ipv4')[3]

const ipv4 = (text: string): number => ipv4Word(text) ?? addressWords(text, 'ipv4')[3]

const ANY: AddressWords = [0, 0, 0, 0]

function encodeAddress6(out: Words, { source, destination }: RuleHeader, lanes: Lanes): void {
  out.push((M.MATCH_ADDRESS6 | (M.ADDRESS6_SIZE << 16)) >>> 0)
  for (const network of [source, destination]) {
    const mask = network ? maskWords(network.value, 'ipv6') : ANY
    const net = network ? maskedWords(addressWords(network.value.address, 'ipv6'), mask) : ANY
    out.pushAddress(net)
    out.pushAddress(mask)
    if (network === destination && network && !network.not) {
      lanes.net = net[3]
      lanes.mask = mask[3]
    }
  }
}

function encodeProtocol6(out: Words, { value, not }: Not<string>): void {
  const number = protocolNumber(value)
  if (number === 0) return
  out.push((M.MATCH_PROTOCOL6 | (M.PROTOCOL6_SIZE << 16)) >>> 0)
  out.push(number | (not ? 1 << 8 : 0))
}

function encodeInterfaces(out: Words, { inInterface, outInterface }: RuleHeader): void {
  out.push((M.MATCH_INTERFACE | (M.INTERFACE_SIZE << 16)) >>> 0)
  out.push((inInterface?.not ? M.INTERFACE_F_NOT_IN : 0) | (outInterface?.not ? M.INTERFACE_F_NOT_OUT : 0))
  for (const name of [inInterface?.value ?? '+', outInterface?.value ?? '+']) {
    const wild = name.endsWith('+')
    const text = wild ? name.slice(0, -1) : name
    out.pushText(text, 16)
    out.pushText('\u00ff'.repeat(wild ? text.length : Math.min(16, text.length + 1)), 16)
  }
}
