import { partText } from '../src/statements/later-events.ts'
import { toBase64 } from '../src/core/base64.ts'
import { equalBytes } from '../src/core/bytes.ts'
import type { Checkpoint } from '../src/core/checkpoint-text.ts'
import { parseSignedCheckpoint, type SignedCheckpoint } from '../src/core/checkpoint.ts'
import { EvidenceError, isEvidenceError } from '../src/core/errors.ts'
import type { ManifestLine } from '../src/core/manifest.ts'
import { defined } from '../src/core/objects.ts'
import { applyPolicy, type Policy } from '../src/core/policy.ts'
import { textOfBytes } from '../src/core/text.ts'
import { asUnanswered, ServerRefusal } from '../src/client/http.ts'
import type { LedgerClient } from '../src/client/ledger-client.ts'
import type { CheckedReceipt } from '../src/verify/check-receipt.ts'
import { type CheckedEvent, checkStatus, type ProvenEvent, statusLimits, twoTrees } from '../src/verify/check-status.ts'
import { type Finding, findingOf } from '../src/verify/report.ts'
import { type Admission, admissionLine, askAdmission } from './admission.ts'
import { type ClientOptions, clientOf, withIdentityIfAny } from './options/client.ts'
import type { Output } from './render/output.ts'
import type { Standing } from './render/verdict.ts'
import { when } from './render/when.ts'

/** What the ledger answered about an entry, all pages together. */
export interface OnlineStatus {
  readonly url: string
  /** Undefined where no answer could be trusted. */
  readonly size: number | undefined
  readonly events: readonly CheckedEvent[]
  readonly flagged: boolean
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
  readonly signer?: string
  readonly admission?: Admission | undefined
}

/**
 * What is said of an answer that does not hold. Nobody signs an answer: whatever else is wrong with it says that the ledger could not be
 * asked, and nothing of the evidence.
 */
export function faultOfAnswer(fault: Finding): Finding {
  if (fault.code === 'consistency-invalid' && fault.where === twoTrees) return fault
  return findingOf(asUnanswered(new EvidenceError(fault.code, fault.message, fault)))
}

/** Pages that are asked for at most, of 100 events each. */
const maxPages = 50

/** The ledger at --url, $EVIDENCE_URL or the URL of the policy's log line, asked as the reader whose key is named. Throws `usage`. */
async function ledgerOf(origin: string, policy: Policy, options: ClientOptions, output: Output): Promise<LedgerClient> {
  const own = policy.logs.find(({ key, url }) => key.name === origin && url !== undefined)?.url
  const url = options.url ?? process.env['EVIDENCE_URL'] ?? own
  if (url === undefined) {
    throw new EvidenceError('usage', `the policy has no URL for ${origin}; name the ledger’s by --url`)
  }
  const asked = { ...options, url }
  return withIdentityIfAny(asked, clientOf(asked, output))
}

/**
 * Asks the ledger what happened to an entry later, and who admitted its signer. Where it cannot be asked, or answers nothing that
 * can be read, that is a finding of exit code 3, beside the verdict on the evidence and never instead of it; what was proven before that
 * stays. Throws `usage` where no URL is known, or that of another ledger.
 */
export async function askStatus(
  checked: CheckedReceipt,
  policy: Policy,
  options: ClientOptions,
  output: Output,
): Promise<OnlineStatus> {
  const client = await ledgerOf(checked.receipt.proof.checkpoint.origin, policy, options, output)
  const asked = { url: client.url, size: undefined as number | undefined, flagged: false, events: [] as CheckedEvent[] }
  const none = { faults: [], unjudged: [] }
  try {
    const found = await askPages(client, checked, policy, asked)
    if (found.faults.length > 0 || found.unjudged.length > 0) return { ...asked, ...found }
    const admission = await askAdmission(checked, policy, client)
    return { ...asked, ...found, signer: checked.statement?.common.iss ?? '', admission }
  } catch (error) {
    if (!isEvidenceError(error) || (error.code === 'usage' && !(error instanceof ServerRefusal))) throw error
    return { ...asked, ...none, faults: [findingOf(asUnanswered(error))] }
  }
}

/** Asks page by page, and adds to `asked` what each of them proves. */
async function askPages(
  client: LedgerClient,
  checked: CheckedReceipt,
  policy: Policy,
  asked: { size: number | undefined; flagged: boolean; readonly events: CheckedEvent[] },
): Promise<Pick<OnlineStatus, 'faults' | 'unjudged'>> {
  const { proof, entryBytes } = checked.receipt
  for (let after: number | undefined, page = 0; page < maxPages; page++) {
    let answer: unknown
    try {
      answer = await client.status(proof.index, entryBytes, { from: proof.checkpoint.size, after })
    } catch (error) {
      if (!isEvidenceError(error, 'entry-not-found')) throw error
      return { faults: [await denial(client, proof.checkpoint, policy)], unjudged: [] }
    }
    const found = checkStatus(answer, checked, policy, after)
    if (found.size === undefined) {
      await requireLedger(client, proof.checkpoint.origin)
      return { faults: found.faults.map(faultOfAnswer), unjudged: found.unjudged }
    }
    for (const event of found.events) asked.events.push(event)
    asked.size ??= found.size
    asked.flagged ||= found.flagged
    if (found.next === undefined) return { faults: found.faults.map(faultOfAnswer), unjudged: [] }
    after = found.next
  }
  throw new EvidenceError('server-answer', `more than ${maxPages * 100} later events: ask for them page by page`)
}

/** The checkpoint that the asked ledger shows. Throws `usage` where it is another ledger: its answer says nothing of this receipt. */
async function requireLedger(client: LedgerClient, origin: string): Promise<SignedCheckpoint> {
  const signed = parseSignedCheckpoint((await client.fetchBytes('/checkpoint')) ?? new Uint8Array())
  if (signed.checkpoint.origin === origin) return signed
  throw new EvidenceError('usage', `${client.url} is another ledger than the receipt’s; name that one by --url`, {
    where: client.url,
    expected: origin,
    found: signed.checkpoint.origin,
  })
}

/**
 * The receipt proves that the ledger has the entry, and somebody answers that it has none. That is a fault only where the ledger signed another
 * tree of the receipt's size; else the ledger could not be asked. Throws `server-answer`.
 */
async function denial(client: LedgerClient, from: Checkpoint, policy: Policy): Promise<Finding> {
  const { checkpoint, note } = await requireLedger(client, from.origin)
  const { size } = checkpoint
  applyPolicy(policy, note, from.origin)
  if (size === from.size && !equalBytes(from.root, checkpoint.root)) {
    const message =
      'The ledger says that it has no such entry, and signed another tree of the size that the receipt has.'
    const expected = `root ${toBase64(from.root)} of ${size} entries`
    return {
      code: 'consistency-invalid',
      message,
      where: twoTrees,
      expected,
      found: `root ${toBase64(checkpoint.root)}`,
    }
  }
  throw new EvidenceError(
    'server-answer',
    `${client.url} says that it has no such entry, which the receipt’s signature says that it had, and shows a checkpoint of ${size} entries; keep both, and ask again`,
  )
}

/** Which part of a deposit a file is, as far as that is known. */
export interface FilePart {
  readonly item?: number | undefined
  /** Line of the manifest that the item is, from 0. */
  readonly lineIndex?: number | undefined
}

/** True where all pages were read, and every later entry that they name was shown. */
function isWhole({ events, faults, unjudged }: OnlineStatus): boolean {
  return faults.length === 0 && unjudged.length === 0 && events.every(({ proven }) => proven)
}

/**
 * What is known of a deposit, or of one file of it: out of events that are proven. `not-asked` where no answer could be trusted, where
 * it is not whole, or names entries that it does not show.
 */
export function standingOf(online: OnlineStatus | undefined, part: FilePart = {}): Standing {
  if (online?.size === undefined) return 'not-asked'
  if (retractionIn(online, part) !== undefined) return 'retracted'
  if (online.flagged) return 'key-compromised'
  return isWhole(online) ? 'sound' : 'not-asked'
}

/** The proven retraction of the deposit, or else of the part that the file is. */
function retractionIn(online: OnlineStatus | undefined, { item, lineIndex }: FilePart): ProvenEvent | undefined {
  const proven = (online?.events ?? []).filter((event): event is ProvenEvent => event.proven)
  const isOfFile = (event: ProvenEvent): boolean =>
    event.what === 'part-retracted' && event.item === item && (event.line === undefined || event.line === lineIndex)
  return proven.find(({ what }) => what === 'retracted') ?? proven.find(isOfFile)
}

/** What must be read before anything else: the deposit was taken back, or its key is reported compromised. */
export function headline(online: OnlineStatus | undefined, part: FilePart = {}): string[] {
  const standing = standingOf(online, part)
  const retraction = retractionIn(online, part)
  if (standing === 'retracted' && retraction !== undefined) {
    const { index, time, code, what } = retraction
    return [
      `RETRACTED: this ${what === 'retracted' ? 'deposit' : 'file'} was taken back (${code ?? 'no reason'}) by entry ${index} at ${when(time)}`,
    ]
  }
  if (standing !== 'key-compromised') return []
  return ['KEY COMPROMISED: the key is said to have been compromised at the time of this entry']
}

/** Files of a folder that were taken back, one by one: those whose line a proven event names. */
export function lineRetractions(
  online: OnlineStatus | undefined,
  item: number | undefined,
  lines: readonly ManifestLine[],
): string[] {
  return (online?.events ?? []).flatMap((event) => {
    if (!event.proven || event.what !== 'part-retracted' || event.line === undefined || event.item !== item) return []
    const file = lines[event.line]
    if (file === undefined) return []
    const { code = 'no reason', index, time } = event
    return [`RETRACTED: ${textOfBytes(file.path)} was taken back (${code}) by entry ${index} at ${when(time)}`]
  })
}

/** The ledger's answer, for people. */
export function statusLines(online: OnlineStatus): string[] {
  const { url, size, events, flagged, signer, admission } = online
  if (size === undefined) return []
  const lines = events.map((event) => {
    if (!event.proven) return `the ledger says, not shown: ${event.what}: entry ${event.index}`
    const { index, time, what, code, compromisedSince, item, line } = event
    const since = compromisedSince === undefined ? undefined : `compromised since ${when(compromisedSince)}`
    const said = [what, ...[code, since].filter((one) => one !== undefined)].join(', ')
    return `later: ${said}${partText(defined({ item, line }))}: entry ${index} at ${when(time)}`
  })
  const named =
    events.length === 0
      ? 'it names nothing later, which is its word and signed by nobody'
      : `it names ${events.length} later`
  const broken = online.faults.length > 0 || online.unjudged.length > 0 ? ', and there its answer broke off' : ''
  return [
    ...(admission === undefined || signer === undefined ? [] : [admissionLine(signer, admission)]),
    `asked ${url} as of size ${size}, which goes on from the receipt’s checkpoint: ${named}${broken}`,
    ...lines,
    ...(flagged ? ['FLAGGED: the key is said to have been compromised at the time of this entry'] : []),
    statusLimits,
  ]
}
