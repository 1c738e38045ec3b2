/** `tributary events send`: live events from arguments, a file or standard input, one JSON object a line. */

import { type AmountField, parseAmountOf } from '@tributary/importing/events/amount';
import { INSTANT_FORMS, parseInstant } from '@tributary/importing/events/instant';
import { eventLines, lostIn } from '@tributary/importing/files/event-lines';
import { inflated, parseObject } from '@tributary/importing/files/lines';
import { openInput } from '@tributary/importing/files/open-input';
import { createProblems } from '@tributary/importing/files/problems';
import { createBatcher } from '@tributary/importing/sending/batches';
import type { Event } from '@tributary/model/event';
import { fieldsWith, PLAIN_FIELDS, type PlainField } from '@tributary/model/event-fields';
import { answer, type Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';
import { flagOf } from '../flags/field-flag.ts';
import { count, counted } from '../terminal/figures.ts';
import { openSender, problemLines, rejectedLines } from './import-run.ts';

export interface SendFlags extends Readonly<Partial<Record<PlainField, string>>> {
  readonly type?: string;
  readonly user?: string;
  readonly anonymous?: string;
  readonly ts?: string;
  readonly id?: string;
  readonly properties?: string;
}

type Sent = Partial<Omit<Event, 'receivedAt'>> & { readonly id: string };

export async function sendEvents(context: Context, file: string | undefined, options: SendFlags): Promise<ExitCode> {
  if (options.type !== undefined && file !== undefined)
    throw new UsageError(`--type must stand without a file (got ${file}). Leave out one of them.`);
  const { terminal } = context;
  const sender = openSender(context, '/v1/events', {
    onProgress: (totals) => terminal.progress(`${counted(totals.sent, 'event')} sent`),
  });
  const problems = createProblems();
  const batcher = createBatcher();
  for await (const event of eventsOf(context, file, options, problems.add)) {
    const full = batcher.add(event);
    if (full !== null) await sender.send(full);
  }
  const last = batcher.end();
  if (last !== null) await sender.send(last);
  const sent = await sender.finish();
  terminal.progressEnd();
  problemLines(terminal, problems, 'line without an event', 'lines without an event');
  rejectedLines(terminal, sent);
  await answer(
    context,
    { ...sent, problems },
    () => `${count(sent.accepted)} accepted${sent.rejected > 0 ? `, ${count(sent.rejected)} rejected` : ''}`,
  );
  return problems.count + sent.rejected > 0 ? EXIT.found : EXIT.ok;
}

type OnProblem = ReturnType<typeof createProblems>['add'];

async function* eventsOf(
  context: Context,
  file: string | undefined,
  options: SendFlags,
  onProblem: OnProblem,
): AsyncGenerator<Sent> {
  if (options.type !== undefined) {
    yield eventFrom(options, context.shell.newId());
    return;
  }
  const idOf = idsInOrder(context.shell.newId());
  for await (const lines of eventLines(inflated(openInput(context.shell, file ?? '-'), file ?? 'standard input')))
    for (const { number, text, read } of lines) {
      // An id of our own makes a resend after a lost answer count once.
      if (read.ok) yield { ...read.event, id: (read.event['id'] ?? idOf(number)) as string };
      else onProblem({ line: number, reason: read.reason, text });
    }
}

/** By the number of the line: events without a time are of one instant, and keep their order by their ids. */
function idsInOrder(first: string): (line: number) => string {
  return (line) => `${first}-${String(line).padStart(9, '0')}`;
}

function eventFrom(options: SendFlags, newId: string): Sent {
  const { type, user, anonymous } = options;
  if (user === undefined && anonymous === undefined)
    throw new UsageError('--user or --anonymous must say whose event it is (got neither). Add one of them.');
  const ts = options.ts === undefined ? undefined : parseInstant(options.ts);
  if (ts === null) throw new UsageError(`--ts must be ${INSTANT_FORMS} (got "${options.ts}")`);
  const event = {
    type,
    userId: user,
    anonymousId: anonymous,
    ts,
    ...Object.fromEntries(PLAIN_FIELDS.map((field) => [field, options[field]])),
    ...Object.fromEntries(AMOUNTS.map((field) => [field, amount(field, options)])),
    properties: properties(options.properties),
  };
  return { ...Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined)), id: options.id ?? newId };
}

const AMOUNTS = fieldsWith({ type: 'amount' });

function amount(field: AmountField, options: SendFlags): number | undefined {
  const text = options[field];
  if (text === undefined) return undefined;
  const read = parseAmountOf(field, text, options.currency, { minor: false, decimalMark: '.' });
  if (!read.ok) throw new UsageError([flagOf(field), read.reason].join(' '));
  return read.value;
}

function properties(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  const value = parseObject(text);
  if (value === null) throw new UsageError(`--properties must be a JSON object (got ${text.slice(0, 60)})`);
  const lost = lostIn(value, text, '--properties');
  if (lost !== undefined) throw new UsageError(lost.reason);
  return value;
}
