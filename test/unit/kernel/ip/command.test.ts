import { describe, expect, it } from 'vitest'
import {
  parseInterfaces,
  parseIpCommand,
  parseNeighbours,
  parseRoutes,
  printAddress,
  printNeighbour,
  printRoute,
  showNeighbours,
  showRoute,
} from '../../../../src/kernel/ip/index.ts'

const ip = (line: string) => parseIpCommand(line.split(' '))

describe('ip command lines', () => {
  it.each([
    ['netns add a', { kind: 'netns-add', name: 'a' }],
    ['netns del a', { kind: 'netns-delete', name: 'a' }],
    ['netns exec a ip -4 addr', { kind: 'netns-exec', name: 'a', command: ['ip', '-4', 'addr'] }],
    [
      '-n a link add v0 type veth peer name v1 netns b',
      { kind: 'link-add', type: 'veth', link: { name: 'v0' }, peer: { name: 'v1', netns: 'b' }, netns: 'a' },
    ],
    [
      'link add v0 address 2:0:0:0:0:A mtu 1400 type veth peer v1',
      {
        kind: 'link-add',
        type: 'veth',
        link: { name: 'v0', address: '02:00:00:00:00:0a', mtu: 1400 },
        peer: { name: 'v1' },
      },
    ],
    ['link add name d0 type dummy', { kind: 'link-add', type: 'dummy', link: { name: 'd0' } }],
    ['link set dev v0 netns a up', { kind: 'link-set', link: 'v0', changes: { netns: 'a', up: true } }],
    ['l set v0 down', { kind: 'link-set', link: 'v0', changes: { up: false } }],
    ['link del v0', { kind: 'link-delete', link: 'v0' }],
    [
      'addr add 10.0.0.1/24 brd + dev v0',
      {
        kind: 'addr-add',
        address: {
          link: 'v0',
          family: 'ipv4',
          address: '10.0.0.1',
          prefixLength: 24,
          broadcast: '10.0.0.255',
        },
      },
    ],
    [
      'a a FD00:0::1/64 dev v0 nodad',
      {
        kind: 'addr-add',
        address: { link: 'v0', family: 'ipv6', address: 'fd00::1', prefixLength: 64, nodad: true },
      },
    ],
    [
      'route add default via 10.0.0.9 dev v0 onlink metric 5',
      {
        kind: 'route-add',
        route: {
          family: 'ipv4',
          type: 'unicast',
          destination: '0.0.0.0',
          prefixLength: 0,
          via: '10.0.0.9',
          dev: 'v0',
          onlink: true,
          metric: 5,
        },
      },
    ],
    [
      '-6 r a default via fd00::9',
      {
        kind: 'route-add',
        route: { family: 'ipv6', type: 'unicast', destination: '::', prefixLength: 0, via: 'fd00::9' },
      },
    ],
    [
      'route replace blackhole 10.8.0.0/16',
      {
        kind: 'route-replace',
        route: { family: 'ipv4', type: 'blackhole', destination: '10.8.0.0', prefixLength: 16 },
      },
    ],
    [
      'neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev v0 nud permanent',
      {
        kind: 'neigh-add',
        neighbour: { family: 'ipv4', address: '10.0.0.9', dev: 'v0', lladdr: '02:00:00:00:00:09' },
      },
    ],
    ['-6 route show table local', { kind: 'show', object: 'route', family: 'ipv6', table: 'local' }],
  ])('ip %s', (line, expected) => {
    expect(ip(line)).toEqual(expected)
  })

  it.each([
    ['addr add 10.0.0.1/33 dev v0', '10.0.0.1/33: any valid prefix is expected rather than "10.0.0.1/33".'],
    ['addr add 10.0.0.1/24', 'dev: Not enough information: "dev" argument is required.'],
    ['route add 10.0.0.0/8 foo', 'foo: either "to" is duplicate, or "foo" is a garbage.'],
    ['route add 10.0.0.1/8 dev v0', '10.0.0.1/8: Invalid prefix for given prefix length: 10.0.0.1/8'],
    ['route add 1.1.1.1 via fd00::1', 'fd00::1: inet address is expected rather than "fd00::1".'],
    ['route add 10.0.0.0/8', '10.0.0.0/8: No such device: a route needs "via" or "dev"'],
    ['neigh add 10.0.0.7 lladdr 02:zz dev v0', '02:zz: "02:zz" is invalid lladdr.'],
    ['link add x type foo', 'foo: Unknown device type.'],
    ['link foo', 'foo: Command "foo" is unknown, try "ip link help".'],
    ['foo', 'foo: Object "foo" is unknown, try "ip help".'],
    ['link set v0 promisc on', 'promisc: "promisc" is not an argument of a link that is known here'],
  ])('ip %s is refused', (line, message) => {
    expect(() => ip(line)).toThrow(message)
  })
})

describe('ip listings', () => {
  const routes = [
    'default via 10.0.0.9 dev v0 metric 5',
    '1.2.3.4 dev v0 scope link',
    '1.2.3.5 via 9.9.9.9 dev v0 onlink',
    '10.0.0.0/24 dev v0 proto kernel scope link src 10.0.0.1',
    '10.7.0.0/16 via 10.0.0.9 dev v0',
    'blackhole 10.8.0.0/16',
    '10.66.0.0/16 via inet6 fe80::1 dev v0',
    'unreachable 10.81.0.0/16',
    'local 5.5.5.5 dev v0 scope host',
    'broadcast 10.0.0.255 dev v0 proto kernel scope link src 10.0.0.1',
  ]

  it('routes come back as ip route showed them, and as commands that make them', () => {
    const parsed = parseRoutes(routes.map((line) => `${line} \n`).join(''), 'ipv4')
    expect(parsed.map((route) => showRoute(route))).toEqual(routes)
    for (const route of parsed)
      expect(parseIpCommand(printRoute(route).split(' ').slice(1))).toEqual({ kind: 'route-add', route })
  })

  it('neighbours come back, those without an address are left out', () => {
    const line = 'fd00::9 dev v0 lladdr 02:00:00:00:00:09 PERMANENT'
    const parsed = parseNeighbours(`${line} \n10.0.0.3 dev v0 FAILED \n`)
    expect(showNeighbours([{ ...parsed[0]!, state: 'PERMANENT' }], {})).toBe(`${line} \n`)
    expect(parseIpCommand(printNeighbour(parsed[0]!).split(' ').slice(1))).toEqual({
      kind: 'neigh-add',
      neighbour: parsed[0],
    })
  })

  it('reads ip addr show and writes what it reads the same from', () => {
    const interfaces =
      parseInterfaces(`1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
3: v0@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff link-netns a
    inet 10.0.1.1/24 brd 10.0.1.255 scope global v0
       valid_lft forever preferred_lft forever
    inet 10.9.0.1 peer 10.9.0.2/32 scope global v0
       valid_lft forever preferred_lft forever
    inet6 fe80::ff:fe00:1/64 scope link tentative 
       valid_lft forever preferred_lft forever
`)
    expect(interfaces.links).toEqual([
      { name: 'lo', kind: 'loopback', address: '00:00:00:00:00:00', mtu: 65536, up: true },
      { name: 'v0', kind: 'veth', address: '02:00:00:00:00:01', mtu: 1500, up: true },
    ])
    expect(interfaces.addresses.map(printAddress)).toEqual([
      'ip addr add 127.0.0.1/8 scope host dev lo',
      'ip addr add 10.0.1.1/24 broadcast 10.0.1.255 scope global dev v0',
      'ip addr add 10.9.0.1 peer 10.9.0.2/32 scope global dev v0',
      'ip addr add fe80::ff:fe00:1/64 scope link dev v0 nodad',
    ])
    for (const address of interfaces.addresses) {
      // A script's IPv6 addresses are usable at once.
      const nodad = address.family === 'ipv6' ? { nodad: true } : {}
      const again = { kind: 'addr-add', address: { ...address, ...nodad } }
      expect(parseIpCommand(printAddress(address).split(' ').slice(1))).toEqual(again)
    }
  })
})
