/** What is wrong with a url of Redis, before anything connects: the library reads "/abc" as database 0 and "" as localhost. */
import type { Wrong } from '../config/setting.ts';
import { parseRedisUrl } from '../redis/url.ts';

const FORMS = 'redis://, rediss://, redis-cluster:// or redis-sentinel://';

/** Undefined when the url is one. Never quotes a password. */
export function redisUrlTrouble(url: string): Wrong | undefined {
  if (!/^(?:rediss?|redis-cluster|redis-sentinel):\/\//.test(url))
    return { must: `begin with ${FORMS}`, fix: 'Write an address such as redis://127.0.0.1:6379.' };
  try {
    const target = parseRedisUrl(url);
    if (target.kind !== 'single') return undefined;
  } catch (error) {
    return { must: `be an address of Redis, but it ${(error as Error).message.slice(PREFIX.length)}`, fix: 'Correct that part.' };
  }
  if (/\s/.test(url) || !URL.canParse(url))
    return {
      must: 'be an address such as redis://127.0.0.1:6379',
      fix: 'Write it without spaces, and "/", "?", "#", "@" in a password as %2F, %3F, %23, %40.',
    };
  const { pathname, hostname } = new URL(url);
  if (hostname === '') return { must: 'name a host', fix: 'Write an address such as redis://127.0.0.1:6379.' };
  if (!/^(?:\/\d{0,5})?$/.test(pathname))
    return { must: 'end with the number of a database or none', fix: 'Write an address such as redis://127.0.0.1:6379/0.' };
  return undefined;
}

const PREFIX = 'the url of Redis ';
