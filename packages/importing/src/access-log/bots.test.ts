import { describe, expect, test } from 'vitest';
import { createBotCheck, isBot } from './bots.ts';

describe('agents that are not people', () => {
  test.each([
    'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 6_0 like Mac OS X) AppleWebKit/536.26 (KHTML, like Gecko) Version/6.0 Mobile/10A5376e Safari/8536.25 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    'UniversalFeedParser/4.2-pre-314-svn +http://feedparser.org/',
    'Tiny Tiny RSS/1.11 (http://tt-rss.org/)',
    'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)',
    'Mozilla/5.0 (compatible; Ezooms/1.0; help@moz.com)',
    'Mozilla/4.0 (compatible;)',
    'Mozilla/5.0',
    'curl/7.22.0 (i686-pc-linux-gnu) libcurl/7.22.0',
    'Wget/1.14 (linux-gnu)',
    'Ruby',
    'python-requests/2.31',
    'Go-http-client/2.0',
    'LWP::Simple/5.827 libwww-perl/5.833',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36',
    '',
  ])('%s', (agent) => {
    expect(isBot(agent)).toBe(true);
  });

  test.each([
    'Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/32.0.1700.107 Safari/537.36',
    'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:27.0) Gecko/20100101 Firefox/27.0',
    'Mozilla/5.0 (iPad; CPU OS 7_0_4 like Mac OS X) AppleWebKit/537.51.1 (KHTML, like Gecko) Version/7.0 Mobile/11B554a Safari/9537.53',
    'Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; WOW64; Trident/5.0)',
    'Opera/9.80 (X11; Linux x86_64) Presto/2.12.388 Version/12.16',
    'Lynx/2.8.8dev.3 SSL-MM/1.4.1',
    'Mozilla/5.0 (Linux; Android 11; CUBOT X30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0 Mobile Safari/537.36',
  ])('but a person: %s', (agent) => {
    expect(isBot(agent)).toBe(false);
  });

  test('the remembered verdict is the verdict, also after forgetting', () => {
    const check = createBotCheck(2);
    for (let i = 0; i < 3; i++)
      for (const agent of ['Googlebot/2.1', 'Firefox/1 (X)', 'curl/7', 'Opera/9 (Y)']) expect(check(agent)).toBe(isBot(agent));
  });
});
