/**
 * Retirement: old generations lose their files, never a file that a kept manifest names. Manifests stay: they are small,
 * they tell what was, and their number is never given again.
 */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn, syncFolder } from './durable.ts';
import { generationFolder, listGenerations, readGeneration, writeGeneration } from './generations.ts';
import type { GenerationManifest } from './layout.ts';
import { currentPublication } from './publications.ts';

export interface Retirement {
  /** Generations that were retired now, ascending. */
  readonly retired: readonly number[];
  /** The oldest generation that can still be published: deltas below it are no longer needed. 0: none is computed. */
  readonly oldestKept: number;
  readonly freedBytes: number;
}

/**
 * Keeps the published generation, the newest `keepLast` computed ones, and what is being computed on top of them with
 * its base. Everything older than the oldest of these is retired.
 */
export async function retireGenerations(dataDir: string, keepLast: number): Promise<Retirement> {
  if (keepLast < 1) throw new RangeError(`keepLast is at least 1, got ${keepLast}`);
  const manifests: GenerationManifest[] = [];
  for (const number of await listGenerations(dataDir)) manifests.push(await readGeneration(dataDir, number));
  const kept = keptGenerations(manifests, (await currentPublication(dataDir))?.generation ?? null, keepLast);
  if (kept.size === 0) return { retired: [], oldestKept: 0, freedBytes: 0 };
  const oldestKept = Math.min(...kept);
  const named = new Set(manifests.filter((m) => m.generation >= oldestKept).flatMap(filesNamed));
  const retired: number[] = [];
  let freedBytes = 0;
  for (const manifest of manifests) {
    if (manifest.generation >= oldestKept) continue;
    // The state first: readers learn that it is gone before its files go.
    if (manifest.state !== 'retired') {
      await writeGeneration(dataDir, { ...manifest, state: 'retired' });
      retired.push(manifest.generation);
    }
    freedBytes += await removeUnnamed(dataDir, manifest.generation, named);
  }
  return { retired, oldestKept, freedBytes };
}

/** Pure: which generations stay. */
export function keptGenerations(
  manifests: readonly Pick<GenerationManifest, 'generation' | 'state' | 'base'>[],
  published: number | null,
  keepLast: number,
): Set<number> {
  const computed = manifests.filter((m) => m.state === 'computed').map((m) => m.generation);
  const kept = new Set(computed.sort((a, b) => a - b).slice(-keepLast));
  if (published !== null) kept.add(published);
  // A pending one older than all that is kept can no longer be published: it pins nothing.
  const oldest = Math.min(...kept);
  for (const m of manifests)
    if (m.state === 'pending' && m.generation > oldest && m.base !== null && computed.includes(m.base)) kept.add(m.base);
  return kept;
}

function filesNamed(manifest: GenerationManifest): string[] {
  return [...Object.values(manifest.views), ...manifest.events, ...manifest.conversions].map((file) => file.path);
}

async function removeUnnamed(dataDir: string, generation: number, named: ReadonlySet<string>): Promise<number> {
  const folder = generationFolder(generation);
  let freedBytes = 0;
  for (const name of await namesIn(join(dataDir, folder))) {
    const path = `${folder}/${name}`;
    if (name === 'manifest.json' || named.has(path)) continue;
    const { size } = await stat(join(dataDir, path));
    await rm(join(dataDir, path), { recursive: true, force: true });
    freedBytes += size;
  }
  if (freedBytes > 0) await syncFolder(join(dataDir, folder));
  return freedBytes;
}
