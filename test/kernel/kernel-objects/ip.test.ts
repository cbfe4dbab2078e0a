/** `ip` commands, chosen and random: the real tool and the lab take and refuse the same, say the same, and list the same. */
import { spawnSync } from 'node:child_process'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Problem } from '../../../src/kernel/problem.ts'
import { Lab } from '../../../src/lab/index.ts'
import { arbitraryIpCommand } from '../../arbitraries/ip-command.ts'
import { isRoot } from './namespace.ts'

const SEED = Number(process.env['PODWIRE_SEED'] ?? 7)
const NODE = `podwire-${process.pid}-ip-a`
const AWAY = `podwire-${process.pid}-ip-b`

const SETUP = `
ip netns add ${NODE}
ip netns add ${AWAY}
ip -n ${NODE} link add v0 address 02:00:00:00:00:01 type veth peer name w0 address 02:00:00:00:00:02 netns ${AWAY}
ip -n ${NODE} link add v1 address 02:00:00:00:00:03 type veth peer name w1 address 02:00:00:00:00:04 netns ${AWAY}
ip -n ${NODE} link add p0 address 02:00:00:00:00:05 type veth peer name p1 address 02:00:00:00:00:06
`
/** What Linux does by itself at moments of its own, and the engine does not. */
const QUIET = ['all', 'default'].flatMap((which) =>
  ['accept_dad', 'router_solicitations'].map((key) => `net.ipv6.conf.${which}.${key}=0`),
)
const LISTINGS = [
  'link show',
  'link show up',
  'addr show',
  'addr show up',
  'addr show dev v0',
  '-4 addr show',
  '-6 addr show',
  'route show',
  'route show dev v0',
  'route show table local',
  'route show table all',
  '-6 route show',
  '-6 route show dev v0',
  '-6 route show table local',
  '-6 route show table all',
]

interface Run {
  /** `ok`, or what the tool said. */
  readonly said: readonly string[]
  readonly listings: readonly string[]
  readonly neighbours: readonly string[]
}

function real(commands: readonly string[]): Run {
  const quiet = `ip netns exec ${NODE} sysctl -qw ${QUIET.join(' ')}; ip netns exec ${AWAY} sysctl -qw ${QUIET.join(' ')}`
  const [first, second, ...links] = SETUP.trim().split('\n')
  const script = [
    'set -e',
    first,
    second,
    quiet,
    ...links,
    'set +e',
    ...[...commands, ...LISTINGS, 'neigh show'].map(
      (command) =>
        `ip ${command.includes('-n ') ? command : `-n ${NODE} ${command}`} 2>&1; echo "=== $?"${settles(command)}`,
    ),
  ].join('\n')
  const { stdout, stderr } = spawnSync('sh', [], { input: script, encoding: 'utf8', maxBuffer: 1 << 26 })
  for (const name of [NODE, AWAY]) spawnSync('ip', ['netns', 'del', name])
  if (stderr !== '') throw new Error(stderr)
  const answers = stdout.split(/=== (\d+)\n/)
  const texts = answers
    .filter((_, i) => i % 2 === 0)
    // The tool looks for the namespace by its own, and says so when it is not there.
    .map((text) => text.replaceAll('Error: Peer netns reference is invalid.\n', ''))
    // Without duplicate address detection an address is still tentative until a worker of the kernel has run.
    .map((text) => text.replaceAll(' tentative ', ' '))
  const statuses = answers.filter((_, i) => i % 2 === 1)
  return {
    said: commands.map((_, i) => (statuses[i] === '0' ? 'ok' : texts[i]!.split('\n')[0]!)),
    listings: texts.slice(commands.length, commands.length + LISTINGS.length),
    neighbours: texts[commands.length + LISTINGS.length]!.split('\n').toSorted(),
  }
}

function ours(commands: readonly string[]): Run {
  const lab = new Lab()
  lab.run(SETUP)
  const ip = (command: string): string =>
    lab.run(`ip ${command.includes('-n ') ? command : `-n ${NODE} ${command}`}`)
  const said = commands.map((command) => {
    try {
      ip(command)
      return 'ok'
    } catch (error) {
      if (error instanceof Problem) return error.reason
      throw error
    }
  })
  return { said, listings: LISTINGS.map(ip), neighbours: ip('neigh show').split('\n').toSorted() }
}

/** A new IPv6 address gets its routes from a worker of the kernel, a moment later. */
const settles = (command: string): string =>
  /addr add .*:|link set \S+ up/.test(command) ? '; sleep 0.02' : ''

/** Where a message is a version's own, only that there is one counts. */
function compare(commands: readonly string[]): Run {
  const theirs = real(commands)
  const here = ours(commands)
  const told = (run: Run): string[] =>
    commands.map((command, i) => `${command}: ${run.said[i] === 'ok' ? 'ok' : 'refused'}`)
  const both = commands.map((command, i) => `${command}: ${theirs.said[i]} / ${here.said[i]}`).join('\n')
  expect(told(here), both).toEqual(told(theirs))
  for (const [i, listing] of LISTINGS.entries())
    expect(`${listing}\n${here.listings[i]}`, both).toBe(`${listing}\n${theirs.listings[i]}`)
  expect(here.neighbours, both).toEqual(theirs.neighbours)
  return theirs
}

const UP = [
  'link set lo up',
  'link set v0 up',
  'link set v1 up',
  `-n ${AWAY} link set w0 up`,
  `-n ${AWAY} link set w1 up`,
  'addr add 10.0.0.1/24 dev v0',
  'addr add 10.1.0.1/24 dev v1',
  '-6 addr add fd00::1/64 dev v0',
  '-6 addr add fd01::1/64 dev v1',
]

describe.runIf(isRoot)('ip against the real tool (root)', () => {
  it.each<[string, readonly string[]]>([
    [
      'links without a carrier',
      ['link set v0 up', 'link set p0 up', 'addr add 10.0.0.1/24 dev v0', 'addr add fd00::1/64 dev p0'],
    ],
    ['a link that went down again', [...UP, 'route add 10.5.0.0/16 via 10.0.0.9', 'link set v0 down']],
    [
      'gateways',
      [
        ...UP,
        'route add 10.5.0.0/16 via 10.0.0.9',
        'route add 10.6.0.0/16 via 10.5.0.1',
        'route add 10.7.0.0/16 via 10.0.0.1',
        'route add 10.8.0.0/16 via 10.0.0.255',
        'route add 10.8.0.0/16 via 10.9.0.1 dev v0',
        'route add 10.8.0.0/16 via 10.9.0.1 dev v0 onlink',
        'route add 10.9.0.0/16 via 10.0.0.1 dev v0 onlink',
        'route add 10.9.0.0/16 via 10.0.0.5 onlink',
        'route add 10.9.0.0/16 via 10.0.0.5 dev v1',
        'route add 10.9.0.0/16 dev v0 src 10.9.9.9',
        'route add 10.9.0.0/16 dev v0 src 10.1.0.1',
        'route add default via 10.1.0.9',
        'route add 10.10.0.0/16 via 99.0.0.1',
        '-6 route add fd05::/32 via fd00::9',
        '-6 route add fd06::/32 via fe80::1',
        '-6 route add fd06::/32 via fe80::1 dev v0',
        '-6 route add fd07::/32 via fd05::1',
        '-6 route add fd07::/32 via fd00::1',
        '-6 route add fd07::/32 via fd00::5 dev v1',
        '-6 route add fd08::/32 via fd99::5 dev v1 onlink',
        '-6 route add fd09::/32 dev v0 src fd99::1',
        '-6 route add fd09::/32 dev v1 src fd00::1',
        '-6 route add default via fd01::9',
      ],
    ],
    [
      'routes that go and change',
      [
        ...UP,
        'route add blackhole 10.5.0.0/16',
        'route del 10.5.0.0/16',
        'route add 10.5.0.0/16 via 10.0.0.9',
        'route add 10.5.0.0/16 via 10.0.0.8 metric 5',
        'route add 10.5.0.0/16 via 10.0.0.8',
        'route del 10.5.0.0/16 via 10.0.0.8',
        'route del 10.5.0.0/16',
        'route del 10.5.0.0/16',
        'route replace default via 10.0.0.9',
        'route replace default via 10.0.0.8',
        'route change default via 10.1.0.8 proto static',
        'route change 10.6.0.0/16 via 10.1.0.8',
        '-6 route replace default via fd00::9',
        '-6 route replace default via fd00::8',
        '-6 route add unreachable fd07::/32 metric 7',
        '-6 route add blackhole fd07::/32',
        '-6 route del fd07::/32',
      ],
    ],
    [
      'addresses',
      [
        ...UP,
        'addr add 10.0.0.2/24 dev v0',
        'addr add 10.0.0.3/16 dev v0',
        'addr add 10.0.0.2/24 dev v0',
        'addr add 10.0.0.4/24 dev v0 scope link',
        'addr add 10.2.0.1/24 brd + dev v0 noprefixroute',
        'addr add 10.9.0.1 peer 10.9.0.2/32 dev v1',
        '-6 addr add fd02::1/64 dev v0 noprefixroute nodad',
        '-6 addr add ff02::7/64 dev v0',
        '-6 addr add ::1/128 dev v0',
        'route add 10.7.0.0/16 dev v1 src 10.0.0.2',
        'addr del 10.0.0.1/24 dev v0',
        'addr del 10.0.0.1/24 dev v0',
        'addr del 10.0.0.3 dev v0',
        'addr flush dev v1',
      ],
    ],
    [
      'link addresses and neighbours',
      [
        ...UP,
        'link set v0 address 01:00:00:00:00:01',
        'link set v0 address 00:00:00:00:00:00',
        'link set v0 address 02:00:00:00:00:77',
        'link set v0 mtu 67',
        'link set v0 mtu 65536',
        'link set v1 name p0',
        'link set v1 name far',
        'neigh add 10.0.0.5 lladdr 02:00:00:00:00:05 dev v0',
        'neigh add 10.0.0.5 lladdr 02:00:00:00:00:05 dev v0',
        'neigh replace 10.0.0.5 lladdr 02:00:00:00:00:06 dev v0',
        'neigh change 10.0.0.7 lladdr 02:00:00:00:00:06 dev v0',
        'neigh del 10.0.0.7 dev v0',
        '-6 neigh add fd00::5 lladdr 02:00:00:00:00:05 dev v0',
      ],
    ],
  ])('%s', (_, commands) => {
    compare(commands)
  })

  it('in the same words, as this kernel says them', () => {
    const commands = [
      ...UP,
      'route add 10.6.0.0/16 via 10.5.0.1',
      'route add 10.9.0.0/16 dev v0 src 10.9.9.9',
      'route del 10.9.0.0/16',
      '-6 route add fd06::/32 via fe80::1',
      '-6 route add fd07::/32 via fd00::1',
      '-6 route add fd07::/32 via fd05::1',
      'link set v0 address 01:00:00:00:00:01',
    ]
    expect(ours(commands).said).toEqual(real(commands).said)
  })

  it('at random', () => {
    let done = 0
    let refused = 0
    fc.assert(
      fc.property(fc.array(arbitraryIpCommand, { minLength: 5, maxLength: 30 }), (commands) => {
        for (const said of compare([...UP, ...commands]).said) {
          if (said === 'ok') done++
          else refused++
        }
      }),
      {
        numRuns: Number(process.env['PODWIRE_RUNS'] ?? 60),
        seed: SEED,
        endOnFailure: process.env['PODWIRE_SHRINK'] === '0',
      },
    )
    console.log(`${done} ip commands done, ${refused} refused by both`)
  })
})

describe.skipIf(isRoot)('ip against the real tool', () => {
  it.skip('needs root and network namespaces: not run', () => {})
})
