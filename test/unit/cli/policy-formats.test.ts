import { parse } from 'yaml'
import { describe, expect, it } from 'vitest'
import { formatDiff } from '../../../src/cli/format/diff.ts'
import { formatList, type ListLine } from '../../../src/cli/format/listing.ts'
import { formatReport, type Report } from '../../../src/cli/format/report.ts'
import type { Checked } from '../../../src/cluster/expectations/check.ts'
import type { ConnectionChange } from '../../../src/cluster/policy/diff.ts'
import { ALL_CONNECTIONS, connectionsOf, NO_CONNECTIONS } from '../../../src/policy/evaluate/index.ts'
import { elements, parseXml } from '../../support/xml.ts'

const lines: readonly ListLine[] = [
  { src: '0.0.0.0-255.255.255.255[External]', dst: 'shop/web[Deployment]', conn: 'TCP 8080' },
  { src: 'shop/web[Deployment]', dst: 'shop/db[StatefulSet]', conn: 'TCP 5432,UDP 53' },
]

describe('formatList', () => {
  it('txt: the lines of netpol-analyzer', () => {
    expect(formatList(lines, 'txt')).toBe(
      '0.0.0.0-255.255.255.255[External] => shop/web[Deployment] : TCP 8080\n' +
        'shop/web[Deployment] => shop/db[StatefulSet] : TCP 5432,UDP 53\n',
    )
  })

  it('json: src, dst, conn', () => {
    expect(JSON.parse(formatList(lines, 'json'))).toEqual(lines)
    expect(formatList([], 'json')).toBe('[]\n')
  })

  it('csv and md: the same three columns', () => {
    expect(formatList(lines, 'csv')).toBe(
      'src,dst,conn\n0.0.0.0-255.255.255.255[External],shop/web[Deployment],TCP 8080\nshop/web[Deployment],shop/db[StatefulSet],"TCP 5432,UDP 53"\n',
    )
    expect(formatList(lines, 'md')).toBe(
      '| src | dst | conn |\n|-----|-----|------|\n| 0.0.0.0-255.255.255.255[External] | shop/web[Deployment] | TCP 8080 |\n| shop/web[Deployment] | shop/db[StatefulSet] | TCP 5432,UDP 53 |\n',
    )
  })

  it('says what only some pods may, in a column of its own', () => {
    const some = [{ ...lines[1]!, somePods: 'UDP 53' }]
    expect(formatList(some, 'txt')).toContain(' : TCP 5432,UDP 53 (some pods only: UDP 53)\n')
    expect(formatList([{ ...some[0]!, somePods: some[0]!.conn }], 'txt')).toContain(
      ' : TCP 5432,UDP 53 (only some pods)\n',
    )
    expect(formatList(some, 'csv').split('\n')[0]).toBe('src,dst,conn,some pods only')
  })

  it('dot: a cluster a namespace, an edge a line', () => {
    expect(formatList(lines, 'dot')).toBe(`digraph {
	subgraph "cluster_shop" {
		label="shop"
		"shop/db[StatefulSet]" [label="db[StatefulSet]" color="blue" fontcolor="blue"]
		"shop/web[Deployment]" [label="web[Deployment]" color="blue" fontcolor="blue"]
	}
	"0.0.0.0-255.255.255.255[External]" [label="0.0.0.0-255.255.255.255" color="red2" fontcolor="red2"]
	"0.0.0.0-255.255.255.255[External]" -> "shop/web[Deployment]" [label="TCP 8080"]
	"shop/web[Deployment]" -> "shop/db[StatefulSet]" [label="TCP 5432,UDP 53"]
}
`)
  })

  it('svg: well-formed, a curve with its words for every line', () => {
    const svg = parseXml(formatList([...lines, { src: 'a"<b>', dst: '&', conn: 'x' }], 'svg'))
    expect(svg.attributes['xmlns']).toBe('http://www.w3.org/2000/svg')
    expect(elements(svg, 'title').map(({ text }) => text)).toEqual([
      '0.0.0.0-255.255.255.255[External] => shop/web[Deployment] : TCP 8080',
      'shop/web[Deployment] => shop/db[StatefulSet] : TCP 5432,UDP 53',
      'a"<b> => & : x',
    ])
    expect(parseXml(formatList([], 'svg')).name).toBe('svg')
  })
})

const changes: readonly ConnectionChange[] = [
  {
    type: 'changed',
    src: 'd/a[Pod]',
    dst: 'd/b[Pod]',
    first: { connections: connectionsOf('tcp', 9090) },
    second: { connections: ALL_CONNECTIONS },
    workloads: [],
  },
  {
    type: 'added',
    src: 'd/a[Pod]',
    dst: 'd/new[Pod]',
    first: { connections: NO_CONNECTIONS },
    second: { connections: connectionsOf('udp', 1, 9) },
    workloads: [{ label: 'd/new[Pod]', change: 'added' }],
  },
  {
    type: 'removed',
    src: 'd/old[Pod]',
    dst: 'd/older[Pod]',
    first: { connections: ALL_CONNECTIONS },
    second: { connections: NO_CONNECTIONS },
    workloads: [
      { label: 'd/old[Pod]', change: 'removed' },
      { label: 'd/older[Pod]', change: 'removed' },
    ],
  },
]

describe('formatDiff', () => {
  it('txt: the lines of netpol-analyzer', () => {
    expect(formatDiff(changes, 'txt')).toBe(`Connectivity diff:
diff-type: changed, source: d/a[Pod], destination: d/b[Pod], dir1: TCP 9090, dir2: All Connections
diff-type: added, source: d/a[Pod], destination: d/new[Pod], dir1: No Connections, dir2: UDP 1-9, workloads-diff-info: workload d/new[Pod] added
diff-type: removed, source: d/old[Pod], destination: d/older[Pod], dir1: All Connections, dir2: No Connections, workloads-diff-info: workload d/old[Pod] and d/older[Pod] removed
`)
    expect(formatDiff([], 'txt')).toBe('No connectivity differences.\n')
  })

  it('csv, md and json have its columns', () => {
    expect(formatDiff(changes, 'csv').split('\n').slice(0, 2)).toEqual([
      'diff-type,source,destination,dir1,dir2,workloads-diff-info',
      'changed,d/a[Pod],d/b[Pod],TCP 9090,All Connections,',
    ])
    expect(formatDiff(changes, 'md').split('\n')[2]).toBe(
      '| changed | d/a[Pod] | d/b[Pod] | TCP 9090 | All Connections |  |',
    )
    expect((JSON.parse(formatDiff(changes, 'json')) as unknown[])[1]).toEqual({
      'diff-type': 'added',
      source: 'd/a[Pod]',
      destination: 'd/new[Pod]',
      dir1: 'No Connections',
      dir2: 'UDP 1-9',
      'workloads-diff-info': 'workload d/new[Pod] added',
    })
  })

  it('dot and svg say what became of each', () => {
    expect(formatDiff(changes, 'dot')).toContain(
      '"d/a[Pod]" -> "d/b[Pod]" [label="TCP 9090 → All Connections" color="#a05a00"]',
    )
    const svg = parseXml(formatDiff(changes, 'svg'))
    expect(elements(svg, 'title').map(({ text }) => text)).toContain(
      'd/a[Pod] => d/new[Pod] : added: UDP 1-9',
    )
  })
})

const check = (name: string, oks: readonly boolean[], reason = 'why'): Checked => ({
  expectation: {
    name,
    from: 'a',
    to: 'svc/b',
    port: 80,
    protocol: 'tcp',
    expect: 'dropped',
    place: { file: 'e.yaml', line: 7 },
  },
  answers: oks.map((ok, index) => ({
    by: index === 0 ? 'iptables' : 'reference',
    verdict: ok ? 'dropped' : 'delivered',
    ok,
    reason,
  })),
})
const checks = [
  check('first', [true, true]),
  check('second <&> #2 \u0007', [true, false], 'a "quoted" <reason>'),
]

const reportOf = (some: readonly Checked[]): Report => ({ checks: some, properties: [] })

describe('formatReport', () => {
  it('table: a line each, then what failed and why', () => {
    expect(formatReport(reportOf(checks), 'table'))
      .toBe(`        from  to     port    expected  iptables  reference
ok      a     svc/b  80/tcp  dropped   dropped   dropped
FAILED  a     svc/b  80/tcp  dropped   dropped   delivered ✗

FAILED e.yaml:7: second <&> #2 \\u0007
  reference: expected dropped, got delivered: a "quoted" <reason>

1 of 2 expectations FAILED.
`)
    expect(formatReport(reportOf(checks.slice(0, 1)), 'table')).toContain('\n1 of 1 expectations hold.\n')
  })

  it('junit: well-formed, a case for every answer, counts that are right', () => {
    const suites = parseXml(formatReport(reportOf(checks), 'junit'))
    expect(suites.name).toBe('testsuites')
    expect(suites.attributes).toMatchObject({ tests: '4', failures: '1', errors: '0' })
    const cases = elements(suites, 'testcase')
    expect(cases.map(({ attributes }) => `${attributes['classname']}: ${attributes['name']}`)).toEqual([
      'podwire.iptables: first',
      'podwire.reference: first',
      'podwire.iptables: second <&> #2 \ufffd',
      'podwire.reference: second <&> #2 \ufffd',
    ])
    const [failure, ...others] = elements(suites, 'failure')
    expect(others).toEqual([])
    expect(failure).toMatchObject({
      attributes: { message: 'expected dropped, got delivered', type: 'expectation' },
      text: 'e.yaml:7: a "quoted" <reason>',
    })
  })

  it('tap: version, plan, numbered lines, YAML that parses under what failed', () => {
    const [version, plan, ...rest] = formatReport(reportOf(checks), 'tap').trimEnd().split('\n')
    expect([version, plan]).toEqual(['TAP version 14', '1..2'])
    expect(rest.filter((line) => /^(not )?ok /.test(line))).toEqual([
      'ok 1 - first',
      'not ok 2 - second <&> \\#2 \\\\u0007',
    ])
    const [begin, end] = [rest.indexOf('  ---'), rest.indexOf('  ...')]
    expect(parse(rest.slice(begin + 1, end).join('\n'))).toEqual({
      at: 'e.yaml:7',
      failures: ['reference: expected dropped, got delivered: a "quoted" <reason>'],
    })
    expect(rest.slice(2, begin)).toEqual([])
    expect(rest.slice(end + 1)).toEqual([])
  })

  it('json: everything', () => {
    const report = JSON.parse(formatReport(reportOf(checks), 'json')) as {
      ok: boolean
      expectations: unknown[]
    }
    expect(report.ok).toBe(false)
    expect(report.expectations[1]).toMatchObject({
      name: 'second <&> #2 \u0007',
      from: 'a',
      to: 'svc/b',
      port: 80,
      expect: 'dropped',
      ok: false,
      answers: [
        { by: 'iptables', verdict: 'dropped', ok: true },
        { by: 'reference', verdict: 'delivered', ok: false },
      ],
      line: 7,
    })
  })
})
