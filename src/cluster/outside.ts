/** The host outside of the cluster: it has whatever addresses people name, and listens on whatever port they ask for. */
import type { FlowProtocol } from './reference.ts'
import { OUTSIDE, outsideAddressPiece } from './topology/pieces.ts'
import { ADDRESS_PLAN, canonicalAddress, clusterRangeOf, isAddress, isHostAddress } from './topology/plan.ts'
import { isRunning, nodeAddresses, podAddresses } from './view.ts'
import type { World } from './world.ts'

/** From now on it has the address, unless that can only belong to the cluster. */
export function claimOutside({ network }: Pick<World, 'network'>, address: string): void {
  const own = Object.values(ADDRESS_PLAN).map(({ outsideHost }) => outsideHost)
  if (own.includes(address) || network.has(`outside/${address}`) || clusterRangeOf(address) !== undefined)
    return
  if (!isHostAddress(address)) return
  network.add(outsideAddressPiece(address))
}

/** Addresses that endpoints name and nobody in the cluster has: whoever is translated to one reaches somebody. */
export function claimEndpoints({ network, view }: Pick<World, 'network' | 'view'>): void {
  const pods = new Set(
    view
      .pods()
      .filter(isRunning)
      .flatMap(({ status }) => podAddresses(status)),
  )
  const nodes = new Set(view.nodes().flatMap(nodeAddresses))
  for (const { ports, endpoints } of view.endpointSlices()) {
    for (const { addresses, targetRef } of endpoints ?? []) {
      const [address = ''] = addresses
      // What a pod has, or had until just now, is the cluster's.
      if (targetRef?.kind === 'Pod' || !isAddress(address) || pods.has(address) || nodes.has(address))
        continue
      if (clusterRangeOf(address) !== undefined) continue
      claimOutside({ network }, canonicalAddress(address))
      for (const { port, protocol = 'TCP' } of ports ?? [])
        if (port !== undefined) listenOutside({ network }, protocol.toLowerCase() as FlowProtocol, port)
    }
  }
}

export function listenOutside(
  { network }: Pick<World, 'network'>,
  protocol: FlowProtocol,
  port: number,
): void {
  if (protocol !== 'icmp') network.listen(OUTSIDE, [{ protocol, port }])
}
