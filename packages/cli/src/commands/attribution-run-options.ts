/** What `tributary attribution run` takes. What it does is loaded when it acts: the models, and the readers of files. */
import { COMMON_NAMES, namesNeeding, namesWith } from '@tributary/attribution/models/catalogue';
import { TRANSFORM_NAMES } from '@tributary/attribution/paths/transform-names';
import type { Command } from 'commander';
import type { Act, Context } from '../context.ts';
import type { RunFlags } from '../flags/run-plan.ts';

export function fillAttributionRun(command: Command, act: Act): void {
  command
    .option(
      '--paths <file>',
      'a CSV file, plain or gzip: path, total_conversions, total_conversion_value, total_null; "-" reads standard input',
    )
    .option(
      '--events <file>',
      'instead: a CSV file with a row a touch or conversion, whose columns --map names as "import csv" does',
    )
    .option(
      '--definitions <file>',
      'of --events: which types are touches and conversions, windows, clicks before views (YAML or JSON)',
    )
    .option('--models <names>', `comma-separated, or all; default: ${COMMON_NAMES.join()}`)
    .option('--value <which>', 'conversions, revenue or both; default: both where the file has a value')
    .option('--order <k>', `of ${namesWith('order')}: touches in a state, 1 to 10, or auto`, '1')
    .option('--transform <names>', `from left to right: ${TRANSFORM_NAMES.join(', ')}`)
    .option('--direct <names>', 'the channels that count as direct; default: direct, or those of the definitions')
    .option('--top <n>', 'tell the n most frequent channels apart, the rest is (other)')
    .option('--costs <list>', 'cost by channel: a=1200,b=800, or a CSV file with the columns channel and cost')
    .option('--touch-costs <list>', 'cost of each touch by channel: a=7,b=5')
    .option('--currency <code>', 'ISO 4217, of value and costs')
    .option('--positions', 'also conversions by channel and position in the path (ordered Shapley)')
    .option(
      '--bootstrap <n>',
      'intervals and ranks of every model from n resamplings of the users, or of the journeys where users are not known; from 200, above --level 95 from 1000',
    )
    .option(
      '--groups <n>',
      'instead of --bootstrap: intervals from n groups of users, as a platform with n partitions has them; 8 to 256',
    )
    .option('--seed <s>', 'of resampling and of sampled models', '1')
    .option('--level <percent>', 'of the intervals, 50 to 99.9', '90')
    .option('--position-based <first,last>', 'whole percent; the touches between share the rest; default 40,40')
    .option('--alpha <part>', `of ${namesWith('alpha')}: how much of it is Markov, the rest Shapley`, '0.5')
    .option('--custom <weights>', `of ${namesWith('custom')}: percent of the first..last touches, such as 30,10..10,30`)
    .option(
      '--milestones <names>',
      `of ${namesNeeding('milestones')}: steps that mark a milestone of the touch before them, such as lead,opportunity`,
    )
    .option('--step <duration>', `of ${namesNeeding('ages')}: time between two touches, such as 1d`)
    .option('--half-life <duration>', `of ${namesNeeding('ages')}; default 7d`)
    .option(
      '--map <fields>',
      'columns by other names: path=route,conversions=sales,value=income,nulls=lost; path=click_1..click_5 for a touch a column',
    )
    .option('--separator <char>', 'between columns; "tab" for tabs; default: detected in the header')
    .option('--path-separator <text>', 'between the channels of a path', '>')
    .option('--decimal-comma', 'values are written 44,50')
    .option('--format <name>', 'table, json, csv, ndjson or parquet; default: by the name of --out, else table')
    .option('--out <file>', 'write there instead of to standard output')
    .action(
      act(async (context: Context, options: RunFlags) => (await import('./attribution-run.ts')).attributionRun(context, options)),
    );
}
