import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Connectivity, Flow } from '../../../src/index.ts'
import { writePcap } from '../../../src/lab/index.ts'

// The built program, as people run it.
function podwire(args: string, input = ''): { stdout: string; stderr: string; status: number | null } {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['dist/src/cli/main.js', ...args.split(' ')],
    {
      encoding: 'utf8',
      input,
    },
  )
  return { stdout, stderr, status }
}

const GUESTBOOK = '-f examples/guestbook'
const service = (port: string): string =>
  `apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n    - port: ${port}\n`

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-cli-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('podwire', () => {
  it('prints its version and its help', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect(podwire('--version')).toEqual({ stdout: `${version}\n`, stderr: '', status: 0 })
    const help = podwire('--help')
    expect(help.status).toBe(0)
    for (const command of ['demo', 'trace', 'matrix', 'list', 'explain', 'diff', 'verify', 'render', 'lab'])
      expect(help.stdout).toContain(`  ${command} `)
    expect(help.stdout).not.toContain('serve')
    expect(podwire('trace --help').stdout).toContain('--expect <verdict>')
    for (const args of ['-h', 'help']) expect(podwire(args)).toEqual(help)
    expect(podwire('help list')).toEqual(podwire('list -h'))
    expect(podwire('help list')).toMatchObject({ stdout: podwire('list --help').stdout, status: 0 })
    for (const command of ['verify', 'lab', 'trace'])
      expect(podwire(`${command} --help`).stdout).not.toContain('(default: [])')
  })

  it.each([
    ['nope', "podwire: unknown command 'nope'\n"],
    ['matrix --port 80 --frobnicate', "podwire: unknown option '--frobnicate'\n"],
    ['trace --from a', "podwire: required option '--to <where>' not specified\n"],
    ['serve --listen 127.0.0.1:1', 'podwire: serve is not available yet in this version\n'],
    ['matrix --port 80', 'podwire: --filename: no manifests: give a file, a folder or - (standard input)\n'],
    [
      `matrix ${GUESTBOOK} --port 99999`,
      'podwire: --port: "99999" is not a port: expected a number from 1 to 65535\n',
    ],
    [
      `matrix ${GUESTBOOK} --port 80/http`,
      'podwire: --port: "http" is not a protocol: expected tcp, udp, sctp or icmp\n',
    ],
    [
      `matrix ${GUESTBOOK} --port 80/icmp`,
      'podwire: --port: "80/icmp": icmp has no ports: write "icmp" alone\n',
    ],
    [
      `trace ${GUESTBOOK} --from stranger --to svc/redis --protocol udp`,
      'podwire: --to: Service default/redis has no udp port: it has 6379/tcp\n',
    ],
    [
      `matrix ${GUESTBOOK} --port 80 -o xml`,
      'podwire: --output: "xml" is not known: expected table, json, csv, md or svg\n',
    ],
    [
      `matrix ${GUESTBOOK} --port 80 --nodes 0`,
      'podwire: --nodes: "0" is not a whole number from 1 to 250\n',
    ],
    [
      `matrix ${GUESTBOOK} --port 80 --proxy-mode ipvs`,
      'podwire: --proxy-mode: ipvs is not built yet; iptables is\n',
    ],
    [
      `matrix -f nowhere.yaml --port 80`,
      'podwire: nowhere.yaml: cannot be read: no such file or directory\n',
    ],
    [
      `trace ${GUESTBOOK} --from stranger --to svc/rdis`,
      'podwire: --to: there is no Service default/rdis; did you mean default/svc/redis?\n',
    ],
    [
      `trace ${GUESTBOOK} --from stranger --to redis-0 --expect maybe`,
      'podwire: --expect: "maybe" is not known: expected delivered, rejected, dropped, allowed or denied\n',
    ],
    [
      `render ${GUESTBOOK}`,
      'podwire: --node: is needed for iptables-save: the objects are those of one node\n',
    ],
    [
      `render ${GUESTBOOK} --as script --family ipv6`,
      'podwire: --family: script is not of one family: leave it out\n',
    ],
    [
      `render ${GUESTBOOK} --node node-1 --family inet`,
      'podwire: --family: "inet" is not known: expected ipv4 or ipv6\n',
    ],
    ['lab - --then -', 'podwire: --then: standard input can be read once, and is the first script\n'],
    [`render ${GUESTBOOK} --node node-9`, /^podwire: --node: there is no node node-9; did you mean node-\d/],
    [
      `render ${GUESTBOOK} --node node-1 --as nft`,
      'podwire: --as: nft is of a proxy mode that is not built yet\n',
    ],
  ])('%s is wrong usage', (args, message) => {
    const { stdout, stderr, status } = podwire(args)
    expect({ stdout, status }).toEqual({ stdout: '', status: 2 })
    if (typeof message === 'string') expect(stderr).toBe(message)
    else expect(stderr).toMatch(message)
  })

  it.skipIf(process.platform !== 'linux')('says in one line that its output cannot be written', () => {
    const { stderr, status } = spawnSync('sh', [
      '-c',
      `${process.execPath} dist/src/cli/main.js --version >/dev/full`,
    ])
    expect(status).toBe(2)
    expect(stderr.toString()).toMatch(/^podwire: standard output: .*no space left.*\n$/)
  })

  it('keeps the exit code of the work when its reader stops reading', () => {
    const command = `${process.execPath} dist/src/cli/main.js trace ${GUESTBOOK} --from stranger --to redis-0 --expect dropped`
    const { status } = spawnSync('bash', ['-c', `set -o pipefail; ${command} | true`])
    expect(status).toBe(1)
  })

  it('names file, line and field of a mistake in a manifest', () => {
    const file = join(folder, 'bad.yaml')
    writeFileSync(file, service('70000'))
    const { stderr, status } = podwire(`matrix -f ${file} --port 80`)
    expect(status).toBe(2)
    expect(stderr).toBe(
      `podwire: ${file}:7: spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive\n`,
    )
  })

  it('reads standard input, and warns on stderr', () => {
    const { stdout, stderr, status } = podwire('matrix -f - --port 80', service('80'))
    expect(status).toBe(0)
    expect(stdout).toContain('. delivered')
    expect(stderr).toBe('')
    const lost = `${service('80')}  selector: { app: nobody }\n`
    expect(podwire('matrix -f - --port 80', lost).stderr).toBe(
      'podwire: warning: stdin:8: spec.selector: the selector of Service web (app=nobody) matches no pod\n',
    )
  })
})

describe('podwire trace', () => {
  const trace = `trace ${GUESTBOOK} --from deploy/frontend --to svc/redis`

  it('tells the way of the packet, its end and why', () => {
    const { stdout, status } = podwire(trace)
    expect(status).toBe(0)
    expect(stdout).toContain('-j DNAT --to-destination')
    expect(stdout).toContain('\nDELIVERED: pod default/redis-0 answered with SYN-ACK\n')
  })

  it('has the JSON fields of the contract', () => {
    const flow = JSON.parse(podwire(`${trace} --port 6379 -o json`).stdout) as Flow
    expect(Object.keys(flow)).toEqual([
      'verdict',
      'reason',
      'proxyMode',
      'backend',
      'request',
      'hops',
      'reply',
      'resourceVersions',
    ])
    expect(Object.keys(flow.request)).toEqual(['src', 'dst', 'sport', 'dport', 'protocol'])
    expect(Object.keys(flow.backend!)).toEqual(['pod', 'ip', 'port'])
    const hop = flow.hops.find(({ chain }) => chain === 'KUBE-SERVICES')!
    for (const field of ['netns', 'hook', 'table', 'chain', 'rule', 'text', 'verdict', 'packet']) {
      expect(hop).toHaveProperty(field)
    }
    expect(hop.verdict).toMatch(/^jump KUBE-SVC-/)
    expect(Object.keys(hop.packet)).toEqual(['src', 'dst', 'sport', 'dport', 'mark'])
    expect(flow.resourceVersions).toHaveProperty('services')
  })

  it('exits with 1 when an expectation fails, 0 when it holds', () => {
    expect(podwire(`${trace} --expect delivered`).status).toBe(0)
    const { stderr, status } = podwire(`${trace} --expect dropped`)
    expect(status).toBe(1)
    expect(stderr).toBe('podwire: expected dropped, got delivered in iptables mode\n')
  })

  it('says which modes are not built when asked for all', () => {
    const { stdout, stderr, status } = podwire(`${trace} --all-modes -o json`)
    expect(status).toBe(0)
    expect((JSON.parse(stdout) as Flow[]).map(({ proxyMode }) => proxyMode)).toEqual(['iptables'])
    expect(stderr).toBe('podwire: not built yet: ipvs, nftables, ebpf mode\n')
  })
})

describe('podwire matrix', () => {
  it('prints JSON in the shape of the contract', () => {
    const matrix = JSON.parse(
      podwire(`matrix ${GUESTBOOK} --port 80/tcp,6379 -o json`).stdout,
    ) as Connectivity
    expect(matrix.ports).toEqual(['80/tcp', '6379/tcp'])
    expect(matrix.workloads).toEqual(['default/frontend', 'default/redis', 'default/stranger'])
    expect(Object.keys(matrix.rows[0]!)).toEqual(['from', 'to', 'port', 'protocol', 'verdict', 'reason'])
  })
})

describe('podwire render', () => {
  it('prints what iptables-save prints', () => {
    const { stdout, status } = podwire(`render ${GUESTBOOK} --node node/node-1`)
    expect(status).toBe(0)
    expect(stdout).toMatch(/^\*(nat|filter|mangle)\n:/)
    expect(stdout).toContain('-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000\n')
  })
})

describe('podwire lab', () => {
  it('runs the script of the example: the engine builds what Linux builds, and iptables-save says the same', () => {
    const script = join(folder, 'guestbook.sh')
    const then = join(folder, 'then.sh')
    writeFileSync(script, podwire(`render ${GUESTBOOK} --as script`).stdout)
    writeFileSync(then, 'ip netns exec node-1 iptables-save -t nat\n')
    const { stdout, stderr, status } = podwire(`lab ${script} --then ${then}`)
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    const rules = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('-A '))
    const rendered = podwire(`render ${GUESTBOOK} --node node-1`).stdout
    const nat = rendered.split('*nat\n')[1]!.split('COMMIT')[0]!
    expect(rules(stdout)).toEqual(rules(nat.replaceAll(/ -m nfacct --nfacct-name  \S+/g, '')))
    expect(rules(stdout).length).toBeGreaterThan(20)
  })

  it('reads a script from standard input', () => {
    expect(podwire('lab - -v', 'ip netns add a\nip netns list\n')).toEqual({
      stdout: 'a\n',
      stderr: '',
      status: 0,
    })
    const { stderr, status } = podwire('lab -', 'ip netns add a\n\nfoo\n')
    expect(status).toBe(2)
    expect(stderr).toContain('podwire: stdin:3: ')
  })

  it('names the option and the interface that is not there', () => {
    const pcap = join(folder, 'one.pcap')
    writeFileSync(pcap, writePcap([{ time: 0n, bytes: new Uint8Array(60) }]))
    const setup = 'ip netns add a\nip -n a link add d type dummy\n'
    expect(podwire(`lab - --inject a/eth9=${pcap}`, setup).stderr).toBe(
      'podwire: --inject a/eth9: Cannot find device "eth9"\n',
    )
    expect(podwire(`lab - --capture b/d=${join(folder, 'out.pcap')}`, setup).stderr).toBe(
      'podwire: --capture b/d: Cannot open network namespace "b": No such file or directory\n',
    )
    expect(podwire(`lab - --inject a/d=${pcap}`, setup).stderr).toBe(
      'podwire: --inject a/d: Network is down\n',
    )
  })

  it('names the line of a script with a typo', () => {
    const script = join(folder, 'typo.sh')
    writeFileSync(script, 'ip netns add a\niptables -A INPUT --jmp DROP\n')
    const { stderr, status } = podwire(`lab ${script}`)
    expect(status).toBe(2)
    expect(stderr).toContain(`podwire: ${script}:2: `)
  })
})

describe('podwire demo', () => {
  it('prints the same every time: the picture, one packet, what is not built', () => {
    const { stdout, stderr, status } = podwire('demo')
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    expect(stdout).toMatchSnapshot()
    expect(podwire('demo').stdout).toBe(stdout)
  })
})
