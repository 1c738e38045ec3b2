/** What a collector says of a batch, and what it means that another server answered. */
import { InputFailure } from '../failures.ts';
import { isPlainServer, PLAIN_SERVER_FIX, reasonOf } from './unanswered.ts';

export interface Rejected {
  /** The place of the event in its batch. */
  readonly index: number;
  readonly messageId?: string | null;
  readonly code: string;
  readonly message: string;
}

export interface Answer {
  readonly accepted: number;
  /** The first hundred. */
  readonly rejected: readonly Rejected[];
  readonly rejectedMore: number;
}

/** What the body of a 200 says. Throws where something else than a collector answered. */
export function answerOf(where: string, text: string): Answer {
  const { accepted, rejected, rejectedMore = 0 } = (fieldsOf(text) ?? {}) as Partial<Answer>;
  if (typeof accepted === 'number' && Array.isArray(rejected)) return { accepted, rejected, rejectedMore };
  throw notACollector(where, 200);
}

/** No answer came. `isCheck`: nothing would have been written. */
export function unreachable(where: string, cause: unknown, isCheck: boolean): InputFailure {
  const start = 'Start the platform with "npm start", or name its collector with --collector-url.';
  const again = isCheck ? '' : ' Run the same command again: what was counted counts once.';
  const fix = isPlainServer(cause) ? PLAIN_SERVER_FIX : `${start}${again}`;
  const message = `the collector at ${where} does not answer: ${reasonOf(cause)}`;
  return new InputFailure({ code: 'collector_unreachable', message, fix, kind: 'unanswered' }, { cause });
}

/** Answers of a proxy whose server does not answer it, and of one that is full. */
const BEFORE_IT: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export function refusal(where: string, status: number, text: string, isCheck: boolean): InputFailure {
  const fields = fieldsOf(text);
  if (fields?.['code'] === undefined && !BEFORE_IT.has(status)) return notACollector(where, status);
  const { code, message, detail } = (fields ?? {}) as { code?: string; message?: string; detail?: string };
  const said = [code, detail ?? message].filter(Boolean).join(': ');
  return new InputFailure({
    code: status === 401 ? 'invalid_write_key' : 'collector_refused',
    message: `the collector at ${where} answered ${status}${said === '' ? '' : `: ${said}`}`,
    fix: status === 401 ? 'Give a write key with --key or TRIBUTARY_WRITE_KEY.' : isCheck ? fixOfCheck(status) : SENT_AGAIN,
    kind: status >= 500 || status === 429 ? 'unanswered' : 'failed',
  });
}

const SENT_AGAIN = 'See the message; running the same command again continues, each event counts once.';

function fixOfCheck(status: number): string {
  if (status !== 403) return 'See the message. Nothing was written.';
  return 'See the message; nothing was written. For a key that is narrowed to origins, name the one of the page: --origin https://shop.example.';
}

/** Nothing of the answer is quoted: it may be a page of any length, and means nothing here. */
export function notACollector(where: string, status: number): InputFailure {
  return new InputFailure({
    code: 'not_a_collector',
    message: `${where} is not a collector of Tributary: it answered ${status}, but not as a collector does`,
    fix: 'Name the collector with --collector-url; "npm start" prints its address.',
    kind: 'unanswered',
  });
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
