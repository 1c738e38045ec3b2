/** A client of a running platform for tests: sends until acknowledged, reads whole views through the API. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Event } from '@tributary/model/event';
import type { Rows, RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';

export interface Addresses {
  readonly collectorUrl: string;
  readonly apiUrl: string;
  readonly keys: { readonly write: string; readonly read: string; readonly admin: string };
}

/** An event as a client sends it: the collector adds when it got it. */
export type SentEvent = Omit<Event, 'receivedAt'>;

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what the API answered, and fail where it is not there
  readonly body: any;
}

export interface Client {
  /** One request; resolves with whatever was answered, rejects when nothing was. */
  post(events: readonly SentEvent[]): Promise<Answer>;
  /** Sends again until acknowledged, as SDKs do; throws on a rejection. */
  send(events: readonly SentEvent[]): Promise<void>;
  get(path: string): Promise<Answer>;
  /** Throws unless the answer is 200. */
  read(path: string): Promise<Answer['body']>;
  admin(method: 'POST' | 'GET', path: string, body?: unknown): Promise<Answer>;
  /** Every row of every view, as the API gives them, and the meta of the last answer. */
  rows(view?: 'merged' | 'speed' | 'batch'): Promise<RowsByView>;
  /** Runs a generation and waits until readers take it; resolves with its number. */
  generation(mode?: 'full' | 'incremental'): Promise<number>;
}

const SEND_FOR_MS = 90_000;

export function createClient({ collectorUrl, apiUrl, keys }: Addresses): Client {
  const call = async (url: string, key: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(url, {
      ...init,
      headers: { authorization: `Bearer ${key}`, ...(init.body === undefined ? {} : { 'content-type': 'application/json' }) },
      signal: AbortSignal.timeout(15_000),
    });
    const text = await response.text();
    return { status: response.status, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text };
  };

  const client: Client = {
    post: (events) => call(`${collectorUrl}/v1/events`, keys.write, { method: 'POST', body: JSON.stringify(events) }),

    async send(events) {
      const deadline = Date.now() + SEND_FOR_MS;
      for (;;) {
        const answer = await client.post(events).catch((error: Error) => ({ status: 0, body: error.message }));
        if (answer.status === 200) {
          if (answer.body.rejected?.length > 0) throw new Error(`rejected: ${JSON.stringify(answer.body.rejected.slice(0, 3))}`);
          return;
        }
        if (answer.status >= 400 && answer.status < 500 && answer.status !== 429)
          throw new Error(`the collector answered ${answer.status}: ${JSON.stringify(answer.body)}`);
        if (Date.now() > deadline) throw new Error(`not acknowledged within ${SEND_FOR_MS} ms: ${JSON.stringify(answer)}`);
        await sleep(50);
      }
    },

    get: (path) => call(`${apiUrl}${path}`, keys.read),

    async read(path) {
      const { status, body } = await client.get(path);
      if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${JSON.stringify(body)}`);
      return body;
    },

    admin: (method, path, body) =>
      call(`${apiUrl}${path}`, keys.admin, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }),

    async rows(view = 'merged') {
      const rows: RowsByView = new Map();
      for (const { name, dimensions, measures } of VIEWS)
        rows.set(name, await totals(client, `/v1/views/${name}?view=${view}`, dimensions, measures));
      return rows;
    },

    async generation(mode = 'incremental') {
      const { before } = await until('the status is there', 30_000, async () => ({
        before: (await client.read('/v1/status')).generation.current ?? 0,
      }));
      const asked = await client.admin('POST', '/v1/generations', { mode });
      if (asked.status >= 300) throw new Error(`POST /v1/generations answered ${asked.status}: ${JSON.stringify(asked.body)}`);
      const run = `/v1/runs/${(asked.body as { jobId: string }).jobId}`;
      return until(`a generation after ${before} is published`, 120_000, async () => {
        const { outcome, generation: found } = await client.read(run);
        if (outcome === 'nothing_new') return found as number;
        const { generation } = (await client.read('/v1/activity')).meta;
        return generation > before ? (generation as number) : undefined;
      });
    },
  };
  return client;
}

/** Polls until `probe` gives a value; an error of the probe counts as "not yet". */
export async function until<T>(what: string, timeoutMs: number, probe: () => Promise<T | undefined | false>): Promise<T> {
  const end = Date.now() + timeoutMs;
  let last = 'nothing yet';
  while (Date.now() < end) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      last = (error as Error).message;
    }
    // Each look is an answer of the platform, which has to get done what is waited for.
    await sleep(100);
  }
  throw new Error(`not within ${timeoutMs} ms: ${what} (${last})`);
}

async function totals(client: Client, path: string, dimensions: readonly string[], measures: readonly string[]): Promise<Rows> {
  const rows: Rows = new Map();
  for await (const row of pages(client, path))
    rows.set(
      dimensions.map((dimension) => row[dimension]).join('\t'),
      measures.map((measure) => row[measure] as number),
    );
  return rows;
}

async function* pages(client: Client, path: string): AsyncGenerator<Record<string, string | number>> {
  let cursor: string | null = null;
  do {
    const page = (await client.read(cursor === null ? path : `${path}&cursor=${encodeURIComponent(cursor)}`)) as {
      rows: Record<string, string | number>[];
      nextCursor: string | null;
    };
    yield* page.rows;
    cursor = page.nextCursor;
  } while (cursor !== null);
}
