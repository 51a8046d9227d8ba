/* What the processor gives to C: `reference peak FLOPS` is the time so many operations take at the peak of 128-bit fused
   multiply-adds, `reference line|chain SIZE` that of an elementwise loop. One JSON line, in microseconds. */
#define _GNU_SOURCE
#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHUNKS = 41, LANES = 4, CHAINS = 12 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *times) {
  qsort(times, CHUNKS, sizeof *times, ascending);
  return times[CHUNKS / 2];
}

/* Twelve independent accumulators hide the latency of the multiply-add; nothing touches memory. */
static double peak(double flops) {
  static volatile float sink;
  const long rounds = 400000;
  double times[CHUNKS];
  for (int chunk = 0; chunk < CHUNKS; chunk++) {
    __m128 sums[CHAINS], factor = _mm_set1_ps(0.999f), addend = _mm_set1_ps(1e-3f);
    for (int i = 0; i < CHAINS; i++) sums[i] = _mm_set1_ps(i);
    double began = now();
    for (long round = 0; round < rounds; round++) {
#pragma GCC unroll 12
      for (int i = 0; i < CHAINS; i++) sums[i] = _mm_fmadd_ps(sums[i], factor, addend);
      __asm__ volatile("" : "+x"(factor));
    }
    times[chunk] = now() - began;
    for (int i = 1; i < CHAINS; i++) sums[0] = _mm_add_ps(sums[0], sums[i]);
    sink = _mm_cvtss_f32(sums[0]);
  }
  return flops * median(times) / ((double)rounds * CHAINS * LANES * 2);
}

static void line(const float *restrict x, float *restrict y, long size) {
  for (long i = 0; i < size; i++) {
    float v = x[i] * 1.5f + 0.25f;
    y[i] = v > 0 ? v : 0;
  }
}

static void chain(const float *restrict x, float *restrict y, long size) {
  for (long i = 0; i < size; i++) {
    float v = x[i] * 1.5f + 0.25f;
    y[i] = (v > 0 ? v : 0) * x[i] - x[i] * x[i] * 0.5f + 1;
  }
}

static double loop(void (*run)(const float *, float *, long), long size, double *checksum) {
  float *x = aligned_alloc(64, size * sizeof *x), *y = aligned_alloc(64, size * sizeof *y);
  for (long i = 0; i < size; i++) x[i] = (i % 101) / 50.0 - 1, y[i] = 0;
  long repeats = size < 4000000 ? 4000000 / size : 1;
  double times[CHUNKS];
  for (int chunk = -2; chunk < CHUNKS; chunk++) {
    double began = now();
    for (long i = 0; i < repeats; i++) {
      run(x, y, size);
      __asm__ volatile("" ::: "memory");
    }
    if (chunk >= 0) times[chunk] = (now() - began) / repeats;
  }
  *checksum = 0;
  for (long i = 0; i < size; i++) *checksum += y[i] * (i % 7 - 2.0);
  *checksum /= size;
  return median(times);
}

int main(int count, char **words) {
  if (count != 3) return 2;
  if (strcmp(words[1], "peak") == 0) {
    printf("{\"microseconds\":%g}\n", peak(atof(words[2])));
    return 0;
  }
  double checksum, time = loop(strcmp(words[1], "chain") == 0 ? chain : line, atol(words[2]), &checksum);
  printf("{\"microseconds\":%g,\"loss\":%.9g}\n", time, checksum);
  return 0;
}
