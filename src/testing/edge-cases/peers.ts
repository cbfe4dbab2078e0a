/** Edges of peers: networks with exceptions, selectors and their requirements. */
import { EVERYBODY, netpol, planOf, WORLD, type EdgeCase } from './world.ts'

export const EVERY_EXCEPT: EdgeCase = {
  name: 'every except counts: of everything, two of one network, one network twice',
  plan: planOf(
    WORLD +
      netpol(
        'default',
        'web',
        `{ podSelector: { matchLabels: { app: web } }, ingress: [
           { from: [{ ipBlock: { cidr: 0.0.0.0/0, except: [10.244.1.0/24] } }, { ipBlock: { cidr: '::/0', except: ['fd00:10:244:1::/64'] } }] }] }`,
      ) +
      netpol(
        'default',
        'db',
        `{ podSelector: { matchLabels: { app: db } }, ingress: [
           { from: [{ ipBlock: { cidr: '::/0', except: ['2001:db8::/32', 'fd00:10:244:1::/64'] } }, { ipBlock: { cidr: 10.0.0.0/8, except: [10.0.0.0/9, 10.244.1.0/24] } }] }] }`,
      ) +
      netpol(
        'prod',
        'web',
        `{ podSelector: { matchLabels: { app: web } }, ingress: [
           { from: [{ ipBlock: { cidr: 10.244.0.0/16, except: [10.244.0.0/24] } }, { ipBlock: { cidr: 10.244.0.0/16, except: [10.244.1.0/24] } },
                    { ipBlock: { cidr: '::/0' } }] }] }`,
      ),
  ),
}

export const SELECTORS: EdgeCase = {
  name: 'selectors: own namespace, both in one peer, all namespaces, by name, lacking the key, never a pod of the host’s network',
  plan: planOf(
    WORLD +
      netpol(
        'default',
        'web',
        `{ podSelector: { matchLabels: { app: web } }, ingress: [
           { from: [{ podSelector: { matchLabels: { app: db } } }, { podSelector: { matchLabels: { app: host } } }] },
           { ports: [{ port: 81 }] }] }`,
      ) +
      netpol(
        'default',
        'db',
        `{ podSelector: { matchLabels: { app: db } }, ingress: [
           { from: [{ namespaceSelector: { matchLabels: { team: blue } }, podSelector: { matchLabels: { app: web } } }] },
           { from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: tools } } }] }] }`,
      ) +
      netpol(
        'prod',
        'web',
        `{ podSelector: { matchLabels: { app: web } }, ingress: [{ from: [${EVERYBODY}] }] }`,
      ) +
      netpol(
        'prod',
        'db',
        `{ podSelector: { matchLabels: { app: db } }, ingress: [{ from: [{ podSelector: { matchExpressions: [{ key: app, operator: NotIn, values: [web] }] } }] }] }`,
      ) +
      netpol(
        'prod',
        'plain',
        `{ podSelector: { matchExpressions: [{ key: app, operator: DoesNotExist }] }, ingress: [{ from: [{ podSelector: { matchExpressions: [{ key: app, operator: In, values: [web, other] }] } }] }] }`,
      ),
  ),
}

export const PEER_CASES: readonly EdgeCase[] = [
  EVERY_EXCEPT,
  {
    name: 'an except takes from its own peer only, and an ipBlock holds pods',
    plan: planOf(
      WORLD +
        netpol(
          'default',
          'web',
          `{ podSelector: { matchLabels: { app: web } }, ingress: [
             { from: [{ ipBlock: { cidr: 10.244.0.0/16, except: [10.244.1.0/24] } }, { ipBlock: { cidr: 'fd00:10:244::/56', except: ['fd00:10:244:1::/64'] } }] },
             { from: [{ podSelector: { matchLabels: { app: db } } }], ports: [{ port: 80 }] }] }`,
        ) +
        netpol(
          'default',
          'db',
          `{ podSelector: { matchLabels: { app: db } }, ingress: [
             { from: [{ ipBlock: { cidr: 0.0.0.0/0, except: [198.51.100.0/24] } }, { ipBlock: { cidr: 198.51.0.0/16 } }] }] }`,
        ),
    ),
  },
  SELECTORS,
  {
    name: 'requirements: the second value, the empty value, a key that must not be there',
    plan: planOf(
      WORLD +
        `---
apiVersion: v1
kind: Pod
metadata: { name: empty, namespace: default, labels: { tier: '' } }
spec: { nodeName: node-1, containers: [{ name: c, image: x }] }
` +
        netpol(
          'default',
          'web',
          `{ podSelector: { matchExpressions: [{ key: app, operator: In, values: [other, web] }] }, ingress: [
             { from: [{ podSelector: { matchExpressions: [{ key: app, operator: In, values: [other, db] }] } }] },
             { from: [{ podSelector: { matchLabels: { tier: '' } } }], ports: [{ port: 80 }] }] }`,
        ) +
        netpol(
          'default',
          'db',
          `{ podSelector: { matchLabels: { app: db } }, ingress: [
             { from: [{ podSelector: { matchExpressions: [{ key: tier, operator: Exists }] } }] },
             { from: [{ namespaceSelector: {}, podSelector: { matchExpressions: [{ key: app, operator: DoesNotExist }, { key: tier, operator: DoesNotExist }] } }] }] }`,
        ),
    ),
  },
]
