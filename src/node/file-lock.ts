import { createRequire } from 'node:module'

/*
 * flock(2), which Node does not have, by koffi from the C library. A lock is held by the open file and released by the kernel when it is
 * closed, at the latest when its process ends; every process on the machine sees it, in whatever container.
 */

export type FileLock = 'got' | 'held' | 'unsupported'

/** Operations of flock(2), as <sys/file.h> numbers them on Linux and macOS. */
const operations = { shared: 1 | 4, exclusive: 2 | 4, none: 8 } as const

interface Calls {
  readonly flock: (fd: number, operation: number) => number
  readonly isHeld: () => boolean
}

let calls: Calls | null | undefined

/** Loaded with the first lock: a command that takes none does without. */
function load(): Calls | null {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
    const flock = koffi.load(null).func('int flock(int fd, int operation)') as Calls['flock']
    const { EAGAIN, EWOULDBLOCK } = koffi.os.errno as Readonly<Record<string, number | undefined>>
    return { flock, isHeld: () => [EAGAIN, EWOULDBLOCK].includes(koffi.errno()) }
  } catch {
    return null // no binary for this platform
  }
}

/**
 * Asks for the lock of an open file, or gives it back (`none`); never waits. `unsupported` where neither the platform nor the file system
 * has such locks.
 */
export function lockFile(fd: number, how: keyof typeof operations): FileLock {
  calls ??= load()
  if (calls === null) return 'unsupported'
  if (calls.flock(fd, operations[how]) === 0) return 'got'
  return calls.isHeld() ? 'held' : 'unsupported'
}
