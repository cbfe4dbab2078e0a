/** One command of a history: something that happens to a cluster, and to the model of it. */
import type fc from 'fast-check'
import type { ApiClient, KindDefinition, KubeObject, Labels } from '../../apiserver/index.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import type { PodName, PolicyModel, PolicySystem } from './model.ts'

export type PolicyCommand = fc.AsyncCommand<PolicyModel, PolicySystem>

/** Virtual milliseconds that components get to hear of a change before packets are sent. Pods take 1000 to stop. */
export const HEARD = 20

/** `words` is what a report says; it is given when the command has run. */
export class Change implements PolicyCommand {
  readonly #name: string
  readonly #possible: (model: PolicyModel) => boolean
  readonly #change: (model: PolicyModel, cluster: Cluster) => string | Promise<string>
  #words: string

  constructor(
    name: string,
    possible: (model: PolicyModel) => boolean,
    change: (model: PolicyModel, cluster: Cluster) => string | Promise<string>,
  ) {
    this.#name = name
    this.#possible = possible
    this.#change = change
    this.#words = name
  }

  check(model: Readonly<PolicyModel>): boolean {
    return this.#possible(model)
  }

  async run(model: PolicyModel, { cluster }: PolicySystem): Promise<void> {
    this.#words = `${this.#name} ${await this.#change(model, cluster)}`.trimEnd()
  }

  toString(): string {
    return this.#words
  }
}

export const always = (): boolean => true

export function pick<T>(items: readonly T[], number: number): T {
  const item = items[number % items.length]
  if (item === undefined) throw new Error('policyCommands: nothing to pick from')
  return item
}

export function remove<T>(items: T[], item: T): void {
  items.splice(items.indexOf(item), 1)
}

export const pathOf = ({ namespace, name }: PodName): string => `${namespace}/${name}`

/** Of something new: no two have one. */
export function freshName(model: PolicyModel): string {
  return `made-${model.made++}`
}

/** The name of something new in a namespace, which the model knows from now on. */
export function made(model: PolicyModel, namespace: string): PodName {
  if (!model.namespaces.includes(namespace)) model.namespaces.push(namespace)
  return { namespace, name: freshName(model) }
}

/** The stored object, changed. */
export function rewrite<T extends KubeObject>(
  client: ApiClient,
  kind: KindDefinition<T>,
  { namespace, name }: Partial<PodName> & Pick<PodName, 'name'>,
  changed: (object: T) => T,
): void {
  client.update(kind, changed(client.get(kind, name, namespace)))
}

/** The same object with these labels, and no others. */
export function relabelled<T extends KubeObject>(object: T, labels: Labels): T {
  return { ...object, metadata: { ...object.metadata, labels } }
}
