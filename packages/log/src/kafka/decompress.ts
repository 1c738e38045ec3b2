/** The codecs that producers may use. Bounded: a batch that grows beyond the bound is refused, not unpacked. */
import { gunzipSync, zstdDecompressSync } from 'node:zlib';

const MAX_BYTES = 64 * 1024 * 1024;

export function decompress(codec: number, data: Buffer): Buffer {
  switch (codec) {
    case 0:
      return data;
    case 1:
      return gunzipSync(data, { maxOutputLength: MAX_BYTES });
    case 4:
      return zstdDecompressSync(data, { maxOutputLength: MAX_BYTES });
    default: {
      const name = codec === 2 ? 'snappy' : codec === 3 ? 'lz4' : `codec ${codec}`;
      throw new Error(`a batch is compressed with ${name}; producers of this topic may use none, gzip or zstd`);
    }
  }
}
