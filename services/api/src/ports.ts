/**
 * What the API needs from outside. `main.ts` gives it Redis, the data folder and the queue; tests give it fakes.
 */
import type { GenerationManifest, Publication } from '@tributary/archive/layout';
import type { PublicationDraft } from '@tributary/archive/publications';
import type { AskedQuestion, StoredQuestion } from '@tributary/archive/questions';
import type { EventLog } from '@tributary/log/port';
import type { Event } from '@tributary/model/event';
import { API_SETTINGS } from '@tributary/runtime/settings/api';
import { type GenerationSource, SERVING_LIMITS, type ServingDeps, type ServingLimits } from '@tributary/serving/ports';
import type { ServingStore } from '@tributary/store/serving-store';

/** The data folder as routes ask it: what the merge reads, and what operators do. */
export interface DataFolder extends GenerationSource {
  /** Compare-and-set of the current generation. Rejects with `conflict` when `expectedSequence` is no longer the newest. */
  publish(expectedSequence: number, publication: PublicationDraft, above?: number): Promise<Publication>;
  /** The stored reconciliation that compares `generation` with what was served before it; null when there is none. */
  reconciliation(generation: number): Promise<unknown>;
}

export interface ArchivedConversion {
  readonly id: string;
  readonly userKey: string;
}

export interface ListedConversion extends ArchivedConversion {
  readonly ts: number;
  readonly type: string;
  readonly valueMinor: number;
  readonly currency: string | null;
}

export interface ConversionsQuestion {
  /** Epoch ms, `[fromMs, toMs)`. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Any of these; undefined: of any type. */
  readonly types: readonly string[] | undefined;
  readonly userKey: string | undefined;
  /** Only what stands behind it in the list: null, from the top. */
  readonly after: Pick<ListedConversion, 'ts' | 'id' | 'userKey'> | null;
  readonly limit: number;
}

/** Questions about single users and conversions, answered by DuckDB over a generation's files. */
export interface ArchiveReader {
  /** Newest first, by (ts, id, user). */
  conversions(manifest: GenerationManifest, question: ConversionsQuestion, signal: AbortSignal): Promise<ListedConversion[]>;
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

/** Questions to the archive: their files, and the queue of those that are not computed yet. */
export interface QuestionDesk {
  create(asked: AskedQuestion): Promise<void>;
  /** undefined: there is none of this id, or no longer. */
  read(id: string): Promise<StoredQuestion | undefined>;
  /** Newest first. */
  list(): Promise<StoredQuestion[]>;
  cancel(id: string, atMs: number): Promise<void>;
  enqueue(id: string): Promise<void>;
  /** null: the queue does not have it. */
  state(id: string): Promise<'waiting' | 'running' | null>;
  /** From the queue, if it waits there. */
  remove(id: string): Promise<void>;
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
};

export interface ApiDeps extends ServingDeps {
  readonly store: ServingStore;
  readonly source: DataFolder;
  readonly archive: ArchiveReader;
  readonly keys: KeyVerifier;
  readonly requestRun: RequestRun;
  readonly questions: QuestionDesk;
  /** The log of events: what an operator replays is appended there. */
  readonly append: EventLog['append'];
  /** For the record of who did what. */
  readonly onAction: (what: string, about: Readonly<Record<string, unknown>>) => void;
  readonly limits: ApiLimits;
  /** Text of the metrics page and its content type. */
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> };
  /** Addresses or CIDR ranges of proxies whose X-Forwarded-For is believed; empty: from no address. */
  readonly trustedProxies: readonly string[];
  /** Why the disk under the embedded Redis takes nothing new; null: it does. */
  readonly diskTrouble?: () => string | null;
}
