/**
 * Where manifests come from: text, plain objects, a file, a folder (its .yaml, .yml and .json files, in name order,
 * subfolders included, files of expectations left out) or `-`, standard input. Files are read through `node:fs`,
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

/** Files of expectations stand beside the manifests that they are about, and are none. */
const EXPECTATIONS = /(^|[.-])expect\.ya?ml$/i

/** Reads `-f` as kubectl does. `-` is standard input. */
export async function loadPath(path: string): Promise<Manifest[]> {
  const { readFileSync, readdirSync, statSync } = await import('node:fs')
  const { join } = await import('node:path')
  const read = (file: string | number, name: string): Manifest[] => {
    let text: string
    try {
      text = readFileSync(file, 'utf8')
    } catch (error) {
      throw new Problem(`cannot be read: ${fileReason(error)}`, { file: name })
    }
    return parseManifests(text.replace(/^\uFEFF/, ''), name)
  }
  const walk = (file: string, named: boolean): Manifest[] => {
    let isDirectory: boolean
    try {
      isDirectory = statSync(file).isDirectory()
    } catch (error) {
      throw new Problem(`cannot be read: ${fileReason(error)}`, { file })
    }
    if (isDirectory) {
      return readdirSync(file)
        .filter((entry) => !EXPECTATIONS.test(entry))
        .sort()
        .flatMap((entry) => walk(join(file, entry), false))
    }
    return named || /\.(ya?ml|json)$/i.test(file) ? read(file, file) : []
  }
  const name = path === '-' ? 'stdin' : path
  const manifests = path === '-' ? read(0, name) : walk(path, true)
  if (manifests.length === 0) {
    const which = path === '-' ? '' : ' (.yaml, .yml and .json files are read)'
    throw new Problem(`holds no Kubernetes object${which}`, { file: name })
  }
  return manifests
}
