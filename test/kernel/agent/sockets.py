"""Run inside one network namespace: opens a marker socket and one AF_PACKET socket a link, and passes them to the
parent over the Unix socket whose number is the first argument. Also switches off every offload that would change the
bytes seen on a veth (checksums left for hardware that is not there, segments glued together)."""

import array
import fcntl
import socket
import struct
import sys

ETH_P_ALL = 0x0003
ETH_P_MARKER = 0x88B5
SOL_PACKET = 263
PACKET_IGNORE_OUTGOING = 23
SO_RCVBUFFORCE = 33
SIOCETHTOOL = 0x8946
# linux/ethtool.h: ETHTOOL_STXCSUM, ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO
OFFLOADS = (0x17, 0x1F, 0x24, 0x2C)


def switch_offloads_off():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for _, name in socket.if_nameindex():
            for command in OFFLOADS:
                value = array.array("I", [command, 0])
                request = struct.pack("16sQ16x", name.encode(), value.buffer_info()[0])
                try:
                    fcntl.ioctl(control, SIOCETHTOOL, request)
                except OSError:
                    pass  # this kind of link has no such offload


def port_socket(link):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
    sock.bind((link, ETH_P_ALL))
    return sock


def main():
    parent = socket.socket(fileno=int(sys.argv[1]))
    switch_offloads_off()
    socks = [socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_MARKER))]
    for link in sys.argv[2:]:
        try:
            socks.append(port_socket(link))
        except OSError as error:
            sys.exit(f"{link}: {error.strerror}")
    socket.send_fds(parent, [b"."], [sock.fileno() for sock in socks])


main()
