import type { Command } from 'commander'
import { fromBase64url } from '../../src/core/base64.ts'
import { joinPresentation } from '../../src/core/disclosure.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { parseHeader } from '../../src/core/jws.ts'
import { timeText } from '../../src/core/time.ts'
import { type ApprovalFile, approve, changeMembers, parseApprovalFile } from '../../src/statements/approval-file.ts'
import { readProposal } from '../../src/statements/body.ts'
import { proposalTyp } from '../../src/statements/vocabulary.ts'
import { readArtefact } from '../../src/check/node/artefact.ts'
import { whenSeconds } from '../render/when.ts'
import { outputKinds, requireOutput, writeOutput } from '../files/outputs.ts'
import { changeFlags, daysFrom, propose, submitChange, writeProposal } from '../statements/change.ts'
import {
  clientFlags,
  clientKey,
  clientOf,
  commonFlags,
  type CommonOptions,
  identify,
  outputOf,
  policyDefault,
} from '../options/client.ts'
import type { PolicyOptions } from '../options/policy.ts'
import { requireMeant, showBefore, type ToSign } from '../statements/before-signing.ts'
import { openKeyFile, passphraseFile, passphraseFlag } from '../options/passphrase.ts'
import { readRequest, signRequest } from '../statements/requests.ts'
import { depositSigned, signStatement } from '../statements/sign.ts'
import { type Audience, namedAudience, requireAudience, signingLedger } from '../statements/signing-ledger.ts'
import { declare, type OptionsOf, required } from '../options/declare.ts'
import { defined } from '../../src/core/objects.ts'
import { indexArgument } from '../options/values.ts'

const help = `
Here two administrators must both approve.

Example:
  evidence approvals set --administrators 2
  evidence participants admit notary-3 --public-key notary.jwk --type notary --role attestor --propose admit.json
  evidence approvals show admit.json
  evidence approvals sign admit.json --key deputy.pem
  evidence approvals submit admit.json --key deputy.pem --id deputy`

/** `evidence approvals set|propose|show|sign|submit` */
export function approvalsCommand(program: Command): void {
  const group = program
    .command('approvals')
    .description('changes that several administrators, or recovery officers, approve together')
    .addHelpText('after', help)
  setCommand(group)
  proposeCommand(group)
  showCommand(group)
  signCommand(group)
  submitCommand(group)
}

const policyFlag = [
  '--policy <file>',
  `the policy of the ledger that you sign for (default: ${policyDefault})`,
] as const

const setFlags = [
  ...changeFlags,
  ['--administrators <m>', 'approvals by administrators that a change needs', required],
  ['--recovery <r>', 'approvals by recovery officers that replace administrators without them'],
] as const

function setCommand(group: Command): void {
  declare(
    group.command('set'),
    'set how many must approve a change',
    setFlags,
    '\nExample:\n  evidence approvals set --administrators 2 --recovery 2 --key clerk.pem --id clerk',
  ).action(async (options: OptionsOf<typeof setFlags>) => {
    const recovery = options.recovery === undefined ? undefined : indexArgument(options.recovery)
    const members = { administrators: indexArgument(options.administrators), ...defined({ recovery }) }
    await submitChange(options, 'ledger.set-approvals', members)
  })
}

const proposeFlags = [
  ...commonFlags,
  policyFlag,
  ['--out <file>', 'where to write the proposal', required],
  ['--key <file>', 'private key, to approve it at once'],
  passphraseFlag,
  ['--expires <days>', 'days in which it can be submitted', '14'],
] as const

function proposeCommand(group: Command): void {
  declare(
    group.command('propose <request>'),
    'make a proposal of a request, such as rotation.json',
    proposeFlags,
    '\nExample:\n  evidence approvals propose rotation.json --out rotation.proposal --key clerk.pem',
  ).action((path: string, options: OptionsOf<typeof proposeFlags>) => {
    const request = readRequest(path)
    const days = daysFrom(options.expires)
    if (options.key !== undefined) beforeSigning({ path, ...request }, options)
    const key = options.key === undefined ? undefined : openKeyFile(options.key, passphraseFile(options))
    const file = propose(request, days, key)
    writeProposal(options.out, file)
    outputOf(options).result({ proposal: options.out, approvals: file.signatures.length }, [`wrote ${options.out}`])
  })
}

/** Shows what is about to be signed, and refuses what cannot be meant. */
function beforeSigning(said: ToSign, options: PolicyOptions & CommonOptions): void {
  showBefore(outputOf(options), said)
  requireMeant(said, options)
}

/** What a proposal says. Throws `proposal-malformed`. */
function proposedIn({ payload }: ApprovalFile): Omit<ToSign, 'path'> & { readonly exp: number } {
  const proposal = readProposal(payload)
  if (proposal === undefined)
    throw new EvidenceError('proposal-malformed', 'the proposal is of a kind that this version does not know')
  const { aud, exp, body } = proposal
  return { aud, exp, kind: body.kind, members: body.members }
}

function read(path: string): ApprovalFile {
  return parseApprovalFile(readArtefact(path))
}

function showCommand(group: Command): void {
  declare(
    group.command('show <proposal>'),
    'show what a proposal says, and whose keys have approved it',
    commonFlags,
    '\nExample:\n  evidence approvals show admit.json',
  ).action((path: string, options: CommonOptions) => {
    const file = read(path)
    const proposal = readProposal(file.payload)
    if (proposal === undefined) return
    const { aud, jti, exp, body } = proposal
    const expires = timeText(exp * 1000)
    const keys = file.signatures.map((one) => parseHeader(fromBase64url(one.protected), proposalTyp, 'approval').kid)
    outputOf(options).result({ aud, jti, expires, kind: body.kind, members: body.members, approvedBy: keys }, [
      `${body.kind} in ${aud}, until ${whenSeconds(exp)}`,
      JSON.stringify(body.members, null, 2),
      ...keys.map((kid) => `approved by key ${kid} (its signature is checked by the ledger)`),
    ])
  })
}

const signFlags = [...commonFlags, policyFlag, ['--key <file>', 'your private key', required], passphraseFlag] as const

function signCommand(group: Command): void {
  declare(
    group.command('sign <proposal>'),
    'approve a proposal: adds your signature to the file; offline',
    signFlags,
    '\nExample:\n  evidence approvals sign admit.json --key deputy.pem',
  ).action((path: string, options: OptionsOf<typeof signFlags>) => {
    const file = read(path)
    const { aud, kind, exp, members } = proposedIn(file)
    beforeSigning({ path, aud, kind, exp, members }, options)
    const signed = approve(file, openKeyFile(options.key, passphraseFile(options)))
    writeProposal(path, signed)
    outputOf(options).result({ proposal: path, approvals: signed.signatures.length, kind, aud, members }, [
      `${path} has ${signed.signatures.length} approvals; hand it on, or: evidence approvals submit ${path}`,
    ])
  })
}

const submitFlags = [
  ...clientFlags({ role: 'administrator' }),
  ['--out <file>', 'write the statement instead, for "evidence ledger rotate-key --statement"; needs --id'],
] as const

function submitCommand(group: Command): void {
  declare(
    group.command('submit <proposal>'),
    'hand an approved change in: any participant may',
    submitFlags,
    '\nExample:\n  evidence approvals submit admit.json --key deputy.pem --id deputy',
  ).action(async (path: string, options: OptionsOf<typeof submitFlags>) => {
    const output = outputOf(options)
    if (options.out !== undefined) requireOutput(outputKinds.statement, options.out)
    const file = read(path)
    const said = { path, ...proposedIn(file) }
    const { aud } = said
    // The ledger judges what is sent to it; what is written down is for its folder, and nobody asks before.
    if (options.out !== undefined) requireMeant(said, options)
    showBefore(output, said)
    const { key, path: keyPath } = clientKey(options, 'administrator')
    const client = clientOf(options, output)
    if (options.out !== undefined && options.id === undefined) throw new EvidenceError('usage', '--out needs --id')
    const iss = options.out === undefined ? (await identify(options, client, key, keyPath)).id : (options.id as string)
    const signed = (audience: Audience): string => {
      const { jws } = signStatement(audience, { id: iss, signer: key }, 'ledger.change', changeMembers(file))
      return joinPresentation(jws, file.disclosures ?? [])
    }
    if (options.out !== undefined) {
      writeOutput(outputKinds.statement, options.out, `${signed(namedAudience(aud))}\n`)
      output.result({ out: options.out }, [`wrote ${options.out}`])
      return
    }
    const ledger = await signingLedger(options, client, output)
    const result = await depositSigned(ledger, signed(requireAudience(aud, ledger, path)))
    output.result(result, [`the change is entry ${result.index}, ${result.time}`])
  })
}

const signStatementFlags = [
  ...commonFlags,
  policyFlag,
  ['--key <file>', 'the administrator’s private key', required],
  ['--id <participant>', 'the administrator’s id', required],
  passphraseFlag,
  ['--out <file>', 'where to write the signed statement', required],
] as const

/** `evidence sign-statement FILE` */
export function signStatementCommand(program: Command): void {
  declare(
    program.command('sign-statement <request>'),
    'sign a request, such as rotation.json, as an administrator; offline',
    signStatementFlags,
    '\nExample:\n  evidence sign-statement rotation.json --key clerk.pem --id clerk --out rotation.jws',
  ).action((path: string, options: OptionsOf<typeof signStatementFlags>) => {
    const request = readRequest(path)
    beforeSigning({ path, ...request }, options)
    const { jws } = signRequest(request, options.id, openKeyFile(options.key, passphraseFile(options)))
    writeOutput(outputKinds.statement, options.out, `${jws}\n`)
    outputOf(options).result({ out: options.out, ...request }, [
      `signed ${request.kind} for ${request.aud}: wrote ${options.out}`,
    ])
  })
}
