/**
 * The chains that do not depend on any service (pkg/proxy/iptables: syncProxyRules outside its loop). Written in every
 * sync; made once, so that they stay the same objects.
 */
import type { ChainCommand, RestoreChain } from '../../kernel/restore.ts'
import type { Family, Match } from '../../kernel/ruleset.ts'
import { hostNetwork, isLoopback } from '../ip.ts'
import type { NodePortAddresses } from '../node-port-addresses.ts'
import * as names from './names.ts'
import * as rules from './rules.ts'

export interface FixedOptions {
  readonly family: Family
  /** One bit. */
  readonly masqueradeMark: number
  readonly randomFully: boolean
  readonly localhostNodePorts: boolean
  /** nf_conntrack_tcp_be_liberal was on when kube-proxy started. */
  readonly conntrackTcpLiberal: boolean
  /** Count packets dropped as INVALID by an nfacct object. */
  readonly countInvalid: boolean
}

export interface FixedRules {
  readonly filterChains: readonly RestoreChain[]
  /** Before the rules of services. */
  readonly filterHead: readonly ChainCommand[]
  /** After them. */
  readonly filterTail: readonly ChainCommand[]
  readonly natChains: readonly RestoreChain[]
  readonly natHead: readonly ChainCommand[]
}

export function fixedRules(options: FixedOptions): FixedRules {
  const localnet = options.family === 'ipv4' && options.localhostNodePorts
  const filterChains = [
    names.KUBE_SERVICES,
    names.KUBE_EXTERNAL_SERVICES,
    names.KUBE_FORWARD,
    names.KUBE_NODEPORTS,
    names.KUBE_PROXY_FIREWALL,
  ]
  const natChains = [names.KUBE_SERVICES, names.KUBE_NODEPORTS, names.KUBE_POSTROUTING, names.KUBE_MARK_MASQ]
  return {
    filterChains: [...filterChains, ...(localnet ? [names.KUBE_FIREWALL] : [])].map(rules.chainLine),
    filterHead: localnet ? [blockLocalnet()] : [],
    filterTail: forwardRules(options),
    natChains: natChains.map(rules.chainLine),
    natHead: masqueradeRules(options),
  }
}

const LOCALNET = { address: '127.0.0.0', prefixLength: 8 }

/** `route_localnet` lets neighbours reach what listens on 127.0.0.1 only (CVE-2020-8558). Kubelet writes the same rule. */
function blockLocalnet(): ChainCommand {
  const header = { source: { value: LOCALNET, not: true }, destination: { value: LOCALNET } }
  const matches = [
    rules.comment('block incoming localnet connections'),
    rules.conntrack(true, 'RELATED', 'ESTABLISHED', 'DNAT'),
  ]
  return rules.append(names.KUBE_FIREWALL, rules.rule(header, matches, rules.DROP))
}

function forwardRules({ conntrackTcpLiberal, countInvalid, masqueradeMark }: FixedOptions): ChainCommand[] {
  const add = (matches: readonly Match[], target = rules.ACCEPT): ChainCommand =>
    rules.append(names.KUBE_FORWARD, rules.rule(rules.NO_HEADER, matches, target))
  const invalid: Match[] = [rules.conntrack(false, 'INVALID')]
  if (countInvalid) invalid.push({ kind: 'nfacct', name: names.NFACCT_INVALID_DROPPED })
  const marked: Match = { kind: 'mark', mark: { value: { value: masqueradeMark, mask: masqueradeMark } } }
  return [
    ...(conntrackTcpLiberal ? [] : [add(invalid, rules.DROP)]),
    add([rules.comment('kubernetes forwarding rules'), marked]),
    add([
      rules.comment('kubernetes forwarding conntrack rule'),
      rules.conntrack(false, 'RELATED', 'ESTABLISHED'),
    ]),
  ]
}

/** The mark is taken off again before MASQUERADE: a packet that is encapsulated walks the hooks twice (kubernetes#88986). */
function masqueradeRules({ masqueradeMark, randomFully }: FixedOptions): ChainCommand[] {
  const mark = { value: masqueradeMark, mask: masqueradeMark }
  const snat = rules.comment('kubernetes service traffic requiring SNAT')
  const range = randomFully ? { randomFully } : {}
  return [
    rules.append(
      names.KUBE_POSTROUTING,
      rules.rule(rules.NO_HEADER, [{ kind: 'mark', mark: { value: mark, not: true } }], { kind: 'RETURN' }),
    ),
    rules.append(
      names.KUBE_POSTROUTING,
      rules.rule(rules.NO_HEADER, rules.NO_MATCHES, { kind: 'MARK', value: masqueradeMark, mask: 0 }),
    ),
    rules.append(names.KUBE_POSTROUTING, rules.rule(rules.NO_HEADER, [snat], { kind: 'MASQUERADE', range })),
    rules.append(
      names.KUBE_MARK_MASQ,
      rules.rule(rules.NO_HEADER, rules.NO_MATCHES, { kind: 'MARK', ...mark }),
    ),
  ]
}

/** The last of KUBE-SERVICES: what is for the node itself may be for a node port. */
export function nodePortJumps(
  family: Family,
  addresses: NodePortAddresses,
  localhostNodePorts: boolean,
  interfaceAddresses: readonly string[],
): ChainCommand[] {
  const text = rules.comment('kubernetes service nodeports; NOTE: this must be the last rule in this chain')
  const target = rules.jump(names.KUBE_NODEPORTS)
  if (addresses.matchAll) {
    const header = withoutLoopback(family, localhostNodePorts)
    return [rules.append(names.KUBE_SERVICES, rules.rule(header, [text, rules.DST_LOCAL], target))]
  }
  return addresses
    .nodeIPs(interfaceAddresses)
    .filter((ip) => !isLoopback(ip) || (family === 'ipv4' && localhostNodePorts))
    .map((ip) => ({ destination: { value: hostNetwork(family, ip.text) } }))
    .map((header) => rules.append(names.KUBE_SERVICES, rules.rule(header, [text], target)))
}

function withoutLoopback(family: Family, localhostNodePorts: boolean) {
  if (family === 'ipv6') return { destination: { value: { address: '::1', prefixLength: 128 }, not: true } }
  return localhostNodePorts ? rules.NO_HEADER : { destination: { value: LOCALNET, not: true } }
}
