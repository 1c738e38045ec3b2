/** What both importers do around their parsing: send, and say how it went. */

import type { Problems } from '@tributary/importing/files/problems';
import { keptBefore } from '@tributary/importing/sending/kept-before';
import { createLoad, type Load, type Loaded } from '@tributary/importing/sending/load';
import { createSender, type Sender, type Sending, type SendTotals } from '@tributary/importing/sending/sender';
import type { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { CommandError, EXIT, type ExitCode } from '../exit.ts';
import { count, counted } from '../terminal/figures.ts';
import { printable } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** What both importers send through. `beside`: also what the platform has under other ids. */
export function loadFor(context: Context, { dryRun, beside }: { dryRun: boolean; beside: boolean }): Load {
  return createLoad(dryRun ? null : senderFor(context), async (sample) => {
    const api = platformOf(context);
    return api === null ? null : keptBefore((question) => unlessSilent(api.post('/v1/signals/query', question)), sample, beside);
  });
}

/** The API beside the collector; null where none is known to be of the same platform. */
export function platformOf(context: Context): ApiClient | null {
  return context.settings.isOnePlatform() ? context.apiIfAny('read', COMPARE_TIMEOUT_MS) : null;
}

/** An import needs no API: it goes on where none answers, and where something else does. */
async function unlessSilent<T>(answered: Promise<T>): Promise<T | null> {
  try {
    return await answered;
  } catch (error) {
    if (error instanceof CommandError) return null;
    throw error;
  }
}

/** An import does not wait longer for an API that it does not need. */
const COMPARE_TIMEOUT_MS = 3_000;

function senderFor(context: Context): Sender {
  return openSender(context, '/v1/events', {
    onProgress: ({ sent, retries }) =>
      context.terminal.progress(
        `${counted(sent, 'event')} sent${retries > 0 ? `, ${counted(retries, 'retry', 'retries')}` : ''}`,
      ),
  });
}

/** To the collector and with the key that the settings name. */
export function openSender(
  { settings, shell, terminal }: Context,
  path: Sending['path'],
  hooks: Pick<Sending, 'onProgress' | 'onAnswer' | 'origin'>,
): Sender {
  return createSender({
    url: settings.collectorUrl,
    path,
    key: settings.key('write'),
    fetch: shell.fetch,
    sleep: shell.sleep,
    now: shell.now,
    onTrouble: (text) => terminal.say(printable(text)),
    ...hooks,
  });
}

export function progressText(read: number, unit: string, events: number): string {
  return `${counted(read, unit)} read, ${counted(events, 'event')}`;
}

/** The first few problems, on stderr. */
export function problemLines(terminal: Terminal, problems: Problems, what: string, whats: string): void {
  if (problems.count === 0) return;
  terminal.say(
    `${counted(problems.count, what, whats)}${problems.count > problems.first.length ? `, the first ${problems.first.length}:` : ':'}`,
  );
  for (const { line, reason, text } of problems.first)
    terminal.say(printable(`  line ${line}: ${reason}${text === undefined ? '' : `: ${text}`}`));
}

export function sentFacts(sent: SendTotals | null): string[] {
  if (sent === null) return ['dry run: nothing was sent'];
  const duplicates = sent.accepted === 0 ? '' : '; duplicates among them count once, with the fields of their first import';
  return [
    `${counted(sent.accepted, 'event')} accepted by the collector${duplicates}${sent.rejected > 0 ? `, ${count(sent.rejected)} rejected` : ''}`,
  ];
}

/** The first few events that the collector rejected, on stderr. */
export function rejectedLines(terminal: Terminal, sent: SendTotals | null): void {
  for (const { messageId, code, message } of sent?.firstRejected ?? [])
    terminal.say(printable(`  rejected ${messageId ?? ''}: ${code}: ${message}`));
}

export function importOutcome({ terminal }: Context, sent: Loaded | null, problemsCount: boolean): ExitCode {
  rejectedLines(terminal, sent);
  const before = sent?.keptBefore ?? null;
  if (before !== null) terminal.say(printable(`warning: ${before}\n${KEPT}`.replaceAll('\n', ' ')));
  return problemsCount || before !== null || (sent?.rejected ?? 0) > 0 ? EXIT.found : EXIT.ok;
}

const KEPT =
  '(rows that were imported before keep what they have: nothing of them changed. To correct them, import into a new platform; rows with other ids would count beside them.)';
