import type { Command } from 'commander'
import { fromBase64 } from '../../src/core/base64.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { parseEntry } from '../../src/core/entry.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { parseTime, timeText } from '../../src/core/time.ts'
import { issueText, type SchemaIssue } from '../../src/statements/schema-errors.ts'
import { dataFolder } from '../../src/ledger/data-folder.ts'
import { TimeStampFiles } from '../../src/ledger/time-stamp-files.ts'
import { fileBounds, readBoundedText, readNamed } from '../../src/node/bounded-file.ts'
import { Authority } from '../../src/timestamp/node/authority.ts'
import { checkTimeProof } from '../../src/timestamp/check-time-proof.ts'
import { parseRecord } from '../../src/timestamp/record.ts'
import { type Stampable, Stamper } from '../../src/timestamp/node/stamper.ts'
import { encodeTimeProof, parseTimeProof } from '../../src/timestamp/time-proof.ts'
import { readArtefact } from '../../src/check/node/artefact.ts'
import { readTrustAnchors } from '../../src/check/node/trust-anchors.ts'
import { timeStatementLines } from '../../src/check/steps/judge-time-proof.ts'
import { timeProofPath } from '../../src/core/artefact-names.ts'
import { type OutputKind, requireOutput, writeOutput } from '../files/outputs.ts'
import { clientFlags, clientOf, outputOf, signedClient } from '../options/client.ts'
import { dataDir, policyOf } from '../options/policy.ts'
import { declare, type OptionsOf } from '../options/declare.ts'
import { type OwnFolder, withOwnFolder } from '../files/own-folder.ts'
import { LedgerClient } from '../../src/client/ledger-client.ts'

const help = `
With --for, writes the time proof of a receipt: a time stamp, with all that is needed to judge it offline. Without, an
administrator has the newest checkpoint stamped now, by the running server, or (with --config) in a data folder whose server
is stopped; --renew renews every time stamp as well.

Example:
  evidence timestamp --for photo.jpg.tlog-proof --timestamp-anchors authority-root.pem
  evidence timestamp --url https://ledger.court.example --key administrator.pem
  evidence timestamp --data /srv/ledger --config /etc/evidence/serve.json --renew`

const flags = [
  ...clientFlags({ role: 'administrator' }),
  ['--for <receipt>', 'receipt whose time proof is wanted'],
  ['--out <file>', 'where to write the time proof (default: beside the receipt)'],
  ['--timestamp-anchors <file>', 'certificates (PEM) of the authorities that you trust'],
  ['--renew', 'renew every time stamp, whether it is due or not'],
  ['--config <file>', 'the server’s settings: stamp the data folder, without a server'],
] as const
type TimestampOptions = OptionsOf<typeof flags>

/** `evidence timestamp` */
export function timestampCommand(program: Command): void {
  declare(
    program.command('timestamp'),
    'take a time stamp of the ledger, or fetch that of a receipt',
    flags,
    help,
  ).action(async (options: TimestampOptions) => {
    if (options.for !== undefined) process.exitCode = await fetchFor(options.for, options)
    else if (options.config !== undefined) await stampFolder(options.config, options)
    else await askServer(options)
  })
}

/** A later time proof of the same entry of the same ledger may replace an earlier one: it may have been renewed. */
const timeProofOutput: OutputKind = {
  name: 'time proof',
  subject: (bytes) => {
    const { index, record } = parseTimeProof(bytes)
    return `${index} ${parseSignedCheckpoint(record.checkpoint).checkpoint.origin}`
  },
}

/** Fetches the earliest time stamp that covers a receipt's entry, and checks it before it is written. */
async function fetchFor(path: string, options: TimestampOptions): Promise<number> {
  const output = outputOf(options)
  const out = options.out ?? timeProofPath(path)
  requireOutput(timeProofOutput, out)
  const client = clientOf(options, output)
  const receipt = parseReceipt(readArtefact(path))
  const { index } = receipt.entry
  const [size] = (await client.timeStamps(index)).sizes
  if (size === undefined)
    throw new EvidenceError('time-stamp-missing', `the ledger has no time stamp yet that covers entry ${index}`, {
      index,
    })
  const record = parseRecord(await client.timeStampRecord(size))
  const { hashes } = await client.inclusion(index, size)
  const bytes = encodeTimeProof({ index, hashes: hashes.map((hash) => fromBase64(hash)), record })
  const anchors = readTrustAnchors(options.timestampAnchors)
  const checked = await checkTimeProof(bytes, receipt, policyOf(options), anchors, Date.now())
  const [fault] = [...checked.faults, ...checked.unjudged]
  if (fault !== undefined) throw fault
  writeOutput(timeProofOutput, out, bytes)
  output.result({ receipt: path, timeProof: out, size, index }, [
    `wrote ${out}`,
    ...timeStatementLines(checked, anchors !== undefined),
  ])
  return 0
}

async function askServer(options: TimestampOptions): Promise<void> {
  const output = outputOf(options)
  const { client, identity } = await signedClient(options, output, 'administrator')
  const result = await client.as(identity).timeStamp(options.renew === true)
  output.result(result, stampLines(result))
}

function stampLines(result: Awaited<ReturnType<LedgerClient['timeStamp']>>): string[] {
  return [
    result.created
      ? `stamped the checkpoint of size ${result.size}`
      : `the checkpoint of size ${result.size} has a time stamp already`,
    ...result.tokens.map(({ authority, time }) => `  ${time} by ${authority}`),
    ...(result.renewed.length === 0 ? [] : [`renewed ${result.renewed.length}: sizes ${result.renewed.join(', ')}`]),
  ]
}

/** The newest checkpoint of a closed folder, and the time of its last entry. */
async function newestOf({ source, note, checkpoint: { size } }: OwnFolder): Promise<Stampable> {
  const [bytes] = await source.storage.entries(size - 1, size)
  if (bytes === undefined)
    throw new EvidenceError('entry-missing', `the entry ${size - 1} is missing`, { index: size - 1 })
  const entry = parseEntry(bytes)
  return { note, lastTimeMs: entry.known ? parseTime(entry.time) : 0 }
}

async function stampFolder(config: string, options: TimestampOptions): Promise<void> {
  const output = outputOf(options)
  const { timeStampingSettings } = await import('../../server/settings.ts')
  let json: { timeStamping?: unknown }
  try {
    json = JSON.parse(readBoundedText(config, fileBounds.small)) as { timeStamping?: unknown }
  } catch (cause) {
    throw new EvidenceError(
      'config-invalid',
      `the settings ${config} cannot be read as JSON`,
      { where: config },
      { cause },
    )
  }
  const parsed = timeStampingSettings.safeParse(json?.timeStamping ?? {})
  if (!parsed.success) {
    const issue: SchemaIssue = parsed.error.issues[0] ?? { message: 'is wrong', path: [] }
    throw new EvidenceError('config-invalid', `${config}: timeStamping.${issue.path.join('.')} ${issueText(issue)}`, {
      where: config,
    })
  }
  const settings = parsed.data
  if (settings.authorities.length === 0)
    throw new EvidenceError('time-stamping-off', `${config} names no time-stamping authority`, { where: config })
  const root = dataDir(options)
  const target = await withOwnFolder(root, 'refused', newestOf)
  const stamper = new Stamper({
    store: new TimeStampFiles(dataFolder(root).timeStamps),
    authorities: settings.authorities.map((one) => new Authority(one, settings.timeoutSeconds * 1000, readNamed)),
    hash: settings.hash,
    renewMs: settings.renewDays * 24 * 3600 * 1000,
    retiredHashes: settings.retiredHashes,
    nowMs: () => Date.now(),
    onFailure: (authority, error) => output.note(`${authority}: ${error.message}`),
  })
  const { size, created, tokens } = await stamper.stamp(target)
  const renewed = await stamper.renew(options.renew === true)
  const result = {
    size,
    created,
    tokens: tokens.map(({ authority, genTimeMs }) => ({ authority, time: timeText(genTimeMs) })),
    renewed,
  }
  output.result(result, stampLines(result))
}
