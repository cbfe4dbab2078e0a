/** The commands and their flags. Commands are imported when they run, so that help and the first verdict are quick. */
import { Command, CommanderError, type Option } from 'commander'
import { Problem } from '../kernel/problem.ts'
import { EXIT_DONE, EXIT_USAGE, report } from './exit.ts'
import { clusterOptions } from './options.ts'
import { policyOptions } from './policy-options.ts'

/** Commands that are part of the surface and not built: they say so instead of being unknown. */
const NOT_YET = ['serve', 'bench']

function program(version: string, done: (code: number) => void): Command {
  const root = new Command('podwire')
    .description(
      'A packet-level Kubernetes dataplane emulator: see what a packet will really meet in a cluster.',
    )
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureOutput({ outputError: (text, write) => write(`podwire: ${text.replace(/^error: /, '')}`) })
    .exitOverride()
    .addHelpText(
      'after',
      `
WHO is pod/NAME, NS/POD, deploy/NAME (also sts, ds, rs, rc, job, cj), NS/WORKLOAD, node/NAME or an IP address.
WHERE is the same, or svc/NAME, NS/svc/NAME, IP:PORT.
Exit codes: 0 done, 1 an expectation failed, 2 the input or usage is wrong, 3 a fault of podwire.`,
    )

  root
    .command('demo')
    .description('boot the guestbook, print who may talk to whom, follow one packet')
    .option('--nodes <n>', 'nodes of the cluster')
    .option('--seed <n>', 'seed of every random choice')
    .action(async (options) => done(await (await import('./commands/demo.ts')).demo(options)))

  policyOptions(clusterOptions(root.command('trace')))
    .description('send a real packet and say what happened')
    .requiredOption('--from <who>', 'who sends it')
    .requiredOption('--to <where>', 'where it goes')
    .option('--port <port>', 'destination port')
    .option('--protocol <protocol>', 'tcp, udp, sctp or icmp (default: tcp)')
    .option('--family <family>', 'of addresses: ipv4 or ipv6 (default: the first that both ends have)')
    .option(
      '--expect <verdict>',
      'exit with 1 unless the verdict is this: delivered, rejected, dropped, allowed or denied',
    )
    .option('--all-modes', 'in every proxy mode that is built')
    .option('--reference', 'no packet: what policies say, by the reference evaluator')
    .option('-o, --output <format>', 'text or json')
    .action(async (options) => done(await (await import('./commands/trace.ts')).trace(options)))

  policyOptions(clusterOptions(root.command('matrix')))
    .description('every pair of workloads, every port: . delivered, X dropped, R rejected, ? unknown')
    .requiredOption('--port <ports>', 'ports as 80/tcp,53/udp; icmp for pings')
    .option('--family <family>', 'of addresses: ipv4 or ipv6 (default: the first that both ends have)')
    .option('--reference', 'no packets: what policies say (. allowed, X denied)')
    .option('-o, --output <format>', 'table, json, csv, md or svg')
    .action(async (options) => done(await (await import('./commands/matrix.ts')).matrix(options)))

  policyOptions(clusterOptions(root.command('list')))
    .description('every connection that policies allow, by the reference evaluator')
    .option('--family <family>', 'of addresses: ipv4 (default) or ipv6')
    .option('--exposure', 'also what is open to workloads that do not exist yet')
    .option('--within-workloads', 'also between the pods of one workload')
    .option('--focus-workload <names>', 'only lines of these workloads: NAME or NS/NAME, comma-separated')
    .option('--focus-workload-peer <names>', 'and of these at the other end')
    .option('--focus-direction <direction>', 'what the workloads get (ingress) or send (egress)')
    .option('--focus-conn <protocol-port>', 'only lines that hold this connection: tcp-8080')
    .option('-o, --output <format>', 'txt, json, csv, md, dot or svg')
    .action(async (options) => done(await (await import('./commands/list.ts')).list(options)))

  policyOptions(clusterOptions(root.command('explain')))
    .description('why two ends may talk or not: for every port, each tier and rule that decided')
    .option('--from <who>', 'a pod, workload, node or address (default: every workload)')
    .option('--to <who>', 'the same')
    .option('--family <family>', 'of addresses: ipv4 (default) or ipv6')
    .option('--explain-only <verdict>', 'allow or deny')
    .option('-o, --output <format>', 'txt or json')
    .action(async (options) => done(await (await import('./commands/explain.ts')).explain(options)))

  policyOptions(clusterOptions(root.command('diff')))
    .description('the connections that a change of manifests adds, removes and changes')
    .argument('<first>', 'manifests before: a file, a folder or -')
    .argument('<second>', 'manifests after; what -f names belongs to both')
    .option('--family <family>', 'of addresses: ipv4 (default) or ipv6')
    .option('--exit-code', 'exit with 1 when there is a difference')
    .option('-o, --output <format>', 'txt, json, csv, md, dot or svg')
    .action(async (first, second, options) =>
      done(await (await import('./commands/diff.ts')).diff({ ...options, first, second })),
    )

  policyOptions(clusterOptions(root.command('verify')))
    .description(
      'check expectations; without any, property-test the policies: packets against the reference evaluator',
    )
    .option('--expect <file>', 'who should reach whom (YAML, docs/expectations.md); repeatable', collect)
    .option('--runs <n>', 'packets to draw (default: 1000 when nothing is expected, else none)')
    .option('--mutate', 'which mistakes of real dataplanes the expectations would notice (table or json)')
    .option('--min-score <percent>', 'with --mutate: exit with 1 when less is noticed')
    .option('-o, --output <format>', 'table, json, junit or tap')
    .action(async (options) => done(await (await import('./commands/verify.ts')).verify(options)))

  clusterOptions(root.command('render'))
    .description('print the kernel objects of one node')
    .option('--node <name>', 'the node; for --as script, the whole cluster when left out')
    .option('--as <form>', 'iptables-save (default), ipset or script (which a real Linux accepts)')
    .option('--family <family>', 'for iptables-save: ipv4 (default) or ipv6 (for ip6tables-restore)')
    .action(async (options) => done(await (await import('./commands/render.ts')).render(options)))

  root
    .command('lab')
    .description('run a lab script in the engine')
    .argument(
      '<script>',
      'commands of ip, sysctl, iptables, ipset, conntrack; one a line; - for standard input',
    )
    .option('--inject <NS/IF=FILE>', 'send the frames of a pcap file into an interface', collect)
    .option('--capture <NS/IF=FILE>', 'write what arrives at an interface to a pcap file', collect)
    .option('--then <script>', 'run this after the frames and print what it prints')
    .option('--seed <n>', 'seed of every random choice')
    .option('-v, --verbose', 'also show what the first script prints')
    .action(async (script, options) =>
      done(await (await import('./commands/lab.ts')).lab({ ...options, script })),
    )

  for (const name of NOT_YET) {
    root
      .command(name, { hidden: true })
      .allowUnknownOption()
      .allowExcessArguments()
      .helpOption(false)
      .action(() => {
        process.stderr.write(`podwire: ${name} is not available yet in this version\n`)
        done(EXIT_USAGE)
      })
  }
  for (const command of root.commands) {
    for (const option of command.options) if (option.parseArg === undefined) option.argParser(only(option))
  }
  return root
}

/** The last of several would win, and nobody would know. */
function only({ long }: Option): (value: string, before: string | undefined) => string {
  return (value, before) => {
    if (before !== undefined) throw new Problem('is given twice', { field: long ?? '' })
    return value
  }
}

function collect(value: string, all: readonly string[] = []): string[] {
  return [...all, value]
}

/** Runs one command line (without the program's name) and returns its exit code. */
export async function run(argv: readonly string[], version: string): Promise<number> {
  let code = EXIT_DONE
  const root = program(version, (result) => {
    code = result
  })
  try {
    if (argv.length === 0) {
      root.outputHelp({ error: true })
      return EXIT_USAGE
    }
    await root.parseAsync(argv, { from: 'user' })
    return code
  } catch (error) {
    // Commander has told the user already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_DONE : EXIT_USAGE
    return report(error)
  }
}
