/** The computing child: its answers, and its ends. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ComputeSpec } from '@tributary/archive/compute/spec';
import { computeInChild, startComputing } from '@tributary/recompute/child/child';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { groupedOf } from '@tributary/views/by-partition';
import { VIEWS } from '@tributary/views/registry';
import { afterEach, beforeEach, expect, test } from 'vitest';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tributary-child-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const spec = (): ComputeSpec => ({
  dataDir,
  generation: 1,
  attempt: 'abcd',
  definitions: definitionsOf({}).json,
  arrivals: [[], []],
  base: null,
  reuseRows: false,
  limits: { memoryMb: 128, threads: 1, shardRows: 1_000, filesPerKind: 8 },
});
const forever = new AbortController().signal;

/** Process ids of our own children. */
async function childrenAlive(): Promise<number[]> {
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const [status, command] = await Promise.all([
      readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''),
      readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
    ]);
    if (Number(/PPid:\s+(\d+)/.exec(status)?.[1]) === process.pid && /child\/main\.ts|recompute-child\.mjs/.test(command))
      found.push(Number(pid));
  }
  return found;
}

test('nothing archived: every view is named, without files', async () => {
  const result = await computeInChild(spec(), { timeoutMs: 30_000, signal: forever });
  expect(result.counts).toEqual({ events: 0, newEvents: 0, duplicates: 0 });
  expect(result.views).toEqual(Object.fromEntries([...VIEWS, ...groupedOf(VIEWS)].map(({ name }) => [name, []])));
  expect(await readdir(join(dataDir, 'staging'))).toEqual([]);
});

test('a named failure crosses the pipe with its code', async () => {
  const bad = { ...spec(), definitions: '{"conversions": 7}' };
  await expect(computeInChild(bad, { timeoutMs: 30_000, signal: forever })).rejects.toMatchObject({
    code: 'invalid_definitions',
    message: expect.stringContaining('conversions'),
  });
});

test('what DuckDB says is part of the failure', async () => {
  const missing = { path: 'archive/none.parquet', rows: 1, bytes: 1, sha256: '0'.repeat(64) };
  await expect(
    computeInChild({ ...spec(), arrivals: [[missing]] }, { timeoutMs: 30_000, signal: forever }),
  ).rejects.toMatchObject({
    code: 'compute_failed',
    message: expect.stringContaining('none.parquet'),
  });
});

test('out of open files: the failure says so, and a child that is only to wait for its task stops nothing', async () => {
  const { href } = new URL('../../../packages/archive/src/child/run-child.ts', import.meta.url);
  const script = `
    import { openSync } from 'node:fs';
    import { startChild } from '${href}';
    try { for (;;) openSync('/dev/null', 'r'); } catch {}
    const child = startChild('none.ts');
    const failure = await child.run({ task: 'compute', spec: {} }, { timeoutMs: 1_000, signal: new AbortController().signal }).catch((error) => error);
    child.end();
    process.stdout.write(failure.code + ': ' + failure.message, () => process.exit(0));`;
  const { stdout } = await promisify(execFile)('sh', [
    '-c',
    'ulimit -n 64; exec "$0" --input-type=module -e "$1"',
    process.execPath,
    script,
  ]);
  expect(stdout).toMatch(/^compute_failed: a child process must have pipes \(got none: too many files are open\)/);
});

test('out of time: killed, and the failure says after how long', async () => {
  await expect(computeInChild(spec(), { timeoutMs: 1, signal: forever })).rejects.toMatchObject({
    code: 'compute_failed',
    message: expect.stringContaining('1 ms'),
  });
  expect(await childrenAlive()).toEqual([]);
});

test('aborted: killed at once, with the reason of the abort', async () => {
  const controller = new AbortController();
  const computing = computeInChild(spec(), { timeoutMs: 30_000, signal: controller.signal });
  setTimeout(() => controller.abort(new Error('the lock was lost')), 50);
  await expect(computing).rejects.toThrow('the lock was lost');
  expect(await childrenAlive()).toEqual([]);
});

const children = (count: number) => expect.poll(async () => (await childrenAlive()).length).toBe(count);

test('a child that was started before its task computes it, and one that waits is gone when it is ended', async () => {
  const used = startComputing();
  expect((await used.compute(spec(), { timeoutMs: 30_000, signal: forever })).counts.events).toBe(0);
  used.end();
  const unused = startComputing();
  await children(1);
  unused.end();
  await children(0);
});

test('a child that died before its task came is replaced', async () => {
  const computing = startComputing();
  await children(1);
  const killed = await childrenAlive();
  for (const pid of killed) process.kill(pid, 'SIGKILL');
  // Until this process has heard of it. Before, it is a zombie, which has no command.
  await expect.poll(() => killed.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  expect((await computing.compute(spec(), { timeoutMs: 30_000, signal: forever })).counts.events).toBe(0);
  computing.end();
});

test('a child that weighs computes and compares afterwards, as the same process, also where weighing failed', async () => {
  const computing = startComputing();
  await children(1);
  const [pid] = await childrenAlive();
  expect(await computing.weigh(spec(), { timeoutMs: 30_000, signal: forever })).toBe(0);
  const bad = { ...spec(), definitions: '{"conversions": 7}' };
  await expect(computing.weigh(bad, { timeoutMs: 30_000, signal: forever })).rejects.toMatchObject({
    code: 'invalid_definitions',
  });
  expect(await childrenAlive()).toEqual([pid]);
  expect((await computing.compute(spec(), { timeoutMs: 30_000, signal: forever })).counts.events).toBe(0);
  expect(await childrenAlive()).toEqual([pid]);
  const nothing = { dataDir, tempDir: join(dataDir, 'spill'), views: [], listedRows: 1, limits: spec().limits };
  const compared = await computing.compare({ ...nothing, remainder: 'unexamined' }, { timeoutMs: 30_000, signal: forever });
  expect(compared).toMatchObject({ views: {} });
  await children(0);
  computing.end();
});

test('a child that is killed while it weighs says how it ended, out of time or aborted, and another one computes', async () => {
  const computing = startComputing();
  await children(1);
  const [pid = 0] = await childrenAlive();
  const weighing = computing.weigh(spec(), { timeoutMs: 30_000, signal: forever });
  process.kill(pid, 'SIGKILL');
  await expect(weighing).rejects.toMatchObject({
    code: 'compute_failed',
    message: 'the weigh child ended without an answer, killed by SIGKILL',
  });
  await expect(computing.weigh(spec(), { timeoutMs: 1, signal: forever })).rejects.toThrow('was not done within 1 ms');
  const controller = new AbortController();
  const aborted = computing.weigh(spec(), { timeoutMs: 30_000, signal: controller.signal });
  controller.abort(new Error('the lock was lost'));
  await expect(aborted).rejects.toThrow('the lock was lost');
  expect((await computing.compute(spec(), { timeoutMs: 30_000, signal: forever })).counts.events).toBe(0);
  computing.end();
  await children(0);
});
