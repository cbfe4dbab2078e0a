/** Sets that rules need, said by what is in them. Equal specs have equal names, and share one set. */
import type { LabelSelector } from '../../apiserver/index.ts'
import { podSelectorKey, selectorKey, type PodSelector } from '../plan/plan.ts'
import { hashedSet } from './names.ts'

export type SetSpec = { readonly base: string } & (
  | {
      readonly kind: 'pods'
      readonly selector: PodSelector
      /** `local`: only pods of this node. */
      readonly scope: 'cluster' | 'local'
    }
  | { readonly kind: 'ports'; readonly name: string }
  | { readonly kind: 'nodes'; readonly selector: LabelSelector }
  | { readonly kind: 'networks'; readonly cidrs: readonly string[]; readonly except: readonly string[] }
)

/** Addresses of the pods that a selector selects. */
export function podsSet(selector: PodSelector, scope: 'cluster' | 'local'): SetSpec {
  const base = hashedSet(scope === 'local' ? 'subject' : 'pods', podSelectorKey(selector))
  return { base, kind: 'pods', selector, scope }
}

/** Addresses with the number that a name means there: every pod of the cluster that has a port of the name. */
export function portsSet(name: string): SetSpec {
  return { base: hashedSet('port', name), kind: 'ports', name }
}

export function nodesSet(selector: LabelSelector): SetSpec {
  return { base: hashedSet('nodes', selectorKey(selector)), kind: 'nodes', selector }
}

export function networksSet(cidrs: readonly string[], except: readonly string[]): SetSpec {
  const key = `${[...cidrs].sort().join()} except ${[...except].sort().join()}`
  return { base: hashedSet('net', key), kind: 'networks', cidrs, except }
}
