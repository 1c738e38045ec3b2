/** The codecs that producers may use. Bounded: a batch that grows beyond the bound is refused, not unpacked. */
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { unpackLz4, unpackSnappy } from './unpack.ts';

const MAX_BYTES = 64 * 1024 * 1024;

export function decompress(codec: number, data: Buffer): Buffer {
  switch (codec) {
    case 0:
      return data;
    case 1:
      return gunzipSync(data, { maxOutputLength: MAX_BYTES });
    case 2:
      return unpackSnappy(data, MAX_BYTES);
    case 3:
      return unpackLz4(data, MAX_BYTES);
    case 4:
      return zstdDecompressSync(data, { maxOutputLength: MAX_BYTES });
    default:
      throw new Error(`a batch is compressed with the unknown codec ${codec}`);
  }
}
