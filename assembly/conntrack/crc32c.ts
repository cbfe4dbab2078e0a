// CRC-32C (Castagnoli), SCTP's checksum (RFC 9260, appendix A), four bits at a time.

/** The remainders of the sixteen values of four bits, reflected. */
const NIBBLES = memory.data<u32>([
  0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d, 0x82f63b78,
  0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
])

export abstract class Crc32c {
  /** The checksum of an SCTP packet as its field holds it, in memory order; the field itself counts as zero. */
  static sctp(sh: usize, length: u32): u32 {
    let crc = Crc32c.update(0xffffffff, sh, 8)
    for (let i = 0; i < 4; i++) crc = Crc32c.step(crc, 0)
    crc = Crc32c.update(crc, sh + 12, length - 12)
    return ~crc
  }

  private static update(crc: u32, at: usize, length: u32): u32 {
    const end = at + length
    for (; at < end; at++) crc = Crc32c.step(crc, load<u8>(at))
    return crc
  }

  @inline private static step(crc: u32, byte: u32): u32 {
    crc ^= byte
    crc = (crc >> 4) ^ load<u32>(NIBBLES + ((crc & 15) << 2))
    return (crc >> 4) ^ load<u32>(NIBBLES + ((crc & 15) << 2))
  }
}
