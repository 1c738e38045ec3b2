/** Lists of steps are made within the memory of a run, however many steps there are. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DuckDb, openDuckDb } from '../duckdb.ts';
import { loadOwn } from './own-steps.ts';

const MEMORY_MB = 64;
let dir: string;
let session: DuckDb;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tributary-own-steps-'));
  session = await openDuckDb({ memoryLimit: `${MEMORY_MB}MiB`, threads: 1, tempDir: dir });
});

afterAll(async () => {
  await session?.close();
  await rm(dir, { recursive: true, force: true });
});

/** Paths of `length` steps over seven channels; each path is of a journey as it was or as it is. */
async function walk(steps: number, length: number): Promise<void> {
  await session.run(`CREATE OR REPLACE TABLE walked AS
    SELECT (n // ${length})::INTEGER AS path_no, (n % ${length} + 1)::INTEGER AS i, (n * n % 7)::INTEGER AS channel_no, (n % 5)::INTEGER AS place_no, n AS seq
    FROM range(${steps}) AS steps(n)`);
}

async function digest(): Promise<unknown> {
  const [row] = await session.rows(
    'SELECT count(*)::INTEGER AS rows, sum(len(steps))::INTEGER AS steps, bit_xor(hash(path_no, channel_no, steps, seq))::VARCHAR AS all FROM own',
  );
  return row;
}

test('law 5: steps that are listed slice by slice are those that are listed at once', async () => {
  await walk(50_000, 37);
  await loadOwn(session, 1_000);
  const atOnce = await digest();
  expect(atOnce).toMatchObject({ steps: 50_000 });
  // Two slices, four, and 67.
  for (const memoryMb of [2, 1, 0.05]) {
    await loadOwn(session, memoryMb);
    expect(await digest()).toEqual(atOnce);
  }
});

test('law 7: more steps than fit in memory as lists are listed', async () => {
  await walk(6_000_000, 500);
  await loadOwn(session, MEMORY_MB);
  expect(await digest()).toMatchObject({ steps: 6_000_000 });
});
