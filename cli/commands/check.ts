import { statSync } from 'node:fs'
import type { Command } from 'commander'
import { EvidenceError } from '../../src/core/errors.ts'
import type { Policy } from '../../src/core/policy.ts'
import { readPolicyFile } from '../../src/ledger/data-folder.ts'
import { fsPath } from '../../src/node/file-path.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { rotatedPolicy } from '../../src/verify/rotated-policy.ts'
import { type AnchoredResult, followAnchors, requireAnchorsNeeded } from '../check-anchored.ts'
import { findFor } from '../check-find.ts'
import { type Besides, checkFolder, folderEvidence } from '../check-folder.ts'
import { checkMisbehaviourFile, isMisbehaviourFile } from '../check-misbehaviour.ts'
import { askStatus } from '../check-online.ts'
import { checkPackageAt } from '../check-package.ts'
import { documentOf, textOf, together } from '../check-report.ts'
import { type CheckResult, runCheck } from '../check-run.ts'
import { checkTime } from '../check-time.ts'
import { readArtefact } from '../artefact.ts'
import { hasEvidence, namedEvidence, readTransition } from '../evidence-files.ts'
import { fileArgument } from '../options/file-argument.ts'
import { type ClientOptions, outputOf, withClient } from '../options/client.ts'
import type { Output } from '../render/output.ts'
import { isPackage } from '../package-magic.ts'
import { policyDocument, type PolicyFile, requirePolicy } from '../options/policy.ts'
import { progressBar } from '../render/progress.ts'
import { exitOfVerdict } from '../render/verdict.ts'

interface CheckOptions extends ClientOptions {
  readonly receipt?: string
  readonly manifest?: string
  readonly folder?: string
  readonly online?: boolean
  readonly anchor?: readonly string[]
  readonly lowerUrl?: readonly string[]
  readonly timeProof?: string
  readonly timestampAnchors?: string
  readonly rotation?: readonly string[]
  readonly transition?: string
  readonly policyFromPackage?: boolean
}

const help = `
Offline: it needs the file, its receipt (or file proof, or manifest and receipt) and the ledger's policy, and asks nobody.
With --online it asks the ledger besides what happened to the entry later (retracted, corrected, attested, its key revoked), and
compares the answer with the receipt: a ledger that shows an older or another history is a fault.
With --anchor the policy is that of an upper ledger, and the anchors lead there from the receipt's own: nothing else is needed of the
ledgers below. --online with --url, or --lower-url, asks those for consistency proofs that the anchors do not hold.
Of a proof of misbehaviour (FILE.misbehaviour, by "evidence monitor") it says what the file proves; 0 where it proves it.
Of a deposit that was taken back it says so first; exit code 0, for the bytes are unchanged, and "standing" in the JSON is "retracted".
A name that is not UTF-8, or cannot be typed, is given as it is printed: evidence check 'photos/\\x{d6}\\x{a4}.jpg'
A package that "evidence package" wrote, a folder or a zip, needs the policy alone (and --timestamp-anchors, to verify its time stamps).

Example:
  evidence check photo.jpg
  evidence check photo.jpg --receipt photo.jpg.tlog-proof --policy court.policy
  evidence check package.zip --policy court.policy`

/** `evidence check FILE` */
export function checkCommand(program: Command): void {
  withClient(
    program.command('check <path>').description('check a file or folder against its receipt, or a package, offline'),
    { url: '$EVIDENCE_URL, or the URL in the policy’s log line' },
  )
    .option('--receipt <file>', 'receipt (.tlog-proof) or file proof (.file-proof); by default the one beside the file')
    .option('--manifest <file>', 'manifest that lists the file')
    .option('--folder <dir>', 'folder that the manifest’s paths are relative to')
    .option('--online', 'ask the ledger what happened to the entry later')
    .option('--anchor <file...>', 'anchors that lead from the receipt’s ledger to that of the policy')
    .option('--lower-url <url...>', 'lower ledgers or mirrors, to ask for proofs that the anchors lack')
    .option('--time-proof <file>', 'time proof (.time-proof); by default the one beside the receipt')
    .option('--timestamp-anchors <file>', 'certificates (PEM) of the time-stamping authorities that you trust')
    .option(
      '--transition <file>',
      'for a receipt under a retired key: its key transition; by default the one beside it',
    )
    .option('--rotation <receipt...>', 'receipts of rotations, for a policy that names an earlier key')
    .option('--policy-from-package', 'of a package: take its own word for the ledger’s key')
    .addHelpText('after', help)
    .action(async (path: string, options: CheckOptions) => {
      installNativePrimitives('few')
      process.exitCode = await check(fileArgument(path), options)
    })
}

async function check(path: string, options: CheckOptions): Promise<number> {
  const output = outputOf(options)
  const stat = statSync(fsPath(path), { throwIfNoEntry: false })
  if (stat === undefined) throw new EvidenceError('file-unreadable', `there is no file ${path}`, { where: path })
  if (!stat.isFile() && !stat.isDirectory())
    throw new EvidenceError('file-unreadable', `${path} is neither a file nor a folder`, { where: path })
  if (isPackage(path, stat, options)) {
    requireForPackage(options)
    return checkPackageAt(path, options, output)
  }
  if (options.policyFromPackage === true)
    throw new EvidenceError('usage', `${path} is no package that could bring a policy`, { where: path })
  const file = requirePolicy(options)
  const policy = rotatedPolicy(readPolicyFile(file.path), (options.rotation ?? []).map(readArtefact))
  const besides = besidesOf(policy, file, options, output)
  if (stat.isDirectory()) return checkFolder(path, folderEvidence(path, options), policy, besides, output)
  // What begins so may be evidence like any other file: what lies beside it goes before, as for a package.
  if (options.receipt === undefined && isMisbehaviourFile(path) && !hasEvidence(path))
    return checkMisbehaviourFile(path, policy, file, output)
  return checkOne(path, stat.size, policy, options, besides, output)
}

async function checkOne(
  path: string,
  size: number,
  policy: Policy,
  options: CheckOptions,
  besides: Besides,
  output: Output,
): Promise<number> {
  const { transition } = besides
  const { receipt, manifest, folder } = options
  const found =
    receipt === undefined
      ? await findFor(path, policy, transition, (text) => output.note(text))
      : { evidence: namedEvidence(path, receipt, manifest, folder) }
  const bar = progressBar(output, 'hashing', size, 'bytes')
  let hashed = 0
  const onBytes = (bytes: number): void => bar.update((hashed += bytes))
  const result = await runCheck(path, found.evidence, policy, { ...found, onBytes, transition }).finally(() =>
    bar.stop(),
  )
  const followed = await besides.anchored(result)
  const online = await besides.online(result)
  const time = await besides.time(result)
  const whole = { ...followed, ...together(followed, online, time) }
  output.result(
    { ...documentOf(path, whole, online), policy: policyDocument(besides.policy), ...time.document },
    textOf(path, whole, online, time, besides.policy),
  )
  return exitOfVerdict(whole)
}

/** What the options ask for besides the receipt. */
function besidesOf(policy: Policy, file: PolicyFile, options: CheckOptions, output: Output): Besides {
  const { transition, online, anchor } = options
  return {
    policy: file,
    anchored: (result) => anchoredOf(result, policy, options),
    // Asked of what is sound alone: there is no entry to ask for where the receipt does not hold.
    online: async ({ checked }) =>
      online === true && anchor === undefined && checked !== undefined && checked.faults.length === 0
        ? askStatus(checked, policy, options, output)
        : undefined,
    time: (result) => checkTime(result, policy, options),
    ...(transition === undefined ? {} : { transition: readTransition(transition) }),
  }
}

/** Follows anchors upward where any are given. */
async function anchoredOf(
  result: CheckResult,
  policy: Policy,
  { anchor = [], lowerUrl = [], online, url }: CheckOptions,
): Promise<CheckResult | AnchoredResult> {
  const urls = [...lowerUrl, ...(online === true && url !== undefined ? [url] : [])]
  if (anchor.length > 0) return followAnchors(result, anchor, policy, urls)
  requireAnchorsNeeded(lowerUrl, anchor)
  return result
}

/** What names the evidence of one file, or asks about one entry: passed over in silence, it would seem to have been heeded. */
const notForPackages = ['transition', 'timeProof', 'anchor', 'lowerUrl', 'online', 'url', 'manifest', 'folder'] as const

function requireForPackage(options: CheckOptions): void {
  const named = notForPackages.find((name) => options[name] !== undefined)
  if (named === undefined) return
  const flag = `--${named.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  throw new EvidenceError('usage', `${flag} is for one file, and this is a package: it brings its own`, { where: flag })
}
