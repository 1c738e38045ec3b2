/** What outlives every process of the simulation: the log's disk, the store, the archive, the generations. */
import type { GenerationManifest, Publication } from '@tributary/archive/layout';
import type { EventLog, LogEntry } from '@tributary/log/port';
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import type { Event } from '@tributary/model/event';
import type { ServingStore } from '@tributary/store/serving-store';
import type { Commit, CommitOutcome, SpeedStore } from '@tributary/store/speed-store';
import type { Rows, RowsByView } from '@tributary/views/deltas';
import type { View } from '@tributary/views/view';
import type { Random } from '../inputs/random.ts';
import { createMemoryDisk, createMemoryLog, type MemoryDisk } from '../memory/memory-log.ts';
import type { SimulatedStore } from '../memory/memory-store.ts';
import { createLedger, type Ledger } from './ledger.ts';
import type { Turn } from './scheduler.ts';

/** The real code that the simulation drives; given by the tests, which alone may reach into services. */
export interface PartsUnderTest {
  createWorker(options: {
    readonly log: EventLog;
    readonly store: SpeedStore;
    readonly definitions: Definitions;
    readonly partitions: readonly number[];
    readonly commitId: () => string;
    /** Read before the beginning of the log; absent: nothing is. */
    readonly archive?: SimulatedEntries;
    readonly onRecall?: () => void;
    /** Whom archived files lack. */
    readonly erased?: SimulatedErased;
    /** The oldest generation that readers may still take. */
    readonly oldestRead?: () => Promise<number>;
    readonly limits: {
      readonly maxEntries: number;
      readonly waitMs: number;
      readonly maxTimelineEvents?: number;
      readonly maxCachedEvents: number;
      readonly shelvedAfter?: number;
      readonly takenBytes?: number;
      readonly trimRecordLength: number;
      readonly turnWork?: number;
      readonly readBytes?: number;
      readonly loadBytes?: number;
    };
    readonly onReset: (partition: number, why: CommitOutcome | Error) => void;
  }): { runOnce(): Promise<number>; settle(): Promise<void> };
  /** The serving path of the API: pointer, view and deltas to one merged answer. */
  createReader(options: {
    readonly partitions: number;
    readonly store: ServingStore;
    readonly source: SimulatedGenerations;
    readonly definitions: Definitions;
  }): { read(): Promise<MergedAnswer> };
  parse(json: string): Definitions;
  /** An empty one; without it the store is in memory. */
  createStore?(partitions: number): Promise<SimulatedStore>;
  /** An empty one; without it the archive is in memory. */
  createArchive?(partitions: number): Promise<SimulatedArchive>;
}

export interface MergedAnswer {
  readonly generation: number;
  readonly rows: RowsByView;
  /** By partition, of the views that are kept so; null: they were not asked for. */
  readonly groups: readonly RowsByView[] | null;
  readonly pending: number;
  /** False: the answer says itself that something is missing. */
  readonly complete: boolean;
  /** What it lacks, in words. */
  readonly warnings: readonly string[];
  /** The position of each partition that the answer is of; null: nothing read yet. */
  readonly positions: readonly (string | null)[];
}

/** The archive read as the log it was made of. */
export interface SimulatedEntries {
  upTo(partition: number): Promise<string | null>;
  /** null: the archive ends there. `joining`: by which it may join records, as the worker under test says; one that does not know them gives lines. */
  after(partition: number, position: string | null, joining?: unknown): Promise<readonly LogEntry[] | null>;
}

/** How far a partition is archived in terms of generations. */
export interface Sealed {
  /** The newest generation sealed; 0: none. */
  readonly sealed: number;
  /** Sealed generation → where its barrier lay. */
  readonly cuts: ReadonlyMap<number, string>;
}

/** What archivers write, and all others read. */
export interface SimulatedArchive {
  /** Whether what a turn began is still under way beyond this process. */
  isBusy(): boolean;
  /** A process that archives until it is killed. */
  archiver(world: World, name: string, turn: Turn): Promise<void>;
  /** As a process reads it that takes these turns. */
  entries(world: World, turn: Turn): SimulatedEntries;
  /** By partition. */
  seals(): Promise<readonly Sealed[]>;
  /** In order: those before the barrier of the generation, which sealed the partition; null: all. */
  events(partition: number, generation: number | null): Promise<readonly Event[]>;
  /** Called before the barriers of the generation are written. */
  begin(generation: number, definitions: Definitions): Promise<void>;
  /**
   * Takes out users that a generation knows to be erased, up to its cut; `before`: what is known of those that were taken out before. By partition.
   * Absent: it never does.
   */
  forget?(
    generation: number,
    before: readonly Forgotten[],
  ): readonly { readonly forgotten: Forgotten; readonly gone: ReadonlySet<Event> }[];
  /** What was written last was not on the disk yet. Returns of how many partitions something is gone. */
  loseNewest(world: World): Promise<number>;
  /** At the end of the run. */
  close?(): Promise<void>;
}

export interface SimulatedGenerations {
  publication(): Promise<Publication | null>;
  manifests(): Promise<GenerationManifest[]>;
  manifest(generation: number): Promise<GenerationManifest | null>;
  viewRows(manifest: GenerationManifest): Promise<RowsByView>;
  rowsByPartition(manifest: GenerationManifest, view: View): Promise<Rows>;
}

export interface ComputedGeneration {
  readonly manifest: GenerationManifest;
  readonly rows: RowsByView;
  /** Rows of the views that are kept by partition, keyed with it last. */
  readonly byPartition: RowsByView;
}

/** Users whose events the archive lacks, as they were erased; and of those who were lifted up to which position. */
export interface Forgotten {
  readonly erased: ReadonlySet<string>;
  readonly lifted: ReadonlyMap<string, string>;
}

/** As a worker reads it. */
export interface SimulatedErased {
  before(partition: number): Promise<readonly string[]>;
  behind(
    partition: number,
    position: string,
  ): Promise<{
    readonly erased: readonly string[];
    readonly lifted: Readonly<Record<string, string>>;
    readonly upTo: string;
  } | null>;
  version(): Promise<string>;
}

export interface SimulatedForgotten {
  /** The oldest one that was kept. */
  readonly generation: number;
  readonly cut: readonly string[];
  readonly partitions: readonly Forgotten[];
}

export type Layer = 'speed' | 'archive';

export interface World {
  readonly random: Random;
  readonly partitions: number;
  readonly initial: Definitions;
  /** Copies may come at another instant than the first arrival, so the first must not be let go early: lateness gets no shorter. */
  readonly restamps: boolean;
  /** Bound on a user's timeline. */
  readonly maxTimelineEvents: number;
  /**
   * The log is trimmed behind both layers. The archive has no heartbeats and no times of appending, so what a replay of it calls
   * late depends on the records alone: such a run has no late events, sound clocks and one lateness.
   */
  readonly trims: boolean;
  readonly parts: PartsUnderTest;
  readonly disk: MemoryDisk;
  readonly store: SimulatedStore;
  readonly ledgers: readonly Ledger[];
  readonly archive: SimulatedArchive;
  /** Definitions of every generation ever begun, computed or not. */
  readonly begun: Map<number, string>;
  readonly computed: Map<number, ComputedGeneration>;
  readonly publications: Publication[];
  /** Generations before this one are retired, and are never computed again. */
  retiredBefore: number;
  /** What was counted under generations before this one goes, or is gone: readers take none of them. */
  readFrom: number;
  /** Barriers that one layer parks, as an older version does: `partition position`. */
  readonly parkedBy: Map<string, Layer>;
  /** Where that may have cut the layers apart: `generation partition`. */
  readonly cutApart: Set<string>;
  /** Where the archive was cut for each generation that was ever computed. */
  readonly cuts: Map<number, readonly string[]>;
  /** null: the archive lacks none. */
  forgotten: SimulatedForgotten | null;
  /** What it had of them: user and id. */
  readonly gone: Set<string>;
  /** Events that clients still have to send, in order, and those that were acknowledged (law 6). */
  readonly unsent: Event[];
  readonly acknowledged: Event[];
  /** What every sound clock says, and the log's own: the newest `receivedAt` of the generated events that were sent. */
  nowMs: number;
  /** No more faults: the end of the run. */
  calm: boolean;
  readonly trace: string[];
  readonly counts: Record<string, number>;
  note(line: string): void;
  count(what: string): void;
  connectLog(turn: () => Promise<void>): ReturnType<typeof createMemoryLog>;
  /** Hands the ledgers what was appended since. */
  audit(): void;
}

/** Lines of the trace kept: the newest. */
const TRACE_LINES = 4_000;

export function createWorld(
  random: Random,
  partitions: number,
  initial: Definitions,
  { restamps, trims, store, archive }: Pick<World, 'restamps' | 'trims' | 'store' | 'archive'>,
  parts: PartsUnderTest,
): World {
  const disk = createMemoryDisk();
  createMemoryLog({ partitions, disk });
  const audited = new Array<string>(partitions).fill('');
  const trace: string[] = [];
  const counts: Record<string, number> = {};
  // Half of the seeds: a bound that no user reaches. The others: users outgrow it, some of them again and again.
  const bound = random.pick([10_000, 10_000, 8, 25]);
  // An old id at a newer instant is an edge of law 3 once the first arrival was cut off (docs/laws.md).
  const maxTimelineEvents = restamps ? 10_000 : bound;
  const ledgers = audited.map(() => createLedger(initial, parts.parse, partitions, maxTimelineEvents));
  const world: World = {
    random,
    partitions,
    initial,
    restamps,
    maxTimelineEvents,
    trims,
    parts,
    disk,
    store,
    ledgers,
    archive,
    begun: new Map(),
    computed: new Map(),
    publications: [],
    retiredBefore: 0,
    readFrom: 0,
    parkedBy: new Map(),
    cutApart: new Set(),
    cuts: new Map(),
    forgotten: null,
    gone: new Set(),
    unsent: [],
    acknowledged: [],
    nowMs: 0,
    calm: false,
    trace,
    counts,
    note(line) {
      trace.push(line);
      if (trace.length > TRACE_LINES) trace.shift();
    },
    count(what) {
      counts[what] = (counts[what] ?? 0) + 1;
    },
    connectLog: (turn) => createMemoryLog({ partitions, disk, turn, now: () => world.nowMs }),
    audit() {
      for (const [partition, ledger] of ledgers.entries()) {
        const fresh =
          disk.partitions[partition]?.entries.filter(({ position }) => position > (audited[partition] as string)) ?? [];
        audited[partition] = fresh.at(-1)?.position ?? (audited[partition] as string);
        ledger.note(fresh);
      }
    },
  };
  return world;
}

/** What the store did with a commit: for the trace and the tally. */
export function noteCommit(world: World, actor: string, commit: Commit, outcome: string): void {
  world.count(`commit ${outcome}`);
  const { partition, expected, next, pending } = commit;
  world.note(
    `${actor}: commit p${partition} ${short(expected)}→${short(next.position)} g${next.generation} pending ${pending}: ${outcome}`,
  );
}

export function short(position: string | null): string {
  return position === null ? 'start' : position.replace(/^0+/, '');
}

/** Operational errors are part of life; anything else is a defect and ends the simulation. */
export function operational(error: unknown): asserts error is TributaryError {
  if (!(error instanceof TributaryError)) throw error;
}

/** The log as one layer reads it, which does not know some of the barriers. */
export function throughOlder<Log extends EventLog>(world: World, log: Log, layer: Layer): Log {
  const isParked = ({ partition, position }: LogEntry) => world.parkedBy.get(`${partition} ${position}`) === layer;
  return {
    ...log,
    read: async (after, limits) =>
      (await log.read(after, limits)).map((entry) => (isParked(entry) ? { ...entry, body: '{}' } : entry)),
  };
}
