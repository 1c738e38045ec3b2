/** The packed client in a page of another origin than the API's: it is the same files, loaded as modules. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWorld, event, type World } from '../../services/api/test/world.ts';
import { reportMissingChromium, startChromium } from './chromium.ts';
import { installClient, type Project } from './packed-client.ts';

const missing = reportMissingChromium('the client in Chromium (test/conformance/client.browser.test.ts)');

describe.skipIf(missing !== null)('in Chromium', () => {
  let project: Project;
  let pages: Server;
  let world: World;
  let browser: Browser;
  let origin: string;
  let store: () => Promise<void> = async () => {};

  function serveClient(request: IncomingMessage, response: ServerResponse): void {
    const name = basename(request.url ?? '');
    if (name.endsWith('.js')) response.setHeader('content-type', 'text/javascript').end(readFileSync(join(project.client, name)));
    else response.setHeader('content-type', 'text/html').end('<!doctype html><title>Shop</title>');
  }

  beforeAll(async () => {
    project = installClient();
    pages = createServer(serveClient);
    origin = await listening(pages);
    world = await createWorld({ origins: origin, limits: { maxInFlight: 2 }, turn: () => store() });
    await world.ingest(event({ type: 'page', userId: 'ada' }));
    await world.tick();
    await world.app.listen({ host: '127.0.0.1', port: 0 });
    browser = await startChromium({ shellDoes: true });
  });
  afterAll(async () => {
    await browser?.close();
    await world?.app.close();
    await new Promise((resolve) => pages?.close(resolve).closeAllConnections());
    project?.remove();
  });

  test('it reads, in batches, and sees how long a refusal asks it to wait', async () => {
    const page = await browser.newPage();
    await page.goto(`${origin}/shop`);
    const api = `http://127.0.0.1:${(world.app.server.address() as AddressInfo).port}`;
    const answers = `(async () => {
      const { createClient } = await import('/client.js');
      globalThis.tributary = createClient({ url: '${api}', key: 'tr_reader_x', retries: 0 });
      const [ada, eve] = await Promise.all([tributary.signals('ada'), tributary.signals('eve')]);
      const refused = await tributary.generation({ generation: 9 }).catch(({ code, status, fix }) => ({ code, status, fix }));
      return { ada: ada.signals.length, complete: ada.meta.complete, eve: eve.status, refused };
    })()`;
    expect(await page.evaluate(answers)).toEqual({
      ada: 1,
      complete: true,
      eve: 'NOT_FOUND',
      refused: { code: 'not_found', status: 404, fix: expect.stringContaining('/docs') },
    });
    // One read is under way, which is the whole share of a key alone.
    const released = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    store = () => {
      asked.resolve();
      return released.promise;
    };
    const held = page.evaluate("tributary.userSignals({ id: 'ada' }).then(({ status }) => status)");
    await asked.promise;
    const refused = page.evaluate('tributary.models().catch(({ code, retryAfterMs }) => [code, retryAfterMs])');
    expect(await refused).toEqual(['overloaded', 1_000]);
    released.resolve();
    expect(await held).toBe('PRESENT');
    await page.close();
  });

  test('in a page that the API does not allow, the fix names its origin and the setting', async () => {
    const page = await browser.newPage();
    const elsewhere = createServer(serveClient);
    const other = await listening(elsewhere);
    await page.goto(`${other}/shop`);
    const api = `http://127.0.0.1:${(world.app.server.address() as AddressInfo).port}`;
    const refused = `import('/client.js')
      .then(({ createClient }) => createClient({ url: '${api}', key: 'tr_reader_x', retries: 0 }).models())
      .catch(({ code, fix }) => [code, fix])`;
    const fix = `Look whether the API runs at this address, and that it allows pages of ${other} (TRIBUTARY_API_ORIGINS).`;
    expect(await page.evaluate(refused)).toEqual(['unreachable', fix]);
    await page.close();
    await new Promise((resolve) => elsewhere.close(resolve).closeAllConnections());
  });
});

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
