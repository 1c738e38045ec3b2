/**
 * Which host the log belongs to: the combined format does not say. Within a site, a referrer names a page that was
 * itself requested before; a referrer from elsewhere seldom does. "/" exists everywhere and proves nothing.
 */
import { hostOf } from '@tributary/model/channels/channel';
import type { Hit } from './log-line.ts';

/** Pages and hosts remembered, at most; a log full of spam must not fill memory. */
const MAX_PATHS = 200_000;
const MAX_HOSTS = 10_000;

export interface SiteHosts {
  note(hit: Pick<Hit, 'target' | 'referrer'>): void;
  /** The host that at least half of the referrers to requested pages name, without "www."; null when there is none. */
  guess(): string | null;
}

export function createSiteHosts(): SiteHosts {
  const requested = new Set<string>();
  const counts = new Map<string, number>();
  let total = 0;
  return {
    note({ target, referrer }) {
      const host = hostOf(referrer)?.replace(/^www\./, '');
      if (host !== undefined && requested.has(pathOf(referrer.replace(/^https?:\/\/[^/?#]*/i, '')))) {
        total += 1;
        const count = counts.get(host);
        if (count !== undefined || counts.size < MAX_HOSTS) counts.set(host, (count ?? 0) + 1);
      }
      const path = pathOf(target);
      if (path !== '/' && requested.size < MAX_PATHS) requested.add(path);
    },
    guess() {
      let best: [string, number] | null = null;
      for (const entry of counts) if (best === null || entry[1] > best[1]) best = entry;
      return best !== null && best[1] * 2 >= total ? best[0] : null;
    },
  };
}

function pathOf(target: string): string {
  return target.replace(/[?#].*$/s, '') || '/';
}
