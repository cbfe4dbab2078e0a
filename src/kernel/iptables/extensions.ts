/** Every extension by name: those that are modelled, and the names of those that exist and are not. */
import type { Extension } from './extension.ts'
import * as conntrack from './matches/conntrack.ts'
import * as header from './matches/header.ts'
import * as icmp from './matches/icmp.ts'
import * as markMatches from './matches/mark.ts'
import * as meter from './matches/meter.ts'
import * as origin from './matches/origin.ts'
import { set } from './matches/set.ts'
import * as transport from './matches/transport.ts'
import * as log from './targets/log.ts'
import * as markTargets from './targets/mark.ts'
import * as nat from './targets/nat.ts'
import * as rewrite from './targets/rewrite.ts'
import * as verdict from './targets/verdict.ts'
import type { Family } from '../ruleset.ts'

const byName = (extensions: readonly Extension[]): ReadonlyMap<string, Extension> =>
  new Map(extensions.map((extension) => [extension.name, extension]))

const MATCHES = byName(
  [transport, icmp, conntrack, markMatches, meter, { set }, header, origin].flatMap((module) =>
    Object.values(module),
  ),
)
const TARGETS = byName([verdict, markTargets, nat, log, rewrite].flatMap((module) => Object.values(module)))

/** What Debian's iptables 1.8.9 and xtables-addons ship besides: kept verbatim. */
const OTHER_MATCHES = new Set(
  (
    'ah bpf cgroup cluster connbytes connlabel connlimit cpu dccp devgroup ecn esp hashlimit helper ipcomp ipvs l2tp ' +
    'mac osf policy quota rateest realm socket string tcpmss time u32 udplite dst eui64 frag hbh ipv6header mh rt srh ' +
    'unclean account condition dhcpmac fuzzy geoip gradm iface ipp2p ipv4options lscan pknock psd quota2 asn'
  ).split(' '),
)
const OTHER_TARGETS = new Set(
  (
    'AUDIT CHECKSUM CLASSIFY CLUSTERIP CONNSECMARK DNPT ECN HMARK IDLETIMER LED NETMAP NFQUEUE QUEUE RATEEST SECMARK ' +
    'SNPT SYNPROXY TCPOPTSTRIP TEE TPROXY ULOG ACCOUNT CHAOS DELUDE DHCPMAC DNETMAP ECHO IPMARK LOGMARK PROTO SYSRQ ' +
    'TARPIT'
  ).split(' '),
)

const inFamily = (extension: Extension | undefined, family: Family): Extension | undefined =>
  extension && (extension.family === undefined || extension.family === family) ? extension : undefined

export const findMatch = (name: string, family: Family): Extension | undefined =>
  inFamily(MATCHES.get(name), family)
export const findTarget = (name: string, family: Family): Extension | undefined =>
  inFamily(TARGETS.get(name), family)
export const isOtherMatch = (name: string): boolean => OTHER_MATCHES.has(name)
export const isOtherTarget = (name: string): boolean => OTHER_TARGETS.has(name)

/** By kind, for printing: kinds of matches and targets never coincide but for the case of letters. */
const KINDS = new Map(
  [...MATCHES.values(), ...TARGETS.values()].map((extension) => [extension.kind, extension]),
)

export function extensionOf(kind: string): Extension {
  const extension = KINDS.get(kind)
  if (!extension) throw new Error(`no extension of kind ${kind}`)
  return extension
}

/** What `-p NAME` loads when an option of that protocol's match comes without `-m`. */
export function protocolMatch(protocol: number, family: Family): Extension | undefined {
  const name = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmp6', 132: 'sctp' }[protocol]
  return name === undefined ? undefined : findMatch(name, family)
}
