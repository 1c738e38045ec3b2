/** What the page of signals loads after the first page, as one part: with two, what all parts share would become a file of its own, which the first one waits for. */
export { CountsPanel, ValuesPanel } from './counts.tsx';
export { MemberDaysPanel } from './member-days.tsx';
export { MembersPanel } from './members.tsx';
export { PreviewPanel } from './preview.tsx';
export { ValueOverTime } from './value-over-time.tsx';
