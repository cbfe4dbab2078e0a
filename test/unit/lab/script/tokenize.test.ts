import { execFileSync } from 'node:child_process'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Problem } from '../../../../src/kernel/problem.ts'
import { tokenize } from '../../../../src/lab/script/tokenize.ts'

const words = (script: string): string[][] =>
  tokenize(script, 'lab.sh').map((command) => command.words.map(({ text }) => text))

describe('tokenize', () => {
  it.each<[string, string, string[][]]>([
    [
      'words',
      'ip  netns\tadd a\nip netns add b',
      [
        ['ip', 'netns', 'add', 'a'],
        ['ip', 'netns', 'add', 'b'],
      ],
    ],
    ['comments and empty lines', '#!/bin/sh\n\n  # one\nip link # two\n', [['ip', 'link']]],
    ['a hash inside a word', 'iptables -t raw -A a#b', [['iptables', '-t', 'raw', '-A', 'a#b']]],
    ['single quotes', "a 'b  $c \\' d", [['a', 'b  $c \\', 'd']]],
    ['double quotes', String.raw`a "b \" \\ \d # c" d`, [['a', String.raw`b " \ \d # c`, 'd']]],
    ['quotes inside a word', `--comment=a'b c'"d e"`, [['--comment=ab cd e']]],
    ['an empty word', `a '' ""`, [['a', '', '']]],
    ['backslashes', String.raw`a\ b \# \\`, [['a b', '#', '\\']]],
    ['continued lines', 'ip netns \\\n  add \\\nx', [['ip', 'netns', 'add', 'x']]],
    ['a continued word', 'ab\\\ncd', [['abcd']]],
    ['a newline in quotes', "a 'b\nc'", [['a', 'b\nc']]],
  ])('splits %s as sh does', (_, script, expected) => {
    expect(words(script)).toEqual(expected)
  })

  it('keeps the line of every word and takes the redirection out', () => {
    expect(tokenize('a\nb \\\nc < "d e"\nf <g', 'lab.sh')).toEqual([
      { words: [{ text: 'a', line: 1 }], line: 1 },
      {
        words: [
          { text: 'b', line: 2 },
          { text: 'c', line: 3 },
        ],
        stdin: { text: 'd e', line: 3 },
        line: 2,
      },
      { words: [{ text: 'f', line: 4 }], stdin: { text: 'g', line: 4 }, line: 4 },
    ])
  })

  it.each<[string, string, string]>([
    ['a Windows line end', 'a\nb\r\n', 'lab.sh:2: CR: the line ends as in Windows'],
    ['a pipe', 'a\nb | c', 'lab.sh:2: |: pipes'],
    ['a list', 'a; b', 'lab.sh:1: ;: lists'],
    ['a variable', 'a $b', 'lab.sh:1: $: variables'],
    ['a variable in double quotes', '\na "$b"', 'lab.sh:2: $: variables'],
    ['a substitution', 'a `b`', 'lab.sh:1: `: command substitutions'],
    ['an output redirection', 'a > b', 'lab.sh:1: >: output'],
    ['a here-document', 'a << EOF', 'lab.sh:1: <<: here-documents'],
    ['a pattern', 'a *.txt', 'lab.sh:1: *: file name patterns'],
    ['a home directory', 'a < ~/b', 'lab.sh:1: ~: home'],
    ['an open quote', "a\nb 'c\nd", "lab.sh:2: ': a quote that is never closed"],
    ['a redirection from nothing', 'a <\nb', 'lab.sh:1: <: expected a file name'],
    ['a redirection into nothing', '< a', 'lab.sh:1: <: a redirection without a command'],
  ])('says where %s is', (_, script, message) => {
    expect(() => tokenize(script, 'lab.sh')).toThrow(Problem)
    expect(() => tokenize(script, 'lab.sh')).toThrow(message)
  })

  it('agrees with the real sh on every line it accepts', () => {
    const piece = fc.constantFrom('a', 'b c', ' ', "'", '"', '\\', '#', '\n', '\\\n', '=', '$', '~', 'x')
    const scripts = fc.sample(fc.array(piece, { maxLength: 12 }), { numRuns: 150, seed: 20_260_101 })
    for (const script of scripts.map((pieces) => pieces.join(''))) {
      let mine: string[][]
      try {
        mine = words(`show ${script}`)
      } catch {
        continue
      }
      if (script.endsWith('\\')) continue
      const text = `show() { printf '%s\\0' show "$@"; printf '\\1'; }\nshow ${script}\n:`
      const shown = execFileSync('sh', ['-c', text], { stdio: ['ignore', 'pipe', 'ignore'] })
      const theirs = shown.toString().split('\x01').slice(0, -1)
      expect(theirs.map((command) => command.split('\0').slice(0, -1))).toEqual(
        mine.filter(([name]) => name === 'show'),
      )
    }
  })
})
