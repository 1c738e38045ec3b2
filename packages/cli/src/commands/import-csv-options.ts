/** What `tributary import csv` takes. What it does is loaded when it acts: the readers of tables, and what sends. */
import type { Command } from 'commander';
import type { Act, Context } from '../context.ts';
import type { CsvFlags } from './import-csv.ts';

export function fillCsv(command: Command, act: Act): void {
  command
    .argument('<file>', 'the table; "-" reads standard input')
    .requiredOption(
      '--map <fields>',
      'user=COL,time=COL,type=COL,channel=COL,value=COL … or user=COL,path=COL1..COL5,conversion=COL,value=COL',
    )
    .option('--separator <char>', 'between columns; "tab" for tabs; default: detected in the header')
    .option(
      '--assign-times <start[,step]>',
      'path files: click i at start + i steps, the conversion a step later; step 1h if not given',
    )
    .option('--type <type>', 'event type of rows without a type column', 'conversion')
    .option('--touch-type <type>', 'path files: event type of the clicks', 'ad_click')
    .option('--conversion-type <type>', 'path files: event type of the conversions', 'conversion')
    .option('--currency <code>', 'ISO 4217, of amounts whose row names none')
    .option('--cost <list>', 'cost of one touch by channel: a=7,b=5')
    .option('--minor', 'amounts are whole minor units (cents) already')
    .option('--decimal-comma', 'amounts are written 44,50')
    .option('--dry-run', 'read and summarise, send nothing')
    .option('--beside', 'send rows even where the platform has the like of them under other ids: both count')
    .option('--strict', 'exit 1 when a row has a problem')
    .action(
      act(async (context: Context, file: string, options: CsvFlags) =>
        (await import('./import-csv.ts')).importCsv(context, file, options),
      ),
    );
}
