/**
 * Reconciliation: what readers saw just before the cut (the view published before, plus the deltas up to the barrier) against
 * what the batch computed, and why they differ. Made once and kept beside the generation. For a staged one it is made before it is published,
 * with the same result: readers have the older view until then, and the deltas before the barrier do not change any more.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KnownForgotten } from '@tributary/archive/compute/forget';
import { stagingFolder } from '@tributary/archive/compute/staging';
import { createDurably } from '@tributary/archive/durable';
import { generationFolder, readGeneration } from '@tributary/archive/generations';
import type { GenerationManifest, StoredFile } from '@tributary/archive/layout';
import { readPublications } from '@tributary/archive/publications';
import { exactJson, parseExactJson } from '@tributary/model/exact-json';
import { gapsAtCut } from '@tributary/serving/freshness/in-flight';
import { assertAnswered } from '@tributary/serving/merge';
import { notCounted } from '@tributary/store/counted-views';
import type { PartitionDeltas } from '@tributary/store/serving-store';
import { VIEWS } from '@tributary/views/registry';
import type { RunPorts } from '../ports.ts';
import { NEWEST_PUBLICATIONS } from '../publish/publication.ts';
import type { CompareSpec, ExamineSpec, Reconciled } from '../specs/compare.ts';
import { partitionsBehind, type Reasons, type Reconciliation, reasonsOf, remainderOf, reportOf } from './report.ts';

const POLL_MS = 100;

/** Never fails a run that is published already: what went wrong is part of the report. Resolves with what is kept. */
export async function reconcile(manifest: GenerationManifest, ports: RunPorts, signal: AbortSignal): Promise<Reconciliation> {
  const path = join(ports.dataDir, generationFolder(manifest.generation), 'reconciliation.json');
  const kept = await readKept(path);
  if (kept !== null) return kept;
  let before: GenerationManifest | null = null;
  let report: Reconciliation;
  try {
    before = await publishedBefore(manifest.generation, ports.dataDir);
    report = await compareWith(before, manifest, ports, signal);
  } catch (error) {
    signal.throwIfAborted();
    report = failed(manifest, before, ports.now(), error);
    ports.note('the reconciliation failed', { generation: manifest.generation, failure: report.failure });
  }
  await createDurably(path, `${exactJson(report, 1)}\n`);
  const { engineDefectRows = null } = report;
  ports.onEngineDefects?.(engineDefectRows);
  if (engineDefectRows)
    ports.note('ENGINE DEFECT: rows differ for no known reason', { generation: manifest.generation, rows: engineDefectRows });
  return report;
}

/** What readers took when this generation was first published, or take now where it never was; null: nothing. */
async function publishedBefore(generation: number, dataDir: string): Promise<GenerationManifest | null> {
  const publications = await readPublications(dataDir, NEWEST_PUBLICATIONS);
  const first = publications.findIndex((publication) => publication.generation === generation);
  const previous = first < 0 ? publications.at(-1) : publications[first - 1];
  return previous === undefined ? null : readGeneration(dataDir, previous.generation);
}

async function compareWith(
  before: GenerationManifest | null,
  manifest: GenerationManifest,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<Reconciliation> {
  await waitForSpeed(manifest.generation, ports, signal);
  const names = VIEWS.map((view) => view.name);
  const deltas = await ports.serving.deltas(names, before?.generation ?? 0, manifest.generation);
  assertAnswered(deltas, [...Array(ports.log.partitions).keys()]);
  const because = reasonsOf(manifest, before, deltas);
  const reconciled = await compareRows(before, manifest, deltas, because, ports, signal);
  const inFlight = await inFlightAt(manifest, ports);
  const isJudged = VIEWS.every(({ name }) => name in reconciled.views || !hasRows(manifest.views[name]));
  const facts = { generation: manifest.generation, comparedWith: before?.generation ?? 0, at: ports.now(), inFlight };
  return reportOf(facts, because, reconciled, isJudged);
}

function hasRows(files: readonly StoredFile[] = []): boolean {
  return files.some(({ rows }) => rows > 0);
}

/** Who reads the archive alone cannot ask real time (packages/archive/src/history/lacks-at-cut.ts). */
async function inFlightAt(manifest: GenerationManifest, { parseDefinitions, serving }: RunPorts): Promise<string[]> {
  if (parseDefinitions(manifest.definitions).joinedMs === null) return [];
  return gapsAtCut(await serving.states(), manifest).map(({ text }) => text);
}

/** What causes are looked for in, and the class of what they leave. */
function askedOf(
  before: GenerationManifest | null,
  manifest: GenerationManifest,
  because: Reasons,
  { parseDefinitions, limits }: RunPorts,
): Pick<CompareSpec, 'remainder' | 'examine' | 'hidesGone'> {
  const { definitions } = before ?? manifest;
  const had = parseDefinitions(definitions);
  const now = parseDefinitions(manifest.definitions);
  const isJoined = had.joinedMs !== null || now.joinedMs !== null;
  const changed = {
    rules: had.uncorrectedVersion !== now.uncorrectedVersion || (before !== null && before.program !== manifest.program),
    corrections: had.version !== now.version,
    erased: (manifest.counts.forgotten ?? 0) > 0 || !isSameForgotten(before ?? {}, manifest),
  };
  const examine: ExamineSpec = {
    definitions,
    cutAfter: before?.lastSegment ?? [],
    lastSegment: manifest.lastSegment,
    events: before?.events ?? [],
    known: hasCopies(before, manifest) ? (before?.events ?? []) : [],
    erased: [...new Set([...(before?.erased ?? []), ...(manifest.erased ?? [])])],
    limits: limits.examine,
  };
  // Where a part of real time is missing, or keys are joined, no user's events alone say what it saw.
  const isWhole = because.speedBehind.length + because.cutApart.length === 0 && !isJoined;
  const remainder = remainderOf(because, changed, isJoined);
  return { remainder, ...(changed.erased && { hidesGone: true }), ...(isWhole && { examine }) };
}

/** Who was erased and lifted again in between has another place from which on something counts. Both are kept in order. */
function isSameForgotten(one: KnownForgotten, other: KnownForgotten): boolean {
  const textOf = ({ erased = [], lifted = {} }: KnownForgotten) => JSON.stringify([erased, lifted]);
  return textOf(one) === textOf(other);
}

/** Whether anything that arrived between both cuts may be a copy of what came before. */
function hasCopies(before: GenerationManifest | null, { base, counts }: GenerationManifest): boolean {
  return before !== null && (base !== before.generation || counts.duplicates > 0);
}

/** Deltas before the barrier are final once the speed layer has read it. Bounded: a worker that is down must not hold up a run. */
async function waitForSpeed(generation: number, ports: RunPorts, signal: AbortSignal): Promise<void> {
  const deadlineMs = ports.now() + ports.limits.speedWaitMs;
  while (partitionsBehind(await ports.serving.states(), generation).length > 0 && ports.now() < deadlineMs)
    await ports.sleep(POLL_MS, signal);
}

// biome-ignore lint/complexity/useMaxParams: what is compared, and why it may differ
async function compareRows(
  before: GenerationManifest | null,
  manifest: GenerationManifest,
  deltas: readonly PartitionDeltas[],
  because: Reasons,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<Reconciled> {
  const folder = join(ports.dataDir, stagingFolder({ generation: manifest.generation, attempt: ports.newAttempt() }));
  const states = deltas.map(({ state }) => state);
  const isUncounted = (name: string) => notCounted(states, [{ name }], before?.generation ?? 0).length > 0;
  await mkdir(folder, { recursive: true });
  try {
    const views = [];
    for (const { name, dimensions, measures } of VIEWS) {
      const after = manifest.views[name];
      // A view that came or went with another version of the program has nothing to be compared with, be it in real time alone.
      if (after === undefined || (before !== null && !(name in before.views)) || isUncounted(name)) continue;
      const path = join(folder, `${name}.ndjson`);
      const rows = deltas.reduce((sum, each) => sum + (each.rows.get(name)?.size ?? 0), 0);
      if (rows > 0) await writeFile(path, deltaLines(name, deltas));
      const added = rows > 0 ? { path, rows } : null;
      views.push({ name, dimensions, measures, before: before?.views[name] ?? null, deltas: added, after });
    }
    const { listedRows, compute, computeTimeoutMs } = ports.limits;
    const asked = askedOf(before, manifest, because, ports);
    const spec = { dataDir: ports.dataDir, tempDir: join(folder, 'spill'), views, listedRows, limits: compute, ...asked };
    return await ports.compare(spec, { timeoutMs: computeTimeoutMs, signal });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Characters that are written at once: a call for each row takes longer than all else about it. */
const PIECE_CHARACTERS = 65_536;

/** Lines, some at a time, so that no text of all rows is held. Measures as text: a JSON number beyond 2^53 is read as a double. */
function* deltaLines(view: string, deltas: readonly PartitionDeltas[]): Iterable<string> {
  let piece = '';
  for (const { rows } of deltas)
    for (const [key, measures] of rows.get(view) ?? []) {
      piece += `${JSON.stringify({ d: key.split('\t'), m: measures.map(String) })}\n`;
      if (piece.length < PIECE_CHARACTERS) continue;
      yield piece;
      piece = '';
    }
  yield piece;
}

function failed(manifest: GenerationManifest, before: GenerationManifest | null, at: number, error: unknown): Reconciliation {
  return {
    generation: manifest.generation,
    comparedWith: before?.generation ?? 0,
    at,
    equal: false,
    because: reasonsOf(manifest, before, []),
    views: {},
    failure: error instanceof Error ? error.message : String(error),
  };
}

async function readKept(path: string): Promise<Reconciliation | null> {
  try {
    return parseExactJson(await readFile(path, 'utf8')) as Reconciliation;
  } catch {
    // Not there, or damaged: what is made now is not kept beside a damaged one, which the API names.
    return null;
  }
}
