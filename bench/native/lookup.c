/* The conntrack lookup in C with SSE2: the same slots, keys, hash and probe as assembly/conntrack/table.ts, all hits,
 * random order, the same number of batches taken in turn as bench/suites/conntrack-hit.ts takes. usage: lookup FLOWS.
 * Prints ns a lookup, the median of many rounds, as the other side's figure is. */
#define _GNU_SOURCE
#include <emmintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { ENTRY = 192, REPLY = 64, KEY = 48, TUPLE = 40, LOOKUPS = 1 << 16, BATCHES = 16, ROUNDS = 10 * BATCHES };

static const uint64_t K[] = {0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb, 0xd6e8feb86659fd93,
                             0xa0761d6478bd642f, 0xe7037ed1a0b428db, 0x8ebc6af09c88c6e3};

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static inline uint64_t word(const uint8_t *p, int at) {
  uint64_t w;
  memcpy(&w, p + at, 8);
  return w;
}

static inline uint64_t turn(uint64_t w) { return w << 32 | w >> 32; }

static inline uint32_t hash(const uint8_t *t, uint64_t last) {
  uint64_t h = K[0] + word(t, 0) * K[0] + turn(word(t, 8)) * K[1] + word(t, 16) * K[2] + turn(word(t, 24)) * K[3] + last * K[4];
  h ^= h >> 29;
  h *= K[6];
  return h >> 32;
}

/* Address of the matching key, as assembly/conntrack/table.ts: Table.probe. */
static inline uint8_t *find(const uint64_t *slots, uint32_t mask, uint8_t *entries, const uint8_t *tuple) {
  const uint64_t last = word(tuple, 32) & 0xffffffffffff;
  const uint32_t h = hash(tuple, last);
  const __m128i src = _mm_loadu_si128((const __m128i *)tuple), dst = _mm_loadu_si128((const __m128i *)(tuple + 16));
  const __m128i rest = _mm_set_epi64x((uint64_t)h << 32, last);
  for (uint32_t i = h & mask;; i = (i + 1) & mask) {
    uint64_t slot = slots[i];
    if (slot == 0) return 0;
    if ((uint32_t)slot != h) continue;
    uint32_t ref = (slot >> 32) - 1;
    uint8_t *key = entries + (uint64_t)(ref >> 1) * ENTRY + (ref & 1) * REPLY;
    __m128i equal = _mm_and_si128(_mm_and_si128(_mm_cmpeq_epi32(_mm_load_si128((__m128i *)key), src),
                                                _mm_cmpeq_epi32(_mm_load_si128((__m128i *)(key + 16)), dst)),
                                  _mm_cmpeq_epi32(_mm_load_si128((__m128i *)(key + 32)), rest));
    if (_mm_movemask_epi8(equal) == 0xffff) return key;
  }
}

static void tuple(uint8_t *t, uint32_t flow, int reply) {
  uint32_t client = 0x0a000000 + (flow >> 10), server = 0x0a800000 + (flow & 1023);
  uint16_t port = 1024 + (flow & 0x3fff), service = 80;
  uint32_t src = reply ? server : client, dst = reply ? client : server;
  uint16_t sport = reply ? service : port, dport = reply ? port : service;
  memset(t, 0, KEY);
  t[10] = t[11] = t[26] = t[27] = 0xff;
  for (int i = 0; i < 4; i++) t[12 + i] = src >> (24 - 8 * i), t[28 + i] = dst >> (24 - 8 * i);
  t[32] = sport >> 8, t[33] = sport, t[34] = dport >> 8, t[35] = dport, t[36] = 6, t[37] = 2;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  const uint32_t flows = argc > 1 ? strtoul(argv[1], 0, 0) : 65536;
  uint32_t size = 4096;
  while (size < flows * 4) size *= 2;
  uint64_t *slots = aligned_alloc(1 << 21, size * sizeof *slots < 1 << 21 ? 1 << 21 : size * sizeof *slots);
  uint8_t *entries = aligned_alloc(1 << 21, ((size_t)flows * ENTRY + (1 << 21) - 1) & -(1 << 21));
  /* Huge pages, so that C is measured at its best. */
  madvise(slots, size * sizeof *slots, MADV_HUGEPAGE);
  madvise(entries, (size_t)flows * ENTRY, MADV_HUGEPAGE);
  memset(slots, 0, size * sizeof *slots);
  for (uint32_t flow = 0; flow < flows; flow++)
    for (int reply = 0; reply < 2; reply++) {
      uint8_t *key = entries + (size_t)flow * ENTRY + reply * REPLY;
      tuple(key, flow, reply);
      uint32_t h = hash(key, word(key, 32)), i = h & (size - 1);
      memcpy(key + 44, &h, 4);
      while (slots[i]) i = (i + 1) & (size - 1);
      slots[i] = (uint64_t)(flow * 2 + reply + 1) << 32 | h;
    }
  uint8_t *wanted = malloc((size_t)BATCHES * LOOKUPS * TUPLE + KEY);
  uint64_t random = 1;
  for (size_t i = 0; i < (size_t)BATCHES * LOOKUPS; i++) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    tuple(wanted + i * TUPLE, (random >> 33) % flows, random >> 63);
  }
  double ns[ROUNDS];
  for (int round = -BATCHES; round < ROUNDS; round++) {
    const uint8_t *batch = wanted + (size_t)((round + BATCHES) % BATCHES) * LOOKUPS * TUPLE;
    uint64_t sum = 0;
    double start = seconds();
    for (int i = 0; i < LOOKUPS; i++) sum += find(slots, size - 1, entries, batch + (size_t)i * TUPLE) != 0;
    double took = (seconds() - start) * 1e9 / LOOKUPS;
    if (sum != LOOKUPS) return 1;
    if (round >= 0) ns[round] = took;
  }
  qsort(ns, ROUNDS, sizeof *ns, ascending);
  printf("%.3f\n", ns[ROUNDS / 2]);
  return 0;
}
