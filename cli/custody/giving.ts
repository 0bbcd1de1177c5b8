import { readArtefact } from '../../src/check/node/artefact.ts'
import { requireSoundReceipt } from '../../src/client/deposit-answer.ts'
import type { LedgerClient } from '../../src/client/ledger-client.ts'
import { settled } from '../../src/core/attempt.ts'
import { lossyUtf8 } from '../../src/core/bytes.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { isFileProof, parseFileProof } from '../../src/core/file-proof.ts'
import type { Policy } from '../../src/core/policy.ts'
import { encodeReceipt, type Receipt } from '../../src/core/receipt.ts'
import type { Target } from '../options/reference.ts'

/* What a giver looks up before a release is written: whether it holds what it releases, and the receipts that go with it. */

/**
 * Shows, before a release is signed that would be void, that its giver holds what it names, where the server tells. Throws `usage`,
 * `custody-not-holder`, `custody-ended`.
 */
export async function requireHeld(
  client: LedgerClient,
  id: string,
  index: number,
  item: number | undefined,
): Promise<void> {
  const answer = await settled(
    client.custody(index),
    'not-permitted',
    'not-authenticated',
    'token-invalid',
    'not-found',
  )
  if (answer instanceof EvidenceError) return
  const units = answer.units.filter((unit) => item === undefined || unit.item === item)
  if (units.length === 0) {
    const why = item === undefined ? 'deposits nothing' : `has no item ${item}`
    throw new EvidenceError('usage', `entry ${index} ${why}: nothing of it can be handed over`, {
      where: String(index),
    })
  }
  for (const { item: at, holder, state } of units) {
    const fault =
      state === 'not-judged'
        ? undefined
        : holder !== id
          ? 'custody-not-holder'
          : state === 'ended'
            ? 'custody-ended'
            : undefined
    if (fault === undefined) continue
    const why = fault === 'custody-ended' ? 'is held no more' : `is held by ${holder}, and you are ${id}`
    throw new EvidenceError(fault, `item ${at} of entry ${index} ${why}; no release was written`, { index })
  }
}

/** Receipts of what is released, without sealed claims, one for each deposit: of what the giver may not read, from the files that name it. */
export async function receiptsOf(targets: readonly Target[], client: LedgerClient, policy: Policy): Promise<string[]> {
  const receipts: string[] = []
  for (const index of new Set(targets.map((target) => target.index))) {
    const file = targets.find((target) => target.index === index && target.file !== undefined)?.file
    const asked = await settled(client.receipt(index), 'not-permitted', 'not-authenticated', 'token-invalid')
    const atHand = file === undefined ? [] : [lossyUtf8(receiptIn(readArtefact(file)))]
    const texts = asked instanceof EvidenceError ? atHand : [asked]
    const found = texts.map((text) => requireSoundReceipt(text, policy)).find(({ entry }) => entry.index === index)
    if (found !== undefined) receipts.push(withoutClaims(found))
  }
  return receipts
}

function receiptIn(bytes: Uint8Array): Uint8Array {
  return isFileProof(bytes) ? parseFileProof(bytes).receipt : bytes
}

function withoutClaims({ entryBytes, signer, proof }: Receipt): string {
  return encodeReceipt({ entryBytes, signer, disclosures: [] }, proof.index, proof.hashes, proof.noteText)
}
