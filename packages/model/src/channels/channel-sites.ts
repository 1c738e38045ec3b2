/** Which kind of site a traffic source is: a bare name as in `utm_source=google`, or the host of a referrer. */

export type SiteKind = 'search' | 'social' | 'video' | 'shopping';

/** By the name of the site, under any top-level domain: `google` holds for www.google.co.uk. */
const NAMES: Readonly<Record<SiteKind, string>> = {
  search:
    'google bing yahoo duckduckgo baidu yandex ecosia ask aol naver daum seznam qwant startpage sogou lycos dogpile ' +
    'rambler mojeek swisscows metager presearch kagi googlequicksearchbox search-results babylon avg biglobe virgilio',
  social:
    'facebook fb instagram ig twitter linkedin lnkd pinterest reddit tiktok snapchat tumblr threads weibo quora wechat weixin ' +
    'whatsapp telegram discord bluesky bsky mastodon vkontakte vk odnoklassniki ok renren meetup myspace nextdoor flickr ' +
    'delicious digg stumbleupon disqus livejournal goodreads tripadvisor yelp xing viadeo meta katana',
  video: 'youtube vimeo dailymotion twitch netflix hulu disneyplus iqiyi youku ted wistia rumble bilibili',
  shopping: 'amazon ebay etsy aliexpress alibaba walmart mercadolibre mercadolivre rakuten shopzilla shopify igshopping taobao',
};

/** By host, subdomains included; these go before the names. */
const HOSTS: Readonly<Record<string, SiteKind | 'none'>> = {
  't.co': 'social',
  'x.com': 'social',
  'fb.me': 'social',
  'm.me': 'social',
  'wa.me': 'social',
  't.me': 'social',
  'redd.it': 'social',
  'pin.it': 'social',
  'news.ycombinator.com': 'social',
  'plus.google.com': 'social',
  'groups.google.com': 'social',
  'youtu.be': 'video',
  'search.brave.com': 'search',
  'so.com': 'search',
  '360.cn': 'search',
  'search.app': 'search',
  'shopping.google.com': 'shopping',
  'shop.app': 'shopping',
  // Sites of search companies that do not search: their visits are referrals.
  'mail.google.com': 'none',
  'docs.google.com': 'none',
  'drive.google.com': 'none',
  'sites.google.com': 'none',
  'code.google.com': 'none',
  'translate.google.com': 'none',
  'classroom.google.com': 'none',
  'com.google.android.gm': 'none',
  'mail.yahoo.com': 'none',
  'answers.yahoo.com': 'none',
  'mail.yandex.ru': 'none',
  'mail.naver.com': 'none',
  'aws.amazon.com': 'none',
};

const KIND_BY_NAME: ReadonlyMap<string, SiteKind> = new Map(
  (Object.keys(NAMES) as SiteKind[]).flatMap((kind) => NAMES[kind].split(' ').map((name) => [name, kind] as const)),
);
const KIND_BY_HOST: ReadonlyMap<string, SiteKind | 'none'> = new Map(Object.entries(HOSTS));

/** Second-level labels under a country: `google.co.uk`, `google.com.br`. */
const SECOND_LEVEL = new Set(['co', 'com', 'org', 'net', 'ac', 'gov', 'edu', 'ne', 'or']);
const MAX_LABELS = 12;

/** `source` in lower case. Undefined when it is of no known kind. */
export function siteKindOf(source: string): SiteKind | undefined {
  if (!source.includes('.')) return KIND_BY_NAME.get(source);
  const labels = source.split('.');
  if (labels.length > MAX_LABELS) return undefined;
  for (let i = 0; i < labels.length - 1; i++) {
    const kind = KIND_BY_HOST.get(labels.slice(i).join('.'));
    if (kind !== undefined) return kind === 'none' ? undefined : kind;
  }
  return KIND_BY_NAME.get(siteName(labels));
}

/** The label that names the site: the registrable one, or the company of an Android app (`com.linkedin.android`). */
function siteName(labels: readonly string[]): string {
  if (labels[0] === 'com' && labels.length >= 3) return labels.findLast((label) => KIND_BY_NAME.has(label)) ?? labels[1] ?? '';
  const last = labels.length - 1;
  const underCountry = labels[last]?.length === 2 && SECOND_LEVEL.has(labels[last - 1] ?? '') && last >= 2;
  return labels[underCountry ? last - 2 : last - 1] ?? '';
}
