/** The masquerade matrix as packets: kube-proxy's rules in the engine, connections from all sides. */
import { describe, expect, it } from 'vitest'
import { EngineNode } from '../../support/proxy/engine-node.ts'
import {
  ENDPOINT_PORT,
  MATRIX_CONFIGS,
  matrixFlows,
  matrixObjects,
} from '../../support/proxy/masquerade-matrix.ts'

/** Both of two endpoints are seen in so many attempts, but for one run in a million. */
const ATTEMPTS = 21

const CASES = (['ipv4', 'ipv6'] as const).flatMap((family) =>
  MATRIX_CONFIGS.map((config) => ({ ...config, family, config })),
)

describe.each(CASES)('packets to services, $family, $name', ({ family, config }) => {
  const node = new EngineNode({
    family,
    masqueradeAll: config.masqueradeAll,
    ...(!config.detector && { detector: { kind: 'none' } }),
  })
  node.proxy
    .put(...matrixObjects(family))
    .listed()
    .settle()

  it.each(matrixFlows(config, family))('$name', ({ source, destination, port, backends, masqueraded }) => {
    if (backends.length === 0) {
      expect(node.attempt(source, destination, port)).toMatchObject({ verdict: 'rejected', reply: 'reset' })
      return
    }
    const seen = new Set<string>()
    for (let i = 0; i < ATTEMPTS; i++) {
      const result = node.attempt(source, destination, port)
      expect(result).toMatchObject({
        verdict: 'delivered',
        reply: 'answer',
        from: { address: destination, port },
        seen: { destinationPort: ENDPOINT_PORT },
      })
      seen.add(result.seen!.destination)
      if (masqueraded) expect(node.addresses).toContain(result.seen!.source)
      else expect(result.seen!.source).toBe(source)
    }
    expect(seen).toEqual(new Set(backends))
  })
})
