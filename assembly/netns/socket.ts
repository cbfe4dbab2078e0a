// Sockets that listen in a namespace: a short list, the most specific match wins.

import {
  SOCKET_ADDR,
  SOCKET_FAMILY,
  SOCKET_NEXT,
  SOCKET_PORT,
  SOCKET_PROTO,
  SOCKET_SIZE,
} from '../../src/abi/socket.ts'
import { NETNS_SOCKETS } from '../../src/abi/netns.ts'
import { Arena } from '../memory/arena.ts'
import { Address } from '../packet/address.ts'

export abstract class Socket {
  /** Who listens to this address and port (network order); 0 = nobody. */
  static find(netns: usize, family: u32, proto: u32, addr: usize, port: u32): usize {
    let best: usize = 0
    let socket: usize = load<u32>(netns, NETNS_SOCKETS)
    while (socket != 0) {
      if (
        (load<u16>(socket, SOCKET_PORT) as u32) == port &&
        (load<u16>(socket, SOCKET_PROTO) as u32) == proto
      ) {
        const own = load<u32>(socket, SOCKET_FAMILY)
        if (Address.isZero(socket + SOCKET_ADDR)) {
          if (best == 0 && (own == 0 || own == family)) best = socket
        } else if (own == family && Address.equal(socket + SOCKET_ADDR, addr)) return socket
      }
      socket = load<u32>(socket, SOCKET_NEXT)
    }
    return best
  }

  /** Does anything listen with this protocol? */
  static any(netns: usize, proto: u32): bool {
    let socket: usize = load<u32>(netns, NETNS_SOCKETS)
    while (socket != 0 && (load<u16>(socket, SOCKET_PROTO) as u32) != proto)
      socket = load<u32>(socket, SOCKET_NEXT)
    return socket != 0
  }

  /** Adds a socket (`record` laid out as src/abi/socket.ts); its address, 0 when memory is full. */
  static add(netns: usize, record: usize): usize {
    const socket = Arena.alloc(SOCKET_SIZE)
    if (socket == 0) return 0
    memory.copy(socket, record, SOCKET_SIZE)
    store<u32>(socket, load<u32>(netns, NETNS_SOCKETS), SOCKET_NEXT)
    store<u32>(netns, socket as u32, NETNS_SOCKETS)
    return socket
  }

  static remove(netns: usize, socket: usize): void {
    let at = netns
    let offset: usize = NETNS_SOCKETS
    while (load<u32>(at + offset) != (socket as u32)) {
      at = load<u32>(at + offset)
      if (at == 0) return
      offset = SOCKET_NEXT
    }
    store<u32>(at + offset, load<u32>(socket, SOCKET_NEXT))
    Arena.free(socket, SOCKET_SIZE)
  }
}
