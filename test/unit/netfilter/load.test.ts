import { describe, expect, it } from 'vitest'
import { CT_ENABLED_IPV4, CT_ENABLED_IPV6, NETNS_CT_ENABLED } from '../../../src/abi/netns.ts'
import { NF_ACCEPT, NF_DROP, NF_INET_FORWARD } from '../../../src/abi/verdict.ts'
import { Problem } from '../../../src/kernel/problem.ts'
import type { Chain, Family, Rule, Ruleset, TableName } from '../../../src/kernel/ruleset.ts'
import { WalkBench } from '../../support/netfilter/bench.ts'
import { tcp4 } from '../../support/netfilter/packets.ts'
import { rulesetOf } from '../../support/netfilter/ruleset.ts'

const FILTER = ':INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]'
const ZERO = { packets: 0, bytes: 0 }
const drop: Rule = { header: {}, matches: [], target: { kind: 'DROP' } }
const jump = (chain: string): Rule => ({ header: {}, matches: [], target: { kind: 'jump', chain } })
const chain = (name: string, rules: readonly Rule[], policy: Chain['policy'] = null): [string, Chain] => [
  name,
  { name, policy, counters: ZERO, rules },
]

/** A ruleset of one table with the given chains next to its empty built-in ones. */
function table(name: TableName, chains: readonly [string, Chain][], family: Family = 'ipv4'): Ruleset {
  const builtIn = {
    raw: ['PREROUTING', 'OUTPUT'],
    mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
    nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
    filter: ['INPUT', 'FORWARD', 'OUTPUT'],
    security: ['INPUT', 'FORWARD', 'OUTPUT'],
  }[name]
  const all = new Map([...builtIn.map((base) => chain(base, [], 'ACCEPT')), ...chains])
  return { family, tables: new Map([[name, { name, chains: all }]]) }
}

function problem(action: () => void): string {
  try {
    action()
  } catch (error) {
    if (error instanceof Problem) return error.message
    throw error
  }
  return 'no problem'
}

const bytes = tcp4()
const forward = (bench: WalkBench): number => bench.walk('ipv4', 'filter', NF_INET_FORWARD, { bytes }).verdict

describe('what the kernel refuses, the loader refuses', () => {
  const rule = (kind: TableName, base: string, rule: Rule, family: Family = 'ipv4'): string =>
    problem(() => new WalkBench().load(table(kind, [chain(base, [rule], 'ACCEPT')], family)))
  const of = (part: Partial<Rule>): Rule => ({ header: {}, matches: [], target: null, ...part })
  const tcp = { protocol: { value: 'tcp' } }

  it.each<[string, TableName, string, Rule, string, Family?]>([
    [
      'DNAT outside nat',
      'filter',
      'INPUT',
      of({ target: { kind: 'DNAT', range: {} } }),
      'only valid in the nat table',
    ],
    ['DROP in nat', 'nat', 'OUTPUT', drop, 'not intended for filtering'],
    [
      'MASQUERADE in PREROUTING',
      'nat',
      'PREROUTING',
      of({ target: { kind: 'MASQUERADE', range: {} } }),
      'POSTROUTING',
    ],
    [
      'DNAT in POSTROUTING',
      'nat',
      'POSTROUTING',
      of({ target: { kind: 'DNAT', range: {} } }),
      'PREROUTING and OUTPUT',
    ],
    [
      'SNAT in OUTPUT',
      'nat',
      'OUTPUT',
      of({ target: { kind: 'SNAT', range: { ports: { from: 1, to: 2 } } }, header: tcp }),
      'INPUT and POSTROUTING',
    ],
    ['TTL outside mangle', 'filter', 'INPUT', of({ target: { kind: 'TTL', op: 'set', value: 3 } }), 'mangle'],
    ['NOTRACK outside raw', 'mangle', 'INPUT', of({ target: { kind: 'NOTRACK' } }), 'raw'],
    ['tcp without -p tcp', 'filter', 'INPUT', of({ matches: [{ kind: 'tcp' }] }), 'only valid with -p tcp'],
    [
      'tcp with ! -p tcp',
      'filter',
      'INPUT',
      of({ header: { protocol: { value: 'tcp', not: true } }, matches: [{ kind: 'tcp' }] }),
      'only valid with -p tcp',
    ],
    [
      'tcp-reset without -p tcp',
      'filter',
      'INPUT',
      of({ target: { kind: 'REJECT', rejectWith: 'tcp-reset' } }),
      'tcp-reset',
    ],
    [
      'an IPv6 reject in IPv4',
      'filter',
      'INPUT',
      of({ target: { kind: 'REJECT', rejectWith: 'icmp6-no-route' } }),
      'not valid for ipv4',
    ],
    [
      '-o in PREROUTING',
      'raw',
      'PREROUTING',
      of({ header: { outInterface: { value: 'eth0' } } }),
      "Can't use -o with PREROUTING",
    ],
    [
      '-i in OUTPUT',
      'filter',
      'OUTPUT',
      of({ header: { inInterface: { value: 'eth0' } } }),
      "Can't use -i with OUTPUT",
    ],
    [
      'owner in INPUT',
      'filter',
      'INPUT',
      of({ matches: [{ kind: 'owner', socketExists: {} }] }),
      'OUTPUT and POSTROUTING',
    ],
    ['rpfilter in filter', 'filter', 'INPUT', of({ matches: [{ kind: 'rpfilter' }] }), 'raw and mangle'],
    [
      'TCPMSS without --syn',
      'mangle',
      'FORWARD',
      of({ header: tcp, target: { kind: 'TCPMSS', mss: 500 } }),
      'SYN',
    ],
    [
      'hl for IPv4',
      'filter',
      'INPUT',
      of({ matches: [{ kind: 'hl', op: 'eq', value: 3 }] }),
      'not valid for ipv4',
    ],
    [
      'ttl for IPv6',
      'filter',
      'INPUT',
      of({ matches: [{ kind: 'ttl', op: 'eq', value: 3 }] }),
      'not valid for ipv6',
      'ipv6',
    ],
    [
      'limit of burst 0',
      'filter',
      'INPUT',
      of({ matches: [{ kind: 'limit', avg: 10000, burst: 0 }] }),
      'overflow',
    ],
    [
      'a set that is not there',
      'filter',
      'INPUT',
      of({ matches: [{ kind: 'set', matchSet: { value: 'nobody' }, directions: ['src'] }] }),
      "Set nobody doesn't exist",
    ],
    [
      'nfacct without its object',
      'filter',
      'INPUT',
      of({ matches: [{ kind: 'nfacct', name: 'nobody' }] }),
      'does not exist',
    ],
    [
      'recent --set with --seconds',
      'filter',
      'INPUT',
      of({
        matches: [
          { kind: 'recent', command: 'set', name: 'x', side: 'rsource', mask: '255.255.255.255', seconds: 3 },
        ],
      }),
      '--seconds',
    ],
  ])('%s', (_, kind, base, given, message, family) => {
    const text = rule(kind, base, given, family)
    expect(text).toContain(message)
    expect(text).toContain(`${kind} ${base} rule 1`)
  })

  it('names the chain and the rule of a jump to nowhere, to a built-in chain and of a loop', () => {
    const load = (...chains: [string, Chain][]): string =>
      problem(() => new WalkBench().load(table('filter', chains)))
    expect(load(chain('A', [drop, jump('B')]))).toBe('filter A rule 2: chain "B" does not exist')
    expect(load(chain('A', [jump('INPUT')]))).toContain('filter A rule 1: "INPUT" is a built-in chain')
    const ring = [chain('A', [jump('B')]), chain('B', [drop, jump('A')])]
    expect(load(chain('FORWARD', [jump('A')], 'ACCEPT'), ...ring)).toBe(
      'filter B rule 2: the jump to "A" makes a loop',
    )
    // As in the kernel, nobody looks at chains that no packet can reach.
    expect(load(...ring)).toBe('no problem')
  })

  it('checks a user chain by all the hooks that reach it', () => {
    const masquerade: Rule = { header: {}, matches: [], target: { kind: 'MASQUERADE', range: {} } }
    const bench = new WalkBench()
    bench.load(table('nat', [chain('POSTROUTING', [jump('M')], 'ACCEPT'), chain('M', [masquerade])]))
    const wrong = table('nat', [
      chain('POSTROUTING', [jump('M')], 'ACCEPT'),
      chain('OUTPUT', [jump('M')], 'ACCEPT'),
      chain('M', [masquerade]),
    ])
    expect(problem(() => bench.load(wrong))).toContain(
      'nat M rule 1: target MASQUERADE is only valid in POSTROUTING',
    )
  })
})

describe('loading is a transaction', () => {
  it.each([
    ['a jump to nowhere', () => table('filter', [chain('FORWARD', [jump('NOWHERE')], 'ACCEPT')]), Infinity],
    [
      'a loop',
      () => table('filter', [chain('FORWARD', [jump('A')], 'ACCEPT'), chain('A', [jump('A')])]),
      Infinity,
    ],
    [
      'no memory',
      () =>
        table('filter', [
          chain(
            'FORWARD',
            Array.from({ length: 500 }, () => ({ ...drop })),
            'ACCEPT',
          ),
        ]),
      4096,
    ],
  ])('%s leaves the old rules and their counters', (_, wrong, budget) => {
    const bench = new WalkBench()
    const before = table('filter', [chain('FORWARD', [jump('A')], 'ACCEPT'), chain('A', [drop])])
    bench.load(before)
    expect(forward(bench)).toBe(NF_DROP)
    bench.budget = budget
    expect(problem(() => bench.load(wrong()))).not.toBe('no problem')
    bench.budget = Infinity
    expect(forward(bench)).toBe(NF_DROP)
    expect(bench.live('ipv4').tables.get('filter')!.chains.get('A')!.rules[0]!.counters).toEqual({
      packets: 2,
      bytes: 2 * bytes.length,
    })
    bench.load(table('filter', []))
    expect(forward(bench)).toBe(NF_ACCEPT)
  })

  it('keeps the counters of a chain that is the same object, and takes those of the model of any other', () => {
    const bench = new WalkBench()
    const first = table('filter', [
      chain('FORWARD', [jump('A'), jump('B')], 'ACCEPT'),
      chain('A', [{ ...drop, target: null }]),
      chain('B', [drop]),
    ])
    bench.load(first)
    forward(bench)
    const { chains } = first.tables.get('filter')!
    const b = { ...chains.get('B')!, rules: [{ ...drop, counters: { packets: 7, bytes: 700 } }] }
    const next = new Map(chains).set('B', b)
    bench.load({ family: 'ipv4', tables: new Map([['filter', { name: 'filter', chains: next }]]) })
    const live = (name: string) =>
      bench.live('ipv4').tables.get('filter')!.chains.get(name)!.rules[0]!.counters
    expect(live('A')).toEqual({ packets: 1, bytes: bytes.length })
    expect(live('B')).toEqual({ packets: 7, bytes: 700 })
  })

  it('reuses the bytes of rules that a new chain object has in another order', () => {
    const bench = new WalkBench()
    const ports = Array.from({ length: 9 }, (_, i): Rule => ({
      header: {
        destination: { value: { address: `10.0.0.${i}`, prefixLength: 32 } },
        protocol: { value: 'tcp' },
      },
      matches: [{ kind: 'tcp', destinationPort: { value: { from: 80, to: 80 } } }],
      target: { kind: i === 2 ? 'DROP' : 'ACCEPT' },
    }))
    bench.load(table('filter', [chain('FORWARD', ports, 'ACCEPT')]))
    expect(forward(bench)).toBe(NF_DROP)
    const shuffled = [
      ...ports.slice(5),
      { ...drop, header: { source: { value: { address: '1.1.1.1', prefixLength: 32 } } } },
      ...ports.slice(0, 5),
    ]
    bench.load(table('filter', [chain('FORWARD', shuffled, 'ACCEPT')]))
    expect(forward(bench)).toBe(NF_DROP)
    const { rules } = bench.live('ipv4').tables.get('filter')!.chains.get('FORWARD')!
    expect(rules.map(({ counters }) => counters?.packets ?? 0)).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 0, 0])
  })

  it('makes the state of limit and nth new for the whole table', () => {
    const bench = new WalkBench()
    const limited = rulesetOf(
      'ipv4',
      'filter',
      `${FILTER}\n-A FORWARD -m limit --limit 1/hour --limit-burst 2 -j DROP`,
    )
    bench.load(limited)
    expect([1, 2, 3].map(() => forward(bench))).toEqual([NF_DROP, NF_DROP, NF_ACCEPT])
    const { chains } = limited.tables.get('filter')!
    const more = new Map([...chains, chain('NEW', [drop])])
    bench.load({ family: 'ipv4', tables: new Map([['filter', { name: 'filter', chains: more }]]) })
    expect([1, 2, 3].map(() => forward(bench))).toEqual([NF_DROP, NF_DROP, NF_ACCEPT])
  })

  it('gives memory back: loading the same rules over and over does not grow it', () => {
    const bench = new WalkBench()
    const build = (i: number): Ruleset =>
      table('filter', [
        chain('FORWARD', [jump(`C${i}`)], 'ACCEPT'),
        chain(
          `C${i}`,
          Array.from({ length: 40 }, () => ({ ...drop })),
        ),
      ])
    for (let i = 0; i < 50; i++) bench.load(build(i))
    const size = bench.exports.memory.buffer.byteLength
    for (let i = 0; i < 5000; i++) bench.load(build(i))
    expect(bench.exports.memory.buffer.byteLength).toBe(size)
  })
})

describe('connection tracking is on where a rule needs it', () => {
  const enabled = (bench: WalkBench): number =>
    new DataView(bench.exports.memory.buffer).getUint32(bench.netns + NETNS_CT_ENABLED, true)

  it.each<[string, TableName, string]>([
    ['conntrack', 'filter', '-A FORWARD -m conntrack --ctstate NEW -j ACCEPT'],
    ['state', 'filter', '-A FORWARD -m state --state NEW -j ACCEPT'],
    ['connmark', 'filter', '-A FORWARD -m connmark --mark 0x1 -j ACCEPT'],
    ['CONNMARK', 'mangle', '-A FORWARD -j CONNMARK --save-mark'],
    ['DNAT', 'nat', '-A PREROUTING -j DNAT --to-destination 10.0.0.1'],
    ['MASQUERADE', 'nat', '-A POSTROUTING -j MASQUERADE'],
    ['CT --zone', 'raw', '-A PREROUTING -j CT --zone 1'],
  ])('%s turns it on, and its removal off', (_, name, line) => {
    const bench = new WalkBench()
    bench.load(rulesetOf('ipv4', name, line))
    expect(enabled(bench)).toBe(CT_ENABLED_IPV4)
    bench.load(table(name, []))
    expect(enabled(bench)).toBe(0)
  })

  it.each<[string, TableName, string]>([
    ['an empty nat table', 'nat', ''],
    ['NOTRACK', 'raw', '-A PREROUTING -j CT --notrack'],
    ['mark', 'filter', '-A FORWARD -m mark --mark 0x1 -j ACCEPT'],
  ])('%s does not', (_, name, line) => {
    const bench = new WalkBench()
    bench.load(rulesetOf('ipv4', name, line))
    expect(enabled(bench)).toBe(0)
  })

  it('keeps the families apart', () => {
    const bench = new WalkBench()
    bench.load(rulesetOf('ipv6', 'filter', `${FILTER}\n-A FORWARD -m conntrack --ctstate NEW -j ACCEPT`))
    expect(enabled(bench)).toBe(CT_ENABLED_IPV6)
  })
})
