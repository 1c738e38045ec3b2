/** Reads of single users, made one by one and asked for together: all of one turn of the event loop become one query. */
import type { Ending } from './ending.ts';
import type { Answer, Asked } from './operations.ts';
import { localProblem, TributaryProblem } from './problem.ts';

/** All but the users. */
export type SignalChoice = Omit<Asked<'querySignals'>, 'users'>;
type QueryAnswer = Answer<'querySignals'>;
/** `meta` is that of the whole query: it is incomplete where any of its users is. */
export type UserSignals = QueryAnswer['results'][number] & { readonly meta: QueryAnswer['meta'] };

/** The bounds of one query (docs/api.md). */
const MOST_USERS = 1_000;
const MOST_SIGNALS = 20_000;
const LIMIT = 20;

export interface SignalQueries {
  /** The time of a batch begins; `abort` ends it early. */
  begin(abort: AbortSignal): Ending;
  query(asked: Asked<'querySignals'>, ending: Ending): Promise<QueryAnswer>;
}

interface Reader {
  readonly resolve: (read: UserSignals) => void;
  readonly reject: (reason: unknown) => void;
}

interface Batch {
  readonly choice: SignalChoice;
  /** One for all queries that the batch becomes. */
  readonly ending: Ending;
  readonly leave: AbortController;
  readonly users: Map<string, Reader[]>;
  /** Readers that have not aborted. */
  reading: number;
}

export function createSignalReads({ begin, query }: SignalQueries, mostWaiting: number) {
  /** Those that still take users, by what is chosen. */
  const open = new Map<string, Batch>();
  let waiting = 0;

  async function send(batch: Batch, ids: readonly string[]): Promise<void> {
    try {
      const { results, meta } = await query({ ...batch.choice, users: [...ids] }, batch.ending);
      for (const [i, id] of ids.entries()) {
        const read = { ...(results[i] as QueryAnswer['results'][number]), meta };
        settle(batch, id, (reader) => reader.resolve(read));
      }
    } catch (cause) {
      if (ids.length > 1 && isOfSome(cause)) {
        const middle = ids.length >> 1;
        await send(batch, ids.slice(0, middle));
        await send(batch, ids.slice(middle));
      } else for (const id of ids) settle(batch, id, (reader) => reader.reject(cause));
    }
  }

  function settle({ users }: Batch, id: string, how: (reader: Reader) => void): void {
    waiting--;
    users.get(id)?.forEach(how);
  }

  function openBatch(kind: string): Batch {
    const leave = new AbortController();
    // What is compared is what is asked: a caller may change the object of its choice meanwhile.
    const choice = Object.fromEntries(JSON.parse(kind) as [string, unknown][]) as SignalChoice;
    const batch: Batch = { choice, ending: begin(leave.signal), leave, users: new Map(), reading: 0 };
    open.set(kind, batch);
    setTimeout(flush, 0, kind, batch);
    return batch;
  }

  function flush(kind: string, batch: Batch): void {
    // One that was full has been sent, and another of its kind may be open.
    if (open.get(kind) !== batch) return;
    open.delete(kind);
    if (batch.reading === 0) batch.leave.abort();
    // At the end it takes the listeners off the signals of callers.
    void send(batch, [...batch.users.keys()]).then(() => batch.leave.abort());
  }

  return (userId: string, choice: SignalChoice = {}, { signal }: { readonly signal?: AbortSignal } = {}) =>
    new Promise<UserSignals>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const kind = kindOf(choice);
      const known = open.get(kind);
      const readers = known?.users.get(userId) ?? [];
      if (readers.length === 0 && waiting >= mostWaiting)
        return reject(
          localProblem(
            'too_many_waiting',
            `reads that wait must be at most ${mostWaiting} (got one more)`,
            'Await answers before you ask for more, or raise maxWaiting.',
          ),
        );
      const batch = known ?? openBatch(kind);
      const { users, leave } = batch;
      if (readers.length === 0) waiting++;
      users.set(userId, readers);
      readers.push({ resolve, reject });
      batch.reading++;
      const onAbort = (): void => {
        reject(signal?.reason);
        // The query goes on while anybody waits for it.
        if (--batch.reading === 0 && open.get(kind) !== batch) leave.abort();
      };
      signal?.addEventListener('abort', onAbort, { once: true, signal: leave.signal });
      if (users.size >= Math.min(MOST_USERS, Math.max(1, Math.floor(MOST_SIGNALS / (choice.limit ?? LIMIT))))) flush(kind, batch);
    });
}

/** Every field that is given counts, also one that the API refuses: it must not become part of a query that lacks it. */
function kindOf(choice: SignalChoice): string {
  const given = Object.entries(choice).filter(([, value]) => value !== undefined);
  return JSON.stringify(given.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Some of the users are the reason: asked for apart, the others are answered. */
function isOfSome(cause: unknown): boolean {
  if (!(cause instanceof TributaryProblem)) return false;
  return cause.code === 'too_much_asked' || cause.code === 'invalid_field' || /^users\b/.test(cause.detail);
}
