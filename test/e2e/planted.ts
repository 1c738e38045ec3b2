/** Looks for a text in everything that a platform stores: each value in Redis, each byte of the data folder, each cell of a Parquet file. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DuckDb, openDuckDb } from '@tributary/archive/duckdb';
import { sqlText } from '@tributary/archive/sql-text';
import { DATA_PATHS } from '@tributary/runtime/data-folder/paths';
import { PLACE_OF_PATH, PLACE_OF_REDIS_KEY, type SubjectPlaceName } from '@tributary/runtime/subjects/places';
import type { Redis } from 'ioredis';

export interface Planted {
  /** null: the list says that nothing of a user is there. */
  readonly place: SubjectPlaceName | null;
  /** As lines of an export name it; without `row`, `line` and such the place as a whole. */
  readonly from: Readonly<Record<string, unknown>>;
}

export async function plantedInRedis(redis: Redis, marker: string): Promise<Planted[]> {
  const planted: Planted[] = [];
  for (const key of await keysOf(redis)) {
    const family = PLACE_OF_REDIS_KEY.find((one) => one.key.test(key));
    if (family === undefined) throw new Error(`the key ${key} is in no family of PLACE_OF_REDIS_KEY`);
    const add = (from: object) => planted.push({ place: family.place, from: { key, ...from } });
    const type = await redis.type(key);
    if (type === 'string') {
      const lines = ((await redis.get(key)) ?? '').split('\n');
      if (key.includes(marker)) for (const [line, text] of lines.entries()) if (text !== '') add({ line });
      if (!key.includes(marker)) for (const [line, text] of lines.entries()) if (text.includes(marker)) add({ line });
    } else if (type === 'hash') {
      for (const [field, value] of Object.entries(await redis.hgetall(key)))
        if (`${field}\n${value}`.includes(marker)) add({ field });
    } else if (type === 'list') {
      const [first, ...rest] = await redis.lrange(key, 0, -1);
      for (const [i, value] of rest.entries()) if (value.includes(marker)) add({ number: Number(first) + i });
    } else if (type === 'stream') {
      for (const [id, fields] of await redis.xrange(key, '-', '+')) if (fields.join('\n').includes(marker)) add({ id });
    } else if (type === 'set' || type === 'zset') {
      const members: readonly string[] = type === 'set' ? await redis.smembers(key) : await redis.zrange(key, 0, '-1');
      if (members.some((member) => member.includes(marker))) add({});
    } else if (type !== 'none') throw new Error(`${key} is a ${type}`);
  }
  return planted;
}

/** While the platform runs, a file that goes or gets another name during the search is in no answer: only one that is stopped is searched whole. */
export async function plantedInFolder(dataDir: string, marker: string): Promise<Planted[]> {
  const planted: Planted[] = [];
  const session = await openDuckDb({ memoryLimit: '128MiB', threads: 1, tempDir: join(dataDir, 'staging', 'planted') });
  try {
    for (const entry of readdirSync(dataDir, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name).slice(dataDir.length + 1);
      const place = placeOfFile(file);
      try {
        for (const from of await foundInFile(session, join(dataDir, file), marker))
          planted.push({ place, from: { file, ...from } });
      } catch (error) {
        if (existsSync(join(dataDir, file))) throw error;
      }
    }
  } finally {
    await session.close();
  }
  return planted;
}

/** Where in it, as lines of an export say it. */
async function foundInFile(session: DuckDb, path: string, marker: string): Promise<object[]> {
  if (path.endsWith('.parquet')) {
    const rows = await session.rows(
      `SELECT rowid FROM (SELECT file_row_number AS rowid, to_json(t)::VARCHAR AS cells
       FROM read_parquet(${sqlText(path)}, file_row_number = true, hive_partitioning = false) AS t)
       WHERE contains(cells, $marker)`,
      { marker },
    );
    return rows.map(({ rowid }) => ({ row: Number(rowid) }));
  }
  const bytes = readFileSync(path);
  if (!path.endsWith('.ndjson')) return bytes.includes(marker) ? [{}] : [];
  const lines = bytes.toString().split('\n');
  return lines.flatMap((text, line) => (text.includes(marker) ? [{ line }] : []));
}

/** A file in the making is where the one will be that it becomes (packages/archive/src/durable.ts). */
function placeOfFile(found: string): SubjectPlaceName | null {
  const file = found.replace(/\.([^/]+)\.[0-9a-f-]{36}\.staged$/, '$1');
  const paths = Object.entries(DATA_PATHS) as [keyof typeof DATA_PATHS, string][];
  // The innermost one: publications lie among the generations.
  const [name] = paths
    .filter(([, path]) => file === path || file.startsWith(`${path}/`))
    .sort(([, a], [, b]) => b.length - a.length)[0] ?? [undefined];
  if (name === undefined) throw new Error(`${file} lies under no path of DATA_PATHS`);
  return PLACE_OF_PATH[name];
}

async function keysOf(redis: Redis): Promise<string[]> {
  const keys = new Set<string>();
  let cursor = '0';
  do {
    const [next, found] = await redis.scan(cursor, 'COUNT', 1_000);
    for (const key of found) keys.add(key);
    cursor = next;
  } while (cursor !== '0');
  return [...keys].sort();
}
