import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { latin1 } from '../core/bytes.ts'

/** What a lock file says of its holder. */
export interface LockRecord {
  readonly pid: number
  /** Start time of the process in clock ticks: a number used again by another process has another one. */
  readonly started: string
  /** Where the number means something: the machine since its start, and the PID namespace (container). */
  readonly place: string
  /** What holds the lock: the kernel (file-lock.ts), or, where it has no such locks, the file of this name beside it. */
  readonly by: string
}

export const kernel = 'kernel'

/** The state and the start time of a process of this place; undefined where it cannot be told. */
function processOf(pid: number): { readonly state: string; readonly started: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', started: fields[19] ?? '' }
  } catch {
    return undefined
  }
}

function read(what: () => string, otherwise: string): string {
  try {
    return what().trim()
  } catch {
    return otherwise
  }
}

function placeHere(): string {
  const boot = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1'), encodeURIComponent(hostname()))
  return `${boot}/${read(() => readlinkSync('/proc/self/ns/pid'), 'pid')}`
}

/** The record of this process. */
export function ownRecord(by: string): LockRecord {
  return { pid: process.pid, started: processOf(process.pid)?.started ?? '-', place: placeHere(), by }
}

export function encodeRecord({ pid, started, place, by }: LockRecord): string {
  return `${pid} ${started} ${place} ${by}\n`
}

/** Reads a lock file's text; undefined where it names nobody. */
export function parseRecord(text: string): LockRecord | undefined {
  const [pidText, started, place, by] = text.trim().split(' ')
  const pid = Number(pidText)
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
  return { pid, started: started ?? '', place: place ?? '', by: by ?? '' }
}

/** Longest record, in bytes. */
export const maxRecordBytes = 1024
const recordText =
  /^[1-9][0-9]{0,9} (?:[0-9]{1,20}|-) [^ \n]{1,400} (?:kernel|[^/\n]{1,255}\.[0-9]{1,10}-[0-9a-f-]{36})\n$/

/** Whether a file's bytes are a record to the byte, or nothing: also zeros, which a file system leaves of a file that was not yet written. */
export function isRecordOrNothing(bytes: Uint8Array): boolean {
  if (bytes.length > maxRecordBytes) return false
  return bytes.every((byte) => byte === 0) || recordText.test(latin1(bytes))
}

/** Whether a record's number is one of this place, so that the process can be looked for. */
export function isHere({ place }: LockRecord): boolean {
  return place === placeHere()
}

/** Whether the process of a record that {@link isHere} is alive. One that has ended and was not reaped (state Z) is not. */
export function isAlive({ pid, started }: LockRecord): boolean {
  const found = processOf(pid)
  if (found !== undefined) return found.started === started && found.state !== 'Z' && found.state !== 'X'
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** The holder, for people. */
export function describeRecord(record: LockRecord | undefined): string {
  if (record === undefined) return 'another process'
  return isHere(record) ? `process ${record.pid}` : `process ${record.pid} of another container or machine`
}
