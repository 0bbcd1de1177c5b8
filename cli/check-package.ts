import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { equalBytes, EvidenceError, parsePolicy, type Policy } from '../src/core/index.ts'
import type { Bag } from '../src/package/bag.ts'
import {
  checkPackage as checkBag,
  ownPolicy,
  type PackagedReceipt,
  type PackageReport,
} from '../src/package/check-package.ts'
import { FolderBag } from '../src/package/folder-bag.ts'
import { ZipBag } from '../src/package/zip-bag.ts'
import { exitCodeOf, rotatedPolicy } from '../src/verify/index.ts'
import { readArtefact } from './check-run.ts'
import { faultLines, provenance } from './check-text.ts'
import { verdictLine } from './verdict.ts'
import { timeJudge } from './check-time.ts'
import { type CommonOptions, dataDir } from './options.ts'
import { bytesText, count, type Output } from './output.ts'
import { progressBar } from './progress.ts'

export interface PackageCheckOptions extends CommonOptions {
  readonly policy?: string
  readonly policyFromPackage?: boolean
  readonly timestampAnchors?: string
  readonly rotation?: readonly string[]
}

/** Whose policy a package was checked with. */
interface ChosenPolicy {
  readonly policy: Policy
  readonly from: 'given' | 'package'
  /** True where the package brings another one than was given. */
  readonly differs: boolean
}

/** Checks an evidence package, a folder or a zip, offline; gives the exit code. */
export async function checkPackage(path: string, options: PackageCheckOptions, output: Output): Promise<number> {
  let bag: Bag
  let chosen: ChosenPolicy
  try {
    bag = statSync(path).isDirectory() ? await FolderBag.open(path) : await ZipBag.open(path)
  } catch (error) {
    // Asked for first: a package that is refused must not hide that there is nothing to check it with.
    givenPolicy(options)
    if (!(error instanceof EvidenceError) || error.kind.exit !== 1) throw error
    const { code, message, facts } = error
    const { where, expected, found } = facts
    const detail = {
      ...(where === undefined ? {} : { where }),
      ...(expected === undefined ? {} : { expected }),
      ...(found === undefined ? {} : { found }),
    }
    const faults = [{ code, message, ...detail }]
    output.result({ path, package: true, ok: false, faults, faultCount: 1, unjudged: [] }, [
      path,
      ...faultLines(faults),
      'nothing else was read',
      verdictLine({ faults, unjudged: [] }),
    ])
    return 1
  }
  try {
    chosen = await choosePolicy(bag, options)
    const total = [...bag.files.values()].reduce((sum, { size }) => sum + size, 0)
    const bar = progressBar(output, 'checking', total, 'bytes')
    let done = 0
    const report = await checkBag(bag, chosen.policy, {
      onBytes: (bytes) => bar.update((done += bytes)),
      judgeTime: timeJudge(options.timestampAnchors),
    }).finally(() => bar.stop())
    output.result(documentOf(path, report, chosen), textOf(path, report, chosen))
    return exitCodeOf(report.faults, report.unjudged)
  } finally {
    await bag.close()
  }
}

/** The policy of whoever checks; undefined where they have none. Throws `usage` where two are asked for. */
function givenPolicy(options: PackageCheckOptions): Uint8Array | undefined {
  if (options.policyFromPackage === true) {
    if (options.policy === undefined) return undefined
    throw new EvidenceError('usage', 'give one of --policy and --policy-from-package')
  }
  const path = options.policy ?? join(dataDir(options), 'policy')
  if (options.policy === undefined && !existsSync(path)) {
    throw new EvidenceError(
      'usage',
      `there is no policy at ${path}; name the ledger’s policy by --policy FILE, or take the package’s own word by --policy-from-package`,
      { where: path },
    )
  }
  return readFileSync(path)
}

async function choosePolicy(bag: Bag, options: PackageCheckOptions): Promise<ChosenPolicy> {
  const given = givenPolicy(options)
  const own = await ownPolicy(bag)
  const rotated = (bytes: Uint8Array): Policy =>
    rotatedPolicy(parsePolicy(bytes), (options.rotation ?? []).map(readArtefact))
  if (given !== undefined)
    return { policy: rotated(given), from: 'given', differs: own !== undefined && !equalBytes(own, given) }
  if (own === undefined)
    throw new EvidenceError('usage', 'the package brings no policy; name the ledger’s by --policy FILE')
  return { policy: rotated(own), from: 'package', differs: false }
}

function policyLines({ from, differs }: ChosenPolicy): string[] {
  if (from === 'package') return ['policy: the package’s own word; compare its key with what the ledger publishes']
  return differs ? ['policy: yours; the package brings another, which was not used'] : []
}

function admissionText({ admission }: PackagedReceipt): string {
  if (admission.state === 'fault') return `admission: ${admission.fault.message}`
  if (admission.state === 'not-shown') return 'admission of the key: NOT SHOWN in this package'
  const { index, roles, path } = admission.key
  return `key admitted by entry ${index} as ${roles.join(', ')}; back to the genesis by entries ${path.join(', ')}`
}

function receiptLines(receipt: PackagedReceipt): string[] {
  const { checked, size, times } = receipt
  const newer = size === checked.receipt.proof.checkpoint.size ? [] : [`the same entry as of size ${size}`]
  return [...provenance(checked), ...newer, ...times.flatMap(({ lines }) => lines), admissionText(receipt)].map(
    (line) => `  ${line}`,
  )
}

function textOf(path: string, report: PackageReport, chosen: ChosenPolicy): string[] {
  const { deposits, related, faults, faultCount, unjudged, flagged, notShown } = report
  const head = report.case === undefined ? '' : ` of the case ${report.case} (the packer’s word)`
  return [
    `${path}: evidence package${head}, ${count(report.files)} files, ${bytesText(report.bytes)}`,
    ...policyLines(chosen),
    ...deposits.flatMap((deposit) => [
      deposit.folder,
      ...receiptLines(deposit),
      ...deposit.files.map(({ path: file, ok, listedAs }) => {
        const name = file.slice(deposit.folder.length + 1)
        const listed = listedAs === undefined || file.endsWith(`/${listedAs}`) ? '' : ` (listed as ${listedAs})`
        return `  ${ok ? 'unchanged ' : 'DIFFERS   '} ${name}${listed}`
      }),
      ...(deposit.withheld === 0
        ? []
        : [`  withheld: ${deposit.withheld === undefined ? 'other files of the manifest' : count(deposit.withheld)}`]),
    ]),
    ...related.flatMap((receipt) => [`${receipt.path}: ${receipt.checked.body?.kind ?? ''}`, ...receiptLines(receipt)]),
    ...faultLines(faults),
    ...(faultCount > faults.length ? [`… and ${count(faultCount - faults.length)} more faults`] : []),
    ...unjudged.map(({ message }) => `not judged: ${message}`),
    ...flagged.map((message) => `FLAGGED ${message}`),
    'not shown by this package:',
    ...notShown.map((line) => `  ${line}`),
    verdictLine({ faults, unjudged }),
  ]
}

function receiptDocument(receipt: PackagedReceipt): object {
  const { checked, path, size, admission, times } = receipt
  const { proof, entry } = checked.receipt
  const { statement, disclosures, withheld, witnesses } = checked
  return {
    path,
    origin: proof.checkpoint.origin,
    index: entry.index,
    time: entry.time,
    size,
    ...(statement === undefined
      ? {}
      : { iss: statement.common.iss, kid: statement.header.kid, kind: statement.common.kind }),
    claims: Object.fromEntries(disclosures.map(({ claim, value }) => [claim, value])),
    withheldClaims: withheld,
    witnesses,
    times: times.map(({ document }) => document),
    admission: admission.state === 'shown' ? { state: admission.state, ...admission.key } : { state: admission.state },
  }
}

function documentOf(path: string, report: PackageReport, { from, differs }: ChosenPolicy): object {
  const { deposits, related, faults, unjudged, ...rest } = report
  return {
    path,
    package: true,
    ok: faults.length === 0 && unjudged.length === 0,
    policy: { from, packageDiffers: differs },
    ...rest,
    deposits: deposits.map((deposit) => ({
      folder: deposit.folder,
      ...receiptDocument(deposit),
      files: deposit.files,
      withheld: deposit.withheld ?? null,
    })),
    related: related.map(receiptDocument),
    faults,
    unjudged,
  }
}
