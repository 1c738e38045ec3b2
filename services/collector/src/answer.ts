/** Answers: what a client gets to see. Errors are RFC 9457 problem details with a code and a fix. */
import { ERRORS, type ErrorCode } from '@tributary/model/errors';
import type { Invalid } from '@tributary/model/refusal';
import type { FastifyReply } from 'fastify';
import type { Rejection } from './checks/check-item.ts';
import type { Dimension } from './names/names.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** A refusal that says something of the key, and nothing of the collector. */
  readonly isOfKey?: boolean;
}

/** Few bytes hold thousands of events: a list of them all would be thousands of times what was sent. */
const LISTED = 100;

/** The first rejections, and how many more there are where that is not all. */
function listed(rejected: readonly Rejection[]): { readonly rejected: readonly Rejection[]; readonly rejectedMore?: number } {
  if (rejected.length <= LISTED) return { rejected };
  return { rejected: rejected.slice(0, LISTED), rejectedMore: rejected.length - LISTED };
}

interface Changed {
  /** How many events have a name that reads `(other)`, by dimension. */
  readonly folded: ReadonlyMap<Dimension, number>;
  /** How many events have amounts that stay properties. */
  readonly amountsLeft: number;
}

export function accepted(count: number, rejected: readonly Rejection[], { folded, amountsLeft }: Changed): Answer {
  const warnings: { readonly code: string; readonly message: string }[] = [...folded].map(([dimension, events]) => ({
    code: 'names_folded',
    message:
      dimension === 'value'
        ? `${events} events brought new values of what definitions count beyond what a day may bring: they count as "(other)", and stay in the events`
        : `${events} events brought new names of the dimension ${dimension} beyond what a day may bring: they read "(other)", and their names are in properties.$${dimension}`,
  }));
  if (amountsLeft > 0)
    warnings.push({
      code: 'amounts_left',
      message: `${amountsLeft} events brought an amount as "value" or "total", which stays a property: the key may send no money. Make one with --revenue, or send orders from a server.`,
    });
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8', 'x-rejected-events': String(rejected.length) },
    body:
      rejected.length + warnings.length === 0
        ? `{"success":true,"accepted":${count},"rejected":[]}`
        : JSON.stringify({ success: true, accepted: count, ...listed(rejected), ...(warnings.length > 0 && { warnings }) }),
  };
}

/** Strict mode: one rejection refuses all, and nothing is written. */
export function strictlyRefused(rejected: readonly Rejection[]): Answer {
  const detail = `each event must be taken in strict mode (got ${rejected.length} that cannot be, so none was written)`;
  return problem(
    'strict_rejected',
    detail,
    { success: false, accepted: 0, ...listed(rejected) },
    { 'x-rejected-events': String(rejected.length) },
  );
}

export function problem(
  code: ErrorCode,
  detail: string,
  members: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const { status, fix, retryAfterS } = ERRORS[code];
  const retry: Record<string, string> = retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) };
  return {
    status,
    headers: { 'content-type': 'application/problem+json; charset=utf-8', ...retry, ...headers },
    body: JSON.stringify({
      type: `urn:tributary:error:${code}`,
      title: code.replaceAll('_', ' '),
      status,
      code,
      detail,
      // The Python libraries look for it, and take an answer without it for a broken connection.
      message: detail,
      fix,
      ...members,
    }),
  };
}

/** A request that is refused whole. */
export function refused({ code, message }: Invalid): Answer {
  return problem(code, message);
}

export function send(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  return reply.code(status).headers(headers).send(body);
}
