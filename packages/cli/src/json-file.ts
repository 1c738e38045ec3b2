/** JSON files that a person names. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { MISNAMED } from '@tributary/importing/failures';
import { UsageError } from './exit.ts';
import { readJson } from './json-text.ts';

/** Throws a usage error led by `option`, which named the file. */
export function readJsonFile(cwd: string, file: string, option: string): unknown {
  const read = readJson(textOf(resolve(cwd, file), option, file));
  if (read.ok) return read.value;
  throw new UsageError(`${option} must name a file of JSON (got ${file}): ${read.reason}.`);
}

function textOf(path: string, option: string, file: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    throw new UsageError(`${option} must name a file that can be read (got ${file}: ${MISNAMED[code] ?? code}).`, { cause });
  }
}
