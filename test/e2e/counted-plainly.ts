/** What was sent, counted by plain loops, as the API answers it: how often each item was viewed, and who entered and left a segment by day. */
import { dayOf, HOUR_MS } from '@tributary/model/time';
import type { Client, SentEvent } from './client.ts';

/** Beside what a platform's definitions are otherwise. A search lets a user in for an hour, a purchase out. */
export const COUNTED = {
  counts: { viewed: { count: 'view', by: 'item' } },
  segments: { searching: { enter: "type == 'search'", ttl: '1h', exit: "type == 'purchase'", byDay: true } },
};

export interface Counted {
  /** Events by item. */
  readonly viewed: Readonly<Record<string, number>>;
  readonly searching: { readonly entered: number; readonly left: number };
}

/** UTC days, the later one out. */
export interface Days {
  readonly fromDay: string;
  readonly toDay: string;
}

/** Events that were sent twice count once. */
export function countedPlainly(sent: readonly SentEvent[], { fromDay, toDay }: Days): Counted {
  const isIn = (ts: number) => dayOf(ts) >= fromDay && dayOf(ts) < toDay;
  const viewed: Record<string, number> = {};
  const byUser = new Map<string, SentEvent[]>();
  for (const event of new Map(sent.map((one) => [one.id, one])).values()) {
    const item = String(event.properties?.['item']);
    if (event.type === 'view' && isIn(event.ts)) viewed[item] = (viewed[item] ?? 0) + 1;
    const own = byUser.get(event.userId ?? '') ?? [];
    own.push(event);
    byUser.set(event.userId ?? '', own);
  }
  let [entered, left] = [0, 0];
  for (const events of byUser.values()) {
    /** They are in until then; null: they are not in. */
    let untilMs: number | null = null;
    const leave = (atMs: number) => {
      if (isIn(atMs)) left++;
      untilMs = null;
    };
    // On one instant they leave before they enter.
    const isExit = ({ type }: SentEvent) => Number(type === 'purchase');
    for (const { ts, type } of events.sort((a, b) => a.ts - b.ts || isExit(b) - isExit(a))) {
      if (untilMs !== null && untilMs <= ts) leave(untilMs);
      if (type === 'purchase' && untilMs !== null) leave(ts);
      if (type !== 'search') continue;
      if (untilMs === null && isIn(ts)) entered++;
      untilMs = ts + HOUR_MS;
    }
    if (untilMs !== null) leave(untilMs);
  }
  return { viewed, searching: { entered, left } };
}

/** The same as the API answers it. */
export async function countedBy(client: Pick<Client, 'read'>, { fromDay, toDay }: Days): Promise<Counted> {
  const range = `from=${fromDay}&to=${toDay}`;
  const { rows } = await client.read(`/v1/counts/viewed?${range}`);
  const days: Counted['searching'][] = (await client.read(`/v1/segments/searching/counts?${range}`)).rows;
  const sum = (of: 'entered' | 'left') => days.reduce((all, day) => all + day[of], 0);
  return {
    viewed: Object.fromEntries(
      rows.map(({ value, events }: { readonly value: string; readonly events: number }) => [value, events]),
    ),
    searching: { entered: sum('entered'), left: sum('left') },
  };
}
