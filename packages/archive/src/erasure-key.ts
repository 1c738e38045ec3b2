/**
 * The key of the digests that are kept of erased users, in place of their own keys: who has the digests alone cannot try out who was erased. One for a data
 * folder, made by the first who needs it.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { TributaryError } from '@tributary/model/errors';
import { DATA_PATHS, dataPath } from '@tributary/runtime/data-folder/paths';
import { createDurably, errorCode } from './durable.ts';
import { receiptIds } from './erasures.ts';
import { readForgotten } from './forgotten.ts';
import { listGenerations, readGeneration } from './generations.ts';

const KEY_BYTES = 32;
const BLOCK_BYTES = 64;
/** Hex digits of a digest: 128 bits. */
const DIGITS = 32;

/** Throws `archive_corrupt` where the file is there and is none, or is gone though there are digests by it. */
export async function erasureKey(dataDir: string): Promise<Buffer> {
  const path = dataPath(dataDir, 'erasureKey');
  for (;;) {
    const text = await erasureKeyText(dataDir);
    if (text !== null) return keyIn(text);
    await demandNoDigests(dataDir);
    await createDurably(path, `${JSON.stringify({ key: randomBytes(KEY_BYTES).toString('hex') })}\n`);
  }
}

/** null: there is none. */
export async function erasureKeyText(dataDir: string): Promise<string | null> {
  return await readFile(dataPath(dataDir, 'erasureKey'), 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  });
}

/** As another folder of the same platform has it. */
export async function writeErasureKey(dataDir: string, text: string): Promise<void> {
  keyIn(text);
  await createDurably(dataPath(dataDir, 'erasureKey'), text);
}

/** Another key would know none of them: what comes of users who were erased would count again. */
async function demandNoDigests(dataDir: string): Promise<void> {
  const where = await digestsIn(dataDir);
  if (where === undefined) return;
  throw new TributaryError(
    'archive_corrupt',
    `${DATA_PATHS.erasureKey} is gone, and ${where} names users by it who were erased. Put the file of a backup there`,
  );
}

async function digestsIn(dataDir: string): Promise<string | undefined> {
  for (const number of await listGenerations(dataDir)) {
    const { erased, lifted } = await readGeneration(dataDir, number);
    if (erased !== undefined || lifted !== undefined) return `generation ${number}`;
  }
  if ((await readForgotten(dataDir)) !== undefined) return DATA_PATHS.archiveForgotten;
  return (await receiptIds(dataDir))[0];
}

function keyIn(text: string): Buffer {
  let key: unknown;
  try {
    key = (JSON.parse(text) as { readonly key?: unknown }).key;
  } catch {
    key = undefined;
  }
  if (typeof key === 'string' && /^[0-9a-f]{64}$/.test(key)) return Buffer.from(key, 'hex');
  throw new TributaryError(
    'archive_corrupt',
    `${DATA_PATHS.erasureKey} must be {"key":"64 hex digits"}. Put the file of a backup there: without it users who were erased are not known`,
  );
}

export function digestsBy(key: Buffer): (userKey: string) => string {
  return (userKey) => createHmac('sha256', key).update(userKey).digest('hex').slice(0, DIGITS);
}

/** The same of a column, as SQL: HMAC (RFC 2104) of two hashes. */
export function digestSql(column: string, key: Buffer): string {
  const block = Buffer.concat([key, Buffer.alloc(BLOCK_BYTES - key.length)]);
  const padded = (by: number) => Buffer.from(block.map((byte) => byte ^ by)).toString('hex');
  return `left(sha256(from_hex('${padded(0x5c)}') || unhex(sha256(from_hex('${padded(0x36)}') || encode(${column})))), ${DIGITS})`;
}
