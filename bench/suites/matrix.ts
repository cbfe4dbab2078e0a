/** 1,000 pods, all pairs, one port: a million connections, each a request and its reply through every namespace. */
import { Cluster } from '../../src/index.ts'
import type { Figure } from '../support/figure.ts'

const manifest = (pods: number) => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${pods}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: example.com/web:1, ports: [{ containerPort: 80 }] }] }
`

export async function allPairs(pods: number): Promise<Figure[]> {
  const cluster = await Cluster.create({ nodes: 10, seed: 1 })
  await cluster.apply(manifest(pods))
  await cluster.settle()
  const start = performance.now()
  const { rows } = cluster.matrix({ ports: [{ port: 80, protocol: 'tcp' }], by: 'pod' })
  const seconds = (performance.now() - start) / 1000
  const delivered = rows.filter(({ verdict }) => verdict === 'delivered').length
  if (delivered !== pods * pods) throw new Error(`${delivered} of ${pods * pods} connections were delivered`)
  return [{ name: `matrix/${pods}-pods`, value: seconds, unit: 's', target: 10, better: 'lower' }]
}
