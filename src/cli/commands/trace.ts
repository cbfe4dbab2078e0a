/** `podwire trace`: one real packet, its way and its end. */
import type { ConnectRequest } from '../../cluster/connect.ts'
import { packetFulfils, policiesFulfil } from '../../cluster/expectations/fulfils.ts'
import { EXPECTED, type Expected } from '../../cluster/expectations/read.ts'
import type { Flow } from '../../cluster/flow.ts'
import { parsePort, parseProtocol } from '../../cluster/reference.ts'
import { Problem } from '../../kernel/problem.ts'
import type { PolicyOptions } from '../../policy/evaluate/index.ts'
import { boot, BUILT_MODES, PROXY_MODES } from '../boot.ts'
import { EXIT_DONE, EXIT_EXPECTATION_FAILED } from '../exit.ts'
import { formatReference } from '../format/reference.ts'
import { asFlags, parseChoice, parseFamily, type ClusterFlags } from '../options.ts'
import { parseReferenceOptions, type PolicyFlags } from '../policy-options.ts'

export interface TraceFlags extends ClusterFlags, PolicyFlags {
  readonly from: string
  readonly to: string
  readonly port?: string
  readonly protocol?: string
  readonly family?: string
  readonly expect?: string
  readonly allModes?: boolean
  readonly reference?: boolean
  readonly output?: string
}

export async function trace(flags: TraceFlags): Promise<number> {
  const output = parseChoice(flags.output, '--output', ['text', 'json'], 'text')
  const expected =
    flags.expect === undefined ? undefined : parseChoice(flags.expect, '--expect', EXPECTED, 'delivered')
  const request = {
    from: flags.from,
    to: flags.to,
    ...(flags.port === undefined ? {} : { port: portFlag(flags.port) }),
    ...(flags.protocol === undefined ? {} : { protocol: parseProtocol(flags.protocol, '--protocol') }),
    ...(flags.family === undefined ? {} : { family: parseFamily(flags.family) }),
  }
  const options = parseReferenceOptions(flags)
  if (flags.reference === true) {
    if (flags.allModes === true) {
      throw new Problem('is for packets: policies say the same in every mode', { field: '--all-modes' })
    }
    return traceReference(flags, request, { options, output, expected })
  }
  const flows: Flow[] = []
  const texts: string[] = []
  for (const proxyMode of flags.allModes === true ? BUILT_MODES : [flags.proxyMode]) {
    const cluster = await boot(proxyMode === undefined ? flags : { ...flags, proxyMode })
    const { flow, text } = asFlags(() => cluster.trace(request))
    flows.push(flow)
    texts.push(text)
  }
  process.stdout.write(output === 'json' ? json(flows, flags.allModes === true) : texts.join('\n'))
  if (flags.allModes === true) {
    const missing = PROXY_MODES.filter((mode) => !BUILT_MODES.includes(mode))
    if (missing.length > 0) process.stderr.write(`podwire: not built yet: ${missing.join(', ')} mode\n`)
  }
  const wrong = flows.filter(({ verdict }) => expected !== undefined && !packetFulfils(expected, verdict))
  for (const { proxyMode, verdict } of wrong) {
    process.stderr.write(`podwire: expected ${expected}, got ${verdict} in ${proxyMode} mode\n`)
  }
  return wrong.length === 0 ? EXIT_DONE : EXIT_EXPECTATION_FAILED
}

interface ReferenceAsked {
  readonly options: Partial<PolicyOptions>
  readonly output: 'text' | 'json'
  readonly expected: Expected | undefined
}

/** What policies say does not depend on the proxy mode, and not on who listens: what is rejected was allowed. */
async function traceReference(
  flags: TraceFlags,
  request: ConnectRequest,
  { options, output, expected }: ReferenceAsked,
): Promise<number> {
  const cluster = await boot(flags)
  const answer = asFlags(() => cluster.reference(request, options))
  process.stdout.write(output === 'json' ? `${JSON.stringify(answer, null, 1)}\n` : formatReference(answer))
  if (expected === undefined || policiesFulfil(expected, answer)) return EXIT_DONE
  process.stderr.write(`podwire: expected ${expected}, policies say ${answer.verdict}\n`)
  return EXIT_EXPECTATION_FAILED
}

function portFlag(text: string): number | string {
  if (/^[a-z0-9-]*[a-z][a-z0-9-]*$/.test(text)) return text
  const [number, protocol] = text.split('/')
  if (number !== undefined && protocol !== undefined) {
    throw new Problem(`${JSON.stringify(text)}: write --port ${number} --protocol ${protocol}`, {
      field: '--port',
    })
  }
  if (!/^\d+$/.test(text)) {
    throw new Problem(
      `${JSON.stringify(text)} is not a port: expected a number from 1 to 65535 or the name of a port`,
      { field: '--port' },
    )
  }
  return parsePort(text, '--port')
}

/** One object; with --all-modes a list, one a mode. */
function json(flows: readonly Flow[], all: boolean): string {
  return `${JSON.stringify(all ? flows : flows[0], null, 1)}\n`
}
