/** The page of `/docs` in a browser, on a port of its own: what it tries out reaches the API that it comes from. */
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWorld, type World } from '../../services/api/test/world.ts';
import { reportMissingChromium, startChromium } from './chromium.ts';

const missing = reportMissingChromium('/docs in Chromium (test/conformance/docs-page.browser.test.ts)');

describe.skipIf(missing !== null)('in Chromium', () => {
  let world: World;
  let browser: Browser;
  let api: string;

  beforeAll(async () => {
    world = await createWorld();
    await world.tick();
    await world.app.listen({ host: '127.0.0.1', port: 0 });
    api = `http://127.0.0.1:${(world.app.server.address() as AddressInfo).port}`;
    browser = await startChromium({ shellDoes: true });
  });
  afterAll(async () => {
    await browser?.close();
    await world?.app.close();
  });

  test('it bears our name, and an operation is tried out with the key that the browser logged in with', async () => {
    const context = await browser.newContext({ httpCredentials: { username: 'me', password: 'tr_reader_x' } });
    const page = await context.newPage();
    await page.goto(`${api}/docs/`);
    await page.locator('button.authorize.locked').first().waitFor();
    expect(await page.title()).toBe('Tributary: the serving API');
    const models = page.locator('.opblock', { has: page.locator('[data-path="/v1/models"]') });
    await models.locator('.opblock-summary').click();
    const answered = page.waitForResponse((response) => response.url().endsWith('/v1/models'));
    await models.locator('button.execute').click();
    expect([(await answered).url(), (await answered).status()]).toEqual([`${api}/v1/models`, 200]);
    await page.reload();
    await page.locator('button.authorize.locked').first().waitFor();
    expect(await page.evaluate('Object.keys(localStorage).length')).toBe(0);
    await context.close();
  });
});
