import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/** Bytes of one line that are written at most, with room: a longer one is none of the log's. */
export const maxLineBytes: number = 64 * 1024
/** Bytes that are read, and looked at, in one turn of the event loop. */
const chunkBytes = 256 * 1024
const lineFeed = 0x0a

/** How far a walk through a day's file came. */
export interface Walked {
  /** Offset behind the last line that was looked at. */
  readonly at: number
  /** Whether no line is left. */
  readonly isEnd: boolean
}

/**
 * Walks through the lines of a file from an offset, at which one begins, in little memory and in turns of the event loop, however long the file is.
 * `look` takes each line without its line feed, and says whether to go on. Ends after `maxBytes`, at the end of a line. What stands behind the last line
 * feed is no line yet. Throws what the file system throws, and for what is no file or has a line longer than {@link maxLineBytes}.
 */
export async function walkLines(
  path: string,
  from: number,
  maxBytes: number,
  look: (line: Buffer) => boolean,
): Promise<Walked> {
  const handle = await openFile(path)
  try {
    return await walk(handle, from, maxBytes, look)
  } finally {
    await handle.close()
  }
}

async function walk(
  handle: FileHandle,
  from: number,
  maxBytes: number,
  look: (line: Buffer) => boolean,
): Promise<Walked> {
  const chunk = Buffer.alloc(chunkBytes)
  // What of a line the chunks before had; of one that is too long, how long it is alone.
  let rest = { bytes: Buffer.alloc(0), length: 0 }
  let at = from
  for (let position = from; ; ) {
    const { bytesRead } = await handle.read(chunk, 0, chunkBytes, position)
    if (bytesRead === 0) return { at, isEnd: true }
    let begin = 0
    for (;;) {
      const end = chunk.subarray(0, bytesRead).indexOf(lineFeed, begin)
      if (end < 0) break
      const length = rest.length + end - begin
      if (length > maxLineBytes) throw new Error(`the line at byte ${at} is longer than ${maxLineBytes} bytes`)
      const own = chunk.subarray(begin, end)
      const goesOn = look(rest.length === 0 ? own : Buffer.concat([rest.bytes, own]))
      rest = { bytes: Buffer.alloc(0), length: 0 }
      begin = end + 1
      at += length + 1
      if (!goesOn || at - from >= maxBytes) return { at, isEnd: false }
    }
    const length = rest.length + bytesRead - begin
    const bytes = length > maxLineBytes ? rest.bytes : Buffer.concat([rest.bytes, chunk.subarray(begin, bytesRead)])
    rest = { bytes, length }
    position += bytesRead
  }
}

/** Opens a regular file; what a link leads to is not waited for. */
async function openFile(path: string): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  throw new Error('it is no file')
}

/** The last line of a file, without its line feed, and the offset behind it; undefined where it has no line. Read from the end. */
export async function lastLineOf(path: string): Promise<{ readonly line: Buffer | undefined; readonly end: number }> {
  const handle = await openFile(path)
  try {
    let begin = (await handle.stat()).size
    for (let end: number | undefined; ; ) {
      const length = Math.min(begin, maxLineBytes)
      if (length === 0) return end === undefined ? { line: undefined, end: 0 } : await lineIn(handle, 0, end)
      begin -= length
      const tail = Buffer.alloc(length)
      await handle.read(tail, 0, length, begin)
      // Before the last line feed, once that is known, comes the one of the line before.
      const known = end
      if (end === undefined) {
        const found = tail.lastIndexOf(lineFeed)
        if (found < 0) continue
        end = begin + found + 1
      }
      const before =
        known === undefined ? tail.subarray(0, end - begin - 1).lastIndexOf(lineFeed) : tail.lastIndexOf(lineFeed)
      if (before >= 0) return await lineIn(handle, begin + before + 1, end)
    }
  } finally {
    await handle.close()
  }
}

async function lineIn(handle: FileHandle, begin: number, end: number): Promise<{ line: Buffer; end: number }> {
  if (end - begin - 1 > maxLineBytes) throw new Error(`its last line is longer than ${maxLineBytes} bytes`)
  const line = Buffer.alloc(end - begin - 1)
  await handle.read(line, 0, line.length, begin)
  return { line, end }
}
