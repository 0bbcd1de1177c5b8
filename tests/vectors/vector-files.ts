import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const vectorFolder: string = fileURLToPath(new URL('../../fixtures/vectors', import.meta.url))

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
    return typeof base64 === 'string' ? fromBase64(base64) : new Uint8Array(Buffer.from(this.text(name)))
  }
  list(name: string): Uint8Array[] {
    return this.value<string[]>(`${name}Base64`).map(fromBase64)
  }
}

export function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'))
}

export interface VectorFile {
  /** `<format>/<name>` */
  readonly name: string
  readonly text: string
  readonly vector: Vector
}

/** Every vector below a folder, by format and name. */
export function readVectors(folder: string = vectorFolder): VectorFile[] {
  const files: VectorFile[] = []
  for (const format of readdirSync(folder, { withFileTypes: true })) {
    if (!format.isDirectory() || format.name === 'generator') continue
    for (const file of readdirSync(join(folder, format.name)).sort()) {
      const text = readFileSync(join(folder, format.name, file), 'utf8')
      const parsed = JSON.parse(text) as Omit<Vector, 'input'> & { input: Record<string, unknown> }
      files.push({
        name: `${format.name}/${file.replace(/\.json$/, '')}`,
        text,
        vector: { ...parsed, input: new Input(parsed.input) },
      })
    }
  }
  return files
}
