/** `ip address`: the addresses of links. */
import { formatAddress, parseAddress, prefixMask } from '../address.ts'
import type { InterfaceAddress } from '../net.ts'
import { Problem } from '../problem.ts'
import type { Family } from '../ruleset.ts'
import type { IpCommand } from './types.ts'
import { device, hostAddress, prefix } from './values.ts'
import { parseLinkFilter } from './show-command.ts'
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
      return { kind: 'show', object: 'addr', ...(family && { family }), ...parseLinkFilter(words) }
    case 'flush': {
      const { dev } = parseLinkFilter(words)
      if (dev === undefined) throw new Problem('Flush requires arguments.', { field: 'flush' })
      return { kind: 'addr-flush', dev, ...(family && { family }) }
    }
    case 'delete': {
      const { address, isWhole } = parseAddressArguments(words, family)
      return { kind: 'addr-delete', address, ...(isWhole && { anyPrefix: true }) }
    }
    case 'replace':
      return { kind: 'addr-add', address: parseAddressArguments(words, family).address, replace: true }
    default:
      return { kind: 'addr-add', address: parseAddressArguments(words, family).address }
  }
}

interface Given {
  readonly address: InterfaceAddress
  /** No prefix length was given. */
  readonly isWhole: boolean
}

function parseAddressArguments(words: Words, wanted: Family | undefined): Given {
  let isWhole = false
  let nodad = false
  let noprefixroute = false
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
      case 'nodad':
        nodad = true
        break
      case 'noprefixroute':
        noprefixroute = true
        break
      case 'local':
        local = prefix(words.next('local'), wanted)
        break
      default:
        if (local)
          throw new Problem(`either "local" is duplicate, or "${word}" is a garbage.`, { field: word })
        local = prefix(word, wanted)
        isWhole = !word.includes('/')
    }
  }
  if (!local) throw new Problem('Not enough information: an address is required.', { field: 'address' })
  if (link === undefined)
    throw new Problem('Not enough information: "dev" argument is required.', { field: 'dev' })
  const brd = broadcast === undefined ? undefined : broadcastOf(broadcast, local)
  const address = {
    link,
    family: local.family,
    address: local.address,
    prefixLength: peer?.prefixLength ?? local.prefixLength,
    ...(peer && { peer: peer.address }),
    ...(brd !== undefined && { broadcast: brd }),
    ...(scope && { scope }),
    ...(nodad && local.family === 'ipv6' && { nodad }),
    ...(noprefixroute && { noprefixroute }),
  }
  return { address, isWhole: isWhole && peer === undefined }
}

/** `+` sets the host bits of the prefix, where there are two at least. */
function broadcastOf(text: string, local: ReturnType<typeof prefix>): string | undefined {
  if (text !== '+' && text !== '-') return hostAddress(text, local.family).address
  if (local.prefixLength > 30) return undefined
  const mask = prefixMask(local.family, local.prefixLength)
  const bytes = parseAddress(local.address, local.family)!
  return formatAddress(bytes.map((byte, i) => (text === '+' ? byte | (~mask[i]! & 255) : byte & mask[i]!)))
}

/** The command that makes it. */
export function printAddress(address: InterfaceAddress): string {
  const { peer, broadcast, scope, noprefixroute } = address
  const prefixed =
    peer === undefined
      ? `${address.address}/${address.prefixLength}`
      : `${address.address} peer ${peer}/${address.prefixLength}`
  return (
    `ip addr add ${prefixed}` +
    (broadcast === undefined ? '' : ` broadcast ${broadcast}`) +
    (scope === undefined ? '' : ` scope ${scope}`) +
    ` dev ${address.link}` +
    (address.family === 'ipv6' ? ' nodad' : '') +
    (noprefixroute ? ' noprefixroute' : '')
  )
}

/** Its line in `ip addr show`, without the indentation. */
export function showAddress(listed: InterfaceAddress): string {
  const { family, address, prefixLength, peer, broadcast, scope, link } = listed
  const flags = (['secondary', 'nodad', 'noprefixroute'] as const).filter((flag) => listed[flag])
  const text = peer === undefined ? `${address}/${prefixLength}` : `${address} peer ${peer}/${prefixLength}`
  const shown = scope ?? defaultScope(address, family)
  return family === 'ipv4'
    ? [
        'inet',
        text,
        ...(broadcast === undefined ? [] : ['brd', broadcast]),
        'scope',
        shown,
        ...flags,
        link,
      ].join(' ')
    : ['inet6', text, 'scope', shown, ...flags, ''].join(' ')
}

/** What `ip addr add` gives an address without `scope`: the kernel takes it from the address. */
export function defaultScope(address: string, family: Family): 'global' | 'link' | 'host' {
  if (family === 'ipv4') return address.startsWith('127.') ? 'host' : 'global'
  if (address === '::1') return 'host'
  const bytes = parseAddress(address, family)!
  return bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80 ? 'link' : 'global'
}
