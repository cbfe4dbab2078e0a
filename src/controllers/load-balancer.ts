/**
 * What a cloud's service controller does, as far as the dataplane sees it: gives LoadBalancer services addresses of a
 * pool. What a status says already, because somebody else knows better (a manifest, another controller), is left as it
 * is; only a family that has no address gets one.
 */
import { services, type IPFamily, type LoadBalancerIngress, type Service } from '../apiserver/index.ts'
import { formatIp, parseCidr, parseIp, type Cidr } from '../apiserver/meta/ip.ts'
import { jsonEqual } from '../apiserver/meta/json.ts'
import { keyOf, WorkQueue } from '../informer/index.ts'
import type { ControllerContext } from './context.ts'

export interface LoadBalancerOptions {
  /** CIDRs from which addresses are given, lowest first; a service gets one of each of its families that has a pool. */
  readonly pools: readonly string[]
  /** Default VIP. */
  readonly ipMode?: 'VIP' | 'Proxy'
}

/** @throws RangeError when a pool is no CIDR */
export function startLoadBalancerController(context: ControllerContext, options: LoadBalancerOptions): void {
  const { client, informers, clock, onError } = context
  const pools = options.pools.map((text) => {
    const pool = parseCidr(text)
    if (pool === undefined) throw new RangeError(`load balancer pool ${JSON.stringify(text)} is not a CIDR`)
    return pool
  })
  const informer = informers.informer(services)
  const holders = new Map<string, string>()
  /** Addresses that came from here: they go again when their family goes. */
  const given = new Set<string>()
  const queue = new WorkQueue({ clock, work: sync, ...(onError && { onError }) })
  const changed = (service: Service): void => {
    for (const { ip } of ingressOf(service))
      if (ip !== undefined && !holders.has(ip)) holders.set(ip, keyOf(service))
    queue.add(keyOf(service))
  }
  informer.addHandler({
    added: changed,
    updated: (_old, service) => changed(service),
    deleted: (service) => queue.add(keyOf(service)),
  })

  function sync(key: string): void {
    const service = informer.lister.getByKey(key)
    const wanted =
      service !== undefined &&
      service.spec.type === 'LoadBalancer' &&
      service.spec.loadBalancerClass === undefined
    const ingress = wanted ? ingressFor(key, service) : []
    for (const ip of heldBy(key)) {
      if (ingress.some((entry) => entry.ip === ip)) continue
      holders.delete(ip)
      given.delete(ip)
    }
    if (!wanted || jsonEqual(ingress, ingressOf(service))) return
    client.updateStatus(services, { ...service, status: { ...service.status, loadBalancer: { ingress } } })
  }

  function heldBy(key: string): string[] {
    return [...holders].filter(([, holder]) => holder === key).map(([ip]) => ip)
  }

  function ingressFor(key: string, service: Service): LoadBalancerIngress[] {
    const { ipFamilies = [], loadBalancerIP } = service.spec
    const kept = ingressOf(service).filter(({ ip }) => {
      const family = ip === undefined ? undefined : parseIp(ip)?.family
      return ip === undefined || !given.has(ip) || ipFamilies.some((each) => each === family)
    })
    // A balancer that has a name has its addresses behind it.
    if (kept.some(({ ip }) => ip === undefined)) return kept
    const missing = ipFamilies.filter((family) => !kept.some(({ ip }) => parseIp(ip!)?.family === family))
    return [
      ...kept,
      ...missing.flatMap((family) => {
        const mine = heldBy(key).find((ip) => given.has(ip) && parseIp(ip)?.family === family)
        const ip = mine ?? askedFor(loadBalancerIP, family) ?? firstFree(family)
        if (ip === undefined) return []
        holders.set(ip, key)
        given.add(ip)
        return [{ ip, ipMode: options.ipMode ?? ('VIP' as const) }]
      }),
    ]
  }

  function askedFor(text: string | undefined, family: IPFamily): string | undefined {
    const ip = text === undefined ? undefined : parseIp(text)
    return ip?.family === family && !holders.has(text!) ? text : undefined
  }

  function firstFree(family: IPFamily): string | undefined {
    for (const pool of pools)
      if (pool.family === family) for (const ip of addressesOf(pool)) if (!holders.has(ip)) return ip
    return undefined
  }
}

function ingressOf({ status }: Service): readonly LoadBalancerIngress[] {
  return status?.loadBalancer?.ingress ?? []
}

/** Without the network's own. */
function* addressesOf({ family, base, size }: Cidr): Generator<string> {
  for (let number = size === 1n ? 0n : 1n; number < size; number++)
    yield formatIp({ family, value: base + number })
}
