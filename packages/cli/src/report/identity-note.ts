/** What a file of definitions does to the keys of one person, beside those in force: a run refuses to change that once keys are joined. */

interface Said {
  readonly identity?: unknown;
}

/** null: nothing changes. */
export function identityNote(inForce: Said, inFile: Said): string | null {
  const [before, after] = [inForce, inFile].map(({ identity }) => (identity === undefined ? 'none' : JSON.stringify(identity)));
  if (before === after) return null;
  if (before === 'none')
    return 'keys of one person are joined from the next generation on: what comes from then on links them, and it cannot be turned off again (docs/identity.md)';
  return `a run with it is refused: identity must stay ${before}, as events were moved between keys by it (got ${after}). Write it as before`;
}
