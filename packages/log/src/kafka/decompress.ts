/** The codecs that producers may use. Bounded: a batch that grows beyond the bound is refused, not unpacked. */
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { unpackLz4, unpackSnappy } from './unpack.ts';

/**
 * Bytes of a batch, unpacked. Topics that the log creates take batches of half of it (`max.message.bytes`), and the appender makes
 * none larger, whatever its topic takes: what we wrote fits, also where the broker packs it. The same for every reader, so that
 * all of them call the same batch unreadable.
 */
export const MAX_UNPACKED_BYTES = 16 * 1024 * 1024;

/** The bytes of a batch are at fault: its checksum matches, so its producer wrote them, and no retry changes them. */
export class UnreadableBatch extends Error {}

/** Throws `UnreadableBatch`. A batch that is not packed may have any size: it is in memory already. */
export function decompress(codec: number, data: Buffer): Buffer {
  try {
    return unpack(codec, data);
  } catch (cause) {
    const { code = '', message } = cause as Error & { code?: string };
    if (code === 'ERR_BUFFER_TOO_LARGE') throw new UnreadableBatch(`it unpacks to more than ${MAX_UNPACKED_BYTES} bytes`);
    // A lack of memory passes: it says nothing about the batch.
    if (/memory|alloc/i.test(`${code} ${message}`)) throw cause;
    throw new UnreadableBatch(message, { cause });
  }
}

function unpack(codec: number, data: Buffer): Buffer {
  switch (codec) {
    case 0:
      return data;
    case 1:
      return gunzipSync(data, { maxOutputLength: MAX_UNPACKED_BYTES });
    case 2:
      return unpackSnappy(data, MAX_UNPACKED_BYTES);
    case 3:
      return unpackLz4(data, MAX_UNPACKED_BYTES);
    case 4:
      return zstdDecompressSync(data, { maxOutputLength: MAX_UNPACKED_BYTES });
    default:
      throw new RangeError(`it is compressed with the unknown codec ${codec}`);
  }
}
