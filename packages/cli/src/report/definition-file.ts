/** A file of definitions as people write it, YAML or JSON: read as the platform reads it, and refused by line and column. */
import { resolve } from 'node:path';
import { MISNAMED } from '@tributary/importing/failures';
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { readText } from '@tributary/runtime/config/read-text';
import type { SignalDefinition } from '@tributary/signals/definitions/read';
import { CommandError, UsageError } from '../exit.ts';
import { readJson } from '../json-text.ts';

const PLACED = /^definitions, (line \d+, column \d+), at /;
const LEAD = 'definitions, at ';
const WHOLE = 'the definitions';

/** Throws a usage error where there is no such file, and a failure that names the place where it is wrong. */
export async function readDefinitions(cwd: string, file: string): Promise<Definitions> {
  const [{ readWritten }, { sha256Hex }] = await Promise.all([
    import('@tributary/signals/definitions/written'),
    import('@tributary/runtime/config/definitions'),
  ]);
  return readFile(cwd, file, (text) => readWritten(text, sha256Hex));
}

/** The signals, sessions and segments of such a file. */
export async function signalsInFile(cwd: string, file: string): Promise<readonly SignalDefinition[]> {
  const [{ signalsOf }, { sha256Hex }] = await Promise.all([
    import('@tributary/signals/definitions/file'),
    import('@tributary/runtime/config/definitions'),
  ]);
  return [...signalsOf(await readDefinitions(cwd, file), sha256Hex).values()];
}

/** The same for what `read` makes of the text of such a file. */
export async function readFile<T>(cwd: string, file: string, read: (text: string) => T): Promise<T> {
  const { MOST_CHARACTERS } = await import('@tributary/signals/definitions/yaml');
  const text = textOf(cwd, file, MOST_CHARACTERS);
  try {
    return read(text);
  } catch (cause) {
    if (!(cause instanceof TributaryError)) throw cause;
    throw new CommandError({ code: cause.code, message: named(cause.message, file), fix: cause.fix }, { cause });
  }
}

/**
 * What the file holds, for the platform to judge. Throws a usage error led by `option`, which named the file, where it is neither JSON
 * nor YAML.
 */
export async function definitionsAsWritten(cwd: string, file: string, option: string): Promise<unknown> {
  const [{ isJson }, { MOST_CHARACTERS, jsonOfYaml }] = await Promise.all([
    import('@tributary/signals/definitions/written'),
    import('@tributary/signals/definitions/yaml'),
  ]);
  const text = textOf(cwd, file, MOST_CHARACTERS, option);
  if (isJson(text)) {
    const read = readJson(text);
    if (read.ok) return read.value;
    throw new UsageError(`${option} must name a file of JSON or YAML (got ${file}): ${read.reason}.`);
  }
  try {
    return JSON.parse(jsonOfYaml(text).json);
  } catch (cause) {
    if (!(cause instanceof TributaryError)) throw cause;
    throw new UsageError(`${option} must name a file of JSON or YAML (got ${file}): ${cause.message}`, { cause });
  }
}

function named(message: string, file: string): string {
  if (message.startsWith(WHOLE)) return file + message.slice(WHOLE.length);
  if (message.startsWith(LEAD)) return `${file}, ${message.slice(LEAD.length)}`;
  const [lead, place] = PLACED.exec(message) ?? [];
  return lead === undefined ? `${file}: ${message}` : `${file}, ${place}: ${message.slice(lead.length)}`;
}

function textOf(cwd: string, file: string, mostCharacters: number, option = 'definitions'): string {
  try {
    return readText(resolve(cwd, file), mostCharacters);
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    const why = code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is not UTF-8' : (MISNAMED[code] ?? code);
    const must = option === 'definitions' ? 'be' : 'name';
    throw new UsageError(`${option} must ${must} a file that can be read (got ${file}: ${why})`, { cause });
  }
}
