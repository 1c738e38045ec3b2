import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DuckDb, openDuckDb } from './duckdb.ts';

let tempDir: string;
let session: DuckDb;
beforeAll(async () => {
  tempDir = await mkdtemp(join(tmpdir(), 'tributary-duckdb-'));
  session = await openDuckDb({ memoryLimit: '256MB', threads: 2, tempDir, connections: 2 });
});
afterAll(async () => {
  await session.close();
  await rm(tempDir, { recursive: true, force: true });
});

test('statements side by side see the same tables and write to the same one, and more of them than connections wait', async () => {
  await session.run('CREATE TABLE numbers (i BIGINT)');
  const inserts = Array.from({ length: 8 }, (_, i) => session.run(`INSERT INTO numbers SELECT ${i} FROM range(1000)`));
  await Promise.all(inserts);
  expect(await session.columns('SELECT count(*), sum(i) FROM numbers')).toEqual([[8_000n], [28_000n]]);
});

test('a statement that fails gives its connection back', async () => {
  const failed = Array.from({ length: 5 }, () => session.run('SELECT * FROM nowhere').catch(() => 'failed'));
  expect(await Promise.all(failed)).toEqual(Array.from({ length: 5 }, () => 'failed'));
  expect(await session.columns('SELECT 1 AS one')).toEqual([[1]]);
});

test('an interrupt ends the statements of all connections', async () => {
  const long = 'SELECT count(*) FROM range(100000000000) WHERE hash(range) = 1';
  const ended = Promise.all([1, 2].map(() => session.rows(long).catch((error: Error) => error.message)));
  // Which of them has begun is not known: again until both have ended.
  const again = setInterval(() => session.interrupt(), 20);
  try {
    expect(await ended).toEqual([expect.stringContaining('Interrupt'), expect.stringContaining('Interrupt')]);
  } finally {
    clearInterval(again);
  }
});

test('a closed session runs nothing', async () => {
  const short = await openDuckDb({ memoryLimit: '64MB', threads: 1, tempDir });
  await short.run('SELECT 1');
  await short.close();
  await expect(short.run('SELECT 1')).rejects.toThrow('the DuckDB session is closed');
});
