/** Hints by `spec.trafficDistribution` (endpointslice/trafficdist; KEP-4444, KEP-3015): a ready endpoint is for its own zone, or node. */
import type { Endpoint, EndpointHints, Service } from '../../apiserver/index.ts'

export function withHints(endpoint: Endpoint, { spec }: Service): Endpoint {
  const { hints: _old, ...rest } = endpoint
  const hints = endpoint.conditions?.ready === true ? hintsOf(endpoint, spec.trafficDistribution) : undefined
  return hints === undefined ? rest : { ...rest, hints }
}

function hintsOf(
  { zone, nodeName }: Endpoint,
  distribution: Service['spec']['trafficDistribution'],
): EndpointHints | undefined {
  const forZones = zone === undefined ? undefined : [{ name: zone }]
  const forNodes = nodeName === undefined ? undefined : [{ name: nodeName }]
  switch (distribution) {
    case undefined:
      return undefined
    case 'PreferClose':
    case 'PreferSameZone':
      return forZones && { forZones }
    case 'PreferSameNode':
      return forNodes && { ...(forZones && { forZones }), forNodes }
  }
}
