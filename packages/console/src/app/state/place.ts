/** Where the reader is: the page and its query, both of them in the address, so that every view of it can be sent to somebody. */
import { useEffect, useState } from 'preact/hooks';
import { PAGES, type PageName } from '../../page-names.ts';

export interface Place {
  readonly page: PageName;
  readonly query: URLSearchParams;
}

/** A value that is null or empty is left out of the address. */
export type Changes = Readonly<Record<string, string | null>>;

const FIRST: PageName = 'attribution';
const MOVED = 'tributary:moved';

export function placeNow(): Place {
  const name = location.pathname.replace(/^\/ui\/?|\/$/g, '');
  return { page: PAGES.find((page) => page === name) ?? FIRST, query: new URLSearchParams(location.search) };
}

export function usePlace(): Place {
  const [place, setPlace] = useState(placeNow);
  useEffect(() => {
    const read = () => setPlace(placeNow());
    for (const name of ['popstate', MOVED]) addEventListener(name, read);
    return () => {
      for (const name of ['popstate', MOVED]) removeEventListener(name, read);
    };
  }, []);
  return place;
}

export function addressOf(page: PageName, query: Changes = {}): string {
  const kept = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== null && pair[1] !== '');
  const text = String(new URLSearchParams(kept));
  return `/ui/${page}${text === '' ? '' : `?${text}`}`;
}

/** The address of this page with some of its query changed. */
export function addressWith({ page, query }: Place, changes: Changes): string {
  return addressOf(page, { ...Object.fromEntries(query), ...changes });
}

export function go(address: string, { replaces = false }: { readonly replaces?: boolean } = {}): void {
  if (replaces) history.replaceState(null, '', address);
  else history.pushState(null, '', address);
  dispatchEvent(new Event(MOVED));
}

/** Links within the console change the page without loading it again; all others, and those that open elsewhere, are the browser's. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest?.('a');
  if (!link || link.origin !== location.origin || link.target !== '' || link.hasAttribute('download')) return;
  if (!link.pathname.startsWith('/ui/') || link.pathname.startsWith('/ui/assets/')) return;
  event.preventDefault();
  // A part of this page: the address keeps what was chosen, and has no fragment.
  if (link.hash !== '' && link.pathname === location.pathname) {
    document.getElementById(link.hash.slice(1))?.focus();
    return;
  }
  go(link.pathname + link.search);
  scrollTo(0, 0);
}
