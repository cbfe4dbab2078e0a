import { describe, expect, it } from 'vitest'
import { chainHash } from '../../../../src/proxy/iptables/chain-hash.ts'
import { endpointChain, isServiceChain, servicePortChains } from '../../../../src/proxy/iptables/names.ts'
import { newServicePortInfo } from '../../../../src/proxy/service-port.ts'
import { svc } from '../../../support/proxy/objects.ts'

const port = (name?: string) => ({ ...(name === undefined ? {} : { name }), port: 80 })
const info = (path: string, name?: string) =>
  newServicePortInfo(svc(path, { clusterIP: '172.30.0.41', ports: [port(name)] }), 'ipv4', port(name))

describe('chain names', () => {
  it.each([
    ['ns1/svc1:p80tcp', 'XPGD46QRK7WJZT7O'],
    ['ns1/svc1:p80tcp10.180.0.1:80', 'SXIVWICOYRO3J4NJ'],
    ['ns2/svc2:p80tcp', 'GNZBNJ2PO5MGZ6GT'],
    ['ns2/svc2:p80tcp10.180.0.2:80', 'RS4RBKLTHTF2IUXJ'],
    ['ns3/svc3:p80tcp', 'X27LE4BHSL4DOUIK'],
    ['ns4/svc4:p80tcp', '4SW47YFZTEDKD3PK'],
    ['ns5/svc5:p80tcp', 'NUKIZ6OKUXPJNT4C'],
  ])('%s hashes to %s', (text, hash) => expect(chainHash(text)).toBe(hash))

  it('puts the same hash behind each prefix of a service port', () =>
    expect(servicePortChains(info('ns1/svc1', 'p80'))).toEqual({
      cluster: 'KUBE-SVC-XPGD46QRK7WJZT7O',
      local: 'KUBE-SVL-XPGD46QRK7WJZT7O',
      firewall: 'KUBE-FW-XPGD46QRK7WJZT7O',
      external: 'KUBE-EXT-XPGD46QRK7WJZT7O',
    }))

  it('hashes the endpoint behind the service port, nothing between', () =>
    expect(endpointChain(info('ns2/svc2', 'p80').portName, '10.180.0.2:80')).toBe(
      'KUBE-SEP-RS4RBKLTHTF2IUXJ',
    ))

  it('leaves the colon out when the port has no name', () => {
    expect(info('ns1/svc1').nameString).toBe('ns1/svc1')
    expect(servicePortChains(info('ns1/svc1')).cluster).toBe(`KUBE-SVC-${chainHash('ns1/svc1tcp')}`)
  })

  it('knows which chains are its to delete', () => {
    for (const chain of ['KUBE-SVC-A', 'KUBE-SVL-A', 'KUBE-SEP-A', 'KUBE-FW-A', 'KUBE-EXT-A'])
      expect(isServiceChain(chain)).toBe(true)
    for (const chain of [
      'KUBE-SERVICES',
      'KUBE-EXTERNAL-SERVICES',
      'KUBE-FORWARD',
      'KUBE-FIREWALL',
      'CNI-SVC-A',
    ])
      expect(isServiceChain(chain)).toBe(false)
  })
})
