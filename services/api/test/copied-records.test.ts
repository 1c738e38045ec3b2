/** Records of which there are copies: read once more only where they are not the same, and what is said of them is of now all the same. */
import { encodeEvent } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';
import { partitionOf } from '@tributary/model/user-key';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import type { CopiesOfRecords } from '@tributary/serving/users/find-conversion';
import { readDefinitions } from '@tributary/signals/definitions/file';
import type { OnRecords, RecordOwner } from '@tributary/store/serving-store';
import { expect, test } from 'vitest';
import { createRecordReader } from '../src/http/record-reader.ts';
import { createWorld, event, NOON, PARTITIONS } from './world.ts';

const KEY = 'tr_reader';
const NOT_JOINED = { partitions: 1, pollForJoined: () => undefined, joinedMs: () => null, now: () => 0 };
const KEPT = { logTimeMs: 1 };
const owners = (...keys: string[]) => keys.map((userKey) => ({ partition: 0, userKey }));

/** A store of these records, all of the mark `m`, at the next position with each question. `asked`: whom it was asked for. */
function storeOf(texts: Readonly<Record<string, string>>) {
  const asked: string[] = [];
  let position = 0;
  const tell = (users: readonly RecordOwner[], onRecords: OnRecords | undefined) => {
    position++;
    onRecords?.kept(0, KEPT);
    for (const i of users.keys()) onRecords?.position?.(i, `p${position}`, 'm');
    return users.map(({ userKey }) => texts[userKey] ?? '');
  };
  return {
    asked,
    relayed: async () => [],
    async records(users: readonly RecordOwner[], _maxBytes: number, onRecords?: OnRecords) {
      asked.push(`records of ${users.map(({ userKey }) => userKey)}`);
      return tell(users, onRecords).map((text) => (text === '' ? null : Buffer.from(text)));
    },
    async recordSizes(users: readonly RecordOwner[], onRecords: OnRecords) {
      asked.push(`sizes of ${users.map(({ userKey }) => userKey)}`);
      return tell(users, onRecords).map(({ length }) => ({ bytes: length, mark: 'm' }));
    },
  };
}

/** Copies of these texts, which differ from those of the store, so that it is seen which is given. */
function copiesOf(texts: Readonly<Record<string, string>>, ofEach = 20_000): CopiesOfRecords {
  return {
    bytesOf: ({ userKey }) => (texts[userKey] === undefined ? 0 : ofEach),
    find({ userKey }, { bytes, mark }) {
      const text = texts[userKey];
      return text?.length === bytes && mark === 'm' ? Buffer.from(text) : undefined;
    },
  };
}

test('records are read of those alone who have no copy that is the same, and each has the position of its own read', async () => {
  const store = storeOf({ ada: 'ada', eve: 'eve', zoe: 'zoe' });
  const reader = createRecordReader(store, NOT_JOINED);
  const read = (copies: CopiesOfRecords | undefined, ...users: readonly string[]) =>
    reader.read(
      KEY,
      owners(...users),
      (records, keys, kept) => ({
        records: records.map((record) => record && String(record)),
        places: keys.map(({ userKey, position, mark }) => `${userKey} ${position} ${mark}`),
        kept: [...kept],
      }),
      'placed',
      copies,
    );
  expect(await read(copiesOf({ ada: 'ADA', eve: 'longer' }), 'zoe', 'ada', 'none', 'eve', 'ada')).toEqual({
    records: ['zoe', 'ADA', null, 'eve', 'ADA'],
    places: ['zoe p2 m', 'ada p1 m', 'none p1 m', 'eve p2 m', 'ada p1 m'],
    kept: [[0, KEPT]],
  });
  expect(store.asked.splice(0)).toEqual(['sizes of zoe,ada,none,eve', 'records of zoe,eve']);
  expect((await read(copiesOf({ ada: 'ADA', eve: 'EVE' }), 'ada', 'eve')).records).toEqual(['ADA', 'EVE']);
  expect(store.asked.splice(0)).toEqual(['sizes of ada,eve']);
  expect((await read(copiesOf({}), 'ada', 'eve')).records).toEqual(['ada', 'eve']);
  // They are read as quickly as asked how long they are.
  expect((await read(copiesOf({ ada: 'ADA', eve: 'EVE' }, 8_000), 'ada', 'eve')).records).toEqual(['ada', 'eve']);
  expect((await read(undefined, 'ada')).records).toEqual(['ada']);
  expect(store.asked.splice(0)).toEqual(['records of ada,eve', 'records of ada,eve', 'records of ada']);
});

test('law 7: where keys are joined no copy is given, as what counts for a key may follow from other records, nor is one that was read before that was known', async () => {
  const store = storeOf({ ada: 'ada' });
  let joinedMs: number | null = HOUR_MS;
  const reader = createRecordReader(store, { ...NOT_JOINED, joinedMs: () => joinedMs });
  const read = (keys = reader) =>
    keys.read(KEY, owners('ada'), ([record], [key]) => [String(record), key?.mark], 'placed', copiesOf({ ada: 'ADA' }));
  expect(await read()).toEqual(['ada', undefined]);
  expect(store.asked.splice(0)).toEqual(['records of ada']);
  joinedMs = null;
  expect(await read()).toEqual(['ADA', 'm']);
  const later = createRecordReader(store, {
    ...NOT_JOINED,
    joinedMs: () => joinedMs,
    async pollForJoined() {
      joinedMs = HOUR_MS;
    },
  });
  store.asked.length = 0;
  expect(await read(later)).toEqual(['ada', undefined]);
  expect(store.asked).toEqual(['sizes of ada', 'records of ada']);
});

test('law 1: values of records that are not read are those of the records: an event counts in the next answer, and so does a rewrite to the same length', async () => {
  const file = { signals: { views: { count: 'view', window: '1d' }, last: { last: '*.page' } } };
  const world = await createWorld({ definitions: readDefinitions(JSON.stringify(file), sha256Hex) });
  const users = ['ada', 'eve', 'none'];
  for (const userId of users.slice(0, 2)) await world.ingest(event({ type: 'view', userId, page: '/a', ts: NOON - 1_000 }));
  await world.tick();
  const read: string[] = [];
  const { records } = world.deps.store;
  Object.assign(world.deps.store, {
    records: (...asked: Parameters<typeof records>) => {
      read.push(asked[0].map(({ userKey }) => userKey).join());
      return records(...asked);
    },
  });
  const ask = async () => {
    const { body } = await world.post('/v1/signals/values', { users, signals: ['views', 'last'] });
    const answers = body.results.map(({ values, position }: Answer) => [values.views.value, values.last.value, position]);
    return { answers, read: read.splice(0), complete: body.meta.complete };
  };
  const positionOf = (userKey: string) => world.states[partitionOf(userKey, PARTITIONS)]?.position ?? null;
  const places = () => users.map(positionOf);
  const first = await ask();
  await ask();
  expect(await ask()).toEqual({ ...first, read: [] });
  await world.ingest(event({ type: 'view', userId: 'ada', page: '/b', ts: NOON - 500 }));
  const withEvent = await ask();
  expect([withEvent.read, withEvent.answers.map(([views]: [number]) => views)]).toEqual([['ada'], [2, 1, 0]]);
  expect(withEvent.answers.map(([, , position]: [number, string, string]) => position)).toEqual(places());
  expect((await ask()).read).toEqual([]);
  const rewritten = encodeEvent(event({ type: 'view', userId: 'eve', page: '/z', ts: NOON - 1_000, id: 'e0' }));
  const rewrites = (page: string) => new Map([['eve', `${rewritten.replace('/z', page)}\n`]]);
  await world.commit(partitionOf('eve', PARTITIONS), { rewrites: rewrites('/x') }, {});
  await ask();
  expect((await ask()).read).toEqual([]);
  await world.commit(partitionOf('eve', PARTITIONS), { rewrites: rewrites('/y') }, {});
  const afterRewrite = await ask();
  expect(afterRewrite.read.join()).toContain('eve');
  expect(afterRewrite.answers[1].slice(0, 2)).toEqual([1, '/y']);
  expect(afterRewrite.answers.map(([, , position]: [number, string, string]) => position)).toEqual(places());
  world.broken.store = true;
  expect((await world.post('/v1/signals/values', { users, signals: ['views', 'last'] })).status).toBe(503);
});

interface Answer {
  readonly position: string | null;
  readonly values: { readonly views: { readonly value: number }; readonly last: { readonly value: string } };
}
