/**
 * What pages load after the first one, as one part: what admins do on the page of operations, and more of the page of signals. With two, what all parts
 * share would become a file of its own, which the first one waits for.
 */
export { ActionPanel } from './action.tsx';
export { CountsPanel, ValuesPanel } from './counts.tsx';
export { MemberDaysPanel } from './member-days.tsx';
export { MembersPanel } from './members.tsx';
export { PreviewPanel } from './preview.tsx';
export { ScheduleActionPanel } from './schedule-action.tsx';
export { ValueOverTime } from './value-over-time.tsx';
