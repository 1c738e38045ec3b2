/**
 * A whole batch layer in one process: the real archiver, the real speed worker and real files, over a log and a store in
 * memory. No timer runs: while the coordinator waits, it turns the other two.
 */
import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compute, computePart } from '@tributary/archive/compute/compute';
import { weighChanged } from '@tributary/archive/compute/weigh';
import { type DuckDb, openDuckDb } from '@tributary/archive/duckdb';
import { digestsBy, erasureKey } from '@tributary/archive/erasure-key';
import { generationFolder, listGenerations, readGeneration } from '@tributary/archive/generations';
import type { GenerationManifest, Publication } from '@tributary/archive/layout';
import { currentPublication, publish, readPublications } from '@tributary/archive/publications';
import { createArchiver } from '@tributary/archiver/pipeline';
import type { EventLog } from '@tributary/log/port';
import type { Definitions } from '@tributary/model/definitions';
import { type Event, encodeEvent } from '@tributary/model/event';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { runGeneration } from '@tributary/recompute/pipeline';
import { DEFAULT_LIMITS, type RunLimits, type RunPorts, type Stage } from '@tributary/recompute/ports';
import { reconcileViews } from '@tributary/recompute/reconcile/reconcile-views';
import type { Reconciliation } from '@tributary/recompute/reconcile/report';
import { mergeBlocks } from '@tributary/recompute/retire/merge-archive';
import { retireFiles } from '@tributary/recompute/retire/retire-by-age';
import { rewriteFiles } from '@tributary/recompute/retire/rewrite-archive';
import type { Begun, Run, RunOutcome } from '@tributary/recompute/run';
import { createDefinitionsParser } from '@tributary/recompute/run-handler';
import { createSpeedWorker } from '@tributary/speed/pipeline';
import { sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryArchiveClaims } from '@tributary/testkit/memory/memory-archive-claims';
import { createMemoryDisk, createMemoryLog, type MemoryDisk } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore, type MemoryStore } from '@tributary/testkit/memory/memory-store';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { afterAll } from 'vitest';
import { createMemoryFlow } from './memory-flow.ts';
import { viewRowsOf } from './view-rows.ts';

export const PARTITIONS = 3;

export type World = Awaited<ReturnType<typeof createWorld>>;

/** What outlives the processes of a world. */
interface Remains {
  readonly dataDir: string;
  readonly memory: {
    readonly store: MemoryStore;
    readonly archives: ReadonlyMap<string, string>;
    readonly disk: () => MemoryDisk;
    readonly nowMs: () => number;
  };
}

/** `like`: goes on from what another world has now, as processes do that were all started again. `ofSpeed`: of its speed worker. */
export async function createWorld(
  initial: Definitions,
  like?: Remains,
  ofSpeed: Pick<Parameters<typeof createSpeedWorker>[0], 'limits' | 'views'> = {},
) {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-recompute-'));
  if (like !== undefined) await cp(like.dataDir, dataDir, { recursive: true, preserveTimestamps: true });
  const session = await openDuckDb({ memoryLimit: '256MB', threads: 1, tempDir: join(dataDir, 'spill') });
  const log = createMemoryLog({ partitions: PARTITIONS, disk: like?.memory.disk() ?? createMemoryDisk() });
  const store = createMemoryStore({ partitions: PARTITIONS });
  const serving = store.serving();
  const archives = new Map(like?.memory.archives);
  if (like !== undefined) {
    for (let partition = 0; partition < PARTITIONS; partition++) store.restore(partition, like.memory.store.snapshot(partition));
    const pointer = await like.memory.store.serving().pointer();
    if (pointer !== null) await serving.setPointer(pointer);
  }
  const older = { archiver: false, speed: false };
  let nowMs = like?.memory.nowMs() ?? 1_000;
  const archiver = createArchiver({
    log: throughOlder('archiver'),
    dataDir,
    claims: createMemoryArchiveClaims(archives),
    writer: randomBytes(4).toString('hex'),
    openSession: async (): Promise<DuckDb> => ({ ...session, close: async () => {} }),
    limits: {
      maxEntries: 100,
      spoolRows: 1_000_000,
      spoolBytes: 1e9,
      segmentRows: 1e6,
      segmentBytes: 1e9,
      maxAgeMs: 1e12,
      waitMs: 0,
      gatherMs: 0,
    },
    now: () => nowMs,
    speedPosition: async () => null,
  });
  const speed = createSpeedWorker({
    log: throughOlder('speed'),
    store: store.speed(),
    definitions: initial,
    partitions: Array.from({ length: PARTITIONS }, (_, partition) => partition),
    sha256Hex,
    digestOf: digestsBy(await erasureKey(dataDir)),
    commitId: () => randomBytes(4).toString('hex'),
    ...ofSpeed,
    limits: { ...ofSpeed.limits, waitMs: 0 },
  });
  const down = { archiver: false, speed: false };

  /** The log as a layer reads it: while it is of an older version, it does not know the barriers and parks them. */
  function throughOlder(layer: 'archiver' | 'speed'): EventLog {
    return {
      ...log,
      async read(after, limits) {
        const entries = await log.read(after, limits);
        return older[layer] ? entries.map((entry) => (entry.kind === 'barrier' ? { ...entry, body: '{}' } : entry)) : entries;
      },
    };
  }

  let turning: Promise<void> = Promise.resolve();
  /** Two coordinators may wait at once; the archiver and the worker are one process each. */
  const turn = (): Promise<void> => (turning = turning.then(turnOnce));

  async function turnOnce(): Promise<void> {
    if (!down.archiver) for (let i = 0; i < 3; i++) await archiver.turn();
    if (!down.speed) {
      while ((await speed.runOnce()) > 0);
      await speed.settle();
    }
  }

  const ports: RunPorts = {
    dataDir,
    program: 'test',
    log,
    serving,
    compute,
    weigh: weighChanged,
    compare: reconcileViews,
    merge: mergeBlocks,
    rewrite: rewriteFiles,
    retire: retireFiles,
    parseDefinitions: createDefinitionsParser(),
    configuredDefinitions: async () => initial,
    now: () => nowMs,
    async sleep(ms, signal) {
      signal.throwIfAborted();
      nowMs += ms;
      await turn();
    },
    newAttempt: () => randomBytes(4).toString('hex'),
    reached: () => {},
    note: () => {},
    limits: SMALL_LIMITS,
  };

  return {
    dataDir,
    digestOf: digestsBy(await erasureKey(dataDir)),
    log,
    store,
    serving,
    session,
    memory: {
      store,
      archives,
      disk: (): MemoryDisk => ({
        ...createMemoryDisk(),
        identity: log.identity,
        partitions: structuredClone(log.disk.partitions),
      }),
      nowMs: () => nowMs,
    },
    ports,
    /** For runs by many: give it to them as `shards`. */
    flow: createMemoryFlow({ ...ports, computePart }, 2),
    down,
    older,
    turn,
    advance: (ms: number) => (nowMs += ms),

    /** As a collector would: one entry a partition. */
    async ingest(events: readonly Event[]): Promise<void> {
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const own = events.filter((event) => partitionOf(userKeyOf(event), PARTITIONS) === partition);
        if (own.length > 0) await log.append(partition, { kind: 'events', body: own.map(encodeEvent).join('\n') });
      }
    },

    /** By many it is computed in shards of a few rows. */
    run(more: Partial<Run> = {}, changed: Partial<RunPorts> = {}, signal = new AbortController().signal): Promise<RunOutcome> {
      const limits = more.shards === undefined ? ports.limits : inShards(ports.limits);
      return runGeneration(asRun(more), { ...ports, limits, ...changed }, signal);
    },

    /** From now on also by one. */
    cutIntoShards(): void {
      Object.assign(ports, { limits: inShards(ports.limits) });
    },

    /** As the API does when it is asked to. */
    async publishByHand(action: Publication['action'], generation: number): Promise<void> {
      const { sequence = 0 } = (await currentPublication(dataDir)) ?? {};
      const draft = { generation, action, held: action === 'rollback', at: nowMs, by: 'ana' };
      const published = await publish(dataDir, sequence, draft, (await serving.pointer())?.sequence);
      await serving.setPointer({ sequence: published.sequence, generation });
    },

    manifest: (generation: number): Promise<GenerationManifest> => readGeneration(dataDir, generation),
    generations: (): Promise<number[]> => listGenerations(dataDir),
    publications: (): Promise<Publication[]> => readPublications(dataDir),
    current: (): Promise<Publication | null> => currentPublication(dataDir),

    async viewsOf(generation: number): Promise<RowsByView> {
      return viewRowsOf(session, dataDir, await readGeneration(dataDir, generation));
    },

    /** What readers see: the view of the pointer's generation and all deltas since. */
    async merged(): Promise<RowsByView> {
      const pointer = await serving.pointer();
      const rows = pointer === null ? new Map() : await this.viewsOf(pointer.generation);
      const deltas = await serving.deltas(
        VIEWS.map((view) => view.name),
        pointer?.generation ?? 0,
      );
      for (const partition of deltas) addRowsByView(rows, partition.rows);
      return rows;
    },

    async reconciliation(generation: number): Promise<Reconciliation> {
      return JSON.parse(
        await readFile(join(dataDir, generationFolder(generation), 'reconciliation.json'), 'utf8'),
      ) as Reconciliation;
    },

    async close(): Promise<void> {
      await session.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Gives worlds that all go on from one, grown with the first of them: for the tests of a file that begin alike. */
export function worldsFrom(definitions: Definitions, grow: (world: World) => Promise<void>): () => Promise<World> {
  let grown: Promise<World> | undefined;
  const growOne = async () => {
    const world = await createWorld(definitions);
    await grow(world);
    return world;
  };
  afterAll(async () => (await grown)?.close());
  return async () => {
    grown ??= growOne();
    return createWorld(definitions, await grown);
  };
}

/** Shards of at most 40 rows: in tests one for each partition. */
function inShards(limits: RunLimits): RunLimits {
  return { ...limits, compute: { ...limits.compute, shardRows: 40 } };
}

/**
 * Chains of a few files and views of many, so that small tests meet these bounds. One shard: each takes as long as it would of many more rows, and
 * views are asked for in several by two-engines-generations.test.ts.
 */
export const SMALL_LIMITS: RunLimits = {
  ...DEFAULT_LIMITS,
  // One thread is enough for rows of a few: two-engines-generations.test.ts has one and two.
  compute: { memoryMb: 256, threads: 1, shardRows: 1_000, filesPerKind: 4, added: { fewRows: 0, mostShare: 1_000 } },
  // Its log has no clock but that of its events.
  examine: { ...DEFAULT_LIMITS.examine, clockSlackMs: 0 },
  sealTimeoutMs: 2_000,
  minShardRows: 1,
  speedWaitMs: 1_000,
};

/** A run that remembers where it got to, as the queue does for its jobs. */
export function asRun(more: Partial<Run> = {}): Run & { begun: Begun | null } {
  const run = {
    mode: 'incremental' as const,
    reason: 'test',
    scheduled: true,
    definitions: null,
    begun: null as Begun | null,
    async remember(begun: Begun) {
      run.begun = begun;
    },
    ...more,
  };
  return run;
}

/** Stops for ever when the stage is reached, as a killed process does: nothing after it happens, no handler runs. */
export function dyingAt(stage: Stage): { readonly reached: RunPorts['reached']; readonly died: Promise<void> } {
  const death = Promise.withResolvers<void>();
  return {
    died: death.promise,
    reached: (at) => {
      if (at !== stage) return;
      death.resolve();
      return new Promise<void>(() => {});
    },
  };
}
