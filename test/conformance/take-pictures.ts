/**
 * `npm run pictures`: starts the platform with its demo in a folder of its own, and takes the pictures of the console that the documents show.
 * `-- --link ADDRESS`: of a platform that runs, whose link that logs in once is given. `-- --every FOLDER`: each page as well, whole, at three widths
 * in both themes.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freeBasePort } from '@tributary/local/ports';
import type { Browser, Page } from 'playwright-core';
import { PAGES } from '../../packages/console/src/page-names.ts';
import { startChromium } from './chromium.ts';
import { MOST_BYTES, PICTURES, PICTURES_FOLDER, type Picture, WIDTH } from './pictures.ts';

const ROOT = join(import.meta.dirname, '../..');
const START_MS = 900_000;
const SCALE = 1.5;
/** Until the page of what comes in has its minute of events. */
const WATCH_MS = 62_000;
const MOST_TRIES = 10;
const TRY_AFTER_MS = 3_000;
const WIDTHS = [1_440, 1_024, 390] as const;
const THEMES = ['light', 'dark'] as const;

interface Demo {
  readonly link: string;
  stop(): Promise<void>;
}

async function startDemo(): Promise<Demo> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tributary-pictures-'));
  const port = await freeBasePort('127.0.0.1', Math.random);
  const child = spawn(process.execPath, ['infra/local/start.mjs', '--port', String(port), '--data-dir', dataDir], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    rmSync(dataDir, { recursive: true, force: true });
  };
  const linked = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const link = /http\S+#code=\S+/.exec(line)?.[0];
      if (link !== undefined) resolve(link);
    });
  });
  const link = await Promise.race([linked, ended.then(() => null), sleep(START_MS, null, { ref: false })]);
  if (link !== null) return { link, stop };
  await stop();
  throw new Error(`npm start must print the link to its console within ${START_MS / 1_000} s. Run it by itself to see why not.`);
}

/** A conversion of the demo with as many touches as a picture has room for. */
async function conversionOf(page: Page, api: string): Promise<{ readonly order: string; readonly user: string }> {
  const found = await page.evaluate(async (origin) => {
    const asked = await fetch(`${origin}/v1/conversion-list?limit=50`);
    const { conversions } = (await asked.json()) as { conversions: { id: string; userId: string; touches?: number }[] };
    return conversions;
  }, api);
  const [first] = found.toSorted((a, b) => Math.abs((a.touches ?? 0) - 5) - Math.abs((b.touches ?? 0) - 5));
  if (first === undefined) throw new Error('the demo must have a conversion');
  return { order: first.id, user: first.userId };
}

async function open(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await page.locator('main h1').waitFor();
  await page.waitForFunction(
    () => document.querySelector('.waiting, [aria-busy="true"], .sankey.is-waiting, .schematic.is-waiting') === null,
  );
}

/** A busy machine answers now and then from what it held, and the page has a banner then: no picture is taken of that. */
async function openComplete(page: Page, address: string): Promise<void> {
  for (let tries = MOST_TRIES; tries > 0; tries--) {
    await open(page, address);
    if ((await page.locator('.banner').count()) === 0) return;
    await sleep(TRY_AFTER_MS);
  }
  const banner = await page.locator('.banner').first().textContent();
  throw new Error(`the answers on ${address} must be complete (got ${banner}). Run it again when the machine is less busy.`);
}

/** Runs in the page: the part of the page that begins with this heading comes to the upper edge. */
function scrollTo(heading: Element): void {
  const { top } = (heading.closest('.panel') ?? heading).getBoundingClientRect();
  globalThis.scrollTo(0, top + scrollY - 20);
}

/** Runs in the page: heat lies over elements where it was asked for. */
function isDrawn(): boolean {
  if (!new URLSearchParams(location.search).has('over')) return true;
  const canvas = document.querySelector<HTMLCanvasElement>('.schematic canvas');
  const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data;
  return pixels?.some((value) => value !== 0) ?? false;
}

async function take(page: Page, address: string, picture: Picture): Promise<void> {
  const { file, theme, from, height } = picture;
  await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
  await openComplete(page, address);
  if (picture.page === 'live') await sleep(WATCH_MS);
  await page.setViewportSize({ width: WIDTH, height });
  if (from !== null) await page.getByRole('heading', { name: from, exact: true }).evaluate(scrollTo);
  await page.waitForFunction(isDrawn);
  // Not Playwright's own: it knows no WebP, which has half of the bytes, so that letters may be larger than a pixel of the page.
  const session = await page.context().newCDPSession(page);
  const clip = { x: 0, y: await page.evaluate(() => scrollY), width: WIDTH, height, scale: SCALE };
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 84, clip });
  const path = join(ROOT, PICTURES_FOLDER, file);
  writeFileSync(path, data, 'base64');
  const { size } = statSync(path);
  process.stdout.write(`${PICTURES_FOLDER}/${file}  ${Math.round(size / 1_000)} KB\n`);
  if (size > MOST_BYTES)
    throw new Error(`${path} must have at most ${MOST_BYTES} bytes (has ${size}). Lower its height in pictures.ts.`);
}

async function takeEvery(page: Page, folder: string, addresses: readonly string[]): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const address of addresses) {
    await open(page, address);
    const name = new URL(address).pathname.split('/').at(-1);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      for (const colorScheme of THEMES) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      }
    }
  }
}

async function pictures(browser: Browser, link: string, every: string | undefined): Promise<void> {
  const page = await browser.newPage({ viewport: { width: WIDTH, height: 900 } });
  await page.goto(link);
  await page.locator('main h1').waitFor();
  const api = new URL(link).origin;
  const { order, user } = await conversionOf(page, api);
  const search = { conversion: `?id=${order}&user=${user}`, user: `?id=${user}`, subjects: `?user=${user}` };
  if (every !== undefined)
    await takeEvery(
      page,
      every,
      PAGES.map((name) => `${api}/ui/${name}${search[name as never] ?? ''}`),
    );
  else
    for (const picture of PICTURES) {
      const asked = picture.search.replace('{order}', order).replace('{user}', user);
      await take(page, `${api}/ui/${picture.page}?${asked}`, picture);
    }
}

const { values } = parseArgs({ options: { link: { type: 'string' }, every: { type: 'string' } } });
const demo = values.link === undefined ? await startDemo() : { link: values.link, stop: async () => {} };
try {
  const browser = await startChromium();
  await pictures(browser, demo.link, values.every).finally(() => browser.close());
} finally {
  await demo.stop();
}
