/** A look at the packets in the middle of a history. */
import { checkEnforcement, formatReport } from '../enforcement/check.ts'
import { always, Change, HEARD, type PolicyCommand } from './change.ts'
import { checkedEvaluator } from './model.ts'

/** A look at the packets, whatever is under way. @throws Error that tells the differences */
export function packetsSent(packets: number, seed: number): PolicyCommand {
  return new Change('packets', always, (_, cluster) => {
    cluster.advance(HEARD)
    const evaluator = checkedEvaluator(cluster)
    const report = checkEnforcement(cluster, undefined, { limit: packets, seed, evaluator })
    if (report.differences.length > 0) throw new Error(formatReport(report, cluster))
    return ''
  })
}

/** The command, and a look at what came of it. */
export function lookedAt(command: PolicyCommand, packets: number, seed: number): PolicyCommand {
  const look = packetsSent(packets, seed)
  return {
    check: (model) => command.check(model),
    run: async (model, system) => {
      await command.run(model, system)
      await look.run(model, system)
    },
    toString: () => `${command.toString()}, packets`,
  }
}

export function timePassed(milliseconds: number): PolicyCommand {
  return new Change('time passes:', always, (_, cluster) => {
    cluster.advance(milliseconds)
    return `${milliseconds} ms`
  })
}
