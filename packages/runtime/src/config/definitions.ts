/** Definitions from a file: the model parses them, this reads them. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { readDefinitions } from '@tributary/signals/definitions/file';
import type { ConfigTable } from './read-config.ts';
import { quoted } from './setting.ts';
import { whyUnreadable } from './unreadable.ts';

export const DEFINITIONS_SETTINGS = {
  definitionsFile: { type: 'string', default: '', why: 'which events are touches, conversions, signals; "" is the built-in set' },
} as const satisfies ConfigTable;

/** Lower-case hex SHA-256 of the UTF-8 bytes of `text`. */
export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function refused(what: string, cause: unknown): TributaryError {
  return new TributaryError('invalid_definitions', `TRIBUTARY_DEFINITIONS_FILE ${what}`, { cause });
}

/** The definitions of `file`; the built-in ones for `''`. Throws `invalid_definitions` that names the file and the place. */
export function loadDefinitions(file: string): Definitions {
  if (file === '') return readDefinitions('{}', sha256Hex);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch (cause) {
    throw refused(
      `must be a file that can be read (got ${quoted(file)}: ${whyUnreadable(cause)}). Correct the path, its permissions, or its encoding.`,
      cause,
    );
  }
  try {
    return readDefinitions(text, sha256Hex);
  } catch (cause) {
    // It says the place, what is wrong there, and mostly what to do.
    throw refused(
      `must hold definitions (got ${quoted(file)}). Correct it: ${(cause as Error).message.replace(/\.?$/, '.')}`,
      cause,
    );
  }
}
