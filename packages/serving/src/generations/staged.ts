/** The staged generation, for who asks for it by name: readers get the published one. One is in memory at a time. */
import { stagedOf } from '@tributary/archive/staged';
import { TributaryError } from '@tributary/model/errors';
import type { GenerationSource } from '../ports.ts';
import { type LoadedGeneration, loadedGeneration } from './loaded.ts';
import type { Generations } from './served.ts';

export interface StagedGenerations {
  /** Loads it where it is not in memory; rejects with `not_found` where none waits, and as the source does. */
  take(): Promise<LoadedGeneration>;
  /** Lets go of what readers get by now (`published` or an older one), and of what was not asked for during ten minutes. */
  letGo(published: number): void;
}

/** Which one waits is looked up this often at most, ms: there may be a thousand manifests. */
const LOOKED_UP_MS = 1_000;
/** What cannot be loaded is tried again this often at most, ms: each request would read its files. */
const RETRY_MS = 1_000;
const KEEP_MS = 10 * 60_000;

/** Where the clock went back, all of them are over. */
export function createStaged(source: GenerationSource, now: () => number): StagedGenerations {
  let found: { readonly atMs: number; readonly staged: Promise<Awaited<ReturnType<typeof find>>> } | null = null;
  let held: { readonly generation: number; readonly loading: Promise<LoadedGeneration>; askedMs: number } | null = null;
  let failed: { readonly generation: number; readonly atMs: number; readonly error: unknown } | null = null;

  async function find() {
    return stagedOf(await source.manifests(), await source.publication());
  }

  return {
    async take() {
      if (found === null || Math.abs(now() - found.atMs) >= LOOKED_UP_MS) found = { atMs: now(), staged: find() };
      const { staged } = found;
      const manifest = await staged.catch((error: unknown) => {
        found = null;
        throw error;
      });
      if (manifest === null) {
        held = null;
        throw new TributaryError(
          'not_found',
          'a staged generation does not exist: compute one with "tributary batch run --promote ask"',
        );
      }
      const { generation } = manifest;
      if (failed?.generation === generation && Math.abs(now() - failed.atMs) < RETRY_MS) throw failed.error;
      if (held?.generation !== generation) {
        const loading = source.viewRows(manifest).then((rows) => loadedGeneration(generation, manifest, rows));
        held = { generation, loading, askedMs: now() };
      }
      held.askedMs = now();
      const { loading } = held;
      return loading.catch((error: unknown) => {
        failed = { generation, atMs: now(), error };
        if (held?.loading === loading) held = null;
        throw error;
      });
    },
    letGo(published) {
      if (held !== null && (held.generation <= published || Math.abs(now() - held.askedMs) >= KEEP_MS)) held = null;
    },
  };
}

/** As readers take a generation, but always this one. */
export function onlyThis(loaded: LoadedGeneration): Generations {
  const { generation, manifest } = loaded;
  return {
    take: () => ({ loaded, failure: null }),
    refresh: async () => {},
    current: () => ({ wanted: null, served: generation, manifest, failure: null }),
  };
}
