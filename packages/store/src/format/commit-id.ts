/**
 * The id of a commit says which views its worker counts, so that who reads a feed or a state knows where one took over that counts others:
 * during an upgrade, or after a downgrade.
 */
const MARK = '~';

/** `mark`: a short digest of the names of the views, without white space. */
export function markedId(id: string, mark: string): string {
  return `${id}${MARK}${mark}`;
}

/** "": a worker of a version that does not say it. */
export function viewsMarkOf(commitId: string): string {
  return commitId.slice(commitId.lastIndexOf(MARK) + 1 || commitId.length);
}
