import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseIptablesSave, printIptablesSave } from '../../../../src/kernel/iptables/index.ts'

const parse = (text: string) => parseIptablesSave(text, 'ipv4', { file: 'rules' })
const filter = (...lines: string[]) => ['*filter', ':FOO - [0:0]', ...lines, 'COMMIT', ''].join('\n')
const reprint = (...lines: string[]) =>
  printIptablesSave(parse(filter(...lines)))
    .split('\n')
    .filter((line) => line.startsWith('-A'))

describe('iptables-save text', () => {
  it('comes back byte for byte from what iptables-save 1.8.9 (legacy) printed', () => {
    const text = readFileSync(new URL('legacy.save', import.meta.url), 'utf8')
    expect(printIptablesSave(parse(text))).toBe(text)
  })

  it('keeps counters and prints them on demand', () => {
    const text = '*nat\n:PREROUTING ACCEPT [7:420]\n[3:180] -A PREROUTING -p tcp -j ACCEPT\nCOMMIT\n'
    const ruleset = parse(text)
    expect(ruleset.tables.get('nat')!.chains.get('PREROUTING')).toEqual({
      name: 'PREROUTING',
      policy: 'ACCEPT',
      counters: { packets: 7, bytes: 420 },
      rules: [
        {
          header: { protocol: { value: 'tcp' } },
          matches: [],
          target: { kind: 'ACCEPT' },
          counters: { packets: 3, bytes: 180 },
          origin: { line: 3 },
        },
      ],
    })
    expect(printIptablesSave(ruleset, { counters: true })).toContain(
      '\n[3:180] -A PREROUTING -p tcp -j ACCEPT\n',
    )
    expect(printIptablesSave(ruleset)).toContain('\n-A PREROUTING -p tcp -j ACCEPT\n')
    expect(printIptablesSave(ruleset, { table: 'filter' })).toBe('')
  })

  it('reads every way of writing a rule and prints the one way of iptables-save', () => {
    expect(
      reprint(
        '-A FOO --source 10/8 --proto 6 --source-port=80: ! --syn',
        '-A FOO -m tcp -p tcp --dport http --jump RETURN',
        '-A FOO -s 10.1.2.3,10.1.2.4 -d 10.0.0.0/255.0.255.0 -j DROP',
        '-A FOO -m comment --comment "it\'s \\"quoted\\" here"',
        '-A FOO -m mark --mark 16384/0x4000 -m conntrack --ctstate established,NEW',
      ),
    ).toEqual([
      '-A FOO -s 10.0.0.0/8 -p tcp -m tcp --sport 80:65535 ! --tcp-flags FIN,SYN,RST,ACK SYN',
      '-A FOO -p tcp -m tcp --dport 80 -j RETURN',
      '-A FOO -s 10.1.2.3/32 -d 10.0.0.0/255.0.255.0 -j DROP',
      '-A FOO -s 10.1.2.4/32 -d 10.0.0.0/255.0.255.0 -j DROP',
      '-A FOO -m comment --comment "it\\\'s \\"quoted\\" here"',
      '-A FOO -m mark --mark 0x4000/0x4000 -m conntrack --ctstate NEW,ESTABLISHED',
    ])
  })

  it('keeps what nobody models, word for word', () => {
    const rules = [
      '-A FOO -p tcp -m hashlimit --hashlimit-upto 5/sec --hashlimit-name "a b" -m tcp --dport 80 -j TPROXY --on-port 15001 --on-ip 0.0.0.0',
      '-A FOO -m owner --suppl-groups ! --uid-owner 5 -j ACCEPT',
      '-A FOO -m frobnicate --deep 3 -j CORPTARGET --level 9',
      '-A FOO -j CT --helper ftp',
    ]
    expect(reprint(...rules)).toEqual(rules)
    const [first, , third] = parse(filter(...rules))
      .tables.get('filter')!
      .chains.get('FOO')!.rules
    expect(first!.matches.map(({ kind }) => kind)).toEqual(['unknown', 'tcp'])
    expect(first!.target).toEqual({
      kind: 'unknown',
      name: 'TPROXY',
      text: '--on-port 15001 --on-ip 0.0.0.0',
    })
    expect(third!.matches).toEqual([{ kind: 'unknown', name: 'frobnicate', text: '--deep 3' }])
  })

  it.each([
    ['-A FOO -p tcp --dport 99999', "rules:3: 99999: invalid port/service `99999' specified"],
    ['-A FOO -s 1.2.3.4/33', "rules:3: 1.2.3.4/33: invalid mask `33' specified"],
    ['-A FOO -s nowhere', "rules:3: nowhere: host/network `nowhere' not found"],
    ['-A FOO --dport 80', 'rules:3: --dport: unknown option "--dport"'],
    ['-A FOO -p tcp --dprt 80', 'rules:3: --dprt: unknown option "--dprt"'],
    ['-A BAR -j DROP', 'rules:3: BAR: No chain/target/match by that name.'],
    ['-A FOO -j nochain', "rules:3: nochain: Couldn't load target `nochain': No such file or directory"],
    ['-A FOO -m comment --comment "open', 'rules:3: "open: a double quote is not closed'],
    ['-A FOO -p tcp -p udp', 'rules:3: -p: multiple -p flags not allowed'],
    ['-A FOO -j DROP extra', "rules:3: extra: Bad argument `extra'"],
    ['-A INPUT -j FOO\n-A FOO -j FOO', 'rules: FOO: Too many levels of symbolic links.'],
    ['-A FOO -j MASQUERADE', 'rules:3: MASQUERADE: target MASQUERADE is only valid in the nat table'],
    ['[1:x] -A FOO', 'rules:3: [1:x]: counters are `[packets:bytes]`'],
    ['COMMIT\n-A FOO', "rules:4: a table (*filter, *nat, …) must come before `-A FOO'"],
  ])('refuses %s', (line, message) => {
    expect(() => parse(filter(line))).toThrow(message)
  })

  it('refuses a dump that ends inside a table', () => {
    expect(() => parse('*filter\n')).toThrow('rules:2: COMMIT expected')
  })
})
