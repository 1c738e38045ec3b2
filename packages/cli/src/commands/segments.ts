/** `tributary segments members NAME` and `counts NAME`: who is in a segment, and how many entered and left it by day. */
import type { Command } from 'commander';
import type { AnswerOf } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { putAnswer, putTables, titleOf } from '../report/api-output.ts';
import { warnings } from '../report/meta-line.ts';
import { formatOf, putRecords } from '../report/record-output.ts';
import type { Records } from '../report/records.ts';
import { count, instant } from '../terminal/figures.ts';
import { printable, renderWide } from '../terminal/table.ts';

type Members = AnswerOf<'listMembers'>;
type Counts = AnswerOf<'countMembers'>;

interface Options {
  readonly limit: string;
  readonly cursor?: string;
}

interface CountsOptions {
  readonly from?: string;
  readonly to?: string;
  readonly layer?: string;
  readonly format?: string;
  readonly out?: string;
}

export function fillSegments(segments: Command, act: Act): void {
  segments
    .command('counts')
    .description('how many users entered and left a segment on each day, and were in it at its end')
    .argument('<segment>', 'its name in the definitions, where it has byDay: true')
    .option('--from <instant>', 'from this day on (UTC); default: 30 days before --to')
    .option('--to <instant>', 'before this day; default: that after log time')
    .option('--layer <name>', 'merged, speed, batch or staged')
    .option('--format <name>', 'table, json, csv, ndjson or parquet; default: by the name of --out, else table')
    .option('--out <file>', 'write there instead of to standard output')
    .addHelpText('after', '\nExit code 1 while the generation that readers get does not count the segment by day.')
    .action(act(showCounts));
  segments
    .command('members')
    .description('who is in a segment, and how many they are, by log time')
    .argument('<segment>', 'its name in the definitions')
    .option('--limit <n>', 'at most this many, 1 to 1000', '20')
    .option('--cursor <cursor>', 'the next page of an answer before')
    .addHelpText('after', '\nExit code 1 while they are not known: the segment is new, or not in force everywhere yet.')
    .action(act(showMembers));
}

async function showMembers(context: Context, segment: string, options: Options): Promise<ExitCode> {
  const { terminal } = context;
  const got = await context.api('read').get<Members>(`/v1/segments/${encodeURIComponent(segment)}/members`, { ...options });
  for (const warning of got.meta.warnings) terminal.say(printable(`warning: ${warning}`));
  await answer(context, got, () => [...got.members.map(printable), terminal.dim(lineOf(got))].join('\n'));
  if (got.nextCursor !== null) terminal.say(`there are more: --cursor ${got.nextCursor}`);
  return got.status === 'READY' ? EXIT.ok : EXIT.found;
}

function lineOf({ status, asOf, meta, count: all }: Members): string {
  if (all === null) return `${status}: members are not known`;
  const when = asOf === null ? '' : ` up to ${instant(asOf)}`;
  return `${all} member${all === 1 ? '' : 's'}${when} · ${meta.complete ? 'complete' : 'INCOMPLETE'}`;
}

async function showCounts(context: Context, segment: string, { format: given, out, ...asked }: CountsOptions): Promise<ExitCode> {
  const format = formatOf(context, { ...(given !== undefined && { format: given }), ...(out !== undefined && { out }) });
  const got = await context.api('read').get<Counts>(`/v1/segments/${encodeURIComponent(segment)}/counts`, { ...asked });
  const exit = got.status === 'READY' ? EXIT.ok : EXIT.found;
  if (format === 'json') await putAnswer(context, got, out);
  else if (format !== 'table') {
    warnings(context.terminal, got.meta, got.range);
    await putRecords(context, recordsOf(got.rows), format, out);
  } else if (got.status === 'READY') {
    const title = titleOf(`${segment} by day`, [], { range: got.range });
    await putTables(context, [[title, renderWide(tableOf(got.rows), context.terminal.width, context.terminal.bold)]], {
      notes: got.rows.some(({ over }) => !over) ? ['* not over: what the day comes to if nothing more happens'] : [],
      ...{ meta: got.meta, range: got.range, out },
    });
  } else {
    warnings(context.terminal, got.meta, got.range);
    context.terminal.say(`BACKFILLING: the generation that readers get does not count ${segment} by day`);
  }
  return exit;
}

function recordsOf(rows: Counts['rows']): Records {
  return {
    fields: [
      { name: 'day', type: 'text' },
      ...['entered', 'left', 'members'].map((name) => ({ name, type: 'integer' as const })),
      { name: 'over', type: 'text' },
    ],
    rows: rows.map(({ day, entered, left, members, over }) => [day, entered, left, members, String(over)]),
  };
}

function tableOf(rows: Counts['rows']) {
  const figures = ['entered', 'left', 'members'].map((title) => ({ title, align: 'right' as const }));
  return {
    columns: [{ title: 'day' }, ...figures],
    rows: rows.map(({ day, entered, left, members, over }) => [
      over ? day : `${day} *`,
      ...[entered, left, members].map((sum) => count(sum)),
    ]),
  };
}
