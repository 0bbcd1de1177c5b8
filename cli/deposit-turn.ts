import { createHash, randomUUID } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { EvidenceError } from '../src/core/index.ts'

/*
 * Two runs that deposit the same files take turns: each would otherwise rename and place receipts, manifests and statements
 * under the other's hands. The turn is a file beside the receipt that names the process; what a killed process left is taken over.
 * This orders runs of one machine. That no file is ever lost does not depend on it (deposit-files.ts).
 */

/** How often a waiting run looks, in milliseconds. */
const pauseMs = 100

/** A turn; it ends with {@link Turn.end}. */
export interface Turn {
  readonly end: () => void
}

/** Waits for the turn to deposit what a receipt is of; `onWait` is called once where somebody else has it. Throws `file-unwritable`. */
export async function takeTurn(receipt: string, onWait: () => void): Promise<Turn> {
  const path = turnPath(receipt)
  const token = `${process.pid} ${randomUUID()}`
  for (let hasWaited = false; ; ) {
    if (tryTake(path, token)) return { end: () => endTurn(path, token) }
    if (!isHeld(path)) continue
    if (!hasWaited) onWait()
    hasWaited = true
    await new Promise((done) => setTimeout(done, pauseMs))
  }
}

function turnPath(receipt: string): string {
  const hash = createHash('sha256').update(basename(receipt)).digest('hex').slice(0, 16)
  return join(dirname(resolve(receipt)), `.evidence-${hash}.turn`)
}

function tryTake(path: string, token: string): boolean {
  try {
    writeFileSync(path, token, { flag: 'wx', mode: 0o600 })
    return true
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw new EvidenceError('file-unwritable', `${path} cannot be written`, { where: path }, { cause })
  }
}

/** True while a living process has the turn; what a dead one left is moved away first, so that only one run takes it over. */
function isHeld(path: string): boolean {
  const text = read(path)
  if (text === undefined) return false
  if (isAlive(Number(text.split(' ')[0]))) return true
  const aside = `${path}-${randomUUID()}`
  try {
    renameSync(path, aside)
  } catch {
    return false
  }
  // Another run may have taken over in between: then it gets its turn back.
  if (read(aside) !== text) renameSync(aside, path)
  else rmSync(aside, { force: true })
  return false
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function endTurn(path: string, token: string): void {
  if (read(path) === token) rmSync(path, { force: true })
}
