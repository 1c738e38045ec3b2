/** What `tributary attribution compare` takes. What it does is loaded when it acts. */
import type { Command } from 'commander';
import type { Act, Context } from '../context.ts';
import { withReportFlags } from '../report/report-flags.ts';
import { SORTS } from '../report/sort-flags.ts';
import type { CompareOptions } from './attribution-compare.ts';

export function fillAttributionCompare(command: Command, act: Act): void {
  withReportFlags(
    command
      .option('--models <names>', 'comma-separated, or all; default: those of rules')
      .option('--baseline <name>', 'show how the other models differ from this one')
      .option('--intervals', 'intervals and ranks of each model, from the differences between groups of users')
      .option('--level <percent>', 'of the intervals, 50 to 99.9; default: 90')
      .option('--sort <figure>', `the largest first, by the baseline, else by the first model: ${SORTS.join(', ')}`)
      .option('--top <n>', 'only the first n rows; totals are of all'),
    'channel, campaign, day, week, month, type, currency',
  ).action(
    act(async (context: Context, options: CompareOptions) =>
      (await import('./attribution-compare.ts')).attributionCompare(context, options),
    ),
  );
}
