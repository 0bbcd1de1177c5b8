import type { LedgerClient, ParticipantInfo } from '../../src/client/ledger-client.ts'
import { UrlSource } from '../../src/client/url-source.ts'
import { settled, settledOr } from '../../src/core/attempt.ts'
import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import type { Policy } from '../../src/core/policy.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { FolderSource } from '../../src/ledger/folder-source.ts'
import { type KeyLocator, scanningLocator } from '../../src/package/admission-receipts.ts'
import type { LogSource } from '../../src/log/log.ts'
import { type EntryReader, LogView } from '../../src/log/view.ts'
import { clientOf, type ClientOptions, withIdentityIfAny } from '../options/client.ts'
import { dataDir } from '../options/policy.ts'
import type { Output } from '../render/output.ts'
import { StaticSource } from '../sources/static-source.ts'

export interface LedgerOptions extends ClientOptions {
  readonly dir?: string
}

/** Where a package gets admissions and newest receipts from. */
export interface PackageLedger {
  readonly tree: LogView
  readonly locate: KeyLocator
  /** A server that can be asked for more. */
  readonly client: LedgerClient | undefined
  /** A client of the ledger, where that answers questions; undefined of a mirror, which has files alone. */
  readonly answers: LedgerClient | undefined
  readonly close: () => Promise<void>
}

/**
 * Opens the ledger that the options name: an export or mirror's folder (--dir), a server (--url, $EVIDENCE_URL), the data folder
 * while nobody uses it, else the server that does. Throws what opening and reading throw.
 */
export async function openLedger(options: LedgerOptions, policy: Policy, output: Output): Promise<PackageLedger> {
  if (options.dir !== undefined) return ofSource(new StaticSource(options.dir), policy, undefined)
  if (options.url === undefined && process.env['EVIDENCE_URL'] === undefined) {
    const folder = await openFolder(dataDir(options), policy)
    if (folder !== undefined) {
      try {
        return await ofSource(folder, policy, undefined, () => folder.close())
      } catch (error) {
        await folder.close()
        throw error
      }
    }
  }
  const client = await withIdentityIfAny(options, clientOf(options, output))
  return ofSource(new UrlSource(client), policy, client)
}

async function openFolder(root: string, policy: Policy): Promise<FolderSource | undefined> {
  const [log] = policy.logs
  if (log === undefined) return undefined
  return settledOr(FolderSource.open(root, log.key), undefined, 'ledger-in-use', 'ledger-missing')
}

async function ofSource(
  source: LogSource,
  policy: Policy,
  client: LedgerClient | undefined,
  close: () => Promise<void> = () => Promise.resolve(),
): Promise<PackageLedger> {
  const tree = await LogView.verified(source, policy, client === undefined ? undefined : readerOf(client))
  const scan = scanningLocator(tree)
  const participants = client === undefined ? undefined : await participantsOf(client)
  // A mirror has files alone, and answers nothing.
  return participants === undefined
    ? { tree, locate: scan, client, answers: undefined, close }
    : { tree, locate: locatorOf(participants), client, answers: client, close }
}

/** A depositor may read the registry's entries and its own one by one, and no bundle of a ledger that keeps entries to itself. */
function readerOf(client: LedgerClient): EntryReader {
  return async (index) => {
    try {
      const { entryBytes, disclosures } = parseReceipt(Buffer.from(await client.receipt(index)))
      return { bytes: entryBytes, disclosures: disclosures.map(({ text }) => text) }
    } catch (error) {
      // A mirror has files alone.
      if (isEvidenceError(error, 'not-found') || isEvidenceError(error, 'server-answer'))
        throw new EvidenceError('not-permitted', `the entry ${index} cannot be read by itself`, {}, { cause: error })
      throw error
    }
  }
}

/** A mirror has no such answer, and a ledger may keep the list to itself: then entries are read instead. */
async function participantsOf(client: LedgerClient): Promise<readonly ParticipantInfo[] | undefined> {
  const answer = await settled(client.participants())
  if (!(answer instanceof EvidenceError)) return answer
  if (answer.code === 'server-unreachable') throw answer
  return undefined
}

function locatorOf(participants: readonly ParticipantInfo[]): KeyLocator {
  const keys = new Map(
    participants.flatMap(({ keys: own, revokedAt }) =>
      own.map(({ thumbprint, since, until }) => {
        const later = [until, revokedAt].flatMap((index) => (index === undefined ? [] : [index]))
        return [thumbprint, { since, later }] as const
      }),
    ),
  )
  return (kid) => Promise.resolve(keys.get(kid))
}
