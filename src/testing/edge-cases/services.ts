/** Edges of policies and Services. */
import { netpol, planOf, WORLD, type EdgeCase } from './world.ts'

/** A Service whose port is not the pod's, and one that leads back to its own client. */
export const SERVICE_CASE: EdgeCase = {
  name: 'the Service’s port is not the pod’s, and one Service leads back to its own client',
  plan: planOf(
    WORLD +
      `---
apiVersion: v1
kind: Service
metadata: { name: db, namespace: default }
spec: { selector: { app: db }, ipFamilyPolicy: PreferDualStack, ports: [{ port: 80, targetPort: 8080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: default }
spec: { selector: { app: web }, ipFamilyPolicy: PreferDualStack, ports: [{ port: 8080, targetPort: http }] }
` +
      netpol(
        'default',
        'all',
        `{ podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{ ports: [{ port: 80 }] }], egress: [{ to: [{ podSelector: {} }] }] }`,
      ),
  ),
}
