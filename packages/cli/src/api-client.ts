/** Calls the serving API. Errors become messages a person can act on; a silent API is a missing dependency. */

import { isPlainServer, PLAIN_SERVER_FIX, reasonOf } from '@tributary/importing/sending/unanswered';
import { parseExactJson } from '@tributary/model/exact-json';
import { CommandError, EXIT, isOfUsage } from './exit.ts';

/** Integers beyond 2^53 in an answer come as bigints, with all their digits: sums have no bound. */
export interface ApiClient {
  get<T>(path: string, query?: Query): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  delete<T>(path: string): Promise<T>;
  /** An answer of lines, each as soon as it is there; its end may come early, and the last line says whether it did. */
  lines(path: string, query?: Query, how?: Reading): AsyncGenerator<string, void, undefined>;
  /** An answer of any length, part by part; one that breaks off rejects, where the API said how long it is. */
  bytes(path: string, query?: Query, how?: Reading): AsyncGenerator<Uint8Array, void, undefined>;
}

export interface Reading {
  /** Beside that of the key. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Called with what a file lacks, before its first part. */
  readonly onLack?: (text: string) => void;
}

/** A name is written once for each value of a list. */
export type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

const TIMEOUT_MS = 60_000;
/** A command that says nothing for longer looks as if it hung. */
const SLOW_MS = 2_000;

interface Patience {
  readonly timeoutMs?: number;
  /** Called once a request that is slow, with what to say of it. */
  readonly onSlow?: (text: string) => void;
}

export function createApiClient(
  url: string,
  key: string,
  fetcher: typeof fetch,
  { timeoutMs = TIMEOUT_MS, onSlow = () => {} }: Patience = {},
): ApiClient {
  const call = async <T>(method: 'GET' | 'POST' | 'DELETE', target: URL, body?: unknown): Promise<T> => {
    const slow = setTimeout(() => onSlow(`waiting for the API at ${url}, up to ${timeoutMs / 1_000} s`), SLOW_MS);
    const { status, text, isOurs } = await exchange(url, fetcher, target, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    }).finally(() => clearTimeout(slow));
    if (!isOurs && !BEFORE_US.has(status)) throw notAnApi(url, `${method} ${target.pathname}`, status);
    if (status < 200 || status > 299) throw problemOf(method, target, status, text, body);
    return parsed<T>(target, text);
  };
  return {
    get: (path, query) => call('GET', withQuery(url, path, query ?? {})),
    post: (path, body) => call('POST', withQuery(url, path, {}), body),
    delete: (path) => call('DELETE', withQuery(url, path, {})),
    lines: (path, query, how) => linesOf(bytesOf(url, key, fetcher, withQuery(url, path, query ?? {}), how)),
    bytes: (path, query, how) => bytesOf(url, key, fetcher, withQuery(url, path, query ?? {}), { ...how, silenceMs: WRITING_MS }),
  };
}

/** How long the next part of an answer may take: the API gives a sign of life before. */
const SILENCE_MS = 60_000;
/** The same for a file, which the API writes before it sends anything of it. */
const WRITING_MS = 960_000;

async function* linesOf(parts: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const bytes of parts) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

async function* bytesOf(
  url: string,
  key: string,
  fetcher: typeof fetch,
  target: URL,
  { headers = {}, onLack = () => {}, silenceMs = SILENCE_MS }: Reading & { readonly silenceMs?: number } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const silent = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silent.abort(new Error(`nothing came for ${silenceMs / 1_000} s`)), silenceMs);
  };
  try {
    alive();
    const response = await fetcher(target, { headers: { ...headers, authorization: `Bearer ${key}` }, signal: silent.signal });
    if (response.headers.get('x-tributary') !== 'api' && !BEFORE_US.has(response.status))
      throw notAnApi(url, `GET ${target.pathname}`, response.status);
    if (!response.ok) throw problemOf('GET', target, response.status, await response.text(), undefined);
    const lack = response.headers.get('x-tributary-incomplete');
    if (lack !== null) onLack(lack);
    for await (const bytes of response.body ?? []) {
      alive();
      yield bytes as Uint8Array;
    }
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    throw unreachable(url, cause);
  } finally {
    clearTimeout(timer);
    silent.abort();
  }
}

async function exchange(
  url: string,
  fetcher: typeof fetch,
  target: URL,
  init: RequestInit,
): Promise<{ status: number; text: string; isOurs: boolean }> {
  try {
    const response = await fetcher(target, init);
    return { status: response.status, text: await response.text(), isOurs: response.headers.get('x-tributary') === 'api' };
  } catch (cause) {
    throw unreachable(url, cause);
  }
}

function unreachable(url: string, cause: unknown): CommandError {
  return new CommandError(
    {
      code: 'api_unreachable',
      message: `the API at ${url} does not answer: ${reasonOf(cause)}`,
      fix: isPlainServer(cause) ? PLAIN_SERVER_FIX : 'Start the platform with "npm start", or name its API with --url.',
      exitCode: EXIT.missing,
    },
    { cause },
  );
}

/** Answers of a proxy whose server does not answer it. */
const BEFORE_US: ReadonlySet<number> = new Set([502, 503, 504]);

/** Nothing of the answer is quoted: it may be a page of any length, and means nothing here. */
function notAnApi(url: string, request: string, status: number): CommandError {
  return new CommandError({
    code: 'not_an_api',
    message: `${url} is not the API of Tributary, or an older version of it: it answered ${request} with ${status} and without the header x-tributary`,
    fix: 'Name the API with --url; "npm start" prints its address.',
    exitCode: EXIT.missing,
  });
}

/** Says where ids come from when the one that was asked for is not there. */
export async function orWhere<T>(answer: Promise<T>, fix: string): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    if (!(cause instanceof CommandError) || cause.code !== 'not_found') throw cause;
    throw new CommandError({ code: cause.code, message: cause.message, fix, exitCode: cause.exitCode }, { cause });
  }
}

/** A problem detail (RFC 9457) as an error; whatever else answered is quoted. */
function problemOf(method: string, target: URL, status: number, text: string, body: unknown): CommandError {
  let problem: { code?: string; detail?: string; fix?: string } = {};
  try {
    problem = JSON.parse(text) as typeof problem;
  } catch {
    // Not one of ours, a proxy's page perhaps: quoted below.
  }
  const detail = problem.detail ?? text.slice(0, 200);
  // The options were wrong: where it was asked is nothing to the caller.
  if (status === 400 && problem.code !== undefined && isOfUsage(problem.code)) {
    const typed = asTyped(detail, target.searchParams) ?? asTypedInBody(detail, body);
    const ours = 'Correct the option that the message names; --help lists them.';
    return new CommandError({
      code: problem.code,
      message: typed ?? detail,
      fix: typed === null ? (problem.fix ?? ours) : ours,
      exitCode: EXIT.usage,
    });
  }
  return new CommandError({
    code: problem.code ?? `http_${status}`,
    message: `${method} ${target} answered ${status}: ${detail}`,
    fix:
      status === 401 || status === 403
        ? 'Give a key of the needed scope with --key or TRIBUTARY_KEY.'
        : isUnknownRoute(status, detail)
          ? OTHER_VERSION_FIX
          : status === 404 && target.searchParams.get('layer') === 'staged'
            ? 'See "tributary batch status" for the generations there are, or leave --layer out.'
            : (problem.fix ?? 'See the log of the API.'),
    exitCode: status === 502 || status === 503 || status === 504 ? EXIT.missing : EXIT.found,
  });
}

/** As an API answers that does not know the route, an older one as well: what an id is missing from has other words. */
function isUnknownRoute(status: number, detail: string): boolean {
  return status === 404 && /^(?:there is no )?(?:GET|POST|DELETE) \//.test(detail);
}

const OTHER_VERSION_FIX = 'The API is of another version than this command line: upgrade the older of the two.';

/** Parameters of the API whose flag has another name. */
const FLAGS: Readonly<Record<string, string>> = { convertTo: 'convert-to' };

/** What the API says of a parameter, said of the flag that was typed, with its value; null where it names none that was. */
function asTyped(detail: string, parameters: URLSearchParams): string | null {
  const [name = ''] = /^\w+(?=: | must )/.exec(detail) ?? [];
  const value = parameters.get(name);
  if (value === null) return null;
  const said = `--${FLAGS[name] ?? name}${detail.slice(name.length)}`;
  return said.includes('(got ') ? said : `${said} (got "${value}")`;
}

/** Flags that go into the body under another name, and those of the same. */
const FLAGS_OF_BODY: Readonly<Record<string, string>> = {
  lookbackDays: 'lookback',
  windowDays: 'window',
  definitions: 'definitions',
  promote: 'promote',
};

/** The same of what was sent in the body; what the API says names the value by itself. */
function asTypedInBody(detail: string, body: unknown): string | null {
  const [name = ''] = /^\w+(?= must )/.exec(detail) ?? [];
  const flag = FLAGS_OF_BODY[name];
  const wasSent = typeof body === 'object' && body !== null && name in body;
  return flag === undefined || !wasSent ? null : `--${flag}${detail.slice(name.length)}`;
}

function parsed<T>(target: URL, text: string): T {
  try {
    return parseExactJson(text) as T;
  } catch (cause) {
    throw new CommandError(
      {
        code: 'not_an_api',
        message: `${target} answered "${text.slice(0, 80)}", which is not JSON`,
        fix: 'Name the API with --url.',
      },
      { cause },
    );
  }
}

function withQuery(url: string, path: string, query: Query): URL {
  const target = new URL(url + path);
  for (const [name, value = []] of Object.entries(query))
    for (const each of [value].flat()) target.searchParams.append(name, String(each));
  return target;
}
