/** Random iptables commands and iptables-restore inputs: the real tool and ours take and refuse the same, to the same end. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  applyIptables,
  applyRestore,
  parseCommand,
  parseIptablesSave,
  parseRestore,
  printIptablesSave,
  splitWords,
} from '../../../src/kernel/iptables/index.ts'
import { Problem } from '../../../src/kernel/problem.ts'
import type { Ruleset } from '../../../src/kernel/ruleset.ts'
import { arbitraryIptablesCommand, arbitraryRestoreText } from '../../arbitraries/iptables-command.ts'
import { isRoot, Namespace, withoutComments } from './namespace.ts'

const SEED = 99
const EMPTY = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'

/** The next state, or the same one with what was said. */
function attempt(
  ruleset: Ruleset,
  action: (ruleset: Ruleset) => Ruleset,
): { ruleset: Ruleset; problem?: string } {
  try {
    return { ruleset: action(ruleset) }
  } catch (error) {
    if (error instanceof Problem) return { ruleset, problem: error.message }
    throw error
  }
}

describe.runIf(isRoot)('iptables commands against the real tool (root)', () => {
  let netns: Namespace

  beforeAll(() => {
    netns = new Namespace('commands')
  })
  afterAll(() => netns.delete())

  const reset = () => netns.ok(['iptables-legacy-restore'], EMPTY)
  const save = () => withoutComments(netns.ok(['iptables-legacy-save', '-c', '-t', 'filter']))

  it('one by one', () => {
    let done = 0
    let refused = 0
    fc.assert(
      fc.property(fc.array(arbitraryIptablesCommand, { minLength: 5, maxLength: 25 }), (lines) => {
        reset()
        let ruleset = parseIptablesSave(EMPTY, 'ipv4')
        for (const line of lines) {
          const words = splitWords(line)
          const real = netns.run(['iptables-legacy', ...words])
          const ours = attempt(ruleset, (before) =>
            applyIptables(before, 'filter', parseCommand(words, { family: 'ipv4' }).commands),
          )
          expect(`${line}: ${ours.problem === undefined}`, `${real.stderr} / ${ours.problem}`).toBe(
            `${line}: ${real.status === 0}`,
          )
          ruleset = ours.ruleset
          if (real.status === 0) done++
          else refused++
        }
        expect(printIptablesSave(ruleset, { counters: true })).toBe(save())
      }),
      { numRuns: 60, seed: SEED },
    )
    console.log(`${done} commands done, ${refused} refused by both`)
  })

  it.each([true, false])('by iptables-restore, noflush %s', (noflush) => {
    let done = 0
    let refused = 0
    const flags = noflush ? ['-n'] : []
    fc.assert(
      fc.property(fc.array(arbitraryRestoreText, { minLength: 3, maxLength: 10 }), (texts) => {
        reset()
        let ruleset = parseIptablesSave(EMPTY, 'ipv4')
        for (const text of texts) {
          const real = netns.run(['iptables-legacy-restore', ...flags], text)
          const ours = attempt(ruleset, (before) =>
            applyRestore(before, parseRestore(text, 'ipv4', { noflush })),
          )
          expect(`${text}${ours.problem === undefined}`, `${real.stderr} / ${ours.problem}`).toBe(
            `${text}${real.status === 0}`,
          )
          ruleset = ours.ruleset
          if (real.status === 0) done++
          else refused++
          expect(printIptablesSave(ruleset, { counters: true })).toBe(save())
        }
      }),
      { numRuns: 40, seed: SEED },
    )
    console.log(`${done} restores done, ${refused} refused by both`)
  })
})

describe.skipIf(isRoot)('iptables commands against the real tool', () => {
  it.skip('needs root and network namespaces: not run', () => {})
})
