/** Edges of ports: what a name, a number and a range mean. */
import { EVERYBODY, netpol, planOf, WORLD, type EdgeCase } from './world.ts'

export const PORT_CASES: readonly EdgeCase[] = [
  {
    name: 'a named port is the destination pod’s, by name and protocol',
    plan: planOf(
      WORLD +
        netpol('default', 'in', `{ podSelector: {}, ingress: [{ ports: [{ port: http }] }] }`) +
        netpol('prod', 'in', `{ podSelector: {}, ingress: [{ ports: [{ port: http }] }] }`) +
        netpol(
          'tools',
          'out',
          `{ podSelector: {}, policyTypes: [Egress], egress: [{ ports: [{ port: http }] }] }`,
        ),
    ),
  },
  {
    name: 'ranges end where they say, entries without a number are all ports of a protocol, SCTP is not TCP',
    plan: planOf(
      WORLD +
        netpol(
          'default',
          'web',
          `{ podSelector: { matchLabels: { app: web } }, ingress: [{ ports: [{ port: 80, endPort: 82 }] }] }`,
        ) +
        netpol(
          'default',
          'db',
          `{ podSelector: { matchLabels: { app: db } }, ingress: [{ ports: [{ protocol: SCTP, port: 8080 }] }] }`,
        ) +
        netpol('prod', 'web', `{ podSelector: { matchLabels: { app: web } }, ingress: [{ ports: [{}] }] }`) +
        netpol(
          'prod',
          'db',
          `{ podSelector: { matchLabels: { app: db } }, ingress: [{ from: [${EVERYBODY}] }] }`,
        ),
    ),
  },
  {
    name: 'ranges inside others, numbers with a port between',
    plan: planOf(
      WORLD +
        netpol(
          'default',
          'web',
          `{ podSelector: { matchLabels: { app: web } }, ingress: [{ ports: [{ port: 80, endPort: 90 }, { port: 82, endPort: 84 }] }] }`,
        ) +
        netpol(
          'default',
          'db',
          `{ podSelector: { matchLabels: { app: db } }, ingress: [{ ports: [{ port: 80 }, { port: 82 }] }] }`,
        ),
    ),
  },
  {
    name: 'more ranges than one match has room for',
    plan: planOf(
      WORLD +
        netpol(
          'prod',
          'all',
          `{ podSelector: {}, ingress: [{ ports: [${manyRanges(7)}, { port: 8080, endPort: 8081 }] }] }`,
        ),
    ),
  },
]

/** Ranges of two ports that nobody has. */
function manyRanges(count: number): string {
  const ranges = Array.from({ length: count }, (_, at) => 9000 + 10 * at)
  return ranges.map((port) => `{ port: ${port}, endPort: ${port + 1} }`).join()
}
