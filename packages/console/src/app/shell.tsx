/** What is around each page: where one can go, who is logged in, light or dark. */
import { useEffect, useRef } from 'preact/hooks';
import type { PageName } from '../page-names.ts';
import { Login } from './login.tsx';
import { PAGE_TABLE } from './pages/pages.tsx';
import { Mark } from './parts/mark.tsx';
import { addressOf, type Place, usePlace } from './state/place.ts';
import { logOut, useSession } from './state/session.ts';
import { type Theme, useTheme } from './state/theme.ts';

const GROUPS: readonly (readonly [string, readonly PageName[]])[] = [
  ['Reports', ['attribution', 'paths', 'conversions', 'web']],
  ['Users', ['user', 'signals', 'subjects']],
  ['Platform', ['live', 'operations', 'rejections', 'dead-letters', 'system']],
];
/** Which entry of the navigation stands for a page that has none. */
const PART_OF: Partial<Record<PageName, PageName>> = { conversion: 'conversions' };

const THEMES: Readonly<Record<Theme, string>> = { system: 'System colours', light: 'Light', dark: 'Dark' };

export function Shell() {
  const session = useSession();
  const place = usePlace();
  const page = PAGE_TABLE[place.page];
  useFocusOfPage(place);
  useEffect(() => {
    document.title = session.is === 'in' ? `${page.title} · Tributary` : 'Tributary';
  }, [page, session.is]);
  if (session.is === 'unknown') return null;
  if (session.is === 'out') return <Login why={session.why} />;
  const Page = page.Page;
  return (
    <div class="shell">
      <a class="skip" href="#content">
        Skip to the page
      </a>
      <header class="side">
        <a class="brand" href="/ui/attribution">
          <Mark />
          Tributary
        </a>
        <Navigation at={PART_OF[place.page] ?? place.page} />
        <div class="side-foot">
          <a class="small" href="/docs" target="_blank" rel="noreferrer">
            API reference
          </a>
          <ThemeChoice />
          <p class="holder">
            <span class="small">
              {session.holder.scope} key <code>{session.holder.key}</code>
            </span>
            <button type="button" class="quiet" onClick={() => void logOut()}>
              Log out
            </button>
          </p>
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        <header class="page-head">
          <h1>{page.title}</h1>
          <p class="lead">{page.lead}</p>
        </header>
        <Page key={place.page} place={place} />
      </main>
    </div>
  );
}

/** Keys go on from the beginning of a page that was followed to, and from that of this one where what had the focus is gone. */
function useFocusOfPage(place: Place): void {
  const shown = useRef(place);
  useEffect(() => {
    const before = shown.current;
    shown.current = place;
    if (before === place) return;
    const frame = requestAnimationFrame(() => {
      if (before.page !== place.page || document.activeElement === document.body)
        document.getElementById('content')?.focus({ preventScroll: true });
    });
    return () => cancelAnimationFrame(frame);
  }, [place]);
}

function Navigation({ at }: { readonly at: PageName }) {
  const list = useRef<HTMLElement>(null);
  // On narrow screens the entries are a row that scrolls.
  useEffect(() => list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' }), [at]);
  return (
    <nav ref={list} aria-label="Pages">
      {GROUPS.map(([group, pages]) => (
        <div key={group} class="nav-group">
          <p>{group}</p>
          <ul>
            {pages.map((name) => (
              <li key={name}>
                <a href={addressOf(name)} aria-current={name === at ? 'page' : undefined}>
                  {PAGE_TABLE[name].title}
                </a>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

function ThemeChoice() {
  const [theme, choose] = useTheme();
  return (
    <label class="theme">
      <span class="hidden-text">Colours</span>
      <select value={theme} onChange={(event) => choose(event.currentTarget.value as Theme)}>
        {Object.entries(THEMES).map(([value, text]) => (
          <option key={value} value={value} selected={value === theme}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
