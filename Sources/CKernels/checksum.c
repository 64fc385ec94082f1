#include "checksum.h"

#include <string.h>

static const uint64_t P1 = 0x9E3779B185EBCA87u, P2 = 0xC2B2AE3D27D4EB4Fu, P3 = 0x165667B19E3779F9u, P4 = 0x85EBCA77C2B2AE63u,
                      P5 = 0x27D4EB2F165667C5u;

static uint64_t rotate(uint64_t value, int bits) { return value << bits | value >> (64 - bits); }

static uint64_t word(const unsigned char *at) {
  uint64_t value;
  memcpy(&value, at, 8);
  return value;
}

static uint64_t mixed(uint64_t lane, uint64_t input) { return rotate(lane + input * P2, 31) * P1; }

uint64_t lathe_checksum(const void *bytes, size_t count) {
  const unsigned char *at = bytes, *end = count ? at + count : at;
  uint64_t sum = P5;
  if (count >= 32) {
    uint64_t lanes[4] = {P1 + P2, P2, 0, 0 - P1};
    for (; end - at >= 32; at += 32)
      for (int lane = 0; lane < 4; lane++) lanes[lane] = mixed(lanes[lane], word(at + 8 * lane));
    sum = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);
    for (int lane = 0; lane < 4; lane++) sum = (sum ^ mixed(0, lanes[lane])) * P1 + P4;
  }
  sum += count;
  for (; end - at >= 8; at += 8) sum = rotate(sum ^ mixed(0, word(at)), 27) * P1 + P4;
  if (end - at >= 4) {
    uint32_t half;
    memcpy(&half, at, 4);
    sum = rotate(sum ^ half * P1, 23) * P2 + P3;
    at += 4;
  }
  for (; at < end; at++) sum = rotate(sum ^ *at * P5, 11) * P1;
  sum = (sum ^ sum >> 33) * P2;
  sum = (sum ^ sum >> 29) * P3;
  return sum ^ sum >> 32;
}
