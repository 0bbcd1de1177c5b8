import { randomUUID } from 'node:crypto'
import { makeDisclosure } from '../../src/core/disclosure.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { type ApprovalFile, approve, composeProposal } from '../../src/statements/approval-file.ts'
import type { Signer } from '../../src/statements/compose.ts'
import type { Kind } from '../../src/statements/kinds.ts'
import { randomSalt } from '../../src/node/key-file.ts'
import { outputKinds, requireOutput, writeOutput } from '../files/outputs.ts'
import { clientFlags, clientKey, clientOf, identify, outputOf } from '../options/client.ts'
import { signAndDeposit } from './sign.ts'
import { requireAudience, type SigningLedger, signingLedger } from './signing-ledger.ts'
import type { OptionsOf } from '../options/declare.ts'

/** Options of a command that changes the registry: by one's own word, or as a proposal for others to approve. */
export const changeFlags = [
  ...clientFlags({ role: 'administrator' }),
  ['--propose <file>', 'write a proposal that others approve ("evidence approvals"), and send nothing'],
  ['--expires <days>', 'days in which a proposal can be submitted', '14'],
] as const
export type ChangeOptions = OptionsOf<typeof changeFlags>

/** Sealed claims beside an admission. */
export interface SealedBeside {
  readonly names?: string
  readonly note?: string
}

/** What goes with a change besides its members. */
interface ChangeDetails {
  /** What the result says besides, such as an id that was made. */
  readonly said?: Readonly<Record<string, string>>
  /** The ledger that a request names, and its file: it must be the one that is asked. */
  readonly of?: { readonly aud: string; readonly path: string }
}

/** Sends a change signed by an administrator, or writes it down with their approval. Throws `server-other-ledger`, and the codes of a deposit. */
export async function submitChange(
  options: ChangeOptions,
  kind: Kind,
  members: object,
  sealed: SealedBeside = {},
  { said = {}, of }: ChangeDetails = {},
): Promise<void> {
  const output = outputOf(options)
  const lines = Object.entries(said).map(([name, value]) => `  ${name} ${value}`)
  const { key, path } = clientKey(options, 'administrator')
  const client = clientOf(options, output)
  const ledgerAsked = async (): Promise<SigningLedger> => {
    const ledger = await signingLedger(options, client, output)
    if (of !== undefined) requireAudience(of.aud, ledger, of.path)
    return ledger
  }
  if (options.propose !== undefined) {
    requireOutput(outputKinds.proposal, options.propose)
    const { origin } = await ledgerAsked()
    writeProposal(options.propose, propose({ aud: origin, kind, members, sealed }, daysFrom(options.expires), key))
    output.result({ proposal: options.propose, kind, approvals: 1, ...said }, [
      `wrote ${options.propose}, with your approval; the next officer: evidence approvals sign ${options.propose} --key THEIR.pem`,
      ...lines,
    ])
    return
  }
  const identity = await identify(options, client, key, path)
  const result = await signAndDeposit(await ledgerAsked(), identity, kind, members, sealed)
  output.result({ ...result, ...said }, [`${kind} is entry ${result.index}, ${result.time}`, ...lines])
}

/** A proposal of a change, approved by its proposer where a key is given. */
export function propose(
  change: { aud: string; kind: Kind; members: object; sealed?: SealedBeside },
  days: number,
  signer?: Signer,
): ApprovalFile {
  const { aud, kind, members, sealed = {} } = change
  const exp = Math.floor(Date.now() / 1000) + days * 86_400
  const disclosures = Object.entries(sealed).map(([claim, value]) => makeDisclosure(randomSalt(16), claim, value))
  const seal = disclosures.length === 0 ? {} : { _sd: disclosures.map(({ digest }) => digest), _sd_alg: 'sha-256' }
  const texts = disclosures.map(({ text }) => text)
  const file = composeProposal({ aud, jti: randomUUID(), exp, kind }, { ...members, ...seal }, texts)
  return signer === undefined ? file : approve(file, signer)
}

/** 1 to 90 days. Throws `usage`. */
export function daysFrom(text: string): number {
  const days = /^[1-9][0-9]?$/.test(text) ? Number(text) : Number.NaN
  if (!(days <= 89)) throw new EvidenceError('usage', `${JSON.stringify(text)} is not 1 to 89 days`)
  return days
}

export function writeProposal(path: string, file: ApprovalFile): void {
  writeOutput(outputKinds.proposal, path, `${JSON.stringify(file, null, 2)}\n`)
}
