import { describe, expect, it } from 'vitest'
import {
  applyIpset,
  parseIpsetCommand,
  parseIpsetList,
  parseIpsetRestore,
  parseIpsetSave,
  printIpsetList,
  printIpsetSave,
  sameSets,
} from '../../../../src/kernel/ipset/index.ts'
import type { IpSets } from '../../../../src/kernel/ipset.ts'

/** What ipset 7.17 printed, members of each hash sorted. */
const SAVED = `create a hash:ip family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x47d15ffb
add a 1.2.3.4
add a 10.0.0.0
add a 10.0.0.1
create b hash:net family inet6 hashsize 512 maxelem 100 timeout 60 counters comment bucketsize 12 initval 0x065b9cbf
add b fd01::/96 timeout 0 nomatch packets 0 bytes 0
add b fd02:: timeout 59 packets 3 bytes 180 comment "a b"
create c hash:ip,port family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x87e0c1bc
add c 1.2.3.4,gre:0
add c 1.2.3.4,icmp:8/9
add c 1.2.3.4,icmp:echo-request
add c 1.2.3.4,sctp:3
add c 1.2.3.4,tcp:80
add c 1.2.3.4,udplite:3
create d hash:ip,port,ip family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x8dd6751e
add d 1.2.3.4,tcp:80,5.6.7.8
create e hash:ip,port,net family inet hashsize 1024 maxelem 65536 counters bucketsize 12 initval 0x6f3233a0
add e 1.2.3.4,tcp:80,10.0.0.0/8 nomatch packets 0 bytes 0
add e 1.2.3.4,tcp:80,10.0.0.1 packets 0 bytes 0
create f hash:net,port family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x92293bce
add f 10.0.0.0/8,tcp:80
create g bitmap:port range 0-65535 comment
add g 80 comment "foo"
add g 99
create c6 hash:ip,port family inet6 hashsize 1024 maxelem 65536 bucketsize 12 initval 0x071a8432
add c6 fd00::1,ipv6-icmp:unknown-header-type
create h list:set size 16
add h c
add h a
`

const none: IpSets = new Map()
const run = (sets: IpSets, ...lines: string[]) =>
  applyIpset(sets, parseIpsetRestore(lines.join('\n'), 'sets'), { file: 'sets' })
const members = (sets: IpSets, name: string) => [...sets.get(name)!.entries.keys()]

describe('ipset save', () => {
  it('comes back byte for byte', () => {
    expect(printIpsetSave(parseIpsetSave(SAVED), { sorted: true })).toBe(SAVED)
  })

  it('is what ipset list says, too', () => {
    const sets = parseIpsetSave(SAVED)
    const listed = printIpsetList(sets)
    expect(listed).toContain(
      'Name: h\nType: list:set\nRevision: 3\nHeader: size 16\nReferences: 0\nNumber of entries: 2\nMembers:\nc\na\n',
    )
    expect(sameSets(parseIpsetList(listed), sets)).toBe(true)
    expect(printIpsetList(sets, { names: true })).toBe('a\nb\nc\nd\ne\nf\ng\nc6\nh\n')
  })
})

describe('ipset commands', () => {
  it('spread ranges as the real tool does', () => {
    const sets = run(
      none,
      'create a hash:ip',
      'add a 10.0.0.0/30',
      'create n hash:net',
      'add n 10.0.0.0-10.0.0.6',
      'add n 10.5.0.1/8',
      'create p hash:ip,port,net',
      'add p 1.2.3.4/31,udp:5-6,9.9.9.9',
      'create b bitmap:port range 20-10',
      'add b 10-12',
      'add b tcp:15',
    )
    expect(members(sets, 'a')).toEqual(['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3'])
    expect(members(sets, 'n')).toEqual(['10.0.0.0/30', '10.0.0.4/31', '10.0.0.6', '10.0.0.0/8'])
    expect(members(sets, 'p')).toEqual([
      '1.2.3.4,udp:5,9.9.9.9',
      '1.2.3.4,udp:6,9.9.9.9',
      '1.2.3.5,udp:5,9.9.9.9',
      '1.2.3.5,udp:6,9.9.9.9',
    ])
    expect(members(sets, 'b')).toEqual(['10', '11', '12', '15'])
  })

  it('share the sets that they do not touch', () => {
    const sets = run(none, 'create a hash:ip', 'create b hash:ip')
    const next = run(sets, 'add b 1.2.3.4')
    expect(next.get('a')).toBe(sets.get('a'))
    expect(sets.get('b')!.entries.size).toBe(0)
    expect(next.get('b')!.entries.size).toBe(1)
  })

  it('swap and rename contents, and keep lists pointing at names', () => {
    const sets = run(none, 'create a hash:ip', 'create b hash:ip', 'add a 1.1.1.1', 'swap a b', 'rename a z')
    expect(members(sets, 'b')).toEqual(['1.1.1.1'])
    expect(members(sets, 'z')).toEqual([])
    expect([...sets.keys()]).toEqual(['z', 'b'])
  })

  it('renew an element with -exist', () => {
    const sets = run(
      none,
      'create t hash:ip timeout 0',
      'add t 1.1.1.1 timeout 10',
      '-exist add t 1.1.1.1 timeout 20',
    )
    expect(sets.get('t')!.entries.get('1.1.1.1')!.timeout).toBe(20)
  })

  it('puts members of a list in their place', () => {
    const sets = run(
      none,
      ...['a', 'b', 'c'].map((name) => `create ${name} hash:ip`),
      'create l list:set',
      'add l a',
      'add l b before a',
      'add l c after b',
    )
    expect(members(sets, 'l')).toEqual(['b', 'c', 'a'])
  })

  it('reads flags and short verbs', () => {
    expect(parseIpsetCommand(['-!', '-N', 'a', 'iphash'])).toMatchObject({
      kind: 'create',
      exist: true,
      header: { name: 'a', type: 'hash:ip', family: 'ipv4', hashsize: 1024, maxelem: 65536 },
    })
    expect(parseIpsetCommand(['list', '-t', '-s'])).toEqual({ kind: 'list', terse: true, sorted: true })
  })

  it.each([
    ['add a 1.1.1.1', "sets:3: 1.1.1.1: Element cannot be added to the set: it's already added"],
    ['add a foo', 'sets:3: foo: cannot parse foo: resolving to IPv4 address failed'],
    ['add a 1.2.3.4/33', "sets:3: 1.2.3.4/33: '33' is out of range 0-32"],
    ['add nope 1.2.3.4', 'sets:3: nope: The set with the given name does not exist'],
    ['create a hash:ip', 'sets:3: a: Set cannot be created: set with the same name already exists'],
    ['create z foo:bar', "sets:3: foo:bar: typename 'foo:bar' is unknown"],
    ['create z hash:ip family inet7', 'sets:3: inet7: unknown inet family inet7'],
    ['create z hash:ip frob 3', "sets:3: frob: Unknown argument: `frob'"],
    ['create z bitmap:port', "sets:3: z: Mandatory option `range' is missing"],
    ['del a 9.9.9.9', "sets:3: 9.9.9.9: Element cannot be deleted from the set: it's not added"],
    ['add a 1.2.3.4 timeout 5', 'sets:3: a: Timeout cannot be used: set was created without timeout support'],
    ['add a 0.0.0.0', 'sets:3: 0.0.0.0: Null-valued element, cannot be stored in a hash type of set'],
    ['foo', 'sets:3: foo: No command specified: unknown argument foo'],
  ])('refuse %s', (line, message) => {
    expect(() => run(none, 'create a hash:ip', 'add a 1.1.1.1', line)).toThrow(message)
  })

  it('refuse to destroy what is in use', () => {
    const sets = run(none, 'create a hash:ip', 'create l list:set', 'add l a')
    expect(() => run(sets, 'destroy a')).toThrow('it is in use by a kernel component')
    expect(() => applyIpset(sets, parseIpsetRestore('destroy l'), { references: () => 1 })).toThrow('in use')
    expect([...run(sets, 'destroy l', 'destroy a').keys()]).toEqual([])
  })
})
