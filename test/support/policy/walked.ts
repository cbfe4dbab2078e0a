/** How many rules of a table a packet was compared with: those that matched are in its hops, the others lie between. */
import type { Cluster, Hop } from '../../../src/index.ts'

/** The mangle table only: what policies add to a request's way. */
export function rulesWalked(cluster: Cluster, hops: readonly Hop[]): number {
  let walked = 0
  const asked = hops.filter(
    ({ direction, table, rule }) => direction === 'request' && table === 'mangle' && rule,
  )
  const length = (netns: string, chain: string): number =>
    cluster.engine.ruleset(netns, 'ipv4').tables.get('mangle')!.chains.get(chain)!.rules.length
  let stack: { readonly chain: string; next: number }[] = []
  let place = ''
  let last: Hop | undefined
  const leave = (until?: string): void => {
    while (stack.length > 0 && stack.at(-1)!.chain !== until) {
      const { chain, next } = stack.pop()!
      walked += length(last!.netns, chain) - next
    }
  }
  for (const hop of asked) {
    const { netns, hook, chain = '', rule = 0, verdict } = hop
    if (`${netns} ${hook}` !== place) {
      leave()
      place = `${netns} ${hook}`
      stack = [{ chain, next: 0 }]
    }
    leave(chain)
    const current = stack.at(-1)
    if (current === undefined) throw new Error(`a rule of ${chain} out of order`)
    walked += rule - current.next
    current.next = rule
    last = hop
    const [word, target = ''] = verdict.split(' ')
    if (word === 'goto') stack.pop()
    if (word === 'jump' || word === 'goto') stack.push({ chain: target, next: 0 })
    if (word === 'ACCEPT' || word === 'DROP') stack = []
  }
  leave()
  return walked
}
