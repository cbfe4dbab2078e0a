import { describe, expect, it } from 'vitest'
import { deployments, services } from '../../../src/apiserver/index.ts'
import { jsonPatch } from '../../../src/apiserver/patch/json-patch.ts'
import { mergePatch } from '../../../src/apiserver/patch/merge-patch.ts'
import { strategicMerge } from '../../../src/apiserver/patch/strategic-merge.ts'
import { any, listByKey, mapOf, object, setOf, string } from '../../../src/apiserver/registry/schema.ts'
import { newDeployment } from '../../support/cluster.ts'
import { newService, startServer } from '../../support/apiserver.ts'

describe('merge patch (RFC 7396, appendix A)', () => {
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j', (target, patch, expected) => {
    expect(mergePatch(target, patch)).toEqual(expected)
  })
})

describe('JSON patch (RFC 6902, appendix A)', () => {
  it.each([
    [{ foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { foo: 'bar', baz: 'qux' }],
    [{ foo: ['bar', 'baz'] }, [{ op: 'add', path: '/foo/1', value: 'qux' }], { foo: ['bar', 'qux', 'baz'] }],
    [{ foo: ['bar'] }, [{ op: 'add', path: '/foo/-', value: ['x'] }], { foo: ['bar', ['x']] }],
    [{ baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
    [{ foo: ['a', 'b', 'c'] }, [{ op: 'remove', path: '/foo/1' }], { foo: ['a', 'c'] }],
    [{ baz: 'qux' }, [{ op: 'replace', path: '/baz', value: 'boo' }], { baz: 'boo' }],
    [
      { foo: { bar: 1 }, qux: { corge: 2 } },
      [{ op: 'move', from: '/foo/bar', path: '/qux/thud' }],
      { foo: {}, qux: { corge: 2, thud: 1 } },
    ],
    [{ foo: ['a', 'b', 'c'] }, [{ op: 'move', from: '/foo/0', path: '/foo/2' }], { foo: ['b', 'c', 'a'] }],
    [
      { foo: { a: [1] } },
      [
        { op: 'copy', from: '/foo', path: '/bar' },
        { op: 'add', path: '/bar/a/-', value: 2 },
      ],
      { foo: { a: [1] }, bar: { a: [1, 2] } },
    ],
    [
      { '/': 9, '~1': 10 },
      [
        { op: 'test', path: '/~01', value: 10 },
        { op: 'replace', path: '/~1', value: 1 },
      ],
      { '/': 1, '~1': 10 },
    ],
    [{ a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }], { b: 2 }],
  ])('%j with %j', (target, patch, expected) => {
    const before = structuredClone(target)
    expect(jsonPatch(target, patch)).toEqual(expected)
    expect(target).toEqual(before)
  })

  it.each([
    [[{ op: 'test', path: '/a', value: 2 }], 422, 'testing value /a failed'],
    [[{ op: 'remove', path: '/b' }], 422, 'missing value'],
    [[{ op: 'replace', path: '/b', value: 1 }], 422, 'missing value'],
    [[{ op: 'add', path: '/l/3', value: 1 }], 422, 'error in index'],
    [[{ op: 'add', path: '/l/01', value: 1 }], 422, 'error in index'],
    [[{ op: 'move', from: '/o', path: '/o/x' }], 422, 'into itself'],
    [[{ op: 'frob', path: '/a' }], 400, 'unexpected kind'],
    [[{ op: 'add', path: 'a', value: 1 }], 400, 'not a JSON pointer'],
    [{ a: 1 }, 400, 'a list of operations'],
  ] as const)('refuses %j with %i', (patch, code, message) => {
    const apply = () => jsonPatch({ a: 1, l: [1, 2], o: {} }, patch)
    expect(apply).toThrow(message)
    expect(apply).toThrow(expect.objectContaining({ code }))
  })
})

describe('strategic merge patch', () => {
  const item = object('Item', { name: string, value: string, extra: any })
  const schema = object('Thing', {
    items: listByKey('name', item),
    set: setOf(string),
    atomic: any,
    map: mapOf(string),
    inner: object('Inner', { a: any, b: any }),
  })

  it.each([
    [
      'joins a list by its key',
      { items: [{ name: 'a', value: '1' }] },
      {
        items: [
          { name: 'b', value: '2' },
          { name: 'a', extra: 1 },
        ],
      },
      {
        items: [
          { name: 'a', value: '1', extra: 1 },
          { name: 'b', value: '2' },
        ],
      },
    ],
    [
      'deletes an item',
      { items: [{ name: 'a' }, { name: 'b' }] },
      { items: [{ name: 'a', $patch: 'delete' }] },
      { items: [{ name: 'b' }] },
    ],
    [
      'replaces a list',
      { items: [{ name: 'a' }] },
      { items: [{ $patch: 'replace' }, { name: 'c' }] },
      { items: [{ name: 'c' }] },
    ],
    [
      'orders a list',
      { items: [{ name: 'a' }, { name: 'b' }] },
      { '$setElementOrder/items': [{ name: 'c' }, { name: 'b' }, { name: 'a' }], items: [{ name: 'c' }] },
      { items: [{ name: 'c' }, { name: 'b' }, { name: 'a' }] },
    ],
    ['joins a set', { set: ['a', 'b'] }, { set: ['b', 'c'] }, { set: ['a', 'b', 'c'] }],
    ['takes out of a set', { set: ['a', 'b'] }, { '$deleteFromPrimitiveList/set': ['a'] }, { set: ['b'] }],
    ['replaces other lists', { atomic: [1, 2] }, { atomic: [3] }, { atomic: [3] }],
    [
      'merges maps and deletes by null',
      { map: { a: '1', b: '2' } },
      { map: { a: null, c: '3' } },
      { map: { b: '2', c: '3' } },
    ],
    [
      'replaces an object',
      { inner: { a: 1, b: 2 } },
      { inner: { $patch: 'replace', a: 3 } },
      { inner: { a: 3 } },
    ],
    [
      'keeps only some fields',
      { inner: { a: 1, b: 2 } },
      { inner: { $retainKeys: ['a'], a: 5 } },
      { inner: { a: 5 } },
    ],
  ])('%s', (_name, target, patch, expected) => {
    expect(strategicMerge(target, patch, schema)).toEqual(expected)
  })

  it('needs the merge key', () => {
    expect(() => strategicMerge({}, { items: [{ value: '1' }] }, schema)).toThrow(
      'does not contain declared merge key: name',
    )
  })

  it('corrupts 53/TCP and 53/UDP, as the real server does', () => {
    const { client } = startServer()
    client.create(
      services,
      newService('dns', {
        ports: [
          { name: 'udp', port: 53, protocol: 'UDP' },
          { name: 'tcp', port: 53, protocol: 'TCP' },
        ],
      }),
    )
    const patched = client.patch(
      services,
      { name: 'dns', namespace: 'default' },
      { spec: { ports: [{ port: 53, name: 'tcp', protocol: 'TCP', targetPort: 5353 }] } },
      { type: 'application/merge-patch+json' },
    )
    expect(patched.spec.ports).toHaveLength(1)
    client.update(
      services,
      newService('dns', {
        ports: [
          { name: 'udp', port: 53, protocol: 'UDP' },
          { name: 'tcp', port: 53, protocol: 'TCP' },
        ],
      }),
    )
    // Meant for TCP, it hits the first with port 53.
    expect(() =>
      client.patch(
        services,
        { name: 'dns', namespace: 'default' },
        { spec: { ports: [{ port: 53, name: 'tcp', protocol: 'TCP' }] } },
      ),
    ).toThrow('spec.ports[1].name: Duplicate value: "tcp"')
  })

  it('changes one container of a deployment and leaves the other', () => {
    const { client } = startServer()
    const web = newDeployment('web', 1)
    const two = [...web.spec.template.spec.containers, { name: 'side', image: 'example.com/side:1' }]
    client.create(deployments, {
      ...web,
      spec: { ...web.spec, template: { ...web.spec.template, spec: { containers: two } } },
    })
    const patched = client.patch(
      deployments,
      { name: 'web', namespace: 'default' },
      { spec: { template: { spec: { containers: [{ name: 'side', image: 'example.com/side:2' }] } } } },
    )
    expect(patched.spec.template.spec.containers.map(({ image }) => image)).toEqual([
      'example.com/app:1',
      'example.com/side:2',
    ])
  })
})
