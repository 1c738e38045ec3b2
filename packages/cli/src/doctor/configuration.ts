/** `tributary doctor --config`: what a start looks at before its first role, with the environment that `tributary start` gives to a role. */
import type { Context } from '../context.ts';
import { type Finding, ok } from './finding.ts';

const CHECK = 'configuration';
const WAIT_MS = 2_000;

/** The sentences are those of a start, and end with what to do. */
export async function checkConfiguration({ shell, settings }: Context): Promise<Finding[]> {
  const { lookAtConfiguration } = await import('@tributary/runtime/check/configuration');
  const { dataDir: path, dataDirFrom: name, redisUrl } = settings;
  const env = { ...shell.env, TRIBUTARY_REDIS_URL: redisUrl };
  const { troubles, notes } = await lookAtConfiguration({ env, dataDir: { name, path }, redis: true, waitMs: WAIT_MS });
  const findings: Finding[] = [
    ...[...troubles, ...(troubles.length === 0 ? await kafkaTroubles(shell, redisUrl) : [])].map((detail) => ({
      check: CHECK,
      status: 'fail' as const,
      detail,
    })),
    ...notes.map((detail) => ({ check: CHECK, status: 'warn' as const, detail })),
  ];
  return findings.length > 0
    ? findings
    : [ok(CHECK, 'every role would start: settings, definitions, folders, keys and servers are right')];
}

/** Whether the brokers take the login, and the topic has the partitions. One that is not there yet is made by the first role. */
async function kafkaTroubles({ env, openLog }: Context['shell'], redisUrl: string): Promise<string[]> {
  if ((env['TRIBUTARY_KAFKA_BROKERS'] ?? '').trim() === '') return [];
  try {
    await using _ = await openLog('events', redisUrl, env);
    return [];
  } catch (error) {
    const { message } = ((error as Error).cause ?? error) as Error;
    return /there is no topic/.test(message) ? [] : [message];
  }
}
