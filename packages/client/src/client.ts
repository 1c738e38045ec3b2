/**
 * The client of the serving API.
 *
 *     const tributary = createClient({ url: 'http://127.0.0.1:7401', key: 'tr_…' });
 *     const { rows, meta } = await tributary.attribution({ model: 'linear', by: ['channel'], from: '2026-11-01' });
 *     for await (const page of tributary.pages('touches', { by: ['campaign'], limit: 1_000 })) …
 *     for await (const { type, data } of tributary.outputs({ kinds: ['segment.entered'] })) …
 *     const [ada, eve] = await Promise.all(['ada', 'eve'].map((user) => tributary.signals(user)));   // one request
 */
import { ROUTES } from './api.ts';
import { limitConcurrency } from './concurrency.ts';
import { type Ending, endingOf } from './ending.ts';
import { exchange, type Timing } from './exchange.ts';
import { type Answer, type Asked, isRead, type Operation, type Paged } from './operations.ts';
import { followOutputs, type OutputChoice, type OutputEvent } from './outputs.ts';
import { localProblem } from './problem.ts';
import { type HttpRequest, requestOf } from './request.ts';
import { createSignalReads, type SignalChoice, type UserSignals } from './signal-reads.ts';

export type { Operations } from './api.ts';
export type { Answer, Asked, Operation, Paged } from './operations.ts';
export type { OutputChoice, OutputEvent } from './outputs.ts';
export { type ProblemFields, TributaryProblem } from './problem.ts';
export type { SignalChoice, UserSignals } from './signal-reads.ts';

export interface ClientOptions {
  /** The address of the API with its scheme, such as `http://127.0.0.1:7401`. */
  readonly url: string;
  /** A key of the scope read; of the scope admin for what changes generations. */
  readonly key: string;
  /** A call is given up after this, its turn and attempts included; 30 000. */
  readonly timeoutMs?: number;
  /** Attempts after the first, of reads alone; 6, which last 5.6 s or longer where the API is away. */
  readonly retries?: number;
  /** Requests at a time; 8. */
  readonly concurrency?: number;
  /** Calls, and reads of single users, that may wait; 10 000 of each. */
  readonly maxWaiting?: number;
  /** In place of the global one. */
  readonly fetch?: typeof fetch;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

type Arguments<O extends Operation> =
  object extends Asked<O> ? [asked?: Asked<O>, options?: CallOptions] : [asked: Asked<O>, options?: CallOptions];

/** One method for each operation of the API: docs/api.md and the OpenAPI document describe them. */
export type Client = { readonly [O in Operation]: (...args: Arguments<O>) => Promise<Answer<O>> } & {
  /** The answers of all pages, each with its `meta`; pages are computed at different moments. */
  pages<O extends Paged>(operation: O, ...args: Arguments<O>): AsyncGenerator<Answer<O>, void, undefined>;
  /** The newest signals of a user. Reads that are made together are asked for in one query. */
  signals(userId: string, choice?: SignalChoice, options?: CallOptions): Promise<UserSignals>;
  /** What the speed layer says of users, as it says it: until the signal aborts, over connections that break. */
  outputs(choice?: OutputChoice, options?: CallOptions): AsyncGenerator<OutputEvent, void, undefined>;
};

const REAL: Timing = {
  now: () => performance.now(),
  random: Math.random,
  pause: (ms, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    }),
};

/** Throws TributaryProblem `invalid_request` for an address, a key or a number that cannot be one. `timing`: for tests. */
export function createClient(options: ClientOptions, timing: Timing = REAL): Client {
  assertUsable(options);
  const { url, key, timeoutMs = 30_000, retries = 6, concurrency = 8, maxWaiting = 10_000 } = options;
  const { fetch: given } = options;
  const limited = limitConcurrency(concurrency, maxWaiting);
  // A browser refuses its fetch as a method of anything else.
  const settings = { key, retries, timing, fetch: given ?? ((...args: Parameters<typeof fetch>) => fetch(...args)) };

  async function call<O extends Operation>(operation: O, asked: object = {}, { signal }: CallOptions = {}): Promise<Answer<O>> {
    const request = requestOf(url, operation, asked);
    return send(operation, request, endingOf(request, timeoutMs, timing.now(), signal));
  }

  function send<O extends Operation>(operation: O, request: HttpRequest, ending: Ending): Promise<Answer<O>> {
    return limited(async () => (await exchange(request, isRead(operation), settings, ending)) as Answer<O>, ending);
  }

  async function* pages<O extends Paged>(operation: O, asked: object = {}, how?: CallOptions) {
    let next: { readonly cursor?: string } = {};
    do {
      const page = await call(operation, { ...asked, ...next }, how);
      yield page;
      const { nextCursor } = page as { readonly nextCursor?: string | null };
      next = typeof nextCursor === 'string' ? { cursor: nextCursor } : {};
    } while (next.cursor !== undefined);
  }

  const operations = Object.keys(ROUTES) as Operation[];
  return {
    ...Object.fromEntries(
      operations.map((operation) => [operation, (asked?: object, how?: CallOptions) => call(operation, asked, how)]),
    ),
    pages,
    outputs: (choice: OutputChoice = {}, how: CallOptions = {}) => followOutputs({ url, ...settings }, choice, how),
    signals: createSignalReads(
      {
        begin: (abort) => endingOf(requestOf(url, 'querySignals', {}), timeoutMs, timing.now(), abort),
        query: (asked, ending) => send('querySignals', requestOf(url, 'querySignals', asked), ending),
      },
      maxWaiting,
    ),
  } as unknown as Client;
}

/** Later the first read would fail as if the API were away. */
function assertUsable({ url, key, ...numbers }: ClientOptions): void {
  if (typeof url !== 'string' || !/^https?:\/\//i.test(url) || !URL.canParse(url))
    throw localProblem(
      'invalid_request',
      `url must be the address of the API with its scheme, such as http://127.0.0.1:7401 (got ${JSON.stringify(url) ?? 'nothing'})`,
      'Write http:// or https:// before it.',
    );
  // The key itself is not quoted: messages end up in logs.
  if (typeof key !== 'string' || !/^[!-~]+$/.test(key))
    throw localProblem(
      'invalid_request',
      `key must be a key such as tr_…, of ASCII without spaces or line ends (got ${typeof key === 'string' && key !== '' ? 'other characters' : 'nothing'})`,
      'Give one of the scope read, or admin.',
    );
  for (const [name, least, most] of NUMBERS) {
    const value = numbers[name] ?? least;
    if (!(Number.isInteger(value) || value === Number.POSITIVE_INFINITY) || value < least || value > most)
      throw localProblem(
        'invalid_request',
        `${name} must be a whole number from ${least} to ${most} (got ${typeof value === 'number' ? value : JSON.stringify(value)})`,
        'Leave it out for its default.',
      );
  }
}

/** Options that are numbers, with their bounds. A timer of more than 2^31 − 1 ms would end at once. */
const NUMBERS = [
  ['timeoutMs', 1, 2 ** 31 - 1],
  ['retries', 0, Number.POSITIVE_INFINITY],
  ['concurrency', 1, Number.POSITIVE_INFINITY],
  ['maxWaiting', 0, Number.POSITIVE_INFINITY],
] as const;
