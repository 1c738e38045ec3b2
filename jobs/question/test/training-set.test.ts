/** Training sets: values of each row asked, as one file, from all events up to the cut; what is killed or given up leaves nothing. */
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readProgress, SET_KEPT_MS, SET_WORK } from '@tributary/archive/asked/training-sets';
import { archivedPast } from '@tributary/archive/history/archived-past';
import { TributaryError } from '@tributary/model/errors';
import type { Event } from '@tributary/model/event';
import { DAY_MS, HOUR_MS } from '@tributary/model/time';
import { setInChild } from '@tributary/question/child/child';
import { computeSet } from '@tributary/question/compute-set';
import type { SetPorts } from '@tributary/question/ports';
import { makeTrainingSet } from '@tributary/question/training-set';
import { createWorld, type World } from '@tributary/recompute/test/world';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { readDefinitions, signalsOf } from '@tributary/signals/definitions/file';
import { naiveValue } from '@tributary/testkit/oracle/naive-signals';
import { afterEach, beforeEach, expect, test } from 'vitest';

const DEFINITIONS = readDefinitions(
  JSON.stringify({
    signals: { views: { count: 'view', window: '2d' }, spend: { sum: 'purchase.value', window: '5d' } },
    segments: { planner: { enter: "type == 'search'", ttl: '12h' } },
    signalRetention: { days: 6 },
    touches: { ad_click: { windowDays: 1 } },
  }),
  sha256Hex,
);
const FROM = Date.UTC(2026, 9, 1);
const USERS = ['ann', "b'ob", 'zoë'];
const ID = 'set-0abcdefg-00000001';
const FOREVER = new AbortController().signal;

/** Each hour another user does another thing. */
const EVENTS: readonly Event[] = Array.from({ length: 90 }, (_, i) => {
  const type = ['view', 'purchase', 'search', 'view'][i % 4] as string;
  const ts = FROM + i * HOUR_MS;
  return {
    ts,
    type,
    id: `e${i}`,
    userId: USERS[i % 3] as string,
    receivedAt: ts + 1,
    source: 'native',
    ...(type === 'purchase' && { value: i, currency: 'EUR' }),
  };
});
/** From before all events to one that lies after the cut. */
const ROWS = Array.from({ length: 30 }, (_, i): [string, number, string | null] => [
  USERS[i % 3] as string,
  i === 29 ? FROM + 40 * DAY_MS : FROM + i * 5 * HOUR_MS,
  i % 2 === 0 ? `label ${i}` : null,
]);

let world: World;
beforeEach(async () => {
  world = await createWorld(DEFINITIONS);
  world.advance(FROM + 10 * DAY_MS);
  await world.ingest(EVENTS.slice(0, 60));
  await world.turn();
  await world.run();
  await world.ingest(EVENTS.slice(60));
  await world.turn();
});
afterEach(() => world.close());

function portsOf(changed: Partial<SetPorts> = {}): SetPorts {
  const wait = (ms: number, signal: AbortSignal) => sleep(Math.min(ms, 5), undefined, { signal });
  return { ...world.ports, computeSet: (spec) => computeSet(spec), sleep: wait, now: Date.now, ...changed };
}

async function ask(rows = ROWS, signals: string[] | null = null, id = ID) {
  await SET_WORK.create(world.dataDir, { id, signals, rows, by: 'test', askedAt: Date.now() });
}

/** What the oracle says, as the file has it. */
function expected(event: readonly Event[]) {
  const set = signalsOf(DEFINITIONS, sha256Hex);
  return ROWS.map(([user, atMs, label]) => {
    const isAfter = atMs > FROM + 20 * DAY_MS;
    const own = event.filter(({ userId }) => userId === user);
    const value = (name: string) => {
      const definition = set.get(name)?.resolved;
      if (definition === undefined || isAfter) return null;
      return naiveValue({ definition, fields: {}, sessions: {}, stepMs: HOUR_MS }, own, atMs);
    };
    const planner = value('planner') as { member: boolean; since: number | null } | null;
    const cells = [value('spend'), value('views'), planner?.member ?? null, planner?.since ?? null];
    return [user, atMs, label, isAfter ? 'AFTER_CUT' : 'READY', ...cells].map((cell) => (cell === null ? null : String(cell)));
  });
}

test("law 5: each row has the oracle's values, from all events up to the cut, in the order asked; the file is as its result says", async () => {
  await ask();
  await makeTrainingSet({ id: ID, isLast: true }, portsOf(), FOREVER);
  const stored = await SET_WORK.read(world.dataDir, ID);
  const { file, ...result } = stored?.result ?? { file: null };
  expect(result).toMatchObject({ failure: null, generation: 1, byStatus: { READY: 29, AFTER_CUT: 1 } });
  if (file === null) throw new Error('the result names nothing to read');
  expect(file).toMatchObject({
    rows: 30,
    path: expect.stringMatching(/^training-sets\/set-0abcdefg-00000001\/set-[0-9a-f]{8}\.parquet$/),
  });
  const columns = await world.session.columns(
    `SELECT COLUMNS(*)::VARCHAR FROM read_parquet('${join(world.dataDir, file.path)}')`,
  );
  const rows = ROWS.map((_, i) => columns.map((column) => column[i] ?? null));
  expect(rows).toEqual(expected(EVENTS.slice(0, 60)));
  expect(rows.some(([, , , , , views]) => Number(views) > 3)).toBe(true);
  expect((await readdir(join(world.dataDir, 'staging'))).filter((name) => name.startsWith('question-'))).toEqual([]);
});

/** As merging does, at once: the same rows under another name, and a manifest that names it. */
function replaceFiles(): void {
  const archive = join(world.dataDir, 'archive');
  for (const name of readdirSync(archive, { recursive: true, encoding: 'utf8' })) {
    const path = join(archive, name);
    if (name.endsWith('.parquet')) renameSync(path, path.replace('.parquet', 'x.parquet'));
    if (name.startsWith('segments') && name.endsWith('.json'))
      writeFileSync(path, readFileSync(path, 'utf8').replaceAll('.parquet', 'x.parquet'));
  }
}

test('law 7: files of the archive that are replaced while a set is computed are looked for again, and the set is whole', async () => {
  await ask();
  let lists = 0;
  const listed: typeof archivedPast = async (...asked) => {
    const past = await archivedPast(...asked);
    if (++lists === 1) replaceFiles();
    return past;
  };
  await makeTrainingSet({ id: ID, isLast: true }, portsOf({ computeSet: (spec) => computeSet(spec, listed) }), FOREVER);
  expect((await SET_WORK.read(world.dataDir, ID))?.result).toMatchObject({
    failure: null,
    byStatus: { READY: 29, AFTER_CUT: 1 },
    file: { rows: 30 },
  });
  expect(lists).toBe(2);
  // While they are checked: the file that is checked first goes away, and another one has its rows.
  let isFirst = true;
  const checked: typeof archivedPast = (dataDir, signal) => {
    const before = () => {
      if (!isFirst) return;
      isFirst = false;
      replaceFiles();
    };
    return archivedPast(dataDir, signal, before);
  };
  const other = 'set-0abcdefg-00000002';
  await ask(ROWS, null, other);
  await makeTrainingSet({ id: other, isLast: true }, portsOf({ computeSet: (spec) => computeSet(spec, checked) }), FOREVER);
  expect((await SET_WORK.read(world.dataDir, other))?.result).toMatchObject({ failure: null, file: { rows: 30 } });
  // One that is gone for good is not looked for again.
  const past = await archivedPast(world.dataDir, FOREVER, () => {});
  for (const { path } of past?.files ?? []) await rm(join(world.dataDir, path));
  const lost = 'set-0abcdefg-00000003';
  await ask(ROWS, null, lost);
  await makeTrainingSet({ id: lost, isLast: false }, portsOf(), FOREVER);
  expect((await SET_WORK.read(world.dataDir, lost))?.result?.failure).toMatch(/^archive_corrupt: .* is missing$/);
});

test('a child computes it, in bounded memory', async () => {
  await ask();
  await makeTrainingSet({ id: ID, isLast: true }, portsOf({ computeSet: setInChild }), FOREVER);
  expect((await SET_WORK.read(world.dataDir, ID))?.result).toMatchObject({ failure: null, file: { rows: 30 } });
});

test('how far it is is known while it runs', async () => {
  const many = Array.from({ length: 2_500 }, (_, i) => ROWS[i % 29] as [string, number, string | null]);
  await ask(many);
  expect(await readProgress(world.dataDir, ID)).toBe(0);
  await makeTrainingSet({ id: ID, isLast: true }, portsOf(), FOREVER);
  expect(await readProgress(world.dataDir, ID)).toBe(2_000);
});

test('law 7: a set that cannot be made says why, and has no file; what fails for a passing reason is tried again', async () => {
  const failure = async (id: string) => (await SET_WORK.read(world.dataDir, id))?.result?.failure;
  await ask(ROWS, ['unknown']);
  await makeTrainingSet({ id: ID, isLast: false }, portsOf(), FOREVER);
  expect(await failure(ID)).toBe(
    'invalid_query: signals must be names of the definitions of the generation: planner, spend, views (got "unknown")',
  );
  const other = 'set-0abcdefg-00000002';
  await ask(ROWS, null, other);
  const away = async () => {
    throw new TributaryError('store_unavailable', 'away for a moment');
  };
  const attempt = (isLast: boolean) => makeTrainingSet({ id: other, isLast }, portsOf({ computeSet: away }), FOREVER);
  await expect(attempt(false)).rejects.toThrow('away for a moment');
  expect(await failure(other)).toBeUndefined();
  await attempt(true);
  expect(await failure(other)).toBe('store_unavailable: away for a moment');
});

test('one that was given up stops, and its file is removed; after a day nothing is left', async () => {
  await ask();
  await SET_WORK.cancel(world.dataDir, ID, Date.now());
  await makeTrainingSet({ id: ID, isLast: true }, portsOf(), FOREVER);
  expect((await SET_WORK.read(world.dataDir, ID))?.result).toBeNull();
  const stopped = 'set-0abcdefg-00000003';
  await ask(ROWS, null, stopped);
  const computing = async (_: unknown, { signal }: { readonly signal: AbortSignal }) => {
    await SET_WORK.cancel(world.dataDir, stopped, Date.now());
    await sleep(60_000, undefined, { signal });
    throw new Error('it was not stopped');
  };
  await makeTrainingSet({ id: stopped, isLast: true }, portsOf({ computeSet: computing }), FOREVER);
  const whole = 'set-0abcdefg-00000002';
  await ask(ROWS, null, whole);
  await makeTrainingSet({ id: whole, isLast: true }, portsOf(), FOREVER);
  const files = async () => readdir(join(world.dataDir, SET_WORK.folderOf(whole)));
  expect(await files()).toContainEqual(expect.stringMatching(/\.parquet$/));
  await SET_WORK.cancel(world.dataDir, whole, Date.now());
  expect(await files()).not.toContainEqual(expect.stringMatching(/\.parquet$/));
  // A zombie may write after that.
  await writeFile(join(world.dataDir, SET_WORK.folderOf(whole), 'set-0000000a.parquet'), 'late');
  await SET_WORK.sweep(world.dataDir, Date.now() + SET_KEPT_MS);
  expect(await readdir(join(world.dataDir, 'training-sets'))).toEqual([]);
});
