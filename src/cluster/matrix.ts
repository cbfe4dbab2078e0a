/**
 * Every workload to every workload on every port. Each pod of the one tries each pod of the other: their own rules and
 * nodes may differ. Where pods of a pair do not agree, the pair's verdict is the worst, and its reason says how many.
 * Conntrack forgets the attempts, so that a matrix changes nothing.
 */
import { reasonText, type Attempt, type AttemptResult } from '../engine/index.ts'
import type { Pod } from '../apiserver/index.ts'
import { Problem } from '../kernel/problem.ts'
import type { Family } from '../kernel/ruleset.ts'
import type { Connectivity, ConnectivityRow } from './connectivity.ts'
import type { Verdict } from './flow.ts'
import { checkFamily, checkFields, checkList } from './check.ts'
import { parsePort, parseProtocol, printPort, type PortSpec } from './reference.ts'
import { podNetns } from './topology/pieces.ts'
import { familyOf } from './topology/plan.ts'
import { podAddresses } from './view.ts'
import { workloads, type Workload } from './workload.ts'
import type { World } from './world.ts'

export interface MatrixRequest {
  readonly ports: readonly PortSpec[]
  /** `pod`: every pod is a row of its own. Default `workload`. */
  readonly by?: 'workload' | 'pod'
  /** Of the addresses. Default: the first that both ends have. */
  readonly family?: Family
}

const SOURCE_PORT = 39_999

/** Attempts made at once: bounds memory, not time. */
const BATCH = 4096

interface End {
  readonly netns: string
  readonly addresses: readonly string[]
}

export function matrix(world: World, request: MatrixRequest): Connectivity {
  const { ports, by = 'workload', family } = checkMatrixRequest(request)
  const rows = by === 'pod' ? workloads(world.view).flatMap(podsAsRows) : workloads(world.view)
  const ends = rows.map(({ pods }) => pods.map(endOf))
  const tally = new Tally(world)
  const queue = new Queue(world, (row, result) => tally.add(row, result))
  const results: ConnectivityRow[] = []
  for (const { port, protocol } of ports) {
    for (const [from, sources] of ends.entries()) {
      for (const [to, targets] of ends.entries()) {
        const index = results.length
        results.push({
          from: rows[from]?.label ?? '',
          to: rows[to]?.label ?? '',
          port,
          protocol,
          verdict: 'unknown',
          reason: 'no two pods share an address family',
        })
        // A pod's way to itself never leaves it: among several pods it says nothing.
        for (const source of sources) {
          for (const target of targets) {
            if (source === target && targets.length > 1) continue
            const attempt = attemptOf(source, target, { port, protocol }, family)
            if (attempt !== undefined) queue.add(index, attempt)
          }
        }
      }
    }
  }
  queue.flush()
  return {
    ports: ports.map(printPort),
    workloads: rows.map(({ label }) => label),
    rows: results.map((row, index) => ({ ...row, ...tally.verdict(index) })),
  }
}

/** Not every caller has a compiler that knows the types. */
export function checkMatrixRequest(request: MatrixRequest): MatrixRequest {
  checkFields(request, ['ports', 'by', 'family'], '')
  const { ports, by, family } = request
  checkFamily(family)
  checkList(ports, 'ports', 'ports, as [{ port: 80, protocol: "tcp" }]')
  for (const [index, spec] of ports.entries()) {
    const field = `ports[${index}]`
    checkFields(spec, ['port', 'protocol'], field)
    parseProtocol(String(spec.protocol), `${field}.protocol`)
    if (spec.protocol !== 'icmp') parsePort(String(spec.port), `${field}.port`)
    else if (spec.port !== 0) throw new Problem('icmp has no ports: expected 0', { field: `${field}.port` })
  }
  if (by !== undefined && by !== 'workload' && by !== 'pod') {
    throw new Problem(`${JSON.stringify(by)} is not known: expected workload or pod`, { field: 'by' })
  }
  return request
}

export function podsAsRows({ kind, namespace, pods }: Workload): Workload[] {
  return pods.map((pod) => ({
    kind,
    namespace,
    name: pod.metadata.name,
    label: `${namespace}/${pod.metadata.name}`,
    pods: [pod],
  }))
}

function endOf({ metadata, spec, status }: Pod): End {
  const netns =
    spec.hostNetwork === true ? (spec.nodeName ?? '') : podNetns(metadata.namespace ?? '', metadata.name)
  return { netns, addresses: podAddresses(status) }
}

function attemptOf(
  source: End,
  target: End,
  { port, protocol }: PortSpec,
  family: Family | undefined,
): Attempt | undefined {
  for (const destination of target.addresses) {
    if (family !== undefined && familyOf(destination) !== family) continue
    const own = source.addresses.find((address) => familyOf(address) === familyOf(destination))
    if (own === undefined) continue
    return {
      netns: source.netns,
      protocol,
      source: own,
      sourcePort: SOURCE_PORT,
      destination,
      destinationPort: protocol === 'icmp' ? 0 : port,
    }
  }
  return undefined
}

/** Attempts that wait for the engine, with the row each belongs to. */
class Queue {
  readonly #world: World
  readonly #done: (row: number, result: AttemptResult) => void
  #attempts: Attempt[] = []
  #rows: number[] = []

  constructor(world: World, done: (row: number, result: AttemptResult) => void) {
    this.#world = world
    this.#done = done
  }

  add(row: number, attempt: Attempt): void {
    this.#attempts.push(attempt)
    this.#rows.push(row)
    if (this.#attempts.length === BATCH) this.flush()
  }

  flush(): void {
    const results = this.#world.engine.probe(this.#attempts, { forget: true })
    for (const [index, result] of results.entries()) this.#done(this.#rows[index] ?? 0, result)
    this.#attempts = []
    this.#rows = []
  }
}

/** What the attempts of each row came to. */
class Tally {
  readonly #world: World
  readonly #rows: { worst: Verdict; reason: string; count: number; agreeing: number }[] = []

  constructor(world: World) {
    this.#world = world
  }

  add(row: number, result: AttemptResult): void {
    const { verdict, reason } = judge(this.#world, result)
    const entry = this.#rows[row]
    if (entry === undefined) {
      this.#rows[row] = { worst: verdict, reason, count: 1, agreeing: 1 }
      return
    }
    entry.count++
    if (verdict === entry.worst) entry.agreeing++
    else if (SEVERITY[verdict] > SEVERITY[entry.worst]) {
      entry.worst = verdict
      entry.reason = reason
      entry.agreeing = 1
    }
  }

  verdict(row: number): { verdict?: Verdict; reason?: string } {
    const entry = this.#rows[row]
    if (entry === undefined) return {}
    const { worst, reason, count, agreeing } = entry
    const some = agreeing === count ? '' : ` (${agreeing} of ${count} pairs of pods)`
    return { verdict: worst, reason: `${reason}${some}` }
  }
}

const SEVERITY: Readonly<Record<Verdict, number>> = { delivered: 0, rejected: 1, dropped: 2, unknown: 3 }

function judge(world: World, result: AttemptResult): { verdict: Verdict; reason: string } {
  const { verdict, reply, reason, where, replyWhere } = result
  if (verdict === 'delivered') {
    if (reply === 'answer') return ANSWERED
    return {
      verdict: 'dropped',
      reason: `the answer got lost${there(world, replyWhere)}: ${reasonText(reason)}`,
    }
  }
  const found = `${verdict}${there(world, where)}: ${reasonText(reason)}`
  if (verdict === 'rejected' && reply === 'none') {
    return { verdict: 'dropped', reason: `${found}, and its refusal got lost` }
  }
  return { verdict, reason: found }
}

const ANSWERED = { verdict: 'delivered', reason: 'answered' } as const

function there(world: World, netnsId: number): string {
  const netns = world.engine.netnsName(netnsId)
  return netns === undefined ? '' : ` in ${netns}`
}
