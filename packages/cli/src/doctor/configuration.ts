/** `tributary doctor --config`: what a start looks at before its first role, with the environment that `tributary start` gives to a role. */
import type { Context } from '../context.ts';
import { withLog } from '../with-log.ts';
import { type Finding, ok, warn } from './finding.ts';

const CHECK = 'configuration';
const WAIT_MS = 2_000;
const NO_ANSWER = 'TRIBUTARY_REDIS_URL must name a Redis that answers';
const OWN_REDIS =
  'npm start would start: settings, definitions, folders and keys are right. Its Redis is not running and was not looked at';
const NOT_NAMED = 'Redis was not looked at, as none is named';
const NAME_IT = 'npm start brings its own. For roles that are started one by one, name it in TRIBUTARY_REDIS_URL.';

/** The sentences are those of a start, and end with what to do. */
export async function checkConfiguration({ shell, settings }: Context): Promise<Finding[]> {
  const { examineConfiguration } = await import('@tributary/configuration/check/configuration');
  const { dataDir: path, dataDirFrom: name, redisUrl } = settings;
  const env = { ...shell.env, TRIBUTARY_REDIS_URL: redisUrl };
  const check = (redis: boolean) => examineConfiguration({ env, dataDir: { name, path }, redis, waitMs: WAIT_MS });
  let checked = await check(true);
  const comesLater = settings.redisUrlFrom !== 'given' && checked.troubles.some((trouble) => trouble.startsWith(NO_ANSWER));
  if (comesLater) checked = await check(false);
  const { troubles, notes } = checked;
  const findings: Finding[] = [
    ...[...troubles, ...(troubles.length === 0 ? await kafkaTroubles(shell, redisUrl) : [])].map((detail) => ({
      check: CHECK,
      status: 'fail' as const,
      detail,
    })),
    ...notes.map((detail) => ({ check: CHECK, status: 'warn' as const, detail })),
    ...(comesLater && settings.redisUrlFrom === 'default' ? [warn(CHECK, NOT_NAMED, NAME_IT)] : []),
  ];
  if (findings.length > 0) return findings;
  return [
    ok(CHECK, comesLater ? OWN_REDIS : 'every role would start: settings, definitions, folders, keys and servers are right'),
  ];
}

/** Whether the brokers take the login, and the topic has the partitions. One that is not there yet is made by the first role. */
async function kafkaTroubles(shell: Context['shell'], redisUrl: string): Promise<string[]> {
  if ((shell.env['TRIBUTARY_KAFKA_BROKERS'] ?? '').trim() === '') return [];
  try {
    return await withLog(shell, 'events', redisUrl, () => []);
  } catch (error) {
    const { message } = ((error as Error).cause ?? error) as Error;
    return /the topic \S+ does not exist/.test(message) ? [] : [message];
  }
}
