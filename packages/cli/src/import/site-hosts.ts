/**
 * Which host the log belongs to: the combined format does not say. Most requests of a page view's parts name the site
 * itself as their referrer, so the host that most referrers name is the site, if they are at least half of them.
 */

import { hostOf } from '@tributary/model/channel';

/** Hosts counted at the most; a log full of referrer spam must not fill memory. */
const MAX_HOSTS = 10_000;

export interface SiteHosts {
  note(referrer: string): void;
  /** The guess; null when no host is named by at least half of the referrers. */
  guess(): string | null;
}

export function createSiteHosts(): SiteHosts {
  const counts = new Map<string, number>();
  let total = 0;
  return {
    note(referrer) {
      const host = hostOf(referrer)?.replace(/^www\./, '');
      if (host === undefined) return;
      total += 1;
      const count = counts.get(host);
      if (count !== undefined || counts.size < MAX_HOSTS) counts.set(host, (count ?? 0) + 1);
    },
    guess() {
      let best: [string, number] | null = null;
      for (const entry of counts) if (best === null || entry[1] > best[1]) best = entry;
      return best !== null && best[1] * 2 >= total ? best[0] : null;
    },
  };
}
