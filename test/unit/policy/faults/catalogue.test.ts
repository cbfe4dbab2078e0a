import { describe, expect, it } from 'vitest'
import { Cluster } from '../../../../src/cluster/cluster.ts'
import { FAULT_NAMES, FAULTS, faultNamed, policyFaults } from '../../../../src/policy/faults/index.ts'
import { POLICY_INPUTS } from '../../../../src/policy/plan/inputs.ts'
import { networkPolicy } from '../../../support/policy/objects.ts'

const POLICY = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'range' },
  spec: { podSelector: {}, ingress: [{ ports: [{ port: 80, endPort: 82 }] }] },
}

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
    expect(FAULT_NAMES.length).toBeGreaterThanOrEqual(65)
    expect(FAULTS.filter(({ models }) => models.length > 0).length).toBeGreaterThan(FAULTS.length * 0.8)
    for (const { name, description, models } of FAULTS) {
      expect(name).toMatch(/^[a-z][A-Za-z0-9]+$/)
      expect(description).toMatch(/^[A-Za-z][^\n]+\.$/)
      for (const issue of models) expect(issue).toMatch(/^[\w.-]+\/[\w.-]+#\d+$/)
    }
    expect(new Set(FAULTS.map(({ description }) => description)).size).toBe(FAULTS.length)
  })

  it('names what there is when a name is wrong', async () => {
    expect(() => faultNamed('endPort')).toThrow(
      /^faults: there is no fault "endPort"; did you mean endPortExclusive or endPortIgnored\?$/,
    )
    expect(() => faultNamed('nonsense')).toThrow(/^faults: there is no fault "nonsense": there is namedPort/)
    await expect(Cluster.create({ policy: { faults: ['endPortExclusive', 'nonsense'] } })).rejects.toThrow(
      /^policy.faults\[1\]: there is no fault "nonsense"/,
    )
  })

  it('says what is wrong with faults that are no list, and with one that answers nothing', async () => {
    const create = async (faults: unknown) => {
      const cluster = await Cluster.create({ policy: { faults: faults as string[] } })
      await cluster.settle()
    }
    await expect(create('endPortIgnored')).rejects.toThrow(
      'policy.faults: expected a list, as ["endPortIgnored"]',
    )
    await expect(create([function forgetful() {}])).rejects.toThrow(
      'policy.faults[0]: the fault forgetful gives undefined: expected inputs, as { ...inputs, pod }',
    )
  })

  it('leaves the true inputs alone', () => {
    // Writing to what is frozen throws.
    const { accepted, families, ...rest } = POLICY_INPUTS.placement
    const placement = Object.freeze({
      ...rest,
      accepted: Object.freeze([...accepted]),
      families: Object.freeze([...families]),
    })
    const inputs = Object.freeze({ ...POLICY_INPUTS, placement })
    const given = networkPolicy('default/range', POLICY.spec)
    Object.freeze(given.spec)
    const before = { ...POLICY_INPUTS, placement }
    const plans = structuredClone(inputs.networkPolicy(given))
    expect(plans).toHaveLength(1)
    for (const fault of policyFaults(FAULT_NAMES)) {
      const wrong = fault(inputs)
      expect(wrong).not.toBe(inputs)
      expect(() => wrong.networkPolicy(given)).not.toThrow()
    }
    expect(POLICY_INPUTS).toEqual(before)
    expect(inputs.networkPolicy(given)).toEqual(plans)
  })

  it('changes what packets meet in the cluster that has it, and in no other', async () => {
    const manifests = ['web', 'db'].map((name) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: { containers: [{ name: 'c', image: 'x', ports: [{ containerPort: 82 }] }] },
    }))
    const verdict = async (faults: readonly string[]): Promise<string> => {
      const cluster = await Cluster.create({ policy: { faults } })
      await cluster.apply([...manifests, POLICY])
      await cluster.settle()
      return cluster.connect({ from: 'pod/web', to: 'pod/db', port: 82 }).verdict
    }
    expect(await verdict(['endPortExclusive'])).toBe('dropped')
    expect(await verdict([])).toBe('delivered')
  })
})
