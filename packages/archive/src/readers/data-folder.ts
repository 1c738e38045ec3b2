/** Generations and publications of the data folder as readers ask for them: what the merge takes (GenerationSource of serving), and what operators do. */
import { join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { parseExactJson } from '@tributary/model/exact-json';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { byPartition } from '@tributary/views/by-partition';
import type { Rows, RowsByView } from '@tributary/views/deltas';
import type { View } from '@tributary/views/view';
import { type DuckDb, openDuckDb } from '../duckdb.ts';
import { readIfThere } from '../durable.ts';
import { findGeneration, generationFolder, listGenerations } from '../generations.ts';
import { readLastCheck } from '../last-check.ts';
import type { GenerationManifest, Publication } from '../layout.ts';
import { type PlanDemand, planRun, type RunPlan } from '../plan/run-plan.ts';
import { currentPublication, type PublicationDraft, publish, readSaid, type Said } from '../publications.ts';
import { rememberedRetiredBefore } from '../retention/retired.ts';
import { type DiscardDraft, discardStaged } from '../retire.ts';
import { createRowsFiles, isRowsFile } from '../rows-file.ts';
import { readViewRows } from '../views.ts';

/**
 * Manifests of computed generations change only to `retired`; this many are remembered with the time they were read. One
 * that is still pending is read each time: between two reads it may have been computed and published.
 */
const REMEMBERED = 1_000;
const REMEMBER_MS = 1_000;

export interface DataFolderOptions {
  readonly dataDir: string;
  readonly views: readonly View[];
  readonly now: () => number;
  /** Bound of DuckDB's buffers while a generation loads, e.g. "256MiB". */
  readonly memoryLimit: string;
}

export function openDataFolder({ dataDir, views, now, memoryLimit }: DataFolderOptions) {
  const remembered = new Map<number, { readonly manifest: GenerationManifest; readonly atMs: number }>();

  const said = new Map<number, Said>();

  async function find(generation: number): Promise<GenerationManifest | undefined> {
    const known = remembered.get(generation);
    if (known !== undefined && Math.abs(now() - known.atMs) < REMEMBER_MS) return known.manifest;
    const manifest = await findGeneration(dataDir, generation);
    if (manifest === undefined || manifest.state === 'pending') return manifest;
    if (remembered.size >= REMEMBERED) remembered.clear();
    remembered.set(generation, { manifest, atMs: now() });
    return manifest;
  }

  async function all(): Promise<GenerationManifest[]> {
    const manifests: GenerationManifest[] = [];
    for (const generation of (await listGenerations(dataDir)).reverse()) {
      const manifest = await find(generation);
      if (manifest !== undefined) manifests.push(manifest);
    }
    return manifests;
  }

  /** DuckDB is opened where it reads any of the files. */
  function reading<T>(
    { views: files }: GenerationManifest,
    asked: readonly Pick<View, 'name'>[],
    work: (session: Pick<DuckDb, 'chunks'>) => Promise<T>,
  ): Promise<T> {
    const isAsked = asked.some(({ name }) => files[name]?.some((file) => !isRowsFile(file)));
    return isAsked ? withDuckDb(dataDir, memoryLimit, work) : work(NOT_OPENED);
  }

  return {
    publication: () => currentPublication(dataDir),

    manifests: all,

    retiredBefore: rememberedRetiredBefore(dataDir),

    /** What a run would read if it were asked for now. Rejects with `manifest_corrupt`. */
    plan: async (demand: Omit<PlanDemand, 'manifests'>): Promise<RunPlan> =>
      planRun(dataDir, { ...demand, manifests: await all() }),

    manifest: async (generation: number): Promise<GenerationManifest | null> => (await find(generation)) ?? null,

    viewRows: (manifest: GenerationManifest): Promise<RowsByView> =>
      reading(manifest, views, async (session) => {
        const rows: RowsByView = new Map();
        const rowsFiles = createRowsFiles(dataDir);
        for (const view of views)
          if (manifest.views[view.name] !== undefined)
            rows.set(view.name, await readViewRows(session, dataDir, manifest, view, rowsFiles));
        return rows;
      }),

    rowsByPartition: (manifest: GenerationManifest, view: View): Promise<Rows> =>
      reading(manifest, [byPartition(view)], (session) => readViewRows(session, dataDir, manifest, byPartition(view))),

    async publish(expectedSequence: number, publication: PublicationDraft, above?: number): Promise<Publication> {
      const published = await publish(dataDir, expectedSequence, publication, above);
      remembered.clear();
      return published;
    },

    /** Gives a staged generation up. Rejects with `conflict` when it is not one, or when `expectedSequence` is no longer the newest. */
    async discard(expectedSequence: number, draft: DiscardDraft, above?: number): Promise<Publication> {
      const published = await discardStaged(dataDir, expectedSequence, draft, above);
      remembered.clear();
      return published;
    },

    /** Every publication that is remembered, oldest first. */
    publications: (): Promise<Said[]> => readSaid(dataDir, said),

    lastCheck: () => readLastCheck(dataDir),

    reconciliation: (generation: number): Promise<unknown> =>
      readJson(join(dataDir, generationFolder(generation), 'reconciliation.json')),
  };
}

const NOT_OPENED: Pick<DuckDb, 'chunks'> = {
  chunks: () => {
    throw new Error('no file is asked for that DuckDB reads');
  },
};

/** A session of its own for each piece of work: an interrupt or an internal error harms no other. */
export async function withDuckDb<T>(dataDir: string, memoryLimit: string, work: (session: DuckDb) => Promise<T>): Promise<T> {
  const session = await openDuckDb({ memoryLimit, threads: 1, tempDir: dataPath(dataDir, 'staging', 'api'), tempLimit: '2GB' });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

async function readJson(path: string): Promise<unknown> {
  const text = await readIfThere(path);
  if (text === undefined) return null;
  try {
    return parseExactJson(text);
  } catch (cause) {
    throw new TributaryError('manifest_corrupt', `${path} is not JSON: ${(cause as Error).message}`, { cause });
  }
}
