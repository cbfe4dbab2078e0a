/** Files of expectations in the folders of `-f`: they are no manifests, and easily thought to be checked. */
import { readdirSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { isExpectations, isHidden } from '../../cluster/manifests/sources.ts'

/** Those that are not `named`; by folder and name. */
export function unnamedExpectations(paths: readonly string[], named: readonly string[]): string[] {
  const known = new Set(named.map((path) => resolve(path)))
  const isFolder = (path: string): boolean =>
    statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  const within = (folder: string): string[] =>
    readdirSync(folder)
      .sort()
      .map((entry) => join(folder, entry))
      .flatMap((path) => {
        if (isFolder(path)) return isHidden(basename(path)) ? [] : within(path)
        return isExpectations(basename(path)) ? [path] : []
      })
  const found = paths.filter((path) => path !== '-' && isFolder(path)).flatMap(within)
  return [...new Set(found)].filter((path) => !known.has(resolve(path)))
}
