/** See browser-bundle.mjs. */
export function browserBundle(
  input: string,
  options: { readonly name: string; readonly minify: boolean },
): Promise<{ readonly code: string; readonly imports: readonly string[] }>
