export declare function isBuilt(folder: string, sources: readonly string[]): boolean;
export declare function noteBuilt(folder: string, sources: readonly string[]): void;
export declare function isInstalledAs(lockfile: string, installed: string): boolean;
