/**
 * Expectations put to a cluster: each to the packets and, if wanted, to the reference evaluator. A workload means every
 * pod of it: an expectation holds when it holds for all.
 */
import type { PolicyOptions } from '../../policy/evaluate/index.ts'
import { Problem } from '../../kernel/problem.ts'
import type { Cluster } from '../cluster.ts'
import type { ConnectRequest } from '../connect.ts'
import { packetFulfils, policiesFulfil } from './fulfils.ts'
import { parseReference } from '../reference.ts'
import { findPods } from '../resolve/find.ts'
import type { ClusterView } from '../view.ts'
import type { Expectation } from './read.ts'

export interface Checked {
  readonly expectation: Expectation
  readonly answers: readonly Answer[]
}

export interface Answer {
  /** The proxy mode, or `reference`. */
  readonly by: string
  /** `delivered` …; of the reference `allowed`, `denied` or `depends`. Of the pair that fails, or of the first. */
  readonly verdict: string
  readonly ok: boolean
  readonly reason: string
  /** Which pods, where a workload is meant and they do not all agree. */
  readonly pods?: string
}

export interface CheckOptions {
  /** Ask the packets. Default true. */
  readonly packets?: boolean
  /** Ask the reference evaluator, too. Default true. */
  readonly reference?: boolean
  readonly policyOptions?: Partial<PolicyOptions>
}

/** @throws Problem for what an expectation names and is not there, at the expectation's place */
export function checkExpectations(
  cluster: Cluster,
  expectations: readonly Expectation[],
  { packets = true, reference = true, policyOptions = {} }: CheckOptions = {},
): Checked[] {
  return expectations.map((expectation) => {
    const requests = requestsOf(cluster.view, expectation)
    const { expect } = expectation
    const packet = (request: ConnectRequest): Said => {
      const { verdict, reason } = cluster.connect(request)
      return { verdict, reason, ok: packetFulfils(expect, verdict) }
    }
    const policies = (request: ConnectRequest): Said => {
      const said = cluster.reference(request, policyOptions)
      return { verdict: said.verdict, reason: said.reason, ok: policiesFulfil(expect, said) }
    }
    return {
      expectation,
      answers: [
        ...(packets ? [answer(cluster.proxyMode, expectation, requests, packet)] : []),
        ...(reference ? [answer('reference', expectation, requests, policies)] : []),
      ],
    }
  })
}

interface Said {
  readonly verdict: string
  readonly reason: string
  readonly ok: boolean
}

function answer(
  by: string,
  { place }: Expectation,
  requests: readonly ConnectRequest[],
  one: (request: ConnectRequest) => Said,
): Answer {
  let first: Answer | undefined
  for (const request of requests) {
    const { verdict, reason, ok } = atPlace(place, () => one(request))
    const found = { by, verdict, ok, reason }
    if (!ok) return requests.length === 1 ? found : { ...found, pods: `${request.from} → ${request.to}` }
    first ??= found
  }
  if (first === undefined) throw new Error('checkExpectations: no request')
  return first
}

function requestsOf(view: ClusterView, expectation: Expectation): ConnectRequest[] {
  const { from, to, port, protocol, family, place } = expectation
  const rest = {
    ...(port === undefined ? {} : { port }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(family === undefined ? {} : { family }),
  }
  const sources = atPlace(place, () => podsMeant(view, from, 'from'))
  const targets = atPlace(place, () => podsMeant(view, to, 'to'))
  const requests = sources.flatMap((source) =>
    // A pod's way to itself says nothing about the others of its workload.
    targets
      .filter((target) => source !== target || targets.length === 1)
      .map((target) => ({ from: source, to: target, ...rest })),
  )
  return requests
}

/** Every running pod of a workload; anything else is itself. */
function podsMeant(view: ClusterView, text: string, field: string): string[] {
  const reference = parseReference(text, field)
  if (reference.kind === 'address' || reference.kind === 'node' || reference.kind === 'service') return [text]
  const { workload, pods } = findPods(view, reference, field)
  if (workload === undefined) return [text]
  const suffix = reference.port === undefined ? '' : `:${reference.port}`
  return pods.map(({ metadata }) => `${workload.namespace}/${metadata.name}${suffix}`)
}

function atPlace<T>(place: Expectation['place'], action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const { lines, ...entry } = place
    const { field: its = '' } = error.place
    const line = lines?.[its]
    const field = [entry.field ?? '', its].filter((part) => part !== '').join('.')
    throw new Problem(error.reason, {
      ...entry,
      ...(line === undefined ? {} : { line }),
      ...(field === '' ? {} : { field }),
    })
  }
}
