/** A small cluster without a dataplane: server, controllers, kubelets. */
import {
  ApiClient,
  pods,
  type Container,
  type Deployment,
  type New,
  type Pod,
} from '../../src/apiserver/index.ts'
import { ControllerManager, type ControllerManagerOptions } from '../../src/controllers/index.ts'
import { Kubelet, type KubeletOptions } from '../../src/kubelet/index.ts'
import { startServer } from './apiserver.ts'

export interface ClusterOptions {
  readonly nodes?: number
  /** Zone of each node, in turn. */
  readonly zones?: readonly string[]
  readonly dualStack?: boolean
  readonly manager?: Partial<ControllerManagerOptions>
  readonly kubelet?: Partial<KubeletOptions>
  readonly seed?: number
}

export function startCluster({
  nodes = 2,
  zones,
  dualStack = false,
  manager = {},
  kubelet = {},
  seed = 1,
}: ClusterOptions = {}) {
  const serviceCIDRs = dualStack ? ['10.96.0.0/16', 'fd00:10:96::/112'] : ['10.96.0.0/16']
  const world = startServer({ serviceCIDRs, seed })
  const { server, clock, client } = world
  const errors: unknown[] = []
  const clusterCIDRs = dualStack ? ['10.244.0.0/16', 'fd00:10:244::/56'] : ['10.244.0.0/16']
  const controllers = new ControllerManager(new ApiClient(server, 'system:kube-controller-manager'), {
    clock,
    seed,
    nodeIpam: { clusterCIDRs },
    onError: (key, error) => void errors.push(`${key}: ${String(error)}`),
    ...manager,
  })
  const kubelets = Array.from({ length: nodes }, (_, index) => {
    const nodeName = `node-${index + 1}`
    return new Kubelet({
      clock,
      seed: seed + index,
      client: new ApiClient(server, `system:node:${nodeName}`),
      nodeName,
      addresses: dualStack ? [`192.168.0.${index + 1}`, `fd00::${index + 1}`] : [`192.168.0.${index + 1}`],
      ...(zones && { zone: zones[index % zones.length]! }),
      ...kubelet,
    })
  })
  controllers.start()
  for (const one of kubelets) one.start()
  const settle = () => {
    const result = clock.runUntilIdle()
    if (!result.idle) throw new Error('the cluster does not settle')
    return result
  }
  const podNames = (namespace = 'default') =>
    client.list(pods, { namespace }).items.map(({ metadata }) => metadata.name)
  settle()
  return { ...world, controllers, kubelets, errors, settle, podNames, client: client }
}

export function newDeployment(
  name: string,
  replicas: number,
  container: Partial<Container> = {},
): New<Deployment> {
  const labels = { app: name }
  return {
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'main', image: 'example.com/app:1', ...container }] },
      },
    },
  }
}

/** `node-1 10.244.0.2 Running ready`: a pod in short. */
export function briefPod({ spec, status, metadata }: Pod): string {
  const ready =
    status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True' ? 'ready' : 'unready'
  const going = metadata.deletionTimestamp === undefined ? '' : ' terminating'
  return `${spec.nodeName ?? '-'} ${status?.podIP ?? '-'} ${status?.phase} ${ready}${going}`
}
