// 16-byte addresses (IPv4 as ::ffff:a.b.c.d): copying, comparing, and the classes the kernel tells apart.

export abstract class Address {
  @inline static copy(to: usize, from: usize): void {
    v128.store(to, v128.load(from))
  }

  @inline static equal(a: usize, b: usize): bool {
    return ((load<u64>(a) ^ load<u64>(b)) | (load<u64>(a, 8) ^ load<u64>(b, 8))) == 0
  }

  @inline static isZero(a: usize): bool {
    return (load<u64>(a) | load<u64>(a, 8)) == 0
  }

  @inline static clear(a: usize): void {
    store<u64>(a, 0)
    store<u64>(a, 0, 8)
  }

  /**
   * Writes the mapped form of an IPv4 address in memory order, in one store: a wide load of what narrower stores have
   * just written waits until they have left the store buffer.
   */
  @inline static mapped(to: usize, ip: u32): void {
    v128.store(to, i32x4.replace_lane(i32x4(0, 0, 0xffff0000, 0), 3, ip))
  }

  /** The IPv4 address of a mapped one, in memory order. */
  @inline static v4(a: usize): u32 {
    return load<u32>(a, 12)
  }

  // IPv4 classes, on addresses in memory order (first octet in the low byte).

  /** 0.0.0.0/8 */
  @inline static isZeronet4(ip: u32): bool {
    return (ip & 0xff) == 0
  }

  /** 127.0.0.0/8 */
  @inline static isLoopback4(ip: u32): bool {
    return (ip & 0xff) == 127
  }

  /** 224.0.0.0/4 */
  @inline static isMulticast4(ip: u32): bool {
    return (ip & 0xf0) == 0xe0
  }

  /** 255.255.255.255 */
  @inline static isLimitedBroadcast4(ip: u32): bool {
    return ip == 0xffffffff
  }

  // IPv6 classes.

  /** ff00::/8 */
  @inline static isMulticast6(a: usize): bool {
    return load<u8>(a) == 0xff
  }

  /** fe80::/10 */
  @inline static isLinkLocal6(a: usize): bool {
    return (load<u16>(a) & 0xc0ff) == 0x80fe
  }

  /** ::ffff:0:0/96, an IPv4 address in IPv6 form. */
  @inline static isMapped(a: usize): bool {
    return load<u64>(a) == 0 && load<u32>(a, 8) == 0xffff0000
  }

  /** ::1 */
  @inline static isLoopback6(a: usize): bool {
    return load<u64>(a) == 0 && load<u64>(a, 8) == (1 as u64) << 56
  }

  /** The scope nibble of a multicast address. */
  @inline static multicastScope6(a: usize): u32 {
    return load<u8>(a, 1) & 0xf
  }
}
