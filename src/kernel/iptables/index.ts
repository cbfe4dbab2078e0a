/** iptables: text and commands to rulesets and back. */
export { applyIptables, applyRestore } from './apply.ts'
export { parseCommand, tableName, type CommandLine } from './command.ts'
export { sameChain, sameRule, sameRuleset } from './equal.ts'
export { printMatch, printRuleSpec, printTarget } from './print.ts'
export { parseIptablesSave, parseRestore, printIptablesSave } from './save.ts'
export { builtInChains, chainsInOrder, emptyTable } from './tables.ts'
export { quoteText, splitWords } from './words.ts'
