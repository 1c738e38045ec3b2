/**
 * Work that was asked of the batch layer, on disk: what was asked, whether it was cancelled, and what came of it. Each is a file that is written once
 * and never changed, so that a coordinator which dies leaves nothing half done, and of two results the first counts.
 *
 *   <kind>/<id>/asked.json · cancelled.json · result.json · …-<attempt>.parquet · rows-<attempt>.ndjson · comparison-<attempt>.json
 */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { DATA_PATHS } from '@tributary/runtime/data-folder/paths';
import type { z } from 'zod';
import { createDurably, namesIn } from '../durable.ts';
import { readManifest, toJson } from '../manifest-file.ts';
import { hasRows } from '../rows-file.ts';

/** Files of one that was cancelled may still have a writer, and a folder where nothing was asked yet as well. */
const CANCELLED_KEPT_MS = 3_600_000;

export interface Asked {
  readonly id: string;
  /** Epoch ms. */
  readonly askedAt: number;
}

export interface Result {
  /** When it was there, epoch ms. */
  readonly at: number;
  /** Why there is nothing to read; null: there is. */
  readonly failure: string | null;
}

export interface Stored<A, R> {
  readonly asked: A;
  readonly isCancelled: boolean;
  /** null: there is none yet. */
  readonly result: R | null;
}

export interface KindOfWork<A extends Asked, R extends Result> {
  readonly folder: 'questions' | 'trainingSets';
  /** As messages call one: `archive question`. */
  readonly called: string;
  readonly id: RegExp;
  readonly asked: z.ZodType<A>;
  readonly result: z.ZodType<R>;
  /** What stands for one whose `asked.json` is damaged. */
  readonly damaged: (id: string, askedAt: number) => A;
  readonly failed: (why: { readonly at: number; readonly tookMs: number; readonly failure: string }) => R;
  /** A result is kept for so long after it was computed; work that never got one, after it was asked. */
  readonly keptMs: number;
}

export interface AskedWork<A extends Asked, R extends Result> {
  /** Relative to the data folder. Throws `not_found` for what is not an id. */
  folderOf(id: string): string;
  create(dataDir: string, asked: A): Promise<void>;
  /** undefined: there is none of this id, or no longer. A damaged file is a failure that says so: it can be removed. */
  read(dataDir: string, id: string): Promise<Stored<A, R> | undefined>;
  /** Newest first. */
  list(dataDir: string): Promise<Stored<A, R>[]>;
  /** Idempotent. A result that is there is given up as well, and what it names is removed. */
  cancel(dataDir: string, id: string, at: number): Promise<void>;
  /** false: there is a result already, which stands. */
  keepResult(dataDir: string, id: string, result: R): Promise<boolean>;
  /** When it will be removed, epoch ms. */
  expiryOf(stored: Stored<A, R>): number;
  /** Removes what has expired. One that cannot be removed does not keep the others; rejects with its error in the end. */
  sweep(dataDir: string, nowMs: number): Promise<void>;
}

export function askedWork<A extends Asked, R extends Result>(kind: KindOfWork<A, R>): AskedWork<A, R> {
  const folderOf = (id: string) => {
    if (!kind.id.test(id)) throw new TributaryError('not_found', `${kind.called} ${JSON.stringify(id)} does not exist`);
    return `${DATA_PATHS[kind.folder]}/${id}`;
  };
  const pathOf = (dataDir: string, id: string, ...names: readonly string[]) => join(dataDir, folderOf(id), ...names);
  const damage = (at: number, { code, message }: TributaryError) =>
    kind.failed({ at, tookMs: 0, failure: `${code}: ${message}` });

  async function readAsked(path: string, id: string): Promise<{ readonly asked: A; readonly damaged: R | null } | undefined> {
    try {
      const asked = await readManifest(path, kind.asked);
      return asked && { asked, damaged: null };
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      const at = Math.round((await stat(path)).mtimeMs);
      return { asked: kind.damaged(id, at), damaged: damage(at, error) };
    }
  }

  async function readResult(path: string, { askedAt }: A): Promise<R | null> {
    try {
      return (await readManifest(path, kind.result)) ?? null;
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      return damage(askedAt, error);
    }
  }

  async function read(dataDir: string, id: string): Promise<Stored<A, R> | undefined> {
    const found = await readAsked(pathOf(dataDir, id, 'asked.json'), id);
    if (found === undefined) return undefined;
    const { asked, damaged } = found;
    const result = damaged ?? (await readResult(pathOf(dataDir, id, 'result.json'), asked));
    return { asked, isCancelled: (await namesIn(pathOf(dataDir, id))).includes('cancelled.json'), result };
  }

  async function idsIn(dataDir: string): Promise<string[]> {
    return (await namesIn(join(dataDir, DATA_PATHS[kind.folder]))).filter((name) => kind.id.test(name));
  }

  function expiryOf({ asked, isCancelled, result }: Stored<A, R>): number {
    return (result?.at ?? asked.askedAt) + (isCancelled ? CANCELLED_KEPT_MS : kind.keptMs);
  }

  /** When a folder is removed, epoch ms. Where nothing was asked, by its age: it is what is left of one, or will be one. */
  async function endOf(dataDir: string, id: string): Promise<number> {
    const stored = await read(dataDir, id);
    if (stored !== undefined) return expiryOf(stored);
    return (await stat(pathOf(dataDir, id))).mtimeMs + CANCELLED_KEPT_MS;
  }

  return {
    folderOf,
    read,
    expiryOf,
    async create(dataDir, asked) {
      await createDurably(pathOf(dataDir, asked.id, 'asked.json'), toJson(asked));
    },
    async list(dataDir) {
      const all: Stored<A, R>[] = [];
      for (const id of await idsIn(dataDir)) {
        const stored = await read(dataDir, id);
        if (stored !== undefined) all.push(stored);
      }
      return all.sort((a, b) => b.asked.askedAt - a.asked.askedAt);
    },
    async cancel(dataDir, id, at) {
      await createDurably(pathOf(dataDir, id, 'cancelled.json'), toJson({ at }));
      const names = await namesIn(pathOf(dataDir, id));
      if (!names.includes('result.json')) return;
      for (const name of names)
        if (hasRows(name) || name.startsWith('comparison-')) await rm(pathOf(dataDir, id, name), { force: true });
    },
    keepResult: (dataDir, id, result) => createDurably(pathOf(dataDir, id, 'result.json'), toJson(result)),
    async sweep(dataDir, nowMs) {
      let failed: unknown;
      for (const id of await idsIn(dataDir))
        try {
          if ((await endOf(dataDir, id)) > nowMs) continue;
          // First what was asked: cut off there, the rest cannot be read as work, and is removed by its age.
          await rm(pathOf(dataDir, id, 'asked.json'), { force: true });
          await rm(pathOf(dataDir, id), { recursive: true, force: true });
        } catch (error) {
          failed ??= error;
        }
      if (failed !== undefined) throw failed;
    },
  };
}

function isCorrupt(error: unknown): error is TributaryError {
  return error instanceof TributaryError && error.code === 'manifest_corrupt';
}
