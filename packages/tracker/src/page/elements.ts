/** Elements of the page: their names, and where they are. */
import { masked } from './clean.ts';

const MAX_NAME = 64;
const PATH_LEVELS = 5;
const MAX_PATH = 200;

/** A name that an author wrote: no text that a visitor sees, and nothing that looks like an id. By attributes, for a field of a form may be called `id`. */
export function nameOf(element: Element, ...attributes: readonly string[]): string {
  const name = attributes.map((attribute) => element.getAttribute(attribute)).find(Boolean) ?? '';
  return [...masked(name)].slice(0, MAX_NAME).join('');
}

export const keyOf = (element: Element): string => nameOf(element, 'data-track', 'id', 'name') || element.localName;

/** From the innermost out, through open shadow roots. */
export const pathOf = (event: Event): Element[] => event.composedPath().filter((node) => node instanceof Element);

/** `main:2>div:1>>>button:3`: tags with their place among their siblings, `>>>` into a shadow root. */
export const placeOf = (path: readonly Element[]): string =>
  path
    .slice(0, PATH_LEVELS)
    .map((element, level) => {
      const parent = element.parentNode;
      const below = level === 0 ? '' : path[level - 1]?.parentNode === element ? '>' : '>>>';
      return `${element.localName}:${[...(parent?.children ?? [])].indexOf(element) + 1}${below}`;
    })
    .reverse()
    .join('')
    .slice(-MAX_PATH);
