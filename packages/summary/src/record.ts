import { crc32c } from "@gradtape/tensor";

const lengthBytes = 8;
const crcBytes = 4;

/**
 * `data` as one record of a TFRecord file: its length, a checksum of that, the data, and a checksum of them, all
 * little-endian.
 */
export function frameRecord(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(lengthBytes + crcBytes + data.length + crcBytes);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(lengthBytes, maskedCrc32c(record.subarray(0, lengthBytes)), true);
  record.set(data, lengthBytes + crcBytes);
  view.setUint32(record.length - crcBytes, maskedCrc32c(data), true);
  return record;
}

/** The CRC-32C as record files keep it: turned and shifted, lest a checksum be taken of data that contain it. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
