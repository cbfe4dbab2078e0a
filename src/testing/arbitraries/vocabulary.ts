/**
 * The few words that drawn objects share, so that selectors meet labels, ports meet ports and CIDRs meet addresses far
 * more often than chance would have it. Small on purpose: with three values a key, a `NotIn` of one of them still
 * matches somebody, and with four namespaces a policy still selects in the wrong one if an implementation lets it.
 */
import fc from 'fast-check'
import type { Labels, Protocol } from '../../apiserver/types/index.ts'

export interface Vocabulary {
  /** Label keys of pods and namespaces, and the values each may have. */
  readonly labels: Readonly<Record<string, readonly string[]>>
  readonly namespaces: readonly string[]
  /** Names of container ports. */
  readonly portNames: readonly string[]
  /** Numbers of container ports. */
  readonly ports: readonly number[]
  /** Addresses that CIDRs and packets are drawn around, of both families. */
  readonly addresses: readonly string[]
}

/**
 * The default words. The empty label value and the prefixed key are legal and often forgotten; port 1 and 65535 are the
 * ends of the range. The addresses are those that the first pods and nodes of a `Cluster` get, hosts outside, and
 * the first service address.
 */
export const VOCABULARY: Vocabulary = {
  labels: {
    app: ['web', 'db', 'cache'],
    tier: ['front', 'back', ''],
    'example.com/team': ['red', 'blue'],
  },
  namespaces: ['default', 'prod', 'dev', 'tools'],
  portNames: ['http', 'dns', 'peer'],
  ports: [80, 8080, 53, 443, 1, 65535],
  addresses: [
    '10.244.0.2',
    '10.244.0.3',
    '10.244.1.2',
    '10.244.1.3',
    '198.51.100.10',
    '192.0.2.128',
    '172.18.0.2',
    '172.18.0.3',
    '10.96.0.1',
    '8.8.8.8',
    'fd00:10:244::2',
    'fd00:10:244:0:0:0:0:3',
    'fd00:10:244:1::2',
    '2001:db8:100::10',
    '2001:db8:5::80',
    'fd00:172:18::2',
    'fd00:172:18::3',
    'fd00:10:96::1',
  ],
}

/** So few words that nearly every policy meets nearly every pod: for what only shows where several things coincide. */
export const NARROW_VOCABULARY: Vocabulary = {
  labels: { app: ['web', 'db'] },
  namespaces: ['default', 'prod'],
  portNames: ['http'],
  ports: [80, 8080],
  addresses: [
    '10.244.0.2',
    '10.244.0.3',
    '10.244.1.2',
    '198.51.100.10',
    '172.18.0.3',
    'fd00:10:244::2',
    'fd00:10:244:1::2',
    '2001:db8:100::10',
  ],
}

/** TCP twice as often as the others, and the simplest. */
export const protocol: fc.Arbitrary<Protocol> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Protocol>('TCP') },
  { weight: 1, arbitrary: fc.constant<Protocol>('UDP') },
  { weight: 1, arbitrary: fc.constant<Protocol>('SCTP') },
)

/** `weight` times `usual`, which is also what it shrinks to, for once `rare`. */
export function mostly<T>(usual: T, rare: fc.Arbitrary<T>, weight = 4): fc.Arbitrary<T> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: rare },
  )
}

/** The record without the keys whose value is undefined: what a manifest leaves out is absent, not null. */
export function present<T extends object>(record: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as never
}

/** A field that is there half of the time; shrinks to leaving it out, as the others below. */
export function optional<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return mostly<T | undefined>(undefined, arbitrary, 1)
}

/** A field that is there once in `times`. */
export function seldom<T>(arbitrary: fc.Arbitrary<T>, times: number): fc.Arbitrary<T | undefined> {
  return mostly<T | undefined>(undefined, arbitrary, times - 1)
}

/** A field that is missing once in `times`. */
export function often<T>(arbitrary: fc.Arbitrary<T>, times: number): fc.Arbitrary<T | undefined> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 1, arbitrary: fc.constant(undefined) },
    { weight: times - 1, arbitrary },
  )
}

/** Half of the time the first, so that objects of a cluster meet; the others alike. */
export function arbitraryNamespaceName({ namespaces }: Vocabulary = VOCABULARY): fc.Arbitrary<string> {
  const any = fc.constantFrom(...namespaces)
  return mostly(namespaces[0] ?? 'default', any, 1)
}

/** Label sets over the vocabulary, from none to a value for every key, or so many. */
export function arbitraryLabels(
  { labels }: Vocabulary = VOCABULARY,
  { maxLabels = Infinity }: { readonly maxLabels?: number } = {},
): fc.Arbitrary<Labels> {
  const entries = Object.entries(labels).map(
    ([key, values]) => [key, often(fc.constantFrom(...values), 3)] as const,
  )
  return fc
    .record(Object.fromEntries(entries))
    .map((drawn): Labels => Object.fromEntries(Object.entries(present(drawn)).slice(0, maxLabels)) as Labels)
}
