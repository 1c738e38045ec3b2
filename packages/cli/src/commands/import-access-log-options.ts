/** What `tributary import access-log` takes. What it does is loaded when it acts: the readers of logs, and what sends. */
import type { Command } from 'commander';
import type { Act, Context } from '../context.ts';
import type { AccessLogFlags } from './import-access-log.ts';

export function fillAccessLog(command: Command, act: Act): void {
  command
    .argument('<file>', 'the log; "-" reads standard input')
    .option('--site <hosts>', "the site's own hosts, comma-separated; default: the host most referrers name")
    .option('--assets', 'count images, scripts and other static files too')
    .option('--salt <text>', "secret mixed into the visitors' hashes, so that addresses cannot be guessed from them", '')
    .option('--dry-run', 'read and summarise, send nothing')
    .option('--strict', 'exit 1 when a line is malformed')
    .action(
      act(async (context: Context, file: string, options: AccessLogFlags) =>
        (await import('./import-access-log.ts')).importAccessLog(context, file, options),
      ),
    );
}
