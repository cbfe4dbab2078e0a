import { describe, expect, it } from 'vitest'
import { parseSysctlCommand, parseSysctls, printSysctl, sysctlKey } from '../../../src/kernel/sysctl.ts'

describe('sysctl', () => {
  it('reads assignments and keys', () => {
    expect(parseSysctlCommand(['-w', 'net/ipv4/ip_forward=1', 'net.core.somaxconn = 5'])).toEqual({
      assignments: [
        { key: 'net.ipv4.ip_forward', value: '1' },
        { key: 'net.core.somaxconn', value: '5' },
      ],
      reads: [],
    })
    expect(parseSysctlCommand(['net.ipv4.ip_forward'])).toEqual({
      assignments: [],
      reads: ['net.ipv4.ip_forward'],
    })
  })

  it('keeps a dot inside a component', () => {
    expect(sysctlKey('net/ipv4/conf/eth0.5/rp_filter')).toBe('net.ipv4.conf.eth0/5.rp_filter')
    expect(sysctlKey('net.ipv4.conf.eth0/5.rp_filter')).toBe('net.ipv4.conf.eth0/5.rp_filter')
  })

  it('reads a file and prints commands', () => {
    const sysctls = parseSysctls('# comment\nnet.ipv4.ip_local_port_range = 1024 65000\n')
    expect(sysctls.map(printSysctl)).toEqual(["sysctl -w net.ipv4.ip_local_port_range='1024 65000'"])
  })

  it.each([
    [['-w', 'net.ipv4.ip_forward'], '"sysctl -w" must be followed by KEY=VALUE'],
    [['-x'], 'unknown option "-x"'],
    [['net ipv4'], 'malformed setting name "net ipv4"'],
  ])('refuses %j', (words, message) => {
    expect(() => parseSysctlCommand(words)).toThrow(message)
  })
})
