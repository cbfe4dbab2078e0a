/** The agent of a node whose tools fail: nothing is lost, and what is said is said once. */
import { describe, expect, it } from 'vitest'
import type { Pod } from '../../../../src/apiserver/index.ts'
import { agentNode } from '../../../support/policy/agent.ts'
import { networkPolicy, namespace, pod } from '../../../support/policy/objects.ts'

const policy = networkPolicy('x/p', {
  podSelector: { matchLabels: { app: 'a' } },
  policyTypes: ['Ingress', 'Egress'],
  ingress: [{ from: [{ podSelector: { matchLabels: { app: 'b' } } }], ports: [{ port: 'web' }] }],
})
const objects = {
  a: pod('x/a', { labels: { app: 'a' }, ips: ['10.244.0.2', 'fd00::2'], node: 'node-1', ports: ['web=80'] }),
}

function tell(node: ReturnType<typeof agentNode>): void {
  node.agent.setNamespace(namespace('x'))
  node.agent.setPod(objects.a as Pod)
  node.agent.setPolicy(policy)
}

describe('a tool that fails', () => {
  it('at any step: the next sync goes on from there and comes to the same', () => {
    const whole = agentNode('node-1')
    tell(whole)
    whole.agent.sync()
    for (let failing = 0; ; failing++) {
      const node = agentNode('node-1', {}, failing)
      tell(node)
      const failed = didThrow(() => node.agent.sync())
      if (!failed) {
        expect(failing).toBeGreaterThan(4)
        break
      }
      expect(node.text(), `step ${failing}`).not.toBe(whole.text())
      node.agent.sync()
      expect(node.text(), `step ${failing}`).toBe(whole.text())
      node.agent.deletePolicy(policy)
      node.agent.sync()
      expect(node.text()).not.toMatch(/NETPOL|NP[EI]-|NS[EI]-/)
    }
  })
})

function didThrow(act: () => void): boolean {
  try {
    act()
    return false
  } catch (error) {
    expect(String(error)).toContain('out of memory')
    return true
  }
}
