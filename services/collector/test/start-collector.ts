/** The real collector in this process, on a free loopback port, over any log. For tests only. */
import type { EventLog } from '@tributary/log/port';
import type { Event } from '@tributary/model/event';
import { createMemoryLog } from '@tributary/testkit/memory-log';
import type { FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { createGate, type Gate, type GateLimits } from '../src/gate.ts';
import { createMetrics } from '../src/metrics.ts';
import type { Limits } from '../src/prepare.ts';
import { logReadiness } from '../src/readiness.ts';
import { buildServer } from '../src/server.ts';

export const WRITE_KEY = 'tw_0123456789ab_000000000000000000000000000000000000000000000000';
export const OTHER_WRITE_KEY = 'tw_ba9876543210_111111111111111111111111111111111111111111111111';
export const READ_KEY = 'tr_0123456789ab_222222222222222222222222222222222222222222222222';
export const BASIC = `Basic ${Buffer.from(`${WRITE_KEY}:`).toString('base64')}`;
/** What the collector's clock says unless told otherwise. */
export const NOW = Date.UTC(2026, 10, 21, 12);

export interface StartedCollector {
  readonly url: string;
  readonly server: FastifyInstance;
  readonly log: EventLog;
  readonly gate: Gate;
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
  readonly gate?: Partial<GateLimits>;
  readonly now?: () => number;
  readonly origins?: string;
  readonly requestTimeoutMs?: number;
}

export async function startCollector(options: StartOptions = {}): Promise<StartedCollector> {
  const log = options.log ?? createMemoryLog({ partitions: 4 });
  const gate = createGate({ maxBytes: 32 * 1024 * 1024, maxEvents: 50_000, ...options.gate });
  const registry = new Registry();
  const now = options.now ?? (() => NOW);
  const defects: Error[] = [];
  let draining = false;
  let ids = 0;
  const server = await buildServer({
    collector: {
      log,
      metrics: createMetrics(registry, gate),
      onAppendFailed: () => {},
      limits: { bodyBytes: 5 * 1024 * 1024, keylessBodyBytes: 64 * 1024, batchEvents: 2_500, ...options.limits },
      partitions: log.partitions,
      now,
      newId: () => `generated-${++ids}`,
      refusalOf: (key) =>
        key === WRITE_KEY || key === OTHER_WRITE_KEY
          ? undefined
          : key === READ_KEY
            ? 'the key may not write'
            : 'the write key is not known',
    },
    gate,
    registry,
    publicUrl: '',
    origins: options.origins ?? '*',
    maxConnections: 1_000,
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
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
    gate,
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
