/** What the console says where it lacks something: a part of its program, or what an erasure may not know. */
import { expect } from 'vitest';
import type { ConsoleInChromium } from './console-in-chromium.ts';

export async function saysWhatItLacks(on: ConsoleInChromium): Promise<void> {
  await notLoaded(on);
  await erasedWithWarning(on);
}

async function notLoaded({ page, api, settled, shoot }: ConsoleInChromium): Promise<void> {
  for (const address of [
    'operations?do=run',
    'operations?do=set',
    'signals?user=u0&name=buyer',
    'paths',
    'web?page=shop.example%2F',
  ]) {
    await page.route(/\/ui\/assets\/(later|sankey|schematic)-/, (route) => route.fulfill({ status: 404, json: {} }));
    await page.goto(`${api}/ui/${address}`);
    await expect.poll(() => page.getByRole('heading', { name: 'Not loaded' }).count()).toBe(1);
    expect([address, await page.locator('.notice:visible').count()]).toEqual([address, 1]);
    expect(await page.locator('.waiting').count()).toBe(0);
    await shoot(`not-loaded-${address}`);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.getByRole('button', { name: 'Reload the page' }).click();
    await settled();
    expect([address, await page.locator('.notice:visible').count()]).toEqual([address, 0]);
  }
}

async function erasedWithWarning({ page, open, expectNoFaults }: ConsoleInChromium): Promise<void> {
  const warning = 'events up to 2026-11-20 were lost';
  const answered = { erasures: [{ id: 'er-1' }], warnings: [warning] };
  await page.route('**/v1/erasures', (route) => route.fulfill({ status: 202, json: answered }));
  await page.route('**/v1/erasures?*', (route) =>
    route.fulfill({ status: 403, json: { code: 'forbidden', detail: '', fix: '' } }),
  );
  await open('subjects?user=u2&do=erase');
  await page.getByText('with a key of the scope admin, to see erasures and their receipts.').waitFor();
  await page.getByLabel('Type erase u2 to confirm').fill('erase u2');
  await page.getByRole('button', { name: 'Erase u2' }).click();
  await page.getByRole('link', { name: 'Its receipt' }).waitFor();
  expect(await page.locator('.banner', { hasText: 'They may have more keys.' }).locator('li').allTextContents()).toEqual([
    warning,
  ]);
  await expectNoFaults('an erasure with a warning');
}
