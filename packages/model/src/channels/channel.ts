/**
 * The marketing channel of a visit, in the order of GA4's default channel grouping: the first rule that holds decides.
 * Names are GA4's in lower-case kebab form. Source of rules and order: Google Analytics help, "Default channel group"
 * (answer 9756891). Deviations, for want of an advertising account to ask: a click id of an ad network stands for its
 * source and a paid medium, and Google's lists of sites are shortened to those that matter.
 */
import { type SiteKind, siteKindOf } from './channel-sites.ts';

export const CHANNELS = [
  'direct',
  'cross-network',
  'paid-shopping',
  'paid-search',
  'paid-social',
  'paid-video',
  'display',
  'paid-other',
  'organic-shopping',
  'organic-social',
  'organic-video',
  'organic-search',
  'referral',
  'email',
  'affiliates',
  'audio',
  'sms',
  'mobile-push',
  'unassigned',
] as const;
export type Channel = (typeof CHANNELS)[number];

/** What a bound on cardinality leaves of a name: of a channel, a campaign, a type, a set, a path. */
export const OTHER = '(other)';

/** What a text that an event lacks reads as, in keys of rows. */
export const NONE = '(none)';

/** What is known of a visit. Absent, null and empty mean the same. */
export interface ChannelClues {
  /** Said by the sender: wins over everything, whatever its name. */
  readonly channel?: string | null | undefined;
  /** URL of the page visited: its query holds click ids and UTM parameters, its host is an own host. */
  readonly page?: string | null | undefined;
  /** The query alone, where the URL is not known; with or without "?". */
  readonly query?: string | null | undefined;
  readonly utmSource?: string | null | undefined;
  readonly utmMedium?: string | null | undefined;
  readonly utmCampaign?: string | null | undefined;
  /** URL of the page before. */
  readonly referrer?: string | null | undefined;
  /** Hosts whose referrers are internal, besides the page's own; "www." does not matter. */
  readonly ownHosts?: readonly string[];
}

interface Traffic {
  readonly source: string;
  readonly medium: string;
  readonly campaign: string;
  readonly kind: SiteKind | undefined;
}

/** Longest query that is looked at, characters: beyond it lies no honest parameter. */
const QUERY_LIMIT = 8192;

const PAID = /cp|^ppc$|^retargeting$|^paid/;
const SHOPPING_CAMPAIGN = /(^|[^a-df-z])shop|shopping/;
const DISPLAY_MEDIA = new Set(['display', 'banner', 'expandable', 'interstitial', 'cpm']);
const SOCIAL_MEDIA = new Set(['social', 'social-network', 'social-media', 'sm', 'social network', 'social media']);
const EMAIL = new Set(['email', 'e-mail', 'e_mail', 'e mail']);
const REFERRAL_MEDIA = new Set(['referral', 'app', 'link']);

/** GA4's rules in GA4's order. */
const RULES: readonly (readonly [Channel, (t: Traffic) => boolean])[] = [
  ['direct', (t) => t.source === '(direct)' && (t.medium === '(none)' || t.medium === '(not set)' || t.medium === '')],
  ['cross-network', (t) => t.campaign.includes('cross-network')],
  ['paid-shopping', (t) => (t.kind === 'shopping' || SHOPPING_CAMPAIGN.test(t.campaign)) && PAID.test(t.medium)],
  ['paid-search', (t) => t.kind === 'search' && PAID.test(t.medium)],
  ['paid-social', (t) => t.kind === 'social' && PAID.test(t.medium)],
  ['paid-video', (t) => t.kind === 'video' && PAID.test(t.medium)],
  ['display', (t) => DISPLAY_MEDIA.has(t.medium)],
  ['paid-other', (t) => PAID.test(t.medium)],
  ['organic-shopping', (t) => t.kind === 'shopping' || SHOPPING_CAMPAIGN.test(t.campaign)],
  ['organic-social', (t) => t.kind === 'social' || SOCIAL_MEDIA.has(t.medium)],
  ['organic-video', (t) => t.kind === 'video' || t.medium.includes('video')],
  ['organic-search', (t) => t.kind === 'search' || t.medium === 'organic'],
  ['referral', (t) => REFERRAL_MEDIA.has(t.medium)],
  ['email', (t) => EMAIL.has(t.source) || EMAIL.has(t.medium)],
  ['affiliates', (t) => t.medium === 'affiliate' || t.medium === 'affiliates'],
  ['audio', (t) => t.medium === 'audio'],
  ['sms', (t) => t.source === 'sms' || t.medium === 'sms'],
  ['mobile-push', (t) => t.medium.endsWith('push') || /mobile|notification/.test(t.medium) || t.source === 'firebase'],
];

/** Click ids that only paid clicks carry. */
const PAID_CLICK_IDS: readonly (readonly [parameter: string, source: string, medium: string])[] = [
  ['gclid', 'google', 'cpc'],
  ['gbraid', 'google', 'cpc'],
  ['wbraid', 'google', 'cpc'],
  ['msclkid', 'bing', 'cpc'],
  ['yclid', 'yandex', 'cpc'],
  ['dclid', 'dv360', 'display'],
  ['ttclid', 'tiktok', 'cpc'],
  ['twclid', 'twitter', 'cpc'],
  ['li_fat_id', 'linkedin', 'cpc'],
  ['rdt_cid', 'reddit', 'cpc'],
  ['sccid', 'snapchat', 'cpc'],
];

/**
 * The channel of a visit; `undefined` when it came from within the site: no touch. A visit with nothing to go by is `direct`.
 */
export function channelGroup(clues: ChannelClues): string | undefined {
  if (clues.channel) return clues.channel;
  const query = queryOf(clues);
  const campaign = lower(clues.utmCampaign || query?.get('utm_campaign'));

  const click = query && PAID_CLICK_IDS.find(([parameter]) => query.has(parameter));
  if (click) return firstRule(click[1], click[2], campaign);

  const source = lower(clues.utmSource || query?.get('utm_source'));
  const medium = lower(clues.utmMedium || query?.get('utm_medium'));
  // Facebook puts fbclid on every outgoing link, paid or not: it names the source only.
  const named = source || (query?.has('fbclid') ? 'facebook' : '');
  if (named || medium || campaign) return firstRule(named, medium, campaign);

  const referrerHost = hostOf(clues.referrer);
  if (referrerHost === undefined) return 'direct';
  return isOwn(referrerHost, clues) ? undefined : firstRule(referrerHost, 'referral', '');
}

/** The host of a URL in lower case; undefined when the text is not a URL with a host. */
export function hostOf(url: string | null | undefined): string | undefined {
  if (!url || url.length > QUERY_LIMIT || !URL.canParse(url)) return undefined;
  return new URL(url).hostname.toLowerCase() || undefined;
}

function firstRule(source: string, medium: string, campaign: string): Channel {
  const traffic: Traffic = { source, medium, campaign, kind: siteKindOf(source) };
  return RULES.find(([, holds]) => holds(traffic))?.[0] ?? 'unassigned';
}

function isOwn(host: string, clues: ChannelClues): boolean {
  const bare = withoutWww(host);
  const pageHost = hostOf(clues.page);
  if (pageHost !== undefined && withoutWww(pageHost) === bare) return true;
  return clues.ownHosts?.some((own) => withoutWww(own.toLowerCase()) === bare) ?? false;
}

/** Parameters by name in lower case, the first of each name; undefined when there is no query. */
function queryOf({ page, query }: ChannelClues): ReadonlyMap<string, string> | undefined {
  const url = page?.split('#', 1)[0] ?? '';
  const start = url.indexOf('?');
  const text = query || (start < 0 ? '' : url.slice(start + 1));
  if (text === '' || text === '?' || text.length > QUERY_LIMIT) return undefined;
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    const key = name.toLowerCase();
    if (value !== '' && !parameters.has(key)) parameters.set(key, value);
  }
  return parameters;
}

function lower(text: string | null | undefined): string {
  return text ? text.trim().toLowerCase() : '';
}

function withoutWww(host: string): string {
  return host.startsWith('www.') ? host.slice(4) : host;
}
