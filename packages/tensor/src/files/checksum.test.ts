import { expect, test } from "vitest";
import { crc32, crc32c } from "./checksum.ts";

const digits = new TextEncoder().encode("123456789");

test("the check values of the catalogue of parametrised CRC algorithms", () => {
  expect(crc32c(digits)).toBe(0xe3069283);
  expect(crc32(digits)).toBe(0xcbf43926);
  expect([crc32c(new Uint8Array(0)), crc32(new Uint8Array(0))]).toEqual([0, 0]);
});

test("RFC 3720: 32 zeros, 32 ones, the bytes 0 to 31", () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
});
