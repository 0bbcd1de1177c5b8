interface TrustedTypes {
  readonly createPolicy: (
    name: string,
    rules: { createScriptURL: (url: string) => string },
  ) => { createScriptURL: (url: string) => string }
}

/** Makes workers of one script; undefined where the browser gives none. Under Trusted Types this one address is the only one that is let through. */
export function workers(url: string): () => Worker | undefined {
  const types = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes
  const only = (asked: string): string => {
    if (asked === url) return asked
    throw new TypeError('not the address of the worker')
  }
  const policy = types?.createPolicy('evidence-worker', { createScriptURL: only })
  return () => {
    try {
      return new Worker(policy?.createScriptURL(url) ?? url)
    } catch {
      return undefined
    }
  }
}
