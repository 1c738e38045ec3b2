/**
 * Access logs as events. Each line meets one fate, in this order: malformed, a bot, no page view, or a `page` event.
 *
 *   line ─▶ parseLogLine ─▶ bot? ─▶ page view? ─▶ visitor, visit, channel ─▶ event
 */
import { channelGroup } from '@tributary/model/channels/channel';
import type { ImportEvent } from '../events/import-event.ts';
import { createOccurrenceIds, sha256Hex } from '../events/occurrences.ts';
import { createVisits } from '../events/visits.ts';
import type { TextLine } from '../files/lines.ts';
import { createProblems, type Problems } from '../files/problems.ts';
import { createBotCheck } from './bots.ts';
import { type Hit, parseLogLine } from './log-line.ts';
import { notPageView, type SkipReason } from './page-view.ts';

export interface AccessLogOptions {
  /** Hosts of the site itself: a referrer on them is not a touch. */
  readonly siteHosts: readonly string[];
  /** Keeps images, scripts and other static files as page views too. */
  readonly assets: boolean;
  /** Mixed into the visitor's hash, so that addresses cannot be guessed from it. */
  readonly salt: string;
}

export interface AccessLogSummary {
  readonly lines: number;
  readonly events: number;
  readonly users: number;
  /** False: more users than are remembered, `users` may count some twice. */
  readonly usersExact: boolean;
  readonly bots: number;
  readonly skipped: Readonly<Record<SkipReason, number>>;
  readonly malformed: Problems;
  /** Events by channel: the touches. */
  readonly channels: ReadonlyMap<string, number>;
  /** Events that are not touches: pages within a visit. */
  readonly withinVisit: number;
  readonly firstTs: number | null;
  readonly lastTs: number | null;
}

export interface AccessLogReader {
  read(line: TextLine): ImportEvent | null;
  readonly summary: AccessLogSummary;
}

export function createAccessLogReader(options: AccessLogOptions): AccessLogReader {
  const isBot = createBotCheck();
  const idOf = createOccurrenceIds();
  const visits = createVisits();
  const malformed = createProblems();
  const skipped: Record<SkipReason, number> = { method: 0, status: 0, asset: 0 };
  const channels = new Map<string, number>();
  const counts = { lines: 0, events: 0, bots: 0, withinVisit: 0 };
  let firstTs: number | null = null;
  let lastTs: number | null = null;

  const eventOf = (hit: Hit, line: string): ImportEvent => {
    const visitor = visitorOf(hit, options.salt);
    const opensVisit = visits.opens(visitor, hit.ts);
    const { page, search } = splitTarget(hit.target);
    const cameFrom = channelGroup({ query: search, referrer: hit.referrer, ownHosts: options.siteHosts });
    const channel = cameFrom === 'direct' && !opensVisit ? undefined : cameFrom;
    if (channel === undefined) counts.withinVisit += 1;
    else channels.set(channel, (channels.get(channel) ?? 0) + 1);
    counts.events += 1;
    firstTs = Math.min(firstTs ?? hit.ts, hit.ts);
    lastTs = Math.max(lastTs ?? hit.ts, hit.ts);
    return {
      ts: hit.ts,
      type: 'page',
      id: idOf(line),
      anonymousId: visitor,
      source: 'access-log',
      historical: true,
      ...(channel === undefined ? {} : { channel }),
      page,
      properties: { status: hit.status, ...(search && { search }), ...(hit.referrer && { referrer: cut(hit.referrer) }) },
    };
  };

  return {
    read(line) {
      counts.lines += 1;
      const parsed = line.cut ? ({ ok: false, reason: 'the line is too long' } as const) : parseLogLine(line.text);
      if (!parsed.ok) {
        malformed.add({ line: line.number, reason: parsed.reason, text: line.text });
        return null;
      }
      if (isBot(parsed.hit.agent)) {
        counts.bots += 1;
        return null;
      }
      const reason = notPageView(parsed.hit, options.assets);
      if (reason !== null) {
        skipped[reason] += 1;
        return null;
      }
      return eventOf(parsed.hit, line.text);
    },
    get summary() {
      return { ...counts, users: visits.users, usersExact: visits.exact, skipped, malformed, channels, firstTs, lastTs };
    },
  };
}

/** 16 hex digits of SHA-256 over address and agent: the best a log without cookies can tell visitors apart by. */
export function visitorOf(hit: Pick<Hit, 'address' | 'agent'>, salt: string): string {
  return sha256Hex(`${salt}${hit.address} ${hit.agent}`).slice(0, 16);
}

const MAX_PAGE = 2048;

function splitTarget(target: string): { page: string; search: string } {
  const at = target.search(/[?#]/);
  const page = cut(at < 0 ? target : target.slice(0, at)) || '/';
  const search = at < 0 || target[at] === '#' ? '' : cut(target.slice(at).replace(/#.*$/, ''));
  return { page, search };
}

/** Control characters stand in a log only when a foreign logger wrote it; the model refuses them. */
function cut(text: string): string {
  return text
    .slice(0, MAX_PAGE)
    .toWellFormed()
    .replace(/\p{Cc}/gu, '\ufffd');
}
