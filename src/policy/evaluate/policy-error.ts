/** What the evaluator cannot answer: an object it cannot read, or a question that contradicts itself or the options. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError'
  /** `ClusterNetworkPolicy admin`; absent where the question is at fault. */
  readonly object: string | undefined
  /** `spec.egress[0].to[1].domainNames`. */
  readonly field: string | undefined

  constructor(message: string, object?: string, field?: string) {
    super([object, field, message].filter((part) => part !== undefined).join(': '))
    this.object = object
    this.field = field
  }
}
