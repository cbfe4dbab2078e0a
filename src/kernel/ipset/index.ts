/** ipset: text and commands to sets and back. */
export { applyIpset, newEntry } from './apply.ts'
export { parseIpsetCommand, parseIpsetRestore, type EntryOptions, type IpsetCommand } from './command.ts'
export { newSet } from './defaults.ts'
export { parseElements, printElement } from './element.ts'
export { sameSet, sameSets } from './equal.ts'
export { parseIpsetList, parseIpsetSave } from './list.ts'
export { printIpsetList, printIpsetSave, printSetsChange } from './print.ts'
export { SET_TYPES } from './types.ts'
