/**
 * What kube-proxy feeds to iptables-restore, fed to the real one: the text is taken unchanged, step by step, and then
 * iptables-save says exactly what our ruleset says. Golden scenarios and arbitrary ones, both families.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { printIptablesSave, printRuleSpec } from '../../../src/kernel/iptables/index.ts'
import { printRestore } from '../../../src/kernel/restore.ts'
import type { Family } from '../../../src/kernel/ruleset.ts'
import { JUMPS } from '../../../src/proxy/iptables/jumps.ts'
import { CANARY_TABLES, KUBE_PROXY_CANARY } from '../../../src/proxy/iptables/names.ts'
import { printKubeProxyRestore } from '../../../src/proxy/iptables/restore-text.ts'
import { proxyScenario } from '../../arbitraries/proxy-scenario.ts'
import { parseScenario, runScenario, startScenario } from '../../support/proxy/scenario.ts'
import type { Scenario } from '../../support/proxy/scenario.ts'
import { whyNoKernel } from '../harness/kernel.ts'

const why = whyNoKernel()
if (why !== undefined) console.log(`skipped: ${why}`)

const NETNS = `podwire-proxy-${process.pid}`
const GOLDEN = new URL('../../unit/proxy/iptables/golden/', import.meta.url)
const MARK = '=== '

/** Makes the named nfacct objects: one netlink message each (linux/netfilter/nfnetlink_acct.h). */
const NFACCT = `
import socket, struct, sys
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
for name in sys.argv[1:]:
    text = name.encode() + b'\\0'
    attribute = struct.pack('=HH', 4 + len(text), 1) + text + b'\\0' * (-len(text) % 4)
    body = struct.pack('=BBH', 0, 0, 0) + attribute
    s.send(struct.pack('=IHHII', 16 + len(body), (7 << 8) | 0, 0x405, 1, 0) + body)
    error = struct.unpack('=i', s.recv(4096)[16:20])[0]
    if error not in (0, -17): sys.exit('nfacct: error %d' % error)
`

function shell(script: string, ...args: string[]): string {
  return execFileSync('ip', ['netns', 'exec', NETNS, 'sh', '-e', '-c', script, 'sh', ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
}

/** The commands that kube-proxy runs one by one, before its first batch. */
function prepare(tool: string, family: Family): string {
  const emptied = CANARY_TABLES.map((table) => `${tool} -t ${table} -F; ${tool} -t ${table} -X`)
  const canaries = CANARY_TABLES.map((table) => `${tool} -t ${table} -N ${KUBE_PROXY_CANARY}`)
  const jumps = JUMPS.map(
    ({ table, from, to, rule }) =>
      `${tool} -t ${table} -N ${to} 2>/dev/null || true; ${tool} -t ${table} -I ${from}${printRuleSpec(rule, family)}`,
  )
  return [...emptied, ...canaries, ...jumps].join('\n')
}

/** Runs a scenario in both; `words` says how the batches are written. Returns what iptables-save says after each step. */
function compare(
  scenario: Scenario,
  words: 'kube-proxy' | 'iptables-save',
): { ours: string; kernel: string } {
  const harness = startScenario(scenario)
  const { family } = harness
  const tool = family === 'ipv4' ? 'iptables-legacy' : 'ip6tables-legacy'
  const ours: string[] = []
  const script = [prepare(tool, family)]
  let fed = 0
  runScenario(scenario, harness, ({ host, reports }) => {
    for (const { batch } of reports.slice(fed)) {
      const text = words === 'kube-proxy' ? printKubeProxyRestore(batch!) : printRestore(batch!)
      script.push(`${tool}-restore --noflush --counters <<'BATCH'\n${text}BATCH`)
    }
    fed = reports.length
    for (const table of CANARY_TABLES) {
      script.push(`${tool}-save -t ${table} | grep -v '^#'`)
      ours.push(printIptablesSave(host.iptables[family].ruleset, { table }))
    }
    script.push(`echo '${MARK}'`)
    ours.push(`${MARK}\n`)
  })
  return { ours: ours.join(''), kernel: shell(script.join('\n')).replace(/\[\d+:\d+\]/g, '[0:0]') }
}

describe.skipIf(why !== undefined)('kube-proxy and the real iptables-restore', () => {
  beforeAll(() => {
    execFileSync('ip', ['netns', 'add', NETNS])
    shell(
      'python3 -c "$0" ct_state_invalid_dropped_pkts localhost_nps_accepted_pkts'.replace('$0', '$1'),
      NFACCT,
    )
  })
  afterAll(() => execFileSync('ip', ['netns', 'del', NETNS]))

  const names = readdirSync(fileURLToPath(GOLDEN)).filter((name) => name.endsWith('.txt'))
  it.each(names)('%s', (name) => {
    const text = readFileSync(new URL(name, GOLDEN), 'utf8').split('-'.repeat(40))[0]!
    const { ours, kernel } = compare(parseScenario(text), 'kube-proxy')
    expect(ours).toBe(kernel)
  })

  it.each(['kube-proxy', 'iptables-save'] as const)('arbitrary scenarios in the words of %s', (words) => {
    fc.assert(
      fc.property(proxyScenario, (scenario) => {
        const { ours, kernel } = compare(scenario, words)
        expect(ours).toBe(kernel)
      }),
      { seed: 20240102, numRuns: 40 },
    )
  })
})
