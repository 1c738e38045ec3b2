/** The relations a computation reads, as table expressions. Paths come from manifests; nothing else is spliced in. */
import { join } from 'node:path';
import { canonicalJson } from '@tributary/model/canonical-json';
import { type CorrectedSpan, changedSpans } from '@tributary/model/corrections';
import { countingOf } from '@tributary/model/counts';
import type { Definitions } from '@tributary/model/definitions';
import { MESSAGE_TYPES, SAID } from '@tributary/model/identity/message-line';
import { segmentDaysOf } from '@tributary/model/segment-days';
import { GROUPED_VIEWS } from '@tributary/views/by-partition';
import { countedSql, isFoundOut } from '@tributary/views/counts/relation';
import { onceKeySql, webSql } from '@tributary/views/sql';
import type { View } from '@tributary/views/view';
import type { DuckDb } from '../duckdb.ts';
import { type GenerationManifest, LATER_COLUMNS, type StoredFile, TIMELINE_COLUMNS } from '../layout.ts';
import { byFormat, rowsFilesSql } from '../rows-file.ts';
import { filesSql, sqlText } from '../sql-text.ts';
import type { ComputeSpec, Shard } from './spec.ts';

export type Columns = Readonly<Record<string, 'VARCHAR' | 'BIGINT' | 'HUGEINT' | 'INTEGER' | 'BOOLEAN'>>;

const { ts, id, ...others } = TIMELINE_COLUMNS;
const { type, value, currency } = others;

/** Columns of an event as it was sent, of which views know. */
const SENT_COLUMNS = { partition: 'INTEGER', user_key: 'VARCHAR', ts, id, ...others } as const;

/**
 * Columns of a deduplicated event, as a generation keeps it: as corrections leave it, and what they did to it. `corrected_by`: the names of those
 * that apply, comma-separated; NULL: none does.
 */
export const GENERATION_EVENT_COLUMNS = { ...SENT_COLUMNS, corrected_by: 'VARCHAR', dropped: 'BOOLEAN' } as const;

/**
 * The same, and what is found out while events are read, because generations keep no properties: what conversions are counted once by where
 * the definitions name that, and what they count over all users, or of segments by day (packages/views/src/counts/relation.ts).
 */
export function columnsOfEvents({
  onceMs,
  joinedMs,
  web,
  counts,
  segmentDayVersions,
}: Pick<Definitions, 'onceMs' | 'joinedMs' | 'web' | 'counts' | 'segmentDayVersions'>): Columns {
  return {
    ...GENERATION_EVENT_COLUMNS,
    ...(onceMs.size > 0 && { once_key: 'VARCHAR' as const }),
    ...(joinedMs !== null && JOINED_COLUMNS),
    ...(web !== undefined && WEB_COLUMNS),
    ...(counts !== undefined && { counted: 'VARCHAR' as const }),
    ...(segmentDayVersions.size > 0 && { marks: 'VARCHAR' as const }),
  };
}

/** Where keys of one person are joined, messages between them are kept with the events. `said`: what one says, as JSON; NULL: an event of the key's own. `is_known`: one that a merge alone moves. */
const JOINED_COLUMNS = { received_at: 'BIGINT', is_known: 'BOOLEAN', said: 'VARCHAR' } as const;

/** Where pages are counted, what views look at of web events; of all others NULL. `web`: their properties, as JSON. */
const WEB_COLUMNS = { page: 'VARCHAR', element: 'VARCHAR', web: 'VARCHAR' } as const;

/** Whether its events, and so those of all that it builds upon, have what these definitions count of pages. */
export function keepsWeb({ definitions }: Pick<GenerationManifest, 'definitions'>, { web }: Pick<Definitions, 'web'>): boolean {
  return web === undefined || 'web' in (JSON.parse(definitions) as object);
}

/** Whether its events, and so those of all that it builds upon, have what these definitions count over all users. */
export function keepsCounted(
  { definitions }: Pick<GenerationManifest, 'definitions'>,
  now: Pick<Definitions, 'counts' | 'derived'>,
): boolean {
  const counting = countingOf(now);
  const kept = countingOf(JSON.parse(definitions) as Pick<Definitions, 'counts' | 'derived'>);
  return counting === undefined || (kept !== undefined && canonicalJson(kept) === canonicalJson(counting));
}

/** Whether its events, and so those of all that it builds upon, have what they are to the segments that these definitions count by day. */
export function keepsMarks({ definitions }: Pick<GenerationManifest, 'definitions'>, now: Pick<Definitions, 'derived'>): boolean {
  const asked = segmentDaysOf(now);
  const kept = segmentDaysOf(JSON.parse(definitions) as Pick<Definitions, 'derived'>);
  return asked === undefined || (kept !== undefined && canonicalJson(kept) === canonicalJson(asked));
}

/** A condition on deduplicated events: messages between keys are kept with them, and were not sent by anybody. */
export function areEvents({ joinedMs }: Pick<Definitions, 'joinedMs'>): string {
  return joinedMs === null ? 'true' : 'said IS NULL';
}

/** Whether its events, and so those of all that it builds upon, have the messages between keys where these definitions join them, and none where not. */
export function keepsMessages(
  { definitions }: Pick<GenerationManifest, 'definitions'>,
  { joinedMs }: Pick<Definitions, 'joinedMs'>,
): boolean {
  return 'identity' in (JSON.parse(definitions) as object) === (joinedMs !== null);
}

/** A condition: events that corrections dropped are kept, so that copies of them are known, and count nowhere. */
export function whatCounts({ corrections }: Pick<Definitions, 'corrections'>): string {
  return corrections.length === 0 ? 'true' : 'NOT dropped';
}

/** What generations kept before their manifests said so. */
const FIRST_COLUMNS = 'partition user_key ts id type channel campaign cost value currency'.split(' ');

/** Whether a generation's events have all that views read now: where not, only the archive does. */
export function keepsAllColumns({ eventColumns = FIRST_COLUMNS }: Pick<GenerationManifest, 'eventColumns'>): boolean {
  return Object.keys(GENERATION_EVENT_COLUMNS).every((column) => eventColumns.includes(column));
}

/** Whether its events, and so those of all that it builds upon, have what these definitions count conversions once by. */
export function keepsKeys(
  { definitions }: Pick<GenerationManifest, 'definitions'>,
  { once }: Pick<Definitions, 'once'>,
): boolean {
  const { once: kept = {} } = JSON.parse(definitions) as Partial<Pick<Definitions, 'once'>>;
  return Object.entries(once).every(([counted, { by }]) => Object.hasOwn(kept, counted) && kept[counted]?.by === by);
}

type Correct = Partial<Pick<Definitions, 'corrections' | 'derived'>>;

/** Where its events, and so those of all that it builds upon, may count otherwise under these definitions. */
export function correctedOtherwise({ definitions }: Pick<GenerationManifest, 'definitions'>, now: Correct): CorrectedSpan[] {
  const correcting = ({ corrections = [], derived }: Correct) => ({ corrections, fields: derived?.fields ?? {} });
  return changedSpans(correcting(JSON.parse(definitions) as Correct), correcting(now));
}

/** Where to find a conversion: all those of a cut. */
export const CONVERSION_COLUMNS = { id, user_key: 'VARCHAR', ts, type, value, currency } as const;

/** What a shard gives: `is_gone` are those of the base that are none any longer. One that comes and goes is neither. */
export const CONVERSION_ROW_COLUMNS = { ...CONVERSION_COLUMNS, is_gone: 'BOOLEAN' } as const;

/** Events of the base that count otherwise than there. */
export const REPLACED_COLUMNS = { user_key: 'VARCHAR', id } as const;

const ARRIVAL_COLUMNS = { ...SENT_COLUMNS, position: 'VARCHAR', entry_index: 'INTEGER' } as const;

/** The archived events of these partitions that the base does not cover. */
export function arrivals(spec: ComputeSpec, shard: Shard, definitions: Definitions): string {
  return sentEvents(spec.dataDir, spec.arrivals.slice(shard.from, shard.to).flat(), definitions);
}

/** The archived events of these files, not corrected, each with whether it is a touch or a conversion. */
export function sentEvents(dataDir: string, files: readonly StoredFile[], definitions: Definitions): string {
  const { onceMs, joinedMs, web } = definitions;
  const isCounted = isFoundOut(definitions);
  const more: Columns = {
    ...(joinedMs !== null && { received_at: 'BIGINT' as const, user_id: 'VARCHAR' as const }),
    ...((web !== undefined || isCounted) && { page: 'VARCHAR' as const, element: 'VARCHAR' as const }),
  };
  const whole = () => parquetFiles(dataDir, files, { ...ARRIVAL_COLUMNS, ...more, properties: 'VARCHAR' }, LATER_COLUMNS);
  const lent = joinedMs === null ? whole : () => messagesSql(whole());
  const counted = isCounted ? () => countedSql(definitions).of(lent()) : lent;
  const withoutPages = isCounted ? () => `(SELECT * EXCLUDE (page, element) FROM ${counted()})` : counted;
  const sent = web === undefined ? withoutPages : () => `(${webSql(counted())})`;
  const archived =
    onceMs.size > 0
      ? `(${onceKeySql(sent())})`
      : joinedMs === null && web === undefined && !isCounted
        ? parquetFiles(dataDir, files, ARRIVAL_COLUMNS, LATER_COLUMNS)
        : `(SELECT * EXCLUDE (properties) FROM ${sent()})`;
  const isMessage = joinedMs === null ? '' : 'e.said IS NOT NULL OR ';
  // Whether a type is listed, not a join with the list: a join copies all columns of every event, a tenth of the time of loading them.
  return `(SELECT e.*, NULL::VARCHAR AS corrected_by, false AS dropped,
      ${isMessage}e.type IN (SELECT type FROM member_types WHERE default_channel IS NOT NULL)
      OR (e.channel IS NOT NULL AND e.type IN (SELECT type FROM member_types)) AS is_member
    FROM ${archived} AS e)`;
}

/** What a message between keys says, as JSON, of archived events as they were sent; NULL: it is none. */
export const SAID_SQL = `CASE WHEN type IN (${MESSAGE_TYPES.map(sqlText).join(', ')}) THEN CAST(properties->'$."${SAID}"' AS VARCHAR) END`;

/**
 * Messages between keys among archived events: `said`, `is_known`, and of what is lent the type of the event itself. They are known by what they say, however
 * often and under which number it was sent; their ids begin with a character that ids of events never have.
 */
export function messagesSql(relation: string): string {
  return `(SELECT * REPLACE (
      CASE WHEN said IS NULL THEN id ELSE chr(31) || md5(type || said) END AS id,
      coalesce(said->>'$.type', type) AS type),
      user_id IS NOT NULL AS is_known
    FROM (SELECT *, ${SAID_SQL} AS said FROM ${relation}))`;
}

/** The base's deduplicated events of these partitions. */
export function baseEvents(spec: ComputeSpec, shard: Shard, definitions: Definitions): string {
  return eventsIn(spec, spec.base?.events ?? [], shard, definitions);
}

/**
 * Those of these files. Their statistics of `partition` let DuckDB pass over others; where there are no others, it need not be read. `arrivals`: of
 * all partitions. `more`: columns beside those of events.
 */
export function eventsIn(
  spec: Pick<ComputeSpec, 'dataDir'> & Partial<Pick<ComputeSpec, 'arrivals'>>,
  files: readonly StoredFile[],
  shard: Shard,
  definitions: Definitions,
  more: Columns = {},
): string {
  const events = parquetFiles(spec.dataDir, files, { ...columnsOfEvents(definitions), ...more });
  if (shard.from === 0 && shard.to === spec.arrivals?.length) return events;
  return `(SELECT * FROM ${events} WHERE partition >= ${shard.from} AND partition < ${shard.to})`;
}

/** Rows of these files; without files, none. Files may lack `later` columns: they read NULL. */
export function parquetFiles(
  dataDir: string,
  files: readonly StoredFile[],
  columns: Columns,
  later: ReadonlySet<string> = new Set(),
): string {
  const names = Object.keys(columns);
  const none = `SELECT ${names.map((name) => `NULL::${columns[name]} AS ${quoted(name)}`).join(', ')} WHERE false`;
  if (files.length === 0) return `(${none})`;
  const paths = filesSql(files.map((file) => join(dataDir, file.path)));
  const all = names.map(quoted).join(', ');
  // To unite by name, DuckDB opens every file before it reads any.
  if (!names.some((name) => later.has(name))) return `(SELECT ${all} FROM read_parquet(${paths}, hive_partitioning = false))`;
  const held = `SELECT * FROM read_parquet(${paths}, union_by_name = true, hive_partitioning = false)`;
  return `(SELECT ${all} FROM (${none} UNION ALL BY NAME ${held}))`;
}

/** What is kept of a view's rows until its files are written: by partition where the generation keeps them so. */
export function keptView(view: View): Pick<View, 'name' | 'dimensions' | 'measures'> {
  return GROUPED_VIEWS.includes(view) ? { ...view, dimensions: [...view.dimensions, 'partition'] } : view;
}

/** Dimensions are text, measures integers: in 128 bits while they are summed. Files hold them in 64 (view-files.ts). */
export function viewColumns(view: { readonly dimensions: readonly string[]; readonly measures: readonly string[] }): Columns {
  const dimensions = view.dimensions.map((name) => [name, 'VARCHAR'] as const);
  return Object.fromEntries([...dimensions, ...view.measures.map((name) => [name, 'HUGEINT'] as const)]);
}

/** Rows of a view in its files. */
export function viewFiles(
  dataDir: string,
  files: readonly StoredFile[],
  view: Pick<View, 'name' | 'dimensions' | 'measures'>,
): string {
  const { lines = [], parquet = [] } = byFormat(files);
  if (lines.length === 0) return parquetFiles(dataDir, parquet, viewColumns(view));
  const inLines = rowsFilesSql(dataDir, lines, view);
  if (parquet.length === 0) return inLines;
  return `(FROM ${inLines} UNION ALL FROM ${parquetFiles(dataDir, parquet, viewColumns(view))})`;
}

export function columnList(columns: Columns): string {
  return Object.entries(columns)
    .map(([name, sqlType]) => `${quoted(name)} ${sqlType}`)
    .join(', ');
}

export async function countOf(session: Pick<DuckDb, 'rows'>, table: string): Promise<number> {
  const [row] = await session.rows(`SELECT count(*) AS rows FROM ${table}`);
  return Number(row?.['rows']);
}

/** Runs these statements as one piece of work; resolves with the rows that the last one, which makes a table, gave it. */
export async function rowsMade(session: Pick<DuckDb, 'columns'>, statements: readonly string[]): Promise<number> {
  const [counts] = await session.columns(statements.join('\n;\n'));
  return Number(counts?.[0]);
}

/** Rows of each of these tables, in one statement. */
export async function countsOf(session: Pick<DuckDb, 'rows'>, tables: readonly string[]): Promise<number[]> {
  const counts = tables.map((table, i) => `SELECT ${i} AS i, count(*) AS rows FROM ${table}`);
  const rows = await session.rows(counts.join(' UNION ALL '));
  const known = new Map(rows.map((row) => [row['i'], Number(row['rows'])]));
  return tables.map((_, i) => known.get(i) as number);
}

export function quoted(column: string): string {
  return `"${column}"`;
}
