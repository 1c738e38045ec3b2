/** CRC-32C (Castagnoli), the checksum of a record batch; zlib's is another polynomial. */

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

/** Unsigned. */
export function crc32c(data: Buffer, from = 0): number {
  let crc = 0xffffffff;
  for (let i = from; i < data.length; i++) crc = (TABLE[(crc ^ (data[i] as number)) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
