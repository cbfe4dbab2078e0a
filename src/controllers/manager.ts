/** The controllers of a cluster in one process, sharing informers: kube-controller-manager and kube-scheduler. */
import type { ApiClient } from '../apiserver/index.ts'
import { InformerFactory, type InformerFactoryOptions } from '../informer/index.ts'
import type { ControllerContext } from './context.ts'
import { startCronJobController } from './cronjob.ts'
import { startDaemonSetController } from './daemonset.ts'
import { startDeploymentController } from './deployment.ts'
import { startEndpointSliceController, type EndpointSliceOptions } from './endpointslice/controller.ts'
import { startGarbageCollector } from './garbage-collector.ts'
import { startJobController } from './job.ts'
import { startLoadBalancerController, type LoadBalancerOptions } from './load-balancer.ts'
import { startNamespaceController } from './namespace.ts'
import { startNodeIpamController, type NodeIpamOptions } from './node-ipam.ts'
import { startReplicaSetController, startReplicationController } from './replicaset.ts'
import { startScheduler } from './scheduler/scheduler.ts'
import { startStatefulSetController } from './statefulset.ts'

export interface ControllerManagerOptions extends InformerFactoryOptions {
  readonly nodeIpam: NodeIpamOptions
  readonly endpointSlice?: EndpointSliceOptions
  /** Absent: LoadBalancer services stay without addresses, as in a cluster without a cloud. */
  readonly loadBalancer?: LoadBalancerOptions
  readonly onError?: NonNullable<ControllerContext['onError']>
}

export class ControllerManager {
  readonly #informers: InformerFactory

  constructor(client: ApiClient, options: ControllerManagerOptions) {
    const { nodeIpam, endpointSlice, loadBalancer, onError, ...informers } = options
    this.#informers = new InformerFactory(client, informers)
    const context: ControllerContext = {
      client,
      informers: this.#informers,
      clock: options.clock,
      ...(onError && { onError }),
    }
    startNodeIpamController(context, nodeIpam)
    startScheduler(context)
    startDeploymentController(context)
    startReplicaSetController(context)
    startReplicationController(context)
    startDaemonSetController(context)
    startStatefulSetController(context)
    startCronJobController(context)
    startJobController(context)
    startEndpointSliceController(context, endpointSlice)
    startNamespaceController(context)
    startGarbageCollector(context)
    if (loadBalancer !== undefined) startLoadBalancerController(context, loadBalancer)
  }

  start(): void {
    this.#informers.start()
  }

  stop(): void {
    this.#informers.stop()
  }

  hasSynced(): boolean {
    return this.#informers.hasSynced()
  }
}
