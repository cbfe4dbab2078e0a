/** `ip` objects: command lines and listings to models and back. */
export { printAddress, showAddress } from './address.ts'
export { parseIpCommand } from './command.ts'
export { printLink } from './link.ts'
export { printNeighbour, showNeighbour } from './neighbour.ts'
export { printRoute, showRoute } from './route.ts'
export { parseInterfaces, parseNeighbours, parseRoutes, showInterfaces, type Interfaces } from './show.ts'
export type { IpCommand, LinkChanges, LinkCommand, NewLink, ShowCommand } from './types.ts'
