/** What is wrong with a url of Redis, before anything connects: the library reads "/abc" as database 0 and "" as localhost. */
import { parseRedisUrl, shownRedisUrl } from './redis-url.ts';

/** The end of a sentence that begins with the name of the setting; undefined when the url is one. Never quotes a password. */
export function redisUrlTrouble(url: string): string | undefined {
  const got = `(got ${shownRedisUrl(url)})`;
  try {
    const target = parseRedisUrl(url);
    if (target.kind !== 'single') return undefined;
  } catch (error) {
    return `is wrong: ${(error as Error).message} ${got}`;
  }
  if (/\s/.test(url) || !URL.canParse(url)) return `must be an address such as redis://127.0.0.1:6379 ${got}`;
  const { pathname, hostname } = new URL(url);
  if (hostname === '') return `must name a host, as redis://127.0.0.1:6379 does ${got}`;
  if (!/^(?:\/\d{0,5})?$/.test(pathname))
    return `must end with the number of a database, as redis://127.0.0.1:6379/0 does ${got}`;
  return undefined;
}
