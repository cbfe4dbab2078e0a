/** `ip route`: one next hop a route; multipath is refused. */
import { addressBits } from '../address.ts'
import { PROTOCOLS, type Route, type RouteKey } from '../net.ts'
import { Problem } from '../problem.ts'
import type { Family } from '../ruleset.ts'
import type { IpCommand } from './types.ts'
import { destination, device, hostAddress, number } from './values.ts'
import { command, garbage, Words } from './words.ts'

const VERBS = {
  add: 'add',
  replace: 'replace',
  change: 'change',
  delete: 'delete',
  show: 'show',
  list: 'show',
  lst: 'show',
  ls: 'show',
} as const

const TYPES: readonly Route['type'][] = [
  'unicast',
  'local',
  'broadcast',
  'blackhole',
  'unreachable',
  'prohibit',
]
const SCOPES = ['global', 'link', 'host', 'nowhere'] as const
const U32 = 0xffffffff

export function parseRouteCommand(words: Words, family: Family | undefined): IpCommand {
  const verb = words.done ? 'show' : command(words.next('route'), VERBS, 'route')
  switch (verb) {
    case 'show':
      return parseShow(words, family)
    case 'delete':
      return { kind: 'route-delete', route: parseRouteKey(words, family) }
    default:
      return { kind: `route-${verb}`, route: parseRouteArguments(words, family) }
  }
}

function parseShow(words: Words, family: Family | undefined): IpCommand {
  let dev: string | undefined
  let table: 'main' | 'local' | 'all' | undefined
  let to: ReturnType<typeof destination> | undefined
  while (!words.done) {
    const word = words.next('show')
    if (word === 'dev') dev = device(words.next('dev'))
    else if (word === 'table') table = words.take('all') ? 'all' : routeTable(words.next('table'))
    else if (to) garbage(word)
    else {
      if (word === 'to') words.take('exact')
      to = destination(word === 'to' || word === 'exact' ? words.next(word) : word, family)
    }
  }
  return {
    kind: 'show',
    object: 'route',
    ...((to ?? family) && { family: to?.family ?? family! }),
    ...(dev !== undefined && { dev }),
    ...(table && { table }),
    ...(to && { to: { address: to.address, prefixLength: to.prefixLength } }),
  }
}

function routeTable(text: string): 'main' | 'local' {
  if (text === 'main' || text === '254') return 'main'
  if (text === 'local' || text === '255') return 'local'
  throw new Problem(`argument "${text}" is wrong: only the tables main and local are known`, { field: text })
}

interface Draft {
  type?: Route['type']
  to?: string
  via?: { family: Family; address: string }
  dev?: string
  onlink?: true
  linkdown?: true
  metric?: number
  src?: string
  proto?: string
  scope?: Route['scope']
  table?: 'main' | 'local'
}

/** The words after `add`, or a line of `ip route show`: the same language. */
export function parseRouteArguments(words: Words, wanted: Family | undefined): Route {
  const draft: Draft = {}
  while (!words.done) argument(words.next('route'), words, draft)
  const { type = 'unicast' } = draft
  const route = { ...finish(draft, wanted), type }
  if (!isReject(type) && draft.via === undefined && draft.dev === undefined)
    throw new Problem('No such device: a route needs "via" or "dev"', { field: draft.to! })
  return { ...route, ...(draft.onlink && { onlink: true }), ...(draft.linkdown && { linkdown: true }) }
}

/** The words after `del`: whatever is left out may be anything. */
function parseRouteKey(words: Words, wanted: Family | undefined): RouteKey {
  const draft: Draft = {}
  while (!words.done) argument(words.next('route'), words, draft)
  return { ...finish(draft, wanted), ...(draft.type && { type: draft.type }) }
}

const isReject = (type: Route['type']): boolean =>
  type === 'blackhole' || type === 'unreachable' || type === 'prohibit'

function argument(word: string, words: Words, draft: Draft): void {
  switch (word) {
    case 'via': {
      const via = words.take('inet', 'inet6')
      draft.via = hostAddress(
        words.next('via'),
        via === undefined ? undefined : via === 'inet' ? 'ipv4' : 'ipv6',
      )
      return
    }
    case 'dev':
    case 'oif':
      draft.dev = device(words.next('dev'))
      return
    case 'src':
      draft.src = hostAddress(words.next('src')).address
      return
    case 'metric':
    case 'preference':
    case 'priority':
      draft.metric = number(words.next('metric'), U32, 'metric')
      return
    case 'onlink':
      draft.onlink = true
      return
    case 'proto':
    case 'protocol':
      draft.proto = protocol(words.next('proto'))
      return
    case 'scope': {
      const text = words.next('scope')
      const scope = SCOPES.find((name) => name === text)
      if (!scope) throw new Problem(`argument "${text}" is wrong: invalid "scope" value`, { field: text })
      draft.scope = scope
      return
    }
    case 'table':
      draft.table = routeTable(words.next('table'))
      return
    // What a listing adds and a model does not hold.
    case 'pref':
    case 'error':
      words.next(word)
      return
    case 'dead':
      return
    case 'linkdown':
      draft.linkdown = true
      return
    case 'nexthop':
      throw new Problem('routes with several next hops are not modelled', { field: 'nexthop' })
    default: {
      const type = TYPES.find((name) => name === word)
      if (draft.to === undefined && type) draft.type = type
      else if (draft.to === undefined) draft.to = word === 'to' ? words.next('to') : word
      else garbage(word)
    }
  }
}

function protocol(text: string): string {
  if (text in PROTOCOLS || (/^\d{1,3}$/.test(text) && Number(text) <= 255)) return text
  throw new Problem(`argument "${text}" is wrong: "protocol" value is invalid`, { field: text })
}

function finish(draft: Draft, wanted: Family | undefined): RouteKey {
  const { to, via, dev, table, metric, src, proto, scope } = draft
  if (to === undefined) throw new Problem('need at least a destination address', { field: 'route' })
  const given = to === 'default' || to === 'any' || to === 'all' ? (wanted ?? via?.family) : wanted
  const { family, address, prefixLength } = destination(to, given)
  if (via && via.family !== family && family === 'ipv6')
    throw new Problem(`inet6 address is expected rather than "${via.address}".`, { field: via.address })
  if (via && via.family !== family && !draft.dev)
    throw new Problem(`inet address is expected rather than "${via.address}".`, { field: via.address })
  if (src !== undefined) hostAddress(src, family)
  return {
    family,
    destination: address,
    prefixLength,
    ...(via && { via: via.address }),
    ...(dev !== undefined && { dev }),
    ...(metric !== undefined && { metric }),
    ...(src !== undefined && { src }),
    ...(proto !== undefined && { proto }),
    ...(scope && { scope }),
    ...(table && { table }),
  }
}

function destinationText({ family, destination, prefixLength }: Route): string {
  if (prefixLength === 0) return 'default'
  return prefixLength === addressBits(family) ? destination : `${destination}/${prefixLength}`
}

const viaText = ({ via, family }: Route): string =>
  via === undefined ? '' : family === 'ipv4' && via.includes(':') ? ` via inet6 ${via}` : ` via ${via}`

/** Its line in `ip route show`, without the blank at the end; `hide` is what the question has said already. */
export function showRoute(
  route: Route,
  hide: { readonly dev?: boolean; readonly table?: boolean } = {},
): string {
  const { type, dev, metric, src, proto, scope, onlink, linkdown, family, table } = route
  const shownScope = scope ?? defaultScope(route)
  return (
    (type === 'unicast' ? '' : `${type} `) +
    destinationText(route) +
    viaText(route) +
    (dev === undefined || hide.dev ? '' : ` dev ${dev}`) +
    (table !== 'local' || hide.table ? '' : ' table local') +
    (proto === undefined ? '' : ` proto ${proto}`) +
    (family === 'ipv4' && shownScope !== 'global' ? ` scope ${shownScope}` : '') +
    (src === undefined ? '' : ` src ${src}`) +
    (metric === undefined ? '' : ` metric ${metric}`) +
    (onlink ? ' onlink' : '') +
    (linkdown ? ' linkdown' : '') +
    (family === 'ipv6' ? ' pref medium' : '')
  )
}

/** The scope the real tool gives a route that names none. */
function defaultScope({ type, via }: Route): NonNullable<Route['scope']> {
  if (type === 'local') return 'host'
  if (type === 'broadcast') return 'link'
  return type === 'unicast' && via === undefined ? 'link' : 'global'
}

/** The command that makes it. */
export function printRoute(route: Route): string {
  const { type, dev, metric, src, proto, scope, onlink, table, family } = route
  return (
    `ip ${family === 'ipv6' ? '-6 ' : ''}route add ${type === 'unicast' ? '' : `${type} `}${destinationText(route)}` +
    viaText(route) +
    (dev === undefined ? '' : ` dev ${dev}`) +
    (onlink ? ' onlink' : '') +
    (proto === undefined ? '' : ` proto ${proto}`) +
    (scope === undefined ? '' : ` scope ${scope}`) +
    (src === undefined ? '' : ` src ${src}`) +
    (metric === undefined ? '' : ` metric ${metric}`) +
    (table === undefined ? '' : ` table ${table}`)
  )
}
