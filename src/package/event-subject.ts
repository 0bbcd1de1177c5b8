import { toBase64 } from '../core/base64.ts'
import { leafHash } from '../core/entry.ts'
import type { EventSubject } from '../statements/later-events.ts'
import type { CheckedReceipt } from '../verify/check-receipt.ts'

/** By what later entries name the entry of a receipt: index and leaf hash, signer and key. */
export function subjectOf({ receipt, statement }: CheckedReceipt): EventSubject {
  return {
    index: receipt.entry.index,
    leafHash: toBase64(leafHash(receipt.entryBytes)),
    iss: statement?.common.iss ?? '',
    kid: statement?.header.kid ?? '',
  }
}
