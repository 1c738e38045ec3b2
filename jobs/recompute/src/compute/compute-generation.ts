/**
 * A generation that has begun becomes a computed one: its cut is made, its files are computed and read back, its manifest says so. What fails for good
 * is recorded in the manifest, unless another run took over.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { planCompute } from '@tributary/archive/compute/compute-plan';
import { columnsOfEvents } from '@tributary/archive/compute/relations';
import { stagingFolder, sweepStaging } from '@tributary/archive/compute/staging';
import { settleForgotten } from '@tributary/archive/forgotten';
import { readGeneration, writeGeneration } from '@tributary/archive/generations';
import type { GenerationManifest } from '@tributary/archive/layout';
import { demandCorrectable, wholeFromOf } from '@tributary/archive/retention/plan';
import { TributaryError } from '@tributary/model/errors';
import { isTransient } from '@tributary/runtime/error-kinds';
import { raiseBarriers, waitUntilSealed } from '../cut/seal.ts';
import { computeSpread } from '../distribute/gather.ts';
import type { RunPorts } from '../ports.ts';
import type { Run } from '../run.ts';
import { expectedMs } from './expected-duration.ts';
import { orFull } from './full-where-cheaper.ts';

export async function computeGeneration(
  manifest: GenerationManifest,
  run: Run,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<GenerationManifest> {
  try {
    return await sealAndCompute(manifest, run, ports, signal);
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
  const definitions = ports.parseDefinitions(manifest.definitions);
  // As `begin` asked; since then another coordinator may have retired what a new correction would change.
  const base = spec.base === null ? null : await readGeneration(ports.dataDir, spec.base.generation);
  await demandCorrectable(ports.dataDir, base, definitions);
  const wholeFromMs = await wholeFromOf(ports.dataDir, manifest.base, definitions);
  const rows = [...spec.arrivals, ...(spec.reread?.files ?? [])].flat().reduce((sum, file) => sum + file.rows, 0);
  // Earlier runs say nothing of what is read, or computed, again.
  const computesAgain = spec.base !== null && !spec.reuseRows && definitions.joinedMs === null;
  const isAgain = spec.reread !== undefined || computesAgain;
  const expected = isAgain ? null : await expectedMs(manifest, rows, ports);
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
    ...(wholeFromMs !== undefined && { wholeFromMs }),
    eventColumns: Object.keys(columnsOfEvents(definitions)),
    computedAt: ports.now(),
    lastSegment: seals.map((seal) => seal.number),
    cut: seals.map((seal) => seal.upTo),
  };
  await settleForgotten(ports.dataDir, computed);
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
