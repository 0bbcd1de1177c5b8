import { existsSync } from 'node:fs'
import type { Identity } from '../../src/client/ledger-client.ts'
import { toBase64url } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import { sha256 } from '../../src/core/hash.ts'
import { defined } from '../../src/core/objects.ts'
import { fsPath } from '../../src/node/file-path.ts'
import type { Kind } from '../../src/statements/kinds.ts'
import { releaseEnding } from '../../src/statements/release-file.ts'
import { referenceTo, type Target } from '../options/reference.ts'
import { depositKept, madeBefore, prepare, type Saying } from '../statements/kept.ts'
import type { SigningLedger } from '../statements/signing-ledger.ts'
import { signedBefore, type SignedRelease, type WantedRelease } from './release.ts'

/* Records that a release was offered: one for each deposit, beside the release, so that a run that broke off is finished by the next. */

/** The kind of statement that says that a release was offered. */
const kind: Kind = 'evidence.event'

/** Where the receipt of the record of an offer goes. */
function receiptOf(release: string, { index, item }: Target): string {
  const base = release.endsWith(releaseEnding) ? release.slice(0, -releaseEnding.length) : release
  return `${base}.offered-${index}${item === undefined ? '' : `-${item}`}.tlog-proof`
}

/**
 * The release that was signed by an earlier run of the same command, where the receipt of some record of it is missing: the run broke off.
 * Undefined where there is none, nothing is missing, or the release was withdrawn.
 */
export function unrecorded(
  out: string,
  ledger: SigningLedger,
  identity: Identity,
  wanted: WantedRelease,
): SignedRelease | undefined {
  const release = signedBefore(out, ledger, identity, wanted)
  // Where its giver withdrew it there is the receipt of that.
  const isUsed = existsSync(fsPath(`${out}.tlog-proof`))
  const isWhole = wanted.targets.every((target) => existsSync(fsPath(receiptOf(out, target))))
  return isWhole || isUsed ? undefined : release
}

interface Offering extends WantedRelease {
  readonly release: SignedRelease
  readonly note: (line: string) => void
}

/** Records the offer on each deposit, but where that was done; gives the entries. Throws the codes of {@link depositKept}, and says that the release holds. */
export async function recordOffers(
  out: string,
  ledger: SigningLedger,
  identity: Identity,
  { targets, release: { release, exp }, note: tell }: Offering,
  note: string | undefined,
): Promise<number[]> {
  const digest = toBase64url(sha256(utf8(release)))
  const entries: number[] = []
  for (const target of targets) {
    const { index, shown } = target
    const members = { of: referenceTo(target), event: 'offered', release: { digest, exp } }
    const saying: Saying = { kind, members, sealed: defined({ note }), shown }
    const receipt = receiptOf(out, target)
    try {
      const { wanted } = prepare(ledger, identity, saying, receipt)
      const made = madeBefore(receipt, wanted, ledger.policy)
      entries.push((made ?? (await depositKept(ledger, identity, saying, { receipt, note: tell }))).result.index)
    } catch (error) {
      if (!isEvidenceError(error)) throw error
      const message = `${out} is written and holds; that it was offered is not recorded on entry ${index}: ${error.message}`
      throw new EvidenceError(error.code, message, error.facts, { cause: error })
    }
  }
  return entries
}
