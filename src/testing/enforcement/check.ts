/**
 * Two answers to one question, compared: what the packet met, and what the reference evaluator says of the API objects.
 * They agree when an allowed connection's first packet reaches the other stack (something listens there or not) and its
 * answer comes back, and a denied one's is dropped by a rule. Anything else is a difference; nothing is excused.
 */
import { REASON_NETFILTER_DROP, REASON_NO_SOCKET, REASON_UNHANDLED_PROTO } from '../../abi/reason.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import { familyOf } from '../../cluster/topology/plan.ts'
import { reasonText, type Attempt, type AttemptResult } from '../../engine/index.ts'
import type {
  Endpoint,
  Evaluator,
  PolicyOptions,
  PolicyVerdict,
  Question,
} from '../../policy/evaluate/index.ts'
import { endsOf, type End } from './ends.ts'
import { questionsOf, type PacketQuestion, type QuestionSelection } from './questions.ts'

export interface EnforcementOptions extends QuestionSelection {
  /** How the API is read where implementations differ. */
  readonly policy?: Partial<PolicyOptions>
  /** Asked instead of the cluster's own. */
  readonly evaluator?: Pick<Evaluator, 'verdict'>
}

export interface EnforcementReport {
  /** Pairs of a question and a packet that were compared. */
  readonly checked: number
  readonly allowed: number
  readonly denied: number
  readonly differences: readonly Difference[]
}

export type DifferenceKind =
  /** Denied, and the packet reached the other stack. */
  | 'let through'
  /** Allowed, and a rule dropped the packet. */
  | 'blocked'
  /** Allowed and arrived, and the answer was lost. */
  | 'answer lost'
  /** Through a sticky Service: the next connection of one client arrived elsewhere. */
  | 'strayed'
  /** Something else ended the packet, or an answer came that should have been lost: neither answer is confirmed. */
  | 'undecided'

export interface Difference {
  readonly kind: DifferenceKind
  readonly question: PacketQuestion
  readonly expected: PolicyVerdict
  readonly observed: AttemptResult
}

const SOURCE_PORT = 39_998

/** `questions`: default, all that the policies of the cluster tell apart, or a sample of them. Time does not pass. */
export function checkEnforcement(
  cluster: Cluster,
  questions: readonly Question[] | undefined = undefined,
  options: EnforcementOptions = {},
): EnforcementReport {
  const evaluator = options.evaluator ?? cluster.evaluator(options.policy)
  const answers = probeQuestions(cluster, questions ?? questionsOf(cluster.view, options))
  let allowed = 0
  const differences: Difference[] = []
  for (const { question, observed } of answers) {
    const expected = evaluator.verdict(question)
    if (expected.allowed) allowed++
    const kind = differenceOf(expected.allowed, observed)
    if (kind !== undefined) differences.push({ kind, question, expected, observed })
  }
  return { checked: answers.length, allowed, denied: answers.length - allowed, differences }
}

export interface Answer {
  readonly question: PacketQuestion
  readonly observed: AttemptResult
}

export interface ProbeOptions {
  /** Conntrack keeps nothing of the packets. Default true. */
  readonly forget?: boolean
  readonly sourcePort?: number
}

/** A packet for each question. Those whose ends are not on the network or share no family are left out. */
export function probeQuestions(
  cluster: Cluster,
  questions: readonly Question[],
  { forget = true, sourcePort = SOURCE_PORT }: ProbeOptions = {},
): Answer[] {
  const ends = new Map(endsOf(cluster.view).map((end) => [keyOf(end.endpoint), end]))
  const there = new Set(cluster.engine.netnsNames())
  const asked = questions.flatMap((question) => {
    const made = attemptOf(ends, question, sourcePort)
    return made === undefined || !there.has(made.attempt.netns) ? [] : [made]
  })
  const results = cluster.probe(
    asked.map(({ attempt }) => attempt),
    { forget },
  )
  return asked.map(({ question }, index) => {
    const observed = results[index]
    if (observed === undefined) throw new Error('probeQuestions: a packet without a result')
    return { question, observed }
  })
}

/** The first packet reached the stack it was for. */
export function hasArrived({ verdict, reason }: AttemptResult): boolean {
  const refused = reason === REASON_NO_SOCKET || reason === REASON_UNHANDLED_PROTO
  return verdict === 'delivered' || (verdict === 'rejected' && refused)
}

export function differenceOf(allowed: boolean, observed: AttemptResult): DifferenceKind | undefined {
  if (hasArrived(observed)) {
    if (!allowed) return 'let through'
    return observed.reply === 'none' ? 'answer lost' : undefined
  }
  if (observed.verdict === 'dropped' && observed.reason === REASON_NETFILTER_DROP)
    return allowed ? 'blocked' : undefined
  return 'undecided'
}

/** Undefined where an end is not on the network, or the two share no family. */
function attemptOf(
  ends: ReadonlyMap<string, End>,
  question: Question,
  sourcePort: number,
): { question: PacketQuestion; attempt: Attempt } | undefined {
  const from = endOf(ends, question.from)
  const to = endOf(ends, question.to)
  if (from === undefined || to === undefined || question.protocol === 'other') return undefined
  const { protocol } = question
  for (const family of question.family === undefined ? (['ipv4', 'ipv6'] as const) : [question.family]) {
    const source = from.addresses.find((address) => familyOf(address) === family)
    const destination = to.addresses.find((address) => familyOf(address) === family)
    if (source === undefined || destination === undefined) continue
    return {
      question: { ...question, protocol, family },
      attempt: {
        netns: from.netns,
        protocol,
        source,
        sourcePort,
        destination,
        destinationPort: protocol === 'icmp' ? 0 : (question.port ?? 0),
      },
    }
  }
  return undefined
}

function endOf(ends: ReadonlyMap<string, End>, endpoint: Endpoint): End | undefined {
  const known = ends.get(keyOf(endpoint))
  if (known !== undefined || endpoint.kind !== 'address') return known
  const { address } = endpoint
  const holder = [...ends.values()].find(({ addresses }) => addresses.includes(address))
  return holder ?? { endpoint, label: address, netns: 'outside', addresses: [address] }
}

export function keyOf(endpoint: Endpoint): string {
  switch (endpoint.kind) {
    case 'pod':
      return `${endpoint.namespace}/${endpoint.name}`
    case 'node':
      return `node/${endpoint.name}`
    case 'address':
      return endpoint.address
  }
}

/** `default/a → default/b 80/tcp (ipv4)` */
export function formatQuestion({ from, to, protocol, port, family }: PacketQuestion): string {
  const on = port === undefined ? protocol : `${port}/${protocol}`
  return `${keyOf(from)} → ${keyOf(to)} ${on} (${family})`
}

/** `blocked: default/a → default/b 80/tcp (ipv4): …`, and with a cluster the packet's way. */
export function describeDifference(
  { kind, question, expected, observed }: Difference,
  cluster?: Cluster,
): string {
  const lines = [
    `${kind}: ${formatQuestion(question)}`,
    `  policies: ${expected.allowed ? 'allowed' : 'denied'}; ${expected.reason}`,
    `  packet:   ${observed.verdict}, ${reasonText(observed.reason)}; reply ${observed.reply}`,
  ]
  if (cluster !== undefined) lines.push(...wayOf(cluster, question).map((line) => `    ${line}`))
  return lines.join('\n')
}

function wayOf(cluster: Cluster, { from, to, protocol, port, family }: PacketQuestion): string[] {
  const end = endsOf(cluster.view).find(({ endpoint }) => keyOf(endpoint) === keyOf(to))
  const address = end?.addresses.find((one) => familyOf(one) === family)
  if (address === undefined) return []
  const { text } = cluster.trace({
    from: keyOf(from),
    to: address,
    protocol,
    ...(port === undefined ? {} : { port }),
  })
  return text.split('\n')
}

/** The report in words: the first difference in full, with a cluster its packet's way, and the next in a line each. */
export function formatReport(report: EnforcementReport, cluster?: Cluster): string {
  const { checked, allowed, denied, differences } = report
  const summary = `${checked} packets, ${allowed} allowed and ${denied} denied: ${differences.length} differ`
  const [first, ...others] = differences
  if (first === undefined) return summary
  const next = others.slice(0, 4).map(({ kind, question }) => `${kind}: ${formatQuestion(question)}`)
  return [summary, describeDifference(first, cluster), ...(next.length > 0 ? [next.join('\n')] : [])].join(
    '\n\n',
  )
}
