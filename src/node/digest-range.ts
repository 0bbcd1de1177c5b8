import { type BigIntStats, statSync } from 'node:fs'
import { type ErrorCode, EvidenceError, type ErrorFacts } from '../core/errors.ts'
import { fromHex } from '../core/base64.ts'
import { digestFile, sha256OfFile, stateNames } from './file-digest.ts'
import { FileList } from './file-list.ts'

/*
 * What threads do to files of a list, and the thread that has no others. All of it stands in columns that threads share, by the number of
 * the file: nothing is copied, and no file has an object.
 */

/** Names of files, and what is found out of them. */
export interface DigestColumns extends Pick<FileList, 'prefix' | 'names' | 'ends'> {
  /** 32 bytes a file. */
  readonly sha256: Uint8Array<SharedArrayBuffer>
  /** Identity, size and times, by `stateNames`; empty where they are not kept. */
  readonly states: BigInt64Array<SharedArrayBuffer>
  /** Bytes and files that are done, and the file that was begun last. */
  readonly done: BigInt64Array<SharedArrayBuffer>
}

/** Numbers of files: from the first up to the second, without it. */
export type Range = readonly [from: number, to: number]

/** A file that could not be hashed, as it can be copied from a thread. */
export interface FileFault {
  readonly index: number
  readonly code: ErrorCode
  readonly message: string
  readonly facts: ErrorFacts
}

/** Hashes files of a range, on this thread. With `isFirstEnough` it ends at the first that cannot be hashed. */
export function digestRange(columns: DigestColumns, [from, to]: Range, isFirstEnough: boolean): FileFault[] {
  const files = new FileList(columns)
  const faults: FileFault[] = []
  for (let i = from; i < to && !(isFirstEnough && faults.length > 0); i++) {
    const fault = counted(columns, i, (onBytes) => {
      try {
        const { sha256, state } = sha256OfFile(files.path(i), onBytes)
        keep(columns, i, sha256, state)
        return undefined
      } catch (error) {
        return faultOf(i, error)
      }
    })
    if (fault !== undefined) faults.push(fault)
  }
  return faults
}

/** Like {@link digestRange} of one file; a long one is waited for, so that other things go on meanwhile. */
export function digestOne(
  columns: DigestColumns,
  index: number,
  onBytes: (count: number) => void = () => {},
): FileFault | undefined | Promise<FileFault | undefined> {
  const path = new FileList(columns).path(index)
  return counted(columns, index, (count) => {
    const both = (bytes: number): void => {
      count(bytes)
      onBytes(bytes)
    }
    try {
      const small = sha256OfFile(path, both, 'small')
      if (small === undefined) return digestLong(columns, index, path, both)
      keep(columns, index, small.sha256, small.state)
      return undefined
    } catch (error) {
      return faultOf(index, error)
    }
  })
}

async function digestLong(
  columns: DigestColumns,
  index: number,
  path: Buffer,
  onBytes: (count: number) => void,
): Promise<FileFault | undefined> {
  try {
    const { digest, state } = await digestFile(path, ['sha256'], onBytes)
    keep(columns, index, fromHex(digest.sha256 as string), state)
    return undefined
  } catch (error) {
    return faultOf(index, error)
  }
}

/** Counts what is done, for who looks on from another thread. */
function counted<T>({ done }: DigestColumns, index: number, work: (onBytes: (count: number) => void) => T): T {
  Atomics.store(done, 2, BigInt(index))
  const result = work((count) => void Atomics.add(done, 0, BigInt(count)))
  Atomics.add(done, 1, 1n)
  return result
}

function keep({ sha256, states }: DigestColumns, index: number, digest: Uint8Array, state: BigIntStats): void {
  sha256.set(digest, 32 * index)
  if (states.length > 0) stateNames.forEach((name, i) => (states[stateNames.length * index + i] = state[name]))
}

/** Numbers of the files of a range, the first alone, that are not as they were when they were hashed. Throws what the file system throws. */
export function changedIn(columns: DigestColumns, [from, to]: Range): number[] {
  const files = new FileList(columns)
  for (let index = from; index < to; index++) {
    const stat = statSync(files.path(index), { bigint: true, throwIfNoEntry: false })
    const isSame = stateNames.every(
      (name, i) =>
        stat !== undefined && columns.states[stateNames.length * index + i] === BigInt.asIntN(64, stat[name]),
    )
    if (!isSame) return [index]
  }
  return []
}

function faultOf(index: number, error: unknown): FileFault {
  if (!(error instanceof EvidenceError)) throw error
  const { code, message, facts } = error
  return { index, code, message, facts }
}
