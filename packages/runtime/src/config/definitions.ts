/** Definitions from a file: the model and `packages/signals` parse them, this reads them. */
import { createHash } from 'node:crypto';
import { builtIn, type Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { readText } from './read-text.ts';
import { quoted } from './setting.ts';
import { whyUnreadable } from './unreadable.ts';

/** Lower-case hex SHA-256 of the UTF-8 bytes of `text`. */
export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function refused(what: string, cause: unknown): TributaryError {
  return new TributaryError('invalid_definitions', `TRIBUTARY_DEFINITIONS_FILE ${what}`, { cause });
}

export function builtInDefinitions(): Definitions {
  return builtIn(sha256Hex);
}

/** The definitions of `file`, JSON or YAML; the built-in ones for `''`. Throws `invalid_definitions` that names the file and the place. */
export async function loadDefinitions(file: string): Promise<Definitions> {
  if (file === '') return builtInDefinitions();
  // What reads signals and YAML is loaded where there is a file alone: most roles of most platforms need neither.
  const [{ readWritten }, { MOST_CHARACTERS }] = await Promise.all([
    import('@tributary/signals/definitions/written'),
    import('@tributary/signals/definitions/yaml'),
  ]);
  let text: string;
  try {
    text = readText(file, MOST_CHARACTERS);
  } catch (cause) {
    throw refused(
      `must be a file that can be read (got ${quoted(file)}: ${whyUnreadable(cause)}). Correct the path, its permissions, or its encoding.`,
      cause,
    );
  }
  try {
    return readWritten(text, sha256Hex);
  } catch (cause) {
    // It says the place, what is wrong there, and mostly what to do.
    throw refused(
      `must hold definitions (got ${quoted(file)}). Correct it: ${(cause as Error).message.replace(/\.?$/, '.')}`,
      cause,
    );
  }
}
