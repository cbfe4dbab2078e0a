/** The masquerade matrix by the slow walk over the rules: the same table runs as packets through the engine elsewhere. */
import { describe, expect, it } from 'vitest'
import { NODE_IP, ProxierHarness } from '../../../support/proxy/host.ts'
import {
  CLIENT_POD,
  MATRIX_CONFIGS,
  matrixFlows,
  matrixObjects,
} from '../../../support/proxy/masquerade-matrix.ts'
import { Tracer } from '../../../support/proxy/tracer.ts'

describe.each(MATRIX_CONFIGS)('who reaches which endpoints, $name', (config) => {
  const harness = new ProxierHarness({
    masqueradeAll: config.masqueradeAll,
    ...(!config.detector && { detector: { kind: 'none' } }),
  })
  harness
    .put(...matrixObjects())
    .listed()
    .settle()
  const tracer = new Tracer(harness.host.iptables.ipv4.ruleset, [NODE_IP])

  it.each(matrixFlows(config))('$name', ({ client, source, destination, port, backends, masqueraded }) => {
    const fromNode = client === 'node' || client === 'localhost'
    const inInterface = source === CLIENT_POD ? 'veth0' : 'eth0'
    const outcomes = tracer.trace({
      protocol: 'tcp',
      source,
      destination,
      port,
      ...(!fromNode && { inInterface }),
    })
    expect(outcomes.map(({ backend }) => backend)).toEqual(backends.map((address) => `${address}:80`))
    for (const outcome of outcomes) {
      expect(outcome.probability).toBeCloseTo(1 / backends.length, 9)
      expect(outcome).toMatchObject({ verdict: 'ACCEPT', masqueraded })
    }
  })
})

it('has 30 flows, each once', () => {
  const names = matrixFlows(MATRIX_CONFIGS[0]!).map(({ name }) => name)
  expect(new Set(names).size).toBe(30)
})
