/** `tributary events check`: what the collector would say of events, line by line, without writing one. */

import { eventLines } from '@tributary/importing/files/event-lines';
import { inflated } from '@tributary/importing/files/lines';
import { openInput } from '@tributary/importing/files/open-input';
import { BATCH_LIMITS, type Batch, createBatcher } from '@tributary/importing/sending/batches';
import type { Rejected } from '@tributary/importing/sending/collector-answer';
import { originTrouble } from '@tributary/runtime/keys/origin';
import { answer, type Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';
import { count, counted } from '../terminal/figures.ts';
import { printable } from '../terminal/table.ts';
import { openSender } from './import-run.ts';

export interface CheckFlags {
  readonly as: string;
  readonly limit: string;
  readonly origin?: string;
}

interface Finding extends Pick<Rejected, 'code' | 'message'> {
  readonly line: number;
}

/** An answer lists the first hundred rejections: with no more events than that in a batch, it lists them all. */
const LIMITS = { ...BATCH_LIMITS, events: 100 };

export async function check(context: Context, file: string, options: CheckFlags): Promise<ExitCode> {
  const { terminal } = context;
  const { origin } = options;
  const findings = createFindings(limitOf(options.limit));
  const wrong = origin === undefined ? undefined : originTrouble(origin);
  if (wrong !== undefined) throw new UsageError(wrong);
  const sent = new Map<Batch, readonly number[]>();
  const sender = openSender(context, `/v1/validate?as=${options.as === 'segment' ? 'batch' : options.as}`, {
    ...(origin !== undefined && { origin }),
    onProgress: (totals) => terminal.progress(`${counted(totals.sent, 'event')} checked`),
    onAnswer: (batch, rejected) => {
      for (const { index, code, message } of rejected) findings.add({ line: sent.get(batch)?.[index] ?? 0, code, message });
      sent.delete(batch);
    },
  });
  let meant: 'segment' | 'posthog' | undefined;
  const batcher = createBatcher(LIMITS);
  let lines: number[] = [];
  const send = async (batch: Batch | null) => {
    if (batch === null) return;
    sent.set(batch, lines);
    lines = [];
    await sender.send(batch);
  };
  for await (const some of eventLines(inflated(openInput(context.shell, file), file === '-' ? 'standard input' : file)))
    for (const { number, read } of some) {
      if (!read.ok) {
        findings.add({ line: number, code: read.code, message: read.reason });
        continue;
      }
      if (options.as === 'events') meant ??= formatOf(read.event);
      await send(batcher.add(read.event));
      lines.push(number);
    }
  await send(batcher.end());
  const { accepted } = await sender.finish();
  terminal.progressEnd();
  const { total, reasons, first } = findings.summary();
  for (const { line, code, message } of first) terminal.say(`line ${line}: ${printable(code)}: ${message}`);
  if (total > 0 && meant !== undefined) terminal.say(`${LOOKS_LIKE[meant]}: check them with --as ${meant}`);
  if (total > first.length) terminal.say(`and ${count(total - first.length)} more; --limit shows them`);
  await answer(context, { accepted, rejected: total, reasons, first }, () => {
    const why = Object.entries(reasons).map(([code, times]) => `${count(times)} ${code}`);
    return `${counted(accepted, 'event')} would be accepted${total > 0 ? `, ${count(total)} rejected: ${why.join(', ')}` : ''}`;
  });
  return total > 0 ? EXIT.found : EXIT.ok;
}

const LOOKS_LIKE = {
  segment: 'these look like calls of a Segment library',
  posthog: 'these look like events of PostHog',
} as const;

/** Segment's calls name what they are as their type; both hold fields that no event of ours has. */
function formatOf(event: unknown): keyof typeof LOOKS_LIKE | undefined {
  const { type, ...fields } = event as Readonly<Record<string, unknown>>;
  if (type === undefined) return 'event' in fields && 'distinct_id' in fields ? 'posthog' : undefined;
  const isCall = ['event', 'traits', 'messageId', 'context', 'originalTimestamp'].some((name) => name in fields);
  return SEGMENT_CALLS.has(type) && isCall ? 'segment' : undefined;
}

const SEGMENT_CALLS: ReadonlySet<unknown> = new Set(['track', 'identify', 'page', 'screen', 'group', 'alias']);

/** All are counted by code, and those on the first lines are kept: answers come in any order. */
function createFindings(limit: number) {
  const reasons = new Map<string, number>();
  let first: Finding[] = [];
  let total = 0;
  const keepFirst = () => (first = first.sort((a, b) => a.line - b.line).slice(0, limit));
  return {
    add(finding: Finding) {
      total += 1;
      reasons.set(finding.code, (reasons.get(finding.code) ?? 0) + 1);
      // A message quotes what was sent: a terminal obeys some of it, in JSON too.
      first.push({ ...finding, message: printable(finding.message) });
      // Seldom: to sort at each would take longer than the collector.
      if (first.length > 2 * limit + LIMITS.events) keepFirst();
    },
    summary: () => ({
      total,
      reasons: Object.fromEntries([...reasons].sort(([, a], [, b]) => b - a)),
      first: keepFirst(),
    }),
  };
}

function limitOf(text: string): number {
  if (!/^(0|[1-9]\d{0,3})$/.test(text)) throw new UsageError(`--limit must be a whole number from 0 to 9999 (got "${text}")`);
  return Number(text);
}
