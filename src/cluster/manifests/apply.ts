/**
 * `kubectl apply`: creates what is new, merges what is there. A field that was in the last manifest of an object and is
 * not in this one is taken away; fields that nobody applied (an allocated ClusterIP, a replica count set by scaling)
 * stay. Whatever the apiserver refuses becomes a `Problem` with file, line and field.
 */
import {
  ApiClient,
  ApiError,
  findKind,
  kinds,
  namespaces,
  type ApiServer,
  type KindDefinition,
  type KubeObject,
  type New,
} from '../../apiserver/index.ts'
import { Problem } from '../../kernel/problem.ts'
import { convertManifests } from './convert.ts'
import { broughtAddresses, settleHere } from './dump.ts'
import { isRecord, type Manifest, type ManifestObject } from './document.ts'
import { ignoredFields } from './ignored.ts'
import { refuseUnknownFields } from './unknown-fields.ts'
import { sortByKind, type Warning } from './kinds.ts'
import { refuseTooManyPods } from './replicas.ts'

type JsonMap = Readonly<Record<string, unknown>>

/** Metadata that the server owns: a dump (`kubectl get -o yaml`) has it, an apply does not send it. */
const SERVER_METADATA = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
]

export class Applier {
  readonly #server: ApiServer
  readonly #isNode: (name: string) => boolean
  /** What was applied last and where it is written, by kind, namespace and name. */
  readonly #applied = new Map<string, { readonly body: JsonMap; readonly manifest: Manifest }>()

  /** `isNode`: whether pods can be on it; a node of this name may not have registered yet. */
  constructor(server: ApiServer, isNode: (name: string) => boolean = () => true) {
    this.#server = server
    this.#isNode = isNode
  }

  /** Applies in the order of kinds (namespaces first). Returns what the user should know. */
  apply(manifests: readonly Manifest[]): Warning[] {
    const current = convertManifests(manifests)
    const here = settleHere(current.manifests, (kind, namespace, name) => this.#exists(kind, namespace, name))
    const { applied, warnings } = sortByKind(here.manifests)
    warnings.unshift(...current.warnings, ...here.warnings)
    const order = new Map(kinds.map((kind, index) => [kind.kind, index]))
    const sorted = applied.toSorted(
      (a, b) => (order.get(a.object.kind) ?? 0) - (order.get(b.object.kind) ?? 0),
    )
    for (const manifest of sorted) refuseTooManyPods(manifest)
    for (const manifest of sorted) warnings.push(...this.#applyOne(manifest))
    return warnings
  }

  /** Where an object that was applied is written; `undefined` for one that a controller made. */
  placeOf(kind: string, namespace: string | undefined, name: string): Manifest['place'] | undefined {
    return this.#applied.get(keyOf(kind, namespace, name))?.manifest.place
  }

  #exists(kindName: string, namespace: string | undefined, name: string): boolean {
    if (kindName === 'Node' && this.#isNode(name)) return true
    const kind = kinds.find((each) => each.kind === kindName)
    if (kind === undefined) return false
    const client = new ApiClient(this.#server, 'kubectl')
    return client.find(kind, name, kind.namespaced ? (namespace ?? 'default') : undefined) !== undefined
  }

  #applyOne(manifest: Manifest): Warning[] {
    const warnings: Warning[] = []
    const warn = (message: string): void => {
      const field = /^unknown field "(.*)"$/.exec(message)?.[1]
      warnings.push(
        field === undefined
          ? { message, place: manifest.place() }
          : {
              message: `${manifest.object.kind} has no such field here: ignored`,
              place: manifest.place(field),
            },
      )
    }
    const kind = findKind(manifest.object)
    if (kind === undefined) throw new Error(`Applier: ${manifest.object.kind} is applied and not registered`)
    const client = new ApiClient(this.#server, 'kubectl', warn)
    const namespace = kind.namespaced ? (manifest.object.metadata.namespace ?? 'default') : undefined
    try {
      refuseUnknownFields(kind, manifest)
      if (namespace !== undefined && client.find(namespaces, namespace) === undefined) {
        client.create(namespaces, { metadata: { name: namespace } })
        warnings.push({
          message: `namespace ${namespace} is not in the manifests: created`,
          place: manifest.place('metadata.namespace'),
        })
      }
      const object = this.#send(client, kind, namespace, manifest)
      this.#sendStatus(client, kind, object, manifest.object)
      warnings.push(...ignoredFields(manifest))
    } catch (error) {
      throw error instanceof ApiError ? problemOf(error, manifest) : error
    }
    return warnings
  }

  #send(
    client: ApiClient,
    kind: KindDefinition,
    namespace: string | undefined,
    manifest: Manifest,
  ): KubeObject {
    for (const address of broughtAddresses(manifest)) this.#server.serviceAllocator.adopt(address)
    const body = bodyOf(manifest.object, namespace)
    const { name } = manifest.object.metadata
    const present = name === undefined ? undefined : client.find(kind, name, namespace)
    const before = this.#applied.get(keyOf(kind.kind, namespace, name ?? ''))?.body
    const stored =
      present === undefined
        ? client.create(kind, body as unknown as New<KubeObject>)
        : client.patch(kind, present.metadata, mergePatch(before ?? {}, body), {
            type: 'application/merge-patch+json',
          })
    this.#applied.set(keyOf(kind.kind, namespace, stored.metadata.name), { body, manifest })
    return stored
  }

  /**
   * The part of a status that a user may know better than any component: a load balancer's address, a node's, that
   * a pod has finished and which address it had, that a Job is done.
   */
  #sendStatus(client: ApiClient, kind: KindDefinition, object: KubeObject, given: ManifestObject): void {
    const status = knownStatus(kind.kind, given['status'])
    if (Object.keys(status).length === 0) return
    client.patch(
      kind,
      object.metadata,
      { status },
      { type: 'application/merge-patch+json', subresource: 'status' },
    )
  }
}

function knownStatus(kind: string, status: unknown): JsonMap {
  if (!isRecord(status)) return {}
  if (kind === 'Service' || kind === 'Node') return status
  if (kind === 'Job') return isFinished(status) ? status : {}
  const { phase, podIP, podIPs } = status
  if (kind !== 'Pod' || (phase !== 'Succeeded' && phase !== 'Failed')) return {}
  return { phase, ...(podIP !== undefined && { podIP }), ...(podIPs !== undefined && { podIPs }) }
}

/** A Job that is done makes no pods. */
function isFinished({ conditions }: Record<string, unknown>): boolean {
  return (
    Array.isArray(conditions) &&
    conditions.some(
      (each) =>
        isRecord(each) && ['Complete', 'Failed'].includes(String(each['type'])) && each['status'] === 'True',
    )
  )
}

function keyOf(kind: string, namespace: string | undefined, name: string): string {
  return `${kind}/${namespace ?? ''}/${name}`
}

function bodyOf({ status: _status, ...object }: ManifestObject, namespace: string | undefined): JsonMap {
  const metadata = Object.fromEntries(
    Object.entries(object.metadata).filter(([key]) => !SERVER_METADATA.includes(key)),
  )
  return { ...object, metadata: { ...metadata, ...(namespace === undefined ? {} : { namespace }) } }
}

/** RFC 7386 from what was applied to what is to be: what has gone is `null`. Lists are replaced whole. */
export function mergePatch(before: JsonMap, after: JsonMap): JsonMap {
  const patch: Record<string, unknown> = {}
  for (const key of Object.keys(before)) if (!(key in after)) patch[key] = null
  for (const [key, value] of Object.entries(after)) {
    const old = before[key]
    patch[key] = isRecord(value) ? mergePatch(isRecord(old) ? old : {}, value) : value
  }
  return patch
}

function problemOf({ status }: ApiError, manifest: Manifest): Problem {
  const [first, ...more] = status.details?.causes ?? []
  const message = status.message ?? status.reason ?? 'refused by the apiserver'
  if (first?.field !== undefined) {
    const place = manifest.place(first.field)
    // A field that was derived from another (targetPort from port) repeats its mistake, at the same line.
    const others = more
      .map((cause) => ({ ...cause, line: manifest.place(cause.field).line }))
      .filter(({ message: its, line }) => its !== first.message || line !== place.line)
      .map(
        ({ field = '', message: its = '', line }) =>
          `\n  also ${line === undefined ? '' : `line ${line}: `}${field}: ${its}`,
      )
    return new Problem(`${first.message ?? message}${others.join('')}`, place)
  }
  // The decoder names the place in its text.
  const at = /^(?:.*json: )?(.*?) \(at ([^)]+)\)$/.exec(message)
  return at === null
    ? new Problem(message, manifest.place())
    : new Problem(typeMismatch(at[1] ?? message), manifest.place(at[2] === 'the top' ? '' : at[2]))
}

const BOOLEANS = ' (in YAML no, off, yes and on are booleans: write it in quotes)'

/** `cannot unmarshal string into Go struct field X of type int32`, for people who do not write Go. */
function typeMismatch(message: string): string {
  const match = /cannot unmarshal (.*) into Go struct field .* of type (.*)$/.exec(message)
  if (match === null) return message
  const types: Readonly<Record<string, string>> = {
    int32: 'a number',
    int64: 'a number',
    string: 'a string',
    bool: 'true or false',
    map: 'a map',
    '[]': 'a list',
  }
  const [, given = '', wanted = ''] = match
  const got = given === 'bool' ? 'a boolean' : `${/^[aeiou]/.test(given) ? 'an' : 'a'} ${given}`
  return `expected ${types[wanted] ?? `a ${wanted}`}, got ${got}${given === 'bool' && wanted === 'string' ? BOOLEANS : ''}`
}
