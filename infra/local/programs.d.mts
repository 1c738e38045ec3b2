export declare function builtPrograms(
  root: string,
  run: { readonly node: string; readonly env: NodeJS.ProcessEnv },
  say: (text: string) => void,
): string | undefined;
export declare function isOfPrograms(file: string): boolean;
