/** Manifests of kinds that another kind has replaced, as manifests of that kind; places stay where things are written. */
import { Problem } from '../../kernel/problem.ts'
import {
  convertAdminNetworkPolicy,
  fieldBeforeConversion,
  isConverted,
} from '../../policy/convert/admin-network-policy.ts'
import type { Manifest, ManifestObject } from './document.ts'
import type { Warning } from './kinds.ts'

export function convertManifests(manifests: readonly Manifest[]): {
  readonly manifests: readonly Manifest[]
  readonly warnings: readonly Warning[]
} {
  const warnings: Warning[] = []
  const written = new Set(
    manifests.flatMap(({ object: { kind, metadata } }) =>
      kind === 'ClusterNetworkPolicy' && metadata.name !== undefined ? [metadata.name] : [],
    ),
  )
  const converted = manifests.map((manifest): Manifest => {
    const { kind, metadata } = manifest.object
    if (!isConverted(manifest.object)) return manifest
    try {
      const { object, remark } = convertAdminNetworkPolicy(manifest.object)
      if (written.has(object.metadata.name))
        throw new Problem(
          `would become ClusterNetworkPolicy ${object.metadata.name}, which is among the manifests`,
          { field: 'metadata.name' },
        )
      warnings.push({ message: `${kind} ${metadata.name} ${remark}`, place: manifest.place() })
      return {
        object: object as ManifestObject,
        place: (field) => manifest.place(field === undefined ? undefined : fieldBeforeConversion(field)),
      }
    } catch (error) {
      if (error instanceof Problem) throw new Problem(error.reason, manifest.place(error.place.field))
      throw error
    }
  })
  return { manifests: converted, warnings }
}
