/* Sends one frame over and over out of an interface, for a while: the load under which the kernel's own forwarding
 * is measured. usage: blast IFACE SECONDS < FRAMES, where FRAMES is a sequence of (u16 little-endian length, bytes).
 * Prints how many frames the socket took. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, MOST = 1 << 16 };

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  static struct iovec frame[MOST];
  static struct mmsghdr message[BATCH];
  int frames = 0;
  for (unsigned char size[2]; frames < MOST && fread(size, 2, 1, stdin) == 1; frames++) {
    frame[frames].iov_len = size[0] | size[1] << 8;
    frame[frames].iov_base = malloc(frame[frames].iov_len);
    if (fread(frame[frames].iov_base, frame[frames].iov_len, 1, stdin) != 1) return 2;
  }
  int fd = socket(AF_PACKET, SOCK_RAW, 0);
  struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(argv[1]), .sll_protocol = htons(ETH_P_ALL)};
  if (frames == 0 || fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof to) < 0) {
    perror(argv[1]);
    return 1;
  }
  unsigned long sent = 0, next = 0;
  for (double end = seconds() + atof(argv[2]); seconds() < end;) {
    for (int i = 0; i < BATCH; i++) message[i].msg_hdr = (struct msghdr){.msg_iov = &frame[next++ % frames], .msg_iovlen = 1};
    int n = sendmmsg(fd, message, BATCH, 0);
    if (n > 0) sent += n;
  }
  printf("%lu\n", sent);
  return 0;
}
