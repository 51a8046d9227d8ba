import { crc32c } from "@gradtape/tensor";
import { expect, test } from "vitest";
import { readRecords } from "./fixtures/event-reader.ts";
import { frameRecord, maskedCrc32c } from "./record.ts";

const bytes = (length: number, at: (i: number) => number) => Uint8Array.from({ length }, (_, i) => at(i));
const hex = (data: Uint8Array) => Buffer.from(data).toString("hex");

// RFC 3720, section B.4; the last is the check value that catalogues of CRCs give.
test.each([
  ["32 zeros", bytes(32, () => 0), 0x8a9136aa],
  ["32 ones", bytes(32, () => 0xff), 0x62a8ab43],
  ["0 to 31", bytes(32, (i) => i), 0x46dd794e],
  ["31 to 0", bytes(32, (i) => 31 - i), 0x113fdb5c],
  ["nothing", bytes(0, () => 0), 0],
  ["123456789", new TextEncoder().encode("123456789"), 0xe3069283],
])("CRC-32C of %s", (_, data, crc) => {
  expect(crc32c(data)).toBe(crc);
});

test("a masked checksum is turned by 15 bits and shifted, modulo 2^32", () => {
  expect(maskedCrc32c(bytes(0, () => 0))).toBe(0xa282ead8);
  // 0xe3069283 turned is 0x2507c60d.
  expect(maskedCrc32c(new TextEncoder().encode("123456789"))).toBe((0x2507c60d + 0xa282ead8) % 2 ** 32);
});

test("a record is length, checksum, data, checksum", () => {
  // The first record of every event file that TensorFlow writes at second 0.
  const event = Buffer.from("0900000000000000001a0d627261696e2e4576656e743a32", "hex");
  expect(hex(frameRecord(event))).toMatch(new RegExp(`^1800000000000000[0-9a-f]{8}${hex(event)}[0-9a-f]{8}$`));
  expect(readRecords(frameRecord(event)).map(hex)).toEqual([hex(event)]);
});

test("records of any length are read back, one after the other", () => {
  const data = [0, 1, 255, 256, 70_000].map((length) => bytes(length, (i) => i * 7));
  const file = Buffer.concat(data.map((each) => frameRecord(each)));
  expect(readRecords(file).map(hex)).toEqual(data.map(hex));
  file[file.length - 5]! ^= 1;
  expect(() => readRecords(file)).toThrow("data at");
});
