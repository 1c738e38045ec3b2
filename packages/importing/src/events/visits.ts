/**
 * Distinct users and the start of their visits. A request without a referrer is a direct visit only when the user was
 * not already there: within a visit it is a reload or a page that hides where it came from, and no touch.
 */
import { MINUTE_MS } from '@tributary/model/time';

/** The usual end of a visit: half an hour without a request. */
const VISIT_GAP_MS = 30 * MINUTE_MS;
/** Users remembered, about 100 bytes each; beyond it the longest unseen are forgotten and the count is a lower bound. */
const MAX_USERS = 2_000_000;

export interface Visits {
  /** Notes the request; true when it opens a visit. */
  opens(user: string, ts: number): boolean;
  readonly users: number;
  /** False when some were forgotten: `users` then counts them again when they return. */
  readonly exact: boolean;
}

export function createVisits(maxUsers = MAX_USERS): Visits {
  const lastSeen = new Map<string, number>();
  let users = 0;
  let exact = true;
  return {
    opens(user, ts) {
      const last = lastSeen.get(user);
      if (last === undefined) users += 1;
      lastSeen.delete(user);
      lastSeen.set(user, Math.max(ts, last ?? ts));
      if (lastSeen.size > maxUsers) {
        lastSeen.delete(lastSeen.keys().next().value as string);
        exact = false;
      }
      return last === undefined || ts - last >= VISIT_GAP_MS;
    },
    get users() {
      return users;
    },
    get exact() {
      return exact;
    },
  };
}
