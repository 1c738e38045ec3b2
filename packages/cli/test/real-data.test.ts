/**
 * The importers on real files, against counts made another way: by slow loops over split lines, as one would with awk.
 * The files lie outside the repository; where they are absent the tests say that they skip.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { fakeCollector, fakeServer } from './fake-server.ts';
import { tributary } from './fake-shell.ts';

const DATA = fileURLToPath(new URL('../../../../shared/data/', import.meta.url));
const LOG = `${DATA}apache_logs.log`;
const PATHS = `${DATA}user_click_paths.csv`;
const absent = (file: string) => (existsSync(file) ? '' : ' (SKIPPED: ../shared/data of the repository does not hold the file)');

describe(`apache_logs.log${absent(LOG)}`, () => {
  test.skipIf(!existsSync(LOG))('every count equals the slow one, and importing twice counts once (law 3)', async () => {
    const expected = countSlowly(readFileSync(LOG, 'utf8').trimEnd().split('\n'));
    const collector = fakeCollector();
    await using server = await fakeServer(collector.take);
    const argv = ['import', 'access-log', LOG, '--json', '--collector-url', server.url];
    const first = await tributary(argv);
    const { lines, events, users, bots, skipped, malformed, channels, withinVisit, siteHosts, sent } = JSON.parse(first.stdout);

    expect(first.code).toBe(0);
    expect({ lines, events, users, bots, skipped, malformed: malformed.count, channels, withinVisit }).toEqual(expected);
    expect(lines).toBe(10_000);
    expect(events + bots + malformed.count + skipped.method + skipped.status + skipped.asset).toBe(lines);
    expect(siteHosts).toEqual(['semicomplete.com']);
    expect(malformed.first).toMatchObject([{ line: 8899, reason: 'a quote is not closed' }]);
    expect(first.stderr).toContain('line 8899: a quote is not closed');
    expect(sent.accepted).toBe(events);
    expect(collector.kept.size).toBe(events);
    expect([...collector.kept.values()].every((event) => event['type'] === 'page' && event['historical'] === true)).toBe(true);

    const kept = structuredClone([...collector.kept]);
    expect((await tributary(argv)).code).toBe(0);
    expect([...collector.kept]).toEqual(kept);
  });
});

describe(`user_click_paths.csv${absent(PATHS)}`, () => {
  test.skipIf(!existsSync(PATHS))('clicks, conversions, value and cost equal the slow sums', async () => {
    const rows = readFileSync(PATHS, 'utf8')
      .trimEnd()
      .split(/\r?\n/)
      .slice(1)
      .map((line) => line.split(','));
    const clicks = rows.flatMap((row) => row.slice(1, 6).filter((channel) => channel !== ''));
    const converted = rows.filter((row) => row[6] === '1');
    const price: Record<string, number> = { a: 700, b: 500, c: 400, d: 200 };
    const costMinor = clicks.reduce((sum, channel) => sum + (price[channel] ?? 0), 0);
    const valueMinor = converted.reduce((sum, row) => sum + Number(row[7]) * 100, 0);

    const collector = fakeCollector();
    await using server = await fakeServer(collector.take);
    const map = 'user=user,path=click_1..click_5,conversion=conversion,value=value';
    const done = await tributary([
      'import',
      'csv',
      PATHS,
      '--map',
      map,
      '--assign-times',
      '2026-11-01,1h',
      '--cost',
      'a=7,b=5,c=4,d=2',
      '--currency',
      'EUR',
      '--conversion-type',
      'purchase',
      '--json',
      '--collector-url',
      server.url,
    ]); // prettier-ignore
    const summary = JSON.parse(done.stdout);
    expect(done.code).toBe(0);
    expect(summary).toMatchObject({
      rows: 10_000,
      users: 10_000,
      events: clicks.length + converted.length,
      problems: { count: 0 },
    });
    expect(summary.types).toEqual({
      ad_click: { events: clicks.length, costMinor: { EUR: costMinor }, valueMinor: {} },
      purchase: { events: converted.length, costMinor: {}, valueMinor: { EUR: valueMinor } },
    });
    for (const channel of ['a', 'b', 'c', 'd'])
      expect(summary.channels[channel].events).toBe(clicks.filter((click) => click === channel).length);

    const sent = [...collector.kept.values()];
    expect(sent.length).toBe(clicks.length + converted.length);
    expect(sent.reduce((sum, event) => sum + Number(event['cost'] ?? 0), 0)).toBe(costMinor);
    expect(sent.reduce((sum, event) => sum + Number(event['value'] ?? 0), 0)).toBe(valueMinor);
    // Row 3 is "3,b,d,a,b,c,1,44": five clicks an hour apart, the conversion an hour after the last.
    const ofThree = sent
      .filter((event) => event['userId'] === '3')
      .map((event) => [event['ts'], event['type'], event['channel'], event['value']]);
    const hour = (n: number) => Date.UTC(2026, 10, 1, n);
    expect(ofThree).toEqual([
      [hour(0), 'ad_click', 'b', undefined],
      [hour(1), 'ad_click', 'd', undefined],
      [hour(2), 'ad_click', 'a', undefined],
      [hour(3), 'ad_click', 'b', undefined],
      [hour(4), 'ad_click', 'c', undefined],
      [hour(5), 'purchase', undefined, 4400],
    ]);
  });
});

const ASSETS = /\.(css|js|png|jpe?g|gif|ico|svg|txt|xml|xsl|jar|ttf|woff|gz|deb|exe|gem|swf)$/i;
/** A cruder idea of a bot, with what it gets wrong in this file named. */
const BOT =
  /bot|spider|crawl|slurp|feed|rss|http|@|curl|wget|python|ruby|perl|fetch|nutch|validator|portscout|binlar|indy|digg|reader|subscribers|lwp|preview|favicon|phantom|^mozilla\/[45].0( \(compatible;\))?$/i;
const BROWSER = /firefox|chrome|safari|msie|opera|trident|mozilla/i;
const RARE_PEOPLE =
  /^(QS304|Dalvik|Maui Browser|SAMSUNG-GT|MAXX_MAUI|Links |ZDM|Instagram|Micromax|LAVA|ELinks|Robosourcer|Midori)|tropicdesigns/;

function countSlowly(lines: readonly string[]) {
  const counts = { lines: 0, events: 0, users: 0, bots: 0, malformed: 0, withinVisit: 0 };
  const skipped = { method: 0, status: 0, asset: 0 };
  const channels: Record<string, number> = {};
  const seen: { user: string; at: number }[] = [];
  for (const line of lines) {
    counts.lines += 1;
    const [before, request, answer, referrer, , agent, ...rest] = line.split('"') as [
      string,
      string,
      string,
      string,
      string,
      string?,
      ...string[],
    ];
    if (agent === undefined || rest.length === 0) {
      counts.malformed += 1;
      continue;
    }
    if ((BOT.test(agent) || !BROWSER.test(agent)) && !RARE_PEOPLE.test(agent)) {
      counts.bots += 1;
      continue;
    }
    const [method, target = ''] = request.split(' ');
    const status = Number(answer.trim().split(' ')[0]);
    if (method !== 'GET') skipped.method += 1;
    else if (status < 200 || status >= 400) skipped.status += 1;
    else if (ASSETS.test(target.split(/[?#]/)[0] ?? '')) skipped.asset += 1;
    else {
      counts.events += 1;
      const user = `${before.split(' ')[0]} ${agent}`;
      const at = Date.parse(before.replace(/.*\[(\d+)\/(\w+)\/(\d+):(\S+) .*/, '$1 $2 $3 $4Z'));
      const visits = seen.filter((visit) => visit.user === user);
      if (visits.length === 0) counts.users += 1;
      const latest = Math.max(...visits.map((visit) => visit.at));
      seen.push({ user, at });
      const channel = channelSlowly(target, referrer, visits.length === 0 || at - latest >= 1_800_000);
      if (channel === '') counts.withinVisit += 1;
      else channels[channel] = (channels[channel] ?? 0) + 1;
    }
  }
  return { ...counts, skipped, channels };
}

function channelSlowly(target: string, referrer: string, opens: boolean): string {
  // The feed's links carry utm_medium=feed, which no group of GA4 takes.
  if (target.includes('utm_medium=feed')) return 'unassigned';
  if (referrer === '-') return opens ? 'direct' : '';
  const host = referrer.split('/')[2] ?? '';
  if (host === 'semicomplete.com' || host === 'www.semicomplete.com') return '';
  if (/(^|\.)(google|duckduckgo|baidu|bing|yandex)\./.test(host)) return 'organic-search';
  return host === 't.co' ? 'organic-social' : 'referral';
}
