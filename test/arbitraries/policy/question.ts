/** Who may be asked about in a world, and under which options. */
import fc from 'fast-check'
import {
  OPTION_VALUES,
  type Endpoint,
  type PolicyObject,
  type PolicyOptions,
  type PolicyProtocol,
} from '../../../src/policy/evaluate/index.ts'
import { ADDRESSES } from './world.ts'

/** Every pod and node of the world, and addresses. */
export function endpointsOf(world: readonly PolicyObject[]): Endpoint[] {
  const objects = world.flatMap(({ kind, metadata: { namespace, name } }): Endpoint[] => {
    if (kind === 'Pod') return [{ kind: 'pod', namespace: namespace!, name }]
    return kind === 'Node' ? [{ kind: 'node', name }] : []
  })
  return [...objects, ...ADDRESSES.map((address) => ({ kind: 'address' as const, address }))]
}

/** Half the time the defaults. `namedPortOutside` and `equalPriority` stay as they are: their other values are errors. */
export const anyOptions: fc.Arbitrary<Partial<PolicyOptions>> = fc.oneof(
  fc.constant({}),
  fc.record(
    Object.fromEntries(
      Object.entries(OPTION_VALUES)
        .filter(([name]) => name !== 'namedPortOutside' && name !== 'equalPriority')
        .map(([name, values]) => [name, fc.constantFrom(...(values as readonly (string | boolean)[]))]),
    ),
  ) as fc.Arbitrary<Partial<PolicyOptions>>,
)

/** Both sides of every port that a policy or a pod of a world names. */
const PORTS = [1, 2, 52, 53, 54, 78, 79, 80, 81, 82, 8079, 8080, 8081, 65534, 65535]

export const POINTS: readonly { readonly protocol: PolicyProtocol; readonly port?: number }[] = [
  ...(['tcp', 'udp', 'sctp'] as const).flatMap((protocol) => PORTS.map((port) => ({ protocol, port }))),
  { protocol: 'icmp' },
  { protocol: 'other' },
]
