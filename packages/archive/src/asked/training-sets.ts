/** Training sets that were asked of the batch layer, on disk (work.ts): rows of a user, an instant and a label, and one Parquet file of values. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { signalsOf } from '@tributary/signals/definitions/file';
import type { SignalDefinition } from '@tributary/signals/definitions/read';
import { z } from 'zod';
import { readIfThere } from '../durable.ts';
import { KNOWLEDGE } from '../history/knowledge.ts';
import { oneColumn, TAKEN } from '../history/training-set.ts';
import { storedFile } from '../manifest-file.ts';
import { askedWork, type Stored } from './work.ts';

export const SET_KEPT_MS = 24 * 3_600_000;
/** Sets that there may be at a time. */
export const MOST_SETS = 8;
/** With those that were cancelled: each is read whenever they are listed. */
export const MOST_SETS_REMEMBERED = 64;

/** Unlike those of questions: both wait in one queue. */
const ID = /^set-[0-9a-z]{8,9}-[0-9a-f]{8}$/;

export function isSetId(id: string): boolean {
  return ID.test(id);
}

const Row = z.union([
  z.tuple([z.string(), z.int(), z.string().nullable()]),
  z.tuple([z.string(), z.int(), z.string().nullable(), z.string()]),
]);
const Asked = z.object({
  id: z.string().regex(ID),
  /** Names of definitions; null: all. */
  signals: z.array(z.string()).nullable(),
  /** Absent: event, as in sets of a version before. */
  knowledge: z.enum(KNOWLEDGE).optional(),
  /** User, instant (epoch ms) and label, in the order asked; with `served` the position, where it is known. */
  rows: z.array(Row),
  /** The key that asked. */
  by: z.string(),
  askedAt: z.int(),
});
const Result = z.object({
  /** The generation up to whose cut events were read, and when that was; null: it failed before. */
  generation: z.int().nullable(),
  cut: z.int().nullable(),
  /** Versions of the definitions, by name. */
  versions: z.record(z.string(), z.string()),
  byStatus: z.record(z.string(), z.int()),
  file: storedFile.nullable(),
  tookMs: z.int(),
  at: z.int(),
  failure: z.string().nullable(),
});

export type AskedSet = z.output<typeof Asked>;
export type SetResult = z.output<typeof Result>;
export type StoredSet = Stored<AskedSet, SetResult>;

export function failedSet(why: { readonly at: number; readonly tookMs: number; readonly failure: string }): SetResult {
  return { generation: null, cut: null, versions: {}, byStatus: {}, file: null, ...why };
}

export const SET_WORK = askedWork<AskedSet, SetResult>({
  folder: 'trainingSets',
  called: 'training set',
  id: ID,
  asked: Asked,
  result: Result,
  damaged: (id, askedAt) => ({ id, signals: null, rows: [], by: 'unknown', askedAt }),
  failed: failedSet,
  keptMs: SET_KEPT_MS,
});

/** `names`: null: all. Throws `invalid_query` for one that these definitions do not have. */
export function namedDefinitions(definitions: Definitions, names: readonly string[] | null): SignalDefinition[] {
  const all = signalsOf(definitions, sha256Hex);
  const asked = [...new Set(names ?? all.keys())];
  const unknown = asked.find((name) => !all.has(name));
  const known = [...all.keys()].sort().slice(0, 20).join(', ') || 'none is defined';
  if (unknown !== undefined || asked.length === 0)
    throw new TributaryError(
      'invalid_query',
      `signals must be names of the definitions of the generation: ${known} (got ${unknown === undefined ? 'none' : JSON.stringify(unknown)})`,
    );
  const both = oneColumn(asked);
  if (both !== undefined)
    throw new TributaryError(
      'invalid_query',
      `signals must have names that differ by more than case, also from ${TAKEN.join(', ')}, which each set has (got ${both.map((name) => JSON.stringify(name)).join(' and ')})`,
    );
  return asked.map((name) => all.get(name) as SignalDefinition);
}

/** How many rows have their values: what is shown meanwhile, and lost without harm. */
export function writeProgress(dataDir: string, id: string, rows: number): void {
  const path = join(dataDir, SET_WORK.folderOf(id), 'progress.json');
  writeFileSync(`${path}.next`, `${rows}`);
  renameSync(`${path}.next`, path);
}

/** 0 where nothing is known. */
export async function readProgress(dataDir: string, id: string): Promise<number> {
  const rows = Number(await readIfThere(join(dataDir, SET_WORK.folderOf(id), 'progress.json')));
  return Number.isSafeInteger(rows) ? rows : 0;
}
