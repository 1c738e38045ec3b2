/** The page view that is under way, what happens in it, and whether any of it may be kept. */
import { clean, GIVEN_ID } from './clean.ts';
import { BODY_CHARACTERS, disk, flush, forget, open, put, store, VISITOR } from './queue.ts';
import { type Consent, settings, shares } from './settings.ts';

const MAX_PENDING = 50;
const ID_MAX_AGE_MS = 120_000;
const LAYOUTS = [1440, 992, 576, 0];
const BOT = /bot|crawl|spider|headless|preview/i;

interface View {
  readonly id: string;
  /** The address as it is sent. */
  readonly url: string;
  /** The least width of the class that the page is laid out in, px. Classes are never mixed. */
  readonly layout: number | undefined;
  seq: number;
}

type Call = { readonly messageId: string };

export let view: View;
let consent: Consent | undefined;
let pending: Call[] = [];
let visitor = '';

/** 128 random bits, in 32 hexadecimal digits. */
const random = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => (byte + 256).toString(16).slice(1)).join('');

export function beginView(): void {
  const url = clean(location.href, settings.query, settings.hash);
  view = { id: random(), url, layout: LAYOUTS.find((least) => innerWidth >= least), seq: 0 };
}

/** What happened to the page; `event` is its type. */
export function emit(event: string, properties?: object): void {
  if (consent === 'denied') return;
  const { id: viewId, url, layout } = view;
  const call = {
    timestamp: Date.now(),
    messageId: `${viewId}.${view.seq++}`,
    type: event === 'page' ? event : 'track',
    event,
    context: { page: { url } },
    properties: {
      viewId,
      layout,
      bot: navigator.webdriver ? 'webdriver' : BOT.test(navigator.userAgent) ? 'ua' : undefined,
      ...properties,
    },
  };
  if (consent === 'granted') write(call);
  else if (pending.length < MAX_PENDING) pending.push(call);
}

function write(call: Call): void {
  const text = JSON.stringify({ ...call, anonymousId: visitor, userId: settings.user });
  if (text.length <= BODY_CHARACTERS) put(call.messageId, text);
}

/** Whether it was denied until now. */
export function setConsent(given: Consent): boolean {
  const before = consent;
  consent = given;
  if (given === 'granted' && before !== given) {
    open();
    visitor = visitorOfLink() || visitor || disk?.getItem(VISITOR) || random();
    store(VISITOR, visitor);
    pending.forEach(write);
    flush();
  }
  if (given === 'denied') forget();
  if (given !== 'pending') pending = [];
  return before === 'denied' && given !== before;
}

/** The visitor's id of a page that shares it, whose link has just been followed. */
function visitorOfLink(): string | undefined {
  const [, id, at] = GIVEN_ID.exec(location.search) ?? [];
  const isFresh = Math.abs(Date.now() - (at as unknown as number)) < ID_MAX_AGE_MS;
  return isFresh && shares(document.referrer.split('/')[2]) ? id : undefined;
}

/** What a link to another page that shares the id carries; undefined without consent. */
export const visitorForLink = (): string | false => consent === 'granted' && `_tr=${visitor}.${Date.now()}`;
