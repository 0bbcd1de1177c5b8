import { isThere, parseArtefact } from '../../src/check/node/artefact.ts'
import { settled } from '../../src/core/attempt.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { verifyEd25519 } from '../../src/core/ed25519.ts'
import { statusHash, leafHash } from '../../src/core/entry.ts'
import { toBase64 } from '../../src/core/base64.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { publicKeyOf, thumbprint } from '../../src/core/jwk.ts'
import type { Policy } from '../../src/core/policy.ts'
import type { ShownEntries } from '../../src/core/shown.ts'
import { withoutQuorum } from '../../src/client/deposit-answer.ts'
import type { LedgerClient, ParticipantInfo } from '../../src/client/ledger-client.ts'
import { type OpenedRelease, parseReleaseFile } from '../../src/statements/release-file.ts'
import type { Release } from '../../src/statements/custody-release.ts'
import { type CheckedReceipt, checkReceipt } from '../../src/verify/check-receipt.ts'
import type { SigningLedger } from '../statements/signing-ledger.ts'

/** A release that was read, with the receipts of what it names, by index; those whose receipt is not in the file are missing. */
export interface Offered extends OpenedRelease {
  readonly deposits: ReadonlyMap<number, CheckedReceipt>
  /** What shows the ledger that its receipts are at hand. */
  readonly shown: ShownEntries
}

/**
 * Reads a release from a file, for the ledger that is asked. Throws `file-unreadable`, `release-malformed`, `audience-wrong`, and the
 * first fault of a receipt in it.
 */
export function readOffered(path: string, { origin, policy }: SigningLedger): Offered {
  if (!isThere(path))
    throw new EvidenceError(
      'usage',
      `there is no release at ${path}; name the .evidence-release that its giver wrote`,
      {
        where: path,
      },
    )
  return parseArtefact(path, (bytes) => {
    const file = parseReleaseFile(bytes)
    const { aud, exhibits, _sd } = file.opened
    if (_sd !== undefined && file.offered === undefined)
      throw new EvidenceError(
        'release-malformed',
        'the file lacks the offer that its giver signed, and nothing can be said of the release without it',
      )
    if (aud !== origin)
      throw new EvidenceError('audience-wrong', `the release is for the ledger ${aud}, and this is ${origin}`, {
        expected: aud,
        found: origin,
      })
    const deposits = new Map<number, CheckedReceipt>()
    for (const text of file.receipts) {
      const checked = soundReceipt(text, policy)
      const { index } = checked.receipt.entry
      const hash = toBase64(leafHash(checked.receipt.entryBytes))
      if (!exhibits.some((one) => one.index === index && one.leafHash === hash))
        throw new EvidenceError(
          'release-malformed',
          `the file has a receipt of entry ${index}, which it does not release`,
        )
      deposits.set(index, checked)
    }
    const shown = new Map([...deposits].map(([index, { receipt }]) => [index, statusHash(receipt.entryBytes)]))
    return { ...file, deposits, shown }
  })
}

/** A receipt that holds under the policy, but for its quorum. Throws its first fault. */
export function soundReceipt(text: string, policy: Policy): CheckedReceipt {
  const checked = checkReceipt(utf8(text), withoutQuorum(policy))
  const [fault] = [...checked.faults, ...checked.unjudged]
  if (checked.receipt !== undefined && fault === undefined) return checked
  throw new EvidenceError(fault?.code ?? 'receipt-malformed', fault?.message ?? 'the receipt cannot be read')
}

/**
 * Judges, before anybody is asked to sign, what can be judged of a release without the ledger's entries: the parties, its end, and where
 * the ledger lists its participants the giver's key and signature. Throws `release-party`, `release-expired`, `release-key`,
 * `release-signature`. Gives the giver, where it is known.
 */
export async function judgeOffered(
  { opened }: OpenedRelease,
  signer: string,
  as: 'receiver' | 'giver',
  client: LedgerClient,
): Promise<ParticipantInfo | undefined> {
  const { iss, to, exp } = opened
  const meant = as === 'giver' ? iss : to
  if (meant !== signer)
    throw new EvidenceError(
      'release-party',
      as === 'giver'
        ? `the release is by ${iss}, and you are ${signer}: its giver alone withdraws it`
        : `the release is to ${to}, and you are ${signer}: nobody else can take over by it`,
      { where: 'release', expected: meant, found: signer },
    )
  if (exp * 1000 < Date.now()) throw new EvidenceError('release-expired', 'the release has ended', { where: 'release' })
  const listed = await settled(client.participants(), 'not-authenticated', 'token-invalid')
  if (listed instanceof EvidenceError) return undefined
  const giver = listed.find(({ id }) => id === iss)
  requireSignature(opened, giver)
  return giver
}

function requireSignature({ iss, header, jws }: Release, giver: ParticipantInfo | undefined): void {
  const key = giver?.keys.find((one) => one.thumbprint === header.kid)
  if (giver?.active !== true || key?.status !== 'active')
    throw new EvidenceError('release-key', `the release is by no key of ${iss} that is in use`, { where: 'release' })
  if (key.jwk === undefined) return
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: key.jwk.x } as const
  const isTheirs = thumbprint(jwk) === header.kid && verifyEd25519(publicKeyOf(jwk), jws.signingInput, jws.signature)
  if (!isTheirs)
    throw new EvidenceError(
      'release-signature',
      `the release was altered, or is not by ${iss}: its signature does not verify`,
      {
        where: 'release',
      },
    )
}
