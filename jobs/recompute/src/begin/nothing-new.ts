/**
 * Whether a run would compute again what is there: nothing that counts came after the cut of a generation that was computed by this program
 * under the same definitions. What follows that cut must be heartbeats, and barriers of the same definitions; anything else, and whatever
 * cannot be known, is news, so that in doubt a run computes.
 *
 *   same definitions, same program ─▶ archive behind the cut ─▶ log behind the archive ─▶ the speed layer adds nothing
 */
import { type LastCheck, readLastCheck } from '@tributary/archive/last-check';
import type { GenerationManifest } from '@tributary/archive/layout';
import { whyFull } from '@tributary/archive/plan/base';
import { TributaryError } from '@tributary/model/errors';
import { HOUR_MS } from '@tributary/model/time';
import { notCounted } from '@tributary/store/counted-views';
import type { PartitionDeltas } from '@tributary/store/serving-store';
import { VIEWS } from '@tributary/views/registry';
import type { RunPorts } from '../ports.ts';
import type { Run } from '../run.ts';
import type { Draft } from './draft.ts';
import { behindArchive, behindLog } from './entries-behind.ts';
import type { Published } from './published.ts';

/** After so long without news a run computes all the same: segments behind the cut of a kept generation are not merged, and they would grow in number. */
export const IDLE_FOR_MS = 24 * HOUR_MS;

export interface Asked {
  readonly run: Run;
  readonly published: Published;
  /** What the run would be. */
  readonly draft: Draft;
  /** A rollback or a staged generation keeps this run from readers. */
  readonly isHeld: boolean;
  /** Newest first. */
  readonly computed: AsyncIterable<GenerationManifest>;
}

export interface NothingNew {
  readonly manifest: GenerationManifest;
  readonly check: LastCheck;
}

/** The generation after which nothing new came; null: there is news, or it cannot be known. Rejects where log or store do not answer. */
export async function findNothingNew(asked: Asked, ports: RunPorts, signal: AbortSignal): Promise<NothingNew | null> {
  const manifest = await comparableOf(asked, ports);
  if (manifest === null) return null;
  const { generation } = manifest;
  const at = ports.now();
  try {
    const before = await readLastCheck(ports.dataDir);
    const from = before?.generation === generation && before.logIdentity === ports.log.identity ? before.upTo : [];
    const archived = await behindArchive(manifest, from, ports);
    const upTo = archived === null ? null : await behindLog(manifest, archived, ports, signal);
    if (upTo === null || !(await isAllCounted(manifest, ports))) return null;
    return { manifest, check: { at, generation, logIdentity: ports.log.identity, upTo } };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TributaryError && MAY_PASS.includes(error.code)) throw error;
    ports.note('whether there is anything new is not known: the run computes', { generation, error: String(error) });
    return null;
  }
}

/** A run could not append its barriers either. */
const MAY_PASS: readonly string[] = ['log_unavailable', 'store_unavailable'];

/** What this run would be equal to, if nothing came since; null: it is to be computed in any case. */
async function comparableOf(
  { run, published, draft, isHeld, computed }: Asked,
  ports: RunPorts,
): Promise<GenerationManifest | null> {
  if (run.mode === 'full') return null;
  const candidate = isHeld ? await first(computed) : currentOf(published);
  if (candidate === null || !isSame(candidate, draft, ports)) return null;
  if (ports.now() - candidate.createdAt >= IDLE_FOR_MS) return null;
  return seesSameFile(draft, published) ? candidate : null;
}

/** A run by hand ends a hold: then readers are to get another generation. */
function currentOf({ publication, base }: Published): GenerationManifest | null {
  return publication === null || publication.held || base?.generation !== publication.generation ? null : base;
}

function isSame(candidate: GenerationManifest, draft: Draft, { program, parseDefinitions }: RunPorts): boolean {
  if (candidate.program !== program || candidate.definitions !== draft.definitions) return false;
  return whyFull('incremental', candidate, parseDefinitions(draft.definitions)) === null;
}

/** An edit of the file counts once. One that changes nothing must be noted by a generation, or the next one would be compared with what was before it. */
function seesSameFile({ definitionsOrigin }: Draft, { fileBefore }: Published): boolean {
  const now = definitionsOrigin?.file ?? null;
  return now === null || now === fileBefore;
}

/** The speed layer went over at the same cut, has added nothing since, and waits for no generation. */
async function isAllCounted(manifest: GenerationManifest, { serving, log }: RunPorts): Promise<boolean> {
  const names = VIEWS.map(({ name }) => name);
  const deltas = await serving.deltas(names, manifest.generation);
  return deltas.length === log.partitions && deltas.every((each) => addsNothing(each, manifest));
}

function addsNothing({ partition, state, rows, pending, overflowed }: PartitionDeltas, manifest: GenerationManifest): boolean {
  if (state === null || pending !== 0 || overflowed !== 0) return false;
  if (state.definitions !== manifest.definitions) return false;
  if (state.barriers?.get(manifest.generation) !== manifest.cut[partition]) return false;
  // Answers lack what a worker of another version did not count, until a newer generation is cut.
  if (notCounted([state], VIEWS, manifest.generation).length > 0) return false;
  return [...rows.values()].every((view) => view.size === 0);
}

async function first<T>(all: AsyncIterable<T>): Promise<T | null> {
  for await (const one of all) return one;
  return null;
}
