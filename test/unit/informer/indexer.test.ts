import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConfigMap } from '../../../src/apiserver/index.ts'
import { Indexer, keyOf } from '../../../src/informer/index.ts'

function object(name: string, namespace: string, words: readonly string[]): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, uid: '', resourceVersion: '', creationTimestamp: '' },
    data: Object.fromEntries(words.map((word) => [word, ''])),
  }
}

describe('Indexer', () => {
  it('finds by any index what a scan finds', () => {
    const word = fc.constantFrom('x', 'y', 'z')
    const step = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      namespace: fc.constantFrom('n', 'm'),
      words: fc.option(fc.uniqueArray(word), { nil: undefined }),
    })
    fc.assert(
      fc.property(fc.array(step, { size: 'max', maxLength: 40 }), fc.nat(40), (steps, late) => {
        const indexer = new Indexer<ConfigMap>()
        const twin = new Map<string, ConfigMap>()
        const words = ({ data }: ConfigMap) => Object.keys(data ?? {})
        steps.forEach((change, position) => {
          if (position === late) indexer.addIndex('word', words)
          const one = object(change.name, change.namespace, change.words ?? [])
          if (change.words === undefined) {
            indexer.delete(keyOf(one))
            twin.delete(keyOf(one))
          } else {
            indexer.set(one)
            twin.set(keyOf(one), one)
          }
        })
        indexer.addIndex('word', words)
        const keys = (objects: Iterable<ConfigMap>) => Array.from(objects, keyOf).toSorted()
        for (const value of ['x', 'y', 'z'])
          expect(keys(indexer.byIndex('word', value))).toEqual(
            keys([...twin.values()].filter((one) => words(one).includes(value))),
          )
        for (const namespace of ['n', 'm'])
          expect(keys(indexer.inNamespace(namespace))).toEqual(
            keys([...twin.values()].filter(({ metadata }) => metadata.namespace === namespace)),
          )
        expect(indexer.list()).toHaveLength(twin.size)
      }),
      { seed: 5 },
    )
  })

  it('does not know an index nobody added', () => {
    expect(() => new Indexer<ConfigMap>().byIndex('word', 'x')).toThrow('no index word')
  })
})
