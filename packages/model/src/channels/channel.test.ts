import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ChannelClues, channelGroup, hostOf } from './channel.ts';

const SHOP = 'https://www.shop.example/landing';

describe('the channel of a visit', () => {
  const cases: readonly [string, ChannelClues, string | undefined][] = [
    ['an explicit channel wins over a click id', { channel: 'influencer', query: '?gclid=1' }, 'influencer'],
    ['nothing at all is direct', {}, 'direct'],
    ['empty clues count as missing', { referrer: '', utmSource: null, utmMedium: '', query: '' }, 'direct'],
    ['(direct) / (none) is direct', { utmSource: '(direct)', utmMedium: '(none)' }, 'direct'],
    ['a referrer of the same host is not a touch', { page: SHOP, referrer: 'https://shop.example/cart' }, undefined],
    ['a referrer of an own host is not a touch', { referrer: 'http://www.a.example/x', ownHosts: ['A.example'] }, undefined],
    ['an internal referrer with a campaign is a touch', { page: `${SHOP}?utm_medium=email`, referrer: SHOP }, 'email'],
    ['a sibling subdomain is another site', { page: SHOP, referrer: 'https://blog.shop.example/' }, 'referral'],
    ['gclid', { page: `${SHOP}?a=1&gclid=Cj0K` }, 'paid-search'],
    ['gclid goes before the UTM medium', { query: 'gclid=1&utm_medium=email' }, 'paid-search'],
    ['an empty gclid is none', { query: 'gclid=' }, 'direct'],
    ['msclkid', { query: '?msclkid=1' }, 'paid-search'],
    ['ttclid', { query: '?ttclid=1' }, 'paid-social'],
    ['dclid', { query: '?dclid=1' }, 'display'],
    ['fbclid alone is on unpaid links too', { query: '?fbclid=1' }, 'organic-social'],
    ['fbclid with a paid medium', { query: '?fbclid=1&utm_medium=cpc' }, 'paid-social'],
    ['a click id in the fragment is none', { page: `${SHOP}#?gclid=1` }, 'direct'],
    ['performance max', { utmSource: 'google', utmMedium: 'cpc', utmCampaign: 'EU Cross-network 7' }, 'cross-network'],
    ['google cpc', { utmSource: 'google', utmMedium: 'cpc' }, 'paid-search'],
    ['case does not matter', { utmSource: 'Google', utmMedium: 'CPC' }, 'paid-search'],
    ['google / cpm is search before display', { utmSource: 'google', utmMedium: 'cpm' }, 'paid-search'],
    ['cpm elsewhere is display', { utmSource: 'news', utmMedium: 'cpm' }, 'display'],
    ['facebook paid', { utmSource: 'facebook', utmMedium: 'paid_social' }, 'paid-social'],
    ['cpv is paid by the letters cp', { utmSource: 'youtube', utmMedium: 'cpv' }, 'paid-video'],
    ['unknown paid', { utmSource: 'partner', utmMedium: 'ppc' }, 'paid-other'],
    ['amazon paid', { utmSource: 'amazon', utmMedium: 'cpc' }, 'paid-shopping'],
    ['shopping campaign paid', { utmSource: 'google', utmMedium: 'cpc', utmCampaign: 'Spring Shopping' }, 'paid-shopping'],
    ['a workshop is not a shop', { utmMedium: 'x', utmCampaign: 'workshop' }, 'unassigned'],
    ['an e-shop is one', { utmSource: 'x', utmCampaign: 'eshop autumn' }, 'organic-shopping'],
    ['etsy', { utmSource: 'etsy.com' }, 'organic-shopping'],
    ['social medium', { utmSource: 'partner', utmMedium: 'social' }, 'organic-social'],
    ['video medium', { utmSource: 'partner', utmMedium: 'outstream-video' }, 'organic-video'],
    ['organic medium', { utmSource: 'partner', utmMedium: 'organic' }, 'organic-search'],
    ['email by source', { utmSource: 'e-mail', utmMedium: 'newsletter' }, 'email'],
    ['affiliate', { utmSource: 'cj', utmMedium: 'affiliate' }, 'affiliates'],
    ['audio', { utmSource: 'spotify', utmMedium: 'audio' }, 'audio'],
    ['sms', { utmSource: 'sms' }, 'sms'],
    ['push', { utmSource: 'x', utmMedium: 'web-push' }, 'mobile-push'],
    ['a medium no rule knows', { utmSource: 'x', utmMedium: 'skywriting' }, 'unassigned'],
    ['google under a country', { referrer: 'https://www.google.co.uk/' }, 'organic-search'],
    ['google under com.br', { referrer: 'https://www.google.com.br/search?q=1' }, 'organic-search'],
    ['a look-alike host', { referrer: 'https://google.evil.example/' }, 'referral'],
    ['webmail is a referral', { referrer: 'https://mail.google.com/' }, 'referral'],
    ['t.co', { referrer: 'http://t.co/abc' }, 'organic-social'],
    ['facebook mobile', { referrer: 'https://l.facebook.com/l.php' }, 'organic-social'],
    ['youtube', { referrer: 'https://m.youtube.com/' }, 'organic-video'],
    ['Android search app', { referrer: 'android-app://com.google.android.googlequicksearchbox/' }, 'organic-search'],
    ['Android Gmail', { referrer: 'android-app://com.google.android.gm/' }, 'referral'],
    ['any other site', { referrer: 'http://en.wikipedia.org/wiki' }, 'referral'],
    ['a referrer that is not a URL', { referrer: 'not a url' }, 'direct'],
  ];
  test.each(cases)('%s', (_, clues, expected) => {
    expect(channelGroup(clues)).toBe(expected);
  });

  test('never throws, whatever the texts', () => {
    const text = fc.option(fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl({ withQueryParameters: true })), { nil: undefined });
    const clues = fc.record({ page: text, query: text, utmSource: text, utmMedium: text, utmCampaign: text, referrer: text });
    fc.assert(
      fc.property(clues, (given) => {
        const channel = channelGroup(given);
        expect(channel === undefined || channel.length > 0).toBe(true);
      }),
    );
  });
});

test('the host of a URL is in lower case, and undefined without one', () => {
  expect(hostOf('HTTPS://WWW.Example.ORG:8443/x')).toBe('www.example.org');
  expect(hostOf('mailto:a@b.example')).toBeUndefined();
  expect(hostOf('')).toBeUndefined();
  expect(hostOf(null)).toBeUndefined();
});
