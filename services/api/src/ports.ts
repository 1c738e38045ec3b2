/**
 * What the API needs from outside. `main.ts` gives it Redis, the data folder and the queue; tests give it fakes.
 */

import type { Readable } from 'node:stream';
import type { AskedSet, StoredSet } from '@tributary/archive/asked/training-sets';
import type { Registration } from '@tributary/archive/computations';
import type { Receipt } from '@tributary/archive/erasures';
import type { ArchiveForgotten } from '@tributary/archive/forgotten';
import type { LastCheck } from '@tributary/archive/last-check';
import type { Publication, StagedPromotion, StoredFile } from '@tributary/archive/layout';
import type { PlanDemand, RunPlan } from '@tributary/archive/plan/run-plan';
import type { PublicationDraft, Said } from '@tributary/archive/publications';
import type { ArchiveReader } from '@tributary/archive/readers/archive-reader';
import type { RetirementDemand, RetirementLimit, RetirementPlan } from '@tributary/archive/retention/plan';
import type { RetirementRequest } from '@tributary/archive/retention/requests';
import type { DiscardDraft } from '@tributary/archive/retire';
import { API_SETTINGS } from '@tributary/configuration/roles/api';
import type { RETIREMENT_ROUTES } from '@tributary/contract/groups/archive-retirements';
import type { ComputationSeen } from '@tributary/contract/shapes/computation';
import type { Answer } from '@tributary/contract/shapes/route';
import type { EventLog } from '@tributary/log/port';
import type { Progress } from '@tributary/queue/computation-progress';
import type { Priority } from '@tributary/queue/priority';
import type { AskedRun, Retried } from '@tributary/queue/recompute-queue';
import type { RunRecord } from '@tributary/queue/run-records';
import type { Schedules } from '@tributary/queue/schedules';
import { type GenerationSource, SERVING_LIMITS, type ServingDeps, type ServingLimits } from '@tributary/serving/ports';
import type { QuestionDesk } from '@tributary/serving/questions/archive-questions';
import type { ServingStore } from '@tributary/store/serving-store';
import type { ExportDeps } from './export/sources.ts';

/** The data folder as routes ask it: what the merge reads, and what operators do. */
export interface DataFolder extends GenerationSource {
  /** Compare-and-set of the current generation. Rejects with `conflict` when `expectedSequence` is no longer the newest. */
  publish(expectedSequence: number, publication: PublicationDraft, above?: number): Promise<Publication>;
  /** Gives a staged generation up. Rejects with `conflict` when it is not one, or when `expectedSequence` is no longer the newest. */
  discard(expectedSequence: number, draft: DiscardDraft, above?: number): Promise<Publication>;
  /** Every publication that is remembered, oldest first. */
  publications(): Promise<readonly Said[]>;
  /** What a run would read if it were asked for now. Rejects with `manifest_corrupt`. */
  plan(demand: Omit<PlanDemand, 'manifests'>): Promise<RunPlan>;
  /** What the newest run left that found nothing new; null: none did yet. */
  lastCheck(): Promise<LastCheck | null>;
  /** The stored reconciliation that compares `generation` with what was served before it; null when there is none. */
  reconciliation(generation: number): Promise<unknown>;
}

export type Scope = 'read' | 'admin' | 'server';

export interface KeyVerifier {
  verify(key: string, scope: Scope, nowMs: number): 'ok' | 'unknown' | 'forbidden' | 'expired' | 'revoked';
  /** Why the keys cannot be read just now; absent or undefined when they can. */
  problem?(nowMs: number): string | undefined;
}

export interface RunRequest {
  readonly mode: 'incremental' | 'full';
  /** Canonical JSON of new definitions; absent: those in force. */
  readonly definitions?: string;
  /** When readers get what is computed; absent: at once. */
  readonly promotion?: StagedPromotion;
  /** Which of those that wait begins first; absent: normal. */
  readonly priority?: Priority;
  readonly by: string;
}

/** Puts a run into the queue of the recompute job and returns the id to follow it by. */
export type RequestRun = (request: RunRequest) => Promise<AskedRun>;

/** The list of runs. Rejects with `store_unavailable`. */
export interface RunDesk {
  /** null: it is not known, or not any more. */
  find(id: string): Promise<RunRecord | null>;
  /** Cancels a run; where the state is another one then, it came too late. null: it is not known. */
  cancel(id: string, said: { readonly by: string; readonly why: string | null; readonly at: number }): Promise<RunRecord | null>;
  /** Asks again for what one asked for that failed or was cancelled; `asked` is null where it is neither. null: it is not known. */
  retry(id: string, by: string): Promise<Retried | null>;
  /** Newest first, bounded. */
  list(): Promise<readonly RunRecord[]>;
}

export interface ApiLimits extends ServingLimits {
  /** Requests with a key that are in flight before new ones are refused with 429; keys share them. */
  readonly maxInFlight: number;
  /** Requests under way on one connection; one that sends more at once is closed. */
  readonly connectionRequests: number;
  /** Open connections; more are closed at once. */
  readonly maxConnections: number;
  readonly bodyBytes: number;
  /** Answers that clients have not read yet, bytes of all together; keys share them. */
  readonly unreadBytes: number;
  /** How long a client may take to read one that is not small. */
  readonly takeMs: number;
  /** How long a client may take to read a small one, or one that needed no key. */
  readonly takeSmallMs: number;
  /** Readiness and metrics, which need no key, are made at most once in this time. */
  readonly openAnswersMs: number;
  /** Concurrent questions to DuckDB; more wait, up to eight times as many. */
  readonly archiveConcurrency: number;
  readonly archiveTimeoutMs: number;
  /** Exports of users at a time; a key has one of them. */
  readonly exports: number;
  /** How long one may take, and how long its client may. */
  readonly exportMs: number;
  readonly exportBytes: number;
  /** How long an erasure waits until real time has read which keys are the user's. */
  readonly linksWaitMs: number;
}

export const DEFAULT_LIMITS: ApiLimits = {
  ...SERVING_LIMITS,
  maxInFlight: API_SETTINGS.apiMaxInFlight.default,
  connectionRequests: 8,
  maxConnections: API_SETTINGS.apiMaxConnections.default,
  bodyBytes: API_SETTINGS.apiBodyBytes.default,
  unreadBytes: 256 * 1024 * 1024,
  takeMs: 120_000,
  takeSmallMs: 10_000,
  openAnswersMs: 1_000,
  archiveConcurrency: API_SETTINGS.apiArchiveConcurrency.default,
  archiveTimeoutMs: API_SETTINGS.apiArchiveTimeoutMs.default,
  exports: 2,
  exportMs: 900_000,
  exportBytes: 8 * 1024 ** 3,
  linksWaitMs: 5_000,
};

/** Training sets: their files, and the queue of those that are not computed yet, which is that of questions. */
export interface SetDesk extends Pick<QuestionDesk, 'cancel' | 'enqueue' | 'state' | 'remove'> {
  create(asked: AskedSet): Promise<void>;
  /** undefined: there is none of this id, or no longer. */
  read(id: string): Promise<StoredSet | undefined>;
  /** Newest first. */
  list(): Promise<StoredSet[]>;
  /** Rows that have their values. */
  progress(id: string): Promise<number>;
  /** Rejects with `not_found` where it was removed. */
  open(file: StoredFile): Promise<Readable>;
}

/** Receipts of erasures (packages/archive/src/erasures.ts), and the digests that they name users by. */
export interface ErasureDesk {
  digestOf(userKey: string): string;
  create(receipt: Receipt): Promise<void>;
  write(receipt: Receipt): Promise<void>;
  /** Rejects with `not_found`. */
  read(id: string): Promise<Receipt>;
  /** Newest first; those of one user, or all. */
  ids(digest?: string): Promise<string[]>;
  /** What archived files were written again without; undefined: none ever was. */
  forgotten(): Promise<ArchiveForgotten | undefined>;
}

/** Computations beside the platform that are registered, and what each said last of how far it is. */
export interface ComputationDesk {
  /** By name. Rejects with `manifest_corrupt`. */
  list(): Promise<readonly Registration[]>;
  /** False: it is a new one, and there would be more than `most`. */
  write(registration: Registration, most: number): Promise<boolean>;
  /** False: there was none. */
  remove(name: string): Promise<boolean>;
  progress(): Promise<ReadonlyMap<string, Progress>>;
  note(name: string, progress: Progress): Promise<void>;
  forget(names: readonly string[]): Promise<void>;
}

export interface WatchedComputation extends Registration {
  readonly seen: ComputationSeen;
}

export interface ComputationWatch {
  /** At most a second old. Rejects with `store_unavailable`, `manifest_corrupt`. */
  read(): Promise<readonly WatchedComputation[]>;
  /** The same for answers with values: at most two seconds old, and without waiting where it is. null: it is not known just now. */
  latest(): Promise<readonly WatchedComputation[] | null>;
  /** What was registered, removed or said just now is seen by the next read. */
  forget(): void;
  close(): Promise<void>;
}

export type ShownRetirement = Answer<(typeof RETIREMENT_ROUTES)['archiveRetirements']>['retirements'][number];

/** Retention of the archive by age (packages/archive/src/retention). */
export interface RetirementDesk {
  /** What every kept generation allows, as the run that carries a request out asks it; null: none that is computed is published. */
  limit(nowMs: number): Promise<RetirementLimit | null>;
  plan(demand: RetirementDemand): Promise<RetirementPlan>;
  /** Rejects with `conflict` where another request came at the same time. */
  create(draft: Omit<RetirementRequest, 'number'>): Promise<ShownRetirement>;
  list(): Promise<Answer<(typeof RETIREMENT_ROUTES)['archiveRetirements']>>;
}

export interface ApiDeps extends ServingDeps {
  readonly store: ServingStore;
  readonly source: DataFolder;
  readonly archive: ArchiveReader;
  readonly keys: KeyVerifier;
  readonly requestRun: RequestRun;
  readonly runs: RunDesk;
  readonly schedules: Pick<Schedules, 'list' | 'set' | 'pause' | 'remove'>;
  readonly questions: QuestionDesk;
  readonly trainingSets: SetDesk;
  readonly computations: ComputationDesk;
  readonly erasures: ErasureDesk;
  readonly retirements: RetirementDesk;
  /** The log of events: what an operator replays is appended there. */
  readonly append: EventLog['append'];
  /** The log of events: of what comes in, some are shown to people. */
  readonly newestOf: Pick<EventLog, 'read' | 'ends' | 'partitions'>;
  /** For the record of who did what. */
  readonly onAction: (what: string, about: Readonly<Record<string, unknown>>) => void;
  readonly limits: ApiLimits;
  /** What exports of users read beside all this. */
  readonly exports: ExportDeps;
  /** Text of the metrics page and its content type. */
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> };
  /** Addresses or CIDR ranges of proxies whose X-Forwarded-For is believed; empty: from no address. */
  readonly trustedProxies: readonly string[];
  /** Base URLs of the collectors that are asked what they rejected. */
  readonly collectors: readonly string[];
  /** Why the disk under the embedded Redis takes nothing new; null: it does. */
  readonly diskTrouble?: () => string | null;
}
