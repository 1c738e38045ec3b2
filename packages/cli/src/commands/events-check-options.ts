/** What `tributary events check` takes. What it does is loaded when it acts: what sends. */
import { type Command, Option } from 'commander';
import type { Act, Context } from '../context.ts';
import type { CheckFlags } from './events-check.ts';

export function fillEventsCheck(command: Command, act: Act): void {
  command
    .argument('<file>', 'one JSON object a line; "-" reads standard input')
    .addOption(
      new Option(
        '--as <route>',
        'events: native or CloudEvents; segment: calls that name their type (or: batch); import: the same as history; posthog: captured events',
      )
        .choices(['events', 'segment', 'batch', 'import', 'posthog'])
        .default('events'),
    )
    .option('--origin <origin>', 'as a page of this origin sends them, for a key that is narrowed to origins')
    .addOption(new Option('--limit <n>', 'how many rejections are shown').default('20'))
    .action(
      act(async (context: Context, file: string, options: CheckFlags) =>
        (await import('./events-check.ts')).check(context, file, options),
      ),
    );
}
