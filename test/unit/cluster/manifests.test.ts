import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fieldPath, parseManifests } from '../../../src/cluster/manifests/document.ts'
import { sortByKind } from '../../../src/cluster/manifests/kinds.ts'
import { loadManifests } from '../../../src/cluster/manifests/sources.ts'
import { Problem } from '../../../src/kernel/problem.ts'

const service = `apiVersion: v1
kind: Service
metadata:
  name: redis
  labels:
    app.kubernetes.io/name: redis
spec:
  ports:
    - name: a
      port: 6379
    - name: b
      port: 99999
`

describe('parseManifests', () => {
  it('reads several documents, skips empty ones and comments', () => {
    const manifests = parseManifests(`# head\n---\n${service}---\n# nothing\n---\n${service}...\n`)
    expect(manifests.map(({ object }) => object.metadata.name)).toEqual(['redis', 'redis'])
  })

  it('knows file, line and field of every part', () => {
    const [manifest] = parseManifests(`---\n${service}`, 'redis.yaml')
    expect(manifest!.place('spec.ports[1].port')).toEqual({
      file: 'redis.yaml',
      line: 13,
      field: 'spec.ports[1].port',
    })
    expect(manifest!.place('metadata.labels[app.kubernetes.io/name]').line).toBe(7)
  })

  it('names the nearest part that is written when a field is absent', () => {
    const [manifest] = parseManifests(service)
    expect(manifest!.place('spec.ports[0].targetPort')).toEqual({
      line: 9,
      field: 'spec.ports[0].targetPort',
    })
    expect(manifest!.place('spec.selector').line).toBe(7)
  })

  it('unfolds Lists, keeping places', () => {
    const text = `apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Namespace
    metadata: { name: a }
  - apiVersion: v1
    kind: PodList
    items:
      - { apiVersion: v1, kind: Pod, metadata: { name: p } }
`
    const manifests = parseManifests(text)
    expect(manifests.map(({ object }) => `${object.kind}/${object.metadata.name}`)).toEqual([
      'Namespace/a',
      'Pod/p',
    ])
    expect(manifests[1]!.place('metadata.name')).toEqual({
      line: 10,
      field: 'items[1].items[0].metadata.name',
    })
    expect(manifests[0]!.place()).toEqual({ line: 4, field: 'items[0]' })
    expect(() => parseManifests(text.replace('name: p', 'nam: p'))).toThrow(
      /^10: items\[1\].items\[0\].metadata\.name: is required: a Pod needs a name/,
    )
  })

  it('reads JSON, indented by tabs too', () => {
    const json = JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } }, null, '\t')
    const [manifest] = parseManifests(json, 'p.json')
    expect(manifest!.object.metadata.name).toBe('p')
    expect(manifest!.place('metadata.name')).toEqual({ file: 'p.json', line: 5, field: 'metadata.name' })
  })

  it('reads JSON objects one after the other, as kubectl does', () => {
    const json = (name: string) =>
      JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { a: '}{"' } } }, null, 2)
    const manifests = parseManifests(`${json('a')}\n${json('b')}${json('c')}\n\n`, 'p.json')
    expect(manifests.map(({ object, place }) => [object.metadata.name, place('metadata.name').line])).toEqual(
      [
        ['a', 5],
        ['b', 15],
        ['c', 24],
      ],
    )
    expect(parseManifests(`${json('a')}\n---\n{ ${json('b').slice(1)}`)).toHaveLength(2)
    expect(() => parseManifests(`${json('a')}\n${json('b').replace('kind', 'kin')}`, 'p.json')).toThrow(
      /^p\.json:11: kind: is required/,
    )
    expect(() => parseManifests(`${json('a')}\n{ "kind"`, 'p.json')).toThrow(/^p\.json:\d+: /)
  })

  it('says that a text is none', () => {
    expect(() => parseManifests('k\0i\0', 'p.yaml')).toThrow('p.yaml: holds a NUL character')
  })

  it('follows anchors and merge keys', () => {
    const [manifest] = parseManifests(
      'apiVersion: v1\nkind: Pod\nmetadata:\n  labels: &l { app: a }\n  annotations: { <<: *l }\n  name: p\n',
    )
    expect(manifest!.object.metadata.annotations).toEqual({ app: 'a' })
  })

  it.each([
    ['a scalar', 'hello\n', 'f.yaml:1: expected a Kubernetes object, got the string "hello"'],
    ['no kind', 'apiVersion: v1\nmetadata: {name: a}\n', /^f\.yaml:1: kind: is required/],
    [
      'values of a chart',
      'replicas: 1\n',
      'f.yaml:1: is no Kubernetes object: it says neither apiVersion nor kind',
    ],
    [
      'a Kustomization',
      'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n',
      /^f\.yaml:1: is no Kubernetes object: build what this Kustomization describes/,
    ],
    ['no metadata', 'kind: Pod\napiVersion: v1\n', /^f\.yaml:1: metadata: is required/],
    [
      'no name',
      'kind: Pod\napiVersion: v1\nmetadata:\n  labels: {}\n',
      /^f\.yaml:3: metadata\.name: is required: a Pod needs a name/,
    ],
    [
      'a name that is a number',
      'kind: Pod\napiVersion: v1\nmetadata:\n  name: 12\n',
      'f.yaml:4: metadata.name: expected a string, got the number 12',
    ],
    ['a key twice', 'kind: Pod\nkind: Pod\n', /^f\.yaml:2: the key kind is given twice in one map/],
    ['bad indentation', 'kind: Pod\n  spec: 1\n', /^f\.yaml:\d: .*/],
    ['an unfinished flow map', 'kind: {a\n', /^f\.yaml:\d: .*/],
    ['an alias of nothing', 'kind: *nothing\n', /^f\.yaml:1: /],
    [
      'a List whose items are a map',
      'apiVersion: v1\nkind: List\nitems: {}\n',
      /^f\.yaml:3: items: expected a list/,
    ],
  ])('names the place of %s', (_, text, message) => {
    expect(() => parseManifests(text, 'f.yaml')).toThrow(message)
  })
})

describe('what is nested without end', () => {
  it.each([
    ['a flow sequence', '['.repeat(20_000), 1],
    ['a flow mapping', '{"a":'.repeat(20_000), 1],
    ['a whole one', `${'['.repeat(20_000)}${']'.repeat(20_000)}`, 1],
    ['block sequences', `a:\n${'- '.repeat(20_000)}a`, 2],
    ['what the parser still reads', `${'['.repeat(300)}${']'.repeat(300)}`, 1],
    ['line by line', Array.from({ length: 400 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), 201],
  ])('%s is one clear error', (_, text, line) => {
    expect(() => parseManifests(text, 'f')).toThrow(Problem)
    expect(() => parseManifests(text, 'f')).toThrow(`f:${line}: is nested more than 200 levels deep`)
  })

  it('as an object, too, and one that holds itself', async () => {
    const own: Record<string, unknown> = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }
    own['data'] = own
    await expect(loadManifests(own)).rejects.toThrow('is nested more than 200 levels deep')
  })
})

describe('fieldPath', () => {
  it('takes indexes and keys with dots', () => {
    expect(fieldPath('spec.ports[1].port')).toEqual(['spec', 'ports', '1', 'port'])
    expect(fieldPath('metadata.labels[app.kubernetes.io/name]')).toEqual([
      'metadata',
      'labels',
      'app.kubernetes.io/name',
    ])
  })
})

describe('loadManifests', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'podwire-manifests-'))
    mkdirSync(join(folder, 'sub'))
    writeFileSync(join(folder, 'b.yaml'), service)
    writeFileSync(join(folder, 'a.json'), '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a"}}')
    writeFileSync(join(folder, 'sub/c.yml'), service)
    writeFileSync(join(folder, 'notes.txt'), 'not a manifest')
    mkdirSync(join(folder, 'empty'))
    mkdirSync(join(folder, '.git'))
    writeFileSync(join(folder, '.git/d.yaml'), service)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('reads folders in name order, and only manifests in them, and no hidden ones unless asked', async () => {
    const manifests = await loadManifests(folder)
    expect(manifests.map(({ object }) => object.kind)).toEqual(['Namespace', 'Service', 'Service'])
    expect(manifests[2]!.place()).toEqual({ file: join(folder, 'sub/c.yml'), line: 1 })
    expect(await loadManifests(join(folder, '.git'))).toHaveLength(1)
  })

  it('takes text, objects and paths in one list', async () => {
    const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'o' } }
    const manifests = await loadManifests([service, object, join(folder, 'a.json')])
    expect(manifests.map(({ object: { metadata } }) => metadata.name)).toEqual(['redis', 'o', 'a'])
    expect(manifests[1]!.place('spec')).toEqual({ field: 'spec' })
  })

  it('reads UTF-16 by its mark, and says what is no text', async () => {
    const file = join(folder, 'wide.txt')
    for (const swapped of [false, true]) {
      const bytes = Buffer.from(`\uFEFF${service}`, 'utf16le')
      writeFileSync(file, swapped ? bytes.swap16() : bytes)
      const [manifest] = await loadManifests(file)
      expect(manifest!.object.metadata.name).toBe('redis')
    }
    writeFileSync(file, Buffer.from(service, 'utf16le'))
    await expect(loadManifests(file)).rejects.toThrow(`${file}: holds a NUL character`)
    writeFileSync(file, Buffer.from([0x61, 0x3a, 0xe9]))
    await expect(loadManifests(file)).rejects.toThrow(`${file}: is no text in UTF-8`)
    rmSync(file)
  })

  it('says what cannot be read', async () => {
    await expect(loadManifests(join(folder, 'none.yaml'))).rejects.toThrow(
      `${join(folder, 'none.yaml')}: cannot be read: no such file or directory`,
    )
    await expect(loadManifests(join(folder, 'empty'))).rejects.toThrow(/empty: holds no Kubernetes object/)
  })
})

describe('sortByKind', () => {
  const of = (apiVersion: string, kind: string, name = 'x') =>
    `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: ${name} }\n`

  it('applies what has a dataplane meaning and names the rest once a kind', () => {
    const { applied, warnings } = sortByKind(
      parseManifests(
        [
          of('v1', 'Service'),
          of('v1', 'ConfigMap', 'one'),
          of('v1', 'ConfigMap', 'two'),
          of('networking.k8s.io/v1', 'Ingress'),
          of('example.com/v1', 'Widget'),
        ].join('---\n'),
        'all.yaml',
      ),
    )
    expect(applied.map(({ object }) => object.kind)).toEqual(['Service'])
    expect(warnings).toEqual([
      {
        message: 'ConfigMap one (and 1 more) has no dataplane meaning: ignored',
        place: { file: 'all.yaml', line: 5 },
      },
      {
        message: 'Ingress x is not modelled: no ingress controller runs',
        place: { file: 'all.yaml', line: 13 },
      },
      {
        message: 'Widget x is of a kind that is not known here: ignored',
        place: { file: 'all.yaml', line: 17 },
      },
    ])
  })

  it('refuses a version that is not served', () => {
    expect(() => sortByKind(parseManifests(of('extensions/v1beta1', 'Deployment'), 'd.yaml'))).toThrow(
      'd.yaml:1: apiVersion: "extensions/v1beta1" is not served for kind Deployment: expected "apps/v1"',
    )
    expect(() => sortByKind(parseManifests(of('apps/v1beta2', 'Deployment')))).toThrow('expected "apps/v1"')
  })

  it('does not mistake a foreign kind of the same name', () => {
    const { warnings } = sortByKind(parseManifests(of('serving.knative.dev/v1', 'Service')))
    expect(warnings[0]!.message).toBe('Service x is of a kind that is not known here: ignored')
  })
})
