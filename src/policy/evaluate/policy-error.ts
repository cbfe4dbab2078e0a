/**
 * What the evaluator cannot answer: an object that it cannot read, or a question that contradicts itself or the options.
 * The message is the reason with its place before it: `ClusterNetworkPolicy admin: spec.priority: has the priority …`.
 */
export class PolicyError extends Error {
  override readonly name = 'PolicyError'
  /** What is wrong, without where. */
  readonly reason: string
  /** `ClusterNetworkPolicy admin`; absent where the question is at fault. */
  readonly object: string | undefined
  /** `spec.egress[0].to[1].domainNames`. */
  readonly field: string | undefined

  constructor(reason: string, object?: string, field?: string) {
    super([object, field, reason].filter((part) => part !== undefined).join(': '))
    this.reason = reason
    this.object = object
    this.field = field
  }
}
