/** What a cloud's service controller does, as far as the dataplane sees it: gives LoadBalancer services addresses of a pool. */
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
  const queue = new WorkQueue({ clock, work: sync, ...(onError && { onError }) })
  informer.addHandler({
    added: (service) => {
      for (const { ip } of service.status?.loadBalancer?.ingress ?? [])
        if (ip !== undefined) holders.set(ip, keyOf(service))
      queue.add(keyOf(service))
    },
    updated: (_old, service) => queue.add(keyOf(service)),
    deleted: (service) => queue.add(keyOf(service)),
  })

  function sync(key: string): void {
    const service = informer.lister.getByKey(key)
    const wanted =
      service !== undefined &&
      service.spec.type === 'LoadBalancer' &&
      service.spec.loadBalancerClass === undefined
    const mine = [...holders].filter(([, holder]) => holder === key).map(([ip]) => ip)
    if (!wanted) {
      for (const ip of mine) holders.delete(ip)
      return
    }
    const ingress = addressesFor(key, service, mine).map((ip): LoadBalancerIngress => ({
      ip,
      ipMode: options.ipMode ?? 'VIP',
    }))
    if (jsonEqual(ingress, service.status?.loadBalancer?.ingress ?? [])) return
    client.updateStatus(services, { ...service, status: { ...service.status, loadBalancer: { ingress } } })
  }

  function addressesFor(key: string, { spec }: Service, mine: readonly string[]): string[] {
    return (spec.ipFamilies ?? []).flatMap((family) => {
      const kept = mine.find((ip) => parseIp(ip)?.family === family)
      const ip = kept ?? askedFor(spec.loadBalancerIP, family) ?? firstFree(family)
      if (ip === undefined) return []
      holders.set(ip, key)
      return [ip]
    })
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

/** Without the network's own. */
function* addressesOf({ family, base, size }: Cidr): Generator<string> {
  for (let number = size === 1n ? 0n : 1n; number < size; number++)
    yield formatIp({ family, value: base + number })
}
