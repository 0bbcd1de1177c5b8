import { createHash } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import { bytesOfText } from '../../src/core/text.ts'
import { whyOf } from '../../src/node/bounded-file.ts'
import { absolutePath } from '../../src/node/file-path.ts'
import { takeLock } from '../../src/node/lock-file.ts'

/*
 * Two runs that deposit the same files take turns: each would otherwise rename and place receipts, manifests and statements
 * under the other's hands. The turn is a lock beside the receipt, which ends with its process at the latest.
 * That no file is ever lost does not depend on it (manifests.ts).
 */

/** How often a waiting run looks, in milliseconds, and how often at most: for half an hour, in which the largest deposit ends or shows its holder. */
const pauseMs = 100
const mostLooks = 18_000

/** A turn; it ends with {@link Turn.end}. */
export interface Turn {
  readonly end: () => void
}

/**
 * Waits for the turn to deposit what a receipt is of. Where another process has it, `onWait` is called once before the wait, with
 * the refusal that names the holder: it must end the turns of this run, or two runs may wait for each other. Throws
 * `not-a-lock`; `ledger-in-use` where the holder does not end, or does not live where it can be looked for; `file-unwritable`.
 */
export async function takeTurn(
  receipt: string,
  onWait: (refusal: EvidenceError) => Promise<void>,
  wait: () => Promise<unknown> = () => pause(pauseMs),
): Promise<Turn> {
  const path = turnPath(receipt)
  for (let looks = 1; ; looks++) {
    try {
      return { end: takeLock(path, receipt) }
    } catch (error) {
      if (isEvidenceError(error, 'not-a-lock')) throw error
      if (!isEvidenceError(error, 'ledger-in-use')) throw unwritable(path, error)
      if (looks === 1) await onWait(error)
      if (looks === mostLooks) throw stillHeld(path, receipt, error)
    }
    await wait()
  }
}

function stillHeld(path: string, where: string, { message }: EvidenceError): EvidenceError {
  return new EvidenceError('ledger-in-use', `${message}; its lock is ${path}, and was waited for long enough`, {
    where,
  })
}

function turnPath(receipt: string): string {
  const hash = createHash('sha256')
    .update(bytesOfText(basename(receipt)))
    .digest('hex')
    .slice(0, 16)
  return join(dirname(absolutePath(receipt)), `.evidence-${hash}.turn`)
}

function unwritable(path: string, cause: unknown): EvidenceError {
  const why = `${path} cannot be written: ${whyOf(cause)}`
  return new EvidenceError('file-unwritable', why, { where: path }, { cause })
}
