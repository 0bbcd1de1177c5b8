import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { BagContent } from '../bag-content.ts'
import { encodeBagList } from '../bag-tags.ts'

/** Where a bag is written to: files come in order of their paths, each once. */
export interface BagSink {
  /** Writes a file out of its pieces. */
  add(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void>
  /** Where it is while it is written. */
  readonly part: string
  /** Everything was written: makes it durable. */
  close(): Promise<void>
  /** Makes it appear under its name. Throws `file-exists`. */
  publish(): Promise<void>
  /** Leaves nothing behind. */
  abandon(): Promise<void>
}

/**
 * Writes the files of a bag and their manifests, in order of paths, each read once: data/ comes before manifest-sha256.txt,
 * and every tag file but `withheld-sha256.txt`, which is at hand, before tagmanifest-sha256.txt.
 */
export async function writeBag(
  sink: BagSink,
  files: ReadonlyMap<string, BagContent>,
  onBytes?: (count: number) => void,
): Promise<void> {
  const payload = new Map<string, string>()
  const tags = new Map<string, string>()
  for (const [path, content] of files)
    if ('bytes' in content && !path.startsWith('data/')) tags.set(path, hexOf(content.bytes))
  const put = async (path: string, content: BagContent): Promise<void> => {
    const hash = createHash('sha256')
    await sink.add(path, hashed(content, hash, onBytes))
    ;(path.startsWith('data/') ? payload : tags).set(path, hash.digest('hex'))
  }
  const paths = [...files.keys(), manifestName, tagManifestName].sort()
  for (const path of paths) {
    const content = files.get(path)
    if (content !== undefined) await put(path, content)
    else await put(path, { bytes: encodeBagList(path === manifestName ? payload : tags) })
  }
  await sink.close()
}

const manifestName = 'manifest-sha256.txt'
const tagManifestName = 'tagmanifest-sha256.txt'

function hexOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

async function* hashed(
  content: BagContent,
  hash: ReturnType<typeof createHash>,
  onBytes: ((count: number) => void) | undefined,
): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array> =
    'bytes' in content ? [content.bytes] : createReadStream(fileOf(content.file), { highWaterMark: 1024 * 1024 })
  for await (const chunk of chunks) {
    hash.update(chunk)
    onBytes?.(chunk.length)
    yield chunk
  }
}

function fileOf(path: string | Uint8Array): string | Buffer {
  return typeof path === 'string' ? path : Buffer.from(path)
}
