/** `/livez`, `/readyz` and `/metrics` for roles without HTTP of their own. Plain `node:http`: three fixed answers. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { TributaryError } from '@tributary/model/errors';
import type { Registry } from 'prom-client';
import type { Service } from './readiness.ts';
import { remembered } from './remembered.ts';

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
/** Metrics take some milliseconds to collect, and no key is needed to ask. */
const REMEMBER_MS = 1_000;

export async function serveHealth({ host, port, service, metrics }: HealthOptions): Promise<HealthServer> {
  const scrape = remembered(
    () => metrics.metrics(),
    REMEMBER_MS,
    () => performance.now(),
  );
  const server = createServer(TIME_LIMITS, (request, response) => {
    answer(request, response, service, scrape, metrics.contentType).catch(() => response.destroy());
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new TributaryError('port_taken', `port ${port} for health checks on ${host} is taken`, { cause });
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

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  service: Pick<Service, 'ready'>,
  scrape: () => Promise<string>,
  contentType: string,
): Promise<void> {
  if (request.method !== 'GET') return send(response, 405, 'text/plain', 'GET only\n');
  switch (request.url) {
    case '/livez':
      return send(response, 200, 'application/json', '{"ok":true}');
    case '/readyz': {
      const readiness = await service.ready();
      return send(response, readiness.ok ? 200 : 503, 'application/json', JSON.stringify(readiness));
    }
    case '/metrics':
      return send(response, 200, contentType, await scrape());
    default:
      return send(response, 404, 'text/plain', 'not found\n');
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}
