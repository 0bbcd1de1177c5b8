import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { EvidenceError, isFileProof, leafHash, parseFileProof, parseReceipt, toBase64 } from '../../src/core/index.ts'
import type { EntryInfo } from '../../src/client/index.ts'
import { readEnvelope, readStatement } from '../../src/evidence/index.ts'
import { outputKinds, requireOutput, writeOutput } from '../outputs.ts'
import { readArtefact } from '../check-run.ts'
import {
  type ClientOptions,
  clientKey,
  clientOf,
  dataDir,
  identify,
  indexArgument,
  outputOf,
  withClient,
} from '../options.ts'
import { when, whenSeconds } from '../when.ts'
import { dataFolder } from '../../src/ledger/index.ts'

interface ShowOptions extends ClientOptions {
  readonly receipt?: string
}

const help = `
Example:
  evidence show 17
  evidence show photo.jpg.tlog-proof
  evidence show 17 --receipt entry-17.tlog-proof`

/** `evidence show INDEX|RECEIPT` */
export function showCommand(program: Command): void {
  withClient(program.command('show <entry>').description('show an entry by its index, or what a receipt holds'))
    .option('--receipt <file>', 'also write the entry’s receipt there')
    .addHelpText('after', help)
    .action(async (entry: string, options: ShowOptions) => {
      const output = outputOf(options)
      const info =
        /^[0-9]+$/.test(entry) && !existsSync(entry)
          ? await fromServer(indexArgument(entry), options)
          : fromReceipt(entry)
      output.result(info, linesOf(info))
    })
}

async function fromServer(index: number, options: ShowOptions): Promise<EntryInfo> {
  const output = outputOf(options)
  const anonymous = clientOf(options, output)
  const client = await withIdentityIfAny(options, anonymous)
  if (options.receipt !== undefined) requireOutput(outputKinds.receipt, options.receipt)
  const info = await client.entry(index)
  if (options.receipt !== undefined) {
    writeOutput(outputKinds.receipt, options.receipt, await client.receipt(index))
    output.note(`wrote ${options.receipt}`)
  }
  return info
}

/** Shows who asks where a key is at hand: sealed claims are for those who may read them. */
export async function withIdentityIfAny(
  options: ClientOptions,
  client: ReturnType<typeof clientOf>,
): Promise<ReturnType<typeof clientOf>> {
  const named = options.key !== undefined || process.env['EVIDENCE_KEY'] !== undefined
  if (!named && !existsSync(dataFolder(dataDir(options)).depositorKey)) return client
  try {
    const { key, path } = clientKey(options)
    return client.as(await identify(options, client, key, path))
  } catch (error) {
    if (named) throw error
    return client // the data folder is another ledger's: read what is open
  }
}

function fromReceipt(path: string): EntryInfo {
  const bytes = readArtefact(path)
  const receipt = parseReceipt(isFileProof(bytes) ? parseFileProof(bytes).receipt : bytes)
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
    ...(hidden > 0 ? [`${hidden} sealed claim${hidden === 1 ? '' : 's'} withheld`] : []),
  ]
}
