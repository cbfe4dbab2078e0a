/** The set types: their dimensions in order, and the revision that `ipset list` names (Linux 6.12, ipset 7.17). */
import type { SetHeader, SetType } from '../ipset.ts'

export type Dimension = 'ip' | 'net' | 'port' | 'set'

export interface TypeFacts {
  readonly dimensions: readonly Dimension[]
  readonly revision: number
}

export const SET_TYPES: Readonly<Record<SetType, TypeFacts>> = {
  'hash:ip': { dimensions: ['ip'], revision: 6 },
  'hash:net': { dimensions: ['net'], revision: 7 },
  'hash:ip,port': { dimensions: ['ip', 'port'], revision: 7 },
  'hash:ip,port,ip': { dimensions: ['ip', 'port', 'ip'], revision: 6 },
  'hash:ip,port,net': { dimensions: ['ip', 'port', 'net'], revision: 8 },
  'hash:net,port': { dimensions: ['net', 'port'], revision: 8 },
  'bitmap:port': { dimensions: ['port'], revision: 3 },
  'list:set': { dimensions: ['set'], revision: 3 },
}

/** Other ways to write a type (`ipset help`). */
const ALIASES: Readonly<Record<string, SetType>> = {
  iphash: 'hash:ip',
  nethash: 'hash:net',
  ipporthash: 'hash:ip,port',
  ipportiphash: 'hash:ip,port,ip',
  ipportnethash: 'hash:ip,port,net',
  netporthash: 'hash:net,port',
  portmap: 'bitmap:port',
  setlist: 'list:set',
}

export const setType = (text: string): SetType | undefined =>
  text in SET_TYPES ? (text as SetType) : ALIASES[text]

export const isHash = ({ type }: SetHeader): boolean => type.startsWith('hash:')

export const hasNets = ({ type }: SetHeader): boolean => SET_TYPES[type].dimensions.includes('net')
