/** What a run needs from outside. `main.ts` gives it Redis and the real child process; tests give it memory and hooks. */

import type { ChildOptions } from '@tributary/archive/child/run-child';
import type { ComputeLimits, ComputeResult, ComputeSpec } from '@tributary/archive/compute/spec';
import { WEIGH_FROM_ROWS } from '@tributary/archive/plan/base';
import type { RetirementOutcome } from '@tributary/archive/retention/retired';
import type { Rewritten } from '@tributary/archive/rewrite/rewrite';
import { RECOMPUTE_SETTINGS } from '@tributary/configuration/roles/recompute';
import type { EventLog } from '@tributary/log/port';
import type { Definitions } from '@tributary/model/definitions';
import type { ServingStore } from '@tributary/store/serving-store';
import type { CompareSpec, ExamineLimits, Reconciled } from './specs/compare.ts';
import type { MergeSpec } from './specs/merge.ts';
import type { RetireSpec } from './specs/retire.ts';
import type { RewriteSpec } from './specs/rewrite.ts';
import type { ShardName } from './specs/shard.ts';

export interface RunPorts {
  readonly dataDir: string;
  /** A digest of all that decides about rows (distribute/version.ts). */
  readonly program: string;
  readonly log: Pick<EventLog, 'identity' | 'partitions' | 'append' | 'read' | 'ends'>;
  readonly serving: Pick<ServingStore, 'deadLetters' | 'deltas' | 'states' | 'pointer' | 'setPointer' | 'retireDeltas'>;
  readonly compute: (spec: ComputeSpec, options: ChildOptions) => Promise<ComputeResult>;
  /** Where computing takes time to start: begun before the cut, to be ready when the archive is sealed. */
  readonly startComputing?: () => Computing;
  /** About how many events changed corrections change. */
  readonly weigh: (spec: ComputeSpec, options: ChildOptions) => Promise<number>;
  readonly compare: (spec: CompareSpec, options: ChildOptions) => Promise<Reconciled>;
  /** Merges segments of the archive; resolves with how many blocks were made. */
  readonly merge: (spec: MergeSpec, options: ChildOptions) => Promise<number>;
  /** Writes archived files again, without users who were erased. */
  readonly rewrite: (spec: RewriteSpec, options: ChildOptions) => Promise<Rewritten>;
  /** Takes archived events out that are older than asked; null: no request was carried out to its end. */
  readonly retire: (spec: RetireSpec, options: ChildOptions) => Promise<RetirementOutcome | null>;
  /** Lets Redis write its files again, without what it has deleted. False: it still has the log up to `cut`. Absent: it has no files. */
  readonly rewriteRedisFiles?: (cut: readonly string[]) => Promise<boolean>;
  readonly parseDefinitions: (json: string) => Definitions;
  /** Those of the configuration; null: those of the published generation hold on, the built-in ones at first. */
  readonly configuredDefinitions: () => Promise<Definitions | null>;
  readonly now: () => number;
  /** Resolves after `ms`; rejects when aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A name that no other attempt has: 8 hex digits. */
  readonly newAttempt: () => string;
  /** Called when the effect of a stage is durable: the points at which a process may die. */
  readonly reached: (stage: Stage, generation: number) => void | Promise<void>;
  /** Rows of a reconciliation that differ for no known reason; null: not known. */
  readonly onEngineDefects?: (rows: number | null) => void;
  readonly note: (message: string, details: Readonly<Record<string, unknown>>) => void;
  readonly limits: RunLimits;
}

/** What computes one generation and compares it, in this order, and is ended then or with its run. */
export interface Computing {
  readonly weigh: RunPorts['weigh'];
  readonly compute: RunPorts['compute'];
  readonly compare: RunPorts['compare'];
  end(): void;
}

/** Finds workers for the shards of one run (packages/queue/src/shard-flow.ts). */
export interface ShardFlow {
  /** Workers of this version take them, and no others. */
  readonly version: string;
  /** How many shards could be computed at once, over all hosts. */
  slots(): Promise<number>;
  /**
   * Resolves when an attempt at each of these ended well, `onDone` gets how many did so far. A shard that is asked for already is
   * not asked for twice. Rejects with the error of a shard that failed for good, and with `store_unavailable`.
   */
  work(shards: readonly ShardName[], onDone: (count: number) => void, signal: AbortSignal): Promise<void>;
  /** For those who watch the run; never fails. */
  progress(done: number, total: number): void;
}

export const STAGES = [
  'checked',
  'superseded',
  'created',
  'remembered',
  'raised',
  'sealed',
  'gathered',
  'filed',
  'computed',
  'decided',
  'published',
  'pointed',
  'reconciled',
  'retired',
] as const;
export type Stage = (typeof STAGES)[number];

export interface RunLimits {
  readonly compute: ComputeLimits;
  /** Until every partition must be sealed, ms. */
  readonly sealTimeoutMs: number;
  readonly computeTimeoutMs: number;
  /** Computing by many is worth it from two shards of this many rows. */
  readonly minShardRows: number;
  /** Corrections that read fewer events again are computed as changes, however many of these change. */
  readonly weighFromRows: number;
  /** How long the reconciliation waits for a speed layer that lags behind the barrier, ms. */
  readonly speedWaitMs: number;
  /** Rows that a reconciliation lists of each view, at most: a dozen views in a file that a browser still likes. */
  readonly listedRows: number;
  /** How much a reconciliation reads to tell causes apart. */
  readonly examine: ExamineLimits;
  /** Computed generations to keep: as far back as a rollback reaches. */
  readonly keepGenerations: number;
  /** How long older ones stay beside these, ms; 0: not at all. */
  readonly keepForMs: number;
  /** Bytes of the files of all that are kept, above which none stays by age. */
  readonly keepBytes: number;
}

const { batchMemoryMb, batchThreads, batchExamineEvents } = RECOMPUTE_SETTINGS;

/** 50 000 events take some 5 s of the child's processor, and 100 MB of it. */
const HELD_EVENTS = 50_000;
/** A user who has something to explain has at least some events. */
const EVENTS_OF_A_USER = 10;

export function examinedBy(events: number): Pick<ExamineLimits, 'users' | 'events' | 'heldEvents'> {
  return { users: Math.ceil(events / EVENTS_OF_A_USER), events, heldEvents: HELD_EVENTS };
}

export const DEFAULT_LIMITS: RunLimits = {
  compute: { memoryMb: batchMemoryMb.default, threads: batchThreads.default, shardRows: 2_500_000, filesPerKind: 64 },
  sealTimeoutMs: RECOMPUTE_SETTINGS.batchSealTimeoutMs.default,
  computeTimeoutMs: RECOMPUTE_SETTINGS.batchComputeTimeoutMs.default,
  minShardRows: RECOMPUTE_SETTINGS.batchShardMinRows.default,
  weighFromRows: WEIGH_FROM_ROWS,
  speedWaitMs: 30_000,
  listedRows: 250,
  examine: { ...examinedBy(batchExamineEvents.default), rows: 20_000_000, conversions: 100, clockSlackMs: 600_000 },
  keepGenerations: RECOMPUTE_SETTINGS.batchKeepGenerations.default,
  keepForMs: RECOMPUTE_SETTINGS.batchKeepForMs.default,
  keepBytes: RECOMPUTE_SETTINGS.batchKeepBytes.default,
};
