/** Rendered scripts are run as root: nothing that somebody calls a policy may be run with them. */
import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shellLine } from '../../../../src/cluster/topology/shell.ts'
import { Cluster } from '../../../../src/index.ts'
import { Lab } from '../../../../src/lab/index.ts'
import { tokenize } from '../../../../src/lab/script/tokenize.ts'

const HOSTILE = [
  '',
  '$(id)',
  '`id`',
  '$HOME',
  "it's",
  '"',
  '\\',
  '\\$(id)',
  "'$(id)'",
  'a b',
  '~',
  '*',
  '[::1]:80',
  '#',
  '!x',
  ';id',
  '\u00e9',
]

describe('a line for the shell', () => {
  it('gives sh the words as they are', () => {
    const printed = execFileSync('sh', ['-c', `printf '<%s>\\n' ${shellLine(HOSTILE)}`], { encoding: 'utf8' })
    expect(printed).toBe(HOSTILE.map((word) => `<${word}>\n`).join(''))
  })

  it('gives a lab script the words as they are', () => {
    const anyWord = fc.oneof(
      fc.constantFrom(...HOSTILE),
      fc.string({ unit: 'binary-ascii' }).map((text) => text.replaceAll('\0', '')),
    )
    fc.assert(
      fc.property(fc.array(anyWord, { minLength: 1 }), (words) => {
        const [command] = tokenize(shellLine(words), 'script')
        expect(command!.words.map(({ text }) => text)).toEqual(words)
      }),
      { seed: 20261130 },
    )
  })
})

it('the name of a rule is text of a comment and nothing else', async () => {
  const cluster = await Cluster.create({ nodes: 1 })
  await cluster.apply(`
apiVersion: v1
kind: Pod
metadata: { name: a }
spec: { containers: [{ name: main, image: app }] }
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: evil }
spec:
  tier: Admin
  priority: 1
  subject: { namespaces: {} }
  ingress: [{ name: 'say "$(id)" \`id\` \\ it''s', action: Deny, from: [{ namespaces: {} }] }]
`)
  await cluster.settle()
  const lab = new Lab()
  lab.run(cluster.render({ as: 'script' }))
  const stdout = lab.run('ip netns exec node-1 iptables-save -t mangle')
  const rules = (text: string): string[] => text.split('\n').filter((line) => line.includes('ingress[0]'))
  expect(rules(stdout)).toEqual(rules(cluster.render({ as: 'iptables-save', node: 'node-1' })))
  expect(rules(stdout)[0]).toContain(String.raw`(say \"$(id)\" ${'`'}id${'`'} \\ it\'s)`)
})
