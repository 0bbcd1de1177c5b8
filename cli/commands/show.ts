import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { toBase64 } from '../../src/core/base64.ts'
import { leafHash } from '../../src/core/entry.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { isFileProof, parseFileProof } from '../../src/core/file-proof.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import type { EntryInfo } from '../../src/client/ledger-client.ts'
import { readEnvelope, readStatement } from '../../src/statements/statement.ts'
import { parseArtefact } from '../../src/check/node/artefact.ts'
import { fileArgument } from '../options/file-argument.ts'
import { outputKinds, requireOutput, writeOutput } from '../files/outputs.ts'
import { clientFlags, clientOf, outputOf, withIdentityIfAny } from '../options/client.ts'
import { requireNewFile } from '../../src/node/output-file.ts'
import { requireSoundReceipt } from '../../src/client/deposit-answer.ts'
import { counted } from '../../src/core/text.ts'
import { when, whenSeconds } from '../render/when.ts'
import { declare, type OptionsOf } from '../options/declare.ts'
import { indexArgument } from '../options/values.ts'
import { depositPolicy, hasOwnPolicy } from '../options/policy.ts'

const help = `
Example:
  evidence show 17
  evidence show photo.jpg.tlog-proof
  evidence show 17 --receipt entry-17.tlog-proof`

const flags = [...clientFlags(), ['--receipt <file>', 'also write the entry’s receipt there']] as const
type ShowOptions = OptionsOf<typeof flags>

/** `evidence show INDEX|RECEIPT` */
export function showCommand(program: Command): void {
  declare(program.command('show <entry>'), 'show an entry by its index, or what a receipt holds', flags, help).action(
    async (entry: string, options: ShowOptions) => {
      const output = outputOf(options)
      const info = isServers(entry) ? await fromServer(indexArgument(entry), options) : fromReceipt(fileArgument(entry))
      output.result({ ...info, verified: false }, [...linesOf(info), isServers(entry) ? serversWord : filesWord])
    },
  )
}

const serversWord = 'not verified: this is the server’s word'
const filesWord = 'not verified: this is what the file says, which anybody may have written; "evidence check" verifies'

/** True for the index of an entry, which the server is asked for; else a file is shown. */
function isServers(entry: string): boolean {
  return /^[0-9]+$/.test(entry) && !existsSync(entry)
}

async function fromServer(index: number, options: ShowOptions): Promise<EntryInfo> {
  const output = outputOf(options)
  const anonymous = clientOf(options, output)
  const client = await withIdentityIfAny(options, anonymous)
  if (options.receipt !== undefined) {
    // A receipt that is there may be the better one: only the reader's own policy can tell that the new one verifies.
    if (hasOwnPolicy(options)) requireOutput(outputKinds.receipt, options.receipt)
    else requireNewFile(options.receipt)
  }
  const info = await client.entry(index)
  if (options.receipt !== undefined) {
    const receipt = await client.receipt(index)
    const { entry } = requireSoundReceipt(receipt, depositPolicy(options, await client.ledger(), output))
    if (entry.index !== index)
      throw new EvidenceError(
        'server-answer',
        `the server gives the receipt of entry ${entry.index} for that of entry ${index}`,
      )
    writeOutput(outputKinds.receipt, options.receipt, receipt)
    output.note(`wrote ${options.receipt}`)
  }
  return info
}

function fromReceipt(path: string): EntryInfo {
  const receipt = parseArtefact(path, (bytes) =>
    parseReceipt(isFileProof(bytes) ? parseFileProof(bytes).receipt : bytes),
  )
  const { entry } = receipt
  if (!entry.known) {
    throw new EvidenceError(
      'not-judged',
      `the receipt holds an entry of version ${entry.version}, which this version cannot read`,
    )
  }
  const { common, header, payload } = readStatement(readEnvelope(entry.statement))
  const sealed = payload['_sd']
  return {
    index: receipt.entry.index,
    time: receipt.entry.time,
    leafHash: toBase64(leafHash(receipt.entryBytes)),
    previous: toBase64(receipt.entry.previous),
    iss: common.iss,
    kind: common.kind,
    jti: common.jti,
    kid: header.kid,
    statement: entry.statement,
    payload,
    sealed: Array.isArray(sealed) ? sealed.length : 0,
    claims: Object.fromEntries(receipt.disclosures.map(({ claim, value }) => [claim, value])),
    disclosures: receipt.disclosures.map(({ text }) => text),
  }
}

function linesOf(info: EntryInfo): string[] {
  const { iss: _iss, aud, jti: _jti, iat, kind: _kind, _sd, _sd_alg, ...members } = info.payload
  const claims = Object.entries(info.claims).map(
    ([claim, value]) => `sealed ${claim}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const hidden = info.sealed - claims.length
  return [
    `entry ${info.index} of ${String(aud)}: ${info.kind}`,
    `time ${when(info.time)}, signed at ${whenSeconds(Number(iat))} by its own word`,
    `by ${info.iss}, key ${info.kid}`,
    `leaf hash ${info.leafHash}`,
    ...JSON.stringify(members, null, 2).split('\n'),
    ...claims,
    ...(hidden > 0 ? [`${counted(hidden, 'sealed claim')} withheld`] : []),
  ]
}
