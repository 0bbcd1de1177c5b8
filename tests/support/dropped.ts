import type { Dropped } from '../../src/check/steps/dropped.ts'
import { DroppedSet, type Hashing } from '../../src/check/steps/dropped-set.ts'
import { digestsOf } from '../../src/core/digest.ts'

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
