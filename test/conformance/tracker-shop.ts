/** A shop with the tracker in its pages, of another origin than the collector's, in a real Chromium; what the pages send is read in the log. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event } from '@tributary/model/event';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { buildScripts } from '../../packages/tracker/build/build.ts';
import { BROWSER, type StartedCollector, startCollector } from '../../services/collector/test/start-collector.ts';
import { counted, type Exchange, watch } from './seen.ts';
import { type Gate, openGate } from './tracker-gate.ts';

export const KEY = BROWSER.key;

export interface Shop {
  readonly origin: string;
  /** The same pages under another address. */
  readonly elsewhere: string;
  readonly collector: StartedCollector;
  readonly exchanges: Exchange[];
  /** Every text that was sent to the collector, with its query. */
  readonly wire: string[];
  readonly gate: Gate;
  /** What pages said to their own server with `/witness?TEXT`. */
  readonly witnessed: string[];
  /** `attributes`: more settings of the script. Pages below `/own/` have it from their own server under a name of its own, and send through the gate. */
  page(path: string, body: string, attributes?: string): void;
  /** What counts of what has arrived, in the order of the page's clock and of the messages of a view. */
  events(): Promise<Event[]>;
  close(): Promise<void>;
}

export async function openShop(): Promise<Shop> {
  const folder = mkdtempSync(join(tmpdir(), 'tracker-'));
  await buildScripts(folder);
  const collector = await startCollector({ now: Date.now, keys: [BROWSER], trackerFolder: folder });
  const exchanges = watch(collector);
  const gate = await openGate(collector.url);
  const witnessed: string[] = [];
  const wire: string[] = [];
  collector.server.server.prependListener('request', (request: IncomingMessage) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => wire.push(`${request.url} ${request.headers.referer ?? ''} ${Buffer.concat(chunks)}`));
  });
  // What pages may load and where they may send: they are run under this policy alone.
  const policy = `default-src 'none'; script-src 'self' ${collector.url}; style-src 'self'; connect-src 'self' ${collector.url} ${gate.url}; require-trusted-types-for 'script'; trusted-types 'none'`;
  const pages = new Map<string, string>();
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    const { pathname, search } = new URL(request.url ?? '/', 'http://page');
    if (pathname === '/witness') {
      witnessed.push(search.slice(1));
      return response.end();
    }
    if (pathname.startsWith('/assets/')) {
      const name = pathname.replace('/assets/shop', 'web');
      return response.setHeader('content-type', 'text/javascript').end(readFileSync(join(folder, name)));
    }
    const body = pages.get(pathname);
    const ending = /\.(js|css)$/.exec(pathname)?.[1];
    if (ending !== undefined) response.setHeader('content-type', ending === 'js' ? 'text/javascript' : 'text/css');
    else response.setHeader('content-type', 'text/html; charset=utf-8').setHeader('content-security-policy', policy);
    if (body === undefined) return response.writeHead(404).end();
    return response.end(body);
  };
  const servers = [createServer(serve), createServer(serve)];
  const [origin = '', elsewhere = ''] = await Promise.all(servers.map(listening));
  return {
    origin,
    elsewhere,
    collector,
    exchanges,
    wire,
    gate,
    witnessed,
    page(path, body, attributes = '') {
      const [src, to] = path.startsWith('/own/')
        ? ['/assets/shop.js?v=1', `data-to="${gate.url}/own"`]
        : [`${collector.url}/web.js`, ''];
      const script = `<script async src="${src}" data-key="${KEY}" ${to} ${attributes}></script>`;
      pages.set(path, /\.(js|css)$/.test(path) ? body : `<!doctype html><title>Secret title</title>${script}${body}`);
    },
    events: async () => counted(await collector.events()).sort((a, b) => pageTimeOf(a) - pageTimeOf(b) || seqOf(a) - seqOf(b)),
    async close() {
      for (const server of servers) await new Promise((resolve) => server.close(resolve).closeAllConnections());
      await gate.close();
      await collector.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const pageTimeOf = ({ properties, ts }: Event) => Number(properties?.['$originalTimestamp'] ?? ts);
const seqOf = ({ id }: Event) => Number(id.split('.')[1]);

export interface Visit {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the browser refused under the policy of the page. */
  readonly violations: string[];
}

/** A visitor that was never there. Time stands still in their pages until it is moved, where `frozenAt` is given. */
export async function visit(browser: Browser, frozenAt?: number): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1_200, height: 800 } });
  const violations: string[] = [];
  await context.exposeFunction('violated', (what: string) => void violations.push(what));
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      const { violated } = globalThis as unknown as { violated(what: string): void };
      violated(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  if (frozenAt !== undefined) {
    await context.clock.install({ time: frozenAt });
    await context.clock.pauseAt(frozenAt + 1_000);
  }
  return { context, page: await context.newPage(), violations };
}
