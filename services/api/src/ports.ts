/**
 * What the API needs from outside. `main.ts` gives it Redis, the data folder and the queue; tests give it fakes.
 */
import type { GenerationManifest, Publication } from '@tributary/archive/layout';
import type { ServingStore } from '@tributary/kv/serving-port';
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import type { RowsByView } from '@tributary/views/deltas';
import type { LogReach } from './speed-health.ts';

/** The data folder: generations, publications and what they computed. The fsynced files are the truth. */
export interface GenerationSource {
  /** The newest publication; null before the first. */
  publication(): Promise<Publication | null>;
  /** Every generation, newest first. */
  manifests(): Promise<GenerationManifest[]>;
  /** null when there is no such generation, or no longer. Rejects with `manifest_corrupt`. */
  manifest(generation: number): Promise<GenerationManifest | null>;
  /** All view rows of a computed generation, checked against its manifest, which may lack views younger than it. Rejects with `archive_corrupt`. */
  viewRows(manifest: GenerationManifest): Promise<RowsByView>;
  /** Compare-and-set of the current generation. Rejects with `conflict` when `expectedSequence` is no longer the newest. */
  publish(expectedSequence: number, publication: Omit<Publication, 'sequence'>, above?: number): Promise<Publication>;
  /** The stored reconciliation that compares `generation` with what was served before it; null when there is none. */
  reconciliation(generation: number): Promise<unknown>;
}

export interface ArchivedConversion {
  readonly id: string;
  readonly userKey: string;
}

/** Questions about single users and conversions, answered by DuckDB over a generation's files. */
export interface ArchiveReader {
  findConversions(manifest: GenerationManifest, id: string, signal: AbortSignal): Promise<ArchivedConversion[]>;
  /** The user's deduplicated events in `[fromMs, toMs)`, at most `limit`, the newest ones. */
  userEvents(
    manifest: GenerationManifest,
    userKey: string,
    range: { readonly fromMs: number; readonly toMs: number; readonly limit: number },
    signal: AbortSignal,
  ): Promise<Event[]>;
}

export type Scope = 'read' | 'admin';

export interface KeyVerifier {
  verify(key: string, scope: Scope, nowMs: number): 'ok' | 'unknown' | 'forbidden' | 'expired' | 'revoked';
  /** Why the keys cannot be read just now; absent or undefined when they can. */
  problem?(nowMs: number): string | undefined;
}

export interface RunRequest {
  readonly mode: 'incremental' | 'full';
  /** Canonical JSON of new definitions; absent: those in force. */
  readonly definitions?: string;
  readonly by: string;
}

/** Puts a run into the queue of the recompute job and returns the id to follow it by. */
export type RequestRun = (request: RunRequest) => Promise<{ readonly jobId: string }>;

export interface ApiLimits {
  /** Requests with a key that are in flight before new ones are told 429; keys share them. */
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
  /** Answers are incomplete while an entry of the log that is so old has not been applied by the speed layer. */
  readonly patienceMs: number;
  /** A report waits so long for the store before it is given what is held. */
  readonly freshMs: number;
  /** What is held is given up to this age. */
  readonly staleMs: number;
}

export const DEFAULT_LIMITS: ApiLimits = {
  maxInFlight: 2_000,
  connectionRequests: 8,
  maxConnections: 10_000,
  bodyBytes: 512 * 1024,
  unreadBytes: 256 * 1024 * 1024,
  takeMs: 120_000,
  takeSmallMs: 10_000,
  openAnswersMs: 1_000,
  archiveConcurrency: 2,
  archiveTimeoutMs: 10_000,
  patienceMs: 10_000,
  freshMs: 1_000,
  staleMs: 60_000,
};

export interface ApiDeps {
  readonly partitions: number;
  readonly store: ServingStore;
  readonly source: GenerationSource;
  readonly archive: ArchiveReader;
  readonly keys: KeyVerifier;
  readonly requestRun: RequestRun;
  readonly logReach: LogReach;
  /** Definitions from their canonical JSON. */
  readonly parseDefinitions: (json: string) => Definitions;
  /** In force before the first event and the first generation. */
  readonly defaultDefinitions: Definitions;
  readonly now: () => number;
  readonly limits: ApiLimits;
  /** Text of the metrics page and its content type. */
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> };
  /** Addresses or CIDR ranges of proxies whose X-Forwarded-For is believed; none: nobody's. */
  readonly trustedProxies: readonly string[];
  readonly onWarning: (message: string, cause: unknown) => void;
  /** Why the disk under the embedded Redis takes nothing new; null: it does. */
  readonly diskTrouble?: () => string | null;
}
