import { type Context, createContext, Script } from 'node:vm'

/** Runs a script in a realm of its own with a browser's globals as ours need them, and gives the realm: whatever else the script reads is a ReferenceError. */
export function browserRealm(code: string): Context {
  const encoder = new TextEncoder()
  const context = createContext({
    crypto,
    TextDecoder,
    URL,
    AbortController,
    atob,
    setTimeout,
    clearTimeout,
    encodeOutside: (text: string) => encoder.encode(text),
  })
  // Bytes of this realm, as a browser's encoder gives them.
  new Script(
    'globalThis.TextEncoder = class { encode(text) { return new Uint8Array(encodeOutside(text)) } }',
  ).runInContext(context)
  new Script(code).runInContext(context)
  return context
}
