/**
 * The reference evaluator's answer to the question that a request asks: whether policies let it pass, and which. It
 * speaks of policies only: `allowed` means that the packet reaches the stack it is for, whether or not something
 * listens there.
 */
import { flipsOf } from '../../policy/evaluate/flip.ts'
import type {
  DirectionVerdict,
  Endpoint,
  Evaluator,
  Flip,
  PolicyOptions,
  Question,
} from '../../policy/evaluate/index.ts'
import { checkRequest, type ConnectRequest } from '../connect.ts'
import { parseReference, type FlowProtocol } from '../reference.ts'
import { resolveDestination } from '../resolve/destination.ts'
import { ofFamily, resolveSource } from '../resolve/source.ts'
import { familyOf } from '../topology/plan.ts'
import type { ClusterView } from '../view.ts'
import { PathFinder, sourceAddress, type PolicyPath, type Sight } from './paths.ts'

/** `depends`: on the backend that is chosen. Policies allow some only, or with some only an answer comes back. */
export type ReferenceVerdict = 'allowed' | 'denied' | 'depends'

export interface ReferenceAnswer {
  readonly verdict: ReferenceVerdict
  /** One sentence: what decided. */
  readonly reason: string
  readonly from: string
  readonly to: string
  /** As the client sends it. ICMP has no ports: 0. */
  readonly request: {
    readonly src: string
    readonly dst: string
    readonly dport: number
    readonly protocol: FlowProtocol
  }
  /** One for every backend that may be chosen, in their order; at least one. */
  readonly paths: readonly ReferencePath[]
}

export interface ReferencePath {
  readonly allowed: boolean
  readonly reason: string
  readonly backend?: PolicyPath['backend']
  readonly services: readonly string[]
  readonly egress: Judgement
  readonly ingress: Judgement
  /** Options whose other value would flip this path's verdict. */
  readonly flips: readonly Flip[]
  /** Why it does not arrive whatever policies say. */
  readonly obstacle?: string
  /** Why no answer comes back although it arrives. */
  readonly unanswered?: string
}

/** One direction: what its judge sees, and what it says. */
export interface Judgement {
  readonly node?: string
  readonly src: string
  readonly dst: string
  readonly dport: number
  readonly question: Question
  readonly verdict: DirectionVerdict
}

/** An evaluator of what the view holds, under these options. */
export type EvaluatorOf = (options: Partial<PolicyOptions>) => Evaluator

export function referenceAnswer(
  view: ClusterView,
  evaluatorOf: EvaluatorOf,
  request: ConnectRequest,
  options: Partial<PolicyOptions> = {},
): ReferenceAnswer {
  checkRequest(request)
  const { port, protocol, family } = request
  const from = resolveSource(view, parseReference(request.from, 'from'), 'from')
  const source = family === undefined ? from : ofFamily(from, family, 'from')
  const wanted = {
    ...(port === undefined ? {} : { port }),
    ...(protocol === undefined ? {} : { protocol }),
  }
  const destination = resolveDestination(view, parseReference(request.to, 'to'), source, wanted, 'to')
  const paths = new PathFinder(view)
    .paths(source, destination)
    .map((path) => judge(evaluatorOf, options, path, destination.protocol))
  const src = sourceAddress(source, destination)
  return {
    ...summary(paths),
    from: labelled(source.label, src),
    to: labelled(destination.label, destination.address),
    request: {
      src,
      dst: destination.address,
      dport: destination.port,
      protocol: destination.protocol,
    },
    paths,
  }
}

function labelled(label: string, address: string): string {
  return label === address ? address : `${label} (${address})`
}

function summary(paths: readonly ReferencePath[]): { verdict: ReferenceVerdict; reason: string } {
  const [first] = paths as [ReferencePath]
  const allowed = paths.filter((path) => path.allowed)
  const working = allowed.filter((path) => !isFutile(path))
  const denied = paths.find((path) => !path.allowed)
  if (denied !== undefined) {
    return allowed.length === 0
      ? { verdict: 'denied', reason: denied.reason }
      : dependsOn(paths, allowed.length, 'may be reached', 'may not', denied)
  }
  const futile = allowed.find(isFutile)
  if (futile === undefined || working.length === 0) return { verdict: 'allowed', reason: first.reason }
  return dependsOn(paths, working.length, 'can answer', 'cannot', futile)
}

function dependsOn(
  paths: readonly ReferencePath[],
  count: number,
  can: string,
  cannot: string,
  { backend, reason }: ReferencePath,
): { verdict: 'depends'; reason: string } {
  const other = `${backend?.pod ?? 'one'} ${cannot}: ${reason}`
  return { verdict: 'depends', reason: `${count} of ${paths.length} backends ${can}; ${other}` }
}

/** Nothing comes of it, whatever policies say. */
function isFutile({ obstacle, unanswered }: ReferencePath): boolean {
  return (obstacle ?? unanswered) !== undefined
}

/** Both directions of one path, each asked what its judge sees. */
function judge(
  evaluatorOf: EvaluatorOf,
  options: Partial<PolicyOptions>,
  path: PolicyPath,
  protocol: FlowProtocol,
): ReferencePath {
  const questions: Questions = {
    egress: questionOf(path.egress, protocol),
    ingress: questionOf(path.ingress, protocol),
  }
  const { allowed, egress, ingress } = ask(evaluatorOf(options), questions)
  const { backend, services, obstacle, unanswered } = path
  return {
    allowed,
    reason: sentence(allowed, reasonOf(egress, ingress), path),
    ...(backend === undefined ? {} : { backend }),
    services,
    egress: judgement(path.egress, questions.egress, egress),
    ingress: judgement(path.ingress, questions.ingress, ingress),
    flips: flips(evaluatorOf, options, questions),
    ...(obstacle === undefined ? {} : { obstacle }),
    ...(unanswered === undefined ? {} : { unanswered }),
  }
}

/** What policies say, and what makes it pointless. */
function sentence(allowed: boolean, why: string, { obstacle, unanswered }: PolicyPath): string {
  const futile = obstacle ?? unanswered
  if (futile === undefined) return why
  if (!allowed) return `${why}; besides, ${futile}`
  const end = obstacle === undefined ? 'no answer can come back' : 'no packet can arrive'
  return `policies do not forbid it, but ${end}: ${futile}`
}

interface Questions {
  readonly egress: Question
  readonly ingress: Question
}

function ask(
  evaluator: Evaluator,
  { egress, ingress }: Questions,
): { allowed: boolean; egress: DirectionVerdict; ingress: DirectionVerdict } {
  const first = evaluator.verdict(egress)
  const second = same(egress, ingress) ? first : evaluator.verdict(ingress)
  const allowed = first.egress.allowed && second.ingress.allowed
  return { allowed, egress: first.egress, ingress: second.ingress }
}

/** One question asks the same objects under each option; two that are judged apart need an evaluator for each. */
function flips(evaluatorOf: EvaluatorOf, options: Partial<PolicyOptions>, questions: Questions): Flip[] {
  const evaluator = evaluatorOf(options)
  return same(questions.egress, questions.ingress)
    ? evaluator.flips(questions.egress)
    : flipsOf(evaluator.options, (other) => ask(evaluatorOf(other), questions).allowed)
}

function judgement(sight: Sight, question: Question, verdict: DirectionVerdict): Judgement {
  return {
    ...(sight.node === undefined ? {} : { node: sight.node }),
    src: sight.from.address,
    dst: sight.to.address,
    dport: sight.port,
    question,
    verdict,
  }
}

/** Who denies, or whoever had a say in allowing it. */
function reasonOf(egress: DirectionVerdict, ingress: DirectionVerdict): string {
  const both = [egress, ingress]
  const denying = both.filter(({ allowed }) => !allowed)
  const policies = both.filter(({ steps }) => steps.at(-1)?.rule !== undefined)
  const [deciding] = [denying.slice(0, 1), policies, [ingress]].filter(({ length }) => length > 0)
  return (deciding ?? both)
    .map(({ direction, steps }) => `${direction}: ${steps.at(-1)?.reason ?? ''}`)
    .join('; ')
}

function questionOf({ from, to, port, throughService }: Sight, protocol: FlowProtocol): Question {
  return {
    from: from.endpoint,
    to: to.endpoint,
    protocol,
    ...(protocol === 'icmp' ? {} : { port }),
    family: familyOf(to.address),
    ...(throughService ? { throughService } : {}),
  }
}

function same(a: Question, b: Question): boolean {
  return (
    a.port === b.port &&
    a.throughService === b.throughService &&
    sameEndpoint(a.from, b.from) &&
    sameEndpoint(a.to, b.to)
  )
}

function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
