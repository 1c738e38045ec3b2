/** Law 5: what history says of an instant is what the oracle says of the events that were received, over random logs and definitions. */

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetFiles } from '@tributary/archive/compute/relations';
import { type DuckDb, openDuckDb } from '@tributary/archive/duckdb';
import { eventOfRow } from '@tributary/archive/field-values';
import type { ArchivedPast } from '@tributary/archive/history/archived-past';
import type { Knowledge } from '@tributary/archive/history/knowledge';
import type { AskedRow } from '@tributary/archive/history/load-events';
import { PAST_BOUNDS, type PastBounds, type PastRow, pastValues } from '@tributary/archive/history/past-values';
import { type SetFormat, writeTrainingSet } from '@tributary/archive/history/training-set';
import { EVENT_COLUMNS, LATER_COLUMNS } from '@tributary/archive/layout';
import type { Event } from '@tributary/model/event';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '@tributary/model/time';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { readDefinitions, signalsOf } from '@tributary/signals/definitions/file';
import type { SignalDefinition } from '@tributary/signals/definitions/read';
import type { SessionDefinition } from '@tributary/signals/resolved';
import { RANDOM_FIELDS, randomEvent, randomSegment, randomSignal } from '@tributary/testkit/inputs/generate-signals';
import { createRandom, type Random } from '@tributary/testkit/inputs/random';
import { naiveValue } from '@tributary/testkit/oracle/naive-signals';
import { afterEach, expect, test } from 'vitest';
import { createWorld, type World } from '../../jobs/recompute/test/world.ts';
import { archivedPast } from '../../packages/cli/src/history/archived-past.ts';
import { askedRows } from '../../packages/cli/src/history/asked-rows.ts';
import { inFolderBeside } from '../../packages/cli/src/history/folder-beside.ts';
import { tributary } from '../../packages/cli/test/fake-shell.ts';

const FROM = Date.UTC(2026, 8, 1);
const STEP = 15 * MINUTE_MS;
const INSTANTS = 8 * 96;
const USERS = ['ada', 'eve', 'zoë', '~', 'Ω', '😀', 'without events'];

const worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

function definitionsFor(random: Random) {
  const kept = 4 * 96;
  const signals = Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`s${i}`, randomSignal(random, STEP, kept)]));
  const file = {
    fields: RANDOM_FIELDS,
    signals: { ...signals, inSession: { count: '*', window: { session: 'web' } }, sum: { sum: '*.price' } },
    sessions: { web: { gap: '1h', keep: { count: 4, age: '1d' } } },
    segments: { in: randomSegment(random, STEP, kept) },
    signalRetention: { days: 6 },
    touches: { ad_click: { windowDays: 1 } },
  };
  return readDefinitions(JSON.stringify(file), sha256Hex);
}

/** Some arrive late, some twice with other fields, and one of each id counts. */
function arrivalsOf(random: Random): Event[] {
  const drawn = Array.from({ length: 300 }, (_, i) => {
    const event = {
      ...randomEvent(random, `e${i}`, FROM, INSTANTS, STEP),
      historical: undefined,
      userId: random.pick(USERS.slice(0, -1)),
    };
    return JSON.parse(JSON.stringify(event)) as Event;
  });
  const again = drawn.slice(0, 40).map((event) => {
    const other = { ...randomEvent(random, event.id, FROM, INSTANTS, STEP), historical: undefined, userId: event.userId };
    return JSON.parse(JSON.stringify(other)) as Event;
  });
  return [...random.shuffle(drawn), ...again];
}

async function worldWith(arrivals: readonly Event[], definitions: ReturnType<typeof definitionsFor>): Promise<World> {
  const world = await createWorld(definitions);
  worlds.push(world);
  world.advance(FROM + INSTANTS * STEP + DAY_MS);
  // Several segments, and what came after the cut.
  for (let i = 0; i < arrivals.length; i += 60) {
    await world.ingest(arrivals.slice(i, i + 60));
    await world.run();
  }
  return world;
}

const isAny = () => true;

async function valuesOf(
  world: World,
  rows: readonly AskedRow[],
  bounds: PastBounds = PAST_BOUNDS,
  isAsked: (definition: SignalDefinition) => boolean = isAny,
  knowledge: Knowledge = 'event',
): Promise<PastRow[]> {
  const past = await archivedPast(world.dataDir, new AbortController().signal, () => {});
  const folder = await mkdtemp(join(tmpdir(), 'tributary-past-'));
  try {
    const definitions = [...signalsOf(past.definitions, sha256Hex).values()].filter(isAsked);
    const question = {
      past,
      definitions,
      rows: each(rows),
      knowledge,
      folder,
      memoryLimit: '256MB',
      signal: new AbortController().signal,
      bounds,
    };
    const values: PastRow[] = [];
    for await (const row of pastValues(question)) values.push(row);
    return values.sort((a, b) => a.nr - b.nr);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function* each<T>(rows: readonly T[]): AsyncGenerator<T> {
  yield* rows;
}

const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)));

test.each([1, 2, 3])(
  'law 5: values of the past are the oracle’s, of late, repeated and unordered events: seed %i',
  async (seed) => {
    const random = createRandom(seed);
    const definitions = definitionsFor(random);
    const arrivals = arrivalsOf(random);
    const world = await worldWith(arrivals, definitions);
    const rows = Array.from({ length: 120 }, () => ({
      user: random.pick(USERS),
      atMs: FROM + random.below(INSTANTS + 96) * STEP,
      label: null,
    }));
    // Buckets of a few users, and all in one.
    const values = await valuesOf(world, rows, { ...PAST_BOUNDS, bucketBytes: seed === 1 ? PAST_BOUNDS.bucketBytes : 20_000 });
    expect(values.map(({ nr, user, atMs }) => ({ nr, user, atMs }))).toEqual(
      rows.map(({ user, atMs }, nr) => ({ nr, user, atMs })),
    );
    const set = signalsOf(definitions, sha256Hex);
    const sessions = { web: set.get('web')?.resolved as SessionDefinition };
    for (const { user, atMs, status, values: said } of values) {
      const own = arrivals.filter(({ userId }) => userId === user);
      const expected = [...set.values()].map(
        ({ name, resolved }) =>
          [name, naiveValue({ definition: resolved, fields: RANDOM_FIELDS, sessions, stepMs: STEP }, own, atMs)] as const,
      );
      expect({ seed, user, atMs, status, said: plain(Object.fromEntries(said ?? [])) }).toEqual({
        seed,
        user,
        atMs,
        status: 'READY',
        said: plain(Object.fromEntries(expected)),
      });
    }
    // Where all of those asked for name types or conditions, other events are not read.
    const narrow = await valuesOf(world, rows, PAST_BOUNDS, ({ looksAt }) =>
      looksAt.every(({ types, where }) => types !== null || where !== null),
    );
    expect(narrow[0]?.values?.size).toBeGreaterThan(1);
    for (const [nr, row] of narrow.entries())
      for (const [name, value] of row.values ?? [])
        expect({ seed, nr, name, value }).toEqual({ seed, nr, name, value: values[nr]?.values?.get(name) });
  },
  120_000,
);

test('law 5: what was served is what the oracle says of the events up to a position, or of those that were received before the instant', async () => {
  const random = createRandom(5);
  const definitions = definitionsFor(random);
  // Some were received days after they happened.
  const received = arrivalsOf(random).map((event) => ({ ...event, receivedAt: event.ts + random.below(3 * 96) * STEP }));
  const world = await worldWith(received, definitions);
  const past = (await archivedPast(world.dataDir, new AbortController().signal, () => {})) as ArchivedPast;
  const session = await openDuckDb({ memoryLimit: '256MB', threads: 1, tempDir: world.dataDir });
  const files = parquetFiles(world.dataDir, past.files, EVENT_COLUMNS, LATER_COLUMNS);
  const archived = await session.rows(`FROM ${files} ORDER BY position, entry_index`).finally(() => session.close());
  const arrivals = archived.map((row) => ({ event: eventOfRow(row), position: String(row['position']) }));
  const rows = Array.from({ length: 45 }, (_, i) => {
    const { event, position } = random.pick(arrivals);
    const atMs = FROM + random.below(INSTANTS + 96) * STEP;
    return { user: String(event.userId), atMs, label: null, position: i % 3 === 0 ? null : position };
  });
  const values = await valuesOf(world, rows, PAST_BOUNDS, isAny, 'served');
  const set = signalsOf(definitions, sha256Hex);
  const sessions = { web: set.get('web')?.resolved as SessionDefinition };
  let unknown = 0;
  for (const [i, { user, atMs, position = null }] of rows.entries()) {
    // The first arrival of an id counts, also where a later one says that it was received earlier.
    const ofUser = arrivals.filter(({ event }) => event.userId === user);
    const own = [...new Map(ofUser.toReversed().map((one) => [one.event.id, one])).values()].toReversed();
    const known = own.filter((one) => (position === null ? one.event.receivedAt < atMs : one.position <= position));
    if (known.length < own.length) unknown++;
    for (const { name, resolved } of set.values()) {
      const question = { definition: resolved, fields: RANDOM_FIELDS, sessions, stepMs: STEP };
      const expected = naiveValue(
        question,
        known.map(({ event }) => event),
        atMs,
      );
      expect({ i, name, said: plain(values[i]?.values?.get(name)) }).toEqual({ i, name, said: plain(expected) });
    }
  }
  expect(unknown).toBeGreaterThan(15);
  const [later] = await valuesOf(world, [{ user: 'ada', atMs: FROM, label: null, position: '9' }], PAST_BOUNDS, isAny, 'served');
  expect(later?.status).toBe('AFTER_CUT');
});

test('law 7: a row after the cut, and one of a user with more events than are read, has no values and says why', async () => {
  const definitions = readDefinitions(
    JSON.stringify({ signals: { views: { count: 'view', window: '1d' }, all: { count: '*' } } }),
    sha256Hex,
  );
  const view = (id: string, userId: string, ts: number): Event => ({
    ts,
    type: 'view',
    id,
    receivedAt: ts,
    source: 'native',
    userId,
  });
  const world = await createWorld(definitions);
  worlds.push(world);
  world.advance(FROM + 2 * DAY_MS);
  await world.ingest(Array.from({ length: 30 }, (_, i) => view(`a${i}`, i < 25 ? 'bot' : 'ann', FROM + i * HOUR_MS)));
  await world.run();
  // Not of the cut: an event that came since, and one that says that it happened before.
  await world.ingest([view('late', 'ann', FROM + 25 * HOUR_MS)]);
  const { createdAt } = await world.manifest(1);
  const rows = [
    { user: 'ann', atMs: createdAt, label: 'x' },
    { user: 'ann', atMs: createdAt + 1, label: null },
    { user: 'bot', atMs: FROM + 40 * HOUR_MS, label: null },
  ];
  const values = await valuesOf(world, rows, { ...PAST_BOUNDS, userEvents: 20 });
  expect(values.map(({ status, values: said }) => [status, said === null ? null : Object.fromEntries(said)])).toEqual([
    ['READY', { views: 5, all: 5 }],
    ['AFTER_CUT', null],
    ['TOO_MANY_EVENTS', null],
  ]);
});

test('the command says what it read and wrote, and ends with 1 where a row has no values', async () => {
  const definitions = readDefinitions(
    JSON.stringify({ signals: { views: { count: 'view', window: '1d' }, label: { count: '*' } } }),
    sha256Hex,
  );
  const world = await createWorld(definitions);
  worlds.push(world);
  world.advance(FROM + 2 * DAY_MS);
  await world.ingest([{ ts: FROM + DAY_MS, type: 'view', id: 'a', receivedAt: FROM, source: 'native', userId: 'ann' }]);
  const cwd = await mkdtemp(join(tmpdir(), 'tributary-history-'));
  const run = (...argv: string[]) => tributary(['signals', 'history', ...argv, '--data-dir', world.dataDir], { cwd });
  try {
    await writeFile(join(cwd, 'rows.ndjson'), `{"user": "ann", "instant": ${FROM + DAY_MS + 1}, "label": {"a": 1}}\n`);
    expect(await run('rows.ndjson', '--out', 'set.csv')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('a generation does not exist yet'),
    });
    await world.run();
    const { createdAt } = await world.manifest(1);
    const named = await run('rows.ndjson', '--out', 'set.csv', '--signals', 'views');
    expect(named).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /^1 row of 1 definition in set\.csv, from all events up to the cut of generation 1, 2026-09-03 /,
      ),
    });
    expect(await readFile(join(cwd, 'set.csv'), 'utf8')).toBe(
      `user,instant,label,status,views\nann,${FROM + DAY_MS + 1},"{""a"":1}",READY,1\n`,
    );
    await writeFile(join(cwd, 'rows.csv'), `instant;user\n${createdAt};ann\n${createdAt + 1_000};ann\n`);
    expect(await run('rows.csv', '--out', 'set.csv', '--signals', 'views')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('1 row without values: after the cut'),
    });
    await writeFile(join(cwd, 'other.yaml'), 'signals:\n  all: {count: "*"}\n');
    expect(await run('rows.ndjson', '--out', 'set.ndjson', '--definitions', 'other.yaml')).toMatchObject({ code: 0 });
    expect(JSON.parse(await readFile(join(cwd, 'set.ndjson'), 'utf8'))).toMatchObject({ user: 'ann', label: '{"a":1}', all: 1 });
    const refused = async (...argv: string[]) => (await run('rows.csv', ...argv)).stderr;
    expect(await refused('--out', 'set.csv')).toContain(
      '--signals must have names that differ by more than case, also from user, instant, label, status, which each set has (got "label" and "label")',
    );
    expect(await refused('--out', 'set.csv', '--signals', 'view')).toContain(
      '--signals must be names of these definitions: label, views (got "view")',
    );
    await writeFile(join(cwd, 'cases.yaml'), 'signals:\n  all: {count: "*"}\n  ALL: {count: view}\n');
    expect(await refused('--out', 'set.csv', '--definitions', 'cases.yaml')).toContain('(got "all" and "ALL")');
    expect(await refused('--out', 'set.xlsx')).toContain('--out must end in .csv, .ndjson or .parquet');
    expect(await refused('--out', 'set.csv', '--memory', '1')).toContain('--memory must be an amount of memory');
    expect(await refused('--out', 'nowhere/set.csv', '--signals', 'views')).toMatch(
      /--out must name a file in a folder that can be written \(got .*nowhere/,
    );
    // Characters of a pattern in the name of a folder.
    await mkdir(join(cwd, "it's [1]*?"));
    expect((await run('rows.ndjson', '--out', "it's [1]*?/set.csv", '--signals', 'views')).code).toBe(0);
    expect(await readdir(join(cwd, "it's [1]*?"))).toEqual(['set.csv']);
    // Law 5: what folders are called that hold a part of a larger set says nothing of its rows.
    for (const folder of ['label=2', 'json=2']) {
      await mkdir(join(cwd, folder));
      expect((await run('rows.ndjson', '--out', `${folder}/set.csv`, '--signals', 'views')).code).toBe(0);
      const set = await readFile(join(cwd, folder, 'set.csv'), 'utf8');
      expect(set).toBe(`user,instant,label,status,views\nann,${FROM + DAY_MS + 1},"{""a"":1}",READY,1\n`);
    }
  } finally {
    await rm(cwd, { recursive: true });
  }
});

test('a damaged file of the archive is named, and there are no values of the rest', async () => {
  const random = createRandom(9);
  const world = await worldWith(arrivalsOf(random).slice(0, 60), definitionsFor(random));
  const [file = ''] = (await readdir(join(world.dataDir, 'archive/events'), { recursive: true })).filter((name) =>
    name.endsWith('.parquet'),
  );
  const path = join(world.dataDir, 'archive/events', file);
  const bytes = await readFile(path);
  bytes.writeUInt8(bytes.readUInt8(40) ^ 1, 40);
  await writeFile(path, bytes);
  await expect(valuesOf(world, [{ user: 'ada', atMs: FROM, label: null }])).rejects.toThrow(/archive_corrupt|differs|manifest/);
});

test('a set is written as it was asked, in each format, whole or not at all', async () => {
  const random = createRandom(4);
  const definitions = definitionsFor(random);
  const arrivals = arrivalsOf(random);
  const world = await worldWith(arrivals, definitions);
  const folder = await mkdtemp(join(tmpdir(), 'tributary-set-'));
  const session: DuckDb = await openDuckDb({ memoryLimit: '256MB', threads: 1, tempDir: folder });
  try {
    const text = [
      'user,instant,label',
      ...Array.from(
        { length: 50 },
        (_, i) => `${random.pick(USERS)},${FROM + random.below(INSTANTS) * STEP},"${i % 3 === 0 ? '' : `=l,${i}`}"`,
      ),
    ].join('\n');
    const past = await archivedPast(world.dataDir, new AbortController().signal, () => {});
    const all = [...signalsOf(past.definitions, sha256Hex).values()];
    const write = async (format: SetFormat, rows: string) => {
      const out = join(folder, `set.${format}`);
      const question = {
        past,
        definitions: all,
        rows: askedRows(each([Buffer.from(rows)]), 'rows.csv'),
        memoryLimit: '256MB',
        signal: new AbortController().signal,
      };
      const target = { out, format, onRows: () => {} };
      return { out, ...(await inFolderBeside(out, (own) => writeTrainingSet({ ...question, folder: own }, target))) };
    };
    const read = {
      csv: (path: string) => `read_csv('${path}', all_varchar = true)`,
      ndjson: (path: string) => `read_json('${path}')`,
      parquet: (path: string) => `read_parquet('${path}')`,
    };
    const asText: string[] = [];
    for (const format of ['parquet', 'ndjson', 'csv'] as const) {
      const { out, rows, byStatus } = await write(format, text);
      expect({ rows, byStatus }).toEqual({ rows: 50, byStatus: { READY: 50 } });
      const found = await session.rows(`SELECT * FROM ${read[format](out)}`);
      expect(found.map(({ user, instant }) => `${user},${instant}`)).toEqual(
        text
          .split('\n')
          .slice(1)
          .map((line) => line.slice(0, line.indexOf(',"'))),
      );
      asText.push(plainRows(found));
    }
    expect(asText[1]).toEqual(asText[0]);
    // It writes 0.0 for a number that is whole, e-07 for e-7, and leads what programs for tables would run.
    const ofCsv = asText[2]?.replaceAll(/=(-?\d+)\.0(?= |$)/gm, '=$1').replaceAll(/(\de-)0(?=\d)/g, '$1');
    expect(ofCsv).toEqual(asText[0]?.replaceAll('label==', "label='="));
    await expect(write('parquet', `${text}\nada,yesterday,`)).rejects.toThrow('rows.csv, line 52: instant must be');
    await expect(write('csv', 'user,when\nada,1')).rejects.toThrow('must have a header with "user" and "instant"');
    expect((await readdir(folder)).filter((name) => !name.startsWith('duckdb-')).sort()).toEqual([
      'set.csv',
      'set.ndjson',
      'set.parquet',
    ]);
  } finally {
    await session.close();
    await rm(folder, { recursive: true });
  }
});

/** As text, whatever the type of a column. */
function plainRows(rows: readonly Record<string, unknown>[]): string {
  return rows
    .map((row) =>
      Object.entries(row)
        .map(([name, value]) => `${name}=${value === null || value === '' ? '' : String(value)}`)
        .join(' '),
    )
    .join('\n');
}
