/* The input of a vector, in any runtime: what judges vectors is run in Node and in a browser. */

/** What stands in one file under fixtures/vectors/<format>/. */
export interface Vector {
  readonly format: string
  readonly description: string
  readonly rule: string
  readonly input: Input
  readonly expect: Readonly<Record<string, unknown>> & { readonly valid: boolean; readonly code?: string }
}

/** The members of an input, of whatever type they are asked for. */
export class Input {
  private readonly members: Readonly<Record<string, unknown>>
  constructor(members: Readonly<Record<string, unknown>>) {
    this.members = members
  }
  has(name: string): boolean {
    return this.members[name] !== undefined
  }
  value<T>(name: string): T {
    const value = this.members[name]
    if (value === undefined) throw new Error(`the input has no member ${name}`)
    return value as T
  }
  text(name: string): string {
    return this.value<string>(name)
  }
  number(name: string): number {
    return this.value<number>(name)
  }
  /** Bytes of `nameBase64`, or the UTF-8 of `name`: byte formats that are text as a rule come as either. */
  bytes(name: string): Uint8Array {
    const base64 = this.members[`${name}Base64`]
    return typeof base64 === 'string' ? fromBase64(base64) : new TextEncoder().encode(this.text(name))
  }
  list(name: string): Uint8Array[] {
    return this.value<string[]>(`${name}Base64`).map(fromBase64)
  }
}

/** Bytes of base64, by the runtime's own reader: none of the code that is judged reads the input. */
export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}
