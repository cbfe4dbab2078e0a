import { describe, expect, it } from 'vitest'
import { parsePorts, parseReference, suggest } from '../../../src/cluster/reference.ts'

describe('parseReference', () => {
  it.each([
    ['web-0', { kind: 'pod', namespace: 'default', name: 'web-0' }],
    ['pod/web-0', { kind: 'pod', namespace: 'default', name: 'web-0', exactly: true }],
    ['shop/web-0', { kind: 'pod', namespace: 'shop', name: 'web-0' }],
    ['shop/pod/web-0', { kind: 'pod', namespace: 'shop', name: 'web-0', exactly: true }],
    ['shop/web[Deployment]', { kind: 'Deployment', namespace: 'shop', name: 'web' }],
    ['shop/web [StatefulSet]:80', { kind: 'StatefulSet', namespace: 'shop', name: 'web', port: 80 }],
    ['web[Pod]', { kind: 'pod', namespace: 'default', name: 'web', exactly: true }],
    // Names of what every JavaScript object has are namespaces as others.
    ['constructor/web', { kind: 'pod', namespace: 'constructor', name: 'web' }],
    ['toString/pod/web', { kind: 'pod', namespace: 'toString', name: 'web', exactly: true }],
    ['deploy/web', { kind: 'Deployment', namespace: 'default', name: 'web' }],
    ['shop/deployment/web', { kind: 'Deployment', namespace: 'shop', name: 'web' }],
    ['sts/redis', { kind: 'StatefulSet', namespace: 'default', name: 'redis' }],
    ['rc/redis', { kind: 'ReplicationController', namespace: 'default', name: 'redis' }],
    ['job/pi', { kind: 'Job', namespace: 'default', name: 'pi' }],
    ['shop/cj/backup', { kind: 'CronJob', namespace: 'shop', name: 'backup' }],
    ['cronjobs/backup', { kind: 'CronJob', namespace: 'default', name: 'backup' }],
    ['node/node-1', { kind: 'node', name: 'node-1' }],
    ['node/node-1:30080', { kind: 'node', name: 'node-1', port: 30080 }],
    ['svc/redis', { kind: 'service', namespace: 'default', name: 'redis' }],
    ['shop/svc/redis:6379', { kind: 'service', namespace: 'shop', name: 'redis', port: 6379 }],
    ['10.0.0.1', { kind: 'address', address: '10.0.0.1' }],
    ['10.0.0.1:80', { kind: 'address', address: '10.0.0.1', port: 80 }],
    ['fd00:0::1', { kind: 'address', address: 'fd00::1' }],
    ['[fd00::1]:80', { kind: 'address', address: 'fd00::1', port: 80 }],
  ])('%s', (text, reference) => {
    expect(parseReference(text, 'to')).toEqual(reference)
  })

  it.each([
    ['a/b/c', /--to: "a\/b\/c": expected pod\/NAME/],
    ['a/svc/b/c', /expected pod\/NAME/],
    ['svc/', /expected pod\/NAME/],
    ['shop/constructor/web', /expected pod\/NAME/],
    ['web[Deploymnt]', /"Deploymnt" is no kind of workload; did you mean Deployment\?/],
    ['8.8.8.0/24', /--to: 8\.8\.8\.0\/24 is a range: give one address of it/],
    ['2001:db8::/32', /is a range/],
    ['10.0.0.300', /"10.0.0.300" is not an IP address/],
    ['::ffff:10.0.0.3', /write the IPv4 address/],
    ['10.0.0.1:http', /"http" is not a port/],
    ['10.0.0.1:65536', /"65536" is not a port/],
    ['[fd00::g]:80', /"fd00::g" is not an IP address/],
    ['svc/redis:0', /"0" is not a port/],
  ])('%s is refused', (text, message) => {
    expect(() => parseReference(text, '--to')).toThrow(message)
  })
})

describe('parsePorts', () => {
  it('takes a list, tcp when nothing is said', () => {
    expect(parsePorts('80,53/udp, 443/TCP', 'port')).toEqual([
      { port: 80, protocol: 'tcp' },
      { port: 53, protocol: 'udp' },
      { port: 443, protocol: 'tcp' },
    ])
  })

  it.each(['', '80/', '80/http', '99999/tcp', '80/tcp/x'])('refuses %j', (text) => {
    expect(() => parsePorts(text, '--port')).toThrow(/^--port: /)
  })
})

describe('suggest', () => {
  it('names what is near, or else what there is', () => {
    expect(suggest('redsi', ['redis', 'web'])).toBe('; did you mean redis?')
    expect(suggest('front', ['frontend-1', 'frontend-2', 'zzz'])).toBe(
      '; did you mean frontend-1 or frontend-2?',
    )
    expect(suggest('qqqqq', ['a', 'b'])).toBe('; there is a, b')
    expect(suggest('a', [])).toBe('; there is none')
  })
})
