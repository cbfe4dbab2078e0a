/** icmp and icmp6 (extensions/libipt_icmp.c, libip6t_icmp6.c). */
import { Problem } from '../../problem.ts'
import { defineMatch, required } from '../extension.ts'
import { parseUint } from '../numbers.ts'
import { bang, withNot } from '../values.ts'

interface IcmpType {
  readonly type: number
  readonly code?: number
}

const ICMP_NAMES =
  'any 255 echo-reply 0 pong 0 destination-unreachable 3 network-unreachable 3/0 host-unreachable 3/1 ' +
  'protocol-unreachable 3/2 port-unreachable 3/3 fragmentation-needed 3/4 source-route-failed 3/5 ' +
  'network-unknown 3/6 host-unknown 3/7 network-prohibited 3/9 host-prohibited 3/10 TOS-network-unreachable 3/11 ' +
  'TOS-host-unreachable 3/12 communication-prohibited 3/13 host-precedence-violation 3/14 precedence-cutoff 3/15 ' +
  'source-quench 4 redirect 5 network-redirect 5/0 host-redirect 5/1 TOS-network-redirect 5/2 ' +
  'TOS-host-redirect 5/3 echo-request 8 ping 8 router-advertisement 9 router-solicitation 10 time-exceeded 11 ' +
  'ttl-exceeded 11 ttl-zero-during-transit 11/0 ttl-zero-during-reassembly 11/1 parameter-problem 12 ' +
  'ip-header-bad 12/0 required-option-missing 12/1 timestamp-request 13 timestamp-reply 14 ' +
  'address-mask-request 17 address-mask-reply 18'

const ICMP6_NAMES =
  'destination-unreachable 1 no-route 1/0 communication-prohibited 1/1 beyond-scope 1/2 address-unreachable 1/3 ' +
  'port-unreachable 1/4 failed-policy 1/5 reject-route 1/6 packet-too-big 2 time-exceeded 3 ttl-exceeded 3 ' +
  'ttl-zero-during-transit 3/0 ttl-zero-during-reassembly 3/1 parameter-problem 4 bad-header 4/0 ' +
  'unknown-header-type 4/1 unknown-option 4/2 echo-request 128 ping 128 echo-reply 129 pong 129 mld-listener-query 130 ' +
  'mld-listener-report 131 mld-listener-done 132 mld-listener-reduction 132 router-solicitation 133 ' +
  'router-advertisement 134 neighbour-solicitation 135 neighbor-solicitation 135 neighbour-advertisement 136 ' +
  'neighbor-advertisement 136 redirect 137 mldv2-listener-report 143'

function table(text: string): [string, IcmpType][] {
  const words = text.split(' ')
  return words.flatMap((word, i) => (i % 2 === 0 ? [[word.toLowerCase(), numeric(words[i + 1]!)!]] : []))
}

function numeric(text: string): IcmpType | undefined {
  const [typeText, codeText] = text.split('/') as [string, string?]
  const type = parseUint(typeText, 255)
  if (type === undefined) return undefined
  if (codeText === undefined) return { type }
  const code = parseUint(codeText, 255)
  return code === undefined ? undefined : { type, code }
}

const ICMP_TYPES = table(ICMP_NAMES)
const ICMP6_TYPES = table(ICMP6_NAMES)

/** A name may be cut short while it is unique, as the real tool allows. */
function icmpType(text: string, names: readonly [string, IcmpType][], what: string): IcmpType {
  const wanted = text.toLowerCase()
  const exact = names.find(([name]) => name === wanted)
  const candidates = exact ? [exact] : names.filter(([name]) => name.startsWith(wanted))
  if (candidates.length > 1)
    throw new Problem(
      `Ambiguous ${what} type \`${text}': \`${candidates.map(([name]) => name).join("' or `")}'?`,
      {
        field: text,
      },
    )
  const found = candidates[0]?.[1] ?? numeric(text)
  if (!found) throw new Problem(`Invalid ${what} type \`${text}'`, { field: text })
  return found
}

const printType = ({ type, code }: IcmpType): string => (code === undefined ? `${type}` : `${type}/${code}`)

export const icmp = defineMatch({
  kind: 'icmp',
  family: 'ipv4',
  protocols: [1],
  options: [
    {
      names: ['icmp-type'],
      invertible: true,
      read: ([text], { not }) => ({ icmpType: withNot(icmpType(text!, ICMP_TYPES, 'ICMP'), not) }),
    },
  ],
  finish: ({ icmpType = { value: { type: 255 } } }) => ({ kind: 'icmp', icmpType }),
  print: ({ icmpType }) =>
    `${bang(icmpType)} --icmp-type ${icmpType.value.type === 255 ? 'any' : printType(icmpType.value)}`,
})

export const icmp6 = defineMatch({
  kind: 'icmp6',
  family: 'ipv6',
  protocols: [58],
  options: [
    {
      names: ['icmpv6-type'],
      invertible: true,
      read: ([text], { not }) => ({ icmpType: withNot(icmpType(text!, ICMP6_TYPES, 'ICMPv6'), not) }),
    },
  ],
  finish: (soFar) => ({ kind: 'icmp6', icmpType: required(soFar, 'icmpType', 'icmp6', 'icmpv6-type') }),
  print: ({ icmpType }) => `${bang(icmpType)} --icmpv6-type ${printType(icmpType.value)}`,
})
