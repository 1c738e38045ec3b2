/** Clicks that nothing came of: within a second nothing that is seen, entered or played has changed. */
const WAIT_MS = 1_000;
const MAX_WAITING = 10;
const EFFECTS = 'scroll input change toggle play pause blur pagehide resize'.split(' ');
/** What the browser does of such a click is seen elsewhere. */
const HAS_EFFECT = 'a[href],area[href],input,select,textarea,label,option,video,audio,[contenteditable]';

let waiting = 0;

/** `dead` is called where nothing came of the click on the first of `path`. */
export function waitForEffect(path: readonly Element[], dead: () => void): void {
  if (waiting >= MAX_WAITING || path.some((one) => one.matches(HAS_EFFECT))) return;
  waiting++;
  const end = () => {
    waiting--;
    clearTimeout(timer);
    observer.disconnect();
    for (const type of EFFECTS) removeEventListener(type, end, true);
  };
  const observer = new MutationObserver(end);
  // A root is not part of what is around it.
  for (const root of new Set(path.map((one) => one.getRootNode())))
    observer.observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
  for (const type of EFFECTS) addEventListener(type, end, true);
  const url = location.href;
  const timer = setTimeout(() => {
    const isChanged = observer.takeRecords().length > 0 || location.href !== url || getSelection()?.type === 'Range';
    end();
    if (!isChanged) dead();
  }, WAIT_MS);
}
