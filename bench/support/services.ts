/** Addresses and rules like those of KUBE-SERVICES, for any number of services. */

export function serviceAddress(index: number): string {
  return `10.${96 + Math.floor(index / 62_500)}.${Math.floor(index / 250) % 250}.${(index % 250) + 1}`
}

/** A filter table whose `chain` tests one service a rule, as KUBE-SERVICES does; none of them is terminal. */
export function serviceRules(chain: string, count: number): string {
  const rules = Array.from(
    { length: count },
    (_, index) => `-A ${chain} -d ${serviceAddress(index)}/32 -p udp -m udp --dport 80 -j ACCEPT`,
  )
  return ['*filter', `:${chain} ACCEPT [0:0]`, ...rules, 'COMMIT', ''].join('\n')
}
