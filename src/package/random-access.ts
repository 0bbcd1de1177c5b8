/** Bytes that can be read anywhere: a file of a disk, or one that was dropped on a page. */
export interface RandomAccess {
  /** Bytes in all, when it was opened. */
  readonly size: number
  /** The bytes from `at` on: `length` of them, or fewer where they end before. Throws what the medium throws. */
  readonly readAt: (at: number, length: number) => Promise<Uint8Array>
  readonly close: () => Promise<void>
}

/** A Blob or File of a browser, as far as it is used here. */
export interface BlobLike {
  readonly size: number
  readonly slice: (begin: number, end: number) => { readonly arrayBuffer: () => Promise<ArrayBuffer> }
}

/** A Blob or File as a source. Reading rejects where the file behind it changed or is gone. */
export function blobSource(blob: BlobLike): RandomAccess {
  return {
    size: blob.size,
    readAt: async (at, length) => new Uint8Array(await blob.slice(at, at + length).arrayBuffer()),
    close: () => Promise.resolve(),
  }
}

/** Most bytes that are read at once of a stream of pieces. */
const pieceBytes = 1024 * 1024

/** `length` bytes from `at` on, in pieces; fewer where the source ends before. */
export async function* piecesOf(
  source: Pick<RandomAccess, 'readAt'>,
  at: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  for (let done = 0; done < length; ) {
    const piece = await source.readAt(at + done, Math.min(pieceBytes, length - done))
    if (piece.length === 0) return
    done += piece.length
    yield piece
  }
}
