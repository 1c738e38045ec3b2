/**
 * One piece of an archive that is read as users' records: what DuckDB joins of it, what is applied line by line, and whether it may be joined at all.
 *
 * Line by line, in the same commit, go users of whom two events may have one id, in what was read of the partition so far; whose record may be due to be
 * trimmed; and of whom the platform itself says something. What is too old for a record is left out here as there (`addEffects` in apply.ts).
 *
 * A piece in which a line is not an event of its user in this partition is not joined: it is read as any other entries are, which parks that line and
 * says why. So is one of which too much would be loaded at once.
 */
import type { DuckDb } from '@tributary/archive/duckdb';
import { sqlText } from '@tributary/archive/sql-text';
import type { Position } from '@tributary/log/port';
import { RESERVED_PREFIX } from '@tributary/model/identity/message-line';
import { decodeLine } from '@tributary/model/reading/decode-line';
import { createPlainLineReader } from '@tributary/model/reading/plain-line';
import { partitionOf } from '@tributary/model/user-key';
import { entriesIn, NO_BOUND_MS } from './archived-lines.ts';
import type { ApartLine, ReadEntry } from './decode.ts';
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
  readonly lengths: RecordLengths;
}

/** Users whose records may be long. */
const MOST_STRAYS = 64;
/** Lines that are applied one by one, and UTF-16 units of their users' records: those of an entry are loaded all at once. */
const MOST_APART = 2_048;
const MOST_APART_LENGTH = 8 * 2 ** 20;
/** UTF-8 bytes of lines of which DuckDB makes the entries, in memory; more are read row by row, which it can spill. */
const MOST_AGGREGATED_BYTES = 16 * 2 ** 20;

export async function startReading(of: Omit<Reading, 'lengths'>): Promise<Reading> {
  await of.session.run('CREATE TABLE seen (identity UBIGINT); CREATE TABLE apart (user_key VARCHAR)');
  return { ...of, lengths: createRecordLengths(of.partitions) };
}

/** The columns of a table of which `entriesOfPiece` reads a piece, `line` being the canonical line of the row. */
export function pieceColumns(line: string): string {
  return `position, entry_index, user_key, ts, received_at, ${IDENTITY} AS identity,
    starts_with(type, ${sqlText(RESERVED_PREFIX)}) AS is_reserved, ${line} AS line`;
}

/** In which its rows lie. */
export const PIECE_ORDER = 'ORDER BY user_key, position, entry_index';

/** The event that the line is, also where the row is filed under another user. */
const IDENTITY = 'hash(coalesce(user_id, anonymous_id), id)';

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

/** What lies in the table `piece`, and ends at the position: one entry that stands for all of it, or those of the log. */
export async function entriesOfPiece(reading: Reading, position: Position, piece: string): Promise<readonly ReadEntry[]> {
  const { session, partition, rules, logTimeMs: beforeMs } = reading;
  const [times] = await session.rows(`SELECT max(received_at)::DOUBLE AS newest, min(ts)::DOUBLE AS oldest FROM ${piece}`);
  const logTimeMs = Math.max(beforeMs, Number(times?.['newest'] ?? 0));
  await session.run(`CREATE OR REPLACE TABLE apart AS SELECT DISTINCT user_key FROM ${piece}
    WHERE is_reserved
      OR identity IN (SELECT identity FROM ${piece} GROUP BY identity HAVING count(*) > 1)
      OR identity IN (SELECT identity FROM seen SEMI JOIN ${piece} USING (identity));
    INSERT INTO seen SELECT identity FROM ${piece}`);
  // Log time with each event, where it decides about any.
  const timed = `(SELECT *, greatest(${beforeMs}, max(received_at) OVER (ORDER BY position, entry_index)) AS log_time_ms FROM ${piece})`;
  const isOld = Number(times?.['oldest'] ?? 0) <= logTimeMs - rules.keptMs;
  const kept = `coalesce(ts > log_time_ms - ${rules.keptMs}, false)`;
  const joined = await appendsIn(reading, isOld ? linesOfSome(timed, kept) : linesOfAll(piece));
  const apart = joined === null ? null : await linesApart(reading, timed, joined.strays);
  if (joined === null || apart === null) return lineByLine(reading, piece);
  reading.logTimeMs = logTimeMs;
  const { appends, lines } = joined;
  const entry: ReadEntry = {
    ...{ partition, position, kind: 'events', body: '', appendedMs: NO_BOUND_MS, lineNumbers: [] },
    joined: { appends, lines, apart, logTimeMs },
  };
  return [entry];
}

interface Appends {
  readonly appends: ReadonlyMap<string, string>;
  readonly lines: number;
  /** Who must be apart, too. */
  readonly strays: readonly string[];
}

/**
 * By user: the lines, in log order, and whether they are. One thread reads a table that lies in this order, and nothing is sorted once more, which would
 * take three times as long.
 */
function linesOfAll(piece: string): string {
  return `SELECT user_key, string_agg(line || chr(10), ''), NULL,
      first(rowid) = min(rowid) AND last(rowid) = max(rowid) AND max(rowid) - min(rowid) + 1 = count(*)
    FROM ${piece} ANTI JOIN apart USING (user_key) GROUP BY user_key`;
}

/** The same, where records take some of them: those, and the others. */
function linesOfSome(from: string, isKept: string): string {
  return `SELECT user_key, string_agg(line || chr(10), '' ORDER BY position, entry_index) FILTER (WHERE ${isKept}),
      string_agg(line || chr(10), '') FILTER (WHERE NOT ${isKept}), true
    FROM ${from} AS rows ANTI JOIN apart USING (user_key) GROUP BY user_key`;
}

/** `joined`: of the users who are not `apart`. null: not all of it is events of these users, who live here. */
async function appendsIn(reading: Reading, joined: string): Promise<Appends | null> {
  const { session, rules, lengths } = reading;
  const appends = new Map<string, string>();
  const strays: string[] = [];
  let lines = 0;
  for await (const [users = [], texts = [], olds = [], inOrder = []] of session.chunks(joined))
    for (let row = 0; row < users.length; row++) {
      // Then it is read line by line.
      if (inOrder[row] !== true) throw new Error('lines were joined in another order than they lie in');
      const userKey = String(users[row]);
      const [text, old] = [texts[row] ?? null, olds[row] ?? null] as [text: string | null, old: string | null];
      if (old !== null && eventsOf(userKey, old, reading) < 0) return null;
      if (text === null) continue;
      const count = eventsOf(userKey, text, reading);
      if (count < 0) return null;
      if (lengths.add(userKey, text.length) > rules.untrimmedLength) strays.push(userKey);
      else {
        appends.set(userKey, text);
        lines += count;
      }
    }
  return { appends, lines, strays };
}

const reader = createPlainLineReader();

interface Home {
  readonly partition: number;
  readonly partitions: number;
}

/** How many lines the text has, each ending in "\n"; -1: one of them is not an event of the user in this partition. */
function eventsOf(userKey: string, text: string, { partition, partitions }: Home): number {
  if (partitionOf(userKey, partitions) !== partition) return -1;
  // Most are ASCII: these are taken in as they are.
  const isPlain = reader.open(text) === text.length;
  let lines = 0;
  for (let from = 0; from < text.length; lines++) {
    const to = text.indexOf('\n', from);
    const isEvent = isPlain && reader.isEventOf(userKey, from, to, NO_BOUND_MS);
    if (!isEvent && !isEventOf(userKey, text.slice(from, to), { partition, partitions })) return -1;
    from = to + 1;
  }
  return lines;
}

function isEventOf(userKey: string, line: string, { partition, partitions }: Home): boolean {
  const decoded = decodeLine(line, partition, partitions, NO_BOUND_MS);
  return decoded.ok && decoded.userKey === userKey;
}

/** null: one of them is not an event of its user, or they are too many to be applied at once. */
async function linesApart(reading: Reading, timed: string, strays: readonly string[]): Promise<ApartLine[] | null> {
  const { session, lengths } = reading;
  if (strays.length > MOST_STRAYS) return null;
  if (strays.length > 0) await session.run(`INSERT INTO apart VALUES ${strays.map((user) => `(${sqlText(user)})`).join(', ')}`);
  const [counted] = await session.rows(`SELECT count(*)::INTEGER AS rows FROM ${timed} SEMI JOIN apart USING (user_key)`);
  const count = Number(counted?.['rows']);
  if (count > MOST_APART) return null;
  const lines: ApartLine[] = [];
  if (count === 0) return lines;
  const known = new Set(strays);
  const users = new Set<string>();
  const apart = `SELECT position, entry_index, user_key, line, log_time_ms FROM ${timed} SEMI JOIN apart USING (user_key) ORDER BY position, entry_index`;
  for await (const [positions = [], numbers = [], keys = [], texts = [], times = []] of session.chunks(apart))
    for (const [i, position] of positions.entries()) {
      const [userKey, line] = [String(keys[i]), String(texts[i])];
      if (!isEventOf(userKey, line, reading)) return null;
      users.add(userKey);
      if (!known.has(userKey)) lengths.add(userKey, line.length + 1);
      lines.push({ position: String(position), lineNumber: Number(numbers[i]), line, logTimeMs: Number(times[i]) });
    }
  let loaded = 0;
  for (const userKey of users) loaded += lengths.of(userKey);
  return loaded > MOST_APART_LENGTH ? null : lines;
}

/** As the log had it. Log time follows those lines that are events. */
async function lineByLine(reading: Reading, piece: string): Promise<readonly ReadEntry[]> {
  const { session, partition, partitions, lengths } = reading;
  const [total] = await session.rows(`SELECT sum(strlen(line))::DOUBLE AS bytes FROM ${piece}`);
  const isJoined = Number(total?.['bytes']) <= MOST_AGGREGATED_BYTES;
  const entries = await entriesIn(session, `SELECT position, entry_index, line FROM ${piece}`, { partition, isJoined });
  for (const { body } of entries)
    for (const line of body.split('\n')) {
      const decoded = decodeLine(line, partition, partitions, NO_BOUND_MS);
      if (!decoded.ok) continue;
      reading.logTimeMs = Math.max(reading.logTimeMs, decoded.event.receivedAt);
      lengths.add(decoded.userKey, line.length + 1);
    }
  return entries;
}
