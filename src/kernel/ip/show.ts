/** What `ip link`, `ip addr`, `ip route` and `ip neigh` show (iproute2 6.1, ip/ipaddress.c: print_linkinfo). */
import type { InterfaceAddress, ListedLink, ListedNeighbour, Route } from '../net.ts'
import type { Family } from '../ruleset.ts'
import { showAddress } from './address.ts'
import { showRoute } from './route.ts'

export function showLinks(links: readonly ListedLink[]): string {
  return links.map((link) => `${header(link, ' mode DEFAULT')}\n${hardware(link)}\n`).join('')
}

/** `all` are the links of the namespace: a listing of one family names the other end of a pair by its number there. */
export function showAddresses(
  links: readonly ListedLink[],
  addresses: readonly InterfaceAddress[],
  { family, all }: { readonly family?: Family; readonly all: readonly ListedLink[] },
): string {
  return links
    .map((link) => {
      const own = addresses.filter(
        ({ link: name, family: its }) => name === link.name && (family === undefined || its === family),
      )
      if (family !== undefined && own.length === 0) return ''
      const head =
        family === undefined
          ? [header(link), hardware(link)]
          : [family === 'ipv4' ? `${header(link)}${elsewhere(link)}` : header6(link, all)]
      const shown = own.flatMap((address) => [
        `    ${showAddress(address)}`,
        '       valid_lft forever preferred_lft forever',
      ])
      return [...head, ...shown].map((line) => `${line}\n`).join('')
    })
    .join('')
}

export function showRoutes(
  routes: readonly Route[],
  hide: { readonly dev?: boolean; readonly table?: boolean },
): string {
  return routes.map((route) => `${showRoute(route, hide)}${route.family === 'ipv4' ? ' ' : ''}\n`).join('')
}

export function showNeighbours(
  neighbours: readonly ListedNeighbour[],
  hide: { readonly dev?: boolean },
): string {
  return neighbours
    .map(({ address, dev, lladdr, state }) => {
      const words = [
        address,
        ...(hide.dev ? [] : ['dev', dev]),
        ...(lladdr === undefined ? [] : ['lladdr', lladdr]),
      ]
      return `${words.join(' ')} ${state} \n`
    })
    .join('')
}

function header(link: ListedLink, mode = ''): string {
  const { ifindex, name, mtu, wasUp, state, peer } = link
  const end = peer === undefined ? '' : `@${(peer.isHere ? peer.name : undefined) ?? `if${peer.ifindex}`}`
  const flags = flagsOf(link, peer?.isHere === true && !peer.up)
  return `${ifindex}: ${name}${end}: <${flags}> mtu ${mtu} qdisc ${wasUp ? 'noqueue' : 'noop'} state ${state}${mode} group default qlen 1000`
}

/** The kernel's IPv6 listing of links says nothing of namespaces, so the number is looked up here. */
function header6(link: ListedLink, all: readonly ListedLink[]): string {
  const { ifindex, name, mtu, state, peer } = link
  const number = peer === undefined || peer.ifindex === ifindex ? undefined : peer.ifindex
  const lower = all.find((other) => other.ifindex === number)
  const end = number === undefined ? '' : `@${lower?.name ?? `if${number}`}`
  return `${ifindex}: ${name}${end}: <${flagsOf(link, lower?.up === false)}> mtu ${mtu} state ${state} qlen 1000`
}

function flagsOf({ kind, up, hasCarrier }: ListedLink, lowerIsDown: boolean): string {
  const own = { loopback: ['LOOPBACK'], dummy: ['BROADCAST', 'NOARP'], veth: ['BROADCAST', 'MULTICAST'] }[
    kind
  ]
  return [
    ...(up && !hasCarrier ? ['NO-CARRIER'] : []),
    ...own,
    ...(up ? ['UP'] : []),
    ...(hasCarrier ? ['LOWER_UP'] : []),
    ...(lowerIsDown ? ['M-DOWN'] : []),
  ].join(',')
}

function hardware(link: ListedLink): string {
  const { kind, address } = link
  return kind === 'loopback'
    ? `    link/loopback ${address} brd ${address}`
    : `    link/ether ${address} brd ff:ff:ff:ff:ff:ff${elsewhere(link)}`
}

function elsewhere({ peer }: ListedLink): string {
  if (peer === undefined || peer.isHere) return ''
  return peer.netns === undefined ? ' link-netnsid 0' : ` link-netns ${peer.netns}`
}
