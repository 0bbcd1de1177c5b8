import { rename, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { fileBounds, readBoundedText } from '../../node/bounded-file.ts'

/*
 * What witnesses cosigned last, for the next start. It is a convenience: each witness remembers for itself, and tells. So it is not
 * synced (that would take the disk from deposits), and one that cannot be read is no fault.
 */
const fileSchema = z.strictObject({
  format: z.literal(1),
  /** The checkpoint that was published last, with all its signatures; null where none was. */
  published: z.string().nullable(),
  /** Size that each witness cosigned last, by its address. */
  sizes: z.record(z.string(), z.int().min(0)),
})
export type CosignedFile = z.infer<typeof fileSchema>

const nothing: CosignedFile = { format: 1, published: null, sizes: {} }

/** Reads it; as empty where it is not there, or says nothing. */
export function readCosignedFile(path: string): CosignedFile {
  try {
    return fileSchema.parse(JSON.parse(readBoundedText(path, fileBounds.small)))
  } catch {
    return nothing
  }
}

/** Writes it, one at a time: what comes while one is written is written after it, the last alone. */
export class CosignedFileWriter {
  private readonly path: string
  private next: CosignedFile | undefined
  private running: Promise<void> | undefined

  constructor(path: string) {
    this.path = path
  }

  put(content: CosignedFile): void {
    this.next = content
    this.running ??= this.run().finally(() => {
      this.running = undefined
    })
  }

  private async run(): Promise<void> {
    while (this.next !== undefined) {
      const content = this.next
      this.next = undefined
      try {
        await writeFile(`${this.path}.part`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
        await rename(`${this.path}.part`, this.path)
      } catch {
        // A full disk stops the ledger by itself; this file is not worth it.
      }
    }
  }

  /** Resolves when all that was put is written. */
  async settled(): Promise<void> {
    await this.running
  }
}
