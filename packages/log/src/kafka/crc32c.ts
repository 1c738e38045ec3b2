/** CRC-32C (Castagnoli), the checksum of a record batch; zlib's is another polynomial. Eight bytes a step ("slicing by 8", Kounavis and Berry 2005). */

/** `TABLES[k * 256 + byte]`: what a byte does to the sum when k more bytes follow it. Signed, as unsigned ones are doubles once the code is hot. */
const TABLES = new Int32Array(8 * 256);
for (let byte = 0; byte < 256; byte++) {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  TABLES[byte] = value;
}
for (let at = 256; at < TABLES.length; at++) {
  const before = TABLES[at - 256] as number;
  TABLES[at] = (before >>> 8) ^ (TABLES[before & 0xff] as number);
}

/** The sum over the bytes from `from` to the end, unsigned. */
export function crc32c(data: Uint8Array, from = 0): number {
  const byte = (index: number) => data[index] as number;
  const table = (following: number, value: number) => TABLES[(following << 8) | (value & 0xff)] as number;
  let crc = -1;
  let at = from;
  for (; at + 8 <= data.length; at += 8) {
    const low = crc ^ (byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24));
    crc =
      table(7, low) ^
      table(6, low >>> 8) ^
      table(5, low >>> 16) ^
      table(4, low >>> 24) ^
      table(3, byte(at + 4)) ^
      table(2, byte(at + 5)) ^
      table(1, byte(at + 6)) ^
      table(0, byte(at + 7));
  }
  for (; at < data.length; at++) crc = table(0, crc ^ byte(at)) ^ (crc >>> 8);
  return ~crc >>> 0;
}
