/** Texts of bounded length from files that people name: what is longer, or without an end, is not read. */
import { closeSync, openSync, readSync } from 'node:fs';

/** Bytes of a UTF-16 unit in UTF-8, at most. */
const MOST_BYTES_OF_UNIT = 3;

/**
 * UTF-8, a byte order mark included. A longer file is read so far that the text has more than `mostCharacters`, for its reader to refuse. Throws
 * what Node throws of files, and `ERR_ENCODING_INVALID_ENCODED_DATA`.
 */
export function readText(path: string, mostCharacters: number): string {
  const most = mostCharacters * MOST_BYTES_OF_UNIT + 1;
  const bytes = Buffer.allocUnsafe(most);
  const file = openSync(path, 'r');
  let length = 0;
  try {
    while (length < most) {
      const read = readSync(file, bytes, length, most - length, null);
      if (read === 0) break;
      length += read;
    }
  } finally {
    closeSync(file);
  }
  // What is cut may end within a character.
  return new TextDecoder('utf-8', { fatal: length < most, ignoreBOM: true }).decode(bytes.subarray(0, length));
}
