/** The host outside of the cluster: it has whatever addresses people name, and listens on whatever port they ask for. */
import type { FlowProtocol } from './reference.ts'
import { OUTSIDE, outsideAddressPiece } from './topology/pieces.ts'
import { ADDRESS_PLAN, clusterRangeOf, isHostAddress } from './topology/plan.ts'
import type { World } from './world.ts'

/** From now on it has the address, unless that can only belong to the cluster. */
export function claimOutside({ network }: Pick<World, 'network'>, address: string): void {
  const own = Object.values(ADDRESS_PLAN).map(({ outsideHost }) => outsideHost)
  if (own.includes(address) || network.has(`outside/${address}`) || clusterRangeOf(address) !== undefined)
    return
  if (!isHostAddress(address)) return
  network.add(outsideAddressPiece(address))
}

export function listenOutside(
  { network }: Pick<World, 'network'>,
  protocol: FlowProtocol,
  port: number,
): void {
  if (protocol !== 'icmp') network.listen(OUTSIDE, [{ protocol, port }])
}
