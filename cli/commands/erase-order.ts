import type { Command } from 'commander'
import { existsSync } from 'node:fs'
import { requireReceiptOf } from '../../src/client/named-entry.ts'
import { withoutQuorum } from '../../src/client/deposit-answer.ts'
import { toBase64 } from '../../src/core/base64.ts'
import { leafHash, statusHash } from '../../src/core/entry.ts'
import { settled } from '../../src/core/attempt.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { defined } from '../../src/core/objects.ts'
import { counted } from '../../src/core/text.ts'
import { parseArtefact } from '../../src/check/node/artefact.ts'
import { fsPath } from '../../src/node/file-path.ts'
import { sealedDigestsOf } from '../../src/statements/said.ts'
import { type CheckedReceipt, checkReceipt } from '../../src/verify/check-receipt.ts'
import { sealedClaims } from '../../src/statements/vocabulary.ts'
import { requireReceiptPlace } from '../files/outputs.ts'
import { clientFlags, outputOf, signedClient } from '../options/client.ts'
import { declare, type OptionsOf, required, requiredRepeated } from '../options/declare.ts'
import { type Asking, depositDocuments, depositLines, namedDepositOf } from '../options/named-deposit.ts'
import { askingFor } from '../options/reference.ts'
import { codeArgument, indexArgument } from '../options/values.ts'
import { readPolicyFile } from '../../src/ledger/data-folder.ts'
import { askServed, servedLines } from '../render/served.ts'
import { depositKept, placeOf } from '../statements/kept.ts'
import { signingLedger } from '../statements/signing-ledger.ts'

const help = `
Signed by an authority (a court, a procuratorate): the ledger and every copy of it erase the claims, and answer when no file of the live
store holds them. The answer tells to whom the ledger showed them, as far as it knows. The entry and every receipt stand. --claim is the name of a claim that the receipt discloses; "--claim all" is every claim
that the entry seals, disclosed or not. The basis is sealed with the order. Several administrators order in a change: "evidence approvals".
Of entries of a closed ledger that this one continues: --continued; its operator executes that ("evidence ledger successor-orders").
What the operator removes from a stopped ledger's folder without an order is "evidence ledger erase".

Example:
  evidence erase 17 --claim names --basis "Decision (2026) 12 of the Example Court" --key court.pem
  evidence erase photo.jpg.tlog-proof --claim all --basis "Decision 12"`

const flags = [
  ...clientFlags(),
  ['--claim <claim>', `one of ${sealedClaims.join(', ')}, or all`, requiredRepeated],
  ['--basis <text>', 'the decision that it rests on; sealed', required],
  ['--note <text>', 'what else is to be said; sealed'],
  ['--continued <policy>', 'the receipt is of the ledger that this one continues; the policy of that one'],
  ['--receipt <file>', 'where to write the receipt (default: entry-INDEX.tlog-proof)'],
] as const

/** `evidence erase INDEX|RECEIPT --claim CLAIM --basis TEXT` */
export function eraseOrderCommand(program: Command): void {
  declare(
    program.command('erase <entry>'),
    'order sealed claims of an entry, by its index or receipt, to be erased everywhere (authority)',
    flags,
    help,
  ).action(async (entry: string, options: OptionsOf<typeof flags>) => {
    const output = outputOf(options)
    const claims = options.claim.map((name) => codeArgument(name, [...sealedClaims, 'all'] as const, 'sealed claim'))
    const { client, identity } = await signedClient(options, output)
    requireReceiptPlace(options.receipt)
    const ledger = await signingLedger(options, client, output)
    const { continued } = options
    const checked = await (continued === undefined
      ? receiptOf(entry, askingFor(ledger, identity, {}, output))
      : receiptOf(entry, { policy: readPolicyFile(continued) }))
    const deposit = namedDepositOf(checked)
    const { entryBytes, entry: target, proof } = checked.receipt
    const elsewhere = continued === undefined ? {} : { origin: proof.checkpoint.origin }
    const digests = digestsOf(checked, claims)
    const of = [{ index: target.index, leafHash: toBase64(leafHash(entryBytes)), digests }]
    const shown = new Map(continued === undefined ? [[target.index, statusHash(entryBytes)]] : [])
    const { basis, note } = options
    const sealed = { basis, ...defined({ note }) }
    const saying = { kind: 'erasure.order', members: { of, ...elsewhere }, sealed, shown } as const
    const { result, receipt } = await depositKept(ledger, identity, saying, placeOf(options, output))
    // The order is executed; that nobody can be asked changes nothing of it.
    const told = await settled(askServed(client.as(identity), result.index))
    const isTold = !(told instanceof EvidenceError)
    const deposits = depositDocuments([{ index: target.index, deposit }])
    output.result({ ...result, receipt, of, deposits, ...elsewhere, ...(isTold ? { served: told } : {}) }, [
      `entry ${result.index}, ${result.time}, orders ${counted(digests.length, 'sealed claim')} of entry ${target.index}${continued === undefined ? '' : ` of ${proof.checkpoint.origin}`} to be erased`,
      ...depositLines([{ index: target.index, deposit }]),
      `  receipt  ${receipt}`,
      ...(isTold
        ? servedLines(told)
        : [`who was shown them could not be asked: evidence access readings --order ${result.index}`]),
    ])
  })
}

/** The receipt that an argument names, or that the ledger has for an index, and shows to who signs; it has to hold, but for the policy's quorum. Throws `usage`, its fault, and of a ledger's receipt the codes of {@link requireReceiptOf}. */
async function receiptOf(
  argument: string,
  { client, policy, origin }: Pick<Asking, 'policy' | 'origin'> & Partial<Pick<Asking, 'client'>>,
): Promise<CheckedReceipt> {
  const read = (bytes: Uint8Array): CheckedReceipt => {
    const checked = checkReceipt(bytes, withoutQuorum(policy))
    const [fault] = [...checked.faults, ...checked.unjudged]
    if (checked.receipt !== undefined && fault === undefined) return checked
    throw new EvidenceError(fault?.code ?? 'receipt-malformed', fault?.message ?? 'the receipt cannot be read')
  }
  if (client !== undefined && /^[0-9]+$/.test(argument)) {
    const index = indexArgument(argument)
    return requireReceiptOf(await client.receipt(index), policy, { index, origin })
  }
  if (existsSync(fsPath(argument))) return parseArtefact(argument, read)
  throw new EvidenceError(
    'usage',
    `${JSON.stringify(argument)} is ${client === undefined ? 'no receipt' : 'neither the index of an entry nor a receipt'}`,
  )
}

/** Digests of the claims that are named. Throws `usage` where the receipt does not disclose one, or the entry seals none. */
function digestsOf({ body, disclosures, receipt }: CheckedReceipt, claims: readonly string[]): readonly string[] {
  const { index } = receipt.entry
  const sealed = body === undefined ? [] : sealedDigestsOf(body)
  if (sealed.length === 0) throw new EvidenceError('usage', `entry ${index} seals no claim`)
  if (claims.includes('all')) return sealed
  return [...new Set(claims)].map((name) => {
    const found = disclosures.find(({ claim }) => claim === name)
    if (found !== undefined) return found.digest
    const why = `the receipt of entry ${index} does not disclose the claim ${name}; give one that does, or --claim all`
    throw new EvidenceError('usage', why)
  })
}
