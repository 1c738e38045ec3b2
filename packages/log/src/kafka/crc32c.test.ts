import { sfc32 } from '@tributary/model/sfc32';
import { expect, test } from 'vitest';
import { crc32c } from './crc32c.ts';

/** By the definition: one bit at a time. */
function bitByBit(data: Uint8Array, from: number): number {
  let crc = 0xffffffff;
  for (const byte of data.subarray(from)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

test('the known sums of RFC 3720, appendix B.4', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, at) => at))).toBe(0x46dd794e);
});

test('every length and every beginning give what one bit at a time gives', () => {
  const random = sfc32(1, 2, 3);
  const data = Uint8Array.from({ length: 70 }, () => random() & 0xff);
  for (let to = 0; to <= data.length; to++)
    for (let from = 0; from <= to; from++)
      expect(crc32c(data.subarray(0, to), from), `${from} to ${to}`).toBe(bitByBit(data.subarray(0, to), from));
});
