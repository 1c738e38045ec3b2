/**
 * Users who were erased since a backup was taken are in it. Receipts name them by their digests: those that the backup has, and later ones that lie
 * elsewhere. A restored folder refuses these users from its first start on, as it does where archived files lack them (../forgotten.ts): the next
 * run counts all without them, and writes the files again. Generations that count them are not restored.
 */
import { rm } from 'node:fs/promises';
import { TributaryError } from '@tributary/model/errors';
import { whyNoFolder } from '@tributary/runtime/config/unreadable';
import { DATA_PATHS, dataPath } from '@tributary/runtime/data-folder/paths';
import type { Audit } from '../audit/audit.ts';
import { namesIn } from '../durable.ts';
import { erasureKeyText, writeErasureKey } from '../erasure-key.ts';
import { type Receipt, readReceipt, receiptIds, writeReceipt } from '../erasures.ts';
import { type ArchiveForgotten, readForgotten, UNKNOWN_CUT, writeForgotten } from '../forgotten.ts';
import { findGeneration } from '../generations.ts';
import { BACKUP_NOTE } from './note.ts';

/** Behind every line of an entry of the log. */
const LAST_LINE = 2 ** 31 - 1;

export interface ErasedAgain {
  /** How many users the restored folder refuses whom its generation counted. */
  readonly users: number;
  /** Whether its generations are left out for that. */
  readonly withoutGenerations: boolean;
}

/** Adds the receipts that are in `from`, a data folder, a backup or a folder with a copy of `erasures`. Throws `invalid_query` where they cannot be of the same platform. */
export async function takeReceipts(dataDir: string, from: string): Promise<void> {
  const noFolder = whyNoFolder(from);
  if (noFolder !== undefined) throw refusedReceipts(from, noFolder);
  const names = await namesIn(from);
  if (!names.includes(DATA_PATHS.erasures) && !names.includes(BACKUP_NOTE) && !names.includes('archive'))
    throw refusedReceipts(from, 'it lacks the folder "erasures"');
  const ids = await receiptIds(from);
  const [own, theirs] = [await erasureKeyText(dataDir), await erasureKeyText(from)];
  if (own !== null && theirs !== null && own !== theirs)
    throw refusedReceipts(from, `its ${DATA_PATHS.erasureKey} is another one, so it is of another platform`);
  if (own === null && theirs === null && ids.length > 0)
    throw refusedReceipts(from, `neither it nor the backup has ${DATA_PATHS.erasureKey}, without which no user is found by them`);
  if (own === null && theirs !== null) await writeErasureKey(dataDir, theirs);
  const known = new Set(await receiptIds(dataDir));
  for (const id of ids) {
    const later = await readReceipt(from, id);
    const earlier = known.has(id) ? await readReceipt(dataDir, id) : later;
    const merged = { ...later, recorded: later.recorded ?? earlier.recorded, lifted: later.lifted ?? earlier.lifted };
    await writeReceipt(dataDir, merged);
  }
}

/** Whether this platform ever erased a user, as far as the folder knows. */
export async function knowsErasures(dataDir: string, generation: number | null): Promise<boolean> {
  if ((await receiptIds(dataDir)).length > 0 || (await readForgotten(dataDir)) !== undefined) return true;
  const { erased, lifted } = (generation === null ? undefined : await findGeneration(dataDir, generation)) ?? {};
  return erased !== undefined || lifted !== undefined;
}

/** `generation`: the one that readers of the folder would get. */
export async function eraseAgain(dataDir: string, { partitions }: Audit, generation: number | null): Promise<ErasedAgain> {
  const counted = generation === null ? undefined : await findGeneration(dataDir, generation);
  const before = await readForgotten(dataDir);
  const known = new Set(counted?.erased ?? before?.erased);
  const ends = new Map(partitions.map(({ partition, upTo }) => [partition, upTo]));
  const erased = new Map<string, { readonly partition: number; readonly known: string }>();
  const lifted = new Map<string, string>();
  for (const [digest, receipts] of await receiptsByUser(dataDir)) {
    const [{ partition }] = receipts;
    const end = ends.get(partition) ?? null;
    const isBehind = receipts.some(({ recorded }) => recorded === null || recorded.position > (end ?? ''));
    if (receipts.some((receipt) => receipt.lifted === null)) {
      if (!known.has(digest)) erased.set(digest, { partition, known: knownFrom(receipts) });
    } else if (isBehind && end !== null) lifted.set(digest, end);
  }
  if (erased.size + lifted.size === 0) return { users: 0, withoutGenerations: false };
  await writeForgotten(dataDir, forgottenAfter(before ?? {}, { erased, lifted }, partitions, generation));
  if (counted !== undefined) await rm(dataPath(dataDir, 'generations'), { recursive: true, force: true });
  return { users: erased.size + lifted.size, withoutGenerations: counted !== undefined };
}

/** A store that is put back beside the backup may be newer than that, and not know either. */
function knownFrom(receipts: Receipts): string {
  return receipts.reduce((last, { recorded, lifted }) => {
    const position = recorded?.position ?? UNKNOWN_CUT;
    return lifted === null && position > last ? position : last;
  }, '');
}

type Receipts = readonly [Receipt, ...Receipt[]];

async function receiptsByUser(dataDir: string): Promise<Map<string, Receipts>> {
  const receipts: Receipt[] = [];
  for (const id of await receiptIds(dataDir)) receipts.push(await readReceipt(dataDir, id));
  return Map.groupBy(receipts, ({ digest }) => digest) as unknown as Map<string, Receipts>;
}

interface Since {
  /** By digest, the partition of the user, and from which position on a state of the partition knows of the erasure. */
  readonly erased: ReadonlyMap<string, { readonly partition: number; readonly known: string }>;
  /** By digest, the position up to which nothing counts. */
  readonly lifted: ReadonlyMap<string, string>;
}

function forgottenAfter(
  { ofCut: _ofCut, ...before }: Partial<ArchiveForgotten>,
  { erased, lifted }: Since,
  partitions: Audit['partitions'],
  generation: number | null,
): ArchiveForgotten {
  const count = Math.max(before.cut?.length ?? 0, ...partitions.map(({ partition }) => partition + 1));
  const each = Array.from({ length: count }, (_, number) => partitions.find(({ partition }) => partition === number));
  const places = Object.fromEntries([...lifted].map(([digest, position]) => [digest, { position, entryIndex: LAST_LINE }]));
  const stay = Object.entries(before.lifted ?? {}).filter(([digest]) => !erased.has(digest));
  return {
    ...before,
    generation: before.generation ?? generation ?? 1,
    erased: [...new Set([...(before.erased ?? []).filter((digest) => !lifted.has(digest)), ...erased.keys()])].sort(),
    lifted: { ...Object.fromEntries(stay), ...places },
    lastSegment: each.map((one) => one?.lastSegment ?? -1),
    cut: each.map((one, number) => {
      const own = [...erased.values()].filter(({ partition }) => partition === number).map(({ known }) => known);
      return [one?.upTo ?? '', ...own].sort().at(-1) as string;
    }),
    searchedAt: null,
    // Files have what they had lent to other keys, and not what withdrew it.
    lent: {
      digests: [...new Set([...(before.lent?.digests ?? []), ...erased.keys(), ...lifted.keys()])].sort(),
      upTo: each.map((one) => one?.upTo ?? ''),
    },
    partitions: {
      ...before.partitions,
      ...Object.fromEntries([...erased].map(([digest, { partition }]) => [digest, [partition]])),
    },
  };
}

function refusedReceipts(place: string, why: string): TributaryError {
  return new TributaryError(
    'invalid_query',
    `--erasures must name a data folder of the same platform, a backup of it, or a folder with a copy of its "erasures" (got ${JSON.stringify(place)}: ${why}). Name another one.`,
  );
}
