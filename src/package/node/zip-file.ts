import { open } from 'node:fs/promises'
import type { RandomAccess } from '../random-access.ts'
import { ZipBag } from '../zip-bag.ts'
import { loadUnpacking } from './zlib.ts'

/** A file of a disk, as it is when it is opened. Throws what the file system throws. */
async function fileSource(path: string): Promise<RandomAccess> {
  const file = await open(path, 'r')
  const readAt = async (at: number, length: number): Promise<Uint8Array> => {
    const bytes = Buffer.alloc(length)
    let filled = 0
    while (filled < length) {
      const { bytesRead } = await file.read(bytes, filled, length - filled, at + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return bytes.subarray(0, filled)
  }
  const close = (): Promise<void> => file.close()
  try {
    return { size: (await file.stat()).size, readAt, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Opens the bag in a zip file. Throws `package-zip`, `package-path`, `package-too-large`, and what the file system throws. */
export async function openZipFile(path: string): Promise<ZipBag> {
  const [source, unpacking] = await Promise.all([fileSource(path), loadUnpacking()])
  return ZipBag.open(source, unpacking)
}
