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
import { arbitraryIpBlock } from './cidr.ts'
import type { Manifest } from './manifest.ts'
import { arbitraryNamespaceSelector, arbitrarySelector } from './selector.ts'
import { optional, present, protocol, VOCABULARY, type Vocabulary } from './vocabulary.ts'

/** An entry of `ports`: a protocol alone (5a.4), a number, a range whose ends are known ports (5a.5), a name (5a.16). */
export function arbitraryPolicyPort({
  ports,
  portNames,
}: Vocabulary = VOCABULARY): fc.Arbitrary<NetworkPolicyPort> {
  const number = fc.constantFrom(...ports)
  const range = fc.tuple(number, number).map(([a, b]) => ({ port: Math.min(a, b), endPort: Math.max(a, b) }))
  const target: fc.Arbitrary<Pick<NetworkPolicyPort, 'port' | 'endPort'>> = fc.oneof(
    { withCrossShrink: true },
    { weight: 4, arbitrary: number.map((port) => ({ port })) },
    { weight: 1, arbitrary: fc.constant({}) },
    { weight: 2, arbitrary: range },
    { weight: 3, arbitrary: fc.constantFrom(...portNames).map((port) => ({ port })) },
  )
  return fc
    .tuple(optional(protocol), target)
    .map(([protocol, target]): NetworkPolicyPort => present({ protocol, ...target }))
}

/** One selector, the other, both (AND, 5a.8), or an ipBlock. */
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

/** Absent, empty (both mean all, 5a.3), or a few. */
function listOf<T>(item: fc.Arbitrary<T>): fc.Arbitrary<readonly T[] | undefined> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 2, arbitrary: fc.constant<readonly T[] | undefined>(undefined) },
    { weight: 1, arbitrary: fc.constant<readonly T[]>([]) },
    { weight: 6, arbitrary: fc.array(item, { minLength: 1, maxLength: 3 }) },
  )
}

export function arbitraryIngressRule(
  vocabulary: Vocabulary = VOCABULARY,
): fc.Arbitrary<NetworkPolicyIngressRule> {
  return fc
    .record({ from: listOf(arbitraryPeer(vocabulary)), ports: listOf(arbitraryPolicyPort(vocabulary)) })
    .map((rule): NetworkPolicyIngressRule => present(rule))
}

export function arbitraryEgressRule(
  vocabulary: Vocabulary = VOCABULARY,
): fc.Arbitrary<NetworkPolicyEgressRule> {
  return arbitraryIngressRule(vocabulary).map(({ from, ...rest }): NetworkPolicyEgressRule =>
    present({ to: from, ...rest }),
  )
}

/** Absent and empty mean the same (5a.1), and a listed direction may have no rules (5a.2). */
const policyTypes: fc.Arbitrary<readonly PolicyType[] | undefined> = fc.constantFrom<
  (readonly PolicyType[] | undefined)[]
>(undefined, ['Ingress'], ['Egress'], ['Ingress', 'Egress'], ['Egress', 'Ingress'], [])

/** Absent, `[]` (allow nothing), `[{}]` (allow all), or a few rules (5a.2). */
function rulesOf<T extends object>(rule: fc.Arbitrary<T>): fc.Arbitrary<readonly T[] | undefined> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 2, arbitrary: fc.constant<readonly T[] | undefined>(undefined) },
    { weight: 1, arbitrary: fc.constant<readonly T[]>([]) },
    { weight: 6, arbitrary: fc.array(rule, { minLength: 1, maxLength: 3 }) },
  )
}

export function arbitraryPolicySpec(vocabulary: Vocabulary = VOCABULARY): fc.Arbitrary<NetworkPolicySpec> {
  return fc
    .record({
      // Half of them are about all pods of their namespace: a policy about nobody shows nothing.
      podSelector: fc.oneof({ withCrossShrink: true }, fc.constant({}), arbitrarySelector(vocabulary)),
      policyTypes,
      ingress: rulesOf(arbitraryIngressRule(vocabulary)),
      egress: rulesOf(arbitraryEgressRule(vocabulary)),
    })
    .map((spec): NetworkPolicySpec => present(spec))
}

export interface PolicyNaming {
  readonly name?: string
  readonly namespace?: string
  readonly vocabulary?: Vocabulary
}

/** A NetworkPolicy that the apiserver accepts. */
export function arbitraryPolicy({
  name,
  namespace,
  vocabulary = VOCABULARY,
}: PolicyNaming = {}): fc.Arbitrary<Manifest<NetworkPolicy>> {
  return fc
    .record({
      name: name === undefined ? fc.nat({ max: 9 }).map((n) => `policy-${n}`) : fc.constant(name),
      namespace: namespace === undefined ? fc.constantFrom(...vocabulary.namespaces) : fc.constant(namespace),
      spec: arbitraryPolicySpec(vocabulary),
    })
    .map(({ name, namespace, spec }): Manifest<NetworkPolicy> => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name, namespace },
      spec,
    }))
}
