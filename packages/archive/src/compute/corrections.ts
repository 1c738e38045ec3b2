/**
 * Corrections in the batch layer: the events of their ranges are read once more, whole, and shown to the same function that the speed layer
 * asks (`packages/signals/src/corrections`). So only what lies in a range costs anything, and no condition exists twice.
 */
import type { CORRECTED_FIELDS, CorrectedSpan } from '@tributary/model/corrections';
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { FIELDS, type Field } from '@tributary/model/event-fields';
import { type Corrected, correct } from '@tributary/signals/corrections/correct';
import { correctionsOf } from '@tributary/signals/definitions/corrections';
import type { DuckDb, SqlValue } from '../duckdb.ts';
import { READ_FIELD } from '../field-values.ts';
import { EVENT_COLUMNS, LATER_COLUMNS, type StoredFile } from '../layout.ts';
import { type Columns, parquetFiles } from './relations.ts';
import type { ComputeSpec, Shard } from './spec.ts';
import { statementsOf } from './sql-file.ts';

/** Events that were hit and are not in the table yet. */
const MOST_HITS_HELD = 20_000;

const HIT = { user_key: 'VARCHAR', position: 'VARCHAR', entry_index: 'INTEGER', outcome: 'INTEGER' } as const;
const OUTCOME = {
  outcome: 'INTEGER',
  corrected_by: 'VARCHAR',
  dropped: 'BOOLEAN',
  channel: 'VARCHAR',
  campaign: 'VARCHAR',
  cost: 'BIGINT',
  value: 'BIGINT',
} as const satisfies Record<(typeof CORRECTED_FIELDS)[number], string> & Columns;

/** Corrects `fresh`, which is deduplicated: of several arrivals of one id the first is asked about, as in the speed layer. */
export async function correctFresh(session: DuckDb, spec: ComputeSpec, definitions: Definitions, shard: Shard): Promise<void> {
  const span = definitions.correctedSpan;
  if (span === null) return;
  const outcomes = new Map<string, Outcome>();
  await session.run(`CREATE OR REPLACE TABLE hits AS SELECT ${nulls(HIT)} WHERE false`);
  let held: object[] = [];
  for await (const { at, event } of eventsWithin(session, spec, definitions, shard, span)) {
    const corrected = correct(event, definitions);
    if (corrected === undefined) continue;
    held.push({ ...at, outcome: outcomeOf(corrected, outcomes).outcome });
    if (held.length < MOST_HITS_HELD) continue;
    await addRows(session, 'hits', HIT, held);
    held = [];
  }
  await addRows(session, 'hits', HIT, held);
  await session.run(`CREATE OR REPLACE TABLE outcomes AS SELECT ${nulls(OUTCOME)} WHERE false`);
  await addRows(session, 'outcomes', OUTCOME, [...outcomes.values()]);
  for (const sql of statementsOf('correct.sql')) await session.run(sql);
}

interface Outcome {
  /** Its number. */
  readonly outcome: number;
  readonly corrected_by: string;
  readonly dropped: boolean;
}

/** What was made of events, each combination of corrections once. */
function outcomeOf({ by, isDropped, fields }: Corrected, outcomes: Map<string, Outcome>): Outcome {
  const names = by.map(({ name }) => name).join(',');
  let known = outcomes.get(names);
  if (known === undefined)
    outcomes.set(names, (known = { outcome: outcomes.size, corrected_by: names, dropped: isDropped, ...fields }));
  return known;
}

/** How many of a generation's events each correction applies to; undefined: the definitions have none. */
export async function countCorrected(
  session: DuckDb,
  dataDir: string,
  { corrections }: Definitions,
  files: readonly StoredFile[],
): Promise<Record<string, number> | undefined> {
  if (corrections.length === 0) return undefined;
  const counts = Object.fromEntries(corrections.map(({ name }) => [name, 0]));
  const corrected = parquetFiles(dataDir, files, { corrected_by: 'VARCHAR' });
  const query = `SELECT corrected_by, count(*) AS events FROM ${corrected} WHERE corrected_by IS NOT NULL GROUP BY ALL`;
  for (const row of await session.rows(query))
    for (const name of String(row['corrected_by']).split(',')) counts[name] = (counts[name] ?? 0) + Number(row['events']);
  return counts;
}

interface Archived {
  /** Where it arrived. */
  readonly at: { readonly user_key: string; readonly position: string; readonly entry_index: number };
  /** With the fields that conditions look at. */
  readonly event: Event;
}

async function* eventsWithin(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  shard: Shard,
  { fromMs, toMs }: CorrectedSpan,
): AsyncGenerator<Archived> {
  const fields: Field[] = [...new Set<Field>(['ts', ...correctionsOf(definitions).looksAt])];
  const places = ['user_key', 'position', 'entry_index'] as const;
  const columns = [...places, ...fields.map((field) => FIELDS[field].column)];
  const asked = Object.fromEntries(columns.map((column) => [column, EVENT_COLUMNS[column]])) as Columns;
  const files = spec.arrivals.slice(shard.from, shard.to).flat();
  const archived = parquetFiles(spec.dataDir, files, asked, LATER_COLUMNS);
  const query = `SELECT * FROM ${archived} WHERE ts >= $fromMs AND ts < $toMs`;
  for await (const chunk of session.chunks(query, { fromMs: BigInt(fromMs), toMs: BigInt(toMs) })) {
    const [users = [], positions = [], indices = [], ...values] = chunk;
    for (let row = 0; row < users.length; row++)
      yield {
        at: { user_key: String(users[row]), position: String(positions[row]), entry_index: Number(indices[row]) },
        event: eventOf(fields, values, row),
      };
  }
}

function eventOf(fields: readonly Field[], values: readonly (readonly SqlValue[])[], row: number): Event {
  const event: Partial<Record<Field, unknown>> = {};
  for (const [i, field] of fields.entries()) {
    const value = values[i]?.[row] ?? null;
    if (value !== null) event[field] = READ_FIELD[FIELDS[field].type](value, field);
  }
  return event as unknown as Event;
}

function nulls(columns: Columns): string {
  return Object.entries(columns)
    .map(([name, type]) => `NULL::${type} AS ${name}`)
    .join(', ');
}

async function addRows(session: DuckDb, table: string, columns: Columns, rows: readonly object[]): Promise<void> {
  if (rows.length === 0) return;
  const query = `SELECT unnest(from_json($rows::JSON, '${JSON.stringify([columns])}'), recursive := true)`;
  await session.run(`INSERT INTO ${table} (${Object.keys(columns).join(', ')}) ${query}`, { rows: JSON.stringify(rows) });
}
