/** An HTTP server on loopback whose answers a test writes: collector or API. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Where a name may stand more than once. */
  readonly search: string;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: number;
  /** Parsed JSON; undefined without a body. */
  readonly body: unknown;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Closes the connection without an answer. */
  readonly hangUp?: boolean;
}

export interface FakeServer extends AsyncDisposable {
  readonly url: string;
  readonly received: Received[];
  /** The most requests that were open at the same time. */
  readonly mostOpen: number;
}

export async function fakeServer(reply: (request: Received, number: number) => Reply | Promise<Reply>): Promise<FakeServer> {
  const received: Received[] = [];
  let open = 0;
  let mostOpen = 0;
  const server = createServer(async (request, response) => {
    mostOpen = Math.max(mostOpen, ++open);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw).toString() : raw.toString();
    const url = new URL(request.url ?? '/', 'http://fake');
    const item: Received = {
      method: request.method ?? '',
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      search: url.search,
      headers: request.headers,
      bytes: Buffer.byteLength(text),
      body: text === '' ? undefined : JSON.parse(text),
    };
    received.push(item);
    const { status = 200, headers = {}, body, hangUp = false } = await reply(item, received.length);
    open -= 1;
    if (hangUp) {
      request.socket.destroy();
      return;
    }
    response.writeHead(status, { 'content-type': 'application/json', 'x-tributary': 'api', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    get mostOpen() {
      return mostOpen;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A problem detail as the services send it. */
export function problem(status: number, code: string, detail: string): Reply {
  return {
    status,
    headers: { 'content-type': 'application/problem+json' },
    body: { type: `urn:tributary:error:${code}`, title: code, status, code, detail, fix: `fix of ${code}` },
  };
}

/** Answers as the collector does; keeps one event for each user and id, as the platform does (law 3). */
export function fakeCollector() {
  const kept = new Map<string, Record<string, unknown>>();
  return {
    kept,
    take(request: Received): Reply {
      // Not a collector's route: what asks the API finds that it is none.
      if (request.body === undefined) return { status: 404, body: {} };
      const { batch } = request.body as { batch: Record<string, unknown>[] };
      for (const event of batch) {
        const key = `${event['userId'] ?? event['anonymousId']}\n${event['id']}`;
        if (!kept.has(key)) kept.set(key, event);
      }
      return { body: { success: true, accepted: batch.length, rejected: [] } };
    },
  };
}

/** An answer that no test should get to see. */
export const NOTHING: Reply = problem(500, 'internal', 'this test expects no request');
