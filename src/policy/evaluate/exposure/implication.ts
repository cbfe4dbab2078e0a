/**
 * What holds of selectors whatever the labels are. Exact: the requirements on different keys are independent, and a key
 * matters only by the values that are named, by having some other value, and by being absent.
 */
import { meets, type Requirement, type Selector } from '../select.ts'

/** Some labels meet it. */
export function satisfiable({ requirements }: Selector): boolean {
  return keysOf(requirements).every((key) => {
    const own = about(key, requirements)
    return decisiveValues(own).some((value) => own.every((one) => meets(one, value)))
  })
}

/** All labels that `inner` selects are selected by `outer`. Of a selector that nothing meets, everything is true. */
export function implies(inner: Selector, outer: Selector): boolean {
  if (!satisfiable(inner)) return true
  return keysOf(outer.requirements).every((key) => {
    const [own, others] = [about(key, inner.requirements), about(key, outer.requirements)]
    return decisiveValues([...own, ...others])
      .filter((value) => own.every((one) => meets(one, value)))
      .every((value) => others.every((one) => meets(one, value)))
  })
}

/** The values of a key that requirements on it can tell apart: those that are named, some other, and none. */
export function decisiveValues(requirements: readonly Requirement[]): (string | undefined)[] {
  const named = new Set(requirements.flatMap(({ values }) => values))
  return [undefined, ...named, otherThan(named)]
}

function keysOf(requirements: readonly Requirement[]): string[] {
  return [...new Set(requirements.map(({ key }) => key))]
}

function about(key: string, requirements: readonly Requirement[]): Requirement[] {
  return requirements.filter((one) => one.key === key)
}

function otherThan(names: ReadonlySet<string>): string {
  let number = 0
  while (names.has(`other${number || ''}`)) number++
  return `other${number || ''}`
}
