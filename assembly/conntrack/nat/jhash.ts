// Bob Jenkins' lookup3 over four 32-bit words (include/linux/jhash.h: jhash2). The kernel uses it without a secret to
// choose an address of a range, so this choice is the same here as there.

export abstract class Jhash {
  static four(w0: u32, w1: u32, w2: u32, w3: u32, initial: u32): u32 {
    let a: u32 = 0xdeadbeef + 16 + initial
    let b = a
    let c = a
    a += w0
    b += w1
    c += w2

    a = (a - c) ^ rotl<u32>(c, 4)
    c += b
    b = (b - a) ^ rotl<u32>(a, 6)
    a += c
    c = (c - b) ^ rotl<u32>(b, 8)
    b += a
    a = (a - c) ^ rotl<u32>(c, 16)
    c += b
    b = (b - a) ^ rotl<u32>(a, 19)
    a += c
    c = (c - b) ^ rotl<u32>(b, 4)
    b += a

    a += w3
    c = (c ^ b) - rotl<u32>(b, 14)
    a = (a ^ c) - rotl<u32>(c, 11)
    b = (b ^ a) - rotl<u32>(a, 25)
    c = (c ^ b) - rotl<u32>(b, 16)
    a = (a ^ c) - rotl<u32>(c, 4)
    b = (b ^ a) - rotl<u32>(a, 14)
    c = (c ^ b) - rotl<u32>(b, 24)
    return c
  }
}
