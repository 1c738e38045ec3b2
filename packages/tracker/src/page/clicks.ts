/** Clicks, and the links that are followed by them. */
import { maskedPath, withVisitor } from './clean.ts';
import { now, on } from './clock.ts';
import { keyOf, pathOf, placeOf } from './elements.ts';
import { attention } from './engagement.ts';
import { emit, visitorForLink } from './events.ts';
import { elementsSelector, shares } from './settings.ts';

const RAGE_CLICKS = 3;
const RAGE_PX = 30;
const RAGE_MS = 1_000;
/** A click on a label is clicked once more by the browser, on its field. */
const LABEL_MS = 5;
/** What a path ends with that is not the address of a page. */
const FILE = /\.(?!html?$|php|asp|jsp)\w{2,4}$/i;

let lastX = 0;
let lastY = 0;
let lastMs = -RAGE_MS;
let inARow = 0;

function clicked(event: MouseEvent): void {
  const path = pathOf(event);
  const [target] = path;
  const { isTrusted, button, clientX, clientY } = event;
  if (!isTrusted || !target) return;
  // The middle button opens a link, and is not a click.
  if (button === 1) follow(path);
  if (button) return;
  const t = now();
  const gap = t - lastMs;
  const distance = Math.hypot(clientX - lastX, clientY - lastY);
  if (distance === 0 && gap < LABEL_MS && (target as HTMLInputElement).labels?.[0]) return;
  const isKey = event.detail === 0;
  inARow = isKey ? 0 : gap < RAGE_MS && distance <= RAGE_PX ? inARow + 1 : 1;
  lastX = clientX;
  lastY = clientY;
  lastMs = t;

  const owner = path.find((one) => one.matches(elementsSelector()));
  const { left, top, width, height } = (owner ?? target).getBoundingClientRect();
  // By the keyboard it is the middle.
  const x = isKey ? left + width / 2 : clientX;
  const y = isKey ? top + height / 2 : clientY;
  const within = (value: number, most: number) => Math.max(0, Math.min(most, Math.floor(value)));
  const element = owner && keyOf(owner);
  const about = {
    element,
    ex: within((10_000 * (x - left)) / width || 0, 9_999),
    ey: within((10_000 * (y - top)) / height || 0, 9_999),
    px: within(x + scrollX, 1e7),
    py: within(y + scrollY, 1e7),
    path: placeOf(path),
  };
  emit('click', { ...about, kind: inARow >= RAGE_CLICKS ? 'rage' : 'click' });
  attention?.clicked(path, isKey, () => emit('click', { ...about, kind: 'dead' }));
  follow(path, element);
}

function follow(path: readonly Element[], element?: string): void {
  const link = (path as HTMLAnchorElement[]).find((one) => one.href);
  if (!link) return;
  const { protocol, host, pathname } = link;
  const isPage = /^http/.test(protocol);
  if (!isPage && !/^(mailto|tel):/.test(protocol)) return;
  const isFile = link.hasAttribute('download') || FILE.test(pathname);
  const target = isFile ? 'download' : host === location.host ? 'internal' : 'outbound';
  emit('link', { element, ...(isPage ? { target, host, path: maskedPath(pathname) } : { target: protocol.slice(0, -1) }) });
  const id = isPage && host !== location.host && shares(host) && visitorForLink();
  if (id) link.search = withVisitor(link.search, id);
}

export function watchClicks(): void {
  on('click auxclick', clicked);
}
