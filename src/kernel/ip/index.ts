/** `ip` objects: command lines and listings to models and back. */
export { defaultScope, printAddress, showAddress } from './address.ts'
export { parseIpCommand } from './command.ts'
export { printLink } from './link.ts'
export { printNeighbour } from './neighbour.ts'
export { printRoute, showRoute } from './route.ts'
export { parseInterfaces, parseNeighbours, parseRoutes, type Interfaces } from './listings.ts'
export { showAddresses, showLinks, showNeighbours, showRoutes } from './show.ts'
export type { IpCommand, LinkChanges, LinkCommand, NewLink, ShowCommand } from './types.ts'
