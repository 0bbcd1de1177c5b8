import { toBase64 } from '../core/base64.ts'
import { leafHash } from '../core/entry.ts'
import type { KeyTransition } from '../core/key-transition.ts'
import type { Receipt } from '../core/receipt.ts'
import { type CheckedReceipt, ledgerOf } from '../verify/check-receipt.ts'
import type { Finding } from '../verify/report.ts'

/** A receipt of a package, with the key transition that lies beside it. */
export interface ReadReceipt {
  readonly path: string
  readonly bytes: Uint8Array
  readonly checked: CheckedReceipt
  readonly transition: KeyTransition | undefined
}

/** The newest checkpoint of whose tree a receipt shows its entry to be: a key transition leads to a later one. */
export function newestOf({ checked, transition }: ReadReceipt): Receipt['proof']['checkpoint'] {
  return (transition ?? checked.receipt.proof).checkpoint
}

/** Which tree that is. */
export function treeOf(receipt: ReadReceipt): string {
  const { origin, size, root } = newestOf(receipt)
  return `${origin} ${size} ${toBase64(root)}`
}

/** Two trees of one size, or two entries at one index, of one ledger: proof that it showed two histories. */
export function historyFaults(receipts: readonly ReadReceipt[]): Finding[] {
  const seen = new Map<string, string>()
  const faults: Finding[] = []
  const hold = (name: string, hash: string, message: string): void => {
    const before = seen.get(name) ?? hash
    seen.set(name, before)
    if (before !== hash) faults.push({ code: 'consistency-invalid', message, expected: before, found: hash })
  }
  for (const { checked, transition } of receipts) {
    const { receipt, faults: own } = checked
    if (own.length > 0) continue
    const { origin } = receipt.proof.checkpoint
    for (const { size, root } of [
      receipt.proof.checkpoint,
      ...(transition === undefined ? [] : [transition.checkpoint]),
    ])
      hold(`${origin} size ${size}`, toBase64(root), `Two receipts of ${origin} give two roots for the size ${size}.`)
    const { index } = receipt.entry
    const leaf = toBase64(leafHash(receipt.entryBytes))
    hold(`${origin} index ${index}`, leaf, `Two receipts of ${origin} give two entries at the index ${index}.`)
  }
  return faults
}

/** Kinds that say who may sign; nothing else has a place among the admissions. */
const admissionKinds = /^(?:ledger\.|participant\.)/

/** What lies among the admissions and is about no key of these ledgers. */
export function strangeAdmissions(brought: readonly ReadReceipt[], origins: ReadonlySet<string>): Finding[] {
  return brought.flatMap(({ path, checked }): Finding[] => {
    const isOwn =
      origins.has(ledgerOf(checked)) && (checked.body === undefined || admissionKinds.test(checked.body.kind))
    const message = `${path} is about no key of the ledger of a deposit in this package.`
    return isOwn ? [] : [{ code: 'package-malformed', message, where: path }]
  })
}
