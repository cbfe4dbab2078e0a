/**
 * The fewest and smallest manifests that still show a difference: objects are taken away in halves, quarters … one by
 * one, then parts of what is left (rules, peers, ports, exceptions), as long as the difference stays.
 */
import { manifestOf, type Manifest, type ManifestObject } from '../../cluster/manifests/document.ts'

export interface Shrunk {
  readonly manifests: readonly Manifest[]
  /** How often the question was asked anew. */
  readonly tries: number
}

/** `stillDiffers` is asked at most `limit` times. */
export async function shrinkManifests(
  manifests: readonly Manifest[],
  stillDiffers: (manifests: readonly Manifest[]) => Promise<boolean>,
  limit = 300,
): Promise<Shrunk> {
  let best = manifests
  let tries = 0
  const keep = async (smaller: readonly Manifest[]): Promise<boolean> => {
    if (tries >= limit) return false
    tries++
    if (!(await stillDiffers(smaller))) return false
    best = smaller
    return true
  }
  /** The first smaller form of one object that still differs. */
  const keepOne = async (index: number): Promise<boolean> => {
    for (const object of reductions(best[index]!.object)) {
      if (await keep(best.toSpliced(index, 1, ...manifestOf(object)))) return true
    }
    return false
  }
  for (let size = Math.ceil(best.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < best.length;) {
      if (!(await keep(best.toSpliced(at, size)))) at += size
    }
  }
  for (let index = 0; index < best.length; index++) {
    while (await keepOne(index)) {
      // As long as it gets smaller.
    }
  }
  return { manifests: best, tries }
}

/** Lists whose items mean more connections or fewer, whichever API they are of. */
const LISTS = new Set([
  'ingress',
  'egress',
  'from',
  'to',
  'ports',
  'protocols',
  'except',
  'networks',
  'matchExpressions',
  'policyTypes',
])

/** The object with one item less, for every item of every list of a policy. */
function reductions(object: ManifestObject): ManifestObject[] {
  if (!object.kind.endsWith('NetworkPolicy')) return []
  return without(object['spec']).map((spec) => ({ ...object, spec }))
}

function without(value: unknown): unknown[] {
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index) => without(item).map((less) => value.with(index, less)))
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    const shorter =
      LISTS.has(key) && Array.isArray(inner) ? inner.map((_, index) => inner.toSpliced(index, 1)) : []
    return [...shorter, ...without(inner)].map((less) => ({ ...value, [key]: less }))
  })
}
