/**
 * A run of the batch layer, named by its generation:
 *
 *   begin ─▶ raise barriers ─▶ wait until sealed ─▶ compute, read back ─▶ publish ─▶ point ─▶ reconcile ─▶ retire, merge
 *   pending                                                   computed    compare-and-set
 *
 * A run after whose base nothing new came ends at its beginning, without a generation, and leaves a trace of its look.
 * A staged run is reconciled before it is published, and published by hand, or by itself where little moves.
 *
 * The process may die between any two steps: each is idempotent, and the retried run goes on with its generation. Two
 * coordinators may even run at once: files carry the attempt's name, the manifest's states only go forward, publishing is a
 * compare-and-set.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { planCompute } from '@tributary/archive/compute/compute-plan';
import { columnsOfEvents } from '@tributary/archive/compute/relations';
import { stagingFolder, sweepShards, sweepStaging } from '@tributary/archive/compute/staging';
import { readGeneration, writeGeneration } from '@tributary/archive/generations';
import { writeLastCheck } from '@tributary/archive/last-check';
import type { GenerationManifest } from '@tributary/archive/layout';
import { currentPublication } from '@tributary/archive/publications';
import { TributaryError } from '@tributary/model/errors';
import { isTransient } from '@tributary/runtime/error-kinds';
import { begin } from './begin/begin.ts';
import type { NothingNew } from './begin/nothing-new.ts';
import { raiseBarriers, waitUntilSealed } from './cut/seal.ts';
import { computeSpread } from './distribute/gather.ts';
import { expectedMs } from './expected.ts';
import type { RunPorts } from './ports.ts';
import { type Compared, publishRun } from './publish/publication.ts';
import { reconcile } from './reconcile/reconcile.ts';
import { largestMove, type Reconciliation } from './reconcile/report.ts';
import { mergeArchive } from './retire/merge-archive.ts';
import { retire } from './retire/retire.ts';
import type { Run, RunOutcome } from './run.ts';
import { orFull } from './weigh.ts';

export async function runGeneration(run: Run, ports: RunPorts, signal: AbortSignal): Promise<RunOutcome> {
  const beginning = await begin(run, ports, signal);
  if (!('begun' in beginning)) return endIdle(beginning, run, ports, signal);
  const { begun, manifest } = beginning;
  const { generation } = begun;
  const computed = manifest.state === 'computed' ? manifest : await computeGeneration(manifest, run, ports, signal);
  signal.throwIfAborted();
  const ahead = run.promotion === undefined ? null : await reconcile(computed, ports, signal);
  run.report?.({ stage: 'publishing' });
  await run.end?.();
  await ports.reached('decided', generation);
  const { published, stagedBecause } = await publishRun(run, begun, ports, ahead === null ? undefined : comparedIn(ahead));
  await ports.reached('published', generation);
  const publication = await point(ports);
  await ports.reached('pointed', generation);
  if (published === 'published' || published === 'already') await reconcile(computed, ports, signal);
  await ports.reached('reconciled', generation);
  await retire(ports);
  await sweepShards(ports.dataDir, generation);
  await mergeArchive(generation, ports, signal);
  await ports.reached('retired', generation);
  return { generation, published, ...(stagedBecause !== undefined && { stagedBecause }), counts: computed.counts, publication };
}

/** One that an earlier version left behind says nothing of defects. */
function comparedIn(ahead: Reconciliation): Compared {
  return { moved: largestMove(ahead), engineDefectRows: ahead.engineDefectRows ?? null };
}

/** A run that found nothing new keeps house as any other. */
async function endIdle({ manifest, check }: NothingNew, run: Run, ports: RunPorts, signal: AbortSignal): Promise<RunOutcome> {
  const { generation, counts } = manifest;
  await run.end?.({ isIdle: true });
  await writeLastCheck(ports.dataDir, check);
  await ports.reached('checked', generation);
  const publication = await point(ports);
  await retire(ports);
  await mergeArchive(generation, ports, signal);
  return { generation, published: 'nothing_new', counts, publication };
}

async function computeGeneration(
  manifest: GenerationManifest,
  run: Run,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<GenerationManifest> {
  try {
    return await computing(ports, (own) => sealAndCompute(manifest, run, own, signal));
  } catch (error) {
    // What may go away by itself leaves the generation pending, for the next attempt.
    if (signal.aborted || isTransient(error)) throw error;
    const stored = await giveUp(manifest, error, ports);
    // Another attempt was faster, and its sweep may be what this one failed of.
    if (stored?.state === 'computed') return stored;
    if (stored?.state === 'retired' || stored?.state === 'superseded') throw overtaken(stored, error);
    throw error;
  }
}

/** Ports of which `compute` is started already, and ended with the work. */
async function computing<T>(ports: RunPorts, work: (ports: RunPorts) => Promise<T>): Promise<T> {
  const started = ports.startComputing?.();
  if (started === undefined) return work(ports);
  try {
    return await work({ ...ports, compute: started.compute });
  } finally {
    started.end();
  }
}

async function sealAndCompute(
  begun: GenerationManifest,
  run: Run,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<GenerationManifest> {
  const { generation } = begun;
  run.report?.({ stage: 'cutting', cutAt: begun.createdAt });
  await raiseBarriers(begun, ports, signal);
  await ports.reached('raised', generation);
  const seals = await waitUntilSealed(begun, ports, signal);
  await ports.reached('sealed', generation);
  await sweepStaging(ports.dataDir, generation);
  const demand = { seals, attempt: ports.newAttempt(), limits: ports.limits.compute, program: ports.program };
  const planned = { manifest: begun, spec: await planCompute(ports.dataDir, { ...demand, manifest: begun }) };
  const { manifest, spec } = await orFull(planned, demand, ports, signal);
  const rows = [...spec.arrivals, ...(spec.reread?.files ?? [])].flat().reduce((sum, file) => sum + file.rows, 0);
  // Earlier runs say nothing of what is read again.
  const expected = spec.reread === undefined ? await expectedMs(manifest, rows, ports) : null;
  run.report?.({ stage: 'computing', rows, expectedMs: expected });
  const result = await computeSpread(spec, run.shards, ports, signal).finally(() =>
    rm(join(ports.dataDir, stagingFolder(spec)), { recursive: true, force: true }),
  );
  await ports.reached('filed', generation);
  signal.throwIfAborted();
  const computed: GenerationManifest = {
    ...manifest,
    ...result,
    state: 'computed',
    program: ports.program,
    eventColumns: Object.keys(columnsOfEvents(ports.parseDefinitions(manifest.definitions))),
    computedAt: ports.now(),
    lastSegment: seals.map((seal) => seal.number),
    cut: seals.map((seal) => seal.upTo),
  };
  await writeGeneration(ports.dataDir, computed);
  await ports.reached('computed', generation);
  return computed;
}

/** Whatever it failed of: another run took over, and may have removed its files. */
function overtaken({ generation, state }: GenerationManifest, cause: unknown): TributaryError {
  if (cause instanceof TributaryError && cause.code === 'conflict') return cause;
  return new TributaryError('conflict', `generation ${generation} is ${state}: another run took over`, { cause });
}

/** The generation will not be computed; the one before it stays in force. Resolves with what is stored of it, if that can be read. */
async function giveUp(manifest: GenerationManifest, cause: unknown, ports: RunPorts): Promise<GenerationManifest | undefined> {
  const isOvertaken = cause instanceof TributaryError && cause.code === 'conflict';
  const failure = cause instanceof TributaryError ? `${cause.code}: ${cause.message}` : String(cause);
  try {
    const stored = await readGeneration(ports.dataDir, manifest.generation);
    if (stored.state !== 'pending') return stored;
    const given: GenerationManifest = { ...stored, state: isOvertaken ? 'superseded' : 'failed', failure };
    await writeGeneration(ports.dataDir, given);
    return given;
  } catch (error) {
    ports.note('could not record why a generation failed', { generation: manifest.generation, failure, error: String(error) });
    return undefined;
  }
}

/** The pointer is a cache of the newest publication: set it, whichever process published. */
async function point(ports: RunPorts): Promise<RunOutcome['publication']> {
  const publication = await currentPublication(ports.dataDir);
  if (publication !== null)
    await ports.serving.setPointer({ sequence: publication.sequence, generation: publication.generation });
  return publication;
}
