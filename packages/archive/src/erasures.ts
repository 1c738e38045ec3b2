/**
 * Receipts of erasures, on disk: of whom by a digest of their key, who asked and when, and where the record lies in the log. How far an erasure is
 * is never written: it is looked at whenever somebody asks.
 *
 *   erasures/erasure-<when>-<digest>.json
 */
import { TributaryError } from '@tributary/model/errors';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { z } from 'zod';
import { createDurably, namesIn, writeDurably } from './durable.ts';
import { readManifest, toJson } from './manifest-file.ts';

const ID = /^erasure-[0-9a-z]{8,9}-([0-9a-f]{32})$/;

const Receipt = z.object({
  id: z.string().regex(ID),
  partition: z.int().min(0),
  digest: z.string().regex(/^[0-9a-f]{32}$/),
  askedAt: z.int(),
  by: z.string(),
  reason: z.string().nullable(),
  /** Where the record lies in the log, and since when that is known; null: it is not known to be there. */
  recorded: z.object({ at: z.int(), position: z.string() }).nullable(),
  lifted: z.object({ at: z.int(), by: z.string() }).nullable(),
});
export type Receipt = z.output<typeof Receipt>;

export function newReceipt(asked: Pick<Receipt, 'partition' | 'digest' | 'askedAt' | 'by' | 'reason'>): Receipt {
  const id = `erasure-${asked.askedAt.toString(36)}-${asked.digest}`;
  return { id, ...asked, recorded: null, lifted: null };
}

export function digestOfReceipt(id: string): string {
  return ID.exec(id)?.[1] ?? '';
}

function pathOf(dataDir: string, id: string): string {
  if (ID.test(id)) return dataPath(dataDir, 'erasures', `${id}.json`);
  throw new TributaryError('not_found', `erasure ${JSON.stringify(id)} does not exist`);
}

/** Leaves what is there under the same id: two requests of one instant are one. */
export async function createReceipt(dataDir: string, receipt: Receipt): Promise<void> {
  await createDurably(pathOf(dataDir, receipt.id), toJson(receipt));
}

export async function writeReceipt(dataDir: string, receipt: Receipt): Promise<void> {
  await writeDurably(pathOf(dataDir, receipt.id), toJson(receipt));
}

/** Throws `not_found`, and `manifest_corrupt` where the file is damaged. */
export async function readReceipt(dataDir: string, id: string): Promise<Receipt> {
  const receipt = await readManifest(pathOf(dataDir, id), Receipt);
  if (receipt === undefined) throw new TributaryError('not_found', `erasure ${JSON.stringify(id)} does not exist`);
  return receipt;
}

/** Newest first. `digest`: those of one user. */
export async function receiptIds(dataDir: string, digest?: string): Promise<string[]> {
  const names = await namesIn(dataPath(dataDir, 'erasures'));
  const ids = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
  const wanted = ids.filter((id) => {
    const of = digestOfReceipt(id);
    return of !== '' && (digest === undefined || of === digest);
  });
  return wanted.sort((a, b) => (a < b ? 1 : -1));
}
