import { EvidenceError, isEvidenceError, parseSignedCheckpoint, type Policy } from '../src/core/index.ts'
import { asUnanswered, type LedgerClient, ServerRefusal } from '../src/client/index.ts'
import {
  type CheckedEvent,
  type CheckedReceipt,
  checkStatus,
  type Finding,
  findingOf,
  statusLimits,
} from '../src/verify/index.ts'
import { type Admission, admissionLine, askAdmission } from './admission.ts'
import { type ClientOptions, clientOf, withIdentityIfAny } from './options.ts'
import type { Output } from './output.ts'
import type { Standing } from './verdict.ts'
import { when } from './when.ts'

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
 * can be read, that is a finding of exit code 3, beside the verdict on the evidence and never instead of it. Throws `usage`.
 */
export async function askStatus(
  checked: CheckedReceipt,
  policy: Policy,
  options: ClientOptions,
  output: Output,
): Promise<OnlineStatus> {
  const client = await ledgerOf(checked.receipt.proof.checkpoint.origin, policy, options, output)
  try {
    return await statusFrom(client, checked, policy)
  } catch (error) {
    if (!isEvidenceError(error) || (error.code === 'usage' && !(error instanceof ServerRefusal))) throw error
    const none = { url: client.url, size: undefined, events: [], flagged: false, unjudged: [] }
    return { ...none, faults: [findingOf(asUnanswered(error))] }
  }
}

async function statusFrom(client: LedgerClient, checked: CheckedReceipt, policy: Policy): Promise<OnlineStatus> {
  const { proof, entryBytes } = checked.receipt
  const { origin, size: from } = proof.checkpoint
  const status = { url: client.url, size: undefined as number | undefined, flagged: false }
  const events: CheckedEvent[] = []
  for (let after: number | undefined, page = 0; page < maxPages; page++) {
    let answer: unknown
    try {
      answer = await client.status(proof.index, entryBytes, { from, after })
    } catch (error) {
      if (!isEvidenceError(error, 'entry-not-found')) throw error
      return { ...status, events, faults: [await denial(client, origin, from)], unjudged: [] }
    }
    const found = checkStatus(answer, checked, policy, after)
    if (found.size === undefined) {
      await requireLedger(client, origin)
      return { ...status, events, faults: found.faults, unjudged: found.unjudged }
    }
    for (const event of found.events) events.push(event)
    status.size ??= found.size
    status.flagged ||= found.flagged
    if (found.next === undefined) {
      const admission = await askAdmission(checked, policy, client)
      return { ...status, events, faults: [], unjudged: [], signer: checked.statement?.common.iss ?? '', admission }
    }
    after = found.next
  }
  throw new EvidenceError('server-answer', `more than ${maxPages * 100} later events: ask for them page by page`)
}

/** The size that the asked ledger shows. Throws `usage` where it is another ledger: its answer says nothing of this receipt. */
async function requireLedger(client: LedgerClient, origin: string): Promise<number> {
  const { checkpoint } = parseSignedCheckpoint((await client.fetchBytes('/checkpoint')) ?? new Uint8Array())
  if (checkpoint.origin === origin) return checkpoint.size
  throw new EvidenceError('usage', `${client.url} is another ledger than the receipt’s; name that one by --url`, {
    where: client.url,
    expected: origin,
    found: checkpoint.origin,
  })
}

/** The receipt proves that the ledger signed the entry: that it has none is a fault, whatever it shows instead. */
async function denial(client: LedgerClient, origin: string, from: number): Promise<Finding> {
  const size = await requireLedger(client, origin)
  return {
    code: size < from ? 'status-behind' : 'consistency-invalid',
    message: 'The ledger says that it has no such entry; its signature in the receipt says that it had.',
    expected: `a history with the receipt’s ${from} entries`,
    found: `a checkpoint of size ${size}`,
  }
}

/** What is known of a deposit: offline, or where no answer could be trusted, nothing was asked. */
export function standingOf(online: OnlineStatus | undefined): Standing {
  if (online?.size === undefined) return 'not-asked'
  if (online.events.some(({ what }) => what === 'retracted')) return 'retracted'
  return online.flagged ? 'key-compromised' : 'sound'
}

/** What must be read before anything else: the deposit was taken back, or its key is reported compromised. */
export function headline(online: OnlineStatus | undefined): string[] {
  const standing = standingOf(online)
  const retraction = online?.events.find(({ what }) => what === 'retracted')
  if (standing === 'retracted' && retraction !== undefined) {
    const { index, time, code } = retraction
    return [`RETRACTED: this deposit was taken back (${code ?? 'no reason'}) by entry ${index} at ${when(time)}`]
  }
  if (standing !== 'key-compromised') return []
  return ['KEY COMPROMISED: the key is said to have been compromised at the time of this entry']
}

/** The ledger's answer, for people. */
export function statusLines({ url, size, events, flagged, signer, admission }: OnlineStatus): string[] {
  if (size === undefined) return []
  const lines = events.map(({ index, time, what, code, compromisedSince, proven }) => {
    const since = compromisedSince === undefined ? undefined : `compromised since ${when(compromisedSince)}`
    const said = [what, ...[code, since].filter((one) => one !== undefined)].join(', ')
    return `later: ${said}: entry ${index} at ${when(time)}${proven ? '' : ' (that entry is there; what it says is the ledger’s word)'}`
  })
  return [
    ...(admission === undefined || signer === undefined ? [] : [admissionLine(signer, admission)]),
    `asked ${url}: ${events.length === 0 ? 'nothing later' : `${events.length} later`} as of size ${size}, which goes on from the receipt’s checkpoint`,
    ...lines,
    ...(flagged ? ['FLAGGED: the key is said to have been compromised at the time of this entry'] : []),
    statusLimits,
  ]
}
