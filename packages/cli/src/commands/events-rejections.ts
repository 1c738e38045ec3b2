/** `tributary events rejections`: what the collector rejected lately, and why: an SDK that reads a 200 looks no further. */

import { notACollector, refusal, unreachable } from '@tributary/importing/sending/collector-answer';
import { isObject } from '@tributary/model/reading/json';
import { type Command, Option } from 'commander';
import { type Act, answer, type Context } from '../context.ts';
import { CommandError, EXIT, type ExitCode, UsageError } from '../exit.ts';
import { count, instant } from '../terminal/figures.ts';
import { type Column, printable, renderWide, shortName } from '../terminal/table.ts';

interface Rejection {
  readonly reason: string;
  /** The public half of the key; null where none was verified. */
  readonly keyId: string | null;
  readonly count: number;
  readonly lastAt: string;
  readonly message: string;
  readonly origin: string | null;
  readonly sample: unknown;
}

interface Seen {
  readonly since: string;
  readonly rejections: readonly Rejection[];
}

const TIMEOUT_MS = 10_000;
/** A collector remembers no more. */
const MOST = 500;

export function fillEventsRejections(command: Command, act: Act): void {
  command.addOption(new Option('--limit <n>', `at most this many (1–${MOST})`).default('20')).action(act(rejections));
}

async function rejections(context: Context, { limit }: { readonly limit: string }): Promise<ExitCode> {
  const most = /^[1-9]\d{0,2}$/.test(limit) ? Number(limit) : 0;
  if (most < 1 || most > MOST) throw new UsageError(`--limit must be a whole number from 1 to ${MOST} (got "${limit}")`);
  const { since, rejections: all } = await seenBy(context);
  const shown = all.slice(0, most);
  await answer(context, { since, rejections: shown }, () =>
    shown.length === 0 ? 'no rejections' : table(shown, context.terminal),
  );
  const { terminal, settings } = context;
  terminal.say(printable(`since ${instant(Date.parse(since))}, of the collector at ${settings.collectorUrl} alone`));
  if (all.length > shown.length) terminal.say(`and ${count(all.length - shown.length)} more; --limit shows them`);
  return EXIT.ok;
}

async function seenBy({ settings, shell }: Context): Promise<Seen> {
  const where = `${settings.collectorUrl}/v1/rejections`;
  const authorization = `Bearer ${settings.key('read', 'collector')}`;
  let status: number;
  let text: string;
  try {
    const response = await shell.fetch(where, { headers: { authorization }, signal: AbortSignal.timeout(TIMEOUT_MS) });
    [status, text] = [response.status, await response.text()];
  } catch (cause) {
    throw unreachable(where, cause, true);
  }
  if (status !== 200) {
    const failure = refusal(where, status, text, true);
    if (failure.code === 'not_a_collector' || (status !== 401 && status !== 403)) throw failure;
    const fix = 'Give a key of the scope "read" with --key or TRIBUTARY_READ_KEY.';
    throw new CommandError({ code: 'unauthorized', message: failure.message, fix });
  }
  const seen = seenIn(text);
  if (seen === null) throw notACollector(where, status);
  return seen;
}

function seenIn(text: string): Seen | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  return isObject(value) && typeof value['since'] === 'string' && Array.isArray(value['rejections'])
    ? (value as unknown as Seen)
    : null;
}

function table(shown: readonly Rejection[], { width, bold }: Context['terminal']): string {
  const columns: Column[] = [
    { title: 'why', wraps: true },
    { title: 'times', align: 'right' },
    { title: 'last' },
    { title: 'event' },
    { title: 'key' },
    { title: 'origin' },
  ];
  const rows = shown.map(({ lastAt, count: times, keyId, sample, origin, reason, message }) => [
    `${reason}: ${message}`,
    count(times),
    instant(Math.floor(Date.parse(lastAt) / 1_000) * 1_000),
    shortName(nameIn(sample)),
    keyId ?? '–',
    origin ?? '–',
  ]);
  return renderWide({ columns, rows }, width, bold);
}

/** What the event calls itself, as far as the collector shows it. */
function nameIn(sample: unknown): string {
  const { event, type } = isObject(sample) ? sample : {};
  return String(event ?? type ?? '–');
}
