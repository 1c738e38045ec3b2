/** What tests of the console look for in a page, in the browser. */

/** Runs in the page: texts with an override of direction which is not kept from what follows in the same paragraph. */
export function turning(): readonly string[] {
  const texts: Node[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) if (walker.currentNode.textContent?.trim() !== '') texts.push(walker.currentNode);
  /** What keeps directions within it: a paragraph, or an element that says so. */
  const isKeeper = (one: Element) => {
    const { display, unicodeBidi } = getComputedStyle(one);
    return display !== 'inline' || unicodeBidi.includes('isolate') || ['text', 'title'].includes(one.localName);
  };
  const keeperOf = (text: Node) => {
    let one = text.parentElement;
    while (one !== null && !isKeeper(one)) one = one.parentElement;
    return one;
  };
  const keepers = new Map(texts.map((text) => [text, keeperOf(text)]));
  return texts
    .filter((text) => text.textContent?.includes('\u202e'))
    .filter((text) => texts.some((other) => other !== text && keepers.get(other) === keepers.get(text)))
    .map((text) => `${keepers.get(text)?.outerHTML.slice(0, 160)}`);
}

/** Runs in the page: which of these links are beyond the edge of the table that they stand in. */
export function hiddenBeside(links: readonly Element[]): readonly (string | null)[] {
  const rightOf = (one: Element | null) => one?.getBoundingClientRect().right ?? 0;
  const isHidden = (link: Element) => rightOf(link) > rightOf(link.closest('.table-box'));
  return links.length === 0 ? ['none is there'] : links.filter(isHidden).map(({ textContent }) => textContent);
}
