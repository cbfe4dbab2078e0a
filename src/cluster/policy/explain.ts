/**
 * Why two ends may talk, for every port at once: the ports between which their policies cannot tell are asked once, and
 * those with the same answer for the same reason are told together. Only point verdicts are asked, so that this is also
 * a second opinion on the set answer.
 *
 * What an end's own policies say is one half, for either direction; halves are kept by what these policies can see, so
 * that the questions grow with what policies tell apart and not with the pairs.
 */
import type { Pod } from '../../apiserver/types/index.ts'
import type { Family } from '../../kernel/ruleset.ts'
import {
  connectionsKey,
  connectionsOf,
  NO_CONNECTIONS,
  OPTION_VALUES,
  PolicyError,
  unionConnections,
  type ConnectionSet,
  type Direction,
  type Endpoint,
  type Evaluator,
  type Flip,
  type PolicyOptions,
  type PolicyVerdict,
  type Question,
} from '../../policy/evaluate/index.ts'
import { getOrMake } from '../../policy/evaluate/collect.ts'
import { PORT_PROTOCOLS, type PortProtocol } from '../../policy/evaluate/facts.ts'
import type { ClusterView, PolicyView } from '../view.ts'
import type { EvaluatorOf } from './answer.ts'
import { mentionedPorts } from './mentions.ts'
import { policiesAbout } from './policies-about.ts'
import { Sights } from './sight.ts'

/** Ports with one answer for one reason. */
export interface Part {
  readonly connections: ConnectionSet
  readonly allowed: boolean
  /** A question that stands for all, without its ends. */
  readonly asked: Asked
  readonly flips: readonly Flip[]
}

type Asked = Pick<Question, 'protocol' | 'port'>

/** The parts of a pair of ends: together they are everything. Those that are allowed come first. */
export interface Parts {
  /** Two pairs have the same where all is alike but the names. */
  readonly key: string
  readonly list: readonly Part[]
}

export interface ToldPart extends Omit<Part, 'asked'> {
  /** Of the question that stands for all. */
  readonly verdict: PolicyVerdict
}

export interface PairEnd {
  readonly endpoint: Endpoint
  /** Where it is a pod: its ports have names. */
  readonly pod?: Pod
}

/** What one end's policies say, protocol by protocol. */
interface Half {
  readonly id: number
  readonly other: Answer
  readonly ported: Readonly<Record<PortProtocol, readonly Stretch[]>>
}

/** From this port on, until the next stretch. */
interface Stretch extends Answer {
  readonly start: number
}

interface Answer {
  readonly allowed: boolean
  /** The tiers walked, their outcomes and rules: a text that is the same for the same reason. */
  readonly why: string
  /** Whether it is allowed with another value of an option; undefined where that makes the question an error. */
  readonly otherwise: readonly (boolean | undefined)[]
}

/** One option of another value. */
interface Variant {
  readonly option: keyof PolicyOptions
  readonly value: string | boolean
  readonly evaluator: Evaluator
}

export class Explainer {
  readonly #evaluator: Evaluator
  readonly #family: Family
  readonly #variants: readonly Variant[]
  readonly #policiesOf: (endpoint: Endpoint, direction: Direction) => PolicyView
  readonly #sights: Sights
  readonly #halves = new Map<string, Half>()
  readonly #parts = new Map<string, Parts>()
  #asked = 0

  constructor(view: ClusterView, evaluatorOf: EvaluatorOf, options: Partial<PolicyOptions>, family: Family) {
    this.#evaluator = evaluatorOf(options)
    this.#family = family
    this.#variants = variantsOf(this.#evaluator.options, evaluatorOf)
    this.#policiesOf = policiesAbout(view, this.#evaluator.index)
    this.#sights = new Sights(this.#evaluator.index, family)
  }

  parts(from: PairEnd, to: PairEnd): Parts {
    const [egress, ingress] = [this.#half('egress', from, to), this.#half('ingress', from, to)]
    return getOrMake(this.#parts, `${egress.id} ${ingress.id}`, () => this.#together(egress, ingress))
  }

  /** The parts in the names of these ends, to which they belong. */
  tell(from: PairEnd, to: PairEnd, { list }: Parts): ToldPart[] {
    return list.map(({ asked, ...part }) => ({
      ...part,
      verdict: this.#evaluator.verdict(this.#question(from, to, asked)),
    }))
  }

  #question(from: PairEnd, to: PairEnd, asked: Asked): Question {
    return { from: from.endpoint, to: to.endpoint, family: this.#family, ...asked }
  }

  #half(direction: Direction, from: PairEnd, to: PairEnd): Half {
    const key = this.#sights.key(direction, from.endpoint, to.endpoint)
    return key === undefined
      ? this.#ask(direction, from, to)
      : getOrMake(this.#halves, key, () => this.#ask(direction, from, to))
  }

  #ask(direction: Direction, from: PairEnd, to: PairEnd): Half {
    const subject = direction === 'egress' ? from : to
    const starts = portStarts(this.#policiesOf(subject.endpoint, direction))
    const answer = (asked: Asked): Answer => this.#answer(direction, this.#question(from, to, asked))
    const stretches = (protocol: PortProtocol): Stretch[] =>
      sorted([...starts[protocol], ...namedPorts(to.pod, protocol)]).map((start) => ({
        start,
        ...answer({ protocol, port: start }),
      }))
    return {
      id: this.#asked++,
      other: answer({ protocol: 'icmp' }),
      ported: { tcp: stretches('tcp'), udp: stretches('udp'), sctp: stretches('sctp') },
    }
  }

  #answer(direction: Direction, question: Question): Answer {
    const { allowed, steps, ambiguous } = this.#evaluator.verdict(question)[direction]
    const walked = steps.map(({ tier, outcome, rule, selecting }) => [tier, outcome, rule, selecting])
    return {
      allowed,
      why: JSON.stringify([walked, ambiguous]),
      otherwise: this.#variants.map(({ evaluator }) => {
        try {
          return evaluator.verdict(question)[direction].allowed
        } catch (error) {
          // Under this option the question is an error: no verdict, so none that is flipped.
          if (error instanceof PolicyError) return undefined
          throw error
        }
      }),
    }
  }

  #together(egress: Half, ingress: Half): Parts {
    const parts = new Map<string, Part>()
    const add = (connections: ConnectionSet, asked: Asked, one: Answer, other: Answer): void => {
      const flips = this.#flips(one, other)
      const key = `${one.why} ${other.why} ${JSON.stringify(flips)}`
      const known = parts.get(key)
      parts.set(
        key,
        known === undefined
          ? { connections, allowed: one.allowed && other.allowed, asked, flips }
          : { ...known, connections: unionConnections(known.connections, connections) },
      )
    }
    add({ ...NO_CONNECTIONS, other: true }, { protocol: 'icmp' }, egress.other, ingress.other)
    for (const protocol of PORT_PROTOCOLS) {
      const [sent, taken] = [egress.ported[protocol], ingress.ported[protocol]]
      const starts = sorted([...sent, ...taken].map(({ start }) => start))
      let [i, j] = [0, 0]
      for (const [index, port] of starts.entries()) {
        while ((sent[i + 1]?.start ?? Infinity) <= port) i++
        while ((taken[j + 1]?.start ?? Infinity) <= port) j++
        const end = (starts[index + 1] ?? 65536) - 1
        add(connectionsOf(protocol, port, end), { protocol, port }, sent[i]!, taken[j]!)
      }
    }
    return {
      key: [...parts].map(([key, { connections }]) => `${connectionsKey(connections)} ${key}`).join('\n'),
      list: [...parts.values()].sort((a, b) => Number(b.allowed) - Number(a.allowed)),
    }
  }

  #flips(egress: Answer, ingress: Answer): Flip[] {
    const allowed = egress.allowed && ingress.allowed
    return this.#variants.flatMap(({ option, value }, index): Flip[] => {
      const [sent, taken] = [egress.otherwise[index], ingress.otherwise[index]]
      if (sent === undefined || taken === undefined || (sent && taken) === allowed) return []
      return [{ option, value, allowed: !allowed }]
    })
  }
}

function variantsOf(options: PolicyOptions, evaluatorOf: EvaluatorOf): Variant[] {
  return (Object.keys(OPTION_VALUES) as (keyof PolicyOptions)[]).flatMap((option) =>
    OPTION_VALUES[option].flatMap((value) =>
      value === options[option]
        ? []
        : [{ option, value, evaluator: evaluatorOf({ ...options, [option]: value }) }],
    ),
  )
}

/** A name is a number of the destination pod: where these are, and behind them. */
function namedPorts(pod: Pod | undefined, protocol: PortProtocol): number[] {
  return [...(pod?.spec.initContainers ?? []), ...(pod?.spec.containers ?? [])]
    .flatMap(({ ports = [] }) => ports)
    .filter(({ name, protocol: its = 'TCP' }) => name !== undefined && its.toLowerCase() === protocol)
    .flatMap(({ containerPort }) => [containerPort, containerPort + 1])
}

function portStarts(view: PolicyView): Record<PortProtocol, number[]> {
  const starts: Record<PortProtocol, number[]> = { tcp: [1], udp: [1], sctp: [1] }
  for (const { protocol, from, to } of mentionedPorts(view)) starts[protocol].push(from, to + 1)
  return { tcp: sorted(starts.tcp), udp: sorted(starts.udp), sctp: sorted(starts.sctp) }
}

function sorted(ports: readonly number[]): number[] {
  return [...new Set(ports)].filter((port) => port <= 65535).sort((a, b) => a - b)
}
