/** Archived files are written again without users who were erased: every row of the others stays, and no byte of them does, whenever a process dies. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { alone } from '@tributary/archive/alone';
import { digestsBy, erasureKey } from '@tributary/archive/erasure-key';
import { type ArchiveForgotten, erasedBefore, erasedBehind, readForgotten, writeForgotten } from '@tributary/archive/forgotten';
import { lackingVersion } from '@tributary/archive/retention/lacking';
import { planRewrite, type RewritePlan } from '@tributary/archive/rewrite/plan';
import { rewriteArchive } from '@tributary/archive/rewrite/rewrite';
import { archivedUpTo, readSegments } from '@tributary/archive/segments';
import { sqlText } from '@tributary/archive/sql-text';
import { ERASE_TYPE, encodeErasure, LIFT_TYPE } from '@tributary/model/erasure';
import type { Event } from '@tributary/model/event';
import { mergeBlocks } from '@tributary/recompute/retire/merge-archive';
import { rewriteFiles } from '@tributary/recompute/retire/rewrite-archive';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import type { ErasedSource } from '@tributary/speed/partitions/erased-lists';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { naiveUnforgotten } from '@tributary/testkit/oracle/naive-erasure';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { afterAll, afterEach, expect, test } from 'vitest';
import { event } from './one-user.ts';
import { speedFromNothing } from './speed-from-nothing.ts';
import { createWorld, PARTITIONS, SMALL_LIMITS, type World } from './world.ts';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);
const FEW = { limits: { ...SMALL_LIMITS, keepGenerations: 1 } };
const HOURS = 2 * 3_600_000;
/** No other text has them as a part. */
const [GONE, BACK] = ['ana-5e1d', 'ida-77b2'] as const;

const worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

async function grown(like?: World): Promise<World> {
  const world = await createWorld(DEFINITIONS, like);
  worlds.push(world);
  return world;
}

let log: Event[] = [];

async function ingest(world: World, ...events: Event[]): Promise<void> {
  log.push(...events);
  await world.ingest(events);
}

const says = (type: typeof ERASE_TYPE | typeof LIFT_TYPE, userKey: string): Event =>
  JSON.parse(encodeErasure({ type, userKey, id: `${type} request`, atMs: event('', 0, '').receivedAt })) as Event;

const bought = (userId: string, id: string, days = 0) => [
  event(`click ${id}`, 3 - 24 * days, 'click', { userId, channel: 'search', properties: { by: userId } }),
  event(`order ${id}`, 4, 'buy', { userId, value: 100, currency: 'EUR' }),
];

/** Erased users whose records all kept generations know, with nothing written again yet. */
async function erased(): Promise<World> {
  const world = await grown(await erasedOnce());
  log = [...logOfErased];
  return world;
}

const firstWorlds: Promise<World>[] = [];
/** The store as it was while both were erased, and what the first generation counts. */
let whileErased: { readonly copies: ReturnType<World['store']['snapshot']>[]; readonly counted: readonly Event[] };
let logOfErased: readonly Event[] = [];
afterAll(async () => {
  for (const world of firstWorlds) await (await world).close();
});

function erasedOnce(): Promise<World> {
  if (firstWorlds.length === 0) firstWorlds.push(growErased());
  return firstWorlds[0] as Promise<World>;
}

async function growErased(): Promise<World> {
  log = [];
  const world = await createWorld(DEFINITIONS);
  const never = { ...FEW, rewrite: async () => ({ rows: 0, files: 0, isSearched: false }) };
  await ingest(world, ...bought(GONE, '1'), ...bought(BACK, '1', 1), ...bought('eve', '1', 1), ...bought('ben', '1'));
  await world.run({}, never);
  const counted = log.length;
  await ingest(world, says(ERASE_TYPE, GONE), says(ERASE_TYPE, BACK), ...bought(GONE, '2'), ...bought('eve', '2'));
  await world.turn();
  const copies = Array.from({ length: PARTITIONS }, (_, partition) => world.store.snapshot(partition));
  whileErased = { copies, counted: log.slice(0, counted) };
  await world.run({}, never);
  await ingest(
    world,
    ...bought(BACK, '2'),
    says(LIFT_TYPE, BACK),
    ...bought(BACK, '3'),
    ...bought(GONE, '3'),
    ...bought('eve', '3'),
  );
  await world.run({}, never);
  for (const round of [4, 5, 6]) {
    await ingest(world, ...bought('ben', `${round}`));
    await world.run({}, never);
  }
  logOfErased = log;
  return world;
}

async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Files in whose bytes, or in a cell of which, the text is. */
async function holding(world: World, text: string, ...folders: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of (await Promise.all(folders.map((folder) => filesUnder(join(world.dataDir, folder))))).flat()) {
    const inBytes = (await readFile(path)).includes(text);
    const rows = path.endsWith('.parquet')
      ? await world.session.rows(`FROM read_parquet(${sqlText(path)}, hive_partitioning = false)`)
      : [];
    const inCells = rows.some((row) => Object.values(row).some((value) => String(value).includes(text)));
    if (inBytes || inCells) found.push(path.slice(world.dataDir.length + 1));
  }
  return found;
}

/** Ids of archived rows by user, as manifests name the files. */
async function archivedIds(world: World, ...users: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (let partition = 0; partition < PARTITIONS; partition++)
    for (const { files } of await readSegments(world.dataDir, partition))
      for (const { path, rows } of files) {
        const held = await world.session.rows(
          `SELECT user_key, id FROM read_parquet(${sqlText(join(world.dataDir, path))}, hive_partitioning = false)`,
        );
        expect(held).toHaveLength(rows);
        ids.push(
          ...held
            .filter((row) => users.includes(String(row['user_key'])))
            .map((row) => `${String(row['user_key'])} ${String(row['id'])}`),
        );
      }
  return ids.sort();
}

const idsOf = (events: readonly Event[], ...users: string[]) =>
  events
    .filter(({ userId }) => users.includes(userId ?? ''))
    .map(({ userId, id }) => `${userId} ${id}`)
    .sort();

const expected = () => naive(naiveUnforgotten(log), DEFINITIONS);

async function rewrite(
  world: World,
  plan: RewritePlan,
  attempt: string,
  reached: (step: string) => void = () => {},
  nowMs = Date.now() + HOURS,
) {
  const staging = join(world.dataDir, 'staging', `rewrite-${attempt}`);
  return rewriteArchive(world.session, {
    ...plan,
    dataDir: world.dataDir,
    attempt,
    staging,
    nowMs,
    redisFilesAt: nowMs,
    reached,
  });
}

const planOf = async (world: World): Promise<RewritePlan> => {
  const plan = await planRewrite(world.dataDir);
  if (plan === null) throw new Error('there is nothing to write again');
  return plan;
};

test('law 9: once no generation from before is kept, no archived file has a byte of an erased user, and full runs go on without them', async () => {
  const world = await erased();
  expect(await holding(world, GONE, 'archive')).not.toEqual([]);
  await ingest(world, ...bought('eve', '7'));
  let asked = 0;
  const rewriteRedisFiles = async () => {
    asked++;
    throw new Error('NOPERM');
  };
  await world.run({}, { ...FEW, rewriteRedisFiles });
  // Redis may still have what the generations of before name.
  expect(asked).toBe(0);
  const digest = digestsBy(await erasureKey(world.dataDir));
  expect(await readForgotten(world.dataDir)).toMatchObject({
    erased: [digest(GONE)],
    lifted: { [digest(BACK)]: expect.anything() },
    searchedAt: expect.any(Number),
    replaced: expect.arrayContaining([expect.anything()]),
  });
  // A run that finds nothing new removes what was replaced.
  expect(await holding(world, GONE, 'archive')).not.toEqual([]);
  await world.run({ scheduled: true }, { ...FEW, rewriteRedisFiles });
  expect(asked).toBe(1);
  // Redis refuses, and archived files go all the same.
  expect(await holding(world, GONE, 'archive', 'generations')).toEqual([]);
  // Not yet, as the log is not trimmed: it is asked again, though no file is to be written.
  const early = { ...FEW, rewriteRedisFiles: async () => ++asked < 0 };
  await world.run({ scheduled: true }, early);
  expect(asked).toBe(2);
  expect(await holding(world, GONE, 'archive', 'generations')).toEqual([]);
  expect(await archivedIds(world, BACK)).toEqual(idsOf(bought(BACK, '3'), BACK));
  expect(await archivedIds(world, 'eve', 'ben')).toEqual(idsOf(log, 'eve', 'ben'));
  await world.run({ mode: 'full' }, FEW);
  const { generation } = (await world.current()) ?? { generation: 0 };
  expect(differences(await world.viewsOf(generation), expected())).toEqual([]);
  expect((await world.manifest(generation)).erased).toEqual([digest(GONE)]);
  // What comes is refused though no record says so, and gone a run later.
  await ingest(world, ...bought(GONE, '8'));
  await world.run({ mode: 'full' }, FEW);
  expect(differences(await world.viewsOf(generation + 1), expected())).toEqual([]);
  // They go on sending: archived files lose it run by run, and Redis writes its files again once a day.
  const asking = { ...FEW, rewriteRedisFiles: async () => ++asked > 0 };
  for (const round of [9, 10, 11, 12, 13, 14]) {
    await ingest(world, ...bought('ben', `${round}`), ...(round < 12 ? bought(GONE, `${round}`) : []));
    await world.run({}, asking);
  }
  expect(asked).toBe(3);
  expect(await readForgotten(world.dataDir)).toMatchObject({ redisDue: [], redisFilesAt: expect.any(Number) });
  expect(await holding(world, GONE, 'archive', 'generations')).toEqual([]);
  await ingest(world, says(LIFT_TYPE, GONE), ...bought(GONE, '15'));
  await world.run({ mode: 'full' }, FEW);
  const last = (await world.current())?.generation ?? 0;
  expect(differences(await world.viewsOf(last), expected())).toEqual([]);
});

test('law 9: nothing is written again while a generation from before the erasure is kept', async () => {
  log = [];
  const world = await grown();
  await ingest(world, ...bought(GONE, '1'), ...bought('eve', '1'));
  await world.run();
  await ingest(world, says(ERASE_TYPE, GONE));
  await world.run();
  expect(await planRewrite(world.dataDir)).toBeNull();
  expect(await archivedIds(world, GONE)).toHaveLength(3);
  await world.publishByHand('rollback', 1);
  await ingest(world, ...bought('eve', '2'));
  await world.run({ scheduled: false });
  const last = (await world.current())?.generation ?? 0;
  expect(differences(await world.viewsOf(last), expected())).toEqual([]);
});

test('laws 6 and 9: killed after any step, no row of others is lost, and begun again nothing is left', async () => {
  const first = await erased();
  const steps: string[] = [];
  const whole = await grown(first);
  await rewrite(whole, await planOf(whole), 'aaaa0000', (step) => steps.push(step));
  expect(new Set(steps)).toEqual(new Set(['forgotten', 'written', 'named', 'cleared']));
  const others = idsOf(log, 'eve', 'ben');
  for (const [at, step] of steps.entries()) {
    const world = await grown(first);
    const plan = await planOf(world);
    let passed = 0;
    const dying = rewrite(world, plan, 'bbbb0000', () => {
      if (passed++ === at) throw new Error(`killed after ${step}`);
    });
    await expect(dying).rejects.toThrow('killed');
    expect(await archivedIds(world, 'eve', 'ben'), `${at}: ${step}`).toEqual(others);
    if (at % 4 === 1) {
      await world.run({ mode: 'full' }, { ...FEW, rewrite: async () => ({ rows: 0, files: 0, isSearched: false }) });
      const { generation } = (await world.current()) ?? { generation: 0 };
      expect(differences(await world.viewsOf(generation), expected()), `${at}: ${step}`).toEqual([]);
    }
    // The record of the erasure is gone, and what came until its end is not.
    if (step === 'named' && steps.slice(0, at + 1).filter((one) => one === step).length === 2) await expectRealTime(world);
    expect((await readForgotten(world.dataDir))?.searchedAt).toBeNull();
    await rewrite(world, await planOf(world), 'cccc0000');
    expect((await readForgotten(world.dataDir))?.searchedAt, `${at}: ${step}`).not.toBeNull();
    const left = await planRewrite(world.dataDir);
    if (left !== null) await rewrite(world, left, 'dddd0000');
    expect(await planRewrite(world.dataDir)).toBeNull();
    expect(await holding(world, GONE, 'archive'), `${at}: ${step}`).toEqual([]);
    expect(await archivedIds(world, 'eve', 'ben'), `${at}: ${step}`).toEqual(others);
    if (at === 0) await expectLookedAtAgain(world);
    await worlds.pop()?.close();
  }
});

/** Clicks are late. */
function conversionsOf(events: readonly Event[]): RowsByView {
  const { conversions = new Map() } = Object.fromEntries(naive(naiveUnforgotten(events), DEFINITIONS));
  return new Map([['conversions', conversions]]);
}

/** A speed layer over a trimmed log, from nothing and from a store that was put back to between an erasure and its end. */
async function expectRealTime(world: World): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition++)
    await world.log.trim(partition, (await archivedUpTo(world.dataDir, partition)).last?.upTo ?? '');
  const digest = digestsBy(await erasureKey(world.dataDir));
  // The speed layer of this test has digests without a key.
  const known = (digests: readonly string[]) => [GONE, BACK].filter((user) => digests.includes(digest(user))).map(sha256Hex);
  const source: ErasedSource = {
    before: async (partition) => known(await erasedBefore(world.dataDir, partition)),
    async behind(partition, position) {
      const found = await erasedBehind(world.dataDir, partition, position);
      const back = found?.lifted[digest(BACK)];
      const lifted = back === undefined ? {} : { [sha256Hex(BACK)]: back };
      return found && { ...found, erased: known(found.erased), lifted };
    },
    version: () => lackingVersion(world.dataDir),
  };
  const { copies, counted } = whileErased;
  for (const [from, given] of [
    ['nothing', { erased: source }],
    ['put back', { erased: source, copies }],
  ] as const) {
    const store = await speedFromNothing(world, DEFINITIONS, given);
    const rows = conversionsOf(from === 'nothing' ? [] : counted);
    for (const own of await store.serving().deltas(['conversions'], from === 'nothing' ? 0 : 1)) addRowsByView(rows, own.rows);
    expect(differences(rows, conversionsOf(log)), from).toEqual([]);
  }
}

/** A version of before left records that are not events, and said that all was searched. */
async function expectLookedAtAgain(world: World): Promise<void> {
  const { ofDead: _ofDead, ...said } = (await readForgotten(world.dataDir)) as ArchiveForgotten;
  expect(said.ofCut).toBe(true);
  await writeForgotten(world.dataDir, said);
  expect((await planRewrite(world.dataDir))?.from.every((from) => from === 0)).toBe(true);
}

test('law 9: a file that no manifest names proves nothing while it is young, and goes when it is old', async () => {
  const world = await erased();
  const [path] = await holding(world, GONE, 'archive/events');
  const copy = join(world.dataDir, path?.replace(/-[0-9a-f]+\./, '-dddd0000.') ?? '');
  await copyFile(join(world.dataDir, path ?? ''), copy);
  expect(await rewrite(world, await planOf(world), 'aaaa0000', () => {}, Date.now())).toMatchObject({ isSearched: false });
  expect((await readForgotten(world.dataDir))?.searchedAt).toBeNull();
  expect(await rewrite(world, await planOf(world), 'eeee0000')).toMatchObject({ isSearched: true });
  await expect(stat(copy)).rejects.toThrow('ENOENT');
});

const specOf = ({ dataDir }: World, attempt: string) => ({
  ...{ dataDir, generation: 99, attempt, nowMs: Date.now() + HOURS },
  limits: { memoryMb: 256, threads: 1 },
});

test('law 9: who planned before another run wrote files again brings none of its users back', async () => {
  const world = await erased();
  await world.run(
    {},
    {
      ...FEW,
      async rewrite(spec) {
        // Another coordinator meanwhile: a generation that knows of one user more, and the only one that is kept.
        await ingest(world, says(ERASE_TYPE, 'eve'));
        const never = { ...FEW, rewrite: async () => ({ rows: 0, files: 0, isSearched: false }) };
        await world.run({}, never);
        for (const round of [21, 22, 23]) {
          await ingest(world, ...bought('ben', `${round}`));
          await world.run({}, never);
        }
        await rewriteFiles(specOf(world, 'bbbb0000'));
        return rewriteFiles({ ...spec, nowMs: Date.now() + HOURS });
      },
    },
  );
  const digest = digestsBy(await erasureKey(world.dataDir));
  expect((await readForgotten(world.dataDir))?.erased).toEqual([digest(GONE), digest('eve')].sort());
  expect((await readForgotten(world.dataDir))?.searchedAt).not.toBeNull();
  expect(await archivedIds(world, GONE, 'eve')).toEqual([]);
});

/** Takes the lock, says so, and never lets go by itself. */
const HOLDER = `
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run("ATTACH '" + process.argv[1] + "' AS own");
  console.log('held');
  setInterval(() => {}, 1000);`;

test('law 9: while one process replaces archived files no other does, and its death lets the next one', async () => {
  const world = await erased();
  const path = dataPath(world.dataDir, 'archiveLock');
  const own = { dataDir: world.dataDir, staging: join(world.dataDir, 'staging', 'own') };
  await alone(world.session, own, async () => {});
  const cwd = join(import.meta.dirname, '../../../packages/archive');
  const holder = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, path], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(holder.stdout, 'data');
    await expect(rewriteFiles(specOf(world, 'aaaa0000'))).rejects.toThrow('one process at a time');
    await expect(mergeBlocks({ ...specOf(world, 'aaaa0001'), blocks: [], sweep: [] })).rejects.toThrow('one process at a time');
    expect(await archivedIds(world, GONE)).not.toEqual([]);
  } finally {
    holder.kill('SIGKILL');
    if (holder.exitCode === null && holder.signalCode === null) await once(holder, 'exit');
  }
  await alone(world.session, own, () => expect(rewriteFiles(specOf(world, 'cccc0000'))).rejects.toThrow('held: this process'));
  expect(await rewriteFiles(specOf(world, 'dddd0000'))).toMatchObject({ isSearched: true });
  expect(await archivedIds(world, GONE)).toEqual([]);
});
