import type { Command } from 'commander'
import { EvidenceError } from '../../src/core/errors.ts'
import { type DigestAlgorithm, isDigestAlgorithm, strongDigests } from '../../src/core/hash.ts'
import { type JsonValue, parseJson } from '../../src/core/json.ts'
import { defined } from '../../src/core/objects.ts'
import { fileBounds, readNamed } from '../../src/node/bounded-file.ts'
import { canDigest } from '../../src/node/file-digest.ts'
import { inMadeFolder } from '../../src/node/private-folder.ts'
import { categories, relations, type SealedClaim } from '../../src/statements/vocabulary.ts'
import { type KnownDigests, planDeposit } from '../deposit/plan.ts'
import { runDeposit } from '../deposit/run.ts'
import { clientFlags, clientKey, clientOf, identify, outputOf } from '../options/client.ts'
import { declare, type OptionsOf, repeated } from '../options/declare.ts'
import { fileArgument } from '../options/file-argument.ts'
import { relationFrom, relationNotation, relationsTo } from '../options/relation.ts'
import { digestArgument, openCodeArgument } from '../options/values.ts'
import { endLines } from '../render/ledger-end.ts'
import { exitCodeOf, report } from '../render/deposits.ts'
import { signingLedger } from '../statements/signing-ledger.ts'
import { parseDecimal } from '../../src/core/bytes.ts'

const help = `
Each file is hashed where it is; only digests, sizes and what you seal are sent. Up to 64 files make one statement,
a folder (or more files) a manifest. The receipt is written beside the evidence as FILE.tlog-proof. What it relates to is named as elsewhere: 17 is entry 17,
17:0 its first item, 17:0:5 one file of the folder that this item is (line 5 of its manifest, from 0).

Example:
  evidence deposit chat.json photo.jpg --case "(2026)沪0104刑初123号" --note "handed over by the victim"
  evidence deposit ./seized-phone --category image-of-medium
  evidence deposit report.pdf --relates report-on:seized-phone.tlog-proof:0:5
  evidence deposit --sums SHA256SUMS
  evidence deposit --without-file sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 --size 5 --name hello.txt`

const flags = [
  ...clientFlags(),
  ['--case <number>', 'case number, sealed', repeated],
  ['--authority <name>', 'authority that handles the case, sealed'],
  ['--stage <name>', 'stage of the proceedings, sealed'],
  ['--note <text>', 'a note, sealed'],
  ['--category <code>', `one of ${categories.join(', ')}, or another code`],
  ['--collection <file>', 'JSON of how the evidence was collected, sealed (docs/spec/02-statement.md)'],
  ['--ext <file>', 'JSON object of your own, sealed'],
  ['--digest <algorithm>', 'digest to record (default: sha256)', repeated],
  [
    '--relates <relation>',
    `${relationNotation} of an earlier entry, TARGET its index, its receipt (.tlog-proof) or index:leafHash, rel one of ${relations.join(', ')}, or another code`,
    repeated,
  ],
  ['--receipts <dir>', 'write receipts and manifests there instead of beside the evidence'],
  ['--separate', 'a statement for each file, instead of one for all'],
  ['--again', 'deposit anew what has a receipt already; the old receipt is kept'],
  ['--sums <file>', 'deposit a finished SHA256SUMS as a manifest, without its files'],
  ['--resend <statement>', 'send a signed statement (.evidence-statement) that was never answered, as it is'],
  ['--without-file <algorithm:hex>', 'deposit a digest of one file that is elsewhere; needs --size', repeated],
  ['--size <bytes>', 'size of the file of --without-file'],
  ['--name <name>', 'name of the file of --without-file, sealed'],
  ['--no-names', 'do not record file names, not even sealed'],
] as const
type DepositOptions = OptionsOf<typeof flags>

/** `evidence deposit PATH…` */
export function depositCommand(program: Command): void {
  declare(program.command('deposit [path...]'), 'deposit files and folders, and keep the receipts', flags, help).action(
    async (paths: string[], options: DepositOptions) => {
      process.exitCode = await deposit(paths.map(fileArgument), options)
    },
  )
}

/** Where it is refused it leaves no folder for receipts that it made. */
function deposit(paths: readonly string[], options: DepositOptions): Promise<number> {
  const run = (): Promise<number> => depositInto(paths, options)
  return options.receipts === undefined ? run() : inMadeFolder(options.receipts, run)
}

async function depositInto(paths: readonly string[], options: DepositOptions): Promise<number> {
  const output = outputOf(options)
  const algorithms = algorithmsFrom(options.digest ?? ['sha256'])
  const { category: named } = options
  const category = named === undefined ? undefined : openCodeArgument(named, categories, 'category', output)
  const wanted = (options.relates ?? []).map((text) => relationFrom(text, output))
  const sealed = sealedFrom(options)
  const known = knownFrom(options)
  if (paths.length === 0 && known === undefined && options.sums === undefined && options.resend === undefined)
    throw new EvidenceError(
      'usage',
      'name the files or folders to deposit; or digests alone, by --sums or --without-file',
    )
  const { receipts, separate, sums, resend } = options
  const { jobs, leftOut } = planDeposit(paths, defined({ receipts, separate, sums, resend, known }))
  for (const { name, why } of leftOut) output.note(`left out: ${name} (${why})`)
  const { key, path } = clientKey(options)
  const client = clientOf(options, output)
  const ledger = await signingLedger(options, client, output)
  const { policy, info } = ledger
  const { warning } = info
  const identity = await identify(options, client, key, path)
  const { relates, shown } = await relationsTo(wanted, { client: client.as(identity), policy, origin: ledger.origin })
  if (warning !== undefined) output.note(warning)
  for (const line of endLines(info)) output.note(line)
  const settings = {
    ledger,
    identity,
    algorithms,
    category,
    relates,
    shown,
    sealed,
    withNames: options.names !== false,
    again: options.again === true,
    note: (line: string) => output.note(line),
  }
  const outcomes = await runDeposit(jobs, settings, output)
  report(outcomes, output)
  return exitCodeOf(outcomes)
}

function algorithmsFrom(names: readonly string[]): DigestAlgorithm[] {
  const algorithms = [...new Set(names.flatMap((name) => name.split(',')))].map((name) => {
    if (!isDigestAlgorithm(name))
      throw new EvidenceError('usage', `${JSON.stringify(name)} is no digest algorithm of the format`)
    if (!canDigest(name))
      throw new EvidenceError('digest-not-computable', `this build does not compute ${name}`, { where: name })
    return name
  })
  if (!algorithms.some((name) => strongDigests.includes(name))) {
    throw new EvidenceError('digest-weak-only', `${algorithms.join(' and ')} does not suffice`)
  }
  return algorithms
}

/** Digests of a file that is elsewhere. Throws `usage`, `digest-weak-only`. */
function knownFrom({ withoutFile, size, name }: DepositOptions): KnownDigests | undefined {
  if (withoutFile === undefined) {
    if (size === undefined && name === undefined) return undefined
    throw new EvidenceError('usage', '--size and --name describe the file of --without-file; name its digest')
  }
  const digest = Object.fromEntries(withoutFile.map((text) => digestArgument(text, '--without-file')))
  if (!Object.keys(digest).some((algorithm) => strongDigests.some((one) => one === algorithm)))
    throw new EvidenceError('digest-weak-only', `${Object.keys(digest).join(' and ')} does not suffice`)
  const bytes = parseDecimal(size ?? '')
  if (bytes === undefined)
    throw new EvidenceError('usage', '--without-file needs the size of the file in bytes: --size N')
  return { name, size: bytes, digest }
}

function jsonFile(path: string): JsonValue {
  return parseJson(readNamed(path, fileBounds.small), path)
}

function sealedFrom(options: DepositOptions): Partial<Record<SealedClaim, JsonValue>> {
  const { authority, stage } = options
  const details = defined({ authority, stage })
  if (options.case === undefined && Object.keys(details).length > 0) {
    throw new EvidenceError('usage', '--authority and --stage describe a case; name it by --case')
  }
  return {
    ...(options.case === undefined ? {} : { case: options.case.map((number) => ({ number, ...details })) }),
    ...defined({ note: options.note }),
    ...(options.collection === undefined ? {} : { collection: jsonFile(options.collection) }),
    ...(options.ext === undefined ? {} : { ext: jsonFile(options.ext) }),
  }
}
