/* Cyclic redundancy checks over bytes, 32 bits long. */

/** The check with `polynomial` (bits reversed), begun with ones and inverted at the end. */
function checksum(polynomial: number): (bytes: Uint8Array) => number {
  const table = Int32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ polynomial : remainder >>> 1;
    return remainder;
  });
  return (bytes) => {
    let remainder = -1;
    for (let i = 0; i < bytes.length; i++) remainder = table[(remainder ^ bytes[i]!) & 0xff]! ^ (remainder >>> 8);
    return ~remainder >>> 0;
  };
}

/** CRC-32C, with Castagnoli's polynomial (RFC 3720). */
export const crc32c = checksum(0x82f63b78);

/** CRC-32 as zip files have it (ITU-T V.42). */
export const crc32 = checksum(0xedb88320);
