/** Mistakes with ports and protocols. */
import type { PlanPort } from '../plan/plan.ts'
import {
  clusterPolicyPlans,
  networkPolicyPlans,
  plans,
  withPorts,
  withRules,
  type FaultDefinition,
} from './fault.ts'

const changePorts = (change: (port: PlanPort) => readonly PlanPort[]) => plans(withPorts(change))

export const PORT_FAULTS = {
  namedPortResolvedOnSource: {
    description: 'A named port means the number that the source pod gives the name.',
    models: ['aws/aws-network-policy-agent#149', 'aws/aws-network-policy-agent#193'],
    apply: changePorts((port) => [port.kind === 'named' ? { ...port, resolvedOn: 'source' } : port]),
  },
  namedPortFirstValueWins: {
    description:
      'A named port means one number for all pods: that of the first pod that was seen to have the name.',
    models: ['cilium/cilium#24779', 'cilium/cilium#30003'],
    apply: (inputs) => {
      const numbers = new Map<string, number>()
      return {
        ...inputs,
        pod: (pod) => {
          const facts = inputs.pod(pod)
          if (facts === undefined) return undefined
          const ports = facts.ports.map((named) => {
            const key = `${named.name} ${named.protocol}`
            const port = numbers.get(key) ?? named.port
            numbers.set(key, port)
            return { ...named, port }
          })
          return { ...facts, ports }
        },
      }
    },
  },
  namedPortIgnoresProtocol: {
    description: 'A named port matches by its name alone: TCP is let in where the pod has the name on UDP.',
    models: ['np-guard/netpol-analyzer#412'],
    apply: changePorts((port) => [port.kind === 'named' ? { kind: 'named', name: port.name } : port]),
  },
  namedPortOpensAllPorts: {
    description: 'A rule with a named port lets in every port of the protocol.',
    models: ['ovn-kubernetes/ovn-kubernetes#2117'],
    apply: changePorts((port) => [
      port.kind === 'named' ? { kind: 'protocol', protocol: port.protocol ?? 'TCP' } : port,
    ]),
  },
  sidecarPortsMissed: {
    description: 'The named ports of sidecar containers are not known.',
    models: ['projectcalico/calico#8881', 'kubernetes/kubernetes#125285'],
    apply: (inputs) => ({
      ...inputs,
      pod: (pod) => inputs.pod({ ...pod, spec: { ...pod.spec, initContainers: [] } }),
    }),
  },
  endPortExclusive: {
    description: 'The last port of a range is left out.',
    models: ['kubernetes/enhancements#2090'],
    apply: networkPolicyPlans(
      withPorts((port) => [
        port.kind === 'range' && port.to > port.from ? { ...port, to: port.to - 1 } : port,
      ]),
    ),
  },
  endPortIgnored: {
    description: 'endPort is accepted and means nothing: only the first port is open.',
    models: ['cilium/cilium#28684', 'noironetworks/aci-containers#1653'],
    apply: networkPolicyPlans(
      withPorts((port) => [port.kind === 'range' ? { ...port, to: port.from } : port]),
    ),
  },
  clusterPolicyRangeIgnored: {
    description: 'Of a port range of a ClusterNetworkPolicy only the first port counts.',
    models: ['cilium/cilium#28684'],
    apply: clusterPolicyPlans(
      withPorts((port) => [port.kind === 'range' ? { ...port, to: port.from } : port]),
    ),
  },
  clusterPolicyNamedPortIgnored: {
    description: 'A named port of a ClusterNetworkPolicy matches nothing.',
    models: [],
    apply: clusterPolicyPlans(withPorts((port) => (port.kind === 'named' ? [] : [port]))),
  },
  clusterPolicyUdpIgnored: {
    description: 'A rule of a ClusterNetworkPolicy about UDP matches nothing.',
    models: [],
    apply: clusterPolicyPlans(
      withPorts((port) => (port.kind !== 'named' && port.protocol === 'UDP' ? [] : [port])),
    ),
  },
  sctpTreatedAsTcp: {
    description: 'What is not UDP is taken for TCP: an SCTP rule opens the TCP port.',
    models: ['kubernetes/kubernetes#102509'],
    apply: changePorts((port) => {
      const { protocol } = port
      return [protocol === 'SCTP' ? { ...port, protocol: 'TCP' } : port]
    }),
  },
  protocolWithoutPortIsAny: {
    description:
      'An entry of ports without a number (`ports: [{}]`) opens every protocol, not all ports of TCP.',
    models: ['projectcalico/libcalico-go#1135'],
    apply: networkPolicyPlans(
      withRules((rule) => [
        { ...rule, ports: rule.ports?.some(({ kind }) => kind === 'protocol') ? undefined : rule.ports },
      ]),
    ),
  },
  portlessRuleIsTcpOnly: {
    description: 'A rule without ports opens the ports of TCP and of nothing else.',
    models: ['aws/aws-network-policy-agent#90'],
    apply: networkPolicyPlans(
      withRules((rule) => [{ ...rule, ports: rule.ports ?? [{ kind: 'protocol', protocol: 'TCP' }] }]),
    ),
  },
} as const satisfies Record<string, FaultDefinition>
