/**
 * What each view says of `views/events.ndjson`, as text: a change of SQL or fold is seen in the diff of its file.
 * `npx vitest run test/golden -u` writes the files again; read the diff before you keep it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DuckDb } from '@tributary/archive/duckdb';
import type { Event } from '@tributary/model/event';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/generate-definitions';
import { naive } from '@tributary/testkit/naive';
import type { Rows, RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import type { View } from '@tributary/views/view';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { byFold, bySql, openTestSession } from '../laws/engines.ts';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);
const pathOf = (name: string) => fileURLToPath(new URL(`views/${name}`, import.meta.url));
const lines = readFileSync(pathOf('events.ndjson'), 'utf8').trim().split('\n');
const events = lines.map((line) => JSON.parse(line) as Event);

let session: DuckDb;
let sql: RowsByView;
beforeAll(async () => {
  session = await openTestSession('golden');
  sql = await bySql(session, events, DEFINITIONS);
});
afterAll(() => session.close());

/** A head of dimensions and measures, then the rows in order of their keys; tabs between cells, " > " between the parts of one. */
function text({ dimensions, measures }: View, rows: Rows): string {
  const keys = [...rows.keys()].sort();
  const body = keys.map((key) => [...key.split('\t'), ...(rows.get(key) ?? []).map(String)].join('\t'));
  return `${[[...dimensions, ...measures].join('\t'), ...body].join('\n').replaceAll('\u001f', ' > ')}\n`;
}

for (const view of VIEWS)
  test(`law 5: ${view.name}: SQL, fold and oracle give the rows of its file`, async () => {
    const rows = (engine: RowsByView) => text(view, engine.get(view.name) ?? new Map());
    await expect(rows(sql)).toMatchFileSnapshot(pathOf(`${view.name}.tsv`));
    expect(rows(byFold(events, DEFINITIONS))).toBe(rows(sql));
    expect(rows(naive(events, DEFINITIONS))).toBe(rows(sql));
  });

test('there is a file for each view, and no other', () => {
  expect(readdirSync(pathOf('.')).sort()).toEqual(['events.ndjson', ...VIEWS.map(({ name }) => `${name}.tsv`)].sort());
});
