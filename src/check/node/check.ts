import { existsSync, type Stats, statSync } from 'node:fs'
import type { LedgerClient } from '../../client/ledger-client.ts'
import { equalBytes } from '../../core/bytes.ts'
import { EvidenceError } from '../../core/errors.ts'
import { type KeyTransition, parseKeyTransition } from '../../core/key-transition.ts'
import { isMisbehaviour } from '../../core/misbehaviour.ts'
import { parsePolicy, type Policy } from '../../core/policy.ts'
import { parsePolicyFile } from '../../ledger/data-folder.ts'
import { manifestPath } from '../../node/artefact-names.ts'
import { readBeginning } from '../../node/bounded-file.ts'
import { nativeDigester } from '../../node/file-digest.ts'
import { fsPath } from '../../node/file-path.ts'
import { listWholeFolder } from '../../node/folder-manifest.ts'
import type { Bag } from '../../package/bag.ts'
import { checkPackage, ownPolicy } from '../../package/check-package.ts'
import { FolderBag } from '../../package/node/folder-bag.ts'
import { beginsAsZip, isPackageFolder, isPackageZip } from '../../package/node/recognize-path.ts'
import { openZipFile } from '../../package/node/zip-file.ts'
import { checkMisbehaviour } from '../../verify/check-misbehaviour.ts'
import type { CheckedReceipt } from '../../verify/check-receipt.ts'
import { findingOf } from '../../verify/report.ts'
import { rotatedPolicy } from '../../verify/rotated-policy.ts'
import { followAnchors } from '../steps/anchors.ts'
import { compareFolder } from '../steps/compare.ts'
import { type Besides, judgeFile, judgeFolder } from '../steps/judge.ts'
import { askStatus } from '../steps/ask-later.ts'
import type { CheckedPackageReport, Report } from '../steps/report.ts'
import { manifestAt, parseArtefact, readArtefact } from './artefact.ts'
import { findFor, folderEvidence, hasEvidence, namedEvidence } from './evidence-files.ts'
import { handedFiles } from './handed-files.ts'
import { hashListed } from './listed-files.ts'
import { checkTime, timeJudge } from './time.ts'

/** What is to be checked against what; paths of files. What is undefined is looked for beside the file. */
export interface CheckRequest {
  readonly receipt?: string | undefined
  readonly manifest?: string | undefined
  readonly folder?: string | undefined
  readonly timeProof?: string | undefined
  readonly timestampAnchors?: string | undefined
  readonly transition?: string | undefined
  /** Receipts of rotations, for a policy that names an earlier key. */
  readonly rotation: readonly string[]
  /** Anchors that lead from the receipt's ledger to that of the policy, and ledgers or mirrors to ask for proofs that they lack. */
  readonly anchor: readonly string[]
  readonly lowerUrls: readonly string[]
  /** A package is taken at its own word for the ledger's key. */
  readonly policyFromPackage: boolean
  /** The policy file, asked for when it is needed; undefined where a package's own is to be taken. Throws `usage`. */
  readonly policy: (otherwise?: string) => PolicyBytes | undefined
  /** The ledger of a receipt, to be asked what happened later; undefined where it is not asked. */
  readonly ledger: ((origin: string, policy: Policy) => Promise<LedgerClient>) | undefined
}

export interface PolicyBytes {
  readonly path: string
  readonly bytes: Uint8Array
}

/** What is told of a check while it runs. */
export interface Watch {
  readonly note: (text: string) => void
  readonly progress: (label: string, total: number, unit: 'bytes' | 'files') => Progress
}

export interface Progress {
  readonly update: (done: number) => void
  /** Names the file that is at hand. */
  readonly of: (name: string) => void
  readonly stop: () => void
}

/**
 * Checks what lies at a path: a file or folder against its receipt, an evidence package, or a proof of misbehaviour. What does not hold is in
 * the report. Throws what keeps it from being looked at: `file-unreadable`, `receipt-not-found`, `usage`, the codes of a policy.
 */
export async function checkPath(path: string, request: CheckRequest, watch: Watch): Promise<Report> {
  const stat = statSync(fsPath(path), { throwIfNoEntry: false })
  if (stat === undefined) throw new EvidenceError('file-unreadable', `there is no file ${path}`, { where: path })
  if (!stat.isFile() && !stat.isDirectory())
    throw new EvidenceError('file-unreadable', `${path} is neither a file nor a folder`, { where: path })
  if (isPackage(path, stat, request)) return checkPackageAt(path, stat, request, watch)
  if (request.policyFromPackage)
    throw new EvidenceError('usage', `${path} is no package that could bring a policy`, { where: path })
  const given = request.policy() as PolicyBytes
  const policy = withRotations(parsePolicyFile(given.path, given.bytes), request)
  if (stat.isDirectory()) return checkFolderAt(path, policy, request, watch)
  // What begins so may be evidence like any other file: what lies beside it goes before, as for a package.
  const isNamed = request.receipt !== undefined || request.manifest !== undefined
  if (!isNamed && isMisbehaviour(readBeginning(path, 64)) && !hasEvidence(path)) {
    requireNoneOf(request, path)
    const proof = checkMisbehaviour(readArtefact(path), policy)
    return { what: 'misbehaviour', path, proof, faults: proof.faults, unjudged: [] }
  }
  return checkFileAt(path, stat.size, policy, request, watch)
}

/** Refuses what says something of a receipt, where a proof of misbehaviour is all that is judged. Throws `usage`. */
function requireNoneOf(request: CheckRequest, path: string): void {
  const { folder, timeProof, timestampAnchors, transition, anchor, ledger } = request
  const given = { folder, 'time-proof': timeProof, 'timestamp-anchors': timestampAnchors, transition, online: ledger }
  const named = anchor.length > 0 ? 'anchor' : Object.entries(given).find(([, value]) => value !== undefined)?.[0]
  if (named === undefined) return
  const flag = `--${named}`
  throw new EvidenceError('usage', `${flag} is for a receipt, and ${path} is a proof of misbehaviour`, { where: flag })
}

/** A policy that names an earlier key of its ledger, led on by receipts of rotations. Throws as `rotatedPolicy`, and what reading the receipts throws. */
export function withRotations(policy: Policy, { rotation }: Pick<CheckRequest, 'rotation'>): Policy {
  return rotation.reduce((so, path) => parseArtefact(path, (bytes) => rotatedPolicy(so, [bytes])), policy)
}

async function checkFileAt(
  path: string,
  size: number,
  policy: Policy,
  request: CheckRequest,
  watch: Watch,
): Promise<Report> {
  const transition = namedTransition(request)
  const evidence = namedEvidence(path, request)
  const found = evidence === undefined ? await findFor(path, policy, transition, watch.note) : { evidence }
  const bar = watch.progress('hashing', size, 'bytes')
  let hashed = 0
  const onBytes = (bytes: number): void => bar.update((hashed += bytes))
  const options = { ...found, onBytes, transition, besides: besidesOf(request) }
  return judgeFile(handedFiles, path, found.evidence, policy, options).finally(() => bar.stop())
}

async function checkFolderAt(path: string, policy: Policy, request: CheckRequest, watch: Watch): Promise<Report> {
  if (request.folder !== undefined)
    throw new EvidenceError('usage', `--folder is for one file of a folder, and ${path} is a folder`, {
      where: '--folder',
    })
  const evidence = folderEvidence(path, request)
  return judgeFolder(handedFiles, path, evidence, policy, {
    transition: namedTransition(request),
    compare: () => compareAt(path, evidence.manifest, watch),
    besides: besidesOf(request),
  })
}

async function compareAt(path: string, manifest: string, watch: Watch): ReturnType<typeof compareFolder> {
  const lines = manifestAt(manifest)
  const { files, skipped, unreadable } = listWholeFolder(path)
  const bar = watch.progress('checking', lines.length, 'files')
  try {
    const hashed = await hashListed(files, lines, bar)
    return await compareFolder(path, { files: hashed, skipped, unreadable }, lines)
  } finally {
    bar.stop()
  }
}

/** Throws `file-unreadable`, `transition-malformed`. */
function namedTransition({ transition }: CheckRequest): KeyTransition | undefined {
  return transition === undefined ? undefined : parseArtefact(transition, parseKeyTransition)
}

/** What is asked besides: anchors, the ledger, the time proof. */
function besidesOf(request: CheckRequest): Besides {
  const { ledger, anchor, lowerUrls } = request
  const later: Besides['later'] =
    ledger === undefined
      ? undefined
      : async (result, policy) => {
          const checked = result.checked as CheckedReceipt
          return askStatus(await ledger(checked.receipt.proof.checkpoint.origin, policy), checked, policy)
        }
  const upward: Besides['upward'] =
    anchor.length === 0 ? undefined : (result, policy) => followAnchors(handedFiles, result, anchor, policy, lowerUrls)
  return { upward, later, time: (result, policy) => checkTime(result, policy, request) }
}

/**
 * True where a path is to be checked as a package: one that has no evidence of its own, for a zip or a bag may be evidence like
 * any other file or folder. With `policyFromPackage` the caller says that a zip is a package, and it is judged as one.
 */
export function isPackage(
  path: string,
  stat: Stats,
  request: Partial<Pick<CheckRequest, 'receipt' | 'manifest' | 'policyFromPackage'>>,
): boolean {
  if (request.receipt !== undefined) return false
  if (stat.isDirectory())
    return request.manifest === undefined && isPackageFolder(path) && !existsSync(fsPath(manifestPath(path)))
  if (!stat.isFile()) return false
  const isZip = request.policyFromPackage === true ? beginsAsZip(path) : isPackageZip(path)
  return isZip && !hasEvidence(path)
}

/** Checks an evidence package, a folder or a zip, offline. */
async function checkPackageAt(
  path: string,
  stat: Stats,
  request: CheckRequest,
  watch: Watch,
): Promise<CheckedPackageReport> {
  let bag: Bag
  try {
    bag = stat.isDirectory() ? await FolderBag.open(path) : await openZipFile(path)
  } catch (error) {
    // Asked for first: a package that is refused must not hide that there is nothing to check it with.
    const given = packagePolicy(request)
    if (!(error instanceof EvidenceError) || error.kind.exit !== 1) throw error
    const from = given === undefined ? 'package' : 'given'
    const policy = { from, differs: false } as const
    return { what: 'package', path, report: undefined, policy, faults: [findingOf(error)], unjudged: [] }
  }
  try {
    const { policy, ...chosen } = await choosePolicy(bag, request)
    const total = [...bag.files.values()].reduce((sum, { size }) => sum + size, 0)
    const bar = watch.progress('checking', total, 'bytes')
    let done = 0
    const report = await checkPackage(bag, policy, {
      digester: nativeDigester,
      onBytes: (bytes) => bar.update((done += bytes)),
      judgeTime: timeJudge(request.timestampAnchors),
    }).finally(() => bar.stop())
    const { faults, unjudged } = report
    return { what: 'package', path, report, policy: chosen, faults, unjudged }
  } finally {
    await bag.close()
  }
}

/** The policy file for a package; undefined where its own is asked for. Throws `usage` where there is none, or both are asked for. */
function packagePolicy({ policy }: CheckRequest): PolicyBytes | undefined {
  return policy(', or take the package’s own word by --policy-from-package')
}

async function choosePolicy(
  bag: Bag,
  request: CheckRequest,
): Promise<CheckedPackageReport['policy'] & { readonly policy: Policy }> {
  const given = packagePolicy(request)
  const own = await ownPolicy(bag)
  if (given !== undefined) {
    const policy = withRotations(parsePolicyFile(given.path, given.bytes), request)
    return { policy, from: 'given', differs: own !== undefined && !equalBytes(own, given.bytes) }
  }
  if (own === undefined)
    throw new EvidenceError('usage', 'the package brings no policy; name the ledger’s by --policy FILE')
  return { policy: withRotations(parsePolicy(own), request), from: 'package', differs: false }
}
