/** Small files that hosts leave for each other: JSON under its own SHA-256, so that a flipped byte is not taken for a number. */
import { createHash } from 'node:crypto';
import { createDurably, readIfThere } from '@tributary/archive/durable';
import { TributaryError } from '@tributary/model/errors';

/** True for the one of any number of writers whose file stays; durable when this returns. */
export function createSealed(path: string, value: object): Promise<boolean> {
  const body = JSON.stringify(value);
  return createDurably(path, `${sha256(body)}\n${body}`);
}

/** Undefined when there is none. Throws `archive_corrupt` when its bytes are not those that were written. */
export async function readSealed<T>(path: string): Promise<T | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  const end = text.indexOf('\n');
  const body = text.slice(end + 1);
  if (text.slice(0, Math.max(0, end)) === sha256(body)) return JSON.parse(body) as T;
  throw new TributaryError('archive_corrupt', `${path} does not hold what was written: its SHA-256 differs`);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
