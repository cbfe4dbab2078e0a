import { describe, expect, it } from 'vitest'
import { Cluster } from '../../../../src/cluster/cluster.ts'
import { FAULT_NAMES, FAULTS, faultNamed, policyFaults } from '../../../../src/policy/faults/index.ts'
import { POLICY_INPUTS } from '../../../../src/policy/plan/inputs.ts'

/** The names that the documentation promises. */
const PROMISED = [
  'namedPortResolvedOnSource',
  'completedPodKeepsIp',
  'sctpTreatedAsTcp',
  'policyBeforeDnat',
  'icmpErrorNotRelated',
  'hostNetworkSelected',
  'exceptIsDeny',
  'emptyFromIsNone',
  'podSelectorIgnoresNamespace',
  'policyTypesDefaultMissed',
  'ipBlockIgnoresPods',
  'endPortExclusive',
]

describe('the catalogue of faults', () => {
  it('holds the promised names, and says what each is and where it was seen', () => {
    expect(FAULT_NAMES).toEqual(expect.arrayContaining(PROMISED))
    expect(FAULT_NAMES.length).toBeGreaterThanOrEqual(20)
    for (const { name, description, models } of FAULTS) {
      expect(name).toMatch(/^[a-z][A-Za-z0-9]+$/)
      expect(description).toMatch(/^[A-Za-z][^\n]+\.$/)
      expect(models.length).toBeGreaterThan(0)
      for (const issue of models) expect(issue).toMatch(/^[\w.-]+\/[\w.-]+#\d+$/)
    }
    expect(new Set(FAULTS.map(({ description }) => description)).size).toBe(FAULTS.length)
  })

  it('names what there is when a name is wrong', async () => {
    expect(() => faultNamed('endPort')).toThrow(/^faults: there is no fault "endPort": there is namedPort/)
    await expect(Cluster.create({ policy: { faults: ['endPortExclusive', 'nonsense'] } })).rejects.toThrow(
      /^policy.faults\[1\]: there is no fault "nonsense"/,
    )
  })

  it('leaves the true inputs alone', () => {
    const before = JSON.stringify(POLICY_INPUTS.placement)
    for (const fault of policyFaults(FAULT_NAMES)) {
      const wrong = fault(POLICY_INPUTS)
      expect(wrong).not.toBe(POLICY_INPUTS)
    }
    expect(JSON.stringify(POLICY_INPUTS.placement)).toBe(before)
  })

  it('changes what packets meet in the cluster that has it, and in no other', async () => {
    const manifests = ['web', 'db'].map((name) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: { containers: [{ name: 'c', image: 'x', ports: [{ containerPort: 82 }] }] },
    }))
    const policy = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'range' },
      spec: { podSelector: {}, ingress: [{ ports: [{ port: 80, endPort: 82 }] }] },
    }
    const verdict = async (faults: readonly string[]): Promise<string> => {
      const cluster = await Cluster.create({ policy: { faults } })
      await cluster.apply([...manifests, policy])
      await cluster.settle()
      return cluster.connect({ from: 'pod/web', to: 'pod/db', port: 82 }).verdict
    }
    expect(await verdict(['endPortExclusive'])).toBe('dropped')
    expect(await verdict([])).toBe('delivered')
  })
})
