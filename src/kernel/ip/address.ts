/** `ip address`: the addresses of links. */
import { formatAddress, parseAddress, prefixMask } from '../address.ts'
import type { InterfaceAddress } from '../net.ts'
import { Problem } from '../problem.ts'
import type { Family } from '../ruleset.ts'
import type { IpCommand } from './types.ts'
import { device, hostAddress, prefix } from './values.ts'
import { command, type Words } from './words.ts'

const VERBS = {
  add: 'add',
  change: 'replace',
  replace: 'replace',
  delete: 'delete',
  flush: 'flush',
  show: 'show',
  list: 'show',
  lst: 'show',
  ls: 'show',
} as const

export function parseAddressCommand(words: Words, family: Family | undefined): IpCommand {
  const verb = words.done ? 'show' : command(words.next('address'), VERBS, 'address')
  switch (verb) {
    case 'show':
      words.take('dev')
      return {
        kind: 'show',
        object: 'addr',
        ...(family && { family }),
        ...(!words.done && { dev: device(words.next('dev')) }),
      }
    case 'flush':
      words.take('dev')
      return { kind: 'addr-flush', dev: device(words.next('flush')) }
    case 'delete':
      return { kind: 'addr-delete', address: parseAddressArguments(words, family) }
    case 'replace':
      return { kind: 'addr-add', address: parseAddressArguments(words, family), replace: true }
    default:
      return { kind: 'addr-add', address: parseAddressArguments(words, family) }
  }
}

function parseAddressArguments(words: Words, wanted: Family | undefined): InterfaceAddress {
  let local: ReturnType<typeof prefix> | undefined
  let peer: ReturnType<typeof prefix> | undefined
  let link: string | undefined
  let broadcast: string | undefined
  let scope: InterfaceAddress['scope']
  while (!words.done) {
    const word = words.next('address')
    switch (word) {
      case 'dev':
        link = device(words.next('dev'))
        break
      case 'peer':
      case 'remote':
        peer = prefix(words.next(word), wanted)
        break
      case 'broadcast':
      case 'brd':
        broadcast = words.next(word)
        break
      case 'scope': {
        const text = words.next('scope')
        if (text !== 'global' && text !== 'link' && text !== 'host')
          throw new Problem(`invalid scope value "${text}"`, { field: text })
        scope = text
        break
      }
      case 'label':
        words.next('label')
        break
      // The model has no duplicate address detection and no lifetimes other than for ever.
      case 'nodad':
      case 'noprefixroute':
        break
      case 'local':
        local = prefix(words.next('local'), wanted)
        break
      default:
        if (local)
          throw new Problem(`either "local" is duplicate, or "${word}" is a garbage.`, { field: word })
        local = prefix(word, wanted)
    }
  }
  if (!local) throw new Problem('Not enough information: an address is required.', { field: 'address' })
  if (link === undefined)
    throw new Problem('Not enough information: "dev" argument is required.', { field: 'dev' })
  return {
    link,
    family: local.family,
    address: local.address,
    prefixLength: peer?.prefixLength ?? local.prefixLength,
    ...(peer && { peer: peer.address }),
    ...(broadcast !== undefined && { broadcast: broadcastOf(broadcast, local) }),
    ...(scope && { scope }),
  }
}

/** `+` sets the host bits of the prefix. */
function broadcastOf(text: string, local: ReturnType<typeof prefix>): string {
  if (text !== '+' && text !== '-') return hostAddress(text, local.family).address
  const mask = prefixMask(local.family, local.prefixLength)
  const bytes = parseAddress(local.address, local.family)!
  return formatAddress(bytes.map((byte, i) => (text === '+' ? byte | (~mask[i]! & 255) : byte & mask[i]!)))
}

/** The command that makes it. */
export function printAddress(address: InterfaceAddress): string {
  const { peer, broadcast, scope } = address
  const prefixed =
    peer === undefined
      ? `${address.address}/${address.prefixLength}`
      : `${address.address} peer ${peer}/${address.prefixLength}`
  return (
    `ip addr add ${prefixed}` +
    (broadcast === undefined ? '' : ` broadcast ${broadcast}`) +
    (scope === undefined ? '' : ` scope ${scope}`) +
    ` dev ${address.link}` +
    (address.family === 'ipv6' ? ' nodad' : '')
  )
}

/** Its line in `ip addr show`, without the indentation. */
export function showAddress({
  family,
  address,
  prefixLength,
  peer,
  broadcast,
  scope,
  link,
}: InterfaceAddress): string {
  const text = peer === undefined ? `${address}/${prefixLength}` : `${address} peer ${peer}/${prefixLength}`
  const shown = scope ?? defaultScope(address, family)
  return family === 'ipv4'
    ? `inet ${text}${broadcast === undefined ? '' : ` brd ${broadcast}`} scope ${shown} ${link}`
    : `inet6 ${text} scope ${shown} `
}

/** What `ip addr add` gives an address without `scope`: the kernel takes it from the address. */
export function defaultScope(address: string, family: Family): 'global' | 'link' | 'host' {
  if (family === 'ipv4') return address.startsWith('127.') ? 'host' : 'global'
  if (address === '::1') return 'host'
  const bytes = parseAddress(address, family)!
  return bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80 ? 'link' : 'global'
}
