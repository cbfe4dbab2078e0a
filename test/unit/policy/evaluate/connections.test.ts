import { describe, expect, it } from 'vitest'
import {
  ALL_CONNECTIONS,
  ALL_PORTED_CONNECTIONS,
  connectionsOf,
  equalConnections,
  hasConnection,
  intersectConnections,
  NO_CONNECTIONS,
  noConnections,
  subtractConnections,
  unionConnections,
} from '../../../../src/policy/evaluate/connections.ts'
import { formatConnections } from '../../../../src/policy/evaluate/format-connections.ts'

const http = connectionsOf('tcp', 80)
const next = connectionsOf('tcp', 81)
const dns = connectionsOf('udp', 53)

describe('connection sets', () => {
  it('joins adjacent and overlapping intervals', () => {
    expect(unionConnections(http, next).tcp).toEqual([{ from: 80, to: 81 }])
    expect(unionConnections(connectionsOf('sctp', 1, 100), connectionsOf('sctp', 50, 200)).sctp).toEqual([
      { from: 1, to: 200 },
    ])
  })

  it('cuts a port out of all of them', () => {
    const rest = subtractConnections(ALL_CONNECTIONS, http)
    expect(rest.tcp).toEqual([
      { from: 1, to: 79 },
      { from: 81, to: 65535 },
    ])
    expect(rest.udp).toEqual(ALL_CONNECTIONS.udp)
    expect(rest.other).toBe(true)
    expect(equalConnections(unionConnections(rest, http), ALL_CONNECTIONS)).toBe(true)
  })

  it('cuts at both ends of the space', () => {
    expect(subtractConnections(ALL_CONNECTIONS, connectionsOf('udp', 1)).udp).toEqual([
      { from: 2, to: 65535 },
    ])
    expect(subtractConnections(ALL_CONNECTIONS, connectionsOf('udp', 65535)).udp).toEqual([
      { from: 1, to: 65534 },
    ])
  })

  it('intersects', () => {
    const some = unionConnections(connectionsOf('tcp', 10, 20), connectionsOf('tcp', 30, 40))
    expect(intersectConnections(some, connectionsOf('tcp', 15, 35)).tcp).toEqual([
      { from: 15, to: 20 },
      { from: 30, to: 35 },
    ])
    expect(noConnections(intersectConnections(http, dns))).toBe(true)
  })

  it('knows what is in it', () => {
    expect(hasConnection(http, 'tcp', 80)).toBe(true)
    expect(hasConnection(http, 'tcp', 81)).toBe(false)
    expect(hasConnection(http, 'udp', 80)).toBe(false)
    expect(hasConnection(http, 'icmp')).toBe(false)
    expect(hasConnection(ALL_CONNECTIONS, 'icmp')).toBe(true)
    expect(hasConnection(ALL_PORTED_CONNECTIONS, 'other')).toBe(false)
  })

  it('is empty when its range is', () => {
    expect(connectionsOf('tcp', 2, 1)).toEqual(NO_CONNECTIONS)
  })
})

describe('their text', () => {
  it.each([
    [ALL_CONNECTIONS, 'All Connections'],
    [NO_CONNECTIONS, 'No Connections'],
    [unionConnections(unionConnections(dns, connectionsOf('tcp', 443)), http), 'TCP 80,443,UDP 53'],
    [unionConnections(http, connectionsOf('sctp', 7, 9)), 'SCTP 7-9,TCP 80'],
    [ALL_PORTED_CONNECTIONS, 'SCTP 1-65535,TCP 1-65535,UDP 1-65535'],
    [{ ...NO_CONNECTIONS, other: true }, 'Other'],
    [subtractConnections(ALL_CONNECTIONS, http), 'SCTP 1-65535,TCP 1-79,81-65535,UDP 1-65535,Other'],
  ])('%#: %s', (set, text) => expect(formatConnections(set)).toBe(text))

  it('can leave protocols without ports out, as netpol-analyzer does', () => {
    const format = (set: typeof ALL_CONNECTIONS) => formatConnections(set, { other: 'hidden' })
    expect(format(ALL_PORTED_CONNECTIONS)).toBe('All Connections')
    expect(format({ ...NO_CONNECTIONS, other: true })).toBe('No Connections')
    expect(format({ ...http, other: true })).toBe('TCP 80')
  })
})
