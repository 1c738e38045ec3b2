/**
 * The last rejections of each reason, key and message, for those who wonder where their events are: the page that sent them reads the 200, and its
 * developer does not. Kept in memory, of this collector alone, since it started; bounded, and without personal data.
 */
import type { ErrorCode } from '@tributary/model/errors';
import { sampleOf } from './sample.ts';

export interface Rejected {
  readonly count: number;
  /** The rule that was broken (`ruleText`): it is shown, so nothing that was sent may stand in it. */
  readonly rule: string;
  /** The last event; undefined where the request was refused whole. */
  readonly item?: unknown;
  /** The origin of the page that sent it, as its browser says; undefined outside browsers. */
  readonly origin?: string | undefined;
}

export interface RejectionRow {
  readonly reason: ErrorCode;
  /** The public half of the key; null where none was verified. */
  readonly keyId: string | null;
  /** Events; a request that was refused whole counts as one. */
  readonly count: number;
  readonly firstAt: string;
  readonly lastAt: string;
  readonly message: string;
  /** The origin of the page that sent the last one; null where nothing that reads like an origin was sent. */
  readonly origin: string | null;
  readonly sample: unknown;
}

export interface Rejections {
  note(reason: ErrorCode, keyId: string | null, rejected: Rejected): void;
  /** The newest first. */
  list(): { readonly since: string; readonly rejections: readonly RejectionRow[] };
}

/** The address of a page without its path, which says nothing of who looked at it. */
const ORIGIN = /^https?:\/\/[a-z0-9.:[\]-]{1,100}$/;

/** All keys together. A row holds at most a few kilobytes. */
const MAX_ROWS = 500;
/** Messages of one reason and key: what one page does wrong hides nothing of what another does, and no other key's. */
const MAX_MESSAGES = 8;

export function createRejections(now: () => number): Rejections {
  const since = instant(now());
  /** The least recent first. */
  const rows = new Map<string, RejectionRow>();

  function makeRoom(reason: ErrorCode, keyId: string | null): void {
    const like = [...rows].filter(([, row]) => row.reason === reason && row.keyId === keyId);
    const [oldest] = like;
    if (oldest !== undefined && like.length >= MAX_MESSAGES) rows.delete(oldest[0]);
  }

  return {
    note(reason, keyId, { count, rule, item, origin = '' }) {
      const place = JSON.stringify([reason, keyId, rule]);
      const at = instant(now());
      const known = rows.get(place);
      if (known === undefined) makeRoom(reason, keyId);
      rows.delete(place);
      rows.set(place, {
        reason,
        keyId,
        count: (known?.count ?? 0) + count,
        firstAt: known?.firstAt ?? at,
        lastAt: at,
        message: rule,
        origin: ORIGIN.test(origin) ? origin : null,
        sample: item === undefined ? null : sampleOf(item),
      });
      for (const [oldest] of rows) {
        if (rows.size <= MAX_ROWS) break;
        rows.delete(oldest);
      }
    },
    list: () => ({ since, rejections: [...rows.values()].reverse() }),
  };
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
