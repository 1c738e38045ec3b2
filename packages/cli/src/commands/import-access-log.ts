/** `tributary import access-log FILE`: page views of people out of a web server's log. */

import { type AccessLogSummary, createAccessLogReader } from '@tributary/importing/access-log/access-log';
import { parseLogLine } from '@tributary/importing/access-log/log-line';
import { createSiteHosts } from '@tributary/importing/access-log/site-hosts';
import { inflated, linesOf } from '@tributary/importing/files/lines';
import { openInput } from '@tributary/importing/files/open-input';
import { answer, type Context } from '../context.ts';
import type { ExitCode } from '../exit.ts';
import { count, counted, instant } from '../terminal/figures.ts';
import { renderTable } from '../terminal/table.ts';
import { importOutcome, loadFor, problemLines, progressText, sentFacts } from './import-run.ts';

export interface AccessLogFlags {
  readonly site?: string;
  readonly assets?: boolean;
  readonly salt?: string;
  readonly dryRun?: boolean;
  readonly strict?: boolean;
}

export async function importAccessLog(context: Context, file: string, options: AccessLogFlags): Promise<ExitCode> {
  const { terminal } = context;
  const load = loadFor(context, { dryRun: options.dryRun === true, beside: true });
  const siteHosts = options.site?.split(',').map((host) => host.trim()) ?? (await guessSite(context, file));
  const reader = createAccessLogReader({ siteHosts, assets: options.assets === true, salt: options.salt ?? '' });
  for await (const lines of linesOf(inflated(openInput(context.shell, file), file))) {
    for (const line of lines) {
      const event = reader.read(line);
      if (event !== null) await load.add(event);
    }
    terminal.progress(progressText(reader.summary.lines, 'line', reader.summary.events));
  }
  const sent = await load.finish();
  terminal.progressEnd();

  const summary = reader.summary;
  problemLines(terminal, summary.malformed, 'malformed line', 'malformed lines');
  await answer(context, { file, siteHosts, ...summary, sent }, () =>
    [summaryTable(summary), '', channelTable(summary), ...sentFacts(sent)].join('\n'),
  );
  const noLog = summary.lines > 0 && summary.malformed.count === summary.lines;
  if (noLog) terminal.say(`no line of "${file}" is in the combined log format of Apache and nginx: nothing was imported`);
  return importOutcome(context, sent, noLog || (options.strict === true && summary.malformed.count > 0));
}

/** A first pass over the file, unless it can be read only once. */
async function guessSite(context: Context, file: string): Promise<string[]> {
  const { terminal, shell } = context;
  if (file === '-' || !(await shell.isFile(file))) {
    terminal.say('the host of the site is not known: every referrer counts as external; name it with --site');
    return [];
  }
  const hosts = createSiteHosts();
  for await (const lines of linesOf(inflated(openInput(context.shell, file), file)))
    for (const { text } of lines) {
      const parsed = parseLogLine(text);
      if (parsed.ok) hosts.note(parsed.hit);
    }
  const site = hosts.guess();
  terminal.say(
    site === null
      ? 'no host stands out among the referrers: every one counts as external; name the site with --site'
      : `the site is ${site}, by its referrers; --site says otherwise`,
  );
  return site === null ? [] : [site];
}

export function summaryTable(summary: AccessLogSummary): string {
  const { skipped, malformed } = summary;
  const rows: [string, number][] = [
    ['events', summary.events],
    ['bots set aside', summary.bots],
    ['skipped: static files', skipped.asset],
    ['skipped: status below 200 or above 399', skipped.status],
    ['skipped: not GET', skipped.method],
    ['malformed', malformed.count],
  ];
  return renderTable({
    columns: [{ title: 'lines' }, { title: 'count', align: 'right' }],
    rows: rows.map(([label, value]) => [label, count(value)]),
    total: ['total', count(summary.lines)],
  });
}

export function channelTable(summary: AccessLogSummary): string {
  const channels = [...summary.channels].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const table = renderTable({
    columns: [{ title: 'channel' }, { title: 'events', align: 'right' }],
    rows: [
      ...channels.map(([channel, events]) => [channel, count(events)]),
      ['(no touch: within the site)', count(summary.withinVisit)],
    ],
    total: ['total', count(summary.events)],
  });
  const period =
    summary.firstTs === null || summary.lastTs === null ? '' : `, ${instant(summary.firstTs)} to ${instant(summary.lastTs)}`;
  return `${table}\n${summary.usersExact ? '' : 'about '}${counted(summary.users, 'user')}${period}`;
}
