/** Definitions from a file: the model parses them, this reads them. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Definitions, parseDefinitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';

/** Lower-case hex SHA-256 of the UTF-8 bytes of `text`. */
export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The definitions of `file`; the built-in ones for `''`. Throws `invalid_definitions` that names the file and the place. */
export function loadDefinitions(file: string): Definitions {
  if (file === '') return parseDefinitions('{}', sha256Hex);
  try {
    return parseDefinitions(readFileSync(file, 'utf8'), sha256Hex);
  } catch (cause) {
    throw new TributaryError('invalid_definitions', `${file}: ${(cause as Error).message}`, { cause });
  }
}
