/**
 * NetworkPolicies (networking.k8s.io/v1) as a user would write them: nothing defaulted. Each bias serves an edge of the
 * API that products got wrong; the list is in docs/property-testing.md.
 */
import fc from 'fast-check'
import type {
  NetworkPolicy,
  NetworkPolicyEgressRule,
  NetworkPolicyIngressRule,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
  PolicyType,
} from '../../apiserver/types/index.ts'
import { arbitraryIpBlock, arbitraryTwinBlocks } from './cidr.ts'
import type { Manifest } from './manifest.ts'
import { arbitraryPolicyPorts } from './policy-ports.ts'
import { arbitraryNamespaceSelector, arbitrarySelector } from './selector.ts'
import {
  arbitraryNamespaceName,
  mostly,
  optional,
  present,
  VOCABULARY,
  type Vocabulary,
} from './vocabulary.ts'

/** One selector, the other, both (AND), or an ipBlock. */
export function arbitraryPeer(vocabulary: Vocabulary = VOCABULARY): fc.Arbitrary<NetworkPolicyPeer> {
  const podSelector = arbitrarySelector(vocabulary)
  const namespaceSelector = arbitraryNamespaceSelector(vocabulary)
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 3, arbitrary: podSelector.map((podSelector): NetworkPolicyPeer => ({ podSelector })) },
    { weight: 3, arbitrary: namespaceSelector.map((namespaceSelector) => ({ namespaceSelector })) },
    { weight: 3, arbitrary: fc.record({ podSelector, namespaceSelector }) },
    { weight: 4, arbitrary: arbitraryIpBlock(vocabulary).map((ipBlock) => ({ ipBlock })) },
  )
}

/** How large a policy may get; each is 3 by default. */
export interface PolicySize {
  /** Of a direction. */
  readonly maxRules?: number
  /** Of a rule. */
  readonly maxPeers?: number
  /** Entries of a rule; lists about ranges are longer now and then, where this is left out. */
  readonly maxPorts?: number
}

/** Now and then two ipBlocks of one network, each with its own exceptions. */
export function arbitraryPeers(
  vocabulary: Vocabulary = VOCABULARY,
  { maxPeers = 3 }: PolicySize = {},
): fc.Arbitrary<readonly NetworkPolicyPeer[]> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 9, arbitrary: fc.array(arbitraryPeer(vocabulary), { minLength: 1, maxLength: maxPeers }) },
    {
      weight: maxPeers > 1 ? 1 : 0,
      arbitrary: arbitraryTwinBlocks(vocabulary).map((twins) => twins.map((ipBlock) => ({ ipBlock }))),
    },
  )
}

/** Absent, empty (both mean all), or a few. */
function listOf<T>(few: fc.Arbitrary<readonly T[]>): fc.Arbitrary<readonly T[] | undefined> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 2, arbitrary: fc.constant<readonly T[] | undefined>(undefined) },
    { weight: 1, arbitrary: fc.constant<readonly T[]>([]) },
    { weight: 6, arbitrary: few },
  )
}

export function arbitraryIngressRule(
  vocabulary: Vocabulary = VOCABULARY,
  size: PolicySize = {},
): fc.Arbitrary<NetworkPolicyIngressRule> {
  return fc
    .record({
      from: listOf(arbitraryPeers(vocabulary, size)),
      ports: listOf(arbitraryPolicyPorts(vocabulary, size)),
    })
    .map((rule): NetworkPolicyIngressRule => present(rule))
}

export function arbitraryEgressRule(
  vocabulary: Vocabulary = VOCABULARY,
  size: PolicySize = {},
): fc.Arbitrary<NetworkPolicyEgressRule> {
  return arbitraryIngressRule(vocabulary, size).map(({ from, ...rest }): NetworkPolicyEgressRule =>
    present({ to: from, ...rest }),
  )
}

/** Absent and empty mean the same, and a listed direction may have no rules. */
const policyTypes: fc.Arbitrary<readonly PolicyType[] | undefined> = optional(
  fc.constantFrom<(readonly PolicyType[])[]>(
    ['Ingress'],
    ['Egress'],
    ['Ingress', 'Egress'],
    ['Egress', 'Ingress'],
    [],
  ),
)

/** Absent, `[]` (allow nothing), `[{}]` (allow all), or a few rules. */
function rulesOf<T extends object>(
  rule: fc.Arbitrary<T>,
  maxLength: number,
): fc.Arbitrary<readonly T[] | undefined> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 2, arbitrary: fc.constant<readonly T[] | undefined>(undefined) },
    { weight: 1, arbitrary: fc.constant<readonly T[]>([]) },
    { weight: 6, arbitrary: fc.array(rule, { minLength: 1, maxLength }) },
  )
}

export function arbitraryPolicySpec(
  vocabulary: Vocabulary = VOCABULARY,
  size: PolicySize = {},
): fc.Arbitrary<NetworkPolicySpec> {
  const { maxRules = 3 } = size
  return fc
    .record({
      // Half of them are about all pods of their namespace: a policy about nobody shows nothing.
      podSelector: fc.oneof({ withCrossShrink: true }, fc.constant({}), arbitrarySelector(vocabulary)),
      policyTypes,
      ingress: rulesOf(arbitraryIngressRule(vocabulary, size), maxRules),
      egress: rulesOf(arbitraryEgressRule(vocabulary, size), maxRules),
      onlySctp: mostly(false, fc.constant(true), 9),
    })
    .map(({ onlySctp, ...spec }): NetworkPolicySpec => {
      const { ingress, egress } = spec
      return present(
        onlySctp ? { ...spec, ingress: ingress?.map(sctpOnly), egress: egress?.map(sctpOnly) } : spec,
      )
    })
}

/** The rule for the same ports of SCTP, which must not be read as those of TCP. */
function sctpOnly<T extends { readonly ports?: readonly NetworkPolicyPort[] }>(rule: T): T {
  const { ports = [] } = rule
  const entries = ports.length === 0 ? [{}] : ports
  return { ...rule, ports: entries.map((entry) => ({ ...entry, protocol: 'SCTP' as const })) }
}

export interface PolicyNaming extends PolicySize {
  readonly name?: string
  readonly namespace?: string
  readonly vocabulary?: Vocabulary
}

/** A NetworkPolicy that the apiserver accepts. */
export function arbitraryPolicy({
  name,
  namespace,
  vocabulary = VOCABULARY,
  ...size
}: PolicyNaming = {}): fc.Arbitrary<Manifest<NetworkPolicy>> {
  return fc
    .record({
      name: name === undefined ? fc.nat({ max: 9 }).map((n) => `policy-${n}`) : fc.constant(name),
      namespace: namespace === undefined ? arbitraryNamespaceName(vocabulary) : fc.constant(namespace),
      spec: arbitraryPolicySpec(vocabulary, size),
    })
    .map(({ name, namespace, spec }): Manifest<NetworkPolicy> => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name, namespace },
      spec,
    }))
}
