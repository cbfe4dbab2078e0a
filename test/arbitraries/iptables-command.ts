import * as fc from 'fast-check'

const chain = fc.constantFrom('INPUT', 'FORWARD', 'FOO', 'FOO', 'BAR', 'BAR', 'NOPE')
const user = fc.constantFrom('FOO', 'BAR', 'BAZ')
const number = fc.constantFrom('1', '1', '2', '3', '9')
const spec = fc.constantFrom(
  '',
  '-j DROP',
  '-j FOO',
  '-g BAR',
  '-j BAZ',
  '-s 10.0.0.0/8 -j ACCEPT',
  '-s 10.0.0.1,10.0.0.2 -p tcp --dport 80 -j RETURN',
  '-p udp -m udp ! --sport 53 -m comment --comment "two words"',
  '-p tcp --syn -m conntrack --ctstate NEW -j REJECT --reject-with tcp-reset',
)

/** Commands on the filter table, right and wrong ones, as lines of iptables-restore (without `-t`). */
export const arbitraryIptablesCommand: fc.Arbitrary<string> = fc
  .oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constant('-A'), chain, spec) },
    { weight: 4, arbitrary: fc.tuple(fc.constant('-N'), user) },
    { weight: 3, arbitrary: fc.tuple(fc.constant('-I'), chain, spec) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('-I'), chain, number, spec) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('-D'), chain, spec) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('-D'), chain, number) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('-R'), chain, number, spec) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('-C'), chain, spec) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('-F'), fc.constantFrom('', 'FOO', 'BAR', 'INPUT', 'NOPE')) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('-X'), fc.constantFrom('', 'FOO', 'BAR', 'BAZ', 'INPUT')) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('-Z'), fc.constantFrom('', 'FOO', 'INPUT', 'NOPE')) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('-E'), user, user) },
    {
      weight: 1,
      arbitrary: fc.tuple(
        fc.constant('-P'),
        fc.constantFrom('INPUT', 'FOO'),
        fc.constantFrom('DROP', 'ACCEPT', 'DENY'),
      ),
    },
  )
  .map((words) => words.filter((word) => word !== '').join(' '))

/** Input of iptables-restore for the filter table: chains, then commands. */
export const arbitraryRestoreText: fc.Arbitrary<string> = fc
  .record({
    chains: fc.uniqueArray(
      fc.constantFrom(':FOO - [0:0]', ':BAR - [3:4]', ':INPUT DROP [5:6]', ':BAZ - [0:0]'),
      {
        maxLength: 4,
      },
    ),
    commands: fc.array(arbitraryIptablesCommand, { maxLength: 6 }),
  })
  .map(({ chains, commands }) => ['*filter', ...chains, ...commands, 'COMMIT', ''].join('\n'))
