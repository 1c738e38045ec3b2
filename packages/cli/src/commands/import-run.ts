/** What both importers do around their parsing: open the input, send, and tell how it went. */
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import type { Problems } from '../import/problems.ts';
import { createSender, type Sender, type SendTotals } from '../import/sender.ts';
import { count } from '../terminal/figures.ts';
import { printable } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';

export function openInput({ shell }: Context, file: string): AsyncIterable<Uint8Array> {
  return file === '-' ? shell.stdin : shell.open(file);
}

export function senderFor(context: Context, dryRun: boolean): Sender | null {
  if (dryRun) return null;
  const { settings, shell, terminal } = context;
  return createSender({
    url: settings.collectorUrl,
    path: '/v1/events',
    key: settings.key('write'),
    fetch: shell.fetch,
    sleep: shell.sleep,
    now: shell.now,
    onTrouble: (text) => terminal.say(printable(text)),
    onProgress: (totals) =>
      terminal.progress(`${count(totals.sent)} events sent${totals.retries > 0 ? `, ${count(totals.retries)} retries` : ''}`),
  });
}

export function progressText(read: number, unit: string, events: number): string {
  return `${count(read)} ${unit} read, ${count(events)} events`;
}

/** The first few problems, on stderr. */
export function problemLines(terminal: Terminal, what: string, problems: Problems): void {
  if (problems.count === 0) return;
  terminal.say(
    `${count(problems.count)} ${what}${problems.count === 1 ? '' : 's'}${problems.count > problems.first.length ? `, the first ${problems.first.length}:` : ':'}`,
  );
  for (const { line, reason, text } of problems.first)
    terminal.say(printable(`  line ${line}: ${reason}${text === undefined ? '' : `: ${text}`}`));
}

export function sentFacts(sent: SendTotals | null): string[] {
  if (sent === null) return ['dry run: nothing was sent'];
  return [
    `${count(sent.accepted)} events accepted by the collector${sent.rejected > 0 ? `, ${count(sent.rejected)} rejected` : ''}`,
  ];
}

/** The first few events that the collector rejected, on stderr. */
export function rejectedLines(terminal: Terminal, sent: SendTotals | null): void {
  for (const { messageId, code, message } of sent?.firstRejected ?? [])
    terminal.say(printable(`  rejected ${messageId ?? ''}: ${code}: ${message}`));
}

export function importOutcome({ terminal }: Context, sent: SendTotals | null, problemsCount: boolean): ExitCode {
  rejectedLines(terminal, sent);
  return problemsCount || (sent?.rejected ?? 0) > 0 ? EXIT.found : EXIT.ok;
}
