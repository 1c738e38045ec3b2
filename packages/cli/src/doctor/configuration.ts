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
    ...troubles.map((detail) => ({ check: CHECK, status: 'fail' as const, detail })),
    ...notes.map((detail) => ({ check: CHECK, status: 'warn' as const, detail })),
  ];
  return findings.length > 0
    ? findings
    : [ok(CHECK, 'every role would start: settings, definitions, folders, keys and servers are right')];
}
