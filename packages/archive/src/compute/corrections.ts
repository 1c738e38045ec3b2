/**
 * Corrections in the batch layer: the events of their ranges are read once more, whole, and shown to the same function that the speed layer
 * asks (`packages/signals/src/corrections`). So only what lies in a range costs anything, and no condition exists twice.
 */
import type { CORRECTED_FIELDS, CorrectedSpan } from '@tributary/model/corrections';
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import type { Event } from '@tributary/model/event';
import { FIELDS, type Field } from '@tributary/model/event-fields';
import { type Corrected, correct } from '@tributary/signals/corrections/correct';
import { correctionsOf } from '@tributary/signals/definitions/corrections';
import { type DuckDb, runAll, type SqlValue } from '../duckdb.ts';
import { READ_FIELD } from '../field-values.ts';
import { EVENT_COLUMNS, LATER_COLUMNS, type StoredFile } from '../layout.ts';
import { dropForgotten } from './forget.ts';
import { baseEvents, type Columns, countOf, parquetFiles, sentEvents } from './relations.ts';
import type { ComputeSpec, Reread, Shard } from './spec.ts';
import { statementsOf } from './sql-file.ts';

/** What was said and is not in the table yet. */
const MOST_HELD = 20_000;

/** Who sent an event, and where it arrived. */
const PLACE = ['user_key', 'id', 'position', 'entry_index'] as const;

const SAID = { kind: 'BIGINT', outcome: 'INTEGER' } as const;
const OUTCOME = {
  outcome: 'INTEGER',
  corrected_by: 'VARCHAR',
  dropped: 'BOOLEAN',
  channel: 'VARCHAR',
  campaign: 'VARCHAR',
  cost: 'BIGINT',
  value: 'BIGINT',
} as const satisfies Record<(typeof CORRECTED_FIELDS)[number], string> & Columns;

/**
 * Corrects `fresh`, which is deduplicated: of several arrivals of one id the first is asked about, as in the speed layer. Where corrections changed since
 * the base, adds its events that count otherwise, and leaves them as the base has them in `replaced`. `forgets`: those of users in `erased_now` are not among them.
 */
export async function correctFresh(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  shard: Shard,
  forgets = false,
): Promise<void> {
  const { reread } = spec;
  if (definitions.correctedSpan === null && reread === undefined) return;
  await loadHits(session, spec, definitions, shard);
  if (reread !== undefined) await readAgain(session, { ...spec, reread }, definitions, shard, forgets);
  await runAll(session, statementsOf('correct.sql'));
  if (reread !== undefined) await runAll(session, statementsOf('replaced.sql'));
}

/** Leaves `hits` and `outcomes`: see correct.sql. Events that conditions cannot tell apart are asked about once. */
async function loadHits(session: DuckDb, spec: ComputeSpec, definitions: Definitions, shard: Shard): Promise<void> {
  const outcomes = new Map<string, Outcome>();
  const { fields, sources } = askedOf(spec, definitions, shard);
  const columns = fields.map((field) => FIELDS[field].column);
  await session.run(`CREATE OR REPLACE VIEW asked_events AS ${sources}`);
  await session.run(`CREATE OR REPLACE TABLE kinds AS SELECT row_number() OVER () AS kind, * FROM (
    SELECT ${['era', ...columns].join(', ')}, min(ts) AS instant FROM asked_events GROUP BY ALL)`);
  await session.run(`CREATE OR REPLACE TABLE said AS SELECT ${nulls(SAID)} WHERE false`);
  let held: object[] = [];
  const keep = async (most: number) => {
    if (held.length <= most) return;
    await addRows(session, 'said', SAID, held);
    held = [];
  };
  for await (const chunk of session.chunks(`SELECT ${['kind', 'instant', ...columns].join(', ')} FROM kinds`)) {
    const [kinds = [], instants = [], ...values] = chunk;
    for (let row = 0; row < kinds.length; row++) {
      const corrected = correct(eventOf(Number(instants[row]), fields, values, row), definitions);
      if (corrected !== undefined) held.push({ kind: Number(kinds[row]), outcome: outcomeOf(corrected, outcomes).outcome });
    }
    await keep(MOST_HELD);
  }
  await keep(0);
  const same = ['era', ...columns].map((column) => `asked_events.${column} IS NOT DISTINCT FROM kinds.${column}`).join(' AND ');
  await session.run(`CREATE OR REPLACE TABLE hits AS
    SELECT ${PLACE.map((column) => `asked_events.${column}`).join(', ')}, outcome
    FROM asked_events JOIN (FROM kinds JOIN said USING (kind)) AS kinds ON ${same}`);
  await session.run(`CREATE OR REPLACE TABLE outcomes AS SELECT ${nulls(OUTCOME)} WHERE false`);
  await addRows(session, 'outcomes', OUTCOME, [...outcomes.values()]);
}

/** Adds to `fresh` what is corrected again, and leaves `replaced` (reread.sql). Throws `archive_corrupt` where the archive lacks it. */
async function readAgain(
  session: DuckDb,
  spec: ComputeSpec & { readonly reread: Reread },
  definitions: Definitions,
  shard: Shard,
  forgets: boolean,
): Promise<void> {
  const { files, spans } = spec.reread;
  const sent = sentEvents(spec.dataDir, files.slice(shard.from, shard.to).flat(), definitions);
  const held = baseEvents(spec, shard, definitions);
  // What the base has of who is erased goes as it is: read again, it would pass for what came under its id after a lift.
  const kept = forgets ? `${held} AS held ANTI JOIN erased_now USING (user_key)` : held;
  await session.run(`CREATE OR REPLACE VIEW held AS SELECT * FROM ${kept} WHERE ${within(spans)}`);
  const { lifted } = spec.base ?? {};
  // What came before a lift is in these files, maybe under the ids of what counts.
  await session.run(
    `CREATE OR REPLACE ${lifted === undefined ? 'VIEW' : 'TABLE'} sent AS SELECT * FROM ${sent} WHERE ${within(spans)}`,
  );
  if (lifted !== undefined) await dropForgotten(session, spec.dataDir, { lifted }, 'sent');
  await runAll(session, statementsOf('reread.sql'));
  const lacking = (await countOf(session, 'replaced')) - (await countOf(session, 'sent_first'));
  if (lacking !== 0)
    throw new TributaryError(
      'archive_corrupt',
      `the archive lacks ${lacking} events of generation ${spec.base?.generation} whose corrections changed. See "tributary archive verify"`,
    );
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

/** What conditions look at of events beside their instant, and where these are: what is new, and what is read again. */
function askedOf(
  spec: ComputeSpec,
  definitions: Definitions,
  shard: Shard,
): { readonly fields: Field[]; readonly sources: string } {
  const { all, looksAt } = correctionsOf(definitions);
  const fields = [...looksAt];
  // Between two of these instants the same corrections are in their range.
  const bounds = new Set(all.flatMap(({ fromMs, toMs }) => [fromMs, toMs]));
  const era = ['0', ...[...bounds].map((ms) => `(ts >= ${ms})::INTEGER`)].join(' + ');
  const columns = [...new Set([...PLACE, 'ts', ...fields.map((field) => FIELDS[field].column)])];
  const asked = Object.fromEntries(columns.map((column) => [column, (EVENT_COLUMNS as Columns)[column]])) as Columns;
  const corrected = definitions.correctedSpan === null ? [] : [definitions.correctedSpan];
  const from = ([files, spans]: readonly [readonly (readonly StoredFile[])[], readonly CorrectedSpan[]]) =>
    `SELECT *, ${era} AS era FROM ${parquetFiles(spec.dataDir, files.slice(shard.from, shard.to).flat(), asked, LATER_COLUMNS)} WHERE ${within(spans)}`;
  const again = spec.reread === undefined || corrected.length === 0 ? [] : ([[spec.reread.files, spec.reread.spans]] as const);
  return { fields, sources: [[spec.arrivals, corrected] as const, ...again].map(from).join(' UNION ALL ') };
}

/** Events of these instants, as a condition. */
function within(spans: readonly CorrectedSpan[]): string {
  const all = spans.map(({ fromMs, toMs }) => `(ts >= ${fromMs} AND ts < ${toMs})`);
  return all.length === 0 ? 'false' : `(${all.join(' OR ')})`;
}

function eventOf(ts: number, fields: readonly Field[], values: readonly (readonly SqlValue[])[], row: number): Event {
  const event: Partial<Record<Field, unknown>> = { ts };
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
