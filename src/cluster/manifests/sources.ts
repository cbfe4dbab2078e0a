/**
 * Where manifests come from: text, plain objects, a file, a folder (its .yaml, .yml and .json files, in name order,
 * subfolders included unless hidden, files of expectations left out) or `-`, standard input. Files are read through `node:fs`,
 * imported only when a path is given, so that a browser can use everything else.
 */
import { fileReason, Problem } from '../../kernel/problem.ts'
import { manifestOf, parseManifests, type Manifest } from './document.ts'

/** YAML text, a path, `-`, an object, or any of these in a list. */
export type ManifestInput = string | object | readonly ManifestInput[]

export async function loadManifests(input: ManifestInput): Promise<Manifest[]> {
  if (typeof input === 'string')
    return looksLikeText(input) ? parseManifests(input, 'manifest') : loadPath(input)
  if (Array.isArray(input)) {
    const all: Manifest[] = []
    for (const item of input as readonly ManifestInput[]) all.push(...(await loadManifests(item)))
    return all
  }
  return manifestOf(input)
}

/** A manifest has a line end or is a flow mapping or a `key: value`; a path has none of these. */
function looksLikeText(input: string): boolean {
  return /\n/.test(input) || /^\s*[{[]/.test(input) || /^\s*[\w"']+:(\s|$)/.test(input) || input.trim() === ''
}

/** UTF-8, or by its byte order mark UTF-16, which is what PowerShell writes and kubectl reads. */
function decodeText(bytes: Uint8Array, file: string): string {
  const [first, second] = bytes
  const mark = first === undefined || second === undefined ? 0 : (first << 8) | second
  const encoding = mark === 0xfffe ? 'utf-16le' : mark === 0xfeff ? 'utf-16be' : 'utf-8'
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    throw new Problem(`is no text in ${encoding.toUpperCase()}`, { file })
  }
}

/** Files of expectations stand beside the manifests that they are about, and are none. */
export function isExpectations(name: string): boolean {
  return /(^|[.-])expect\.ya?ml$/i.test(name)
}

/** Of a file or folder inside of one that is read: it is passed over. */
export function isHidden(name: string): boolean {
  return name.startsWith('.')
}

/** Reads `-f` as kubectl does. `-` is standard input. */
export async function loadPath(path: string): Promise<Manifest[]> {
  const { readFileSync, readdirSync, statSync } = await import('node:fs')
  const { join } = await import('node:path')
  const read = (file: string | number, name: string): Manifest[] => {
    let bytes: Uint8Array
    try {
      bytes = readFileSync(file)
    } catch (error) {
      throw new Problem(`cannot be read: ${fileReason(error)}`, { file: name })
    }
    return parseManifests(decodeText(bytes, name), name)
  }
  const walk = (file: string, { named, hidden }: { named: boolean; hidden: boolean }): Manifest[] => {
    let isDirectory: boolean
    try {
      isDirectory = statSync(file).isDirectory()
    } catch (error) {
      throw new Problem(`cannot be read: ${fileReason(error)}`, { file })
    }
    if (isDirectory) {
      if (hidden) return []
      return readdirSync(file)
        .filter((entry) => !isExpectations(entry))
        .sort()
        .flatMap((entry) => walk(join(file, entry), { named: false, hidden: isHidden(entry) }))
    }
    return named || /\.(ya?ml|json)$/i.test(file) ? read(file, file) : []
  }
  const name = path === '-' ? 'stdin' : path
  const manifests = path === '-' ? read(0, name) : walk(path, { named: true, hidden: false })
  if (manifests.length === 0) {
    const which = path === '-' ? '' : ' (.yaml, .yml and .json files are read)'
    throw new Problem(`holds no Kubernetes object${which}`, { file: name })
  }
  return manifests
}
