/** Who did it, as people say it. `by` is the reason of the run that published, or who asked for the publication itself. */
export function actorOf(by: string): string {
  if (by === 'schedule') return 'a scheduled run';
  if (by.startsWith('schedule ')) return `a run of the ${by}`;
  return by.startsWith('demand by ') ? `a run that ${by.slice('demand by '.length)} asked for` : by;
}
