/** Services of every kind that kube-proxy writes rules for, dual-stack, beside the guestbook. */
export const SERVICES = `
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: echo }
spec:
  selector: { matchLabels: { app: echo } }
  template:
    metadata: { labels: { app: echo } }
    spec:
      containers:
        - name: echo
          image: example.com/echo:1
          ports: [{ containerPort: 7 }, { containerPort: 7, protocol: UDP }]
---
apiVersion: v1
kind: Pod
metadata: { name: client, labels: { app: client } }
spec:
  nodeName: node-1
  containers: [{ name: shell, image: busybox:1.36 }]
---
apiVersion: v1
kind: Service
metadata: { name: both }
spec:
  type: LoadBalancer
  ipFamilyPolicy: RequireDualStack
  clusterIPs: [10.96.7.1, 'fd00:10:96::701']
  externalIPs: [192.0.2.7]
  loadBalancerSourceRanges: [198.51.100.0/24, '2001:db8:100::/64']
  selector: { app: echo }
  ports:
    - { name: tcp, port: 7, nodePort: 30007 }
    - { name: udp, port: 7, protocol: UDP, nodePort: 30008 }
status: { loadBalancer: { ingress: [{ ip: 203.0.113.77 }, { ip: '2001:db8:113::77' }] } }
---
apiVersion: v1
kind: Service
metadata: { name: local }
spec:
  type: NodePort
  ipFamilyPolicy: RequireDualStack
  clusterIPs: [10.96.7.2, 'fd00:10:96::702']
  externalTrafficPolicy: Local
  internalTrafficPolicy: Local
  sessionAffinity: ClientIP
  selector: { app: echo }
  ports: [{ port: 7, nodePort: 30017 }]
---
apiVersion: v1
kind: Service
metadata: { name: nobody }
spec:
  type: NodePort
  ipFamilyPolicy: RequireDualStack
  clusterIPs: [10.96.7.3, 'fd00:10:96::703']
  selector: { app: nobody }
  ports: [{ port: 7, nodePort: 30027 }]
`

/** Its only endpoint is on node-2, and so is who announces it. */
export const ANNOUNCED_ELSEWHERE = `
apiVersion: v1
kind: Pod
metadata: { name: far, labels: { app: far } }
spec:
  nodeName: node-2
  containers: [{ name: far, image: example.com/far:1, ports: [{ containerPort: 7 }] }]
---
apiVersion: v1
kind: Service
metadata: { name: far }
spec:
  type: LoadBalancer
  clusterIP: 10.96.7.4
  externalIPs: [192.0.2.8]
  externalTrafficPolicy: Local
  selector: { app: far }
  ports: [{ port: 7 }]
`
