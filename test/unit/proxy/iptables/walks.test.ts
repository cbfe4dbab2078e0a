/** What happens to a packet, by kind of traffic: chains entered (table filter after `|`), verdict, translation. */
import { describe, expect, it } from 'vitest'
import { NODE_IP, ProxierHarness } from '../../../support/proxy/host.ts'
import type { HarnessOptions } from '../../../support/proxy/host.ts'
import { slice, svc } from '../../../support/proxy/objects.ts'
import { Tracer } from '../../../support/proxy/tracer.ts'
import type { Flow } from '../../../support/proxy/tracer.ts'

const P80 = { name: 'p80', port: 80, protocol: 'TCP' as const }
const POD = '10.0.0.2'
const CLIENT = '203.0.113.2'
const LB = '1.2.3.4'

const cluster = [
  svc('ns1/svc1', { clusterIP: '172.30.0.41', ports: [P80] }),
  slice('ns1/svc1', ['10.180.1.1@node-2']),
  svc(
    'ns2/local',
    {
      clusterIP: '172.30.0.42',
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 30000,
      ports: [{ ...P80, nodePort: 3002 }],
    },
    [LB],
  ),
  slice('ns2/local', ['10.180.0.2@node-1']),
  svc(
    'ns3/remote',
    {
      clusterIP: '172.30.0.43',
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 30001,
      ports: [{ ...P80, nodePort: 3003 }],
    },
    ['5.6.7.8'],
  ),
  slice('ns3/remote', ['10.180.1.3@node-2']),
  svc('ns4/none', { clusterIP: '172.30.0.44', type: 'LoadBalancer', ports: [{ ...P80, nodePort: 3004 }] }, [
    '5.6.7.4',
  ]),
  svc('ns5/itp', { clusterIP: '172.30.0.45', internalTrafficPolicy: 'Local', ports: [P80] }),
  slice('ns5/itp', ['10.180.1.5@node-2']),
  svc(
    'ns6/ranges',
    {
      clusterIP: '172.30.0.46',
      type: 'LoadBalancer',
      loadBalancerSourceRanges: ['203.0.113.0/25', '192.168.0.0/24'],
      ports: [{ ...P80, nodePort: 3006 }],
    },
    ['9.10.11.12'],
  ),
  slice('ns6/ranges', ['10.180.0.6@node-1']),
  svc('ns7/sticky', { clusterIP: '172.30.0.47', sessionAffinity: 'ClientIP', ports: [P80] }),
  slice('ns7/sticky', ['10.180.1.7@node-2', '10.180.1.8@node-2', '10.180.1.9@node-2']),
]

function trace(flow: Omit<Flow, 'protocol'>, options: HarnessOptions = {}, local = [NODE_IP]): string[] {
  const harness = new ProxierHarness(options)
  harness
    .put(...cluster)
    .listed()
    .settle()
  const short = (chain: string) => chain.replace(/^KUBE-(\w+)-[A-Z2-7]{16}$/, '$1').replace('KUBE-', '')
  return new Tracer(harness.host.iptables[harness.family].ruleset, local)
    .trace({ protocol: 'tcp', ...flow })
    .map(({ backend, masqueraded, verdict, by, path, probability }) => {
      const odds = probability === 1 ? '' : `${probability.toFixed(3)} `
      const to = backend === undefined ? 'untranslated' : `to ${backend}${masqueraded ? ', masqueraded' : ''}`
      return `${odds}${path.map(short).join(' ')}: ${verdict} by ${/^(INPUT|FORWARD|OUTPUT)$/.test(by) ? 'policy' : short(by)}, ${to}`
    })
}

const fromPod = { source: POD, inInterface: 'veth0' }
const fromOutside = { source: CLIENT, inInterface: 'eth0' }
const fromNode = { source: NODE_IP }

describe('walks', () => {
  it('2.1 pod to cluster IP, an endpoint elsewhere', () =>
    expect(trace({ ...fromPod, destination: '172.30.0.41', port: 80 })).toEqual([
      'SERVICES SVC SEP | PROXY-FIREWALL FORWARD SERVICES EXTERNAL-SERVICES: ACCEPT by policy, to 10.180.1.1:80',
    ]))

  it('2.1 the reply is accepted as ESTABLISHED', () =>
    expect(
      trace({
        source: '10.180.1.1',
        inInterface: 'eth0',
        destination: POD,
        port: 4711,
        state: 'ESTABLISHED',
      }),
    ).toEqual(['| FORWARD: ACCEPT by FORWARD, untranslated']))

  it('2.3, 2.5 outside to node port under policy Local: no mark, no masquerade', () =>
    expect(trace({ ...fromOutside, destination: NODE_IP, port: 3002 })).toEqual([
      'SERVICES NODEPORTS EXT SVL SEP | PROXY-FIREWALL FORWARD SERVICES EXTERNAL-SERVICES: ACCEPT by policy, to 10.180.0.2:80',
    ]))

  it('2.3 outside to node port: marked, accepted by the mark, masqueraded although the endpoint is here', () =>
    expect(trace({ ...fromOutside, destination: NODE_IP, port: 3006 })).toEqual([
      'SERVICES NODEPORTS EXT MARK-MASQ SVC SEP | PROXY-FIREWALL FORWARD: ACCEPT by FORWARD, to 10.180.0.6:80, masqueraded',
    ]))

  it('2.5 outside to balancer under policy Local', () =>
    expect(trace({ ...fromOutside, destination: LB, port: 80 })).toEqual([
      'SERVICES EXT SVL SEP | PROXY-FIREWALL FORWARD SERVICES EXTERNAL-SERVICES: ACCEPT by policy, to 10.180.0.2:80',
    ]))

  it('2.6 policy Local, no endpoint here: dropped at the node port, and at the balancer’s address', () => {
    expect(trace({ ...fromOutside, destination: NODE_IP, port: 3003 })).toEqual([
      'SERVICES NODEPORTS EXT | FIREWALL PROXY-FIREWALL NODEPORTS EXTERNAL-SERVICES: DROP by EXTERNAL-SERVICES, untranslated',
    ])
    expect(trace({ ...fromOutside, destination: '5.6.7.8', port: 80 })).toEqual([
      'SERVICES EXT | PROXY-FIREWALL FORWARD SERVICES EXTERNAL-SERVICES: DROP by EXTERNAL-SERVICES, untranslated',
    ])
  })

  it('2.7 policy Local, a pod: any endpoint, its own address', () =>
    expect(trace({ ...fromPod, destination: '5.6.7.8', port: 80 })).toEqual([
      'SERVICES EXT SVC SEP | PROXY-FIREWALL FORWARD SERVICES EXTERNAL-SERVICES: ACCEPT by policy, to 10.180.1.3:80',
    ]))

  it('2.8 policy Local, the node itself: any endpoint, masqueraded', () =>
    expect(trace({ ...fromNode, destination: '5.6.7.8', port: 80 })).toEqual([
      'SERVICES EXT MARK-MASQ SVC SEP | FIREWALL PROXY-FIREWALL SERVICES: ACCEPT by policy, to 10.180.1.3:80, masqueraded',
    ]))

  it('2.8 an interface never matches what the node sends', () =>
    expect(
      trace(
        { ...fromNode, destination: '172.30.0.41', port: 80 },
        { detector: { kind: 'interface', inInterface: 'veth+' } },
      ),
    ).toEqual([
      'SERVICES SVC MARK-MASQ SEP | FIREWALL PROXY-FIREWALL SERVICES: ACCEPT by policy, to 10.180.1.1:80, masqueraded',
    ]))

  it('2.9 node to cluster IP: masqueraded', () =>
    expect(trace({ ...fromNode, destination: '172.30.0.41', port: 80 })).toEqual([
      'SERVICES SVC MARK-MASQ SEP | FIREWALL PROXY-FIREWALL SERVICES: ACCEPT by policy, to 10.180.1.1:80, masqueraded',
    ]))

  it('2.10 outside to cluster IP: masqueraded, not without a detector', () => {
    expect(trace({ ...fromOutside, destination: '172.30.0.41', port: 80 })).toEqual([
      'SERVICES SVC MARK-MASQ SEP | PROXY-FIREWALL FORWARD: ACCEPT by FORWARD, to 10.180.1.1:80, masqueraded',
    ])
    expect(
      trace({ ...fromOutside, destination: '172.30.0.41', port: 80 }, { detector: { kind: 'none' } }),
    ).toEqual([
      'SERVICES SVC SEP | PROXY-FIREWALL FORWARD SERVICES EXTERNAL-SERVICES: ACCEPT by policy, to 10.180.1.1:80',
    ])
  })

  it('2.11 a pod that reaches itself is masqueraded', () =>
    expect(
      trace({ source: '10.180.1.1', inInterface: 'veth1', destination: '172.30.0.41', port: 80 }),
    ).toEqual([
      'SERVICES SVC SEP MARK-MASQ | PROXY-FIREWALL FORWARD: ACCEPT by FORWARD, to 10.180.1.1:80, masqueraded',
    ]))

  it('2.12 node to its own node port by 127.0.0.1', () =>
    expect(trace({ source: '127.0.0.1', destination: '127.0.0.1', port: 3006 })).toEqual([
      'SERVICES NODEPORTS EXT MARK-MASQ SVC SEP | FIREWALL PROXY-FIREWALL SERVICES: ACCEPT by policy, to 10.180.0.6:80, masqueraded',
    ]))

  it('2.13 127.0.0.1 on the wire is dropped', () =>
    expect(trace({ ...fromOutside, destination: '127.0.0.1', port: 10250 })).toEqual([
      'SERVICES NODEPORTS | FIREWALL: DROP by FIREWALL, untranslated',
    ]))

  it('2.14 no endpoints: refused wherever it comes in', () => {
    expect(trace({ ...fromPod, destination: '172.30.0.44', port: 80 })).toEqual([
      'SERVICES | PROXY-FIREWALL FORWARD SERVICES: REJECT by SERVICES, untranslated',
    ])
    expect(trace({ ...fromNode, destination: '172.30.0.44', port: 80 })).toEqual([
      'SERVICES | FIREWALL PROXY-FIREWALL SERVICES: REJECT by SERVICES, untranslated',
    ])
    expect(trace({ ...fromOutside, destination: NODE_IP, port: 3004 })).toEqual([
      'SERVICES NODEPORTS | FIREWALL PROXY-FIREWALL NODEPORTS EXTERNAL-SERVICES: REJECT by EXTERNAL-SERVICES, untranslated',
    ])
    expect(trace({ ...fromOutside, destination: '5.6.7.4', port: 80 })).toEqual([
      'SERVICES | PROXY-FIREWALL FORWARD SERVICES EXTERNAL-SERVICES: REJECT by EXTERNAL-SERVICES, untranslated',
    ])
  })

  it('2.14 but what the node sends to the balancer’s address leaves the node', () =>
    expect(trace({ ...fromNode, destination: '5.6.7.4', port: 80 })).toEqual([
      'SERVICES | FIREWALL PROXY-FIREWALL SERVICES: ACCEPT by policy, untranslated',
    ]))

  it('2.15 internal policy Local, no endpoint here: dropped, not refused', () =>
    expect(trace({ ...fromPod, destination: '172.30.0.45', port: 80 })).toEqual([
      'SERVICES | PROXY-FIREWALL FORWARD SERVICES: DROP by SERVICES, untranslated',
    ]))

  it('2.16 source ranges', () => {
    expect(trace({ ...fromOutside, destination: '9.10.11.12', port: 80 })).toEqual([
      'SERVICES FW EXT MARK-MASQ SVC SEP | PROXY-FIREWALL FORWARD: ACCEPT by FORWARD, to 10.180.0.6:80, masqueraded',
    ])
    expect(trace({ ...fromOutside, source: '203.0.113.130', destination: '9.10.11.12', port: 80 })).toEqual([
      'SERVICES FW | PROXY-FIREWALL: DROP by PROXY-FIREWALL, untranslated',
    ])
    expect(trace({ ...fromPod, destination: '9.10.11.12', port: 80 })).toEqual([
      'SERVICES FW | PROXY-FIREWALL: DROP by PROXY-FIREWALL, untranslated',
    ])
    const bound = [NODE_IP, '9.10.11.12']
    expect(trace({ source: '9.10.11.12', destination: '9.10.11.12', port: 80 }, {}, bound)).toEqual([
      'SERVICES FW EXT MARK-MASQ SVC SEP | FIREWALL PROXY-FIREWALL SERVICES: ACCEPT by policy, to 10.180.0.6:80, masqueraded',
    ])
  })

  it('2.17 an unknown port of a cluster IP, or an address of no service, is just forwarded', () => {
    const through = [
      'SERVICES | PROXY-FIREWALL FORWARD SERVICES EXTERNAL-SERVICES: ACCEPT by policy, untranslated',
    ]
    expect(trace({ ...fromPod, destination: '172.30.0.41', port: 81 })).toEqual(through)
    expect(trace({ ...fromPod, destination: '172.30.9.9', port: 80 })).toEqual(through)
  })

  it('2.18 a stray packet is dropped as INVALID, unless conntrack is liberal', () => {
    const stray = {
      source: '10.180.1.1',
      inInterface: 'eth0',
      destination: POD,
      port: 4711,
      state: 'INVALID' as const,
    }
    expect(trace(stray)).toEqual(['| FORWARD: DROP by FORWARD, untranslated'])
  })

  it('2.19 the health check port is let in before the host’s own rules', () =>
    expect(trace({ ...fromOutside, destination: NODE_IP, port: 30001 })).toEqual([
      'SERVICES NODEPORTS | FIREWALL PROXY-FIREWALL NODEPORTS: ACCEPT by NODEPORTS, untranslated',
    ]))
})

describe('balancing', () => {
  it('is fair', () =>
    expect(
      trace({ ...fromPod, destination: '172.30.0.47', port: 80 }).map((line) => line.slice(0, 5)),
    ).toEqual(['0.333', '0.333', '0.333']))

  it('sends a client that is known to where it was, the first in order when to several', () => {
    const harness = new ProxierHarness()
    harness
      .put(...cluster)
      .listed()
      .settle()
    const sticky = harness
      .fed(
        'nat',
        harness
          .fed('nat', 'KUBE-SERVICES')
          .find((line) => line.includes('sticky'))!
          .split(' ')
          .at(-1)!,
      )
      .filter((line) => line.includes('--rcheck'))
      .map((line) => line.split(' ').at(-1)!)
    expect(sticky).toHaveLength(3)
    const flow = { ...fromPod, destination: '172.30.0.47', port: 80 }
    for (const [known, backend] of [
      [[sticky[1]!], '10.180.1.8:80'],
      [[sticky[2]!, sticky[0]!], '10.180.1.7:80'],
    ] as const) {
      const lines = trace({ ...flow, knownTo: known })
      expect(lines).toHaveLength(1)
      expect(lines[0]).toContain(`to ${backend}`)
    }
  })
})
