import { copyFile, mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DuckDb, type DuckDbOptions, openDuckDb } from './duckdb.ts';

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

describe('an instance that is used again', () => {
  const path = (name: string) => join(tempDir, name);
  const small = { memoryLimit: '64MiB', threads: 1 };
  const inOne = async <T>(work: (own: DuckDb) => Promise<T>, options: Omit<DuckDbOptions, 'tempDir'> = small) => {
    const own = await openDuckDb({ ...options, tempDir });
    return work(own).finally(() => own.close());
  };
  /** The number of the session's database: it grows where the instance had one before. */
  const place = async (own: DuckDb) =>
    Number((await own.columns(`SELECT database_oid FROM duckdb_databases() WHERE database_name = 'session'`))[0]?.[0]);

  test('has nothing of the session before, and the bounds of the new one', async () => {
    const first = await inOne(
      async (own) => {
        await own.run('CREATE TABLE numbers AS SELECT * FROM range(1000000) AS t(i)');
        await own.run('CREATE VIEW few AS SELECT * FROM numbers LIMIT 3');
        await own.run('CREATE MACRO twice(i) AS i * 2');
        return place(own);
      },
      { memoryLimit: '300MiB', threads: 3 },
    );
    await inOne(async (own) => {
      expect(await place(own)).toBeGreaterThan(first);
      const names = `SELECT name FROM (SELECT table_name AS name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal
        UNION ALL SELECT function_name FROM duckdb_functions() WHERE NOT internal)`;
      expect(await own.rows(names)).toEqual([]);
      const bounds = await own.columns(`SELECT current_setting('memory_limit'), current_setting('threads')`);
      expect(bounds).toEqual([['64.0 MiB'], [1n]]);
      await own.run('CREATE TABLE numbers AS SELECT 1 AS i');
    });
  });

  test('is another one where a statement failed', async () => {
    const first = await inOne(place);
    const second = await inOne(async (own) => {
      await own.run('SELECT * FROM nowhere').catch(() => {});
      return place(own);
    });
    expect(second).toBeGreaterThan(first);
    expect(await inOne(place)).toBeLessThan(second);
  });

  test('law 7: reads a file again that is another one of the same size and time', async () => {
    const writtenAt = new Date('2026-03-01');
    await inOne(async (own) => {
      for (const [i, letter] of ['a', 'b'].entries()) {
        const numbers = `SELECT hash(range + ${i}) AS number FROM range(20000)`;
        await own.run(`COPY (${numbers}) TO '${path(letter)}' (FORMAT parquet, COMPRESSION uncompressed)`);
        await utimes(path(letter), writtenAt, writtenAt);
      }
    });
    const read = (letter: string) => inOne((own) => own.columns(`SELECT bit_xor(number) FROM read_parquet('${path(letter)}')`));
    const before = await read('a');
    expect(await inOne((own) => own.rows('FROM duckdb_external_file_cache()'))).toEqual([]);
    await copyFile(path('b'), path('a'));
    await utimes(path('a'), writtenAt, writtenAt);
    const after = await read('a');
    expect(after).toEqual(await read('b'));
    expect(after).not.toEqual(before);
  });

  test('gives its memory back when it is closed', async () => {
    const held = await inOne(
      async (own) => {
        await own.run('CREATE TABLE much AS SELECT i, hash(i) AS h, hash(i + 1) AS g FROM range(3000000) AS t(i)');
        return process.memoryUsage.rss();
      },
      { memoryLimit: '500MiB', threads: 2 },
    );
    expect(held - process.memoryUsage.rss()).toBeGreaterThan(40 * 2 ** 20);
  });

  test('leaves its memory to the process where it is asked to', async () => {
    const held = await inOne(
      async (own) => {
        await own.run('CREATE TABLE much AS SELECT i, hash(i) AS h, hash(i + 1) AS g FROM range(3000000) AS t(i)');
        return process.memoryUsage.rss();
      },
      { memoryLimit: '500MiB', threads: 2, keepsMemory: true },
    );
    expect(held - process.memoryUsage.rss()).toBeLessThan(20 * 2 ** 20);
  });

  test('is another one where it spilled, for its folder is gone', async () => {
    const spill = async (own: DuckDb) => {
      await own.run('CREATE TABLE much AS SELECT hash(i) AS h, hash(i + 1) AS g FROM range(1500000) AS t(i)');
      const files = await own.rows('SELECT path FROM duckdb_temporary_files()');
      expect(files.length).toBeGreaterThan(0);
      return String(files[0]?.['path']);
    };
    const bounds = { memoryLimit: '16MiB', threads: 1 };
    const first = await inOne(spill, bounds);
    expect(dirname(await inOne(spill, bounds))).not.toBe(dirname(first));
  });
});
