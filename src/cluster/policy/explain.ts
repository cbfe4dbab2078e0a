/**
 * Why two ends may talk, for every port at once: the ports between which policies cannot tell are asked once, and those
 * with the same answer for the same reason are explained together. Only point verdicts are asked, so that this is also a
 * second opinion on the set answer.
 */
import type { Pod } from '../../apiserver/types/index.ts'
import type { Family } from '../../kernel/ruleset.ts'
import {
  connectionsOf,
  NO_CONNECTIONS,
  unionConnections,
  type ConnectionSet,
  type Endpoint,
  type Evaluator,
  type Flip,
  type PolicyVerdict,
  type Question,
} from '../../policy/evaluate/index.ts'
import { PORT_PROTOCOLS, type PortProtocol } from '../../policy/evaluate/facts.ts'
import type { ClusterView } from '../view.ts'
import { mentionedPorts } from './mentions.ts'

export interface Explanation {
  readonly src: string
  readonly dst: string
  /** Allowed first; each is explained by its first port. Together they are every connection. */
  readonly parts: readonly ExplainedPart[]
}

export interface ExplainedPart {
  readonly connections: ConnectionSet
  readonly allowed: boolean
  /** Of one question that stands for all. */
  readonly verdict: PolicyVerdict
  readonly flips: readonly Flip[]
}

export interface ExplainedEnd {
  readonly label: string
  readonly endpoint: Endpoint
  /** Where it is a pod: its ports have names. */
  readonly pod?: Pod
}

export class Explainer {
  readonly #evaluator: Evaluator
  /** First ports of stretches within which no policy that names numbers can tell one port from another. */
  readonly #starts: Readonly<Record<PortProtocol, readonly number[]>>

  constructor(view: ClusterView, evaluator: Evaluator) {
    this.#evaluator = evaluator
    this.#starts = portStarts(view)
  }

  explain(from: ExplainedEnd, to: ExplainedEnd, family: Family): Explanation {
    const parts = new Map<string, ExplainedPart>()
    const ask = (connections: ConnectionSet, asked: Pick<Question, 'protocol' | 'port'>): void => {
      const question: Question = { from: from.endpoint, to: to.endpoint, family, ...asked }
      const verdict = this.#evaluator.verdict(question)
      const flips = this.#evaluator.flips(question)
      const key = signature(verdict, flips)
      const known = parts.get(key)
      parts.set(
        key,
        known === undefined
          ? { connections, allowed: verdict.allowed, verdict, flips }
          : { ...known, connections: unionConnections(known.connections, connections) },
      )
    }
    ask({ ...NO_CONNECTIONS, other: true }, { protocol: 'icmp' })
    for (const protocol of PORT_PROTOCOLS) {
      const starts = this.#startsFor(protocol, to.pod)
      for (const [index, start] of starts.entries()) {
        const end = (starts[index + 1] ?? 65536) - 1
        ask(connectionsOf(protocol, start, end), { protocol, port: start })
      }
    }
    const sorted = [...parts.values()].sort((a, b) => Number(b.allowed) - Number(a.allowed))
    return { src: from.label, dst: to.label, parts: sorted }
  }

  /** A name is a number of the destination pod. */
  #startsFor(protocol: PortProtocol, pod: Pod | undefined): number[] {
    const named = [...(pod?.spec.initContainers ?? []), ...(pod?.spec.containers ?? [])]
      .flatMap(({ ports = [] }) => ports)
      .filter((port) => (port.protocol ?? 'TCP').toLowerCase() === protocol)
      .flatMap(({ containerPort }) => [containerPort, containerPort + 1])
    return sorted([...this.#starts[protocol], ...named])
  }
}

/** What makes two verdicts the same explanation: the tiers walked, their outcomes and rules, and what would flip them. */
function signature({ egress, ingress }: PolicyVerdict, flips: readonly Flip[]): string {
  const steps = [egress, ingress].map((direction) =>
    direction.steps.map(({ tier, outcome, rule, selecting }) => [tier, outcome, rule, selecting]),
  )
  return JSON.stringify([steps, egress.ambiguous, ingress.ambiguous, flips])
}

function portStarts(view: ClusterView): Record<PortProtocol, number[]> {
  const starts: Record<PortProtocol, number[]> = { tcp: [1], udp: [1], sctp: [1] }
  for (const { protocol, from, to } of mentionedPorts(view)) starts[protocol].push(from, to + 1)
  return { tcp: sorted(starts.tcp), udp: sorted(starts.udp), sctp: sorted(starts.sctp) }
}

function sorted(ports: readonly number[]): number[] {
  return [...new Set(ports)].filter((port) => port <= 65535).sort((a, b) => a - b)
}
