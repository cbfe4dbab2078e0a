/** What stands in front of all policies: rules that no drawn cluster's packets meet, word for word. */
import { expect, it } from 'vitest'
import { agentNode } from '../../../support/policy/agent.ts'
import { networkPolicy } from '../../../support/policy/objects.ts'

function rulesOf(chain: string, liveConnections: 'keep' | 're-evaluate' = 'keep'): string[] {
  const { agent, text } = agentNode('node-1', { liveConnections })
  agent.setPolicy(networkPolicy('default/closed', { podSelector: {} }))
  agent.sync()
  return [...new Set(text().split('\n'))].filter((line) => line.startsWith(`-A ${chain} `))
}

it('every message of neighbour discovery passes, and no other of ICMPv6', () => {
  expect(rulesOf('NETPOL-NEIGHBOURS')).toEqual(
    [133, 134, 135, 136, 137].map(
      (type) => `-A NETPOL-NEIGHBOURS -p ipv6-icmp -m icmp6 --icmpv6-type ${type} -j ACCEPT`,
    ),
  )
})

it('an error about a connection passes unless the connection is denied now', () => {
  const related = rulesOf('NETPOL-LIVE', 're-evaluate').filter((line) => line.includes('RELATED'))
  expect(related).toEqual([
    '-A NETPOL-LIVE -m conntrack --ctstate RELATED -m connmark ! --mark 0x80000/0x80000 -j ACCEPT',
    '-A NETPOL-LIVE -m comment --comment "an error about a connection that is denied now" -m conntrack --ctstate RELATED -j DROP',
  ])
})
