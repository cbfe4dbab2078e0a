import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { run } from '../../../src/cli/program.ts'
import type { Connectivity, ReferenceAnswer } from '../../../src/index.ts'
import { Evaluator } from '../../../src/policy/evaluate/index.ts'
import { elements, parseXml } from '../../support/xml.ts'

// The command line in this process; test/unit/cli/cli.test.ts runs the built program.
async function podwire(
  ...args: readonly string[]
): Promise<{ stdout: string; stderr: string; status: number }> {
  const written = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      written[stream] += String(text)
      return true
    }),
  )
  try {
    const status = await run(args, '0')
    return { ...written, status }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

const WORKLOADS = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: main, image: web, ports: [{ containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: db, labels: { app: db } }
spec: { containers: [{ name: main, image: db, ports: [{ name: sql, containerPort: 5432 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: db }
spec: { selector: { app: db }, ports: [{ port: 1, targetPort: sql }] }
`
const POLICY = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db }
spec:
  podSelector: { matchLabels: { app: db } }
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{ podSelector: { matchLabels: { app: web } } }]
      ports: [{ port: sql }]
  egress:
    - to: [{ ipBlock: { cidr: 192.0.2.0/24, except: [192.0.2.128/25] } }]
      ports: [{ protocol: UDP, port: 53 }]
`

/** On each node an agent that is the node to policies, and two pods that policies tell apart by their names. */
const DIFFER = `
apiVersion: v1
kind: Namespace
metadata: { name: data }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db, namespace: data }
spec:
  replicas: 2
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec: { containers: [{ name: main, image: db }] }
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: agent, namespace: data }
spec:
  selector: { matchLabels: { app: agent } }
  template:
    metadata: { labels: { app: agent } }
    spec: { hostNetwork: true, containers: [{ name: main, image: agent }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: first, namespace: data }
spec:
  podSelector: { matchLabels: { statefulset.kubernetes.io/pod-name: db-0 } }
  ingress: [{ from: [{ ipBlock: { cidr: 9.0.0.0/8 } }] }]
`

let folder = ''
const path = (name: string): string => join(folder, name)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-policy-'))
  writeFileSync(path('workloads.yaml'), WORKLOADS)
  writeFileSync(path('policy.yaml'), POLICY)
  writeFileSync(
    path('other.yaml'),
    POLICY.replace('port: 53', 'port: 54').replace('name: db }', 'name: db2 }'),
  )
  writeFileSync(path('none.yaml'), '{apiVersion: v1, kind: Namespace, metadata: {name: empty}}')
})
afterAll(() => rmSync(folder, { recursive: true }))
const both = (): string[] => ['-f', path('workloads.yaml'), '-f', path('policy.yaml')]

describe('podwire list', () => {
  it('prints every allowed connection as netpol-analyzer does', async () => {
    const { stdout, status } = await podwire('list', ...both())
    expect(status).toBe(0)
    expect(stdout).toBe(`0.0.0.0-255.255.255.255[External] => default/web[Deployment] : All Connections
default/db[Pod] => 192.0.2.0-192.0.2.127[External] : UDP 53
default/web[Deployment] => 0.0.0.0-255.255.255.255[External] : All Connections
default/web[Deployment] => default/db[Pod] : TCP 5432
`)
  })

  it('has the other family, and the pods of one workload among each other, when asked', async () => {
    const { stdout } = await podwire('list', ...both(), '--family', 'ipv6', '--within-workloads')
    expect(stdout)
      .toBe(`::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff[External] => default/web[Deployment] : All Connections
default/web[Deployment] => ::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff[External] : All Connections
default/web[Deployment] => default/db[Pod] : TCP 5432
default/web[Deployment] => default/web[Deployment] : All Connections
`)
  })

  it.each([
    [['--focus-workload', 'db'], 2],
    [['--focus-workload', 'default/db[Pod]'], 2],
    [['--focus-workload', 'deploy/web'], 3],
    [['--focus-workload', 'default/pod/db'], 2],
    [['--focus-workload', 'default/db', '--focus-direction', 'ingress'], 1],
    [['--focus-workload', 'db', '--focus-workload-peer', 'web'], 1],
    [['--focus-conn', 'tcp-5432'], 3],
    [['--focus-conn', 'udp-53', '--focus-workload', 'db'], 1],
  ])('%j shows %i lines', async (args, count) => {
    const { stdout, status } = await podwire('list', ...both(), ...args)
    expect(status).toBe(0)
    expect(stdout.trimEnd().split('\n')).toHaveLength(count)
  })

  it('draws', async () => {
    expect(elements(parseXml((await podwire('list', ...both(), '-o', 'svg')).stdout), 'title')).toHaveLength(
      4,
    )
    expect((await podwire('list', ...both(), '-o', 'dot')).stdout).toMatch(/^digraph \{\n/)
  })

  it('reads the API as an option says', async () => {
    const { stdout } = await podwire('list', ...both(), '--policy-option', 'emptyRules=allow')
    expect(stdout).toBe((await podwire('list', ...both())).stdout)
    const ten = POLICY.replace('192.0.2.0/24, except: [192.0.2.128/25]', '10.0.0.0/8')
    writeFileSync(path('ten.yaml'), ten)
    const listed = async (...more: string[]): Promise<string> =>
      (await podwire('list', '-f', path('workloads.yaml'), '-f', path('ten.yaml'), ...more)).stdout
    expect(await listed()).toContain('default/db[Pod] => default/web[Deployment] : UDP 53\n')
    expect(await listed('--policy-option', 'ipBlockMatchesPods=false')).not.toContain(
      'default/db[Pod] => default/web',
    )
  })
})

describe('podwire explain', () => {
  it('says for every port who decided, in each direction', async () => {
    const { stdout, status } = await podwire('explain', ...both(), '--from', 'deploy/web', '--to', 'pod/db')
    expect(status).toBe(0)
    expect(stdout.replaceAll(/default\/web-[a-z0-9-]+/g, 'default/web-POD'))
      .toBe(`default/web[Deployment] => default/db[Pod]
  allowed: TCP 5432
    egress
      [Admin]          No-Op  no policy in the Admin tier
      [NetworkPolicy]  No-Op  no NetworkPolicy isolates default/web-POD for egress
      [Baseline]       No-Op  no policy in the Baseline tier
      [Default]        Allow  nothing decided: allowed by default
    ingress
      [Admin]          No-Op  no policy in the Admin tier
      [NetworkPolicy]  Allow  NetworkPolicy default/db: ingress[0] allows
  DENIED: SCTP 1-65535,TCP 1-5431,5433-65535,UDP 1-65535,Other
    egress
      [Admin]          No-Op  no policy in the Admin tier
      [NetworkPolicy]  No-Op  no NetworkPolicy isolates default/web-POD for egress
      [Baseline]       No-Op  no policy in the Baseline tier
      [Default]        Allow  nothing decided: allowed by default
    ingress
      [Admin]          No-Op  no policy in the Admin tier
      [NetworkPolicy]  Deny   default/db is isolated for ingress by NetworkPolicy default/db, and no rule allows this
`)
  })

  it('every pair, an address, a node; only what is denied; JSON', async () => {
    const all = (await podwire('explain', ...both(), '-o', 'json')).stdout
    const pairs = JSON.parse(all) as {
      src: string
      dst: string
      parts: { conn: string; allowed: boolean }[]
    }[]
    expect(pairs.map(({ src, dst }) => `${src} ${dst}`)).toEqual([
      'default/db[Pod] default/web[Deployment]',
      'default/db[Pod] 0.0.0.0-192.0.1.255[External]',
      'default/db[Pod] 192.0.2.0-192.0.2.127[External]',
      'default/db[Pod] 192.0.2.128-255.255.255.255[External]',
      'default/web[Deployment] default/db[Pod]',
      'default/web[Deployment] default/web[Deployment]',
      'default/web[Deployment] 0.0.0.0-255.255.255.255[External]',
      '0.0.0.0-255.255.255.255[External] default/db[Pod]',
      '0.0.0.0-255.255.255.255[External] default/web[Deployment]',
    ])
    const denied = (
      await podwire('explain', ...both(), '--from', 'db', '--explain-only', 'deny', '-o', 'json')
    ).stdout
    expect((JSON.parse(denied) as typeof pairs)[0]!.parts.map(({ conn }) => conn)).toEqual([
      'All Connections',
    ])
    expect((await podwire('explain', ...both(), '--from', 'db', '--to', '192.0.2.1')).stdout).toContain(
      '  allowed: UDP 53\n',
    )
    expect(
      (await podwire('explain', ...both(), '--from', 'node/node-1', '--to', '192.0.2.1')).stdout,
    ).toContain('node/node-1 => 192.0.2.1\n  allowed: All Connections\n')
  })

  it('takes the family from an address', async () => {
    const { stdout } = await podwire('explain', ...both(), '--from', 'db', '--to', '2001:db8::1')
    expect(stdout).toContain('default/db[Pod] => 2001:db8::1\n  DENIED: All Connections\n')
  })

  it('tells options that would flip a verdict', async () => {
    const flat = POLICY.replace('192.0.2.0/24, except: [192.0.2.128/25]', '10.0.0.0/8')
    writeFileSync(path('flat.yaml'), flat)
    const { stdout } = await podwire(
      'explain',
      '-f',
      path('workloads.yaml'),
      '-f',
      path('flat.yaml'),
      '--from',
      'db',
      '--to',
      'deploy/web',
    )
    expect(stdout).toContain('    denied with --policy-option ipBlockMatchesPods=false\n')
  })
})

describe('podwire explain, pods of one workload that differ', () => {
  const ask = async (...args: string[]) => {
    writeFileSync(path('differ.yaml'), DIFFER)
    return podwire('explain', '-f', path('differ.yaml'), ...args)
  }
  const headings = (text: string): string[] =>
    text
      .split('\n')
      .filter((line) => line.includes(' => '))
      .map((line) => line.replaceAll(/agent-[a-z0-9]{5}/g, 'agent-POD'))

  it('explains each different pair, and says of which pods', async () => {
    const { stdout } = await ask('--from', 'data/agent', '--to', 'data/db', '--nodes', '2')
    // A pod's own node always comes through.
    expect(headings(stdout)).toEqual([
      'data/agent[DaemonSet] => data/db[StatefulSet] (1 of 4 pairs of pods: data/agent-POD => data/db-0)',
      'data/agent[DaemonSet] => data/db[StatefulSet] (1 of 4 pairs of pods: data/agent-POD => data/db-1)',
      'data/agent[DaemonSet] => data/db[StatefulSet] (1 of 4 pairs of pods: data/agent-POD => data/db-0)',
      'data/agent[DaemonSet] => data/db[StatefulSet] (1 of 4 pairs of pods: data/agent-POD => data/db-1)',
    ])
    const denied = await ask('--from', 'data/agent', '--to', 'data/db', '--explain-only', 'deny')
    expect(headings(denied.stdout)).toHaveLength(1)
  })

  it('what differs in the addresses outside, and JSON', async () => {
    const { stdout } = await ask('--to', 'data/db', '-o', 'json')
    const outside = (JSON.parse(stdout) as { src: string; pods?: object }[]).filter(({ src }) =>
      src.endsWith('[External]'),
    )
    const [first, second] = [
      { pairs: 1, of: 2, groups: [{ src: [], dst: ['data/db-0'] }] },
      { pairs: 1, of: 2, groups: [{ src: [], dst: ['data/db-1'] }] },
    ]
    expect(outside.map(({ src, pods }) => ({ src, pods }))).toEqual([
      { src: '0.0.0.0-8.255.255.255[External]', pods: first },
      { src: '9.0.0.0-9.255.255.255[External]', pods: first },
      { src: '10.0.0.0-255.255.255.255[External]', pods: first },
      { src: '0.0.0.0-255.255.255.255[External]', pods: second },
    ])
  })

  it('is headed by the pod that was asked for', async () => {
    const { stdout } = await ask('--from', 'data/db-1', '--to', 'data/db-0')
    expect(headings(stdout)).toEqual(['data/db-1[Pod] => data/db-0[Pod]'])
  })

  it('takes every name of a workload, and a range for a mistake', async () => {
    for (const name of ['data/db', 'data/db[StatefulSet]', 'data/sts/db'])
      expect(headings((await ask('--from', name, '--to', '192.0.2.1')).stdout)).toEqual([
        'data/db[StatefulSet] => 192.0.2.1',
      ])
    expect((await ask('--from', '8.8.8.0/24', '--to', 'data/db')).stderr).toContain(
      'podwire: --from: 8.8.8.0/24 is a range: give one address of it\n',
    )
  })
})

describe('podwire explain of many', () => {
  /** Pods of one sort; what grows is how many there are. */
  const many = (count: number): string =>
    Array.from(
      { length: count },
      (_, index) =>
        `{apiVersion: v1, kind: Pod, metadata: {name: p${index}, labels: {app: ${index % 2 === 0 ? 'web' : 'db'}}}, spec: {containers: [{name: m, image: i}]}}`,
    ).join('\n---\n')

  it('asks anew only what policies tell apart', async () => {
    const asked = async (count: number): Promise<number> => {
      writeFileSync(path('many.yaml'), `${many(count)}\n---${POLICY}`)
      const spy = vi.spyOn(Evaluator.prototype, 'verdict')
      const { stdout } = await podwire('explain', '-f', path('many.yaml'), '-o', 'json')
      const questions = spy.mock.calls.length
      spy.mockRestore()
      // Every part that is told needs one, for its words.
      const told = (JSON.parse(stdout) as { parts: unknown[] }[]).flatMap(({ parts }) => parts).length
      return questions - told
    }
    const few = await asked(6)
    expect(few).toBeGreaterThan(0)
    expect(await asked(24)).toBe(few)
  })

  it('stops when nobody reads any more', async () => {
    writeFileSync(path('many.yaml'), many(60))
    const stop = vi.spyOn(process.stdout, 'write').mockImplementation(() => {
      process.nextTick(() =>
        process.stdout.emit('error', Object.assign(new Error('gone'), { code: 'EPIPE' })),
      )
      return true
    })
    const ignore = (): void => {}
    process.stdout.on('error', ignore)
    try {
      expect(await run(['explain', '-f', path('many.yaml')], '0')).toBe(0)
      expect(stop).toHaveBeenCalledTimes(1)
    } finally {
      stop.mockRestore()
      process.stdout.off('error', ignore)
    }
  })
})

describe('workloads of which no pod runs', () => {
  it.each(['list', 'explain', 'matrix'])('%s names them, a line a kind', async (command) => {
    const zero = (name: string): string =>
      `${WORKLOADS.split('---')[0]}`
        .replace('name: web }', `name: ${name} }`)
        .replace('replicas: 2', 'replicas: 0')
    writeFileSync(path('zero.yaml'), [zero('none'), zero('nothing'), WORKLOADS].join('\n---\n'))
    const port = command === 'matrix' ? ['--port', '80'] : []
    const { stderr, status } = await podwire(command, '-f', path('zero.yaml'), ...port)
    expect(status).toBe(0)
    expect(stderr).toBe(
      'podwire: warning: left out, as no pod of it runs: Deployment default/none, default/nothing\n',
    )
    expect((await podwire('list', '-f', path('zero.yaml'), '--focus-workload', 'none')).stderr).toContain(
      'podwire: --focus-workload: workload none has no running pod\n',
    )
  })
})

describe('podwire verify without expectations', () => {
  it('compares packets with the evaluator, seed and count printed', async () => {
    const { stdout, status } = await podwire('verify', ...both(), '--runs', '300', '--seed', '7')
    expect(status).toBe(0)
    expect(stdout).toMatch(
      /^iptables: 300 packets \(seed 7\), \d+ allowed, \d+ denied: the dataplane does what the policies say\.\n$/,
    )
    expect((await podwire('verify', ...both(), '--runs', '100000')).stdout).toMatch(
      /^iptables: \d+ packets \(seed 1; all there is to ask, of the 100000 wanted\), /,
    )
    const junit = parseXml((await podwire('verify', ...both(), '--runs', '20', '-o', 'junit')).stdout)
    expect(junit.attributes).toMatchObject({ tests: '1', failures: '0' })
    expect((await podwire('verify', ...both(), '--runs', '20', '-o', 'tap')).stdout).toMatch(
      /^TAP version 14\n1\.\.1\nok 1 - /,
    )
  })
})

describe('podwire diff', () => {
  it('prints what is added, removed and changed', async () => {
    const { stdout, status } = await podwire(
      'diff',
      path('none.yaml'),
      path('policy.yaml'),
      '-f',
      path('workloads.yaml'),
    )
    expect(status).toBe(0)
    expect(stdout).toBe(`Connectivity diff:
diff-type: changed, source: default/db[Pod], destination: 192.0.2.0-192.0.2.127[External], dir1: All Connections, dir2: UDP 53
diff-type: changed, source: default/web[Deployment], destination: default/db[Pod], dir1: All Connections, dir2: TCP 5432
diff-type: removed, source: 0.0.0.0-255.255.255.255[External], destination: default/db[Pod], dir1: All Connections, dir2: No Connections
diff-type: removed, source: default/db[Pod], destination: 0.0.0.0-192.0.1.255[External], dir1: All Connections, dir2: No Connections
diff-type: removed, source: default/db[Pod], destination: 192.0.2.128-255.255.255.255[External], dir1: All Connections, dir2: No Connections
diff-type: removed, source: default/db[Pod], destination: default/web[Deployment], dir1: All Connections, dir2: No Connections
`)
  })

  it('sees what changes for some pods of a workload only', async () => {
    const db = `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: set }
spec:
  replicas: 2
  selector: { matchLabels: { app: set } }
  template:
    metadata: { labels: { app: set } }
    spec: { containers: [{ name: main, image: app }] }
---
apiVersion: v1
kind: Pod
metadata: { name: cli }
spec: { containers: [{ name: main, image: app }] }
`
    writeFileSync(path('set.yaml'), db)
    const deny = `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: first }
spec: { podSelector: { matchLabels: { statefulset.kubernetes.io/pod-name: set-0 } } }
`
    writeFileSync(path('set-denied.yaml'), db + deny)
    const { stdout, status } = await podwire('diff', path('set.yaml'), path('set-denied.yaml'), '--exit-code')
    expect(status).toBe(1)
    expect(stdout).toBe(`Connectivity diff:
diff-type: changed, source: 0.0.0.0-255.255.255.255[External], destination: default/set[StatefulSet], dir1: All Connections, dir2: All Connections (only some pods)
diff-type: changed, source: default/cli[Pod], destination: default/set[StatefulSet], dir1: All Connections, dir2: All Connections (only some pods)
`)
  })

  it.each(['empty.yaml', 'empty-folder'])('takes %s for a side without objects', async (name) => {
    writeFileSync(path('empty.yaml'), '# nothing yet\n')
    mkdirSync(path('empty-folder'), { recursive: true })
    const ask = (...sides: string[]) => podwire('diff', ...sides, '-f', path('workloads.yaml'))
    expect(await ask(path(name), path('policy.yaml'))).toEqual(
      await ask(path('none.yaml'), path('policy.yaml')),
    )
    expect((await ask(path('policy.yaml'), path(name))).stdout).toContain('diff-type: added, ')
    const { stdout, status } = await podwire('diff', path(name), path('workloads.yaml'))
    expect(status).toBe(0)
    expect(stdout).toContain(
      'workloads-diff-info: workload default/db[Pod] and default/web[Deployment] added\n',
    )
    expect((await podwire('diff', path('nowhere.yaml'), path('policy.yaml'))).status).toBe(2)
  })

  it('exits with 1 only when asked to', async () => {
    const same = [path('policy.yaml'), path('policy.yaml'), '-f', path('workloads.yaml'), '--exit-code']
    expect(await podwire('diff', ...same)).toMatchObject({
      stdout: 'No connectivity differences.\n',
      status: 0,
    })
    const other = [path('policy.yaml'), path('other.yaml'), '-f', path('workloads.yaml')]
    expect((await podwire('diff', ...other)).status).toBe(0)
    expect((await podwire('diff', ...other, '--exit-code')).status).toBe(1)
  })
})

describe('podwire matrix --reference, trace --reference', () => {
  it('has the shape of the matrix by packets', async () => {
    const matrix = JSON.parse(
      (await podwire('matrix', ...both(), '--port', '5432', '--reference', '-o', 'json')).stdout,
    ) as Connectivity
    expect(matrix.workloads).toEqual(['default/db', 'default/web'])
    expect(matrix.rows.map(({ verdict }) => verdict)).toEqual([
      'delivered',
      'dropped',
      'delivered',
      'delivered',
    ])
    expect((await podwire('matrix', ...both(), '--port', '5432', '--reference')).stdout).toContain(
      '. allowed   X denied',
    )
    const pings = await podwire('matrix', ...both(), '--port', 'icmp', '--reference', '-o', 'json')
    expect((JSON.parse(pings.stdout) as Connectivity).ports).toEqual(['icmp'])
  })

  it('walks the tiers, names the rule, and what would flip the verdict', async () => {
    const { stdout, status } = await podwire(
      'trace',
      ...both(),
      '--from',
      'deploy/web',
      '--to',
      'svc/db',
      '--reference',
    )
    expect(status).toBe(0)
    expect(stdout).toMatch(
      /^default\/web-\S+ \(10\.244\.\d\.\d\) → default\/db \(10\.96\.\S+\):1\/tcp {2}\(reference\)\n/,
    )
    expect(stdout).toContain('backend: pod default/db, ')
    expect(stdout).toContain('    [NetworkPolicy]  Allow  NetworkPolicy default/db: ingress[0] allows\n')
    expect(stdout).toContain('\nALLOWED: ingress: NetworkPolicy default/db: ingress[0] allows\n')
  })

  it('--family asks by the other addresses, packets and policies', async () => {
    const trace = [
      'trace',
      ...both(),
      '--from',
      'deploy/web',
      '--to',
      'db',
      '--port',
      '80',
      '--family',
      'ipv6',
    ]
    expect((await podwire(...trace)).stdout).toContain('(fd00:10:244:')
    expect((await podwire(...trace, '--reference')).stdout).toContain('(fd00:10:244:')
    const matrix = ['matrix', ...both(), '--port', '80', '--family', 'ipv6']
    expect((await podwire(...matrix)).status).toBe(0)
    expect((await podwire(...matrix, '--reference')).status).toBe(0)
    const { stderr, status } = await podwire(...matrix.slice(0, -1), 'ipv5')
    expect(status).toBe(2)
    expect(stderr).toContain('--family: "ipv5" is not known: expected ipv4 or ipv6')
  })

  it('--expect holds where the same expectation of verify does: no policy is about it', async () => {
    const ask = (expect: string) => {
      const ends = ['--from', '198.51.100.10', '--to', 'svc/db']
      return podwire('trace', '-f', path('workloads.yaml'), ...ends, '--reference', '--expect', expect)
    }
    const { stdout, status } = await ask('dropped')
    expect(stdout).toContain(
      '\nALLOWED: policies do not forbid it, but no packet can arrive: nothing outside has a route to 10.96.',
    )
    expect(status).toBe(0)
    expect((await ask('delivered')).status).toBe(1)
  })

  it.each([
    ['sql', 'allowed', 0],
    ['sql', 'denied', 1],
    ['9999', 'denied', 0],
    ['9999', 'allowed', 1],
  ])('port %s is expected to be %s: exits with %i', async (port, expected, status) => {
    const asked = ['--from', 'deploy/web', '--to', 'pod/db', '--port', port, '--expect', expected]
    expect((await podwire('trace', ...both(), ...asked)).status).toBe(status)
    expect((await podwire('trace', ...both(), ...asked, '--reference')).status).toBe(status)
  })

  it('--expect, -o json', async () => {
    const ask = (...more: string[]) =>
      podwire(
        'trace',
        ...both(),
        '--from',
        'db',
        '--to',
        'deploy/web',
        '--port',
        '8080',
        '--reference',
        ...more,
      )
    expect((await ask('--expect', 'dropped')).status).toBe(0)
    const { stderr, status } = await ask('--expect', 'delivered')
    expect(status).toBe(1)
    expect(stderr).toContain('podwire: expected delivered, policies say denied\n')
    const answer = JSON.parse((await ask('-o', 'json')).stdout) as ReferenceAnswer
    expect(answer).toMatchObject({ verdict: 'denied', request: { dport: 8080, protocol: 'tcp' } })
    expect(answer.paths[0]!.egress.verdict.steps.at(-1)).toMatchObject({
      tier: 'NetworkPolicy',
      outcome: 'Deny',
    })
  })
})

describe('podwire verify --expect', () => {
  const expectations = (text: string): string => {
    writeFileSync(path('expect.yaml'), text)
    return path('expect.yaml')
  }

  it('fails with 1 and a table that says where and why', async () => {
    const file = expectations(
      '# who may\n- { name: web asks db, from: deploy/web, to: svc/db, expect: rejected }\n',
    )
    const { stdout, status } = await podwire('verify', ...both(), '--expect', file)
    expect(status).toBe(1)
    expect(stdout).toContain(`FAILED ${file}:2: web asks db\n`)
    expect(stdout).toContain('  iptables: expected rejected, got delivered for default/web-')
    expect(stdout).toContain('\n1 of 1 expectations FAILED.\n')
  })

  it('asks every pod of a workload, packets and reference', async () => {
    const file = expectations('- { from: deploy/web, to: db, port: [sql, 5432/tcp], expect: delivered }\n')
    const { stdout, status } = await podwire('verify', ...both(), '--expect', file, '-o', 'json')
    expect(status).toBe(0)
    const { expectations: all } = JSON.parse(stdout) as {
      expectations: { answers: { by: string; verdict: string }[] }[]
    }
    expect(all[0]!.answers.map(({ by, verdict }) => `${by}: ${verdict}`)).toEqual([
      'iptables: delivered',
      'reference: allowed',
    ])
  })

  it('warns of expectations beside the manifests that are not named', async () => {
    mkdirSync(path('suite/deep'), { recursive: true })
    writeFileSync(path('suite/all.yaml'), WORKLOADS)
    const text = '- { from: deploy/web, to: db, port: 5432, expect: delivered }\n'
    writeFileSync(path('suite/expect.yaml'), text)
    writeFileSync(path('suite/deep/more.expect.yaml'), text)
    const warning = (name: string): string =>
      `podwire: warning: ${path(`suite/${name}`)}: expectations that are not checked: name the file with --expect\n`
    expect((await podwire('verify', '-f', path('suite'), '--runs', '5')).stderr).toBe(
      warning('deep/more.expect.yaml') + warning('expect.yaml'),
    )
    expect((await podwire('verify', '-f', path('suite'), '--expect', path('suite/expect.yaml'))).stderr).toBe(
      warning('deep/more.expect.yaml'),
    )
  })

  it('writes control characters of names out', async () => {
    const file = expectations(
      '- { name: "a\\x1b[31m\\nb\\0", from: deploy/web, to: db, port: 5432, expect: dropped }\n',
    )
    for (const format of ['table', 'tap', 'junit']) {
      const { stdout } = await podwire('verify', ...both(), '--expect', file, '-o', format)
      // oxlint-disable-next-line no-control-regex
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
      if (format === 'junit') {
        const [first] = elements(parseXml(stdout), 'testcase')
        expect(first!.attributes['name']).toBe('a\ufffd[31m\nb\ufffd')
      } else
        expect(stdout).toContain(
          format === 'tap' ? 'a\\\\u001b[31m\\\\nb\\\\u0000' : 'a\\u001b[31m\\nb\\u0000',
        )
    }
  })

  it('writes control characters of rules out', async () => {
    writeFileSync(
      path('rule.yaml'),
      `apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: nothing }
spec:
  tier: Admin
  priority: 1
  subject: { namespaces: {} }
  ingress: [{ name: "\\x1b[2J\\x9b", action: Deny, from: [{ namespaces: {} }] }]
`,
    )
    const asked = [
      '-f',
      path('workloads.yaml'),
      '-f',
      path('rule.yaml'),
      '--from',
      'deploy/web',
      '--to',
      'db',
    ]
    for (const command of [['trace'], ['trace', '--reference'], ['explain']]) {
      const { stdout } = await podwire(...command, ...asked)
      // oxlint-disable-next-line no-control-regex
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u0080-\u009f]/)
      expect(stdout).toContain('u001b[2J')
    }
  })

  it('prints TAP and JUnit', async () => {
    const file = expectations('- { from: deploy/web, to: db, port: 5432, expect: dropped }\n')
    const tap = await podwire('verify', ...both(), '--expect', file, '-o', 'tap')
    expect(tap.status).toBe(1)
    expect(tap.stdout).toMatch(/^TAP version 14\n1\.\.1\nnot ok 1 - deploy\/web → db 5432 dropped\n {2}---\n/)
    expect(tap.stderr).toContain('podwire: verification failed\n')
    const junit = parseXml((await podwire('verify', ...both(), '--expect', file, '-o', 'junit')).stdout)
    expect(elements(junit, 'failure')).toHaveLength(2)
  })

  it('names the field at fault, and its line', async () => {
    const file = expectations('- from: deploy/web\n  to: db\n  port: nope\n  expect: delivered\n')
    const { stderr, status } = await podwire('verify', ...both(), '--expect', file)
    expect(status).toBe(2)
    expect(stderr).toContain(
      `podwire: ${file}:3: [0].port: default/db has no port named nope: it has 5432/tcp (sql)`,
    )
  })

  it('asks every pod of a workload that is named as a pod is', async () => {
    const file = expectations('- { from: web, to: db, port: 5432, expect: dropped }\n')
    const { stdout } = await podwire('verify', ...both(), '--expect', file)
    expect(stdout).toContain('got delivered for default/web-')
  })

  it('names what is not there, where it is expected', async () => {
    const file = expectations(
      '- { from: deploy/web, to: db, port: 5432, expect: delivered }\n- { from: wob, to: db, expect: dropped }\n',
    )
    const { stdout, stderr, status } = await podwire('verify', ...both(), '--expect', file)
    expect({ stdout, status }).toEqual({ stdout: '', status: 2 })
    expect(stderr).toContain(
      `podwire: ${file}:2: [1].from: there is no pod default/wob; did you mean default/`,
    )
  })
})

describe('mistakes', () => {
  it.each([
    [
      ['list', '-o', 'xml'],
      'podwire: --output: "xml" is not known: expected txt, json, csv, md, dot or svg\n',
    ],
    [['list', '--family', 'ipv5'], 'podwire: --family: "ipv5" is not known: expected ipv4 or ipv6\n'],
    [
      ['list', '--policy-option', 'ipBlockMatchPods=false'],
      'podwire: --policy-option: there is no option "ipBlockMatchPods"; did you mean ipBlockMatchesPods?\n',
    ],
    [
      ['list', '--policy-option', 'ownNode=maybe'],
      'podwire: --policy-option: ownNode is allowed or policed, not "maybe"\n',
    ],
    [['list', '--focus-direction', 'egress'], 'podwire: --focus-direction: needs --focus-workload\n'],
    [
      ['list', '--focus-workload', 'wob'],
      'podwire: --focus-workload: there is no workload wob; did you mean web?\n',
    ],
    [['list', '--focus-conn', 'tcp'], 'podwire: --focus-conn: "tcp": expected PROTOCOL-PORT, as tcp-8080\n'],
    [
      ['explain', '--from', 'db', '--to', '2001:db8::1', '--family', 'ipv4'],
      'podwire: --to: 2001:db8::1 is ipv6, but --family is ipv4\n',
    ],
    [
      ['explain', '--from', '192.0.2.1', '--to', '2001:db8::1'],
      'podwire: --to: 2001:db8::1 is ipv6, but --from is ipv4\n',
    ],
    [['diff', '-', '-'], 'podwire: -: standard input is given twice\n'],
    [['list', '-f', '-', '-f', '-'], 'podwire: --filename: standard input (-) is given twice\n'],
    [['verify', '--min-score', '9'], 'podwire: --min-score: needs --mutate: the score is of its faults\n'],
    [
      ['matrix', '--port', '80', '--policy-option', 'emptyRules=allow'],
      'podwire: --policy-option: needs --reference: packets go by the defaults\n',
    ],
    [
      ['verify', '--policy-option', 'emptyRules=allow'],
      'podwire: --policy-option: needs --expect and no --runs: packets that are drawn go by the defaults\n',
    ],
    [
      ['trace', '--from', 'db', '--to', 'db', '--policy-option', 'emptyRules=allow'],
      'podwire: --policy-option: needs --reference: packets go by the defaults\n',
    ],
    [
      ['trace', '--from', 'db', '--to', 'db', '--reference', '--all-modes'],
      'podwire: --all-modes: is for packets: policies say the same in every mode\n',
    ],
    [
      ['trace', '--from', 'db', '--to', 'db', '--port', '53/udp'],
      'podwire: --port: "53/udp": write --port 53 --protocol udp\n',
    ],
    [
      ['trace', '--from', 'db', '--to', 'db', '--port', 'nope'],
      'podwire: --port: default/db has no port named nope: it has 5432/tcp (sql)\n',
    ],
    [
      ['trace', '--from', 'db', '--to', 'db', '--port', '80', '--protocol', 'icmp'],
      'podwire: --port: icmp has no ports\n',
    ],
    [
      ['trace', '--from', '2001:db8::1', '--to', 'svc/db', '--reference'],
      /^podwire: --from: 2001:db8::1 is of another family than 10\.96\./,
    ],
    [['trace', '--from', 'db', '--from', 'web', '--to', 'db'], 'podwire: --from: is given twice\n'],
    [
      ['list', '--policy-option', 'emptyRules=allow', '--policy-option', 'emptyRules=deny'],
      'podwire: --policy-option: emptyRules is given twice\n',
    ],
    [['matrix', '--port', '80,80/tcp'], 'podwire: --port: 80/tcp is given twice\n'],
    [
      ['verify', '--expect', 'nowhere.yaml'],
      'podwire: nowhere.yaml: cannot be read: no such file or directory\n',
    ],
    [
      ['trace', '--reference', '--from', 'db', '--to', 'svc/bd'],
      'podwire: --to: there is no Service default/bd; did you mean default/svc/db?\n',
    ],
  ])('%j', async (args, message) => {
    const { stdout, stderr, status } = await podwire(args[0]!, '-f', path('workloads.yaml'), ...args.slice(1))
    expect({ stdout, status }).toEqual({ stdout: '', status: 2 })
    expect(stderr).toEqual(typeof message === 'string' ? message : expect.stringMatching(message!))
  })

  it('a policy that cannot be: file, line and field', async () => {
    writeFileSync(path('bad.yaml'), POLICY.replace('192.0.2.128/25', '198.51.100.0/25'))
    const { stderr, status } = await podwire('list', '-f', path('workloads.yaml'), '-f', path('bad.yaml'))
    expect(status).toBe(2)
    expect(stderr).toMatch(/^podwire: .*bad\.yaml:12: spec\.egress\[0\]\.to\[0\]\.ipBlock\.except\[0\]: /)
  })
})
