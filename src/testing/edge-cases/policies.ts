/** Edges of whole policies: directions, tiers, and what ClusterNetworkPolicies name. */
import { cnp, EVERYBODY, netpol, planOf, WORLD, type EdgeCase } from './world.ts'

export const DIRECTIONS: EdgeCase = {
  name: 'directions: what is listed, what is filled in, what is inert; rules do not mix',
  plan: planOf(
    WORLD +
      netpol(
        'default',
        'web',
        `{ podSelector: { matchLabels: { app: web } }, egress: [{ to: [{ podSelector: { matchLabels: { app: db } } }] }] }`,
      ) +
      netpol(
        'default',
        'db',
        `{ podSelector: { matchLabels: { app: db } }, policyTypes: [Ingress], ingress: [
           { from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: 80 }] },
           { from: [{ namespaceSelector: { matchLabels: { team: blue } } }], ports: [{ port: 8080 }] }],
           egress: [{ ports: [{ port: 443 }] }] }`,
      ) +
      netpol(
        'prod',
        'web',
        `{ podSelector: { matchLabels: { app: web } }, policyTypes: [Egress], egress: [] }`,
      ),
  ),
}

export const EVERYTHING_OUTSIDE: EdgeCase = {
  name: 'everything outside of the cluster is denied, and neighbours are found',
  plan: planOf(
    WORLD +
      cnp(
        'closed',
        `{ tier: Admin, priority: 0, subject: { namespaces: {} }, egress: [
           { action: Accept, to: [{ namespaces: {} }] }, { action: Deny, to: [{ nodes: {} }, { networks: [0.0.0.0/0, '::/0'] }] }] }`,
      ),
  ),
}

export const POLICY_CASES: readonly EdgeCase[] = [
  DIRECTIONS,
  {
    name: 'tiers: Pass, priorities, no isolation, Baseline behind NetworkPolicies, one direction at a time',
    plan: planOf(
      WORLD +
        cnp(
          'first',
          `{ tier: Admin, priority: 1, subject: { namespaces: { matchLabels: { team: red } } }, ingress: [
             { action: Pass, from: [{ pods: { namespaceSelector: { matchLabels: { team: blue } }, podSelector: { matchLabels: { app: web } } } }] }] }`,
        ) +
        cnp(
          'second',
          `{ tier: Admin, priority: 5, subject: { namespaces: {} }, ingress: [
             { action: Deny, from: [{ namespaces: { matchLabels: { team: blue } } }], protocols: [{ tcp: { destinationPort: { range: { start: 79, end: 8079 } } } }] }] }`,
        ) +
        cnp(
          'base',
          `{ tier: Baseline, priority: 0, subject: { namespaces: {} }, ingress: [
             { action: Deny, from: [{ namespaces: {} }], protocols: [{ tcp: { destinationPort: { number: 8080 } } }] }],
             egress: [{ action: Deny, to: [{ networks: [198.51.100.0/24, '2001:db8:100::/64'] }] }] }`,
        ) +
        netpol(
          'default',
          'web',
          `{ podSelector: { matchLabels: { app: web } }, ingress: [{ from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: web } } }] }] }`,
        ) +
        netpol(
          'default',
          'db',
          `{ podSelector: { matchLabels: { app: db } }, ingress: [{ ports: [{ port: 8080 }] }] }`,
        ),
    ),
  },
  {
    name: 'rules of ClusterNetworkPolicies: protocols, named ports, nodes',
    plan: planOf(
      WORLD +
        cnp(
          'admin',
          `{ tier: Admin, priority: 3, subject: { namespaces: {} }, ingress: [
             { action: Deny, from: [{ namespaces: {} }], protocols: [{ destinationNamedPort: http }] },
             { action: Deny, from: [{ namespaces: { matchLabels: { team: red } } }], protocols: [{ udp: { destinationPort: { number: 53 } } }] },
             { action: Deny, from: [{ namespaces: { matchLabels: { team: blue } } }], protocols: [{ sctp: {} }] }],
             egress: [
             { action: Deny, to: [{ nodes: { matchLabels: { kubernetes.io/hostname: node-1 } } }], protocols: [{ tcp: { destinationPort: { number: 80 } } }] }] }`,
        ) +
        netpol(
          'default',
          'all',
          `{ podSelector: {}, policyTypes: [Egress], egress: [{ to: [${EVERYBODY}] }] }`,
        ),
    ),
  },
  {
    name: 'the Baseline tier alone denies pods their nodes',
    plan: planOf(
      WORLD +
        cnp(
          'base',
          `{ tier: Baseline, priority: 0, subject: { namespaces: {} }, egress: [{ action: Deny, to: [{ nodes: {} }] }] }`,
        ),
    ),
  },
  EVERYTHING_OUTSIDE,
]
