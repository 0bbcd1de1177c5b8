import { statSync } from 'node:fs'
import type { Command } from 'commander'
import { type CheckRequest, checkPath, isPackage } from '../../src/check/node/check.ts'
import type { Report } from '../../src/check/steps/report.ts'
import type { LedgerClient } from '../../src/client/ledger-client.ts'
import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import type { Policy } from '../../src/core/policy.ts'
import { readPolicyBytes } from '../../src/ledger/data-folder.ts'
import { fsPath } from '../../src/node/file-path.ts'
import { fileDocument, fileLines } from '../render/check-file.ts'
import { folderDocument, folderLines } from '../render/check-folder.ts'
import { misbehaviourDocument, misbehaviourLines } from '../render/check-misbehaviour.ts'
import { packageDocument, packageLines } from '../render/check-package.ts'
import { fileArgument } from '../options/file-argument.ts'
import { clientFlags, clientOf, type ClientOptions, outputOf, urlNamed, withIdentityIfAny } from '../options/client.ts'
import { declare, type OptionsOf, repeated } from '../options/declare.ts'
import type { Line, Output } from '../render/output.ts'
import { type PolicyFile, requirePolicy } from '../options/policy.ts'
import { progressBar } from '../render/progress.ts'
import { exitOfVerdict } from '../render/verdict.ts'
import { checkCertificate, isCertificateAt } from '../certificate/check.ts'
import { certificateDocument, certificateLines } from '../render/check-certificate.ts'
import { reportWriter, type WrittenReport } from '../report/write-report.ts'

const help = `
Offline: it needs the file, its receipt (or file proof, or manifest and receipt) and the ledger's policy, and asks nobody.
With --online it asks the ledger besides what happened to the entry later (retracted, corrected, attested, its key revoked), and
compares the answer with the receipt: a ledger that shows an older or another history is a fault.
With --anchor the policy is that of an upper ledger, and the anchors lead there from the receipt's own: nothing else is needed of the
ledgers below. --online with --url, or --lower-url, asks those for consistency proofs that the anchors do not hold.
Of a proof of misbehaviour (FILE.misbehaviour, by "evidence monitor") it says what the file proves; 0 where it proves it.
Of a deposit that was taken back it says so first; exit code 0, for the bytes are unchanged, and "standing" in the JSON is "retracted".
A name that is not UTF-8, or cannot be typed, is given as it is printed: evidence check 'photos/\\x{d6}\\x{a4}.jpg'
A certificate that "evidence certificate" wrote needs the policy alone too: its attachments are judged, and what it looks like is compared
with what this program writes of them. Nobody vouches for its look.
With --report it writes an expert's report besides, one HTML or PDF file to complete, print and sign: also where the check fails or cannot be made.
A package that "evidence package" wrote, a folder or a zip, needs the policy alone (and --timestamp-anchors, to verify its time stamps).

Example:
  evidence check photo.jpg
  evidence check photo.jpg --receipt photo.jpg.tlog-proof --policy court.policy
  evidence check package.zip --policy court.policy`

const flags = [
  ...clientFlags({ url: '$EVIDENCE_URL, the profile’s, or the URL in the policy’s log line' }),
  ['--receipt <file>', 'receipt (.tlog-proof) or file proof (.file-proof); by default the one beside the file'],
  ['--manifest <file>', 'manifest that lists the file; its receipt is the one beside it, where none is named'],
  ['--folder <dir>', 'folder that the manifest’s paths are relative to'],
  ['--online', 'ask the ledger what happened to the entry later'],
  ['--anchor <file>', 'anchor that leads from the receipt’s ledger towards that of the policy', repeated],
  ['--lower-url <url>', 'lower ledger or mirror, to ask for proofs that the anchors lack', repeated],
  ['--time-proof <file>', 'time proof (.time-proof); by default the one beside the receipt'],
  ['--timestamp-anchors <file>', 'certificates (PEM) of the time-stamping authorities that you trust'],
  ['--transition <file>', 'for a receipt under a retired key: its key transition; by default the one beside it'],
  ['--rotation <receipt>', 'receipt of a rotation, for a policy that names an earlier key', repeated],
  ['--brief', 'print the verdict alone: what must be read first, faults, the closing line'],
  ['--policy-from-package', 'of a package or certificate: take its own word for the ledger’s key'],
  ['--report <file>', 'write an expert’s report besides (.html or .pdf), whatever the check comes to'],
  ['--lang <languages>', 'languages of the report: zh, en or both (default: both)'],
] as const
type CheckOptions = OptionsOf<typeof flags>

/** `evidence check FILE` */
export function checkCommand(program: Command): void {
  declare(
    program.command('check <path>'),
    'check a file or folder against its receipt, or a package or certificate, offline',
    flags,
    help,
  ).action(async (path: string, options: CheckOptions) => {
    process.exitCode = await check(fileArgument(path), options)
  })
}

async function check(path: string, options: CheckOptions): Promise<number> {
  const output = outputOf(options)
  requireAsked(options)
  if (options.receipt === undefined && isCertificateAt(path)) return await certificateAt(path, options, output)
  requireFitting(path, options)
  const writer = reportWriter(path, options)
  let file: PolicyFile | undefined
  let without: unknown
  const policy: CheckRequest['policy'] = (otherwise) => {
    try {
      file = policyFileOf(options, otherwise)
    } catch (error) {
      throw (without = error)
    }
    return file === undefined ? undefined : { path: file.path, bytes: readPolicyBytes(file.path) }
  }
  const checking = checkPath(path, requestOf(options, policy, output), {
    note: (text) => output.note(text),
    progress: (label, total, unit) => progressBar(output, label, total, unit),
  })
  // What cannot be looked at is reported too; a wrong call is not, but for a policy that is not there.
  const report = await checking.catch(async (error: unknown) => {
    const isReported = isEvidenceError(error) && (error.code !== 'usage' || error === without)
    if (isReported) noteReport(await writer?.write(error, file?.path), output)
    throw error
  })
  const written = await writer?.write(report, file?.path)
  const [document, lines] = rendered(report, file)
  output.result(written === undefined ? document : { ...document, writtenReport: written }, asked(lines, options))
  noteReport(written, output)
  return exitOfVerdict(report)
}

/** All lines of a result, or, where it is to be brief, those that carry the verdict: what goes first, each fault, the closing line. */
function asked(lines: readonly Line[], { brief }: CheckOptions): readonly Line[] {
  return brief === true ? lines.filter((line) => typeof line === 'object' && 'tone' in line) : lines
}

/** Checks a certificate; its evidence is attached to it. */
async function certificateAt(path: string, options: CheckOptions, output: Output): Promise<number> {
  const named = notForCertificates.find((name) => options[name] !== undefined)
  if (named !== undefined) {
    const flag = flagOf(named)
    throw new EvidenceError('usage', `${flag} is for a file, and this is a certificate: it brings its own`, {
      where: flag,
    })
  }
  const file = policyFileOf(options, ', or take the certificate’s own word by --policy-from-package')
  const report = await checkCertificate(path, {
    policy: file === undefined ? undefined : { path: file.path, bytes: readPolicyBytes(file.path) },
    rotation: options.rotation ?? [],
    timestampAnchors: options.timestampAnchors,
    ledger: options.online === true ? (origin, trusted) => ledgerOf(origin, trusted, options, output) : undefined,
  })
  output.result(certificateDocument(report, file), asked(certificateLines(report, file), options))
  return exitOfVerdict(report)
}

function noteReport(written: WrittenReport | undefined, output: Output): void {
  if (written !== undefined) output.note(`report written: ${written.path} (SHA-256 ${written.sha256})`)
}

function requestOf(options: CheckOptions, policy: CheckRequest['policy'], output: Output): CheckRequest {
  const { receipt, manifest, folder, timeProof, timestampAnchors, transition, rotation = [], anchor = [] } = options
  const { lowerUrl = [], online, url, policyFromPackage } = options
  return {
    receipt,
    manifest,
    folder,
    timeProof,
    timestampAnchors,
    transition,
    rotation,
    anchor,
    lowerUrls: [...lowerUrl, ...(online === true && url !== undefined ? [url] : [])],
    policyFromPackage: policyFromPackage === true,
    policy,
    ledger: online === true ? (origin, trusted) => ledgerOf(origin, trusted, options, output) : undefined,
  }
}

/** The policy file that is given; undefined where a package's own is asked for. Throws `usage` where both are, or there is none. */
function policyFileOf(options: CheckOptions, otherwise: string | undefined): PolicyFile | undefined {
  if (options.policyFromPackage !== true) return requirePolicy(options, otherwise)
  if (options.policy === undefined) return undefined
  throw new EvidenceError('usage', 'give one of --policy and --policy-from-package')
}

/** The result, for programs and for people. */
function rendered(report: Report, file: PolicyFile | undefined): [object, Line[]] {
  if (report.what === 'package') return [packageDocument(report, file), packageLines(report, file)]
  const policy = file as PolicyFile
  if (report.what === 'folder') return [folderDocument(report, policy), folderLines(report, policy)]
  return report.what === 'file'
    ? [fileDocument(report, policy), fileLines(report, policy)]
    : [misbehaviourDocument(report, policy), misbehaviourLines(report, policy)]
}

/** The ledger at --url, $EVIDENCE_URL or the URL of the policy's log line, asked as the reader whose key is named. Throws `usage`. */
export async function ledgerOf(
  origin: string,
  policy: Policy,
  options: ClientOptions,
  output: Output,
): Promise<LedgerClient> {
  const own = policy.logs.find(({ key, url }) => key.name === origin && url !== undefined)?.url
  const url = urlNamed(options) ?? own
  if (url === undefined) {
    throw new EvidenceError('usage', `the policy has no URL for ${origin}; name the ledger’s by --url`)
  }
  const asked = { ...options, url }
  return withIdentityIfAny(asked, clientOf(asked, output))
}

/** What names the evidence of one file, or asks about one entry: passed over in silence, it would seem to have been heeded. */
const notForPackages = ['transition', 'timeProof', 'anchor', 'lowerUrl', 'online', 'url', 'manifest', 'folder'] as const

const notForCertificates = [
  'transition',
  'timeProof',
  'anchor',
  'lowerUrl',
  'manifest',
  'folder',
  'report',
  'lang',
] as const

/** What says how a ledger is asked. */
const forOnline = ['url', 'key', 'id', 'passphraseFile'] as const

/** An option as it is typed. */
function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** Refuses what says how a ledger is asked, where none is. Throws `usage`. */
function requireAsked(options: CheckOptions): void {
  const named = options.online === true ? undefined : forOnline.find((name) => options[name] !== undefined)
  if (named === undefined) return
  const flag = flagOf(named)
  throw new EvidenceError('usage', `${flag} is for --online: without that nobody is asked`, { where: flag })
}

/** Refuses options that say nothing of what lies at the path. Throws `usage`. */
function requireFitting(path: string, options: CheckOptions): void {
  const stat = statSync(fsPath(path), { throwIfNoEntry: false })
  if (stat === undefined || !isPackage(path, stat, options)) {
    if ((options.anchor ?? []).length === 0 && (options.lowerUrl ?? []).length > 0)
      throw new EvidenceError('usage', '--lower-url is for --anchor: give the anchors too')
    return
  }
  const named = notForPackages.find((name) => options[name] !== undefined)
  if (named === undefined) return
  const flag = flagOf(named)
  throw new EvidenceError('usage', `${flag} is for one file, and this is a package: it brings its own`, { where: flag })
}
