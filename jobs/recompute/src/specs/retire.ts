/** What the child is asked to retire by age: plain JSON over a pipe. What is due it looks up where it is alone. */
export interface RetireSpec {
  readonly dataDir: string;
  readonly generation: number;
  readonly attempt: string;
  readonly nowMs: number;
}
