/** `tributary segments members NAME`: who is in a segment, and how many they are. */
import type { Command } from 'commander';
import type { AnswerOf } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { instant } from '../terminal/figures.ts';
import { printable } from '../terminal/table.ts';

type Members = AnswerOf<'listMembers'>;

interface Options {
  readonly limit: string;
  readonly cursor?: string;
}

export function addSegments(program: Command, act: Act): void {
  program
    .command('segments')
    .description('who is in a segment')
    .command('members')
    .description('who is in a segment, and how many they are, by log time')
    .argument('<segment>', 'its name in the definitions')
    .option('--limit <n>', 'at most this many, 1 to 1000', '20')
    .option('--cursor <cursor>', 'the next page of an answer before')
    .addHelpText('after', '\nExit code 1 while they are not known: the segment is new, or not in force everywhere yet.')
    .action(act(members));
}

async function members(context: Context, segment: string, options: Options): Promise<ExitCode> {
  const { terminal } = context;
  const got = await context.api('read').get<Members>(`/v1/segments/${encodeURIComponent(segment)}/members`, { ...options });
  for (const warning of got.meta.warnings) terminal.say(printable(`warning: ${warning}`));
  await answer(context, got, () => [...got.members.map(printable), terminal.dim(lineOf(got))].join('\n'));
  if (got.nextCursor !== null) terminal.say(`there are more: --cursor ${got.nextCursor}`);
  return got.status === 'READY' ? EXIT.ok : EXIT.found;
}

function lineOf({ status, count, asOf, meta }: Members): string {
  if (count === null) return `${status}: members are not known`;
  const when = asOf === null ? '' : ` up to ${instant(asOf)}`;
  return `${count} member${count === 1 ? '' : 's'}${when} · ${meta.complete ? 'complete' : 'INCOMPLETE'}`;
}
