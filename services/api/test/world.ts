/**
 * A small platform in memory for the API's tests: the real `step` behind the memory store, the naive oracle in place of
 * the batch layer, and switches that break parts of it.
 */
import type { StoredQuestion } from '@tributary/archive/asked/questions';
import type { LastCheck } from '@tributary/archive/last-check';
import type { FileSeen, GenerationManifest, Publication } from '@tributary/archive/layout';
import { planRun } from '@tributary/archive/plan/run-plan';
import { createConcurrencyLimit } from '@tributary/archive/readers/concurrency-limit';
import { stagedOf } from '@tributary/archive/staged';
import type { LogRecord } from '@tributary/log/port';
import { type Definitions, parseDefinitions, storedDefinitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { type Event, encodeEvent } from '@tributary/model/event';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import type { RunRecord } from '@tributary/queue/run-records';
import { createModelRunner } from '@tributary/reports/runner/runner';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { createUnreadAnswers } from '@tributary/runtime/http/unread-answers';
import { rememberDefinitions } from '@tributary/serving/generations/definitions-memory';
import { createServing } from '@tributary/serving/serving';
import { createKeptValues, type KeptValues } from '@tributary/serving/users/kept-values';
import { viewsSinceAfter } from '@tributary/store/counted-views';
import type { ServingStore } from '@tributary/store/serving-store';
import type { PartitionState } from '@tributary/store/speed-store';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { naive, naiveTimelines } from '@tributary/testkit/oracle/naive';
import { naiveByPartition } from '@tributary/testkit/oracle/naive-by-partition';
import type { RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { step, stepRules } from '@tributary/views/step';
import { emptyUser, type UserState } from '@tributary/views/user-state';
import type { FastifyInstance } from 'fastify';
import { type AppOptions, buildApp } from '../src/app.ts';
import type { ApiContext } from '../src/context.ts';
import { createExportTurns } from '../src/export/turns.ts';
import { createRecordReader, RECORD_LIMITS } from '../src/http/record-reader.ts';
import { type ApiDeps, type ApiLimits, DEFAULT_LIMITS, type RunRequest } from '../src/ports.ts';
import { watchOf } from '../src/stream/computation-watch.ts';
import { asKept } from './as-kept.ts';
import { manifestOf } from './manifest-of.ts';
import { memoryDesks } from './memory-desks.ts';
import { memoryRuns } from './memory-runs.ts';
import { noExports } from './no-exports.ts';

export const PARTITIONS = 4;
export const READ = 'Bearer tr_reader_x';
export const ADMIN = 'Bearer ta_admin_x';
export const NOON = Date.UTC(2026, 10, 20, 12);
export const defaults = parseDefinitions('{}', sha256Hex);

export interface WorldOptions extends Partial<AppOptions> {
  readonly definitions?: Definitions;
  readonly partitions?: number;
  readonly limits?: Partial<ApiLimits>;
  /** Absent: some are kept. */
  readonly keptValues?: KeptValues;
  /** Base URLs. */
  readonly collectors?: readonly string[];
  /** Passed before each read of the store. */
  readonly turn?: () => Promise<void>;
  readonly openOutputs?: ApiDeps['exports']['openOutputs'];
  /** In place of those in memory: where dead letters are kept, and where replayed ones are appended. */
  readonly outside?: Pick<ServingStore, 'deadLetters'> & Pick<ApiDeps, 'append'>;
}

type Listed = { readonly ts: number; readonly id: string; readonly userKey: string };
/** In the list of conversions, newest first. */
function isBehind(a: Listed, b: Listed): boolean {
  if (a.ts !== b.ts) return a.ts < b.ts;
  return a.id === b.id ? a.userKey < b.userKey : a.id < b.id;
}

export async function createWorld(options: WorldOptions = {}) {
  const definitions = options.definitions ?? defaults;
  const { partitions = PARTITIONS } = options;
  const rules = stepRules(VIEWS, definitions);
  const memory = createMemoryStore({ partitions });
  const speed = memory.speed();
  const readable = memory.serving(options.turn);
  const users = new Map<string, UserState>();
  const log: Event[] = [];
  const states: (PartitionState | null)[] = new Array<null>(partitions).fill(null);
  const manifests = new Map<number, GenerationManifest>();
  const views = new Map<number, RowsByView>();
  const archived = new Map<number, Event[]>();
  const publications: Publication[] = [];
  const reconciliations = new Map<number, unknown>();
  const runs: RunRequest[] = [];
  const records: RunRecord[] = [];
  const check: { last: LastCheck | null } = { last: null };
  const [questions, comparisons] = [new Map<string, StoredQuestion>(), new Map<string, unknown>()];
  const queued = new Map<string, 'waiting' | 'running'>();
  const warnings: string[] = [];
  const actions: string[] = [];
  const appended: (LogRecord & { readonly partition: number })[] = [];
  /** Entries of the log beyond what `ingest` and `commit` applied, in order. */
  const unread: { readonly partition: number; readonly position: string; readonly appendedMs: number }[] = [];
  const broken = { store: false, partition: -1, generations: new Set<number>(), pointer: false, publications: false };
  let nowMs = NOON;
  let sequence = 0;
  let loadDelay: Promise<void> = Promise.resolve();

  const store: ServingStore = {
    ...readable,
    ...(options.outside && { deadLetters: options.outside.deadLetters }),
    records: (...asked) => ifUp(() => readable.records(...asked)),
    recordSizes: (...asked) => ifUp(async () => (await readable.recordSizes?.(...asked)) ?? []),
    states: () => ifUp(() => readable.states()),
    findConversions: (id) => ifUp(() => readable.findConversions(id)),
    pointer: () => (broken.pointer ? Promise.resolve(null) : ifUp(() => readable.pointer())),
    follow: (...question) => ifUp(async () => (await readable.follow(...question)).filter(answers)),
    readWhole: (...question) => ifUp(async () => (await readable.readWhole(...question)).filter(answers)),
  };
  const answers = ({ partition }: { readonly partition: number }) => partition !== broken.partition;
  async function ifUp<T>(work: () => Promise<T>): Promise<T> {
    if (broken.store) throw new Error('connect ECONNREFUSED');
    return work();
  }

  /** Applies one commit to a partition; `change` fills in what it does. */
  async function commit(
    partition: number,
    change: Partial<Parameters<typeof speed.commit>[0]>,
    state: Partial<Omit<PartitionState, 'position'>>,
  ) {
    const before = states[partition] ?? null;
    const next = {
      position: String(++sequence).padStart(8, '0'),
      logTimeMs: before?.logTimeMs ?? nowMs,
      generation: before?.generation ?? 0,
      ...(before?.relayed !== undefined && { relayed: before.relayed }),
      ...{ logIdentity: 'log', definitions: definitions.json, definitionsSince: 0, viewsSince: viewsSinceAfter(before, VIEWS) },
      ...state,
    };
    const outcome = await speed.commit({
      partition,
      expected: before?.position ?? null,
      expectedCommit: (await speed.loadState(partition))?.commitId ?? '',
      id: `c${sequence}`,
      next,
      appends: new Map(),
      rewrites: new Map(),
      deltas: new Map(),
      deltasGeneration: before?.generation ?? 0,
      pending: 0,
      overflowed: 0,
      conversions: new Map(),
      parked: [],
      ...change,
    });
    if (outcome !== 'committed') throw new Error(outcome);
    states[partition] = next;
  }

  async function ingest(arrival: Event): Promise<void> {
    log.push(arrival);
    const key = userKeyOf(arrival);
    const partition = partitionOf(key, partitions);
    const logTimeMs = Math.max(states[partition]?.logTimeMs ?? 0, arrival.receivedAt);
    const user = users.get(key) ?? emptyUser();
    users.set(key, user);
    const deltas: RowsByView = new Map();
    const { fate } = step(user, arrival, logTimeMs, rules, deltas);
    const isConversion = definitions.conversionTypes.has(arrival.type) && fate !== 'duplicate';
    await commit(
      partition,
      {
        appends: fate === 'duplicate' ? new Map() : new Map([[key, `${encodeEvent(arrival)}\n`]]),
        deltas,
        pending: fate === 'late' ? 1 : 0,
        conversions: isConversion ? new Map([[arrival.id, key]]) : new Map(),
      },
      { logTimeMs },
    );
  }

  async function readBarrier(generation: number): Promise<void> {
    for (let partition = 0; partition < partitions; partition++)
      await commit(partition, { barrier: { generation } }, { generation });
  }

  /** Barrier in every partition, and view(g) over everything before it, by the oracle. */
  async function cut(
    generation: number,
    speedReadsIt = true,
    {
      isGrouped = true,
      leftOut = [],
      lacks = [],
      ...more
    }: { isGrouped?: boolean; leftOut?: string[]; lacks?: string[] } & Pick<GenerationManifest, 'promotion' | 'wholeFromMs'> = {},
  ): Promise<void> {
    if (speedReadsIt) await readBarrier(generation);
    const events = log.slice();
    archived.set(generation, events);
    views.set(generation, naive(events, definitions));
    const whole = manifestOf(generation, events.length, definitions, nowMs, partitions);
    const names = new Set(VIEWS.map(({ name }) => name));
    const isKept = (name: string) => (isGrouped || names.has(name)) && ![...leftOut, ...lacks].includes(name);
    const own = Object.fromEntries(Object.entries(whole.views).filter(([name]) => isKept(name)));
    const manifest = {
      ...whole,
      views: own,
      ...(leftOut.length > 0 && { leftOut }),
      ...more,
    };
    const positions = states.map((state) => state?.position ?? '');
    manifests.set(generation, speedReadsIt ? { ...manifest, cut: positions } : manifest);
  }

  async function publish(generation: number, pointer = true, fileSeen?: FileSeen): Promise<void> {
    const publication: Publication = {
      ...(fileSeen !== undefined && { fileSeen }),
      sequence: publications.length + 1,
      generation,
      action: 'publish',
      held: false,
      at: nowMs,
      by: 'test',
    };
    publications.push(publication);
    if (pointer) await readable.setPointer({ sequence: publication.sequence, generation });
  }

  const source: ApiDeps['source'] = {
    publication: async () => {
      if (broken.publications) throw new TributaryError('manifest_corrupt', 'the publication is not JSON');
      return publications.at(-1) ?? null;
    },
    manifests: async () => [...manifests.values()].sort((a, b) => b.generation - a.generation),
    manifest: async (generation) => manifests.get(generation) ?? null,
    viewRows: async ({ generation, definitions: followed }) => {
      // What a question to the archive computed: the events of that cut under definitions of its own.
      if (followed !== definitions.json) return naive(archived.get(generation) ?? [], storedDefinitions(followed, sha256Hex));
      await loadDelay;
      if (broken.generations.has(generation))
        throw new TributaryError('archive_corrupt', `generations/${generation}/credit.parquet has another SHA-256`);
      return structuredClone(views.get(generation) ?? new Map());
    },
    rowsByPartition: async ({ generation, definitions: followed }, view) =>
      naiveByPartition(archived.get(generation) ?? [], storedDefinitions(followed, sha256Hex), view, partitions),
    publish: async (expected, publication, above = 0) => {
      if (expected !== (publications.at(-1)?.sequence ?? 0)) throw new TributaryError('conflict', 'published meanwhile');
      const published = { ...publication, sequence: Math.max(expected, above) + 1 };
      publications.push(published);
      return published;
    },
    discard: async (expected, { generation, ...said }, above = 0) => {
      const before = publications.find((one) => one.sequence === expected);
      if (before === undefined || stagedOf([...manifests.values()], before)?.generation !== generation)
        throw new TributaryError('conflict', `generation ${generation} must be staged to be discarded`);
      const kept = { upTo: generation, generations: [...manifests.keys()].filter((one) => one !== generation) };
      const published = { ...before, ...said, sequence: Math.max(expected, above) + 1, discarded: generation, kept };
      publications.push(published);
      return published;
    },
    publications: async () => publications,
    // No archive: the segments of a plan are those of a folder that is not there, and its base has none.
    plan: ({ published, ...demand }) =>
      planRun('/nonexistent', {
        ...demand,
        published: published && { ...published, lastSegment: published.lastSegment.map(() => -1) },
        manifests: [...manifests.values()].reverse(),
      }),
    lastCheck: async () => check.last,
    reconciliation: async (generation) => reconciliations.get(generation) ?? null,
  };

  const timelinesAt = (generation: number) => naiveTimelines(archived.get(generation) ?? [], definitions).flat();
  const deps: ApiDeps = {
    partitions,
    store,
    source,
    archive: {
      conversions: async ({ generation }, { fromMs, toMs, types, userKeys, after, limit }) =>
        timelinesAt(generation)
          .filter((one) => definitions.conversionTypes.has(one.type) && one.ts >= fromMs && one.ts < toMs)
          .map((one) => ({
            ...{ id: one.id, userKey: userKeyOf(one), ts: one.ts, type: one.type },
            valueMinor: one.value ?? 0,
            currency: one.currency ?? null,
          }))
          .filter((one) => (types ?? [one.type]).includes(one.type) && (userKeys ?? [one.userKey]).includes(one.userKey))
          .sort((a, b) => (isBehind(a, b) ? 1 : -1))
          .filter((one) => after === null || isBehind(one, after))
          .slice(0, limit),
      findConversions: async ({ generation }, id) =>
        (archived.get(generation) ?? [])
          .filter((one) => one.id === id && definitions.conversionTypes.has(one.type))
          .map((one) => ({ id, userKey: userKeyOf(one), ts: one.ts })),
      userEvents: async ({ generation }, userKey, { fromMs, toMs, limit }) => {
        const own = timelinesAt(generation).filter((one) => userKeyOf(one) === userKey && one.ts >= fromMs && one.ts < toMs);
        return own.slice(-limit).map((one) => asKept(one, definitions));
      },
      senders: async ({ generation }, userKeys) =>
        new Set(userKeys.filter((userKey) => timelinesAt(generation).some((one) => userKeyOf(one) === userKey))),
    },
    keys: {
      verify: (key, scope) => {
        if (key === 'ta_admin_x') return 'ok';
        if (key === 'tr_old_x') return 'expired';
        if (key === 'tw_writer_x') return scope === 'server' ? 'ok' : 'forbidden';
        if (key === 'tr_reader_x') return scope === 'read' ? 'ok' : 'forbidden';
        return 'unknown';
      },
    },
    runs: memoryRuns(records),
    requestRun: async (request) => {
      runs.push(request);
      return { jobId: `job-${runs.length}`, joined: false };
    },
    questions: {
      create: async (asked) => void questions.set(asked.id, { asked, isCancelled: false, result: null }),
      read: async (id) => questions.get(id),
      list: async () => [...questions.values()].reverse(),
      cancel: async (id) => void questions.set(id, { ...(questions.get(id) as StoredQuestion), isCancelled: true }),
      enqueue: async (id) => void queued.set(id, 'waiting'),
      state: async (id) => queued.get(id) ?? null,
      remove: async (id) => void queued.delete(id),
      comparison: async (id, name) => comparisons.get(`${id}/${name}`),
    },
    ...memoryDesks(partitions),
    append:
      options.outside?.append ??
      (async (partition, record) => {
        appended.push({ partition, ...record });
        return String(appended.length);
      }),
    onAction: (what, about) => void actions.push(`${what} ${JSON.stringify(about)}`),
    logReach: {
      ends: async () =>
        states.map(
          (state, partition) => unread.findLast((entry) => entry.partition === partition)?.position ?? state?.position ?? null,
        ),
      starts: async () => states.map(() => null),
      ageAfter: async (after) => {
        const ages = new Map<number, number>();
        for (const [partition, position] of after) {
          const first = unread.find((entry) => entry.partition === partition && entry.position > (position ?? ''));
          if (first !== undefined) ages.set(partition, nowMs - first.appendedMs);
        }
        return ages;
      },
    },
    storedDefinitions: rememberDefinitions(sha256Hex),
    defaultDefinitions: definitions,
    now: () => nowMs,
    // The store is in this process: what is late is the machine. A test of a busy store brings its own bound.
    limits: { ...DEFAULT_LIMITS, freshMs: 60_000, openAnswersMs: 0, ...options.limits },
    exports: { ...noExports(partitions), ...(options.openOutputs && { openOutputs: options.openOutputs }) },
    metrics: { contentType: 'text/plain', metrics: async () => 'up 1\n' },
    trustedProxies: [],
    collectors: options.collectors ?? [],
    onWarning: (message) => void warnings.push(message),
  };
  const serving = createServing(deps);
  const { generations, board, deltas } = serving;
  const context: ApiContext = {
    ...serving,
    records: createRecordReader(deps.store, { ...serving.board, partitions, now: deps.now }, { ...RECORD_LIMITS, fewBytes: 0 }),
    archiveLimit: createConcurrencyLimit(deps.limits.archiveConcurrency, deps.limits.archiveTimeoutMs),
    unread: createUnreadAnswers(deps.limits),
    models: createModelRunner(),
    exportTurns: createExportTurns(deps.limits.exports),
    computations: watchOf(deps),
    keptValues: options.keptValues ?? createKeptValues(16 * 1024 * 1024),
  };
  const app: FastifyInstance = await buildApp(context, { origins: '', ...options });

  return {
    app,
    deps,
    computations: context.computations,
    definitions,
    generations,
    board,
    log,
    unread,
    states,
    runs,
    /** What the queue remembers of runs, newest first. */
    records,
    /** What a run left that found nothing new. */
    check,
    ...{ questions, comparisons, queued },
    warnings,
    actions,
    appended,
    broken,
    manifests,
    publications,
    reconciliations,
    memory,
    ingest,
    cut,
    readBarrier,
    publish,
    commit,
    sequence: () => sequence,
    /** What the API does once a second. */
    async tick() {
      await generations.refresh().catch((error: Error) => warnings.push(error.message));
      await board.poll();
      await deltas.keepUp().catch((error: Error) => warnings.push(error.message));
    },
    advance(ms: number) {
      nowMs += ms;
    },
    holdLoads(until: Promise<void>) {
      loadDelay = until;
    },
    async get(url: string, authorization: string | null = READ) {
      const response = await app.inject({ url, headers: authorization === null ? {} : { authorization } });
      return { status: response.statusCode, headers: response.headers, text: response.body, body: jsonOf(response.body) };
    },
    async drop(url: string, authorization: string | null = ADMIN) {
      const response = await app.inject({ url, method: 'DELETE', headers: authorization === null ? {} : { authorization } });
      return { status: response.statusCode, body: jsonOf(response.body) };
    },
    async post(url: string, payload: unknown, authorization: string | null = READ, type = 'application/json') {
      const response = await app.inject({
        url,
        method: 'POST',
        headers: { 'content-type': type, ...(authorization === null ? {} : { authorization }) },
        payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
      });
      return { status: response.statusCode, headers: response.headers, text: response.body, body: jsonOf(response.body) };
    },
  };
}

export type World = Awaited<ReturnType<typeof createWorld>>;

/** Answers are looked into by many shapes; the tests say what they expect. */
// biome-ignore lint/suspicious/noExplicitAny: tests reach into JSON freely
function jsonOf(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

let ids = 0;
export function event(of: Partial<Event> & Pick<Event, 'type'>): Event {
  const ts = of.ts ?? NOON;
  return { id: `e${++ids}`, userId: 'u1', receivedAt: Math.max(ts, NOON), source: 'test', ...of, ts };
}
