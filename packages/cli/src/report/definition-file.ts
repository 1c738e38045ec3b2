/** A file of definitions as people write it: read as the platform reads it, and refused by line and column. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { MISNAMED } from '@tributary/importing/failures';
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { CommandError, UsageError } from '../exit.ts';
import { type JsonPlace, jsonPlaces } from '../json-place.ts';

const LEAD = 'definitions, at ';
const WHOLE = 'the definitions';

/** Throws a usage error where there is no such file, and a failure that names the place where it is wrong. */
export async function readDefinitions(cwd: string, file: string): Promise<Definitions> {
  const text = textOf(resolve(cwd, file), file);
  const [{ readDefinitions: parse }, { sha256Hex }] = await Promise.all([
    import('@tributary/signals/definitions/file'),
    import('@tributary/runtime/config/definitions'),
  ]);
  try {
    return parse(text, sha256Hex);
  } catch (cause) {
    if (!(cause instanceof TributaryError)) throw cause;
    const message = placed(cause.message, text, file);
    throw new CommandError({ code: cause.code, message, fix: cause.fix }, { cause });
  }
}

/** What is not JSON has its place; what breaks a rule has the path of its key, which is looked up. */
function placed(message: string, text: string, file: string): string {
  if (message.startsWith(WHOLE)) return file + message.slice(WHOLE.length);
  if (!message.startsWith(LEAD)) return `${file}: ${message}`;
  const said = message.slice(LEAD.length);
  const isMeant = ({ path }: JsonPlace) => said.startsWith(`${path} must `);
  const place = jsonPlaces(text.replace(/^\ufeff/, '')).findLast(isMeant);
  return place === undefined ? `${file}, ${said}` : `${file}, line ${place.line}, column ${place.column}: ${said}`;
}

function textOf(path: string, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    const why = code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is not UTF-8' : (MISNAMED[code] ?? code);
    throw new UsageError(`definitions must be a file that can be read (got ${file}: ${why})`, { cause });
  }
}
