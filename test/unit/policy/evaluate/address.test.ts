import { describe, expect, it } from 'vitest'
import { addressText, holds, readAddress, readCidr } from '../../../../src/policy/evaluate/address.ts'

describe('an address', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['::', '::'],
  ])('%s is read and written', (text, canonical) => {
    expect(addressText(readAddress(text)!)).toBe(canonical)
  })

  it.each(['', '10.0.0', '10.0.0.256', '010.0.0.1', 'fe80::1%eth0', '::ffff:10.0.0.1', '10.0.0.0/8', 'x'])(
    '%j is none',
    (text) => expect(readAddress(text)).toBeUndefined(),
  )
})

describe('a CIDR', () => {
  it.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.9.8.7/8', '10.0.0.0', true],
    ['10.0.0.1/32', '10.0.0.1', true],
    ['10.0.0.1/32', '10.0.0.2', false],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['0.0.0.0/0', '::', false],
    ['::/0', '0.0.0.0', false],
    ['2001:db8::/64', '2001:db8::ffff:ffff:ffff:ffff', true],
    ['2001:db8::/64', '2001:db8:0:1::', false],
  ])('%s and %s: %s', (cidr, address, inside) => {
    expect(holds(readCidr(cidr)!, readAddress(address)!)).toBe(inside)
  })

  it.each(['', '10.0.0.0', '10.0.0.0/33', '::/129', '10.0.0.0/-1', '10.0.0.0/08', 'x/8'])(
    '%j is none',
    (text) => expect(readCidr(text)).toBeUndefined(),
  )
})
