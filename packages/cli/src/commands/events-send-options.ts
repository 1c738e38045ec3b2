/** What `tributary events send` takes. What it does is loaded when it acts: the readers of files, and what sends. */
import { INSTANT_FORMS } from '@tributary/importing/events/instant';
import { FIELDS, PLAIN_FIELDS, type PlainField } from '@tributary/model/event-fields';
import type { Command } from 'commander';
import type { Act, Context } from '../context.ts';
import { flagOf } from '../flags/field-flag.ts';
import type { SendFlags } from './events-send.ts';

/** What an option of a field takes, by its type. */
const TAKES = {
  text: ['<text>', ''],
  amount: ['<amount>', 'decimal, such as 49.90'],
  currency: ['<code>', 'ISO 4217'],
} as const satisfies Record<(typeof FIELDS)[PlainField]['type'], readonly [string, string]>;

export function fillEventsSend(command: Command, act: Act): void {
  const send = command
    .argument('[file]', 'native events as NDJSON; "-" or nothing, without --type, reads standard input')
    .option('--type <type>', 'event type, such as purchase')
    .option('--user <id>', 'userId')
    .option('--anonymous <id>', 'anonymousId')
    .option('--ts <instant>', `when it happened: ${INSTANT_FORMS}; default: now`)
    .option('--id <id>', 'event id: the same id counts once; default: a new one')
    .option('--properties <json>', 'a JSON object')
    .action(
      act(async (context: Context, file: string | undefined, options: SendFlags) =>
        (await import('./events-send.ts')).sendEvents(context, file, options),
      ),
    );
  for (const field of PLAIN_FIELDS) {
    const [value, description] = TAKES[FIELDS[field].type];
    send.option(`${flagOf(field)} ${value}`, description);
  }
}
