/** Edges of pods: those that are over, and whose address another may have. */
import { netpol, planOf, WORLD, type EdgeCase } from './world.ts'

export const POD_CASES: readonly EdgeCase[] = [
  {
    name: 'a finished pod is nobody, and its address is another’s (5a.24)',
    plan: planOf(
      `{ apiVersion: v1, kind: Namespace, metadata: { name: default } }
---
{ apiVersion: v1, kind: Pod, metadata: { name: job, namespace: default, labels: { app: client } }, spec: { nodeName: node-1, containers: [{ name: c, image: x }] } }
---
{ apiVersion: v1, kind: Pod, metadata: { name: other, namespace: default }, spec: { nodeName: node-1, containers: [{ name: c, image: x }] } }
---
{ apiVersion: v1, kind: Pod, metadata: { name: server, namespace: default, labels: { app: server } }, spec: { nodeName: node-2, containers: [{ name: c, image: x, ports: [{ containerPort: 80 }] }] } }
` +
        netpol(
          'default',
          'server',
          `{ podSelector: { matchLabels: { app: server } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: client } } }] }] }`,
        ),
      [{ namespace: 'default', name: 'job', phase: 'Succeeded' }],
    ),
  },
  {
    name: 'a failed pod is nobody (5a.24)',
    plan: planOf(
      WORLD +
        netpol(
          'default',
          'db',
          `{ podSelector: { matchLabels: { app: db } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }] }] }`,
        ),
      [{ namespace: 'default', name: 'web', phase: 'Failed' }],
    ),
  },
]
