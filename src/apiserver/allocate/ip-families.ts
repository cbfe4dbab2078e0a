/** Which address families a service gets (KEP-563; pkg/registry/core/service/storage/alloc.go: initIPFamilyFields). */
import { forbiddenField, invalidValue, type FieldError } from '../meta/field-error.ts'
import { familyOf } from '../meta/ip.ts'
import type { Draft } from '../meta/json.ts'
import type { IPFamily, ServiceSpec } from '../types/index.ts'

/** Fills `ipFamilies` and `ipFamilyPolicy` of a service that is not ExternalName, or says what is wrong with them. `configured`: the cluster's, preferred first. */
export function defaultFamilies(
  spec: Draft<ServiceSpec>,
  old: ServiceSpec | undefined,
  configured: readonly IPFamily[],
): FieldError[] {
  const headless = spec.clusterIPs?.[0] === 'None'
  const asked = [...(spec.ipFamilies ?? [])]
  if (!headless)
    (spec.clusterIPs ?? []).forEach((ip, index) => {
      const family = familyOf(ip)
      if (family !== undefined) asked[index] ??= family
    })
  // A headless service without selector is somebody else's list of endpoints: any family may be in it.
  const foreign = headless && Object.keys(spec.selector ?? {}).length === 0
  spec.ipFamilyPolicy ??= asked.length === 2 || foreign ? 'RequireDualStack' : 'SingleStack'
  const policy = spec.ipFamilyPolicy
  if (policy === 'SingleStack' && asked.length === 2) {
    // An update that only lowers the policy drops the second family.
    if (old?.ipFamilyPolicy === undefined || old.ipFamilyPolicy === 'SingleStack')
      return [
        forbiddenField(
          'spec.ipFamilyPolicy',
          "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
        ),
      ]
    asked.length = 1
    if (!headless) spec.clusterIPs = (spec.clusterIPs ?? []).slice(0, 1)
  }
  if (!foreign) {
    const unknown = asked.findIndex((family) => !configured.includes(family))
    if (unknown >= 0)
      return [invalidValue(`spec.ipFamilies[${unknown}]`, asked[unknown], 'not configured on this cluster')]
    if (policy === 'RequireDualStack' && configured.length < 2)
      return [
        invalidValue('spec.ipFamilyPolicy', policy, 'this cluster is not configured for dual-stack services'),
      ]
  }
  if (asked.length === 0) asked.push(configured[0]!)
  if (asked.length === 1 && policy !== 'SingleStack' && (configured.length === 2 || foreign))
    asked.push(asked[0] === 'IPv4' ? 'IPv6' : 'IPv4')
  spec.ipFamilies = asked
  return []
}
