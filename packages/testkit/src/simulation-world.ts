/** What outlives every process of the simulation: the log's disk, the store, the archive, the generations. */
import type { GenerationManifest, Publication } from '@tributary/archive/layout';
import type { Commit, CommitOutcome, SpeedStore } from '@tributary/kv/port';
import type { ServingStore } from '@tributary/kv/serving-port';
import type { EventLog, LogEntry } from '@tributary/log/port';
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import type { Event } from '@tributary/model/event';
import type { RowsByView } from '@tributary/views/deltas';
import { createMemoryDisk, createMemoryLog, type MemoryDisk } from './memory-log.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';
import type { Random } from './random.ts';
import { createLedger, type Ledger } from './simulation-ledger.ts';

/** The real code that the simulation drives; given by the tests, which alone may reach into services. */
export interface PartsUnderTest {
  createWorker(options: {
    readonly log: EventLog;
    readonly store: SpeedStore;
    readonly definitions: Definitions;
    readonly partitions: readonly number[];
    readonly commitId: () => string;
    readonly limits: {
      readonly maxEntries: number;
      readonly waitMs: number;
      readonly maxCachedEvents: number;
      readonly trimRecordLength: number;
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
}

export interface MergedAnswer {
  readonly generation: number;
  readonly rows: RowsByView;
  readonly pending: number;
  /** The position of each partition that the answer is of; null: nothing read yet. */
  readonly positions: readonly (string | null)[];
}

export interface SimulatedGenerations {
  publication(): Promise<Publication | null>;
  manifests(): Promise<GenerationManifest[]>;
  manifest(generation: number): Promise<GenerationManifest | null>;
  viewRows(manifest: GenerationManifest): Promise<RowsByView>;
}

export interface ComputedGeneration {
  readonly manifest: GenerationManifest;
  readonly rows: RowsByView;
}

export interface ArchivedPartition {
  position: string | null;
  events: Event[];
  /** Sealed generation → how many events lie before its barrier. */
  readonly seals: Map<number, number>;
  sealed: number;
}

export interface World {
  readonly random: Random;
  readonly partitions: number;
  readonly initial: Definitions;
  readonly parts: PartsUnderTest;
  readonly disk: MemoryDisk;
  readonly store: MemoryStore;
  readonly ledgers: readonly Ledger[];
  readonly archive: readonly ArchivedPartition[];
  /** Definitions of every generation ever begun, computed or not. */
  readonly begun: Map<number, string>;
  readonly computed: Map<number, ComputedGeneration>;
  readonly publications: Publication[];
  /** Events that clients still have to send, in order, and those they were told are safe (law 6). */
  readonly unsent: Event[];
  readonly acknowledged: Event[];
  /** The newest `receivedAt` sent: what heartbeats say. */
  nowMs: number;
  /** No more faults: the end of the run. */
  calm: boolean;
  readonly trace: string[];
  readonly counts: Record<string, number>;
  tell(line: string): void;
  count(what: string): void;
  connectLog(turn: () => Promise<void>): ReturnType<typeof createMemoryLog>;
  /** Hands the ledgers what was appended since. */
  audit(): void;
}

/** Lines of the trace kept: the newest. */
const TRACE_LINES = 4_000;

export function createWorld(random: Random, partitions: number, initial: Definitions, parts: PartsUnderTest): World {
  const disk = createMemoryDisk();
  createMemoryLog({ partitions, disk });
  const audited = new Array<number>(partitions).fill(0);
  const trace: string[] = [];
  const counts: Record<string, number> = {};
  const ledgers = audited.map(() => createLedger(initial, parts.parse));
  return {
    random,
    partitions,
    initial,
    parts,
    disk,
    store: createMemoryStore({ partitions }),
    ledgers,
    archive: audited.map(() => ({ position: null, events: [], seals: new Map(), sealed: 0 })),
    begun: new Map(),
    computed: new Map(),
    publications: [],
    unsent: [],
    acknowledged: [],
    nowMs: 0,
    calm: false,
    trace,
    counts,
    tell(line) {
      trace.push(line);
      if (trace.length > TRACE_LINES) trace.shift();
    },
    count(what) {
      counts[what] = (counts[what] ?? 0) + 1;
    },
    connectLog: (turn) => createMemoryLog({ partitions, disk, turn }),
    audit() {
      for (const [partition, ledger] of ledgers.entries()) {
        const entries = disk.partitions[partition]?.entries ?? [];
        const fresh: LogEntry[] = entries.slice(audited[partition]);
        audited[partition] = entries.length;
        ledger.note(fresh);
      }
    },
  };
}

/** What the store did with a commit: for the trace and the tally. */
export function tellCommit(world: World, actor: string, commit: Commit, outcome: string): void {
  world.count(`commit ${outcome}`);
  const { partition, expected, next, pending } = commit;
  world.tell(
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
