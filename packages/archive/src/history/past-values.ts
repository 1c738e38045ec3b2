/**
 * Values of definitions at instants of the past, from all archived events of a cut:
 *
 *   rows asked ─▶ their users ─▶ arrivals of these ─▶ first of each id ─▶ what counts for the key ─▶ what windows reach ─▶ bucket of users after bucket ─▶ value(timeline, instant)
 *
 * The value is that of the same pure function that serves the API. DuckDB finds and sorts the events, and lets go to disk what does not fit; one
 * bucket of users is in memory at a time. Who has more than is read gives no value, never a smaller one (law 7).
 */
import { setImmediate } from 'node:timers/promises';
import { TributaryError } from '@tributary/model/errors';
import { EVENT_FIELDS, type Event } from '@tributary/model/event';
import { FIELDS, type Field } from '@tributary/model/event-fields';
import { partitionOf } from '@tributary/model/user-key';
import type { SignalDefinition } from '@tributary/signals/definitions/read';
import { orderedTimeline, type Timeline } from '@tributary/signals/timeline';
import type { SignalValue } from '@tributary/signals/value';
import { countOf } from '../compute/relations.ts';
import { type DuckDb, openDuckDb } from '../duckdb.ts';
import { digestSql, erasureKey } from '../erasure-key.ts';
import { sqlText } from '../sql-text.ts';
import { type ArchivedPast, causeOf } from './archived-past.ts';
import { forgottenNow } from './erased-since.ts';
import { eventFilter } from './event-filter.ts';
import { demandOwnKeys, type Knowledge } from './knowledge.ts';
import { type Asked, type AskedRow, loadAsked, loadEvents } from './load-events.ts';

/** Events of one user within reach of the rows asked: more are not read. */
export interface PastBounds {
  readonly userEvents: number;
  readonly userBytes: number;
  /** Those of the users that are in memory together, but for one that has more alone. */
  readonly bucketBytes: number;
}

export const PAST_BOUNDS: PastBounds = { userEvents: 200_000, userBytes: 64 * 1024 * 1024, bucketBytes: 16 * 1024 * 1024 };

export interface PastQuestion extends Asked {
  /** Absent: event. */
  readonly knowledge?: Knowledge;
  readonly past: ArchivedPast;
  readonly definitions: readonly SignalDefinition[];
  readonly memoryLimit: string;
  readonly signal: AbortSignal;
  readonly bounds?: PastBounds;
}

/** `AFTER_CUT`: what happened until then is not all known yet. `RETIRED`: what it looks back on may have been retired from the archive. `TOO_MANY_EVENTS`: of this user more are within reach than are read. */
export type PastStatus = 'READY' | 'AFTER_CUT' | 'TOO_MANY_EVENTS' | 'RETIRED';

export interface PastRow extends AskedRow {
  /** Its place among those asked, from 0. */
  readonly nr: number;
  readonly status: PastStatus;
  /** By name; null: the status is not READY. */
  readonly values: ReadonlyMap<string, SignalValue> | null;
}

/** Rows in the order of users and instants, each once. Rejects with `store_unavailable` where archived files were replaced, or users of them erased, meanwhile. */
export async function* pastValues(question: PastQuestion): AsyncGenerator<PastRow> {
  const { past, definitions, folder, memoryLimit, signal, bounds = PAST_BOUNDS } = question;
  const session = await openDuckDb({ memoryLimit, threads: 2, tempDir: folder });
  const interrupt = () => session.interrupt();
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    // What was aborted while the session was opened asks nothing, as nothing would interrupt it.
    signal.throwIfAborted();
    demandOwnKeys(past.definitions, question.knowledge ?? 'event');
    await loadAsked(session, question);
    const fields = EVENT_FIELDS.filter(
      (field) => field !== 'properties' || definitions.some(({ fields: own }) => Object.keys(own).length > 0),
    );
    await loadEvents(session, past, { fields, reachMs: reachOf(definitions), filter: eventFilter(definitions) });
    for (const bucket of await bucketsOf(session, bounds)) {
      signal.throwIfAborted();
      yield* valuesIn(session, bucket, { past, definitions, fields, signal, knowledge: question.knowledge ?? 'event' });
    }
    await demandNoneErased(session, past);
  } catch (error) {
    signal.throwIfAborted();
    throw await causeOf(past, error);
  } finally {
    signal.removeEventListener('abort', interrupt);
    await session.close();
  }
}

/** Law 9: asked at the end, as what was read before may take minutes. */
async function demandNoneErased(session: DuckDb, past: ArchivedPast): Promise<void> {
  const { dataDir, cut, forgotten } = past;
  const before = new Set(forgotten.erased);
  const { erased = [] } = await forgottenNow(dataDir, { cut, ...forgotten });
  const since = erased.filter((digest) => !before.has(digest));
  if (since.length === 0) return;
  const digestOfKey = digestSql('user_key', await erasureKey(dataDir));
  const found = await countOf(session, `users WHERE ${digestOfKey} IN (${since.map(sqlText).join(', ')})`);
  if (found === 0) return;
  const message = `users must not be erased while their values are computed (got ${found} who were). Ask for the values again`;
  throw new TributaryError('store_unavailable', message);
}

function reachOf(definitions: readonly SignalDefinition[]): number {
  return Math.max(0, ...definitions.map(({ reachMs }) => reachMs));
}

interface Bucket {
  /** Users by their number, both included. */
  readonly from: bigint;
  readonly to: bigint;
}

/** An event's own bytes besides its properties, and a row's. */
const EVENT_BYTES = 300;
const ROW_BYTES = 100;

async function bucketsOf(session: DuckDb, bounds: PastBounds): Promise<Bucket[]> {
  const [{ name } = { name: null }] = await session.rows(
    "SELECT name FROM pragma_table_info('events') WHERE name = 'properties'",
  );
  const bytes = name === null ? '0' : 'coalesce(strlen(properties), 0)';
  await session.run(`CREATE TABLE weights AS SELECT u.user_nr, u.asked, coalesce(e.bytes, 0) AS bytes,
      coalesce(e.events, 0) > ${bounds.userEvents} OR coalesce(e.bytes, 0) > ${bounds.userBytes} AS is_over
    FROM users AS u LEFT JOIN (SELECT user_nr, count(*) AS events, sum(${EVENT_BYTES} + ${bytes}) AS bytes FROM events GROUP BY user_nr) AS e USING (user_nr)`);
  const found = await session.columns(`SELECT min(user_nr), max(user_nr) FROM (
      SELECT user_nr, sum(${ROW_BYTES} * asked + CASE WHEN is_over THEN 0 ELSE bytes END) OVER (ORDER BY user_nr ROWS UNBOUNDED PRECEDING) // ${bounds.bucketBytes} AS bucket
      FROM weights) GROUP BY bucket ORDER BY bucket`);
  const [from = [], to = []] = found;
  return from.map((first, i) => ({ from: first as bigint, to: to[i] as bigint }));
}

/** How long the event loop waits at the least between two turns. */
const TURN_MS = 50;

interface Evaluated {
  readonly past: ArchivedPast;
  readonly definitions: readonly SignalDefinition[];
  readonly fields: readonly Field[];
  readonly signal: AbortSignal;
  readonly knowledge: Knowledge;
}

async function* valuesIn(
  session: DuckDb,
  bucket: Bucket,
  { past, definitions, fields, signal, knowledge }: Evaluated,
): AsyncGenerator<PastRow> {
  const range = { from: bucket.from, to: bucket.to };
  const arrived = await arrivedIn(session, range, fields, knowledge);
  const rows = session.chunks(
    `SELECT a.nr, u.user_nr, a.user_key, a.at_ms, a.label, w.is_over, a.position FROM asked AS a JOIN users AS u ON u.user_key = a.user_key
     JOIN weights AS w ON w.user_nr = u.user_nr WHERE u.user_nr BETWEEN $from AND $to ORDER BY u.user_nr, a.at_ms, a.nr`,
    range,
  );
  const reachMs = reachOf(definitions);
  let turnedMs = performance.now();
  for await (const [nrs = [], users = [], keys = [], instants = [], labels = [], overs = [], positions = []] of rows)
    for (let i = 0; i < nrs.length; i++) {
      // Who interrupts is heard between rows: conditions on many events may take seconds.
      if (performance.now() - turnedMs > TURN_MS) {
        await setImmediate();
        signal.throwIfAborted();
        turnedMs = performance.now();
      }
      const label = labels[i];
      const asked = {
        nr: Number(nrs[i]),
        user: String(keys[i]),
        atMs: Number(instants[i]),
        label: label == null ? null : String(label),
        position: positions[i] == null || knowledge === 'event' ? null : String(positions[i]),
      };
      const status = statusOf(asked, overs[i] === true, past, reachMs);
      const timeline = timelineOf(arrived.get(Number(users[i])) ?? NOTHING, asked, knowledge);
      const values =
        status === 'READY'
          ? new Map(definitions.map(({ name, evaluate }) => [name, evaluate(timeline, asked.atMs).value]))
          : null;
      yield { ...asked, status, values };
    }
}

function statusOf(
  { user, atMs, position }: AskedRow,
  isOver: boolean,
  { cutMs, cut, retiredBefore }: ArchivedPast,
  reachMs: number,
): PastStatus {
  if (position == null ? atMs > cutMs : position > (cut[partitionOf(user, cut.length)] ?? '')) return 'AFTER_CUT';
  if (retiredBefore !== null && atMs - reachMs < retiredBefore) return 'RETIRED';
  return isOver ? 'TOO_MANY_EVENTS' : 'READY';
}

/** Events of a user in order, and the place of each in the log. */
interface Arrived {
  readonly all: Timeline;
  readonly events: readonly Event[];
  /** With `served` alone. */
  readonly positions: readonly string[];
}

const NOTHING: Arrived = { all: orderedTimeline([]), events: [], positions: [] };

/** What was known for the row: one timeline for all rows of a user that know all, as values look at what lies before each instant alone. */
function timelineOf({ all, events, positions }: Arrived, { atMs, position }: AskedRow, knowledge: Knowledge): Timeline {
  if (knowledge === 'event') return all;
  const known = events.filter((event, i) => (position == null ? event.receivedAt < atMs : (positions[i] as string) <= position));
  return known.length === events.length ? all : orderedTimeline(known);
}

/** By the number of the user. */
async function arrivedIn(
  session: DuckDb,
  range: { readonly from: bigint; readonly to: bigint },
  fields: readonly Field[],
  knowledge: Knowledge,
): Promise<Map<number, Arrived>> {
  const found = new Map<number, { readonly events: Event[]; readonly positions: string[] }>();
  const columns = fields.map((field) => `e."${FIELDS[field].column}"`).join(', ');
  const place = knowledge === 'served' ? 'e.position' : 'NULL';
  const chunks = session.chunks(
    `SELECT e.user_nr, ${place}, ${columns} FROM events AS e JOIN weights AS w ON w.user_nr = e.user_nr
     WHERE e.user_nr BETWEEN $from AND $to AND NOT w.is_over ORDER BY e.user_nr, e.ts, e.id`,
    range,
  );
  for await (const [users = [], positions = [], ...values] of chunks)
    for (let i = 0; i < users.length; i++) {
      const event: Record<string, unknown> = {};
      fields.forEach((field, at) => {
        const value = values[at]?.[i] ?? null;
        if (value !== null) event[field] = readAs(value, field);
      });
      const user = Number(users[i]);
      let own = found.get(user);
      if (own === undefined) found.set(user, (own = { events: [], positions: [] }));
      own.events.push(event as unknown as Event);
      if (knowledge === 'served') own.positions.push(String(positions[i]));
    }
  return new Map([...found].map(([user, own]) => [user, { ...own, all: orderedTimeline(own.events) }]));
}

function readAs(value: unknown, field: Field): unknown {
  if (typeof value === 'bigint') return Number(value);
  return FIELDS[field].type === 'object' ? (JSON.parse(String(value)) as unknown) : value;
}
