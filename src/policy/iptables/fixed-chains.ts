/**
 * The chains that stand as long as there is any policy, in the table mangle:
 *
 * ```
 *   PREROUTING ─▶ NETPOL-PREROUTING   a pod sends with its own address only
 *   FORWARD ─▶ NETPOL-FORWARD ─┬▶ NETPOL-EGRESS ─▶ …-NP ─▶ …-BASE   pods of this node as sources
 *                              └▶ NETPOL-INGRESS ─▶ …-NP ─▶ …-BASE  pods of this node as destinations
 *   INPUT ─▶ NETPOL-INPUT ─▶ NETPOL-EGRESS    a pod to its own node: ClusterNetworkPolicies only
 * ```
 *
 * Mangle FORWARD comes after nat PREROUTING and before nat POSTROUTING, so policies see the real client and the chosen
 * backend. ACCEPT there ends the table mangle only: kube-proxy's rules in filter still run, and neither writer cares who
 * came first.
 */
import type { Family, Match, Rule, RuleHeader, TableName } from '../../kernel/ruleset.ts'
import type { Placement } from '../plan/inputs.ts'
import type { LiveConnections } from './lane.ts'
import { liveChains, REPLIES } from './live.ts'
import { firstChain, FORWARD, INPUT, LIVE, NEIGHBOURS, OUTPUT, PREROUTING, SPOOFED } from './names.ts'
import { ACCEPT, comment, DROP, goto, inSet, jump, protocolHeader, RETURN, rule, states } from './rules.ts'

export const TABLE: TableName = 'mangle'

/** Local pods that any policy is about, by direction; and those whose traffic to their own node is policed. */
export const GATES = {
  egress: 'NETPOL-egress',
  ingress: 'NETPOL-ingress',
  nodeEgress: 'NETPOL-node-egress',
} as const

export interface FixedOptions {
  readonly family: Family
  readonly live: LiveConnections
  readonly placement: Placement
  /** Interfaces that lead to pods: `veth+`. */
  readonly podInterfaces: string
  /** Traffic of pods to their own node is policed. */
  readonly input: boolean
}

/** A rule in a built-in chain that leads to ours. */
export interface Hook {
  readonly chain: string
  readonly rule: Rule
}

const toForward = hookRule(FORWARD, 'network policies')
const HOOKS = {
  forward: { chain: 'FORWARD', rule: toForward },
  /** Where a dataplane asks too early. */
  early: { chain: 'PREROUTING', rule: toForward },
  input: { chain: 'INPUT', rule: hookRule(INPUT, 'network policies') },
  output: { chain: 'OUTPUT', rule: hookRule(OUTPUT, 'network policies') },
  spoofed: { chain: 'PREROUTING', rule: hookRule(PREROUTING, 'pods send with their own addresses') },
} as const satisfies Record<string, Hook>

export function hooks({ placement, input }: Pick<FixedOptions, 'placement' | 'input'>): readonly Hook[] {
  return [
    placement.hook === 'FORWARD' ? HOOKS.forward : HOOKS.early,
    ...(input ? [HOOKS.input] : []),
    ...(placement.ownNode === 'policed' ? [HOOKS.output] : []),
    ...(placement.reversePath ? [HOOKS.spoofed] : []),
  ]
}

function hookRule(chain: string, text: string): Rule {
  return rule({}, [comment(text)], jump(chain))
}

export function fixedChains(options: FixedOptions): Map<string, readonly Rule[]> {
  const { placement, input, live } = options
  const { family } = options
  const before = passing(options)
  // Between a pod and its own node only the pod's own connections are policed, and not their replies.
  const replies = live === 're-evaluate' ? [rule({}, [REPLIES], ACCEPT)] : []
  const toIngress = rule({}, [], goto(firstChain('ingress', 'original')))
  return new Map<string, readonly Rule[]>([
    [FORWARD, [...before, gate(GATES.egress, family), toIngress]],
    ...(input ? [[INPUT, [...replies, ...before, gate(GATES.nodeEgress, family)]] as const] : []),
    ...(placement.ownNode === 'policed' ? [[OUTPUT, [...replies, ...before, toIngress]] as const] : []),
    ...(placement.reversePath ? reversePath(options) : []),
    ...(placement.neighbourDiscovery && family === 'ipv6' ? [[NEIGHBOURS, NEIGHBOUR_RULES] as const] : []),
    ...(live === 're-evaluate' ? liveChains(family, GATES.egress) : []),
  ])
}

/** What passes without a question, in front. */
function passing({ family, live, placement }: FixedOptions): Rule[] {
  const { accepted, neighbourDiscovery } = placement
  const known = accepted.length === 0 ? [] : [states(...accepted)]
  return [
    ...(known.length === 0 ? [] : [rule({}, known, live === 'keep' ? ACCEPT : jump(LIVE))]),
    ...(neighbourDiscovery && family === 'ipv6'
      ? [rule(protocolHeader('ipv6-icmp'), [], jump(NEIGHBOURS))]
      : []),
  ]
}

function gate(base: string, family: Family): Rule {
  return rule(
    {},
    [comment('pods that policies select for egress'), inSet(base, family, 'src')],
    goto(firstChain('egress', 'original')),
  )
}

/** Router and neighbour solicitation and advertisement, redirect: never policed. */
const NEIGHBOUR_RULES: readonly Rule[] = [133, 134, 135, 136, 137].map((type) =>
  rule(protocolHeader('ipv6-icmp'), [{ kind: 'icmp6', icmpType: { value: { type } } }], ACCEPT),
)

/**
 * Link-local addresses have no way back in the routing table, and never leave the link: they are for neighbours. To the
 * node's other addresses nobody sends from one but to get past the policies, which know pods by their own addresses.
 */
function linkLocalRules({ family, placement }: FixedOptions): Rule[] {
  if (family === 'ipv4') return []
  const [linkLocal, multicast] = [network('fe80::', 10), network('ff00::', 8)]
  const from: RuleHeader = { source: linkLocal }
  return [
    ...(placement.neighbourDiscovery
      ? [rule({ ...from, ...protocolHeader('ipv6-icmp') }, [], jump(NEIGHBOURS))]
      : []),
    rule({ ...from, destination: linkLocal }, [], RETURN),
    rule({ ...from, destination: multicast }, [], RETURN),
  ]
}

function network(address: string, prefixLength: number): NonNullable<RuleHeader['source']> {
  return { value: { address, prefixLength } }
}

function reversePath(options: FixedOptions): (readonly [string, readonly Rule[]])[] {
  const inverted: Match = { kind: 'rpfilter', invert: true }
  return [
    [PREROUTING, [rule({ inInterface: { value: options.podInterfaces } }, [inverted], jump(SPOOFED))]],
    [
      SPOOFED,
      [
        ...linkLocalRules(options),
        rule({}, [comment('not an address of the pod')], DROP, { policy: { decision: 'spoofed' } }),
      ],
    ],
  ]
}
