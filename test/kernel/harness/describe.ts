/** A frame as one line for people, near to what tcpdump prints, with everything a mismatch could be about. */

const TCP_FLAGS = ['F', 'S', 'R', 'P', '.', 'U', 'E', 'W']
const PROTOCOLS: Readonly<Record<number, string>> = {
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  58: 'icmp6',
  132: 'sctp',
}

export function describeFrame(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    const type = view.getUint16(12)
    const macs = `${mac(bytes, 6)} > ${mac(bytes, 0)}`
    if (type === 0x0800) return `${macs} ${ipv4(view, 14)}`
    if (type === 0x86dd) return `${macs} ${ipv6(view, 14)}`
    return `${macs} ethertype 0x${type.toString(16)}`
  } catch {
    return `short frame ${hex(bytes)}`
  }
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function mac(bytes: Uint8Array, offset: number): string {
  return Array.from(bytes.slice(offset, offset + 6), (byte) => byte.toString(16).padStart(2, '0')).join(':')
}

function ipv4(view: DataView, at: number): string {
  const length = (view.getUint8(at) & 15) * 4
  const fragment = view.getUint16(at + 6)
  const offset = (fragment & 0x1fff) * 8
  const flags = `${fragment & 0x4000 ? ' DF' : ''}${fragment & 0x2000 ? ' MF' : ''}${offset ? ` frag ${offset}` : ''}`
  const header =
    `IP ${address4(view, at + 12)} > ${address4(view, at + 16)} ttl ${view.getUint8(at + 8)}` +
    ` tos ${view.getUint8(at + 1)} id ${view.getUint16(at + 4)} len ${view.getUint16(at + 2)}${flags}` +
    `${length > 20 ? ` options ${length - 20}` : ''} cksum ${view.getUint16(at + 10).toString(16)}`
  const protocol = view.getUint8(at + 9)
  return `${header} ${offset > 0 ? name(protocol) : transport(view, at + length, protocol)}`
}

function ipv6(view: DataView, at: number): string {
  const word = view.getUint32(at)
  const header =
    `IP6 ${address6(view, at + 8)} > ${address6(view, at + 24)} hlim ${view.getUint8(at + 7)}` +
    ` class ${(word >>> 20) & 255} flow ${(word & 0xfffff).toString(16)} plen ${view.getUint16(at + 4)}`
  let next = view.getUint8(at + 6)
  let offset = at + 40
  let extensions = ''
  while ([0, 43, 44, 60].includes(next)) {
    extensions += ` ext ${next}`
    if (next === 44) {
      const fragment = view.getUint16(offset + 2)
      extensions += ` frag ${fragment & 0xfff8}${fragment & 1 ? '+' : ''} id ${view.getUint32(offset + 4).toString(16)}`
      if (fragment & 0xfff8) return `${header}${extensions} ${name(view.getUint8(offset))}`
    }
    const size = next === 44 ? 8 : (view.getUint8(offset + 1) + 1) * 8
    next = view.getUint8(offset)
    offset += size
  }
  return `${header}${extensions} ${transport(view, offset, next)}`
}

function transport(view: DataView, at: number, protocol: number): string {
  const rest = view.byteLength - at
  const label = name(protocol)
  if (protocol === 1 || protocol === 58) {
    const outer = `${label} ${view.getUint8(at)}/${view.getUint8(at + 1)} cksum ${view.getUint16(at + 2).toString(16)}`
    const more = `${outer} word ${view.getUint32(at + 4).toString(16)} ${rest} bytes`
    const isError = protocol === 1 ? [3, 4, 5, 11, 12].includes(view.getUint8(at)) : view.getUint8(at) < 128
    if (!isError) return more
    try {
      return `${more} [${protocol === 1 ? ipv4(view, at + 8) : ipv6(view, at + 8)}]`
    } catch {
      return `${more} [cut]`
    }
  }
  if (![6, 17, 132].includes(protocol) || rest < 4) return `${label} ${rest} bytes`
  const ports = `${label} ${view.getUint16(at)} > ${view.getUint16(at + 2)}`
  if (protocol === 17 && rest >= 8) {
    return `${ports} len ${view.getUint16(at + 4)} cksum ${view.getUint16(at + 6).toString(16)}`
  }
  if (protocol !== 6 || rest < 20) return `${ports} ${rest} bytes`
  const flags = TCP_FLAGS.filter((_, bit) => view.getUint8(at + 13) & (1 << bit)).join('')
  return (
    `${ports} [${flags}] seq ${view.getUint32(at + 4)} ack ${view.getUint32(at + 8)}` +
    ` win ${view.getUint16(at + 14)} hdr ${(view.getUint8(at + 12) >> 4) * 4} ${rest} bytes` +
    ` cksum ${view.getUint16(at + 16).toString(16)}`
  )
}

function name(protocol: number): string {
  return PROTOCOLS[protocol] ?? `proto ${protocol}`
}

function address4(view: DataView, at: number): string {
  return [0, 1, 2, 3].map((index) => view.getUint8(at + index)).join('.')
}

function address6(view: DataView, at: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(at + index * 2).toString(16))
  return groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::')
}
