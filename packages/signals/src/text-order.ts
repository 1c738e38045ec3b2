/** The order of texts by their bytes in UTF-8, which is that of their code points. JavaScript's own differs beyond U+FFFF. */

/** Negative, 0 or positive. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const order = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i));
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Surrogates stand for what lies beyond U+FFFF. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
