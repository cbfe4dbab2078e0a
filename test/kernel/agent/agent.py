"""Runs lab scripts in real network namespaces and moves frames in and out of them, driven line by line over stdin.

Started in a mount and network namespace of its own with an empty /run/netns (see kernel.ts), so the names of a script
need no mapping, nothing can collide with the machine's own network, and everything is gone when this process ends.
Only what Debian's python3-minimal holds is imported: no json, no ctypes.

    script B64         sh -e on the text          -> ok EXIT B64(stdout) B64(stderr)
    open N, N lines    NETNS LINK                 -> ok; ports are numbered from 0 by this order
    run N, N lines     PORT DELAY_US HEX          -> "PORT HEX" a captured frame, "! PORT ERRNO" a failed send,
                                                     "= INDEX" after each send, "." at the end
    reset              delete every namespace     -> ok
"""

import base64
import os
import select
import socket
import subprocess
import sys
import time

HELPER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sockets.py")
PYTHON = [sys.executable, "-I", "-S"]

ports = []
markers = {}


def b64(data):
    return base64.b64encode(data).decode() or "-"


def run_script(text):
    """`iptables` in a script is iptables-legacy here: the directory of links comes first in PATH (kernel.ts)."""
    # Not as an argument, which has 128 KiB of room at most.
    fd = os.memfd_create("script")
    try:
        os.write(fd, text.encode())
        command = ["sh", "-e", f"/proc/self/fd/{fd}"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, pass_fds=[fd])
    finally:
        os.close(fd)
    return f"ok {done.returncode} {b64(done.stdout)} {b64(done.stderr)}"


def namespaces():
    return [name for name in os.listdir("/run/netns") if not name.startswith(".")]


def close_all():
    for sock in [*ports, *markers.values()]:
        sock.close()
    ports.clear()
    markers.clear()


def sockets_of(netns, links):
    """A process can open sockets in one namespace only, so a helper opens them there and passes them here."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    command = ["nsenter", f"--net=/run/netns/{netns}", *PYTHON, HELPER, str(there.fileno()), *links]
    child = subprocess.Popen(command, pass_fds=[there.fileno()], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    there.close()
    error = child.stderr.read().decode()
    if child.wait() != 0:
        raise RuntimeError(error.strip() or f"cannot open {links} in {netns}")
    _, fds, _, _ = socket.recv_fds(here, 1, 253)
    here.close()
    return [socket.socket(fileno=fd) for fd in fds]


def open_ports(wanted):
    """Also opens a marker socket in every namespace there is, and switches offloads off on every link."""
    close_all()
    by_netns = {}
    for netns in namespaces():
        by_netns[netns] = []
    for netns, link in wanted:
        if netns not in by_netns:
            raise RuntimeError(f"no namespace {netns}")
        by_netns[netns].append(link)
    opened = {}
    for netns, links in by_netns.items():
        marker, *socks = sockets_of(netns, links)
        markers[netns] = marker
        for link, sock in zip(links, socks):
            opened[netns, link] = sock
    ports.extend(opened[port] for port in wanted)
    settle()
    drain([])
    return "ok"


def drain(out):
    """Takes what has arrived. The frames of one port keep their order; ports are read one after the other."""
    for index, sock in enumerate(ports):
        while True:
            try:
                frame = sock.recv(65600, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno == 100:  # ENETDOWN: reported once when the link goes down
                    continue
                raise
            if frame[12:14] != b"\x88\xb5":
                out.append(f"{index} {frame.hex()}")


def settle():
    """Waits until every frame sent before has been through the stack.

    veth hands a frame to the receiving side's per-CPU backlog, and this process stays on one CPU: a marker sent now is
    taken from the same queue behind all of them. What they cause to be sent joins the queue behind the marker, so one
    round is needed for each namespace that a frame can cross.
    """
    for _ in range(3):
        for port in ports:
            try:
                port.send(b"\xff" * 6 + b"\x02\x00\x00\x00\x00\x01" + b"\x88\xb5" + b"\x00" * 46)
            except OSError:
                continue
            if not select.select(list(markers.values()), [], [], 0.5)[0]:
                continue  # the other end is down: nothing got through there either
            for sock in markers.values():
                try:
                    while True:
                        sock.recv(128, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    pass


def run_frames(frames):
    out = []
    for number, (index, delay, frame) in enumerate(frames):
        if delay:
            settle()
            drain(out)
            time.sleep(delay / 1e6)
        try:
            ports[index].send(frame)
        except OSError as error:
            out.append(f"! {index} {error.errno}")
        drain(out)
        out.append(f"= {number}")
    settle()
    drain(out)
    out.append(".")
    return "\n".join(out)


def reset():
    close_all()
    for name in namespaces():
        subprocess.run(["ip", "netns", "del", name], check=True)
    return "ok"


def lines(count):
    return [sys.stdin.readline().split() for _ in range(int(count))]


def answer(words):
    if words[0] == "script":
        return run_script(base64.b64decode(words[1]).decode())
    if words[0] == "open":
        return open_ports([(netns, link) for netns, link in lines(words[1])])
    if words[0] == "run":
        return run_frames([(int(port), int(delay), bytes.fromhex(data)) for port, delay, data in lines(words[1])])
    if words[0] == "reset":
        return reset()
    raise RuntimeError(f"unknown command {words[0]}")


def main():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for line in iter(sys.stdin.readline, ""):
        try:
            reply = answer(line.split())
        except Exception as error:  # the driver turns it into a failed test
            reply = f"error {b64(str(error).encode())}"
        print(reply, flush=True)


main()
