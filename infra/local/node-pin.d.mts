export interface NodePackage {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
}
export type NodeChoice =
  | { readonly kind: 'system' }
  | { readonly kind: 'package'; readonly wanted: NodePackage }
  | { readonly kind: 'none'; readonly what: string; readonly advice: string };
export declare const NODE_MAJOR: number;
export declare function nodeFor(platform: string, running: string): NodeChoice;
export declare const NODE_PACKAGES: Readonly<Record<string, NodePackage>>;
export declare function pinnedNode(dir: string, wanted: Pick<NodePackage, 'name' | 'integrity'>): string | undefined;
export declare function fetchNode(dir: string, wanted: NodePackage, npm: string, env: NodeJS.ProcessEnv): string | undefined;
