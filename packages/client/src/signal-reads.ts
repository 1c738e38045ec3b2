/** Reads of single users, made one by one and asked for together: all of one turn of the event loop become one query. */
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

interface Reader {
  readonly resolve: (read: UserSignals) => void;
  readonly reject: (reason: unknown) => void;
}

interface Batch {
  readonly choice: SignalChoice;
  readonly users: Map<string, { readonly promise: Promise<UserSignals> } & Reader>;
}

export function createSignalReads(query: (asked: Asked<'querySignals'>) => Promise<QueryAnswer>, mostWaiting: number) {
  /** Those that still take users, by what is chosen. */
  const open = new Map<string, Batch>();
  let waiting = 0;

  async function send({ choice, users }: Batch, ids: readonly string[]): Promise<void> {
    try {
      const { results, meta } = await query({ ...choice, users: [...ids] });
      for (const [i, id] of ids.entries())
        settle(users.get(id), (reader) => reader.resolve({ ...(results[i] as QueryAnswer['results'][number]), meta }));
    } catch (cause) {
      if (ids.length > 1 && isOfSome(cause)) {
        const middle = ids.length >> 1;
        await send({ choice, users }, ids.slice(0, middle));
        await send({ choice, users }, ids.slice(middle));
      } else for (const id of ids) settle(users.get(id), (reader) => reader.reject(cause));
    }
  }

  function settle(reader: Reader | undefined, how: (reader: Reader) => void): void {
    waiting--;
    if (reader !== undefined) how(reader);
  }

  function flush(kind: string): void {
    const batch = open.get(kind);
    open.delete(kind);
    if (batch !== undefined) void send(batch, [...batch.users.keys()]);
  }

  return function read(userId: string, choice: SignalChoice = {}): Promise<UserSignals> {
    const kind = JSON.stringify([choice.names, choice.limit, choice.from, choice.to]);
    let batch = open.get(kind);
    const known = batch?.users.get(userId);
    if (known !== undefined) return known.promise;
    if (waiting >= mostWaiting)
      return Promise.reject(
        localProblem(
          'too_many_waiting',
          `reads that wait must be at most ${mostWaiting} (got one more)`,
          'Await answers before you ask for more, or raise maxWaiting.',
        ),
      );
    if (batch === undefined) {
      const opened: Batch = { choice, users: new Map() };
      batch = opened;
      open.set(kind, opened);
      // A later batch of the same kind has a timer of its own.
      setTimeout(() => open.get(kind) === opened && flush(kind), 0);
    }
    const { promise, resolve, reject } = deferred<UserSignals>();
    batch.users.set(userId, { promise, resolve, reject });
    waiting++;
    if (batch.users.size >= Math.min(MOST_USERS, Math.max(1, Math.floor(MOST_SIGNALS / (choice.limit ?? LIMIT))))) flush(kind);
    return promise;
  };
}

/** Some of the users are the reason: asked for apart, the others are answered. */
function isOfSome(cause: unknown): boolean {
  if (!(cause instanceof TributaryProblem)) return false;
  return cause.code === 'too_much_asked' || cause.code === 'invalid_field' || /^users\b/.test(cause.detail);
}

/** Promise.withResolvers, which Node 20 has not got. */
function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (reason: unknown) => void } {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
