import { describe, expect, it } from 'vitest'
import { parseManifests } from '../../../src/cluster/manifests/document.ts'
import { ignoredFields } from '../../../src/cluster/manifests/ignored.ts'

const warned = (text: string): string[] =>
  parseManifests(text, 'a.yaml')
    .flatMap(ignoredFields)
    .map(({ place, message }) => `${place.file}:${place.line}: ${place.field}: ${message}`)

const POD = `apiVersion: v1
kind: Pod
metadata:
  name: p
  annotations:
    kubernetes.io/ingress-bandwidth: 1M
    example.com/other: x
spec:
  dnsConfig: { nameservers: [192.0.2.1] }
  hostAliases: [{ ip: 192.0.2.1, hostnames: [a] }]
  securityContext:
    sysctls:
      - { name: kernel.shm_rmid_forced, value: "0" }
      - { name: net.ipv4.ip_local_port_range, value: 1024 65535 }
  initContainers:
    - name: sidecar
      ports:
        - containerPort: 90
          hostPort: 9090
  containers:
    - name: c
      ports:
        - containerPort: 80
        - containerPort: 81
          hostPort: 8081
`

describe('fields without effect', () => {
  it('of a pod are named with file, line and field', () => {
    const only = "is reached at the pod's address only"
    expect(warned(POD)).toEqual([
      `a.yaml:19: spec.initContainers[0].ports[0].hostPort: has no effect: no port of a node is forwarded to a pod, port 90 ${only}`,
      `a.yaml:25: spec.containers[0].ports[1].hostPort: has no effect: no port of a node is forwarded to a pod, port 81 ${only}`,
      'a.yaml:14: spec.securityContext.sysctls[1]: has no effect: net.ipv4.ip_local_port_range of a pod stays as the kernel has it',
      'a.yaml:9: spec.dnsConfig: has no effect: pods resolve no names',
      'a.yaml:10: spec.hostAliases: has no effect: pods resolve no names',
      'a.yaml:6: metadata.annotations[kubernetes.io/ingress-bandwidth]: has no effect: bandwidth is not modelled',
    ])
  })

  it('of a template are those of its pods', () => {
    const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: { name: d }
spec:
  template:
    metadata: { annotations: { k8s.v1.cni.cncf.io/networks: net1 } }
    spec:
      containers:
        - ports: [{ containerPort: 80, hostPort: 80 }]
`
    expect(warned(deployment).map((line) => line.split(': ').slice(0, 2).join(': '))).toEqual([
      'a.yaml:9: spec.template.spec.containers[0].ports[0].hostPort',
      'a.yaml:6: spec.template.metadata.annotations[k8s.v1.cni.cncf.io/networks]',
    ])
  })

  it('a hostPort in the network of the host is the port itself', () => {
    expect(warned(POD.replace('spec:', 'spec:\n  hostNetwork: true')).join()).not.toContain('hostPort')
  })

  it('of a service', () => {
    const service = `apiVersion: v1
kind: Service
metadata: { name: s }
spec:
  type: LoadBalancer
  loadBalancerClass: example.com/other
  externalTrafficPolicy: Local
  healthCheckNodePort: 30999
status:
  loadBalancer:
    ingress:
      - ip: 192.0.2.1
        hostname: one.example.com
      - hostname: two.example.com
`
    expect(warned(service)).toEqual([
      'a.yaml:6: spec.loadBalancerClass: no controller of class example.com/other runs: only a status gives this Service an address',
      'a.yaml:8: spec.healthCheckNodePort: is open in the rules of kube-proxy, but nothing listens there: its health checks are not modelled',
      'a.yaml:14: status.loadBalancer.ingress[1].hostname: has no effect: names are not resolved, only an ip is',
    ])
  })

  it('what says nothing about packets, or does have an effect, is not named', () => {
    expect(
      warned(
        'apiVersion: v1\nkind: Service\nmetadata: { name: s }\nspec: { sessionAffinity: ClientIP, ports: [{ port: 80, nodePort: 30080, appProtocol: http }] }\n---\n' +
          'apiVersion: v1\nkind: Pod\nmetadata: { name: p }\nspec: { dnsPolicy: ClusterFirst, containers: [{ name: c, image: i, resources: {} }] }\n',
      ),
    ).toEqual([])
  })
})
