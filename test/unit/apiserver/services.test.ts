import { describe, expect, it } from 'vitest'
import { services, type Service } from '../../../src/apiserver/index.ts'
import { newService, startServer } from '../../support/apiserver.ts'

const ref = (name: string) => ({ name, namespace: 'default' })
const DUAL = { serviceCIDRs: ['10.96.0.0/16', 'fd00:10:96::/112'] }

describe('cluster IPs', () => {
  it('come from above the static band, at random but the same for the same seed', () => {
    const run = (seed: number) => {
      const { client } = startServer({ seed })
      return Array.from(
        { length: 20 },
        (_, index) => client.create(services, newService(`s-${index}`)).spec.clusterIP!,
      )
    }
    expect(run(5)).toEqual(run(5))
    expect(run(5)).not.toEqual(run(6))
    expect(new Set(run(5)).size).toBe(20)
    // /16: the first 256 are for those who ask by name.
    for (const ip of run(5)) expect(ip).not.toMatch(/^10\.96\.0\./)
  })

  it('can be asked for, once, inside the range', () => {
    const { client } = startServer()
    const ask = (name: string, clusterIP: string) => client.create(services, newService(name, { clusterIP }))
    expect(ask('a', '10.96.0.10').spec).toMatchObject({ clusterIP: '10.96.0.10', clusterIPs: ['10.96.0.10'] })
    expect(() => ask('b', '10.96.0.10')).toThrow(
      'Service "b" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate IP 10.96.0.10: provided IP is already allocated',
    )
    for (const outside of ['10.97.0.1', '10.96.0.0', '10.96.255.255'])
      expect(() => ask('b', outside)).toThrow(
        'is not in the valid range. The range of valid IPs is 10.96.0.0/16',
      )
    client.delete(services, ref('a'))
    expect(ask('b', '10.96.0.10').spec.clusterIP).toBe('10.96.0.10')
  })

  it('use the whole of a small range, the static band last, then fail and leave nothing behind', () => {
    const { client } = startServer({ serviceCIDRs: ['10.0.0.0/27'] })
    const all = Array.from(
      { length: 30 },
      (_, index) => client.create(services, newService(`s-${index}`)).spec.clusterIP!,
    )
    const last = (ip: string) => Number(ip.split('.')[3])
    expect(all.map(last).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 30 }, (_, index) => index + 1),
    )
    expect(all.slice(0, 14).every((ip) => last(ip) > 16)).toBe(true)
    expect(all.slice(14).every((ip) => last(ip) <= 16)).toBe(true)
    expect(() => client.create(services, newService('more', { type: 'NodePort' }))).toThrow(
      'failed to allocate a serviceIP: range is full',
    )
    client.delete(services, ref('s-3'))
    expect(client.create(services, newService('more')).spec.clusterIP).toBe(all[3])
  })

  it('are given back when a write fails', () => {
    const { client } = startServer()
    client.create(services, newService('a', { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] }))
    const bad = newService('b', {
      type: 'NodePort',
      clusterIP: '10.96.0.20',
      ports: [{ port: 80, nodePort: 30080 }],
    })
    expect(() => client.create(services, bad)).toThrow(
      'spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated',
    )
    expect(() => client.create(services, newService('c', { clusterIP: '10.96.0.20' }))).not.toThrow()
  })

  it('stay with the service through updates that do not mention them, and do not change', () => {
    const { client } = startServer()
    const made = client.create(services, newService('a'))
    const replaced = client.update(services, newService('a', { ports: [{ port: 81 }] }))
    expect(replaced.spec.clusterIP).toBe(made.spec.clusterIP)
    const other = {
      ...replaced,
      spec: { ...replaced.spec, clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'] },
    }
    expect(() => client.update(services, other)).toThrow(
      'spec.clusterIPs[0]: Invalid value: ["10.96.0.9"]: may not change once set',
    )
  })

  it('go when the service becomes a name outside, and come back new', () => {
    const { client } = startServer()
    client.create(services, newService('a', { clusterIP: '10.96.0.10' }))
    const outside = client.patch(services, ref('a'), {
      spec: { type: 'ExternalName', externalName: 'example.com' },
    })
    expect(outside.spec.clusterIP).toBeUndefined()
    expect(outside.spec.ipFamilies).toBeUndefined()
    expect(client.create(services, newService('b', { clusterIP: '10.96.0.10' })).spec.clusterIP).toBe(
      '10.96.0.10',
    )
    expect(
      client.patch<Service>(services, ref('a'), { spec: { type: 'ClusterIP', externalName: null } }).spec
        .clusterIP,
    ).toMatch(/^10\.96\./)
  })
})

describe('families', () => {
  const create = (spec: Partial<Service['spec']>, options = DUAL) => {
    const { spec: made } = startServer(options).client.create(services, newService('a', spec))
    return {
      policy: made.ipFamilyPolicy,
      families: made.ipFamilies,
      ips: made.clusterIPs?.map((ip) => (ip.includes(':') ? 'v6' : ip === 'None' ? ip : 'v4')),
    }
  }

  it.each([
    [{}, { policy: 'SingleStack', families: ['IPv4'], ips: ['v4'] }],
    [
      { ipFamilyPolicy: 'PreferDualStack' },
      { policy: 'PreferDualStack', families: ['IPv4', 'IPv6'], ips: ['v4', 'v6'] },
    ],
    [{ ipFamilies: ['IPv6'] }, { policy: 'SingleStack', families: ['IPv6'], ips: ['v6'] }],
    [
      { ipFamilies: ['IPv6', 'IPv4'] },
      { policy: 'RequireDualStack', families: ['IPv6', 'IPv4'], ips: ['v6', 'v4'] },
    ],
    [
      { clusterIPs: ['fd00:10:96::5'], clusterIP: 'fd00:10:96::5' },
      { policy: 'SingleStack', families: ['IPv6'], ips: ['v6'] },
    ],
    [
      { clusterIP: 'None', ipFamilyPolicy: 'RequireDualStack' },
      { policy: 'RequireDualStack', families: ['IPv4', 'IPv6'], ips: ['None'] },
    ],
  ] as const)('of a dual-stack cluster: %j', (spec, expected) => {
    expect(create(spec as unknown as Partial<Service['spec']>)).toEqual(expected)
  })

  it('of a single-stack cluster: prefers becomes one, requires fails', () => {
    const single = { serviceCIDRs: ['10.96.0.0/16'] }
    expect(create({ ipFamilyPolicy: 'PreferDualStack' }, single)).toEqual({
      policy: 'PreferDualStack',
      families: ['IPv4'],
      ips: ['v4'],
    })
    expect(() => create({ ipFamilyPolicy: 'RequireDualStack' }, single)).toThrow(
      'spec.ipFamilyPolicy: Invalid value: "RequireDualStack"',
    )
    expect(() => create({ ipFamilies: ['IPv6'] }, single)).toThrow(
      'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
    )
    expect(create({ clusterIP: 'None', selector: {} }, single)).toEqual({
      policy: 'RequireDualStack',
      families: ['IPv4', 'IPv6'],
      ips: ['None'],
    })
  })

  it('can be added and taken away by an update', () => {
    const { client } = startServer(DUAL)
    const one = client.create(services, newService('a'))
    const two = client.patch(services, ref('a'), { spec: { ipFamilyPolicy: 'PreferDualStack' } })
    expect(two.spec.clusterIPs).toEqual([one.spec.clusterIP, expect.stringMatching(/^fd00:10:96::/)])
    const back = client.patch(services, ref('a'), { spec: { ipFamilyPolicy: 'SingleStack' } })
    expect(back.spec).toMatchObject({ clusterIPs: [one.spec.clusterIP], ipFamilies: ['IPv4'] })
  })
})

describe('node ports', () => {
  const nodePorts = ({ spec }: Service) => spec.ports!.map(({ nodePort }) => nodePort)

  it('come from above the static band, one for the same number of two protocols', () => {
    const { client } = startServer()
    const made = client.create(
      services,
      newService('dns', {
        type: 'NodePort',
        ports: [
          { name: 'udp', port: 53, protocol: 'UDP' },
          { name: 'tcp', port: 53, protocol: 'TCP' },
          { name: 'web', port: 80 },
        ],
      }),
    )
    const [udp, tcp, web] = nodePorts(made)
    expect(udp).toBe(tcp)
    expect(web).not.toBe(tcp)
    for (const port of [udp!, web!]) expect(port).toBeGreaterThanOrEqual(30_086)
  })

  it('are checked, kept, and given back', () => {
    const { client } = startServer()
    const ask = (name: string, nodePort: number) =>
      client.create(services, newService(name, { type: 'NodePort', ports: [{ port: 80, nodePort }] }))
    expect(() => ask('a', 80)).toThrow(
      'spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
    )
    const made = ask('a', 30_001)
    const replaced = client.update(
      services,
      newService('a', { type: 'NodePort', ports: [{ port: 80, targetPort: 8080 }] }),
    )
    expect(nodePorts(replaced)).toEqual([30_001])
    expect(() => ask('b', 30_001)).toThrow('provided port is already allocated')
    const inside = client.patch(services, ref('a'), { spec: { type: 'ClusterIP' } })
    expect(nodePorts(inside)).toEqual([undefined])
    expect(inside.spec.externalTrafficPolicy).toBeUndefined()
    expect(inside.spec.clusterIP).toBe(made.spec.clusterIP)
    expect(nodePorts(ask('b', 30_001))).toEqual([30_001])
  })

  it('belong to load balancers too, unless they do without; a local one has a health check port', () => {
    const { client } = startServer()
    const local = client.create(
      services,
      newService('a', { type: 'LoadBalancer', externalTrafficPolicy: 'Local' }),
    )
    expect(local.spec).toMatchObject({
      allocateLoadBalancerNodePorts: true,
      healthCheckNodePort: expect.any(Number) as number,
    })
    expect(local.spec.healthCheckNodePort).not.toBe(nodePorts(local)[0])
    const without = client.create(
      services,
      newService('b', { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false }),
    )
    expect(nodePorts(without)).toEqual([undefined])
    const cluster = client.patch(services, ref('a'), { spec: { externalTrafficPolicy: 'Cluster' } })
    expect(cluster.spec.healthCheckNodePort).toBeUndefined()
  })

  it('run out', () => {
    const { client } = startServer({ nodePortRange: [30_000, 30_001] })
    const make = (name: string) => client.create(services, newService(name, { type: 'NodePort' }))
    expect([make('a'), make('b')].flatMap(nodePorts).toSorted()).toEqual([30_000, 30_001])
    expect(() => make('c')).toThrow('failed to allocate a nodePort: range is full')
  })
})

describe('a Service that is wrong', () => {
  it.each<[Partial<Service['spec']>, string]>([
    [{ ports: [] }, 'spec.ports: Required value'],
    [
      { ports: [{ port: 0 }] },
      'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
    ],
    [
      { ports: [{ port: 70_000 }] },
      'spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive',
    ],
    [{ ports: [{ port: 80 }, { port: 81 }] }, 'spec.ports[0].name: Required value'],
    [
      {
        ports: [
          { name: 'a', port: 80 },
          { name: 'a', port: 81 },
        ],
      },
      'spec.ports[1].name: Duplicate value: "a"',
    ],
    [
      {
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 80 },
        ],
      },
      'spec.ports[1]: Duplicate value: {"protocol":"TCP","port":80}',
    ],
    [
      { ports: [{ port: 80, protocol: 'ICMP' as 'TCP' }] },
      'spec.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
    ],
    [
      { ports: [{ port: 80, targetPort: 'NOT_A_NAME' }] },
      'spec.ports[0].targetPort: Invalid value: "NOT_A_NAME"',
    ],
    [
      { ports: [{ port: 80, nodePort: 30_080 }] },
      "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    ],
    [
      { type: 'Cluster' as 'ClusterIP' },
      'spec.type: Unsupported value: "Cluster": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    ],
    [{ type: 'ExternalName' }, 'spec.externalName: Required value'],
    [
      { type: 'NodePort', clusterIP: 'None' },
      'spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services',
    ],
    [
      { clusterIP: '300.1.1.1' },
      'spec.clusterIPs[0]: Invalid value: "300.1.1.1": must be a valid IP address',
    ],
    [{ externalIPs: ['127.0.0.1'] }, 'spec.externalIPs[0]: Invalid value: "127.0.0.1"'],
    [
      { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 86_401 } } },
      'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than or equal to 86400',
    ],
    [
      { externalTrafficPolicy: 'Local' },
      'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
    ],
    [
      { internalTrafficPolicy: 'Some' as 'Local' },
      'spec.internalTrafficPolicy: Unsupported value: "Some": supported values: "Cluster", "Local"',
    ],
    [{ trafficDistribution: 'Near' as 'PreferClose' }, 'spec.trafficDistribution: Unsupported value: "Near"'],
    [
      { type: 'LoadBalancer', loadBalancerSourceRanges: ['10.0.0.0'] },
      'spec.loadBalancerSourceRanges[0]: Invalid value: "10.0.0.0": must be a valid CIDR value',
    ],
    [
      { selector: { app: '-x' } },
      'spec.selector: Invalid value: "-x": a valid label must be an empty string or consist of',
    ],
  ])('%j', (spec, message) => {
    const { client } = startServer()
    expect(() => client.create(services, newService('a', spec))).toThrow(message)
  })

  it('has a name that DNS does not take', () => {
    const { client } = startServer()
    expect(() => client.create(services, newService('1a'))).toThrow(
      'Service "1a" is invalid: metadata.name: Invalid value: "1a": a DNS-1035 label must consist of',
    )
  })

  it('is told all that is wrong, with causes', () => {
    const { server } = startServer()
    const response = server.handle({
      verb: 'create',
      group: '',
      version: 'v1',
      resource: 'services',
      namespace: 'default',
      body: { metadata: { name: 'a' }, spec: { ports: [{ port: 0 }], sessionAffinity: 'x' } },
    })
    expect(response).toMatchObject({
      kind: 'failure',
      code: 422,
      status: {
        reason: 'Invalid',
        message:
          'Service "a" is invalid: [spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive, spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive, spec.sessionAffinity: Unsupported value: "x": supported values: "ClientIP", "None"]',
        details: {
          name: 'a',
          kind: 'Service',
          causes: [
            {
              reason: 'FieldValueInvalid',
              field: 'spec.ports[0].port',
              message: 'Invalid value: 0: must be between 1 and 65535, inclusive',
            },
            { field: 'spec.ports[0].targetPort' },
            { reason: 'FieldValueNotSupported', field: 'spec.sessionAffinity' },
          ],
        },
      },
    })
  })
})
