/** `/livez`, `/readyz` and `/metrics` for roles without HTTP of their own. Plain `node:http`: three fixed answers. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Registry } from 'prom-client';
import { createServer } from '../http/create-server.ts';
import { fewRequests } from '../http/few-requests.ts';
import { listenTrouble } from '../http/listen-trouble.ts';
import { remembered } from '../http/remembered.ts';
import { createWaitingAnswers } from '../http/waiting-answers.ts';
import type { Service } from './readiness.ts';

export interface HealthOptions {
  readonly host: string;
  readonly port: number;
  readonly service: Pick<Service, 'ready'>;
  readonly metrics: Registry;
}

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Probes and scrapers ask for three short answers: who needs longer, or hundreds of connections, is none. */
const TIME_LIMITS = { headersTimeout: 3_000, requestTimeout: 5_000, connectionsCheckingInterval: 500, maxHeaderSize: 8 * 1024 };
const MAX_CONNECTIONS = 100;
const WAITING = { maxBytes: 8 * 1024 * 1024, takeMs: 5_000 };
/** Metrics take some milliseconds to collect, and no key is needed to ask. */
const REMEMBER_MS = 1_000;

export async function serveHealth({ host, port, service, metrics }: HealthOptions): Promise<HealthServer> {
  const scrape = remembered(
    () => metrics.metrics(),
    REMEMBER_MS,
    () => performance.now(),
  );
  const hold = createWaitingAnswers(WAITING);
  const listener = fewRequests((request, response) => {
    answer(request, service, scrape, metrics.contentType)
      .then(({ status, type, body }) => {
        hold(response, body.length);
        response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
      })
      .catch(() => request.socket.destroy());
  });
  const server = createServer(TIME_LIMITS, listener);
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw listenTrouble(cause, 'TRIBUTARY_HEALTH_PORT', host, port);
  }
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

async function answer(
  request: IncomingMessage,
  service: Pick<Service, 'ready'>,
  scrape: () => Promise<string>,
  contentType: string,
): Promise<Answer> {
  if (request.method !== 'GET') return { status: 405, type: 'text/plain', body: 'GET only\n' };
  switch (request.url) {
    case '/livez':
      return { status: 200, type: 'application/json', body: '{"ok":true}' };
    case '/readyz': {
      const readiness = await service.ready();
      return { status: readiness.ok ? 200 : 503, type: 'application/json', body: JSON.stringify(readiness) };
    }
    case '/metrics':
      return { status: 200, type: contentType, body: await scrape() };
    default:
      return { status: 404, type: 'text/plain', body: 'not found\n' };
  }
}
