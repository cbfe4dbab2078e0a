/** `ip` in a lab script; test/kernel/kernel-objects/ip.test.ts compares it with the real tool. */
import { beforeEach, describe, expect, it } from 'vitest'
import { Lab } from '../../../src/lab/index.ts'

let lab: Lab
const ip = (command: string): string => lab.run(`ip -n a ${command}`)
beforeEach(() => {
  lab = new Lab()
  lab.run(`
ip netns add a
ip netns add b
ip -n a link add v address 02:00:00:00:00:01 type veth peer name w address 02:00:00:00:00:02 netns b
ip -n a link set v up
ip -n b link set w up
ip -n a addr add 10.0.0.1/24 dev v
ip -n a addr add fd00::1/64 dev v`)
})

describe('ip show', () => {
  it('lists links and addresses', () => {
    expect(ip('addr show dev v')).toBe(
      `2: v@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff link-netns b
    inet 10.0.0.1/24 scope global v
       valid_lft forever preferred_lft forever
    inet6 fd00::1/64 scope global 
       valid_lft forever preferred_lft forever
    inet6 fe80::ff:fe00:1/64 scope link 
       valid_lft forever preferred_lft forever
`,
    )
    lab.run('ip -n b link set w down')
    expect(ip('link show v')).toContain(
      '<NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state DOWN',
    )
    expect(ip('route')).toBe('10.0.0.0/24 dev v proto kernel scope link src 10.0.0.1 linkdown \n')
  })

  it('lists routes in the order of the kernel', () => {
    for (const route of [
      '10.5.0.0/16 via 10.0.0.9',
      '10.5.0.0/24 dev v metric 3',
      'default via 10.0.0.9',
      'blackhole 10.4.0.0/16',
    ])
      ip(`route add ${route}`)
    expect(ip('route show')).toBe(`default via 10.0.0.9 dev v 
10.0.0.0/24 dev v proto kernel scope link src 10.0.0.1 
blackhole 10.4.0.0/16 
10.5.0.0/24 dev v scope link metric 3 
10.5.0.0/16 via 10.0.0.9 dev v 
`)
    expect(ip('-6 route')).toBe(
      'fd00::/64 dev v proto kernel metric 256 pref medium\nfe80::/64 dev v proto kernel metric 256 pref medium\n',
    )
    expect(ip('route show 10.5.0.0/16')).toBe('10.5.0.0/16 via 10.0.0.9 dev v \n')
    expect(ip('route show table all')).toContain(
      'local 10.0.0.1 dev v table local proto kernel scope host src',
    )
  })

  it('names what it does not know', () => {
    expect(() => ip('route show type blackhole')).toThrow('type: ')
    expect(() => ip('addr show scope global')).toThrow('global: ')
    expect(() => ip('-s link')).toThrow('-s: Option "-s" is unknown')
    expect(() => ip('route append 10.0.0.0/8 dev v')).toThrow('append: Command "append" is unknown')
  })
})

describe('what Linux refuses', () => {
  it.each([
    ['route add 10.9.0.0/16 via 99.0.0.1', '99.0.0.1: Error: Nexthop has invalid gateway.'],
    ['route add 10.9.0.0/16 via 10.0.0.9 onlink', 'onlink: Error: Nexthop device required for onlink.'],
    ['route add 10.9.0.0/16 dev v src 10.0.0.2', '10.0.0.2: Error: Invalid prefsrc address.'],
    ['route add fd05::/32 via fe80::1', 'fe80::1: Error: Egress device not specified.'],
    ['route add fd05::/32 via fd00::1', 'fd00::1: Error: Gateway can not be a local address.'],
    ['route del 10.9.0.0/16', '10.9.0.0/16: RTNETLINK answers: No such process'],
    ['link set v address 01:00:5e:00:00:01', 'RTNETLINK answers: Cannot assign requested address'],
    ['neigh change 10.0.0.7 lladdr 02:00:00:00:00:07 dev v', 'RTNETLINK answers: No such file or directory'],
    ['addr flush', 'flush: Flush requires arguments.'],
  ])('%s', (command, message) => {
    const before = ip('route show table all') + ip('addr')
    expect(() => ip(command)).toThrow(message)
    expect(ip('route show table all') + ip('addr')).toBe(before)
  })

  it('and what it takes', () => {
    ip('route add 10.9.0.0/16 via 10.0.0.1')
    ip('route replace 10.9.0.0/16 via 10.0.0.9')
    expect(ip('route show 10.9.0.0/16')).toBe('10.9.0.0/16 via 10.0.0.9 dev v \n')
    ip('route del 10.9.0.0/16')
    ip('addr add 10.0.0.2/24 dev v')
    ip('addr del 10.0.0.1/24 dev v')
    expect(ip('-4 addr show dev v')).toBe('')
    ip('addr flush dev v')
    expect(ip('-6 addr show dev v')).toBe('')
  })
})
