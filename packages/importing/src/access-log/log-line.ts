/**
 * One line of the combined log format, as Apache and nginx write it:
 *
 *   address ident user [17/May/2015:10:05:03 +0000] "GET /path HTTP/1.1" 200 5043 "referrer" "user agent"
 *
 * Fields after the agent are ignored. Source: httpd.apache.org/docs/2.4/mod/mod_log_config.html
 */

export interface Hit {
  readonly address: string;
  /** Epoch ms. */
  readonly ts: number;
  /** Empty when the request was not an HTTP request at all. */
  readonly method: string;
  /** Path and query as requested. */
  readonly target: string;
  readonly status: number;
  /** Empty when the client sent none. */
  readonly referrer: string;
  readonly agent: string;
}

export type ParsedLine = { readonly ok: true; readonly hit: Hit } | { readonly ok: false; readonly reason: string };

// Quoted fields escape quotes as \": both alternatives exclude each other, so the match is linear.
const QUOTED = String.raw`"((?:[^"\\]|\\.)*)"`;
const COMMON = String.raw`^(\S+) \S+ [^[]*\[([^\]]+)\] ${QUOTED} (\d{3}) (?:\d+|-)`;
const COMBINED_LINE = new RegExp(`${COMMON} ${QUOTED} ${QUOTED}(?: .*)?$`);
const COMMON_LINE = new RegExp(`${COMMON}$`);

export function parseLogLine(text: string): ParsedLine {
  const match = COMBINED_LINE.exec(text);
  if (match === null) return { ok: false, reason: whyNot(text) };
  const [, address, time, request, status, referrer, agent] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const ts = parseLogTime(time);
  if (ts === null) return { ok: false, reason: `"${time.slice(0, 40)}" is not a time such as 17/May/2015:10:05:03 +0000` };
  const { method, target } = parseRequest(unescapeQuotes(request));
  return {
    ok: true,
    hit: { address, ts, method, target, status: Number(status), referrer: field(referrer), agent: field(agent) },
  };
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const LOG_TIME = /^(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})$/;

/** Epoch ms of `17/May/2015:10:05:03 +0000`; null when it is none, or no day of the calendar. */
export function parseLogTime(text: string): number | null {
  const match = LOG_TIME.exec(text);
  if (match === null) return null;
  const month = MONTHS.indexOf(match[2] as string);
  const [day, year, hour, minute, second] = [match[1], match[3], match[4], match[5], match[6]].map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const local = new Date(Date.UTC(year, month, day, hour, minute, second));
  // Date.UTC rolls 31 April over to 1 May: a rolled-over field betrays a time that never was.
  if (month < 0 || local.getUTCDate() !== day || hour > 23 || minute > 59 || second > 60) return null;
  const offsetMinutes = Number(match[8]) * 60 + Number(match[9]);
  const ts = local.getTime() - (match[7] === '-' ? -offsetMinutes : offsetMinutes) * 60_000;
  return ts >= 0 ? ts : null;
}

function parseRequest(request: string): { method: string; target: string } {
  const match = /^([A-Z]+) (\S+)(?: HTTP\/[\d.]+)?$/.exec(request);
  if (match === null) return { method: '', target: '' };
  // Proxies log the absolute form "GET http://host/path"; the path is what names the page.
  return { method: match[1] as string, target: (match[2] as string).replace(/^https?:\/\/[^/?#]*/i, '') || '/' };
}

function whyNot(text: string): string {
  if (COMMON_LINE.test(text)) return 'common log format: referrer and agent are missing';
  if (text.trim() === '') return 'an empty line';
  return (text.split('"').length - 1) % 2 === 1 ? 'a quote is not closed' : 'not in combined log format';
}

/** "-" stands for absent. */
function field(text: string): string {
  return text === '-' ? '' : unescapeQuotes(text);
}

function unescapeQuotes(text: string): string {
  return text.includes('\\') ? text.replace(/\\(["\\])/g, '$1') : text;
}
