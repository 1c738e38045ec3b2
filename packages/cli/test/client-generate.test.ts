/** What `client generate` writes is what a compiler checked (generated-signals.ts is one of its files), and what values are. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createClient } from '@tributary/client/client';
import type { Event } from '@tributary/model/event';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { readDefinitions, signalsOf } from '@tributary/signals/definitions/file';
import { timelineOf } from '@tributary/signals/timeline';
import { type Shape, shapeOf, typescriptOf } from '@tributary/signals/typescript';
import { expect, test } from 'vitest';
import { fakeServer } from './fake-server.ts';
import { NOW_MS, tributary } from './fake-shell.ts';
import { readSignals, VERSIONS } from './generated-signals.ts';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

test('client generate: the file is that of the definitions, from a file or from those in force', async () => {
  const argv = ['client', 'generate', '--client', '@tributary/client/client'];
  const file = at('../../../docs/examples/signals.yaml');
  const done = await tributary([...argv, '--definitions', file]);
  expect(done).toMatchObject({ code: 0, stdout: readFileSync(at('./generated-signals.ts'), 'utf8') });
  const defined = [
    ...signalsOf(readDefinitions(readFileSync(at('../../../docs/examples/signals.json'), 'utf8'), sha256Hex), sha256Hex),
  ];
  const definitions = defined.map(([, { name, version, resolved, fields }]) => ({ name, version, definition: resolved, fields }));
  await using server = await fakeServer(() => ({ body: { definitions } }));
  expect((await tributary([...argv, '--url', server.url])).stdout).toBe(done.stdout);
  expect(await tributary(['client', 'generate', '--client', "x'; evil()", '--definitions', file])).toMatchObject({ code: 2 });
});

/** Whether a value is of a type that is written so. */
function conforms(value: unknown, shape: Shape): boolean {
  if (typeof shape !== 'string')
    return (
      Array.isArray(value) &&
      value.every(
        (item: Record<string, unknown>) =>
          Object.keys(item).sort().join() === Object.keys(shape.listOf).sort().join() &&
          Object.entries(shape.listOf).every(([name, type]) => conforms(item[name], type)),
      )
    );
  if (shape === 'SegmentMembership')
    return Object.entries({ member: 'boolean', since: 'number | null', until: 'number | null' }).every(([name, type]) =>
      conforms((value as Record<string, unknown>)[name], type),
    );
  return shape.split(' | ').includes(value === null ? 'null' : typeof value);
}

test('each kind of value, of many events and of none, has the type that is written', () => {
  const of = ['sum', 'min', 'max', 'mean', 'variance', 'first', 'last', 'distinct', 'mostFrequent', 'top'];
  const signals = Object.fromEntries([
    ...of.flatMap((measure) => ['value', 'price'].map((field) => [`${measure}_${field}`, { [measure]: `*.${field}` }])),
    ...['first', 'mostFrequent', 'top', 'distinct'].map((measure) => [`${measure}_text`, { [measure]: '*.category' }]),
    ['seen', { last: '*.isNew' }],
    ['constructor', { count: '*' }],
    ['since', { timeSince: '*' }],
    ['decayed', { decayedSum: '*.value', halfLife: '1h' }],
    ['weight', { decayedCount: '*', halfLife: '1h' }],
    ['share', { ratio: { of: { count: 'a' }, to: { count: '*' } } }],
    ['lasts', { type: '*', fields: ['type', 'price', 'category', 'isNew', 'historical'] }],
  ]);
  const written = {
    fields: {
      price: { from: 'properties.price', type: 'number' },
      category: 'properties.category',
      isNew: { from: 'properties.isNew', type: 'boolean' },
    },
    signals,
    sessions: { web: {} },
    segments: { in: { enter: "type == 'a'" } },
  };
  const set = [...signalsOf(readDefinitions(JSON.stringify(written), sha256Hex), sha256Hex).values()];
  expect(set.length).toBe(33);
  const large = Number.MAX_SAFE_INTEGER;
  const events = Array.from({ length: 4 }, (_, i) => ({
    ...{ id: `e${i}`, type: i % 2 ? 'a' : 'b', ts: NOW_MS - 1_000 * i - 1, receivedAt: NOW_MS, userId: 'u' },
    ...(i < 3 && {
      value: large - i,
      currency: 'EUR',
      page: '/a',
      properties: { price: i + 0.5, category: `c${i % 2}`, isNew: i > 1 },
    }),
  })) as unknown as Event[];
  const wrong = [events, []].flatMap((some) =>
    set
      .map((definition) => ({ definition, value: definition.evaluate(timelineOf(some), NOW_MS).value }))
      .filter(({ definition, value }) => !conforms(value, shapeOf(definition)))
      .map(({ definition, value }) => [definition.name, value, shapeOf(definition)]),
  );
  expect(wrong).toEqual([]);
  expect(conforms(1n, 'number | null') || conforms([{}], { listOf: { ts: 'number' } })).toBe(false);
  // A condition may hold what ends a comment.
  const evil = readDefinitions(JSON.stringify({ signals: { a: { count: '*', where: "page == '*/ throw 1 //'" } } }), sha256Hex);
  const text = typescriptOf([...signalsOf(evil, sha256Hex).values()], 'client');
  expect(text.split('*/ throw')).toHaveLength(1);
});

test('law 7: what is read through the file is null with a reason where it is not known, or follows another definition', async () => {
  const body = {
    ...{ asOf: NOW_MS, partial: false, userId: 'anna', status: 'PRESENT' },
    values: {
      views1h: { value: 3, status: 'READY', version: VERSIONS.views1h },
      spend30d: { value: 5, status: 'READY', version: 'another' },
      dearest: { value: null, status: 'INCOMPLETE', version: VERSIONS.dearest },
    },
  };
  await using server = await fakeServer(() => ({ body }));
  const client = createClient({ url: server.url, key: 'tr_key' });
  const { values, missing } = await readSignals(client, 'anna', ['views1h', 'spend30d', 'dearest'], NOW_MS);
  const views: number | null = values.views1h;
  expect([views, values.spend30d, values.dearest]).toEqual([3, null, null]);
  expect(missing).toEqual({ spend30d: 'OTHER_VERSION', dearest: 'INCOMPLETE' });
  expect(server.received[0]?.path).toBe('/v1/users/anna/values');
});
