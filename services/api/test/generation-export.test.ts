/** A generation as a file: what is in it, in each format, what one costs, and that nothing of it stays behind. */
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDb } from '@tributary/archive/duckdb';
import { digest } from '@tributary/archive/durable';
import type { GenerationManifest } from '@tributary/archive/layout';
import { sweepApiStaging } from '@tributary/archive/readers/generation-file';
import { sqlText } from '@tributary/archive/sql-text';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { joined } from '../../../test/laws/adoption-world.ts';
import { sendMessage } from './cut-in-flight.ts';
import { manifestOf } from './manifest-of.ts';
import { digestOf } from './memory-erasures.ts';
import { ADMIN, createWorld, READ, type WorldOptions } from './world.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tributary-export-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const CONVERSIONS = `SELECT * FROM (VALUES
  ('order-1', 'ada', 1000::BIGINT, 'purchase', 9007199254740993::BIGINT, 'EUR'),
  ('=1+1', 'eve', 2000, 'lead', NULL, NULL),
  ('a"b,c', 'größe', 3000, 'purchase', -5, 'JPY')) AS t (id, user_key, ts, type, value, currency)`;
const ACTIVITY = `SELECT * FROM (VALUES ('2026-11-20', 'page', 3::BIGINT), ('2026-11-20', '@x', 1)) AS t (day, type, events)`;

/** A generation with these files, in the data folder and in the list. */
async function world(options: WorldOptions = {}, conversions = CONVERSIONS, activity = [ACTIVITY]) {
  const made = await createWorld(options);
  Object.assign(made.deps.exports, { dataDir, memoryLimit: '128MiB' });
  const session = await openDuckDb({ memoryLimit: '256MiB', threads: 1, tempDir: join(dataDir, 'spill') });
  const write = async (name: string, query: string) => {
    const path = `generations/000007/${name}.parquet`;
    await mkdir(join(dataDir, 'generations/000007'), { recursive: true });
    await session.run(`COPY (${query}) TO ${sqlText(join(dataDir, path))} (FORMAT parquet)`);
    const [counted] = await session.rows(`SELECT count(*) AS rows FROM read_parquet(${sqlText(join(dataDir, path))})`);
    return { path, rows: Number(counted?.['rows']), ...(await digest(join(dataDir, path))) };
  };
  const manifest = {
    ...manifestOf(7, 3, made.definitions, 1_000, 4),
    conversions: [await write('conversions', conversions)],
    views: { activity: await Promise.all(activity.map((rows, i) => write(`activity-${i}`, rows))) },
  };
  await session.close();
  made.manifests.set(7, manifest);
  await made.readBarrier(7);
  return made;
}
type World = Awaited<ReturnType<typeof world>>;

function exported({ app }: World, query: string, authorization = READ) {
  return app.inject({ url: `/v1/generations/7/export?${query}`, headers: { authorization } });
}

/** Files and folders that exports left. */
async function leftBehind(): Promise<string[]> {
  return readdir(join(dataDir, 'staging/api')).catch(() => []);
}

test('NDJSON has every conversion with all digits, and says its length, its name and its generation', async () => {
  const answer = await exported(await world(), 'of=conversion-list');
  expect(answer.statusCode).toBe(200);
  expect(answer.headers).toMatchObject({
    'content-type': 'application/x-ndjson; charset=utf-8',
    'content-length': String(answer.rawPayload.length),
    'content-disposition': 'attachment; filename="generation-7-conversion-list.ndjson"',
    'x-tributary-generation': '7',
    'cache-control': 'no-store',
  });
  expect(answer.body.trimEnd().split('\n').sort()).toEqual(
    [
      '{"id":"order-1","userKey":"ada","ts":1000,"type":"purchase","valueMinor":9007199254740993,"currency":"EUR"}',
      '{"id":"=1+1","userKey":"eve","ts":2000,"type":"lead","valueMinor":null,"currency":null}',
      '{"id":"a\\"b,c","userKey":"größe","ts":3000,"type":"purchase","valueMinor":-5,"currency":"JPY"}',
    ].sort(),
  );
  expect(await leftBehind()).toEqual([]);
});

test('CSV leads what a spreadsheet would run with an apostrophe, and leaves numbers as they are', async () => {
  const some = await world();
  const { body, headers } = await exported(some, 'of=conversion-list&format=csv');
  expect(headers['content-type']).toBe('text/csv; charset=utf-8');
  expect(body.trimEnd().split('\n').sort()).toEqual(
    [
      'id,userKey,ts,type,valueMinor,currency',
      'order-1,ada,1000,purchase,9007199254740993,EUR',
      `'=1+1,eve,2000,lead,,`,
      '"a""b,c",größe,3000,purchase,-5,JPY',
    ].sort(),
  );
  const rows = await exported(some, 'of=activity&format=csv');
  expect(rows.body.trimEnd().split('\n').sort()).toEqual(['day,type,events', '2026-11-20,page,3', `2026-11-20,'@x,1`].sort());
});

test('Parquet is read by DuckDB, with the same rows', async () => {
  const { rawPayload, headers } = await exported(await world(), 'of=activity&format=parquet');
  expect(headers['content-type']).toBe('application/vnd.apache.parquet');
  const path = join(dataDir, 'got.parquet');
  await writeFile(path, rawPayload);
  const session = await openDuckDb({ memoryLimit: '64MiB', threads: 1, tempDir: join(dataDir, 'spill') });
  expect(await session.rows(`SELECT * FROM read_parquet(${sqlText(path)}) ORDER BY type`)).toEqual([
    { day: '2026-11-20', type: '@x', events: 1n },
    { day: '2026-11-20', type: 'page', events: 3n },
  ]);
  await session.close();
});

test('law 1: a view of several files is one row a key, in its order, without what adds up to nothing', async () => {
  const more = `SELECT * FROM (VALUES ('2026-11-20', 'page', 9223372036854775807::BIGINT), ('2026-11-20', '@x', -1), ('2026-11-19', 'z', 7))
    AS t (day, type, events)`;
  const some = await world({}, CONVERSIONS, [ACTIVITY, more]);
  const { body } = await exported(some, 'of=activity');
  const rows = body.trimEnd().split('\n');
  expect(rows[0]).toBe('{"day":"2026-11-19","type":"z","events":7}');
  // Beyond 64 bits a key has several rows, as in the files of a generation.
  const pages = rows.slice(1).map((line) => /"type":"page","events":(\d+)/.exec(line)?.[1] ?? line);
  expect(pages.reduce((sum, events) => sum + BigInt(events), 0n)).toBe(2n ** 63n + 2n);
  const { body: shown } = await some.app.inject({ url: '/v1/generations/7', headers: { authorization: READ } });
  expect(JSON.parse(shown).views.activity).toMatchObject({ rows: 5, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
});

test('a generation without conversions is an empty list, with its columns, and so is a view without rows', async () => {
  const some = await world();
  some.manifests.set(7, { ...manifestOf(7, 3, some.definitions, 1_000, 4), conversions: [], views: { activity: [] } });
  const { body, statusCode } = await exported(some, 'of=conversion-list&format=csv');
  expect([statusCode, body.trimEnd()]).toEqual([200, 'id,userKey,ts,type,valueMinor,currency']);
  expect((await exported(some, 'of=activity&format=csv')).body.trimEnd()).toBe('day,type,events');
});

test('law 7: a file of a generation that lacks retired events says from when on it is whole', async () => {
  const some = await world();
  const manifest = some.manifests.get(7) ?? manifestOf(7, 3, some.definitions, 1_000, 4);
  expect((await exported(some, 'of=conversion-list')).headers).not.toHaveProperty('x-tributary-whole-from');
  some.manifests.set(7, { ...manifest, wholeFromMs: Date.UTC(2025, 9, 22) });
  const { headers } = await exported(some, 'of=conversion-list');
  expect(headers['x-tributary-whole-from']).toBe('2025-10-22T00:00:00.000Z');
});

test('law 7: a file of a generation at whose cut a message between keys was in flight says so', async () => {
  const some = await world({ definitions: joined(definitionsOf({})) });
  const lackAt = async (generation: number) => {
    await some.readBarrier(generation);
    const cut = some.states.map((state) => state?.position ?? '');
    some.manifests.set(generation, { ...(some.manifests.get(7) as GenerationManifest), generation, cut });
    await some.tick();
    const url = `/v1/generations/${generation}/export?of=activity`;
    const { statusCode, headers } = await some.app.inject({ url, headers: { authorization: READ } });
    return [statusCode, headers['x-tributary-incomplete']];
  };
  const { arrive } = await sendMessage(some);
  const lack = expect.stringContaining('in flight between 1 pair of partitions at the cut of generation 8');
  expect(await lackAt(8)).toEqual([200, lack]);
  await arrive();
  expect(await lackAt(9)).toEqual([200, undefined]);
  expect((await exported(await world(), 'of=activity')).headers).not.toHaveProperty('x-tributary-incomplete');
});

test('law 9: who is erased is not in the list of conversions, though the generation is from before', async () => {
  const some = await world();
  for (let partition = 0; partition < 4; partition++)
    await some.commit(partition, {}, { erased: [some.deps.erasures.digestOf('ada')] });
  // Also where the speed layer was not looked at since: after a start, say.
  for (const format of ['ndjson', 'csv']) {
    const { body } = await exported(some, `of=conversion-list&format=${format}`);
    expect(body).not.toContain('order-1');
    expect(body).toContain('größe');
  }
  // What was looked at a while ago says nothing of who was erased since.
  await some.tick();
  const erased = ['ada', 'größe'].map(some.deps.erasures.digestOf);
  for (let partition = 0; partition < 4; partition++) await some.commit(partition, {}, { erased });
  some.advance(2_000);
  expect((await exported(some, 'of=conversion-list')).body).not.toContain('größe');
  some.broken.store = true;
  some.advance(2_000);
  expect((await exported(some, 'of=conversion-list')).json()).toMatchObject({ code: 'store_unavailable' });
  expect((await exported(some, 'of=activity')).statusCode).toBe(200);
});

test('law 9: nor is who was erased after its cut and is lifted by now', async () => {
  const some = await world();
  expect((await exported(some, 'of=conversion-list')).body).toContain('order-1');
  const known = {
    ...manifestOf(8, 3, some.definitions, 2_000, 4),
    lifted: { [digestOf('ada')]: { position: '9', entryIndex: 0 } },
  };
  some.manifests.set(8, known);
  const { body } = await exported(some, 'of=conversion-list');
  expect(body).not.toContain('order-1');
  expect(body).toContain('größe');
  // All are in the list of one that has the same lift.
  some.manifests.set(7, { ...(some.manifests.get(7) as GenerationManifest), lifted: known.lifted });
  expect((await exported(some, 'of=conversion-list')).body).toContain('order-1');
});

test('law 9: who is erased while the list is written is not in it', async () => {
  const some = await world();
  for (let partition = 0; partition < 4; partition++)
    await some.commit(partition, {}, { erased: [some.deps.erasures.digestOf('somebody')] });
  const own = some.deps.erasures.digestOf;
  let asked = 0;
  // The first look asks for all three users, and finds none of them erased; each later one finds two.
  const erasedSoon = (userKey: string) => own(++asked > 3 && userKey !== 'eve' ? 'somebody' : userKey);
  Object.assign(some.deps.erasures, { digestOf: erasedSoon });
  const { body } = await exported(some, 'of=conversion-list');
  expect(body.trimEnd().split('\n')).toEqual([expect.stringContaining('=1+1')]);
  expect(asked).toBe(7);
  expect(await leftBehind()).toEqual([]);
});

test('law 7: a file that is missing or damaged, a generation that is gone and what it does not have are refused with the reason', async () => {
  const some = await world();
  expect((await exported(some, 'of=touches')).json()).toMatchObject({
    status: 404,
    detail: expect.stringContaining('"touches"'),
  });
  expect((await exported(some, 'of=nothing')).statusCode).toBe(400);
  expect((await exported(some, 'of=activity&format=xls')).statusCode).toBe(400);
  expect((await exported(some, 'of=activity', 'Bearer tw_writer_x')).statusCode).toBe(403);
  await writeFile(join(dataDir, 'generations/000007/activity-0.parquet'), 'x');
  expect((await exported(some, 'of=activity')).json()).toMatchObject({ code: 'archive_corrupt' });
  some.manifests.set(7, { ...manifestOf(7, 3, some.definitions, 1_000, 4), state: 'retired' });
  expect((await exported(some, 'of=conversion-list')).json()).toMatchObject({
    status: 409,
    detail: expect.stringContaining('retired'),
  });
  some.manifests.delete(7);
  expect((await exported(some, 'of=conversion-list')).statusCode).toBe(404);
  expect(await leftBehind()).toEqual([]);
});

const MANY = `SELECT 'c' || i AS id, 'u' || (i % 1000) AS user_key, i::BIGINT AS ts, 'purchase' AS type, 5::BIGINT AS value, 'EUR' AS currency FROM range(400000) t(i)`;

test('an export beyond its bound of bytes is refused, whole', async () => {
  const some = await world({ limits: { exportBytes: 1_000_000 } }, MANY);
  const { statusCode, body } = await exported(some, 'of=conversion-list');
  expect([statusCode, JSON.parse(body).detail]).toEqual([413, 'the file must have at most 1000000 bytes (got more)']);
  expect(await leftBehind()).toEqual([]);
});

test('an export that takes too long is refused, and leaves nothing', async () => {
  const some = await world({ limits: { exportMs: 1 } }, MANY);
  expect((await exported(some, 'of=conversion-list')).json()).toMatchObject({ code: 'archive_timeout' });
  expect(await leftBehind()).toEqual([]);
});

test('a key has one export at a time; a client that hangs up gives its turn and its file back', async () => {
  const some = await world({}, MANY);
  await some.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = some.app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/v1/generations/7/export?of=conversion-list`;
  const slow = get(url, { headers: { authorization: READ } });
  slow.on('error', () => {});
  const [response] = await once(slow, 'response');
  response.pause();
  // The file has no name any more while it is read.
  expect(await leftBehind()).toEqual([]);
  expect((await exported(some, 'of=activity')).json()).toMatchObject({ code: 'overloaded' });
  expect((await exported(some, 'of=activity', ADMIN)).statusCode).toBe(200);
  slow.destroy();
  await vi.waitFor(async () => expect((await exported(some, 'of=activity')).statusCode).toBe(200), { timeout: 10_000 });
  await some.app.close();
});

test('what a killed process left is removed once nothing changes in it', async () => {
  const staging = join(dataDir, 'staging/api');
  const old = new Date(1_000);
  for (const name of ['export-old', 'duckdb-old', 'export-new', 'of-others']) {
    await mkdir(join(staging, name), { recursive: true });
    await writeFile(join(staging, name, 'rows'), 'x');
    for (const path of [join(staging, name, 'rows'), join(staging, name)]) await utimes(path, old, old);
  }
  await utimes(join(staging, 'export-new', 'rows'), new Date(9_000), new Date(9_000));
  await sweepApiStaging(dataDir, 5_000);
  expect((await readdir(staging)).sort()).toEqual(['export-new', 'of-others']);
});
