/** The places where a crash is possible: tests throw there. Every one lies between two effects that a crash may part. */
export type Step = 'afterSpool' | 'afterCopy' | 'afterSync' | 'afterRename' | 'beforeManifest' | 'afterManifest';

export type Hook = (step: Step) => void | Promise<void>;
