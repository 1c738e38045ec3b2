/**
 * After a run: small segments of the archive become blocks (packages/archive/src/blocks.ts). Only those that no kept generation was cut in are
 * merged, so that every run goes on exactly where its base was cut.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { alone } from '@tributary/archive/alone';
import { type Block, blocksToMerge, blocksToSweep, mergeBlock, sweepMerged } from '@tributary/archive/blocks';
import { readReached } from '@tributary/archive/changes/reached';
import { stagingFolder } from '@tributary/archive/compute/staging';
import { openDuckDb } from '@tributary/archive/duckdb';
import { findGeneration } from '@tributary/archive/generations';
import { currentPublication } from '@tributary/archive/publications';
import type { RunPorts } from '../ports.ts';
import type { MergeSpec } from '../specs/merge.ts';

/** In one run, at most: a backlog of a year is merged within a few hours, and no run waits long for it. */
const BLOCKS = 32;

/** Runs in the child. */
export async function mergeBlocks({ dataDir, generation, attempt, blocks, sweep, nowMs, limits }: MergeSpec): Promise<number> {
  const staging = join(dataDir, stagingFolder({ generation, attempt }));
  const session = await openDuckDb({
    memoryLimit: `${limits.memoryMb}MiB`,
    threads: limits.threads,
    tempDir: join(staging, 'spill'),
  });
  try {
    return await alone(session, { dataDir, staging }, async () => {
      for (const partition of sweep) await sweepMerged(dataDir, partition, nowMs);
      let merged = 0;
      const failed: unknown[] = [];
      for (const block of blocks)
        await mergeBlock(session, dataDir, block, attempt, staging).then(
          (isMerged) => {
            if (isMerged) merged++;
          },
          // A damaged segment keeps no other block from being merged.
          (error: unknown) => failed.push(error),
        );
      if (failed.length > 0)
        throw new Error(`${failed.length} of ${blocks.length} blocks could not be merged: ${String(failed[0])}`, {
          cause: failed[0],
        });
      return merged;
    });
  } finally {
    await session.close();
    await rm(staging, { recursive: true, force: true });
  }
}

/** Never fails a run: what is not merged now is merged after the next one. */
export async function mergeArchive(
  generation: number,
  ports: Pick<RunPorts, 'dataDir' | 'log' | 'now' | 'merge' | 'newAttempt' | 'limits' | 'note'>,
  signal: AbortSignal,
): Promise<void> {
  const { dataDir, limits } = ports;
  try {
    // The store has each segment by itself, and folders that follow it do.
    if ((await readReached(dataDir)) !== undefined) return;
    const before = await oldestCut(dataDir, ports.log.partitions);
    const blocks: Block[] = [];
    const sweep: number[] = [];
    const nowMs = ports.now();
    for (let partition = 0; partition < before.length; partition++) {
      if ((await blocksToSweep(dataDir, partition, nowMs)).length > 0) sweep.push(partition);
      blocks.push(...(await blocksToMerge(dataDir, partition, before[partition] ?? 0)));
    }
    if (blocks.length === 0 && sweep.length === 0) return;
    const asked = { blocks: blocks.slice(0, BLOCKS), sweep, nowMs, limits: limits.compute };
    const spec = { dataDir, generation, attempt: ports.newAttempt(), ...asked };
    const merged = await ports.merge(spec, { timeoutMs: limits.computeTimeoutMs, signal });
    if (blocks.length > 0) ports.note('merged old segments of the archive', { blocks: merged, left: blocks.length - merged });
  } catch (error) {
    signal.throwIfAborted();
    ports.note('old segments of the archive could not be merged', { error: String(error) });
  }
}

/** The segment of each partition that the oldest kept generation was cut at: no run goes on within the ones before. */
async function oldestCut(dataDir: string, partitions: number): Promise<number[]> {
  const kept = (await currentPublication(dataDir))?.kept;
  let oldest = Array.from({ length: partitions }, () => (kept === undefined ? 0 : Number.POSITIVE_INFINITY));
  for (const generation of kept?.generations ?? []) {
    const manifest = await findGeneration(dataDir, generation);
    // One in the making has no cut yet, but its base is kept; one whose folder is lost is not served.
    if (manifest?.state !== 'computed') continue;
    const { lastSegment } = manifest;
    oldest = oldest.map((number, partition) => Math.min(number, lastSegment[partition] ?? 0));
  }
  return oldest.map((number) => (Number.isFinite(number) ? number : 0));
}
