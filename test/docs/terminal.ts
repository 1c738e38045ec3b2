/** A reader's terminal: runs the commands of a document against a started platform, one after the other, in a folder of their own. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, symlinkSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Platform } from '@tributary/local/launch';
import { openExistingLog } from '../../packages/cli/src/open-log.ts';
import { isFile } from '../../packages/cli/src/regular-file.ts';
import { run } from '../../packages/cli/src/run.ts';
import type { TextStream } from '../../packages/cli/src/terminal/terminal.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  /** Both streams, as a screen shows them. */
  readonly screen: string;
}

export type Terminal = (command: string) => Promise<Ran>;

const ROOT = resolve(import.meta.dirname, '../..');
const OWN = /^(?:npx )?tributary /;
const PIPED = /[|<>]/;
const ASSIGNMENTS = /^(?:export )?(?:[A-Z_]+=\S*\s*)+$/;
/** What follows the log until Ctrl-C gets one after this time. */
const FOLLOWED_MS = 1_000;

/** A user reads some time after they sent; these commands follow one another within milliseconds. */
async function untilCounted(apiUrl: string, key: string): Promise<void> {
  for (;;) {
    const answer = await fetch(`${apiUrl}/v1/status`, { headers: { authorization: `Bearer ${key}` } });
    const { partitions } = (await answer.json()) as { partitions: { behind: boolean }[] };
    const activity = await fetch(`${apiUrl}/v1/activity`, { headers: { authorization: `Bearer ${key}` } });
    // Messages between keys may be on their way, which are in no log yet.
    const { meta } = (await activity.json()) as { meta?: { reasons: string[] } };
    if (partitions.every(({ behind }) => !behind) && meta?.reasons.includes('behind') !== true) return;
    await sleep(20);
  }
}

/** A folder with `docs` in it, as in a checkout. Addresses and keys as documents write them stand for those of the platform. */
export function openTerminal({ collectorUrl, apiUrl, keys, dataDir }: Platform): Terminal {
  const cwd = mkdtempSync(join(tmpdir(), 'tributary-reader-'));
  symlinkSync(join(ROOT, 'docs'), join(cwd, 'docs'));
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('TRIBUTARY_'));
  const env: Record<string, string | undefined> = { ...Object.fromEntries(inherited), TRIBUTARY_DATA_DIR: dataDir };
  const written = [
    ['http://127.0.0.1:7400', collectorUrl],
    ['http://127.0.0.1:7401', apiUrl],
    ['tw_…', keys.write],
    ['tr_…', keys.read],
    ['ta_…', keys.admin],
  ] as const;

  return async (text) => {
    await untilCounted(apiUrl, keys.read);
    const command = written.reduce((filled, [shown, actual]) => filled.replaceAll(shown, actual), text);
    if (ASSIGNMENTS.test(command)) {
      for (const word of command.replace(/^export /, '').split(/\s+/))
        env[word.split('=')[0] as string] = word.replace(/^\w+=/, '');
      return { code: 0, stdout: '', screen: '' };
    }
    return OWN.test(command) && !PIPED.test(command) ? tributary(await words(command)) : bash(command);
  };

  /** As bash splits and expands them. */
  async function words(command: string): Promise<string[]> {
    const { stdout } = await bash(`printf '%s\\0' ${command.replace(OWN, '')}`);
    return stdout.split('\0').slice(0, -1);
  }

  async function bash(command: string): Promise<Ran> {
    const child = spawn('bash', ['-c', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, screen] = ['', ''];
    child.stdout
      .setEncoding('utf8')
      .on('data', (chunk) => (stdout += chunk))
      .on('data', (chunk) => (screen += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk) => (screen += chunk));
    const [code] = (await once(child, 'close')) as [number];
    return { code, stdout, screen };
  }

  /** In this process: starting one for each command would take most of the time. */
  async function tributary(argv: readonly string[]): Promise<Ran> {
    let [stdout, screen] = ['', ''];
    const interrupted = new AbortController();
    const follows = argv[1] === 'tail' && !argv.includes('--limit');
    const timer = follows ? setTimeout(() => interrupted.abort(), FOLLOWED_MS) : undefined;
    const stream = (write: (text: string) => void): TextStream => ({
      write: (text) => {
        write(text);
        return true;
      },
      once: () => {},
      off: () => {},
    });
    const code = await run({
      argv,
      env,
      cwd,
      home: ROOT,
      stdin: (async function* () {})(),
      stdout: stream((text) => {
        stdout += text;
        screen += text;
      }),
      stderr: stream((text) => {
        screen += text;
      }),
      now: Date.now,
      sleep: (ms) => sleep(ms),
      fetch,
      open: (path) => createReadStream(resolve(cwd, path)),
      isFile: (path) => isFile(resolve(cwd, path)),
      save: (path, content) => writeFile(resolve(cwd, path), content),
      run: () => Promise.reject(new Error('a document starts no role here')),
      newId: randomUUID,
      nodeVersion: process.versions.node,
      openLog: openExistingLog,
      signal: interrupted.signal,
    });
    clearTimeout(timer);
    return { code, stdout, screen };
  }
}
