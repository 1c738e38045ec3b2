/**
 * Which generation readers are given, and its rows in memory.
 *
 * Two sources name the current generation: the newest publication file (the truth) and the pointer in Redis (its cache,
 * quicker to see). The higher sequence wins. When it moves, the new view(g) is loaded in the background and the previous
 * generation goes on being served: still exact, as its deltas are kept (see merge.ts). A generation that cannot be
 * loaded never becomes a hole: the previous one stays if it is still kept, and the answer says so; else there is no answer.
 *
 *   wanted    | in memory     | served                          | complete
 *   ----------+---------------+---------------------------------+---------
 *   g         | g             | g                               | yes
 *   g         | older, kept   | older, while g loads            | yes
 *   g corrupt | older, kept   | older, with a warning           | no
 *   g corrupt | older, retired| 503                             |
 *   g         | nothing       | 503 until loaded                |
 *
 * Whether deltas are still kept is the store's to say: it refuses deltas of a generation that was retired.
 */
import type { GenerationManifest } from '@tributary/archive/layout';
import { TributaryError } from '@tributary/model/errors';
import type { GenerationPointer } from '@tributary/store/serving-store';
import type { GenerationSource } from '../ports.ts';
import { GENERATION_ZERO, type LoadedGeneration, loadedGeneration } from './loaded.ts';

export interface ServedGeneration {
  readonly loaded: LoadedGeneration;
  /** Why this is not the generation that readers should get; null when it is, or when that one is merely loading. */
  readonly failure: string | null;
}

export interface Generations {
  /** Takes the generation for one request, having heard of `pointer`. Throws `not_ready`. */
  take(pointer: GenerationPointer | null): ServedGeneration;
  /** Reads the newest publication file, loads what it names, and resolves when that is served or has failed. */
  refresh(): Promise<void>;
  current(): {
    readonly wanted: GenerationPointer | null;
    readonly served: number | null;
    /** The generation that is served; null: none, or generation 0. */
    readonly manifest: GenerationManifest | null;
    readonly failure: string | null;
  };
}

export interface GenerationsOptions {
  readonly source: GenerationSource;
  readonly now: () => number;
  readonly onWarning: (message: string, cause: unknown) => void;
  /** Whether readers may be given this one where a newer one cannot be loaded; absent: any. */
  readonly mayFallBack?: ((manifest: GenerationManifest) => Promise<boolean>) | undefined;
  /** Generations held in memory. */
  readonly keep?: number;
}

/** After the first failed load of a generation the next attempt comes this soon; the pause doubles up to the most, ms. */
const RETRY_MS = 200;
const MOST_RETRY_MS = 5_000;

const FALLBACKS = 3;

export function createGenerations({ source, now, onWarning, mayFallBack, keep = 3 }: GenerationsOptions): Generations {
  const memory = new Map<number, LoadedGeneration>([[0, GENERATION_ZERO]]);
  let wanted: GenerationPointer | null = null;
  let served: LoadedGeneration | null = null;
  let failed: { readonly generation: number; readonly reason: string; readonly atMs: number; readonly times: number } | null =
    null;
  let loading: Promise<void> | null = null;

  function retryPauseMs(times: number): number {
    return Math.min(MOST_RETRY_MS, RETRY_MS * 2 ** (times - 1));
  }

  function hear(pointer: GenerationPointer | null): void {
    if (pointer === null || (wanted !== null && pointer.sequence <= wanted.sequence)) return;
    wanted = pointer;
    const inMemory = memory.get(pointer.generation);
    if (inMemory !== undefined) served = inMemory;
  }

  /** Loads until what is wanted is served or has failed; one load at a time. */
  function ensure(): Promise<void> {
    if (loading !== null) return loading;
    if (wanted === null || served?.generation === wanted.generation) return Promise.resolve();
    // A clock that went back says nothing about how long ago that was.
    if (failed?.generation === wanted.generation && Math.abs(now() - failed.atMs) < retryPauseMs(failed.times))
      return Promise.resolve();
    loading = loadWanted().finally(() => {
      loading = null;
    });
    return loading;
  }

  /** Another one may be wanted by the time that one is loaded: who waits, waits for that. */
  async function loadWanted(): Promise<void> {
    let last: number | null = null;
    while (wanted !== null && wanted.generation !== last && wanted.generation !== served?.generation) {
      last = wanted.generation;
      await load(last);
    }
  }

  async function load(generation: number): Promise<void> {
    try {
      const loaded = await read(generation);
      if (served !== null) await loaded.prepare(served.questions());
      remember(loaded);
      failed = null;
      // Another one may be wanted by now, which loads next, or cannot be loaded: what is served may be retired by then.
      if (wanted !== null && (served?.generation ?? -1) < generation && generation < wanted.generation) served = loaded;
    } catch (cause) {
      const times = failed?.generation === generation ? failed.times + 1 : 1;
      failed = { generation, reason: (cause as Error).message, atMs: now(), times };
      onWarning(`generation ${generation} cannot be loaded`, cause);
      await letGoUnlessSound();
      if (served === null) await fallBack(generation);
    }
    if (wanted !== null) served = memory.get(wanted.generation) ?? served;
  }

  async function read(generation: number): Promise<LoadedGeneration> {
    const manifest = await source.manifest(generation);
    if (manifest === null)
      throw new TributaryError(
        'manifest_corrupt',
        `generation ${generation} is published, and its manifest is gone: restore generations/ in the data folder, or compute all of it again with "tributary batch run --full --wait"`,
      );
    if (manifest.state !== 'computed')
      throw new TributaryError('manifest_corrupt', `generation ${generation} is published but its state is ${manifest.state}`);
    return await loadedGeneration(generation, manifest, await source.viewRows(manifest));
  }

  /** What goes on being served in place of what cannot be loaded may have who was lifted since. Where that cannot be read it stays till the next look. */
  async function letGoUnlessSound(): Promise<void> {
    const checked = served;
    if (checked === null || checked.manifest === null || checked.generation === wanted?.generation) return;
    try {
      if ((await mayFallBack?.(checked.manifest)) === false && served === checked && checked.generation !== wanted?.generation)
        served = null;
    } catch (cause) {
      onWarning(`whether readers may go on with generation ${checked.generation} cannot be read`, cause);
    }
  }

  /** At start, with nothing in memory: the newest older generation that is kept is exact too, unless it has who was erased since, and lifted. */
  async function fallBack(below: number): Promise<void> {
    try {
      const older = (await source.manifests()).filter((m) => m.generation < below && m.state === 'computed');
      for (const manifest of older.slice(0, FALLBACKS)) {
        const { generation } = manifest;
        if ((await mayFallBack?.(manifest)) === false) continue;
        served = await read(generation).catch((cause: unknown) => {
          onWarning(`generation ${generation}, older, cannot be loaded either`, cause);
          return null;
        });
        if (served !== null) return remember(served);
      }
    } catch (cause) {
      onWarning('the older generations cannot be listed', cause);
    }
  }

  function remember(loaded: LoadedGeneration): void {
    memory.delete(loaded.generation);
    memory.set(loaded.generation, loaded);
    for (const generation of memory.keys()) {
      if (memory.size <= keep) break;
      if (generation !== served?.generation && generation !== wanted?.generation) memory.delete(generation);
    }
  }

  function failure(): string | null {
    return failed !== null && failed.generation === wanted?.generation && served?.generation !== wanted.generation
      ? failed.reason
      : null;
  }

  return {
    take(pointer) {
      hear(pointer);
      if (served === null || served.generation !== wanted?.generation) void ensure();
      if (served === null)
        throw new TributaryError(
          'not_ready',
          failed === null
            ? 'the current generation is still being loaded'
            : `generation ${failed.generation} cannot be loaded, and readers can be given no older one: ${failed.reason}`,
        );
      return { loaded: served, failure: failure() };
    },
    async refresh() {
      const publication = await source.publication();
      hear(publication ?? (wanted === null ? { sequence: 0, generation: 0 } : null));
      await ensure();
    },
    current: () => ({
      wanted,
      served: served?.generation ?? null,
      manifest: served?.manifest ?? null,
      failure: failure(),
    }),
  };
}
