/**
 * What Kubernetes' own end-to-end tests of NetworkPolicy (test/e2e/network/netpol) expect of any implementation, as
 * facts: nine pods, a, b and c in the namespaces x, y and z, and who may not reach whom. Pods to themselves are left
 * out, as there.
 */
import { describe, expect, it } from 'vitest'
import type {
  LabelSelector,
  NetworkPolicyPeer,
  NetworkPolicySpec,
} from '../../../../src/apiserver/types/index.ts'
import type { PolicyObject } from '../../../../src/policy/evaluate/index.ts'
import { evaluatorOf, question } from '../../../support/policy/ask.ts'
import { namespace, networkPolicy, pod } from '../../../support/policy/objects.ts'

const NAMESPACES = ['x', 'y', 'z']
const NAMES = ['a', 'b', 'c']
const PODS = NAMESPACES.flatMap((space) => NAMES.map((name) => `${space}/${name}`))

const PORTS = [80, 81].flatMap((port) =>
  ['TCP', 'UDP', 'SCTP'].map((protocol) => `serve-${port}-${protocol.toLowerCase()}=${port}/${protocol}`),
)

function podOf(path: string, more: Record<string, string> = {}): PolicyObject {
  const [space, name] = path.split('/') as [string, string]
  const ip = `10.${NAMESPACES.indexOf(space)}.0.${NAMES.indexOf(name) + 1}`
  return pod(path, { labels: { pod: name, ...more }, ips: [ip], ports: PORTS })
}

const world: readonly PolicyObject[] = [
  ...NAMESPACES.map((name) => namespace(name)),
  ...PODS.map((path) => podOf(path)),
]

type Denied = (from: string, to: string) => boolean

/** Who of the nine may not reach whom. */
function deniedIn(objects: readonly PolicyObject[], connection: string): string[] {
  const evaluator = evaluatorOf([...world, ...objects])
  return arrows((from, to) => !evaluator.verdict(question(`${from} -> ${to} ${connection}`)).allowed)
}

function arrows(denied: Denied): string[] {
  return PODS.flatMap((from) =>
    PODS.filter((to) => to !== from && denied(from, to)).map((to) => `${from} -> ${to}`),
  )
}

const inX = (path: string): boolean => path.startsWith('x/')
const intoX: Denied = (_, to) => inX(to)
const outOfX: Denied = (from) => inX(from)
const nobody: Denied = () => false
/** Into x/a, from all but these. */
const intoAExcept =
  (...sources: string[]): Denied =>
  (from, to) =>
    to === 'x/a' && !sources.some((source) => from.startsWith(source))
/** Out of x/a, to all but these. */
const outOfAExcept =
  (...targets: string[]): Denied =>
  (from, to) =>
    from === 'x/a' && !targets.some((target) => to.startsWith(target))

const labelled = (value: string): LabelSelector => ({ matchLabels: { pod: value } })
const named = (value: string): LabelSelector => ({ matchLabels: { 'kubernetes.io/metadata.name': value } })
const expression = (key: string, operator: 'In' | 'NotIn', values: string[]): LabelSelector => ({
  matchExpressions: [{ key, operator, values }],
})
const notX = expression('kubernetes.io/metadata.name', 'NotIn', ['x'])

let count = 0
const inNamespace = (
  space: string,
  podSelector: LabelSelector,
  spec: Partial<NetworkPolicySpec>,
): PolicyObject => networkPolicy(`${space}/policy-${count++}`, { podSelector, ...spec })
const all = (spec: Partial<NetworkPolicySpec>): PolicyObject => inNamespace('x', {}, spec)
const podA = (spec: Partial<NetworkPolicySpec>): PolicyObject => inNamespace('x', labelled('a'), spec)

const from = (...peers: NetworkPolicyPeer[]) => ({ ingress: [{ from: peers }] })
const to = (...peers: NetworkPolicyPeer[]) => ({ policyTypes: ['Egress' as const], egress: [{ to: peers }] })
const egressOnly = (rules: NetworkPolicySpec['egress']) => ({
  policyTypes: ['Egress' as const],
  ...(rules && { egress: rules }),
})
const port = (port: number | string, protocol?: 'TCP' | 'UDP' | 'SCTP') => ({
  port,
  ...(protocol && { protocol }),
})

const deny = all({ ingress: [] })
const block = (cidr: string, ...except: string[]): NetworkPolicyPeer => ({ ipBlock: { cidr, except } })

describe.each<readonly [title: string, policies: PolicyObject[], connections: [string, Denied][]]>([
  ['deny all ingress of a namespace', [deny], [['tcp 80', intoX]]],
  [
    'deny everything of a namespace',
    [all({ policyTypes: ['Ingress', 'Egress'] })],
    [['tcp 80', (source, target) => inX(source) || inX(target)]],
  ],
  [
    'allow a pod of the own namespace',
    [podA(from({ podSelector: labelled('b') }))],
    [['tcp 80', intoAExcept('x/b')]],
  ],
  [
    'deny all but one target',
    [deny, podA(from({ podSelector: {}, namespaceSelector: {} }))],
    [['tcp 80', (_, target) => inX(target) && target !== 'x/a']],
  ],
  ['allow all namespaces', [podA(from({ namespaceSelector: { matchLabels: {} } }))], [['tcp 80', nobody]]],
  [
    'allow another namespace',
    [podA(from({ namespaceSelector: named('y') }))],
    [['tcp 80', intoAExcept('y/')]],
  ],
  [
    'pods by an expression',
    [podA(from({ podSelector: expression('pod', 'In', ['b']) }))],
    [['tcp 80', intoAExcept('x/b')]],
  ],
  [
    'namespaces by an expression',
    [podA(from({ namespaceSelector: expression('kubernetes.io/metadata.name', 'In', ['y']) }))],
    [['tcp 80', intoAExcept('y/')]],
  ],
  [
    'pods or namespaces',
    [podA(from({ namespaceSelector: notX }, { podSelector: labelled('b') }))],
    [['tcp 80', intoAExcept('y/', 'z/', 'x/b')]],
  ],
  [
    'pods and namespaces',
    [podA(from({ namespaceSelector: notX, podSelector: labelled('b') }))],
    [['tcp 80', intoAExcept('y/b', 'z/b')]],
  ],
  [
    'several pods in several namespaces',
    [podA(from({ namespaceSelector: notX, podSelector: expression('pod', 'In', ['b', 'c']) }))],
    [['tcp 80', intoAExcept('y/b', 'y/c', 'z/b', 'z/c')]],
  ],
  [
    'any of several pods',
    [podA(from({ podSelector: labelled('b') }, { podSelector: labelled('c') }))],
    [['tcp 80', intoAExcept('x/b', 'x/c')]],
  ],
  [
    'one pod of one namespace',
    [podA(from({ namespaceSelector: named('y'), podSelector: labelled('a') }))],
    [['tcp 80', intoAExcept('y/a')]],
  ],
  [
    'one port from one namespace',
    [podA({ ingress: [{ from: [{ namespaceSelector: named('y') }], ports: [port(81, 'TCP')] }] })],
    [
      ['tcp 81', intoAExcept('y/')],
      ['tcp 80', intoAExcept()],
    ],
  ],
  [
    'a second policy that opens another port',
    [80, 81].map((number) =>
      podA({ ingress: [{ from: [{ namespaceSelector: named('y') }], ports: [port(number, 'TCP')] }] }),
    ),
    [
      ['tcp 80', intoAExcept('y/')],
      ['tcp 81', intoAExcept('y/')],
    ],
  ],
  [
    'allow all ingress',
    [all({ ingress: [{}] })],
    [
      ['tcp 80', nobody],
      ['tcp 81', nobody],
    ],
  ],
  [
    'ingress to a named port',
    [all({ ingress: [{ ports: [port('serve-81-tcp')] }] })],
    [
      ['tcp 81', nobody],
      ['tcp 80', intoX],
    ],
  ],
  [
    'ingress from a namespace to a named port',
    [
      podA({
        ingress: [{ from: [{ namespaceSelector: named('y') }], ports: [port('serve-80-tcp', 'TCP')] }],
      }),
    ],
    [
      ['tcp 80', intoAExcept('y/')],
      ['tcp 81', intoAExcept()],
    ],
  ],
  [
    'egress to a named port',
    [all(egressOnly([{ ports: [port('serve-80-tcp')] }]))],
    [
      ['tcp 80', nobody],
      ['tcp 81', outOfX],
    ],
  ],
  [
    'other namespaces are denied by an empty pod selector',
    [all(from({ podSelector: { matchLabels: {} } }))],
    [['tcp 80', (source, target) => inX(target) && !inX(source)]],
  ],
  ['deny egress of a pod', [podA(egressOnly(undefined))], [['tcp 80', outOfAExcept()]]],
  ['deny egress of a namespace', [all(egressOnly(undefined))], [['tcp 80', outOfX]]],
  [
    'ingress and egress in one policy',
    [
      podA({
        policyTypes: ['Egress', 'Ingress'],
        ingress: [{ from: [{ podSelector: labelled('b') }] }],
        egress: [{ ports: [port(80)] }],
      }),
    ],
    [
      ['tcp 80', intoAExcept('x/b')],
      ['tcp 81', (source, target) => intoAExcept('x/b')(source, target) || source === 'x/a'],
    ],
  ],
  [
    'what the source may not send, no destination can allow',
    [
      podA(to({ namespaceSelector: named('y'), podSelector: labelled('a') })),
      ...['a', 'b'].map((name) =>
        inNamespace('y', labelled(name), from({ namespaceSelector: named('x'), podSelector: labelled('a') })),
      ),
    ],
    [
      [
        'tcp 80',
        (source, target) =>
          (source === 'x/a' && target !== 'y/a') ||
          (target === 'y/a' && source !== 'x/a') ||
          target === 'y/b',
      ],
    ],
  ],
  [
    'egress to a pod of another namespace',
    [podA(to({ namespaceSelector: named('y'), podSelector: labelled('a') }))],
    [['tcp 80', outOfAExcept('y/a')]],
  ],
  [
    'a protocol without a port',
    [podA({ ingress: [{ ports: [{ protocol: 'TCP' }] }] })],
    [
      ['tcp 80', nobody],
      ['udp 80', intoAExcept()],
    ],
  ],
  [
    'allow all wins over one port, ingress',
    [all({ ingress: [{ ports: [port(80)] }] }), all({ ingress: [{}] })],
    [['tcp 81', nobody]],
  ],
  [
    'allow all wins over one port, egress',
    [all(egressOnly([{ ports: [port(80)] }])), all(egressOnly([{}]))],
    [['tcp 81', nobody]],
  ],
  ['egress to the address of a pod', [podA(to(block('10.1.0.2/32')))], [['tcp 80', outOfAExcept('y/b')]]],
  [
    'egress to all addresses but a pod’s',
    [podA(to(block('10.0.0.0/8', '10.0.0.2/32')))],
    [['tcp 80', (source, target) => source === 'x/a' && target === 'x/b']],
  ],
  [
    'an exception that another policy allows',
    [podA(to(block('10.0.0.0/8', '10.0.0.2/32'))), podA(to(block('10.0.0.2/32')))],
    [['tcp 80', nobody]],
  ],
  [
    'egress open, ingress closed: each on its own',
    [podA(egressOnly([{}])), podA({ ingress: [] })],
    [['tcp 80', intoAExcept()]],
  ],
  [
    'SCTP is not TCP',
    [deny, podA({ ingress: [{ ports: [port(81, 'SCTP')] }] })],
    [
      ['tcp 81', intoX],
      ['sctp 81', (_, target) => inX(target) && target !== 'x/a'],
    ],
  ],
  [
    'a policy for SCTP isolates TCP',
    [podA({ ingress: [{ ports: [port(80, 'SCTP')] }] })],
    [
      ['tcp 81', intoAExcept()],
      ['sctp 80', nobody],
    ],
  ],
  [
    'SCTP of any port isolates TCP',
    [podA({ ingress: [{ ports: [{ protocol: 'SCTP' }] }] })],
    [
      ['tcp 80', intoAExcept()],
      ['sctp 81', nobody],
    ],
  ],
  [
    'a named SCTP port is none of TCP',
    [all({ ingress: [{ ports: [port('serve-81-sctp', 'SCTP')] }] })],
    [
      ['sctp 81', nobody],
      ['sctp 80', intoX],
      ['tcp 81', intoX],
    ],
  ],
  [
    'UDP to one port from one namespace',
    [podA({ ingress: [{ from: [{ namespaceSelector: named('y') }], ports: [port(81, 'UDP')] }] })],
    [
      ['udp 81', intoAExcept('y/')],
      ['udp 80', intoAExcept()],
    ],
  ],
  [
    'a range of ports of egress',
    [podA(egressOnly([{ ports: [{ port: 81, endPort: 82, protocol: 'TCP' }] }]))],
    [
      ['tcp 81', nobody],
      ['tcp 80', outOfAExcept()],
    ],
  ],
])('%s', (_, policies, connections) => {
  it.each(connections)('%s', (connection, denied) => {
    expect(deniedIn(policies, connection)).toEqual(arrows(denied))
  })
})

describe('changes', () => {
  it('an updated policy counts', () => {
    const before = networkPolicy('x/p', { podSelector: {}, ingress: [{}] })
    const after = networkPolicy('x/p', { podSelector: {}, ingress: [] })
    expect(deniedIn([before], 'tcp 81')).toEqual([])
    expect(deniedIn([before, after], 'tcp 81')).toEqual(arrows(intoX))
  })

  it('a namespace that gets the label is allowed', () => {
    const policy = podA(from({ namespaceSelector: { matchLabels: { ns2: 'updated' } } }))
    expect(deniedIn([policy], 'tcp 80')).toEqual(arrows(intoAExcept()))
    expect(deniedIn([policy, namespace('y', { ns2: 'updated' })], 'tcp 80')).toEqual(
      arrows(intoAExcept('y/')),
    )
  })

  it('a pod that gets the label is allowed', () => {
    const policy = podA(from({ podSelector: { matchLabels: { pod: 'b', pod2: 'updated' } } }))
    expect(deniedIn([policy], 'tcp 80')).toEqual(arrows(intoAExcept()))
    expect(deniedIn([policy, podOf('x/b', { pod2: 'updated' })], 'tcp 80')).toEqual(
      arrows(intoAExcept('x/b')),
    )
  })

  it('a pod that gets the label is isolated', () => {
    const policy = inNamespace('x', { matchLabels: { target: 'isolated' } }, { ingress: [] })
    expect(deniedIn([policy], 'tcp 80')).toEqual([])
    expect(deniedIn([policy, podOf('x/a', { target: 'isolated' })], 'tcp 80')).toEqual(arrows(intoAExcept()))
  })

  it('a policy that has gone counts no more', () => {
    const evaluator = evaluatorOf([
      ...world,
      networkPolicy('x/p', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }),
    ])
    const ask = () => evaluator.verdict(question('y/a -> x/a tcp 80')).allowed
    expect(ask()).toBe(false)
    evaluator.remove('NetworkPolicy', 'x', 'p')
    expect(ask()).toBe(true)
  })
})
