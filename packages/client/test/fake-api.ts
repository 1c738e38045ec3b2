/** A fetch that answers from a list, and a clock that only pauses move. */
import type { Timing } from '../src/exchange.ts';

export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
}

export type Answering = (sent: Sent, index: number) => Response | Error | Promise<Response>;

export function fakeApi(answer: Answering, random = 0.5) {
  const sent: Sent[] = [];
  const pauses: number[] = [];
  let nowMs = 0;
  const timing: Timing = {
    now: () => nowMs,
    random: () => random,
    async pause(ms) {
      pauses.push(ms);
      nowMs += ms;
    },
  };
  const fetcher = (async (url: string, { method = 'GET', body = null }: RequestInit = {}) => {
    const one = { method, url, body: typeof body === 'string' ? (JSON.parse(body) as unknown) : null };
    sent.push(one);
    const answered = await answer(one, sent.length - 1);
    if (answered instanceof Error) throw answered;
    return answered;
  }) as unknown as typeof fetch;
  return { sent, pauses, timing, options: { url: 'http://api.test/', key: 'tr_1_x', fetch: fetcher } };
}

export function json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(typeof value === 'string' ? value : JSON.stringify(value), { status, headers });
}

export function problem(
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
  detail = 'what happened',
): Response {
  return json(
    { type: `urn:tributary:error:${code}`, title: code, status, code, detail, fix: 'Do this.', requestId: 'r-1' },
    status,
    { 'x-tributary': 'api', ...headers },
  );
}
