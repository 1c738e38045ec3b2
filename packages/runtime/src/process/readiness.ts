/** What a service gives to its runner. */
export interface Readiness {
  readonly ok: boolean;
  readonly detail: string;
}

export interface Service {
  /** May it be given work? Asked often; answers quickly, never throws. */
  ready(): Promise<Readiness>;
  /** Stops taking work and finishes what was taken. */
  drain(): Promise<void>;
}
