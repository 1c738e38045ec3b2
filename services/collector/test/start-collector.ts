/** The real collector in this process, on a free loopback port, over any log. For tests only. */
import type { EventLog } from '@tributary/log/port';
import { CHANNELS } from '@tributary/model/channels/channel';
import type { Event } from '@tributary/model/event';
import { DAY_MS } from '@tributary/model/time';
import { pageOf } from '@tributary/model/web-page-name';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import type { WaitingLimits } from '@tributary/runtime/http/waiting-answers';
import type { KeyRecord, KeyRules, Scope } from '@tributary/runtime/keys/file';
import { readDefinitions } from '@tributary/signals/definitions/file';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { BUILT_FOLDER } from '@tributary/tracker/built';
import type { FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { createGate, type Gate, type GateLimits, type Gates } from '../src/bodies/gate.ts';
import { createRejections } from '../src/checks/rejections.ts';
import type { SentLimits } from '../src/clients/sent-scripts.ts';
import { trackerIn } from '../src/clients/tracker.ts';
import { logReadiness } from '../src/http/readiness.ts';
import { buildServer } from '../src/http/server.ts';
import { type Grant, grantOf } from '../src/keys/grant.ts';
import { createRates, type Rates } from '../src/keys/rates.ts';
import { UNKNOWN_KEY } from '../src/keys/write-key.ts';
import { createMetrics } from '../src/metrics.ts';
import { knownNames } from '../src/names/known-names.ts';
import { createNames, type NameBounds } from '../src/names/names.ts';
import type { Limits, Sender, Surroundings } from '../src/prepare.ts';

export const WRITE_KEY = 'tw_0123456789ab_000000000000000000000000000000000000000000000000';
/** What events sent with it carry. */
export const KEY_ID = '0123456789ab';
export const OTHER_WRITE_KEY = 'tw_ba9876543210_111111111111111111111111111111111111111111111111';
export const READ_KEY = 'tr_0123456789ab_222222222222222222222222222222222222222222222222';
export const BASIC = `Basic ${Buffer.from(`${WRITE_KEY}:`).toString('base64')}`;
export const NAME_BOUNDS: NameBounds = {
  type: 1_000,
  channel: 500,
  campaign: 10_000,
  page: 8_000,
  value: 50_000,
  element: 2_000,
  importDays: 4_000,
};

const KEYS = [WRITE_KEY, OTHER_WRITE_KEY].map((key) => keyRecord(key, 'write'));

/** The record of a key as a test knows it: the key itself instead of its hash. */
export function keyRecord(key: string, scope: Scope, rules: KeyRules = {}): KeyRecord & { readonly key: string } {
  return { key, id: key.split('_')[1] as string, scope, hash: '', createdAt: 0, expiresAt: null, ...rules };
}

/** The secret half of the keys that tests send with. */
export const SECRET = ''.padEnd(48, '0');
export const BROWSER = keyRecord(`tb_00000000000b_${SECRET}`, 'browser');
export const OTHER_BROWSER = keyRecord(`tb_00000000000c_${SECRET}`, 'browser');
export const SERVER = keyRecord(`ts_00000000000d_${SECRET}`, 'server');

/** Who sends, as the routes hand it to the pipeline. */
export const SENDER: Sender = { key: WRITE_KEY, grant: grantOf(keyRecord(WRITE_KEY, 'write')) as Grant };

/** What definitions count there. */
const COUNTING = readDefinitions(
  JSON.stringify({
    fields: { item: 'properties.item' },
    counts: { items: { count: 'product_view', by: 'item' }, addresses: { count: 'product_view', by: 'page' } },
  }),
  sha256Hex,
);

const KNOWN = {
  type: new Set(['purchase']),
  channel: new Set<string>(CHANNELS),
  page: (address: string | undefined) => pageOf(address, { web: { pages: ['/', '/product/:id'] } }),
  counted: knownNames(COUNTING).counted,
};

/** Bounds nothing. */
export const NO_RATES: Rates = { hasLeft: () => true, charge: () => {} };

/** What the collector's clock says by default. */
export const NOW = Date.UTC(2026, 10, 21, 12);

export interface StartedCollector {
  readonly url: string;
  readonly server: FastifyInstance;
  readonly log: EventLog;
  readonly gate: Gate;
  readonly keylessGate: Gate;
  readonly defects: Error[];
  setDraining(draining: boolean): void;
  /** Every event in the log, by partition and then in order. */
  events(): Promise<Event[]>;
  post(path: string, body: string | Uint8Array | ReadableStream | object, headers?: Record<string, string>): Promise<Posted>;
  stop(): Promise<void>;
}

export interface Posted {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown> & { readonly rejected: readonly Record<string, unknown>[] };
}

export interface StartOptions {
  readonly log?: EventLog;
  readonly limits?: Partial<Limits>;
  /** In place of `gate` and `keylessGate`. */
  readonly gates?: Gates;
  readonly gate?: Partial<GateLimits>;
  readonly keylessGate?: Partial<GateLimits>;
  readonly now?: () => number;
  readonly names?: Partial<NameBounds>;
  readonly keys?: readonly ReturnType<typeof keyRecord>[];
  readonly origins?: string;
  readonly maxConnections?: number;
  readonly requestTimeoutMs?: number;
  readonly waiting?: Partial<WaitingLimits>;
  readonly scripts?: Partial<SentLimits>;
  readonly minimise?: Surroundings['minimise'];
  readonly trackerPath?: string;
  readonly trackerFolder?: string;
}

export async function startCollector(options: StartOptions = {}): Promise<StartedCollector> {
  const log = options.log ?? createMemoryLog({ partitions: 4 });
  const gates = options.gates ?? {
    keyed: createGate({ maxBytes: 32 * 1024 * 1024, maxEvents: 50_000, ...options.gate }),
    keyless: createGate({ maxBytes: 4 * 1024 * 1024, maxEvents: 0, ...options.keylessGate }),
  };
  const registry = new Registry();
  const now = options.now ?? (() => NOW);
  const names = createNames({ ...NAME_BOUNDS, ...options.names }, KNOWN, now);
  const defects: Error[] = [];
  let draining = false;
  let ids = 0;
  const server = await buildServer({
    collector: {
      log,
      metrics: createMetrics(registry, gates, names),
      rejections: createRejections(now),
      onAppendFailed: () => {},
      limits: {
        bodyBytes: 5 * 1024 * 1024,
        publicBodyBytes: 512 * 1024,
        bodyMs: 30_000,
        keylessBodyBytes: 512 * 1024,
        keylessBodyMs: 3_000,
        batchEvents: 2_500,
        eventAgeMs: 400 * DAY_MS,
        publicEventAgeMs: 3 * DAY_MS,
        ...options.limits,
      },
      partitions: log.partitions,
      now,
      newId: () => `generated-${++ids}`,
      authorise: (key) => {
        const record = [...(options.keys ?? []), ...KEYS].find((known) => known.key === key);
        return (record && grantOf(record)) ?? UNKNOWN_KEY;
      },
      rates: createRates(now),
      names,
      minimise: options.minimise,
    },
    reader: (key) => (key === READ_KEY ? 'ok' : KEYS.some((known) => known.key === key) ? 'forbidden' : 'unknown'),
    gates,
    registry,
    publicUrl: '',
    tracker: { path: options.trackerPath ?? '/web', library: trackerIn(options.trackerFolder ?? BUILT_FOLDER) },
    origins: options.origins ?? '*',
    maxConnections: options.maxConnections ?? 1_000,
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    waiting: { maxBytes: 32 * 1024 * 1024, takeMs: 10_000, ...options.waiting },
    scripts: { maxBytes: 64 * 1024 * 1024, idleMs: 20_000, ...options.scripts },
    ready: logReadiness(log),
    isDraining: () => draining,
    onDefect: (error) => defects.push(error),
  });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });

  async function events(): Promise<Event[]> {
    const partitions = new Map(Array.from({ length: log.partitions }, (_, partition) => [partition, null]));
    const entries = await log.read(partitions, { maxEntries: 1_000_000, waitMs: 0 });
    const written = entries.filter(({ kind }) => kind === 'events');
    return written.flatMap(({ body }) => body.split('\n').map((line) => JSON.parse(line) as Event));
  }

  return {
    url,
    server,
    log,
    gate: gates.keyed,
    keylessGate: gates.keyless,
    defects,
    setDraining: (value) => (draining = value),
    events,
    async post(path, body, headers = {}) {
      const raw = typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream;
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { authorization: BASIC, ...headers },
        body: raw ? body : JSON.stringify(body),
        ...(body instanceof ReadableStream && { duplex: 'half' }),
      } as RequestInit);
      return { status: response.status, headers: response.headers, body: (await response.json()) as Posted['body'] };
    },
    stop: () => server.close(),
  };
}
