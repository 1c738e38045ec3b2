/**
 * A computation beside the platform: what was viewed by the users who viewed this item too. docs/computations.md
 *
 *   event.enriched ─▶ the user's last items (a signal) ─▶ counts of pairs ─▶ an event "computed" of this user ─▶ a signal
 *
 * Run with Node 24: API, READ_KEY, COLLECTOR, WRITE_KEY and STATE (a file) say where. With an installed client it is imported from "@tributary/client".
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type Client, createClient } from '@tributary/client/client';
import { readSignals } from './recommendations.ts';

/** Changes with what is computed. It is a part of the ids: a new version writes events of its own. */
export const VERSION = '1';
const SHOWN = 5;
const MOST_ITEMS = 10_000;
/** Lines that are sent again are from the last minutes. */
const MOST_HEARD = 10_000;
const REPORTED_EVERY_MS = 5_000;

/** The place in the stream and all that was counted up to it, stored as one: after a crash both go on from the same line. */
export interface State {
  after: string;
  readonly pairs: Record<string, Record<string, number>>;
  /** Ids of the newest events that were computed: a publisher that died, or a store that lost writes, sends lines again. */
  readonly heard: string[];
}

export interface Computed {
  readonly id: string;
  readonly type: 'computed';
  readonly anonymousId: string;
  readonly properties: Readonly<Record<string, string | number>>;
}

interface Line {
  readonly userKey: string;
  readonly event?: {
    readonly id: string;
    readonly type: string;
    readonly ts: number;
    readonly properties?: { readonly item?: unknown };
  };
}

/** Moves `state` on with each line. A line that is read again gives an event with the id that it had: it counts once. */
export async function* coViewed(
  client: Pick<Client, 'outputs' | 'userValues'>,
  state: State,
  { now, signal }: { readonly now: () => number; readonly signal: AbortSignal },
): AsyncGenerator<Computed | null> {
  for await (const { id, type, data } of client.outputs(
    { kinds: ['event.enriched'], after: state.after, places: true },
    { signal },
  )) {
    const { userKey, event } = data as unknown as Line;
    const item = event?.properties?.item;
    let computed: Computed | null = null;
    if (type === 'event.enriched' && event?.type === 'product_view' && typeof item === 'string') {
      const hash = createHash('sha256')
        .update(JSON.stringify([VERSION, userKey, event.id]))
        .digest('hex');
      const ownId = hash.slice(0, 32);
      // By its id: its number may be that of another line by now (docs/outputs.md).
      if (state.heard.includes(ownId)) continue;
      // As of the event: what came after it counts when its own line comes, however late this one is read.
      const { values } = await readSignals(client, userKey, ['lastItems'], event.ts);
      const others = new Set(
        (values.lastItems ?? []).flatMap(({ item: seen }) => (seen === null || seen === item ? [] : [seen])),
      );
      for (const other of others) {
        count(state, item, other);
        count(state, other, item);
      }
      state.heard.push(ownId);
      if (state.heard.length > MOST_HEARD) state.heard.shift();
      const items = best(state, item, others).join(' ');
      const properties = {
        computation: 'coViewed',
        version: VERSION,
        items,
        cause: event.id,
        lagMs: Math.max(0, now() - event.ts),
      };
      // The key of a visitor is not that of a known user: with `userId` it would be from then on.
      computed = { id: ownId, type: 'computed', anonymousId: userKey, properties };
    }
    state.after = id;
    yield computed;
  }
}

function count({ pairs }: State, of: string, beside: string): void {
  if (!Object.hasOwn(pairs, of) && Object.keys(pairs).length >= MOST_ITEMS) return;
  pairs[of] ??= {};
  const counts = pairs[of];
  counts[beside] = (Object.hasOwn(counts, beside) ? (counts[beside] ?? 0) : 0) + 1;
}

/** The most frequent beside the item, by count, then by name; not what the user has seen. */
function best({ pairs }: State, item: string, seen: ReadonlySet<string>): string[] {
  const found = Object.entries(Object.hasOwn(pairs, item) ? (pairs[item] ?? {}) : {}).filter(([other]) => !seen.has(other));
  return found
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, SHOWN)
    .map(([other]) => other);
}

async function main({
  API = '',
  READ_KEY = '',
  COLLECTOR = '',
  WRITE_KEY = '',
  STATE = 'state.json',
}: NodeJS.ProcessEnv): Promise<void> {
  const stored = existsSync(STATE) ? (JSON.parse(readFileSync(STATE, 'utf8')) as Partial<State>) : {};
  const state: State = { after: '', pairs: {}, heard: [], ...stored };
  const client = createClient({ url: API, key: READ_KEY });
  const reports = createClient({ url: API, key: WRITE_KEY });
  let reportedMs = 0;
  const save = () => {
    writeFileSync(`${STATE}.new`, JSON.stringify(state));
    renameSync(`${STATE}.new`, STATE);
  };
  for await (const event of coViewed(client, state, { now: Date.now, signal: new AbortController().signal })) {
    // The state is stored once the event is in the log: a crash in between sends it again, and it counts once.
    while (event !== null && !(await send(`${COLLECTOR}/v1/events`, WRITE_KEY, event))) await pause(1_000);
    save();
    if (Date.now() - reportedMs < REPORTED_EVERY_MS) continue;
    reportedMs = Date.now();
    // Where it is registered (docs/computations.md). One that is not, or whose API is away, goes on all the same.
    const said = { name: 'coViewed', version: VERSION, after: state.after };
    await reports.reportProgress(said).catch(({ message }: Error) => console.error(`how far it is was not taken: ${message}`));
  }
}

async function send(url: string, key: string, event: Computed): Promise<boolean> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ batch: [event] }) }).catch(() => null);
  if (response !== null && response.status >= 400 && response.status < 500 && response.status !== 429)
    throw new Error(await response.text());
  return response?.ok === true;
}

if (process.argv[1] === import.meta.filename) await main(process.env);
