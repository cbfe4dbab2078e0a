/** Edges of pods: those that are over, and whose address another may have. */
import { netpol, planOf, WORLD, type EdgeCase } from './world.ts'

export const FINISHED_POD: EdgeCase = {
  name: 'a finished pod is nobody, and its address is another’s',
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
}

export const POD_CASES: readonly EdgeCase[] = [
  FINISHED_POD,
  {
    name: 'a failed pod is nobody',
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
