/** What is wrong with a url of Redis, before anything connects: the library reads "/abc" as database 0 and "" as localhost. */
import type { Wrong } from '../config/setting.ts';
import { readRedisUrl } from './url.ts';

/** Undefined when the url is one. Never quotes a password. */
export function redisUrlTrouble(url: string): Wrong | undefined {
  const read = readRedisUrl(url);
  if (!('kind' in read)) return read;
  if (read.kind !== 'single') return undefined;
  if (/\s/.test(url) || !URL.canParse(url))
    return {
      must: 'be an address such as redis://127.0.0.1:6379',
      fix: 'Write it without spaces, and "/", "?", "#", "@" in a password as %2F, %3F, %23, %40.',
    };
  const { pathname, hostname, port } = new URL(url);
  if (hostname === '') return { must: 'name a host', fix: 'Write an address such as redis://127.0.0.1:6379.' };
  if (port === '0') return { must: 'name a port from 1 to 65535', fix: 'Write an address such as redis://127.0.0.1:6379.' };
  if (!/^(?:\/\d{0,5})?$/.test(pathname))
    return { must: 'end with the number of a database or none', fix: 'Write an address such as redis://127.0.0.1:6379/0.' };
  return undefined;
}
