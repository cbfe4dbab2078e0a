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

describe.each(MATRIX_CONFIGS)('packets to services, $name', (config) => {
  const node = new EngineNode({
    masqueradeAll: config.masqueradeAll,
    ...(!config.detector && { detector: { kind: 'none' } }),
  })
  node.proxy
    .put(...matrixObjects())
    .listed()
    .settle()

  it.each(matrixFlows(config))('$name', ({ source, destination, port, backends, masqueraded }) => {
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
    expect([...seen].sort()).toEqual(backends)
  })
})
