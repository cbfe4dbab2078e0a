/** Any history of a cluster: after each change, packets meet what the evaluator says of the objects as they are. */
import fc from 'fast-check'
import type { PodShape } from '../arbitraries/pod.ts'
import { arbitraryCluster, type ClusterPlan } from '../arbitraries/cluster.ts'
import { NARROW_VOCABULARY } from '../arbitraries/vocabulary.ts'
import { FINISHED_POD } from '../edge-cases/index.ts'
import type { PolicyCommand } from '../model/change.ts'
import { arbitraryHistory, runHistory } from '../model/commands.ts'
import { packetsSent, timePassed } from '../model/packets.ts'
import { newPod, podDeleted } from '../model/pods.ts'
import { policyRewritten } from '../model/policies.ts'
import type { PolicyConfig } from '../../cluster/components/node-policy.ts'
import { expectRecompiled } from './recompiled.ts'
import { policyProperty } from './property.ts'

interface History {
  readonly plan: ClusterPlan
  readonly commands: Iterable<PolicyCommand>
}

const unlabelledPod: PodShape = {
  namespace: 'default',
  labels: {},
  ports: [],
  secondPorts: [],
  hostNetwork: false,
  sidecar: false,
}

/** A pod that may reach the server stops, is gone, and another gets its address. */
const replaced: History = {
  plan: { ...FINISHED_POD.plan, finished: [] },
  commands: [
    podDeleted(0),
    packetsSent(1000, 1),
    timePassed(2000),
    newPod(unlabelledPod, 0),
    packetsSent(1000, 2),
  ],
}

/** A policy that let nobody in lets everybody in. */
const rewritten: History = {
  plan: { ...FINISHED_POD.plan, finished: [] },
  commands: [policyRewritten(0, { podSelector: {}, ingress: [{}] }), packetsSent(1000, 1)],
}

export const changesAreFollowed = policyProperty<History>({
  name: 'changesAreFollowed',
  description:
    'After any history of pods, labels, policies, rollouts and time, packets meet what the objects say now; the evaluator that heard of every change says what one from scratch says.',
  arbitrary: fc.record({
    plan: arbitraryCluster({ vocabulary: NARROW_VOCABULARY, maxServices: 0, minPolicies: 1 }),
    commands: arbitraryHistory(),
  }),
  edges: [replaced, rewritten],
  describe: ({ commands }) => [...commands].map((command) => `# ${command.toString()}\n`).join(''),
  holds: async ({ plan, commands }, setup) => {
    await runHistory(plan, [...commands, packetsSent(300, 7), recompiles(setup.policy)], setup)
  },
})

/** Nothing is left over in the kernel, and nothing is missing. */
function recompiles(policy?: PolicyConfig): PolicyCommand {
  return {
    check: () => true,
    run: async (_, { cluster }) => {
      await cluster.settle()
      expectRecompiled(cluster, policy)
    },
    toString: () => 'compiles from scratch',
  }
}
