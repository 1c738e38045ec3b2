/** Redis: reachable, durable, bounded; and the log that lies in it. */
import { span } from '@tributary/model/span';
import { logKey, NAMESPACE } from '@tributary/runtime/event-log/keys';
import { DURABLE_SETTINGS } from '@tributary/runtime/redis/durability';
import { shownRedisUrl } from '@tributary/runtime/redis/url';
import { countDeadLetters, readPointer } from '@tributary/store/serving/status-reads';
import type { Redis } from 'ioredis';
import { CONNECT_MS } from '../open-log.ts';
import { bytes, counted } from '../terminal/figures.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const CLOCK_MS = { ok: 1_000, most: 60_000 } as const;

/** What the other checks need to know of the log and of what readers get. */
export interface RedisFacts {
  readonly partitions: number | null;
  readonly logIdentity: string | null;
  readonly pointer: { readonly sequence: number; readonly generation: number } | null;
}

export function judgeSettings(settings: Readonly<Record<string, string>>): Finding {
  const wrong = DURABLE_SETTINGS.filter(({ setting, accepts }) => !accepts(settings[setting] ?? ''));
  if (wrong.length === 0)
    return ok('redis durability', DURABLE_SETTINGS.map(({ setting }) => `${setting} ${settings[setting]}`).join(', '));
  return fail(
    'redis durability',
    wrong.map(({ setting, want, why }) => `${setting} is "${settings[setting] ?? 'hidden'}", not "${want}": ${why}`).join('; '),
    wrong
      .map(({ setting, want }) => `CONFIG SET ${setting} ${want}`)
      .join('; ')
      .concat(', and in the configuration file'),
  );
}

/** `info`: the text of INFO. */
export function judgeInfo(info: string): Finding[] {
  const fields = new Map(
    info.split(/\r?\n/).map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
  const used = Number(fields.get('used_memory') ?? 0);
  const most = Number(fields.get('maxmemory') ?? 0);
  const write = fields.get('aof_last_write_status') ?? 'ok';
  return [
    write === 'ok'
      ? ok('redis writes', 'the last write to the append-only file succeeded')
      : fail(
          'redis writes',
          `the last write to the append-only file: ${write}`,
          'Free space on the disk of Redis; it accepts writes again by itself.',
        ),
    most > 0 && used > most * 0.9
      ? warn(
          'redis memory',
          `${bytes(used)} of ${bytes(most)} are used`,
          'Raise maxmemory, or shorten signalRetention in the definitions.',
        )
      : ok('redis memory', most > 0 ? `${bytes(used)} of ${bytes(most)} are used` : `${bytes(used)} are used, no limit is set`),
  ];
}

/** `theirsMs` was asked for between `beforeMs` and `afterMs` on this clock. */
export function judgeClock(whose: string, beforeMs: number, theirsMs: number, afterMs: number): Finding {
  const offMs = theirsMs < beforeMs ? theirsMs - beforeMs : Math.max(0, theirsMs - afterMs);
  const detail =
    offMs === 0 ? `agrees with the clock of ${whose}` : `${whose} is ${span(Math.abs(offMs))} ${offMs > 0 ? 'ahead' : 'behind'}`;
  if (Math.abs(offMs) <= CLOCK_MS.ok) return ok('clock', detail);
  const fix = 'Synchronise the clocks (NTP): log time, lateness and schedules follow them.';
  return Math.abs(offMs) <= CLOCK_MS.most ? warn('clock', detail, fix) : fail('clock', detail, fix);
}

export function judgeDeadLetters(parked: number): Finding {
  return parked === 0
    ? ok('dead letters', 'none')
    : warn(
        'dead letters',
        `${counted(parked, 'record')} ${parked === 1 ? 'was' : 'were'} parked`,
        '"tributary dead-letters list" shows each with its reason: a producer writes what is not an event.',
      );
}

/** The log where it is not in this Redis. */
export type LogFacts =
  | { readonly identity: string; readonly partitions: number }
  | { readonly error: string; readonly fix: string };

/** `elsewhere`: null where the log lies in this Redis. */
export async function checkRedis(
  url: string,
  now: () => number,
  elsewhere: LogFacts | null,
  noted: string | null = null,
): Promise<{ findings: Finding[]; facts: RedisFacts | null }> {
  const { connectRedis, whenReady } = await import('@tributary/runtime/redis/connect');
  let lastError = '';
  const redis = connectRedis(url, 'commit', (error) => {
    lastError = error.message;
  });
  try {
    await whenReady(redis, CONNECT_MS);
    return await examine(redis, url, now, elsewhere, noted);
  } catch (error) {
    const detail = `${shownRedisUrl(url)} does not answer: ${lastError || (error as Error).message}`;
    return {
      findings: [fail('redis', detail, 'Start the platform with "npm start", or name its Redis with --redis-url.')],
      facts: null,
    };
  } finally {
    redis.disconnect();
  }
}

async function examine(
  redis: Redis,
  url: string,
  now: () => number,
  elsewhere: LogFacts | null,
  noted: string | null,
): Promise<{ findings: Finding[]; facts: RedisFacts }> {
  const beforeMs = now();
  const [seconds, micros] = (await redis.time()) as unknown as [string | number, string | number];
  const afterMs = now();
  const settings: Record<string, string> = {};
  for (const { setting } of DURABLE_SETTINGS)
    settings[setting] = ((await redis.config('GET', setting).catch(() => [])) as string[])[1] ?? 'hidden';
  const info = await redis.info();
  const log = elsewhere ?? (await logIn(redis, noted));
  const partitions = 'partitions' in log ? log.partitions : null;
  return {
    findings: [
      ok('redis', `${shownRedisUrl(url)}, version ${/redis_version:(\S+)/.exec(info)?.[1] ?? 'unknown'}`),
      judgeSettings(settings),
      ...judgeInfo(info),
      judgeClock('Redis', beforeMs, Number(seconds) * 1_000 + Number(micros) / 1_000, afterMs),
      'error' in log
        ? fail('log', log.error, log.fix)
        : ok('log', `${counted(log.partitions, 'partition')}${elsewhere === null ? '' : ' in Kafka'}, identity ${log.identity}`),
      judgeDeadLetters(await countDeadLetters(redis, NAMESPACE, partitions ?? 0)),
    ],
    facts: {
      partitions,
      logIdentity: 'identity' in log ? log.identity : null,
      pointer: await readPointer(redis, NAMESPACE),
    },
  };
}

/** `noted`: the log that the data folder belongs to; null where it says nothing. */
async function logIn(redis: Redis, noted: string | null): Promise<LogFacts> {
  const [identity, partitions] = await redis.hmget(logKey(NAMESPACE), 'identity', 'partitions');
  if (identity == null || partitions == null) {
    const there = 'this Redis has no log of events';
    return noted === null
      ? { error: there, fix: NOT_YET }
      : { error: `${there}, though the data folder was built upon ${noted}`, fix: LOST };
  }
  return { identity, partitions: Number(partitions) };
}

const NOT_YET = 'Start a collector: it creates the log. Does it lie in Kafka? Set TRIBUTARY_KAFKA_BROKERS.';
const LOST =
  'Redis was emptied, or is another one: restore it, or name the right one with --redis-url. Until then collectors take no events. docs/production.md says what to do where it is lost.';
