import { beforeAll, describe, expect, it } from 'vitest'
import { Cluster } from '../../../src/cluster/cluster.ts'
import { connectsTo, requestOf, type ExpectedMatrix } from '../../../src/testing/index.ts'
import { parseMatrix } from '../../../src/testing/matrix-text.ts'
import '../../../src/testing/vitest.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.create()
  await cluster.apply('examples/guestbook')
  await cluster.settle()
})

const MATRIX = `
6379/tcp  from \\ to  default/frontend  default/redis  default/stranger
default/frontend     R                 .              R
default/redis        R                 .              R
default/stranger     R                 .              R

. delivered   X dropped   R rejected   ? unknown
`

describe('matchers of connections', () => {
  it('take parts or a request', () => {
    expect(cluster).toConnect('deploy/frontend', 'svc/redis', 6379)
    expect(cluster).toConnect('deploy/frontend', 'svc/redis', '6379/tcp')
    expect(cluster).toConnect({ from: 'deploy/frontend', to: 'svc/redis' })
    expect(cluster).toConnect('deploy/frontend', 'sts/redis', 'icmp')
    expect(cluster).toReject('pod/stranger', 'deploy/frontend', 81)
    expect(cluster).not.toDrop('pod/stranger', 'svc/redis')
    expect(connectsTo(cluster, 'pod/stranger', 'svc/redis').pass).toBe(true)
    expect({ cluster }).toEqual({ cluster: expect.toConnect('pod/stranger', 'svc/redis') })
  })

  it('tell what was expected, what came, and the way of the packet', () => {
    expect(() => expect(cluster).toDrop('pod/stranger', 'deploy/frontend', '81/tcp')).toThrow(
      /^expected pod\/stranger → deploy\/frontend on 81\/tcp to be dropped, it is rejected: nothing listens on tcp port 81[^]*node-\d/,
    )
    expect(() => expect(cluster).not.toConnect('pod/stranger', 'svc/redis')).toThrow(/not to be delivered/)
  })

  it('refuse what is no request', () => {
    expect(() => requestOf('a' as never)).toThrow('expected (from, to, port) or ({ from, to, port })')
    expect(() => requestOf('a', 'b', '53/quic')).toThrow('"quic" is not a protocol')
    expect(() => requestOf('a', 'b', '80/tcp/x')).toThrow('"80/tcp/x" is not a port')
    expect(() => requestOf('a', 'b', '/tcp')).toThrow('"/tcp" is not a port')
  })

  it('refuse what is no cluster, or not there yet', () => {
    const nobody = (cluster: unknown) => expect(cluster).toConnect('pod/a', 'pod/b')
    expect(() => nobody(Promise.resolve(cluster))).toThrow('not a promise of one: await it first')
    expect(() => nobody(undefined)).toThrow('expected a cluster, not undefined')
    expect(() => expect({}).toMatchMatrix(MATRIX)).toThrow('expected a cluster, not object')
  })
})

describe('toMatchMatrix', () => {
  it('takes what `podwire matrix` prints', () => {
    expect(cluster).toMatchMatrix(MATRIX)
  })

  it('takes an object, of which it looks at what is there', () => {
    const expected: ExpectedMatrix = { 'default/stranger': { 'default/redis': '.', 'default/frontend': '-' } }
    expect(cluster).toMatchMatrix(expected, { ports: '6379/tcp' })
    expect(cluster).not.toMatchMatrix(expected, { ports: '6379/tcp,80/tcp' })
  })

  it('shows both letters where they differ', () => {
    const wrong = MATRIX.replace(
      'default/redis        R                 .',
      'default/redis        .                 X',
    )
    let message = ''
    try {
      expect(cluster).toMatchMatrix(wrong)
    } catch (error) {
      message = (error as Error).message
    }
    expect(message).toBe(
      [
        'expected who reaches whom to be as written, 2 cells differ (expected → found)',
        '',
        '6379/tcp  from \\ to  default/frontend  default/redis  default/stranger',
        'default/frontend     R                 .              R',
        'default/redis        .→R               X→.            R',
        'default/stranger     R                 .              R',
      ].join('\n'),
    )
  })

  it('looks at all there is when that is wanted', () => {
    expect(cluster).toMatchMatrix(MATRIX, { exact: true })
    const one: ExpectedMatrix = { 'default/stranger': { 'default/redis': '.' } }
    expect(() => expect(cluster).toMatchMatrix(one, { ports: '6379/tcp', exact: true })).toThrow(
      'expected: has no row default/frontend, default/redis',
    )
  })

  it('counts in words', () => {
    const wrong: ExpectedMatrix = { 'default/stranger': { 'default/redis': 'X' } }
    expect(() => expect(cluster).toMatchMatrix(wrong, { ports: '6379/tcp' })).toThrow('1 cell differs')
  })

  it('names what is wrong with an expectation', () => {
    expect(() => expect(cluster).toMatchMatrix({})).toThrow('expected: holds no row')
    expect(() => expect(cluster).toMatchMatrix(undefined as never)).toThrow(
      "expected: must be text or { from: { to: '.' } }, not undefined",
    )
    expect(() => parseMatrix('80/tcp from \\ to a')).toThrow('the heading 80/tcp has no rows')
    expect(() => parseMatrix('80/tcp from \\ to a\na .\na X')).toThrow('there are two rows a')
    expect(() => parseMatrix('')).toThrow('holds no matrix')
    expect(() => parseMatrix('a .')).toThrow('expected a heading')
    expect(() => parseMatrix('80/tcp from \\ to a b\na .')).toThrow('a has 1 cells for 2 columns')
    expect(() => parseMatrix('80/tcp from \\ to a\na o')).toThrow('"o" is none of . X R ? -')
    expect(() => expect(cluster).toMatchMatrix({ 'default/nobody': {} })).toThrow(
      'there is no default/nobody',
    )
  })
})
