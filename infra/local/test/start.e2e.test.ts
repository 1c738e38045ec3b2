/** `npm start` as a person meets it: what is printed works, a second start goes on, Ctrl-C leaves nothing. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DAY_MS } from '@tributary/model/time';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freeBasePort } from '../src/ports.ts';
import { groupOf } from './processes.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const CLI = fileURLToPath(new URL('../../../packages/cli/bin/tributary.mjs', import.meta.url));
let dataDir: string;
let basePort: number;
const running: ChildProcess[] = [];

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'tributary-start-'));
  basePort = await freeBasePort('127.0.0.1', Math.random);
});
afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null) continue;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  rmSync(dataDir, { recursive: true, force: true });
});

function start(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, '--port', String(basePort), '--data-dir', dataDir, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  running.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return {
    output: () => output,
    ended,
    /** Resolves with all output once it holds `text`. */
    async until(text: string): Promise<string> {
      await expect.poll(() => child.exitCode ?? output.includes(text), { timeout: 90_000, message: output }).toBe(true);
      return output;
    },
    async interrupt(): Promise<{ code: number | null; tookMs: number }> {
      const from = Date.now();
      child.kill('SIGINT');
      return { code: await ended, tookMs: Date.now() - from };
    },
  };
}

/** The command line, as the start says to use it. */
async function tributary(...args: string[]): Promise<void> {
  const child = spawn(process.execPath, [CLI, '--data-dir', dataDir, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  const [code] = await once(child, 'close');
  expect(code, output).toBe(0);
}

const keysIn = (output: string) => output.match(/\bt[wra]_[0-9a-f]{12}_[0-9a-f]{48}/g)?.slice(0, 3);

/** Everything this start began lies in groups led by the pids in its logs. */
function leftBehind(): number[] {
  const pids = ['collector', 'speed', 'archiver', 'api', 'recompute'].flatMap((role) =>
    [...readFileSync(join(dataDir, 'logs', `${role}.log`), 'utf8').matchAll(/"pid":(\d+)/g)].map(([, pid]) => Number(pid)),
  );
  return [...new Set(pids)].flatMap(groupOf);
}

test('the first start loads history, computes a generation and keeps traffic running; the second one goes on', async () => {
  const first = start();
  const shown = await first.until('Live demo traffic');
  expect(shown).toMatch(/Loading 30 days of history +\d\d \d{3} events in/);
  expect(shown).toMatch(/Computing a generation +number \d+, in/);
  const [writeKey = '', readKey = ''] = keysIn(shown) ?? [];
  expect([writeKey.slice(0, 2), readKey.slice(0, 2)]).toEqual(['tw', 'tr']);

  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const range = `from=${day(Date.now() - 31 * DAY_MS)}&to=${day(Date.now() + DAY_MS)}`;
  const answer = await fetch(`http://127.0.0.1:${basePort + 1}/v1/attribution?model=linear&by=channel&${range}`, {
    headers: { authorization: `Bearer ${readKey}` },
  });
  const { rows, meta } = (await answer.json()) as { rows: { creditMicros: number }[]; meta: Record<string, unknown> };
  expect(meta).toMatchObject({ view: 'merged', complete: true });
  const creditMicros = rows.reduce((sum, row) => sum + row.creditMicros, 0);
  expect(creditMicros % 1_000_000).toBe(0);
  expect(creditMicros / 1_000_000).toBeGreaterThan(500);

  const { code, tookMs } = await first.interrupt();
  expect(code).toBe(0);
  expect(tookMs).toBeLessThan(5_000);
  expect(leftBehind()).toEqual([]);

  const second = start();
  const again = await second.until('Live demo traffic');
  expect(again).toMatch(/Loading 30 days of history +is there already/);
  expect(again).toMatch(/Computing a generation +is there already/);
  expect(keysIn(again)).toEqual(keysIn(shown));
  expect((await second.interrupt()).code).toBe(0);
});

test('without the demo it waits, and Ctrl-C still ends it', async () => {
  const started = start('--no-demo');
  const shown = await started.until('Ctrl-C stops everything');
  expect(shown).not.toMatch(/history|generation/);
  const { code, tookMs } = await started.interrupt();
  expect(code).toBe(0);
  expect(tookMs).toBeLessThan(5_000);
  expect(leftBehind()).toEqual([]);
  expect(started.output()).toContain(
    `"npm start -- --port ${basePort} --data-dir ${dataDir} --no-demo" goes on with the same data.`,
  );
});

test('law 6: the demo goes into no folder that went on without it, whether anything was sent to it or not', async () => {
  const began = start('--no-demo');
  await began.until('Ctrl-C stops everything');
  await began.interrupt();
  const refused = start();
  expect([await refused.ended, refused.output()]).toEqual([2, expect.stringContaining('which has data without it')]);
  expect(existsSync(join(dataDir, 'demo.json'))).toBe(false);
});

test('generations that were lost while it was stopped: it starts, says what is wrong and the way out, and that way works', async () => {
  const first = start('--no-demo');
  const [writeKey] = keysIn(await first.until('Ctrl-C stops everything')) ?? [];
  const sent = await fetch(`http://127.0.0.1:${basePort}/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${writeKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'page', userId: 'ada', id: 'one' }),
  });
  expect(sent.status).toBe(200);
  await tributary('batch', 'run', '--full', '--wait');
  await first.interrupt();
  rmSync(join(dataDir, 'generations'), { recursive: true });

  const second = start('--no-demo');
  const shown = await second.until('Ctrl-C stops everything');
  expect(shown).toMatch(/started, not all of it ready/);
  expect(shown).toMatch(/api runs and is not ready: no report can be given: .*tributary batch run --full --wait/);
  await tributary('batch', 'run', '--full', '--wait');
  await second.until('api is ready now');
  expect((await second.interrupt()).code).toBe(0);
});

test('Ctrl-C while it starts ends it as well', async () => {
  const started = start();
  await started.until('Tributary, with its data in');
  expect((await started.interrupt()).code).toBe(0);
});

test('a taken port and a wrong option are named with the way out, exit 2, before anything starts', async () => {
  const squatter = createServer().listen(basePort, '127.0.0.1');
  await once(squatter, 'listening');
  try {
    const refused = start('--no-demo');
    expect(await refused.ended).toBe(2);
    expect(refused.output()).toContain(
      `--port must be the first of 6 free ports in a row (got ${basePort}: another program uses`,
    );
    expect(refused.output()).toContain('Stop it, or choose another port.');
  } finally {
    squatter.close();
  }
  const mistyped = start('--prot', '1');
  expect(await mistyped.ended).toBe(2);
  expect(mistyped.output()).toContain('npm start has no option "--prot"');
});
