import { writeSync } from 'node:fs'

/*
 * Standard output, written synchronously, so that a failure is known before the exit code is chosen. A reader who went away
 * (a closed pipe) changes nothing: the verdict is in the exit code. A disk that is full is remembered, and said at the end.
 */

let isClosed = false
let failure: NodeJS.ErrnoException | undefined

/** Writes text to standard output. After a failure the rest is dropped; {@link outputFailure} tells of it. Never throws. */
export function writeOut(text: string): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length && !isClosed && failure === undefined; ) at += writeSome(1, bytes, at)
}

/** Writes text to standard error, as far as it can be written. Never throws. */
export function writeErr(text: string): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(2, bytes, at)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
      pause()
    }
  }
}

/** Why standard output could not be written; undefined where it was, or where its reader went away. */
export function outputFailure(): NodeJS.ErrnoException | undefined {
  return failure
}

function writeSome(fd: number, bytes: Buffer, at: number): number {
  try {
    return writeSync(fd, bytes, at)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EAGAIN') pause()
    else if (code === 'EPIPE') isClosed = true
    else failure = error as NodeJS.ErrnoException
    return 0
  }
}

/** A pipe that somebody else made non-blocking is full: its reader gets a moment. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
}
