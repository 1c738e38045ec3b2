/** A page by its Tab key: where it stops, in which order, and whether a reader sees where they are. */
import type { Page } from 'playwright-core';

/** No page has as many. */
const MOST_STOPS = 400;

interface Stop {
  readonly name: string;
  /** What is wrong there. */
  readonly faults: readonly string[];
  readonly isEnd: boolean;
}

export async function placesByTab(page: Page): Promise<{ readonly stops: number; readonly faults: readonly string[] }> {
  await page.evaluate(begin);
  const faults: string[] = [];
  for (let stops = 0; stops < MOST_STOPS; stops++) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(look);
    if (stop.isEnd) return { stops, faults: [...faults, ...(await page.evaluate(unreached))] };
    faults.push(...stop.faults.map((fault) => `${stop.name}: ${fault}`));
  }
  return { stops: MOST_STOPS, faults: [...faults, 'Tab does not come to the end of the page'] };
}

interface Walk {
  readonly reached: Set<Element>;
  last: Element | null;
}

/** Runs in the page: from its beginning. */
function begin(): void {
  (document.activeElement as HTMLElement | null)?.blur();
  getSelection()?.removeAllRanges();
  scrollTo(0, 0);
  Object.assign(globalThis, { walk: { reached: new Set<Element>(), last: null } satisfies Walk });
}

/** Runs in the page. */
function look(): Stop {
  const { walk } = globalThis as unknown as { walk: Walk };
  const element = document.activeElement;
  if (element === null || element === document.body || walk.reached.has(element)) return { name: '', faults: [], isEnd: true };
  const faults: string[] = [];
  if (walk.last !== null && !(walk.last.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING))
    faults.push('it comes before the one that Tab left');
  walk.reached.add(element);
  walk.last = element;
  // A radio button or a box is drawn by the text beside it.
  const input = element as HTMLInputElement;
  const isDrawnBeside = element.tagName === 'INPUT' && /^(radio|checkbox)$/.test(input.type);
  const drawn = isDrawnBeside ? (element.nextElementSibling ?? element) : element;
  const { outlineStyle, outlineWidth } = getComputedStyle(drawn);
  if (outlineStyle === 'none' || Number.parseFloat(outlineWidth) < 1) faults.push('nothing marks where one is');
  const box = drawn.getBoundingClientRect();
  const [left, right] = [Math.max(0, box.left), Math.min(innerWidth, box.right)];
  const [top, bottom] = [Math.max(0, box.top), Math.min(innerHeight, box.bottom)];
  if (right - left < 1 || bottom - top < 1) faults.push('it is out of sight');
  else {
    const over = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    const isCovered = over !== null && !drawn.contains(over) && !over.contains(drawn) && !element.parentElement?.contains(over);
    if (isCovered) faults.push(`it is covered by ${over.tagName} ${over.className}`);
  }
  const name = element.getAttribute('aria-label') ?? element.textContent ?? '';
  if (name.trim() === '' && input.labels?.length === 0) faults.push('it has no name');
  return { name: `${element.tagName} ${name.trim().slice(0, 40)}`, faults, isEnd: false };
}

/** Runs in the page: what can be used with a pointer, and was not reached. */
function unreached(): string[] {
  const { walk } = globalThis as unknown as { walk: Walk };
  const all = [...document.querySelectorAll<HTMLElement>('a[href], button, input, select, textarea, summary, [tabindex="0"]')];
  return (
    all
      .filter((one) => one.checkVisibility() && !one.matches(':disabled') && !walk.reached.has(one))
      // Arrow keys go through radio buttons of a group; Tab goes to the chosen one.
      .filter((one) => !(one instanceof HTMLInputElement && one.type === 'radio' && !one.checked))
      .map(
        (one) =>
          `${one.tagName} ${(one.getAttribute('aria-label') ?? one.textContent ?? '').trim().slice(0, 40)}: Tab does not come there`,
      )
  );
}
