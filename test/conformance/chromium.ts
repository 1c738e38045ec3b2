/**
 * The Chromium of tests: Debian's, without a window, driven by playwright-core. Where its headless shell is installed, pages that are
 * only looked at are opened in that: the same engine without the program around it. To start and to open fifteen pages takes it 0.4 s of a
 * processor, all of Chromium 1.7.
 */
import { spawnSync } from 'node:child_process';
import { type Browser, chromium } from 'playwright-core';

/** Why there is none, printed on stderr as well; null where there is one. Where all tests are demanded a missing one throws. */
export function reportMissingChromium(whatIsSkipped: string): string | null {
  if (programOf(WHOLE) !== undefined) return null;
  const why = 'chromium is not installed. On Debian: apt-get install chromium.';
  const { CI = '', TRIBUTARY_DEMAND_ALL = '' } = process.env;
  if (CI + TRIBUTARY_DEMAND_ALL !== '') throw new Error(`${why} This run demands all tests.`);
  process.stderr.write(`skipping ${whatIsSkipped}: ${why}\n`);
  return why;
}

const SHELL = 'chromium-headless-shell';
const WHOLE = 'chromium';

/** The first of these programs that is installed. */
function programOf(...names: readonly string[]): string | undefined {
  const { stdout } = spawnSync('which', names, { encoding: 'utf8' });
  return stdout.split('\n').find((path) => path !== '');
}

/** Root has no sandbox of its own. Nothing is drawn, and nothing is asked of any address but those of the test. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/** What a page waits for comes late on a busy machine: as long as a test has, less what its own message needs. */
const WAIT_MS = 240_000;

export interface ChromiumOptions {
  /**
   * The shell does, where it is installed: for what pages show. What they send as they are left, pages that come back, and where a pointer is are
   * tested in what people have, as the shell has its own ways there.
   */
  readonly shellDoes?: boolean;
  /** Pages that are left stay in the cache of the browser, as they do for people. */
  readonly keepsPages?: boolean;
}

export async function startChromium({ shellDoes = false, keepsPages = false }: ChromiumOptions = {}): Promise<Browser> {
  const executablePath = shellDoes ? programOf(SHELL, WHOLE) : programOf(WHOLE);
  if (executablePath === undefined) throw new Error('a test asked for Chromium where there is none');
  const ignoreDefaultArgs = keepsPages ? ['--disable-back-forward-cache'] : [];
  const browser = await chromium.launch({ executablePath, args: FLAGS, ignoreDefaultArgs });
  const newContext = browser.newContext.bind(browser);
  browser.newContext = async (options) => {
    // Each frame of what moves by itself is drawn by a processor, for as long as a page waits.
    const context = await newContext({ reducedMotion: 'reduce', ...options });
    context.setDefaultTimeout(WAIT_MS);
    return context;
  };
  return browser;
}
