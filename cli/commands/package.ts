import { partText } from '../../src/statements/later-events.ts'
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import type { Command } from 'commander'
import { append } from '../../src/core/arrays.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { defined } from '../../src/core/objects.ts'
import { parsePolicy, type Policy } from '../../src/core/policy.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { fsPath } from '../../src/node/file-path.ts'
import { requireNewFile } from '../../src/node/output-file.ts'
import { contentSize } from '../../src/package/bag-content.ts'
import { type BagSink, writeBag } from '../../src/package/node/bag-writer.ts'
import { nativeDigester } from '../../src/node/file-digest.ts'
import type { Bag } from '../../src/package/bag.ts'
import { checkPackage } from '../../src/package/check-package.ts'
import { FolderBag } from '../../src/package/node/folder-bag.ts'
import { FolderSink } from '../../src/package/node/folder-sink.ts'
import { packageFiles } from '../../src/package/make-package.ts'
import type { PackageReport } from '../../src/package/package-report.ts'
import { openZipFile } from '../../src/package/node/zip-file.ts'
import { ZipSink } from '../../src/package/node/zip-sink.ts'
import { exitCodeOf } from '../../src/verify/report.ts'
import { timeJudge } from '../../src/check/node/time.ts'
import { count } from '../../src/core/text.ts'
import { notHereLines } from '../render/check-package.ts'
import { clientFlags, defaultUrl, outputOf } from '../options/client.ts'
import { requirePolicy } from '../options/policy.ts'
import { PackageGathering, receiptsBelow } from '../package/gather.ts'
import { addCase, type NotGathered, notGatheredLines } from '../package/case.ts'
import { addLater, askedLines, dayOfPacking } from '../package/later.ts'
import { openLedger } from '../package/ledger.ts'
import { warningsOf } from '../package/warnings.ts'
import { notAllToldLines } from '../render/later.ts'
import { toned } from '../render/tone.ts'
import { progressBar } from '../render/progress.ts'
import { readPolicyBytes } from '../../src/ledger/data-folder.ts'
import { declare, type OptionsOf, repeated, required } from '../options/declare.ts'

const help = `
Writes one folder, or one zip (--out NAME.zip), that holds all that is needed to check some deposits without us: files (or
only their digests), receipts, the entries that admitted the signers' keys, the policy, and VERIFY.md, which says how to check it
by hand. It is a BagIt bag (RFC 8493); the same inputs make the same bytes on one day (SOURCE_DATE_EPOCH names another). The ledger is
asked what happened to the deposits later (retractions, attestations, revoked keys), and what it shows is packed. The number of --case is looked for in the receipts
below --from and, if it may be read there, at the server; what was not searched or not given is said. Sealed claims of the receipts go into the package with them,
and those of later entries as far as you may read them. Where a receipt opens claims whose erasure was ordered, a warning says which.

Example:
  evidence package photo.jpg seized-phone --out for-the-expert.zip
  evidence package --case "(2026)沪0104刑初123号" --from evidence --digests-only --out for-the-court
  evidence check for-the-expert.zip --policy court.policy`

const flags = [
  ...clientFlags({
    url: `$EVIDENCE_URL, the profile’s, or none where the data folder can be read, else ${defaultUrl}`,
  }),
  ['--out <path>', 'folder to write, or zip file if it ends in .zip', required],
  ['--case <number>', 'pack the deposits of this case', repeated],
  ['--from <dir>', 'where receipts of a case, and of attestations, are looked for (with --case by default here)'],
  ['--digests-only', 'leave the files out: only their digests'],
  ['--without-admissions', 'do not ask the ledger who admitted the signers’ keys, nor what happened later'],
  ['--dir <export>', 'export or mirror of the ledger, as a folder of static tiles'],
] as const
type PackageOptions = OptionsOf<typeof flags>

/** `evidence package FILE… --case NUMBER` */
export function packageCommand(program: Command): void {
  declare(
    program.command('package [path...]'),
    'write one folder or zip by which somebody without this software checks deposits',
    flags,
    help,
  ).action(async (paths: string[], options: PackageOptions) => {
    installNativePrimitives()
    process.exitCode = await makePackage(paths, options)
  })
}

async function makePackage(
  paths: readonly string[],
  { case: cases = [], ...options }: PackageOptions,
): Promise<number> {
  const output = outputOf(options)
  // Before anything is read, let alone hashed.
  requireNewFile(options.out)
  const { policy, policyBytes } = readPolicy(options)
  if (options.withoutAdmissions === true && options.dir !== undefined)
    throw new EvidenceError('usage', '--dir says where admissions are, and --without-admissions that none are wanted')
  requireThere(paths, cases)
  const from = options.from ?? '.'
  const receipts = options.from !== undefined || cases.length > 0 ? receiptsBelow(from) : []
  const ledger = options.withoutAdmissions === true ? undefined : await openLedger(options, policy, output)
  const gathering = new PackageGathering(policy, ledger?.tree)
  try {
    const notGathered: NotGathered[] = []
    for (const path of paths) await gathering.add(path)
    for (const number of cases) append(notGathered, await addCase(gathering, number, from, receipts, ledger))
    await gathering.addRelated(receipts)
    const later = await addLater(gathering, ledger, policy)
    const files = await packageFiles({
      ...(cases.length === 0 ? {} : { case: cases.join(', ') }),
      deposits: gathering.inputs,
      related: gathering.related,
      policy,
      policyBytes,
      ...defined({ ledger }),
      digestsOnly: options.digestsOnly === true,
      packed: dayOfPacking(),
      // Only where all that was shown is packed may a package say that the ledger was asked.
      ...(later === undefined || later.leftOut.length > 0 ? {} : { eventsNotShown: later.notShown }),
    })
    const total = [...files.values()].reduce((sum, content) => sum + contentSize(content), 0)
    const bar = progressBar(output, 'packing', 2 * total, 'bytes')
    const report = await write(options.out, files, policy, bar.add).finally(bar.stop)
    const fileCount = report.deposits.reduce((sum, { files: packed }) => sum + packed.length, 0)
    const notHere = report.deposits.reduce((sum, { missing, unnamed }) => sum + missing.length + unnamed, 0)
    const bare = report.deposits.filter(({ admission }) => admission.state === 'not-shown').length
    const { retractions, standing, notShown, unjudged } = report
    const result = { deposits: report.deposits.length, files: fileCount, notHere, bytes: report.bytes }
    const asked =
      later === undefined ? null : { size: ledger?.tree.size, shown: later.shown.length, notShown: later.notShown }
    const leftOut = later?.leftOut ?? []
    const warnings = await warningsOf(
      report,
      later ?? { orders: [] },
      async (index) => ledger?.tree.disclosures(index) ?? [],
    )
    output.result(
      {
        output: options.out,
        ...result,
        standing,
        laterEvents: asked,
        notGathered,
        warnings,
        retractions,
        notShown,
        unjudged,
        ...(leftOut.length === 0 ? {} : { notAllTold: leftOut }),
      },
      [
        ...notAllToldLines(leftOut),
        ...warnings.map(({ message }) => toned('notice', `WARNING: ${message}`)),
        ...retractions.map(
          ({ of, by, ...part }) =>
            `${part.item === undefined ? '' : 'PART '}RETRACTED: entry ${of}${partText(part)} was retracted by its depositor, by entry ${by}`,
        ),
        ...notHereLines(report.deposits),
        `wrote ${options.out}: ${count(result.deposits)} deposit${result.deposits === 1 ? '' : 's'}, ${count(fileCount)} file${fileCount === 1 ? '' : 's'}, ${count(result.notHere)} not here`,
        ...notGatheredLines(notGathered),
        ...askedLines(later, ledger),
        ...(bare === 0 ? [] : [`  who admitted the signer is not shown for ${count(bare)} of the deposits`]),
        ...unjudged.map(({ message }) => `not judged: ${message}`),
        `  check with: npx evidence check ${options.out} --policy FILE`,
      ],
    )
    return exitCodeOf(leftOut, report.unjudged)
  } finally {
    await ledger?.close()
  }
}

/** Throws `usage` where nothing is named, and `file-unreadable` where a file is not there: before anything is hashed, or the ledger asked. */
function requireThere(paths: readonly string[], cases: readonly string[]): void {
  if (paths.length === 0 && cases.length === 0)
    throw new EvidenceError('usage', 'name the files or folders to pack, or a case by --case NUMBER')
  const missing = paths.find((path) => !existsSync(fsPath(path)))
  if (missing === undefined) return
  throw new EvidenceError('file-unreadable', `there is no file ${missing}; a case is named by --case NUMBER`, {
    where: missing,
  })
}

function readPolicy(options: PackageOptions): { policy: Policy; policyBytes: Uint8Array } {
  const { path } = requirePolicy(options)
  const policyBytes = readPolicyBytes(path)
  return { policy: parsePolicy(policyBytes), policyBytes }
}

/** Writes the package beside its place, checks it as a stranger would, and only then gives it its name. */
async function write(
  path: string,
  files: Awaited<ReturnType<typeof packageFiles>>,
  policy: Policy,
  onBytes: (count: number) => void,
): Promise<PackageReport> {
  const isZip = path.toLowerCase().endsWith('.zip')
  const sink: BagSink = isZip ? await ZipSink.create(path, baseOf(path)) : await FolderSink.create(path)
  try {
    await writeBag(sink, files, onBytes)
    const bag: Bag = isZip ? await openZipFile(sink.part) : await FolderBag.open(sink.part)
    const report = await checkAndClose(bag, policy, onBytes)
    const [fault] = report.faults
    if (fault !== undefined) throw new EvidenceError(fault.code, fault.message, fault)
    await sink.publish()
    return report
  } catch (error) {
    await sink.abandon()
    throw error
  }
}

async function checkAndClose(bag: Bag, policy: Policy, onBytes: (count: number) => void): Promise<PackageReport> {
  try {
    return await checkPackage(bag, policy, { digester: nativeDigester, onBytes, judgeTime: timeJudge(undefined) })
  } finally {
    await bag.close()
  }
}

/** Name of the folder inside a zip: that of the zip, as far as a package allows it. */
function baseOf(path: string): string {
  const name = basename(path).replace(/\.zip$/i, '')
  return /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/.test(name) && !name.endsWith('.') ? name : 'evidence-package'
}
