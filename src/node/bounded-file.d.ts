import { type ErrorCode } from '../core/errors.ts'
/** Bounds of files whose format has none, in bytes. */
export declare const fileBounds: {
  /** Settings, markers, keys, checkpoints: what a person or a command writes at once. */
  readonly small: number
  /** Lists with a line for each erasure, and files of the database. */
  readonly large: number
  /** Manifests, which are as long as their folder is large: the most that Node reads at once. */
  readonly manifest: number
}
/** What may be read beside regular files, and what it is called. */
export interface BoundedOptions {
  /** Pipes, terminals and the like, to their end or their bound. */
  readonly pipes?: boolean
  /** What the path should lead to, for the message: "the policy". */
  readonly what?: string
  /** Code of the refusal of what is too long, where that is no question of reading: `file-unreadable` otherwise. */
  readonly tooLong?: ErrorCode
}
/**
 * Reads a regular file whole. Throws what the file system throws; `file-unreadable` for a folder, device or pipe, at once;
 * `file-unreadable`, or `tooLong`, for one that is longer than `maxBytes`.
 */
export declare function readBounded(path: string | Buffer, maxBytes: number, options?: BoundedOptions): Buffer
/** The text of a file. Throws as {@link readBounded}. */
export declare function readBoundedText(path: string, maxBytes: number, encoding?: 'utf8' | 'latin1'): string
/** Whether nothing has this name: a symbolic link has it, wherever it leads. Throws what the file system throws. */
export declare function isNameFree(path: string): boolean
/**
 * Reads a regular file whole; undefined where its name is free, and there alone. For files whose absence says something: a link that leads
 * nowhere, as to a disk that is not mounted, is not absent. Throws as {@link readBounded}; `file-unreadable` for such a link.
 */
export declare function readIfThere(path: string, maxBytes: number): Buffer | undefined
/** The text, in UTF-8, of a file that need not be there. Throws as {@link readIfThere}. */
export declare function readTextIfThere(path: string, maxBytes: number): string | undefined
/** Opens a file without waiting: a pipe that nobody writes to would otherwise hold the process for ever. */
export declare function openUnread(path: string | Buffer): number
/** The first `length` bytes of a file, or as many as it has; does not wait for the writer of a pipe. */
export declare function readBeginning(path: string, length: number): Uint8Array
/** Reads what {@link openUnread} opened. Throws as {@link readBounded}. */
export declare function readOpen(fd: number, path: string | Buffer, maxBytes: number, options?: BoundedOptions): Buffer
/** Reads a file that somebody named, whole. Throws `file-unreadable`, with the reason in words. */
export declare function readNamed(path: string, maxBytes: number, options?: BoundedOptions): Buffer
/** Why a file could not be read, in words. */
export declare function whyOf(cause: unknown): string
/**
 * The bytes of a regular file, where there is one; links are followed. Of a file of more than `most` bytes one byte more than that,
 * which shows it. Undefined where nothing is there, or a folder, a pipe or a device. Throws what the file system throws where the file
 * may not be read.
 */
export declare function readRegularFile(path: string, most: number): Uint8Array | undefined
