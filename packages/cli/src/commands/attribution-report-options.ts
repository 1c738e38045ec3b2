/** What `tributary attribution report` takes. What it does is loaded when it acts. */
import { namesWith, REPORTED_NAMES } from '@tributary/attribution/models/catalogue';
import { type Command, Option } from 'commander';
import type { Act, Context } from '../context.ts';
import { withReportFlags } from '../report/report-flags.ts';
import { SORTS } from '../report/sort-flags.ts';
import type { ReportOptions } from './attribution-report.ts';

export function fillAttributionReport(command: Command, act: Act): void {
  withReportFlags(
    command
      .option('--model <name>', `one of ${REPORTED_NAMES.join(', ')}`, 'last')
      .option('--intervals', 'intervals and ranks, from the differences between groups of users')
      .addOption(new Option('--bootstrap <n>').hideHelp())
      .option('--sort <figure>', `the largest first: ${SORTS.join(', ')}`)
      .option('--top <n>', 'only the first n rows; totals are of all')
      .option('--archive <id>', 'of a question to the archive (tributary archive ask), in place of both layers')
      .option('--level <percent>', 'of the intervals, 50 to 99.9; default: 90')
      .option(
        '--against <window>',
        'what changed, with the ratios of value and of cost to it: "previous", the window of equal length before --from, or FROM/TO of an earlier one',
      ),
    `channel, campaign, day, week, month, type, currency; position with ${namesWith('position')}`,
  ).action(
    act(async (context: Context, options: ReportOptions) =>
      (await import('./attribution-report.ts')).attributionReport(context, options),
    ),
  );
}
