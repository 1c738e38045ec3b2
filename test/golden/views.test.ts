/**
 * What each view says of the `events.ndjson` beside it, as text: a change of SQL or fold is seen in the diff of its file.
 * `npx vitest run test/golden -u` writes the files again; read the diff before you keep it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DuckDb } from '@tributary/archive/duckdb';
import type { Event } from '@tributary/model/event';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { naive } from '@tributary/testkit/oracle/naive';
import type { Rows, RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import type { View } from '@tributary/views/view';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { byFold, bySql, openTestSession } from '../laws/engines.ts';

const COUNTED_ONCE = { buy: { onceBy: 'properties.order_id', withinDays: 2 / 24 }, 'Order Completed': {} };

/** Folders: their events, the definitions these are seen by, and the views whose rows stand there. */
const FOLDERS = [
  {
    folder: 'views',
    definitions: definitionsOf({
      ...SMALL_DEFINITIONS,
      counts: {
        channels: { count: '*', by: 'channel' },
        paid: { count: ['click', 'buy'], by: 'campaign', where: 'cost > 0 || value > 0' },
      },
      segments: {
        clicking: { enter: 'type == "click"', exit: 'type == "buy"', ttl: '1h', byDay: true },
        lapsed: { enter: 'type == "buy"', absence: { not: 'type == "click"', for: '12h' }, ttl: '20d', byDay: true },
      },
    }),
    views: VIEWS.filter(({ countsWeb }) => !countsWeb),
  },
  {
    folder: 'web',
    definitions: definitionsOf({ ...SMALL_DEFINITIONS, web: { pages: ['/', '/product/:id', '/blog/*'] } }),
    views: VIEWS.filter(({ countsWeb }) => countsWeb),
  },
  {
    folder: 'counted-once',
    definitions: definitionsOf({ ...SMALL_DEFINITIONS, conversions: COUNTED_ONCE, attribution: { resetOnConversion: true } }),
    views: VIEWS.filter(({ name }) => ['activity', 'conversions', 'credit'].includes(name)),
  },
];

let session: DuckDb;
beforeAll(async () => {
  session = await openTestSession('golden');
});
afterAll(() => session.close());

/** A head of dimensions and measures, then the rows in order of their keys; tabs between cells, " > " between the parts of one. */
function text({ dimensions, measures }: View, rows: Rows): string {
  const keys = [...rows.keys()].sort();
  const body = keys.map((key) => [...key.split('\t'), ...(rows.get(key) ?? []).map(String)].join('\t'));
  return `${[[...dimensions, ...measures].join('\t'), ...body].join('\n').replaceAll('\u001f', ' > ')}\n`;
}

for (const { folder, definitions, views } of FOLDERS) {
  const pathOf = (name: string) => fileURLToPath(new URL(`${folder}/${name}`, import.meta.url));
  const lines = readFileSync(pathOf('events.ndjson'), 'utf8').trim().split('\n');
  const events = lines.map((line) => JSON.parse(line) as Event);
  let sql: RowsByView | undefined;

  for (const view of views)
    test(`law 5: ${folder}: ${view.name}: SQL, fold and oracle give the rows of its file`, async () => {
      const rows = (engine: RowsByView) => text(view, engine.get(view.name) ?? new Map());
      sql ??= await bySql(session, events, definitions);
      await expect(rows(sql)).toMatchFileSnapshot(pathOf(`${view.name}.tsv`));
      expect(rows(byFold(events, definitions))).toBe(rows(sql));
      expect(rows(naive(events, definitions))).toBe(rows(sql));
    });

  test(`${folder}: there is a file for each view, and no other`, () => {
    expect(readdirSync(pathOf('.')).sort()).toEqual(['events.ndjson', ...views.map(({ name }) => `${name}.tsv`)].sort());
  });
}
