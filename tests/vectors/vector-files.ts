import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Input, type Vector } from './input.ts'

export const vectorFolder: string = fileURLToPath(new URL('../../fixtures/vectors', import.meta.url))

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
