/** Variables that look like settings and are none: each is named once, with the one that was probably meant. */
import type { Shell } from './context.ts';
import { printable } from './terminal/table.ts';

/** What the command line reads itself. Where there is nothing else, the tables of the roles need not be loaded. */
const OUR_NAMES: ReadonlySet<string> = new Set([
  'TRIBUTARY_URL',
  'TRIBUTARY_COLLECTOR_URL',
  'TRIBUTARY_REDIS_URL',
  'TRIBUTARY_DATA_DIR',
  'TRIBUTARY_KEY',
  'TRIBUTARY_READ_KEY',
  'TRIBUTARY_WRITE_KEY',
  'TRIBUTARY_ADMIN_KEY',
]);

export async function nameUnknownVariables({ env, stderr }: Pick<Shell, 'env' | 'stderr'>): Promise<void> {
  const others = Object.keys(env).filter((name) => /^TRIBUTARY_/i.test(name) && !OUR_NAMES.has(name));
  if (others.length === 0) return;
  const { unknownSettings, unknownSentence } = await import('@tributary/configuration/unknown');
  for (const unknown of unknownSettings(Object.fromEntries(others.map((name) => [name, env[name]]))))
    stderr.write(`${printable(`note: ${unknownSentence(unknown)}`)}\n`);
}
