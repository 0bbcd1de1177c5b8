import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import {
  EvidenceError,
  type KeyTransition,
  type ManifestLine,
  parseManifest,
  type Policy,
} from '../../src/core/index.ts'
import { installNativePrimitives } from '../../src/node/index.ts'
import { exitCodeOf, type Finding, rotatedPolicy } from '../../src/verify/index.ts'
import {
  type CheckResult,
  checkManifestOnly,
  compareLine,
  type Evidence,
  findEvidence,
  namedEvidence,
  readArtefact,
  readManifest,
  readTransition,
  runCheck,
} from '../check-run.ts'
import { checkMisbehaviourFile, isMisbehaviourFile } from '../check-misbehaviour.ts'
import { askStatus, type OnlineStatus } from '../check-online.ts'
import { type AnchoredResult, followAnchors, requireAnchorsNeeded } from '../check-anchored.ts'
import { checkPackage } from '../check-package.ts'
import { anchorDocument, documentOf, provenanceOf, statusDocument, textOf } from '../check-report.ts'
import { faultLines } from '../check-text.ts'
import { checkTime } from '../check-time.ts'
import { listFolder, manifestPath } from '../folder-manifest.ts'
import { isPackage } from '../package-magic.ts'
import { type CommonOptions, outputOf, policyOf, withCommon } from '../options.ts'
import type { Output } from '../output.ts'
import { progressBar } from '../progress.ts'
import { verdictLine } from '../verdict.ts'

interface CheckOptions extends CommonOptions {
  readonly receipt?: string
  readonly manifest?: string
  readonly folder?: string
  readonly policy?: string
  readonly online?: boolean
  readonly anchor?: readonly string[]
  readonly lowerUrl?: readonly string[]
  readonly url?: string
  readonly timeProof?: string
  readonly timestampAnchors?: string
  readonly rotation?: readonly string[]
  readonly transition?: string
  readonly policyFromPackage?: boolean
}

const help = `
Offline: it needs the file, its receipt (or file proof, or manifest and receipt) and the ledger's policy, and asks nobody.
With --online it asks the ledger besides what happened to the entry later (retracted, corrected, attested, its key revoked), and
holds the answer against the receipt: a ledger that shows an older or another history is a fault.
With --anchor the policy is that of an upper ledger, and the anchors lead there from the receipt's own: nothing else is needed of the
ledgers below. --online with --url, or --lower-url, asks those for consistency proofs that the anchors do not hold.
Of a proof of misbehaviour (FILE.misbehaviour, by "evidence monitor") it says what the file proves; 0 where it proves it.
A package that "evidence package" wrote, a folder or a zip, needs the policy alone (and --timestamp-anchors, to verify its time stamps).

Example:
  evidence check photo.jpg
  evidence check photo.jpg --receipt photo.jpg.tlog-proof --policy court.policy
  evidence check package.zip --policy court.policy`

/** `evidence check FILE` */
export function checkCommand(program: Command): void {
  withCommon(
    program.command('check <path>').description('check a file or folder against its receipt, or a package, offline'),
  )
    .option('--receipt <file>', 'receipt (.tlog-proof) or file proof (.file-proof); by default the one beside the file')
    .option('--manifest <file>', 'manifest that lists the file')
    .option('--folder <dir>', 'folder that the manifest’s paths are relative to')
    .option('--policy <file>', 'the ledger’s policy (default: the one in the data folder)')
    .option('--online', 'ask the ledger what happened to the entry later')
    .option('--anchor <file...>', 'anchors that lead from the receipt’s ledger to that of the policy')
    .option('--lower-url <url...>', 'lower ledgers or mirrors, to ask for proofs that the anchors lack')
    .option('--url <url>', 'ledger to ask (default: the URL in the policy’s log line)')
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
      process.exitCode = await check(path, options)
    })
}

async function check(path: string, options: CheckOptions): Promise<number> {
  const output = outputOf(options)
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) throw new EvidenceError('file-unreadable', `there is no file ${path}`, { where: path })
  if (isPackage(path, stat, options)) {
    requireForPackage(options)
    return checkPackage(path, options, output)
  }
  if (options.policyFromPackage === true)
    throw new EvidenceError('usage', `${path} is no package that could bring a policy`, { where: path })
  const policy = checkPolicy(options)
  if (stat.isDirectory()) return checkFolder(path, options, output)
  if (stat.isFile() && options.receipt === undefined && isMisbehaviourFile(path))
    return checkMisbehaviourFile(path, policy, output)
  const evidence = evidenceFor(path, options)
  const bar = progressBar(output, 'hashing', stat.size, 'bytes')
  let hashed = 0
  const counted = (count: number): void => {
    hashed += count
    bar.update(hashed)
  }
  const result = await runCheck(path, evidence, policy, counted, namedTransition(options)).finally(() => bar.stop())
  const followed = await anchoredOf(result, policy, options)
  const online = options.anchor === undefined ? await onlineOf(result, policy, options) : undefined
  const time = await checkTime(result, policy, options)
  const whole = { ...followed, ...together(followed, online, time) }
  output.result({ ...documentOf(path, whole, online), ...time.document }, textOf(path, whole, online, time))
  return exitCodeOf(whole.faults, whole.unjudged)
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

/** Asked of what is sound alone: there is no entry to ask for where the receipt does not hold. */
async function onlineOf(
  { checked }: CheckResult,
  policy: Policy,
  { online, url }: CheckOptions,
): Promise<OnlineStatus | undefined> {
  if (online !== true || checked === undefined || checked.faults.length > 0) return undefined
  return askStatus(checked, policy, url)
}

type Verdict = Pick<CheckResult, 'faults' | 'unjudged'>

/** What was found of the receipt, and of what was asked besides. */
function together(...parts: readonly (Verdict | undefined)[]): Verdict {
  return {
    faults: parts.flatMap((part) => part?.faults ?? []),
    unjudged: parts.flatMap((part) => part?.unjudged ?? []),
  }
}

/** What names the evidence of one file, or asks about one entry: passed over in silence, it would seem to have been heeded. */
const notForPackages = ['transition', 'timeProof', 'anchor', 'lowerUrl', 'online', 'url', 'manifest', 'folder'] as const

function requireForPackage(options: CheckOptions): void {
  const named = notForPackages.find((name) => options[name] !== undefined)
  if (named === undefined) return
  const flag = `--${named.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  throw new EvidenceError('usage', `${flag} is for one file, and this is a package: it brings its own`, { where: flag })
}

/** The policy, brought forward by receipts of rotations. */
function checkPolicy(options: CheckOptions): Policy {
  return rotatedPolicy(policyOf(options), (options.rotation ?? []).map(readArtefact))
}

function namedTransition({ transition }: CheckOptions): KeyTransition | undefined {
  return transition === undefined ? undefined : readTransition(transition)
}

function evidenceFor(path: string, options: CheckOptions): Evidence {
  return options.receipt === undefined
    ? findEvidence(path)
    : namedEvidence(path, options.receipt, options.manifest, options.folder)
}

/** Checks every file that a folder's manifest lists, and says what is missing and what it does not list. */
async function checkFolder(folder: string, options: CheckOptions, output: Output): Promise<number> {
  const policy = checkPolicy(options)
  const manifest = options.manifest ?? manifestPath(folder)
  const receipt = options.receipt ?? manifest.replace(/\.evidence-manifest$/, '.tlog-proof')
  if (statSync(manifest, { throwIfNoEntry: false }) === undefined) {
    throw new EvidenceError('receipt-not-found', `there is no manifest ${manifest} for the folder ${folder}`, {
      where: manifest,
    })
  }
  const evidence = { kind: 'manifest', receipt, manifest, folder: resolve(folder) } as const
  const deposit = await anchoredOf(await checkManifestOnly(evidence, policy, namedTransition(options)), policy, options)
  const { files, unlisted } = await compareFolder(folder, parseManifest(readManifest(manifest)), output)
  const time = await checkTime(deposit, policy, options)
  const online = options.anchor === undefined ? await onlineOf(deposit, policy, options) : undefined
  const { faults, unjudged } = together(
    { faults: [...deposit.faults, ...files.flatMap((file) => file.faults)], unjudged: deposit.unjudged },
    online,
    time,
  )
  const lines = [
    ...provenanceOf(deposit, online),
    ...time.lines,
    ...files.map(({ state, name }) => `${state.padEnd(10)} ${name}`),
    ...unlisted.map((name) => `not in the deposit: ${name}`),
    ...faultLines([...new Map(faults.map((fault) => [fault.message, fault])).values()]),
    ...(time.limits.length > 0 ? ['not shown by the time stamp:', ...time.limits.map((line) => `  ${line}`)] : []),
    verdictLine({ faults, unjudged }),
  ]
  const document = files.map(({ name, state, faults: found }) => ({ name, state, faults: found }))
  output.result(
    {
      path: folder,
      ok: faults.length === 0,
      files: document,
      unlisted,
      faults,
      unjudged,
      ...statusDocument(online),
      ...anchorDocument(deposit),
      ...time.document,
    },
    lines,
  )
  return exitCodeOf(faults, unjudged)
}

interface ComparedFile {
  readonly name: string
  readonly state: 'unchanged' | 'DIFFERS' | 'missing'
  readonly faults: readonly Finding[]
}

/** Holds each listed file against its line; names are compared as bytes. */
async function compareFolder(
  folder: string,
  listed: readonly ManifestLine[],
  output: Output,
): Promise<{ readonly files: readonly ComparedFile[]; readonly unlisted: readonly string[] }> {
  const present = new Map(listFolder(folder).files.map((file) => [file.name.toString('latin1'), file]))
  const bar = progressBar(output, 'checking', listed.length, 'files')
  const files: ComparedFile[] = []
  for (const line of listed) {
    const key = Buffer.from(line.path).toString('latin1')
    const name = Buffer.from(line.path).toString()
    const file = present.get(key)
    present.delete(key)
    if (file === undefined) {
      const message = `The deposit lists ${name}, which is not here.`
      files.push({ name, state: 'missing', faults: [{ code: 'file-not-in-deposit', message }] })
    } else {
      const faults = await compareLine(line, file.path)
      files.push({ name, state: faults.length === 0 ? 'unchanged' : 'DIFFERS', faults })
    }
    bar.update(files.length)
  }
  bar.stop()
  return { files, unlisted: [...present.values()].map(({ name }) => name.toString()) }
}
