import { describe, expect, it } from 'vitest'
import {
  NF_ACCEPT,
  NF_DROP,
  NF_INET_FORWARD,
  NF_INET_LOCAL_IN,
  NF_UNKNOWN,
} from '../../../src/abi/verdict.ts'
import type { Ruleset } from '../../../src/kernel/ruleset.ts'
import { printIptablesSave } from '../../../src/kernel/iptables/index.ts'
import { WalkBench } from '../../support/netfilter/bench.ts'
import { tcp4, udp4 } from '../../support/netfilter/packets.ts'
import { rulesetOf } from '../../support/netfilter/ruleset.ts'

/** Walks FORWARD of the filter table for each packet, with and without the quick filter; both must say the same. */
function walk(lines: string, packets: Uint8Array[]): { verdicts: number[]; counters: string[] } {
  const answers = [false, true].map((plain) => {
    const bench = new WalkBench()
    bench.load(
      rulesetOf(
        'ipv4',
        'filter',
        `:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${lines}`,
      ),
    )
    const verdicts = packets.map(
      (bytes) => bench.walk('ipv4', 'filter', NF_INET_FORWARD, { bytes }, plain).verdict,
    )
    return { verdicts, counters: counterLines(bench.live('ipv4')) }
  })
  expect(answers[0]).toEqual(answers[1])
  return answers[0]!
}

function counterLines(ruleset: Ruleset): string[] {
  return printIptablesSave(ruleset, { counters: true })
    .split('\n')
    .filter((line) => line.startsWith('[') || line.startsWith(':'))
}

const packet = tcp4()
const size = packet.length

describe('the walk over chains', () => {
  it('counts the matching rule, the jump to its chain and nothing else', () => {
    const { verdicts, counters } = walk(
      `:A - [0:0]
-A FORWARD -p udp -j DROP
-A FORWARD -p tcp -j A
-A FORWARD -j DROP
-A A -s 10.0.0.9/32 -j DROP
-A A -j ACCEPT`,
      [packet, packet],
    )
    expect(verdicts).toEqual([NF_ACCEPT, NF_ACCEPT])
    expect(counters).toEqual([
      ':INPUT ACCEPT [0:0]',
      ':FORWARD ACCEPT [0:0]',
      ':OUTPUT ACCEPT [0:0]',
      ':A - [0:0]',
      '[0:0] -A FORWARD -p udp -j DROP',
      `[2:${2 * size}] -A FORWARD -p tcp -j A`,
      '[0:0] -A FORWARD -j DROP',
      '[0:0] -A A -s 10.0.0.9/32 -j DROP',
      `[2:${2 * size}] -A A -j ACCEPT`,
    ])
  })

  it('goes on behind the jump at the end of a chain and at RETURN', () => {
    const { verdicts, counters } = walk(
      `:A - [0:0]
:B - [0:0]
-A FORWARD -j A
-A FORWARD -p tcp -j DROP
-A A -j B
-A A -j RETURN
-A A -j ACCEPT
-A B -p udp -j ACCEPT`,
      [packet],
    )
    expect(verdicts).toEqual([NF_DROP])
    expect(counters.filter((line) => line.includes('[1:'))).toEqual([
      `[1:${size}] -A FORWARD -j A`,
      `[1:${size}] -A FORWARD -p tcp -j DROP`,
      `[1:${size}] -A A -j B`,
      `[1:${size}] -A A -j RETURN`,
    ])
  })

  it('does not come back to the chain of a goto', () => {
    const { verdicts, counters } = walk(
      `:A - [0:0]
:B - [0:0]
-A FORWARD -j A
-A FORWARD -j DROP
-A A -g B
-A A -j ACCEPT
-A B -p udp -j ACCEPT`,
      [packet],
    )
    expect(verdicts).toEqual([NF_DROP])
    expect(counters).toContain(`[1:${size}] -A A -g B`)
    expect(counters).toContain('[0:0] -A A -j ACCEPT')
  })

  it('takes the policy after a goto out of a built-in chain, and at RETURN in one', () => {
    const lines = `:A - [0:0]\n-A FORWARD -p tcp -g A\n-A FORWARD -j RETURN\n-A FORWARD -j DROP\n-A A -p udp -j DROP`
    const { verdicts, counters } = walk(lines, [packet, udp4()])
    expect(verdicts).toEqual([NF_ACCEPT, NF_ACCEPT])
    expect(counters).toContain(`:FORWARD ACCEPT [2:${size + udp4().length}]`)
  })

  it('counts and goes on at a rule without a target', () => {
    const { verdicts, counters } = walk('-A FORWARD\n-A FORWARD -j DROP', [packet])
    expect(verdicts).toEqual([NF_DROP])
    expect(counters).toContain(`[1:${size}] -A FORWARD`)
  })

  it('says unknown only when the packet reaches what cannot be evaluated', () => {
    const lines = '-A FORWARD -p udp -m u32 --u32 "0=0" -j DROP\n-A FORWARD -p tcp -j SYNPROXY'
    expect(walk(lines, [packet, udp4()]).verdicts).toEqual([NF_UNKNOWN, NF_UNKNOWN])
    expect(walk('-A FORWARD -s 9.9.9.9/32 -m u32 --u32 "0=0" -j DROP', [packet]).verdicts).toEqual([
      NF_ACCEPT,
    ])
  })

  it('keeps the packets of a table apart by hook', () => {
    const bench = new WalkBench()
    bench.load(rulesetOf('ipv4', 'filter', ':INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]'))
    expect(bench.walk('ipv4', 'filter', NF_INET_LOCAL_IN, { bytes: packet }).verdict).toBe(NF_DROP)
    expect(bench.walk('ipv4', 'filter', NF_INET_FORWARD, { bytes: packet }).verdict).toBe(NF_ACCEPT)
  })

  it.each([1, 3, 4, 5, 8, 9, 63])('finds the last of %i rules', (count) => {
    const rules = Array.from(
      { length: count },
      (_, i) => `-A FORWARD -d 10.0.1.${i}/32 -p tcp -m tcp --dport ${i} -j DROP`,
    )
    const last = tcp4({ destinationPort: count - 1 }, { destination: `10.0.1.${count - 1}` })
    const { verdicts, counters } = walk(rules.join('\n'), [last, packet])
    expect(verdicts).toEqual([NF_DROP, NF_ACCEPT])
    expect(counters.filter((line) => line.startsWith('[1:'))).toEqual([`[1:${last.length}] ${rules.at(-1)}`])
  })
})
