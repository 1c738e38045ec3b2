/** `tributary users export USER`: all that is stored of a user, as lines of JSON. */
import type { Command } from 'commander';
import type { Act, Context } from '../context.ts';
import { CommandError, EXIT, type ExitCode } from '../exit.ts';
import { counted } from '../terminal/figures.ts';
import { printable, printableJson } from '../terminal/table.ts';

interface End {
  readonly complete: boolean;
  readonly lines: Readonly<Record<string, number>>;
  readonly holes: readonly { readonly place: string | null; readonly why: string }[];
}

export function fillUsersExport(command: Command, act: Act): void {
  command
    .argument('<user>', 'user key: userId, else anonymousId')
    .addHelpText(
      'after',
      '\nExit code 1: something could not be read, and a message says what. Lines with "withheld" name this user and are of another one.',
    )
    .action(act(exportUser));
}

async function exportUser(context: Context, user: string): Promise<ExitCode> {
  const { terminal } = context;
  let end: End | undefined;
  let found = 0;
  for await (const line of context.api('admin').lines(`/v1/users/${encodeURIComponent(user)}/export`)) {
    if (line === '' || line === '{"reading":true}') continue;
    if (line.startsWith('{"end":')) ({ end } = JSON.parse(line) as { readonly end: End });
    else if (line.startsWith('{"place":')) terminal.progress(`${counted(++found, 'line')}`);
    await terminal.data(printableJson(line));
  }
  terminal.progressEnd();
  if (end === undefined)
    throw new CommandError({
      code: 'export_broke_off',
      message: `the export broke off after ${counted(found, 'line')}: its last line, which says whether it is whole, did not come`,
      fix: 'Run it again. The log of the API says what happened.',
    });
  for (const { place, why } of end.holes) terminal.say(printable(`not whole: ${place ?? 'the export'}: ${why}`));
  const places = Object.entries(end.lines).map(([place, lines]) => `${place} ${lines}`);
  terminal.say(places.length === 0 ? 'nothing of this user was found' : `lines found: ${places.join(', ')}`);
  return end.complete ? EXIT.ok : EXIT.found;
}
