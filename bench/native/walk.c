/* The chain walk in C with SSE2: the same quick blocks as src/abi/rule.ts (four rules side by side: net, mask, ppval,
 * ppmask), the same scan, one packet that matches the last rule only. usage: walk RULES. Prints ns a rule. */
#include <emmintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct quick {
  __m128i net, mask, ppval, ppmask;
};

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

/* Index of the first rule whose lanes agree. */
static long __attribute__((noinline)) scan(const struct quick *block, uint32_t dst, uint32_t pp) {
  const __m128i d = _mm_set1_epi32(dst), p = _mm_set1_epi32(pp);
  for (const struct quick *at = block;; at++) {
    __m128i hit = _mm_and_si128(_mm_cmpeq_epi32(_mm_and_si128(d, at->mask), at->net),
                                _mm_cmpeq_epi32(_mm_and_si128(p, at->ppmask), at->ppval));
    int lanes = _mm_movemask_ps(_mm_castsi128_ps(hit));
    if (lanes) return (at - block) * 4 + __builtin_ctz(lanes);
  }
}

int main(int argc, char **argv) {
  long rules = argc > 1 ? atol(argv[1]) : 10000;
  long blocks = rules / 4 + 1;
  struct quick *block = aligned_alloc(64, blocks * sizeof *block);
  uint32_t *word = (uint32_t *)block;
  for (long i = 0; i < blocks * 4; i++) {
    uint32_t *lane = word + i / 4 * 16 + i % 4;
    lane[0] = i < rules ? 0x600a + (uint32_t)(i / 250 << 16) + ((uint32_t)(i % 250 + 1) << 24) : 0;
    lane[4] = i < rules ? 0xffffffff : 0;
    lane[8] = i < rules ? 0x06005000 : 0;
    lane[12] = i < rules ? 0x00ffffff : 0;
  }
  uint32_t dst = word[(rules - 1) / 4 * 16 + (rules - 1) % 4], pp = 0x06005000 & 0x00ffffff;
  for (long i = 0; i < rules; i++) word[i / 4 * 16 + 8 + i % 4] = pp;
  double best = 1e9;
  for (int round = 0; round < 40; round++) {
    const int times = 50;
    long found = 0;
    double start = seconds();
    for (int i = 0; i < times; i++) found += scan(block, dst, pp);
    double ns = (seconds() - start) * 1e9 / times / rules;
    if (found != times * (rules - 1)) return 1;
    if (ns < best) best = ns;
  }
  printf("%.4f\n", best);
  return 0;
}
