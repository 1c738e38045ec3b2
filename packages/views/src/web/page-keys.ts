/**
 * What keys of rows of an event of a page begin with: one text for the many events of a page and a day, whose hash is known, in place of one that is
 * put together and hashed for each event. A cache, nothing more: what it holds changes no result.
 */
import { NONE } from '@tributary/model/channels/channel';
import type { Definitions } from '@tributary/model/definitions';
import { dayOf } from '@tributary/model/time';
import { LAYOUTS } from '@tributary/model/web';
import { pageOf } from '@tributary/model/web-page-name';

export interface PageKeys {
  /** Day and page. */
  readonly onPage: string;
  /** Day, page, and the least width of the class of viewports, px. */
  readonly inLayout: string;
  /** The last of these alone. */
  readonly layout: string;
  /** Where sessions see the event (visit.ts): page, least width, and no channel and no campaign. */
  readonly place: string;
}

/** A page, on the day of the event of it that came last. */
interface KnownPage {
  readonly name: string;
  day: string;
  /** By the place of the layout. */
  keys: (PageKeys | undefined)[];
}

interface KnownPages {
  readonly byAddress: Map<string | undefined, KnownPage>;
  /** Addresses of one name differ, as by a query that each visitor has another of. */
  readonly byName: Map<string, KnownPage>;
}

type Web = NonNullable<Definitions['web']>;

const MOST_KNOWN = 1_024;
/** Longer addresses are not kept. */
const MOST_ADDRESS = 512;
/** By what the definitions call pages. */
const known = new WeakMap<Web, KnownPages>();

/** `layout`: its place among the layouts. */
export function pageKeys(ts: number, address: string | undefined, layout: number, web: Web): PageKeys {
  const page = pageAt(address, web);
  const day = dayOf(ts);
  if (page.day !== day) {
    page.day = day;
    page.keys = [];
  }
  return (page.keys[layout] ??= keysOf(page, LAYOUTS[layout] as number));
}

function keysOf({ day, name }: KnownPage, layout: number): PageKeys {
  return {
    onPage: `${day}\t${name}`,
    inLayout: `${day}\t${name}\t${layout}`,
    layout: `${layout}`,
    place: `${name}\t${layout}\t${NONE}\t${NONE}`,
  };
}

function pageAt(address: string | undefined, web: Web): KnownPage {
  let pages = known.get(web);
  if (pages === undefined) known.set(web, (pages = { byAddress: new Map(), byName: new Map() }));
  const { byAddress, byName } = pages;
  let page = byAddress.get(address);
  if (page !== undefined) return page;
  const name = pageOf(address, { web });
  page = byName.get(name);
  if (page === undefined) {
    page = { name, day: '', keys: [] };
    if (byName.size >= MOST_KNOWN) byName.clear();
    byName.set(name, page);
  }
  if (address !== undefined && address.length > MOST_ADDRESS) return page;
  if (byAddress.size >= MOST_KNOWN) byAddress.clear();
  byAddress.set(address, page);
  return page;
}
