import type { Dropped } from '../../src/check/steps/dropped.ts'
import { DroppedSet, type Hashing } from '../../src/check/steps/dropped-set.ts'
import { gather } from '../../src/check/steps/gather.ts'
import { type Besides, judgeFile, judgeReceipt } from '../../src/check/steps/judge.ts'
import type { FileReport, ReceiptReport } from '../../src/check/steps/report.ts'
import { noTime } from '../../src/check/steps/time.ts'
import { digestsOf } from '../../src/core/digest.ts'
import type { Policy } from '../../src/core/policy.ts'

/** Bytes in memory as a page hands files over. */
export function dropped(path: string, content: string | Uint8Array): Dropped {
  const bytes = Buffer.from(content)
  return {
    path,
    size: bytes.length,
    readAt: (at, length) => Promise.resolve(new Uint8Array(bytes.subarray(at, at + length))),
  }
}

/** Hashing of what {@link dropped} made; `hashed` gets the path of each file that is hashed by its pieces. */
export function memoryHashing(hashed: string[] = []): Hashing {
  return {
    digests: async (file, algorithms, onBytes) => {
      hashed.push(file.path)
      const bytes = await file.readAt(0, file.size)
      onBytes?.(bytes.length)
      return { size: bytes.length, digest: digestsOf(bytes, algorithms) }
    },
    digestsOf: (bytes, algorithms) => ({ size: bytes.length, digest: digestsOf(bytes, algorithms) }),
    canDigest: () => true,
  }
}

export function droppedSet(
  files: Readonly<Record<string, string | Uint8Array>>,
  hashed?: string[],
): Promise<DroppedSet> {
  const all = Object.entries(files).map(([path, content]) => dropped(path, content))
  return DroppedSet.read(all, memoryHashing(hashed))
}

/** Nothing is asked besides a receipt, and no time proof is judged. */
export const nothingBesides: Besides = { upward: undefined, later: undefined, time: () => Promise.resolve(noTime) }

/** The report of the first check that what was dropped is sorted into: of a file, or of a receipt alone. */
export async function reportOfDropped(
  files: Readonly<Record<string, string | Uint8Array>>,
  policy: Policy,
): Promise<FileReport | ReceiptReport> {
  const set = await droppedSet(files)
  const [task] = (await gather(set)).tasks
  if (task?.what === 'receipt') return judgeReceipt(set.handed, task.evidence, policy, nothingBesides)
  if (task?.what === 'file') return judgeFile(set.handed, task.path, task.evidence, policy, { besides: nothingBesides })
  throw new Error(`not expected: ${task?.what}`)
}
