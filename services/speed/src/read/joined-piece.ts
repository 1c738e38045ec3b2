/**
 * One piece of an archive that is read as users' records: what DuckDB joins of it, what is applied line by line, and whether it may be joined at all.
 *
 *   preparePiece  in DuckDB: who is apart, and the lines of the others as one text, user by user       while the piece before it is
 *   entriesOf     here: whose lines these are, and that each is an event of its user                   looked at, applied and committed
 *
 * Line by line, in the same commit, go users of whom two events may have one id, in what was read of the partition so far; whose record may be due to be
 * trimmed; and of whom the platform itself says something. What is too old for a record is left out here as there (`addEffects` in apply.ts).
 *
 * A piece in which a line is not an event of its user in this partition is not joined: it is read as any other entries are, which parks that line and
 * says why. So is one of which too much would be loaded at once.
 */
import type { DuckDb, SqlRow } from '@tributary/archive/duckdb';
import { sqlText } from '@tributary/archive/sql-text';
import type { Position } from '@tributary/log/port';
import { RESERVED_PREFIX } from '@tributary/model/identity/message-line';
import { decodeLine } from '@tributary/model/reading/decode-line';
import { entriesIn, NO_BOUND_MS } from './archived-lines.ts';
import type { ApartLine, ReadEntry } from './decode.ts';
import { linesByUser, userOf } from './joined-lines.ts';
import { createRecordLengths, type RecordLengths } from './record-lengths.ts';

/** How records are kept while nothing is counted. */
export interface JoinRules {
  /** How far back from log time a record takes an event, ms. */
  readonly keptMs: number;
  /** UTF-16 units of a record which is never trimmed. */
  readonly untrimmedLength: number;
}

/** What is known of a partition up to where it was read. */
export interface Reading {
  readonly session: DuckDb;
  readonly partition: number;
  /** How many the log has. */
  readonly partitions: number;
  readonly rules: JoinRules;
  logTimeMs: number;
  /** Log time behind the piece that was prepared last, where all of its lines are events. */
  expectedMs: number;
  readonly lengths: RecordLengths;
}

/** What lies in a table, and ends at a position. Tables of pieces that follow each other have other names. */
export interface Piece {
  readonly table: string;
  readonly upTo: Position;
}

export interface PreparedPiece extends Piece {
  /** Log time before it, as it was expected: with another one it has to be prepared once more. */
  readonly beforeMs: number;
  /** Log time at its end, where all of its lines are events. */
  readonly logTimeMs: number;
  /** Whether each row is filed under its own user. */
  readonly isOwn: boolean;
  /** Rows of users who are apart. */
  readonly apart: number;
  /** Lines of the others, each ending in "\n": what records take, and what is too old for them. */
  readonly text: Buffer;
  readonly old: Buffer;
}

/** Users whose records may be long. */
const MOST_STRAYS = 64;
/** Lines that are applied one by one, and UTF-16 units of their users' records: those of an entry are loaded all at once. */
const MOST_APART = 2_048;
const MOST_APART_LENGTH = 8 * 2 ** 20;

export async function startReading(of: Omit<Reading, 'lengths' | 'expectedMs'>): Promise<Reading> {
  await of.session.run('CREATE TABLE seen (identity UBIGINT)');
  return { ...of, lengths: createRecordLengths(of.partitions), expectedMs: of.logTimeMs };
}

/** The columns of a table that `preparePiece` reads, `line` being the canonical line of the row. */
export function pieceColumns(line: string): string {
  return `position, entry_index, user_key, ts, received_at, ${IDENTITY} AS identity,
    coalesce(user_key = ${USER}, false) AS is_own, starts_with(type, ${sqlText(RESERVED_PREFIX)}) AS is_reserved, ${line} AS line`;
}

/** In which its rows lie. */
export const PIECE_ORDER = 'ORDER BY user_key, position, entry_index';

const USER = 'coalesce(user_id, anonymous_id)';
/** The event that the line is, also where the row is filed under another user. */
const IDENTITY = `hash(${USER}, id)`;

/** What lies before the place where reading begins: `lines` has the columns user_key, user_id, anonymous_id, id and line. */
export async function passOver({ session, lengths }: Reading, lines: string): Promise<void> {
  await session.run(`CREATE OR REPLACE TABLE passed AS SELECT user_key, ${IDENTITY} AS identity, strlen(line) + 1 AS bytes FROM (${lines});
    INSERT INTO seen SELECT identity FROM passed`);
  for await (const [users = [], bytes = []] of session.chunks(
    'SELECT user_key, sum(bytes)::DOUBLE FROM passed GROUP BY user_key',
  ))
    for (const [i, user] of users.entries()) lengths.add(String(user), Number(bytes[i]));
  await session.run('DROP TABLE passed');
}

/** The events of a piece are known by their ids when the next ones are prepared. */
export async function noteSeen({ session }: Reading, table: string): Promise<void> {
  await session.run(`INSERT INTO seen SELECT identity FROM ${table}`);
}

export async function preparePiece(reading: Reading, piece: Piece): Promise<PreparedPiece> {
  const { session, rules, expectedMs: beforeMs } = reading;
  const { table } = piece;
  await session.run(`CREATE OR REPLACE TABLE ${apartOf(table)} AS SELECT DISTINCT user_key FROM ${table}
    WHERE is_reserved
      OR identity IN (SELECT identity FROM ${table} GROUP BY identity HAVING count(*) > 1)
      OR identity IN (SELECT identity FROM seen SEMI JOIN ${table} USING (identity))`);
  const [of = {}] =
    await session.rows(`SELECT max(received_at)::DOUBLE AS newest, min(ts)::DOUBLE AS oldest, bool_and(is_own) AS is_own,
      (SELECT count(*)::INTEGER FROM ${table} SEMI JOIN ${apartOf(table)} USING (user_key)) AS apart FROM ${table}`);
  const logTimeMs = Math.max(beforeMs, Number(of['newest'] ?? 0));
  reading.expectedMs = logTimeMs;
  const isOld = Number(of['oldest'] ?? 0) <= logTimeMs - rules.keptMs;
  const others = Number(of['apart']) === 0 ? '' : `ANTI JOIN ${apartOf(table)} USING (user_key)`;
  const texts = isOld ? linesOfSome(timed(table, beforeMs), rules, others) : linesOfAll(table, others);
  const [joined = {}] = await session.rows(texts);
  // Then it is read line by line.
  if (joined['in_order'] === false) throw new Error('lines were joined in another order than they lie in');
  const known = { beforeMs, logTimeMs, isOwn: of['is_own'] !== false, apart: Number(of['apart']) };
  return { ...piece, ...known, text: textOf(joined, 'text'), old: textOf(joined, 'old') };
}

const apartOf = (table: string) => `apart_${table}`;

/** Log time with each event, where it decides about any. */
function timed(table: string, beforeMs: number): string {
  return `(SELECT *, greatest(${beforeMs}, max(received_at) OVER (ORDER BY position, entry_index)) AS log_time_ms FROM ${table})`;
}

/**
 * The lines, by user, in log order, and whether they are. One thread reads a table that lies in this order, and nothing is sorted once more, which would
 * take three times as long.
 */
function linesOfAll(table: string, others: string): string {
  return `SELECT encode(string_agg(line, chr(10)) || chr(10)) AS text, NULL AS old, ${others === '' ? 'list(rowid) = range(count(*))' : 'list(rowid) = list_sort(list(rowid))'} AS in_order
    FROM ${table} ${others}`;
}

/** The same, where records take some of them: those, and the others. */
function linesOfSome(from: string, { keptMs }: JoinRules, others: string): string {
  const isKept = `coalesce(ts > log_time_ms - ${keptMs}, false)`;
  const joined = (where: string) =>
    `encode(string_agg(line, chr(10) ORDER BY user_key, position, entry_index) FILTER (WHERE ${where}) || chr(10))`;
  return `SELECT ${joined(isKept)} AS text, ${joined(`NOT ${isKept}`)} AS old FROM ${from} AS rows ${others}`;
}

const NO_TEXT = Buffer.alloc(0);

/** A BLOB is a copy of its own. */
function textOf(row: SqlRow, column: string): Buffer {
  const blob = row[column] as { readonly bytes: Uint8Array } | null | undefined;
  if (blob == null) return NO_TEXT;
  const { buffer, byteOffset, byteLength } = blob.bytes;
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** One entry that stands for all of the piece, or those of the log. */
export async function entriesOf(reading: Reading, piece: PreparedPiece): Promise<readonly ReadEntry[]> {
  const joined = piece.isOwn ? appendsIn(reading, piece) : null;
  const apart = joined === null ? null : await linesApart(reading, piece, joined.strays);
  if (joined === null || apart === null) return lineByLine(reading, piece);
  const { logTimeMs, upTo } = piece;
  reading.logTimeMs = logTimeMs;
  const { appends, lines } = joined;
  const entry: ReadEntry = {
    ...{ partition: reading.partition, position: upTo, kind: 'events', body: '', appendedMs: NO_BOUND_MS, lineNumbers: [] },
    joined: { appends, lines, apart, logTimeMs },
  };
  return [entry];
}

interface Appends {
  readonly appends: ReadonlyMap<string, Buffer>;
  readonly lines: number;
  /** Who must be apart, too. */
  readonly strays: readonly string[];
}

/** null: not all of it is events of users who live here. */
function appendsIn(reading: Reading, { text, old }: PreparedPiece): Appends | null {
  const { rules, lengths } = reading;
  if (linesByUser(old, reading) === null) return null;
  const users = linesByUser(text, reading);
  if (users === null) return null;
  const appends = new Map<string, Buffer>();
  const strays: string[] = [];
  let lines = 0;
  for (const user of users) {
    // A byte is a UTF-16 unit, or less than one.
    if (lengths.add(user.userKey, user.text.length) > rules.untrimmedLength) strays.push(user.userKey);
    else {
      if (appends.has(user.userKey)) throw new Error('the lines of a user were not joined one behind the other');
      appends.set(user.userKey, user.text);
      lines += user.lines;
    }
  }
  return { appends, lines, strays };
}

/** null: one of them is not an event of its user, or they are too many to be applied at once. */
async function linesApart(reading: Reading, piece: PreparedPiece, strays: readonly string[]): Promise<ApartLine[] | null> {
  const { session, lengths } = reading;
  const { table, beforeMs } = piece;
  if (strays.length > MOST_STRAYS || piece.apart > MOST_APART) return null;
  if (strays.length + piece.apart === 0) return [];
  const apart = apartOf(table);
  if (strays.length > 0)
    await session.run(`INSERT INTO ${apart} VALUES ${strays.map((user) => `(${sqlText(user)})`).join(', ')}`);
  const rows = `${timed(table, beforeMs)} AS rows SEMI JOIN ${apart} USING (user_key)`;
  const [counted] = await session.rows(`SELECT count(*)::INTEGER AS rows FROM ${rows}`);
  if (Number(counted?.['rows']) > MOST_APART) return null;
  const lines: ApartLine[] = [];
  const known = new Set(strays);
  const users = new Set<string>();
  const inOrder = `SELECT position, entry_index, user_key, line, log_time_ms FROM ${rows} ORDER BY position, entry_index`;
  for await (const [positions = [], numbers = [], keys = [], texts = [], times = []] of session.chunks(inOrder))
    for (const [i, position] of positions.entries()) {
      const [userKey, line] = [String(keys[i]), String(texts[i])];
      if (userOf(line, reading) !== userKey) return null;
      users.add(userKey);
      if (!known.has(userKey)) lengths.add(userKey, line.length + 1);
      lines.push({ position: String(position), lineNumber: Number(numbers[i]), line, logTimeMs: Number(times[i]) });
    }
  let loaded = 0;
  for (const userKey of users) loaded += lengths.of(userKey);
  return loaded > MOST_APART_LENGTH ? null : lines;
}

/** As the log had it. Log time follows those lines that are events. */
async function lineByLine(reading: Reading, { table }: Piece): Promise<readonly ReadEntry[]> {
  const { session, partition, partitions, lengths } = reading;
  const [total] = await session.rows(`SELECT sum(strlen(line))::DOUBLE AS bytes FROM ${table}`);
  const bytes = Number(total?.['bytes']);
  const entries = await entriesIn(session, `SELECT position, entry_index, line FROM ${table}`, { partition, bytes });
  for (const { body } of entries)
    for (const line of body.split('\n')) {
      const decoded = decodeLine(line, partition, partitions, NO_BOUND_MS);
      if (!decoded.ok) continue;
      reading.logTimeMs = Math.max(reading.logTimeMs, decoded.event.receivedAt);
      lengths.add(decoded.userKey, line.length + 1);
    }
  return entries;
}
