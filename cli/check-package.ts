import { statSync } from 'node:fs'
import { equalBytes } from '../src/core/bytes.ts'
import { EvidenceError } from '../src/core/errors.ts'
import { defined } from '../src/core/objects.ts'
import { parsePolicy, type Policy } from '../src/core/policy.ts'
import type { Bag } from '../src/package/bag.ts'
import { checkPackage, ownPolicy } from '../src/package/check-package.ts'
import { FolderBag } from '../src/package/folder-bag.ts'
import { ZipBag } from '../src/package/zip-bag.ts'
import { rotatedPolicy } from '../src/verify/rotated-policy.ts'
import { readPolicyBytes } from '../src/ledger/data-folder.ts'
import { readArtefact } from './artefact.ts'
import { faultLines } from './check-text.ts'
import { exitOfVerdict, verdictLine } from './render/verdict.ts'
import { timeJudge } from './check-time.ts'
import type { CommonOptions } from './options/client.ts'
import { policyDocument, type PolicyFile, policyLine, requirePolicy } from './options/policy.ts'
import type { Output } from './render/output.ts'
import { type ChosenPolicy, packageDocument, packageText } from './render/package-text.ts'
import { progressBar } from './render/progress.ts'

export interface PackageCheckOptions extends CommonOptions {
  readonly policy?: string
  readonly policyFromPackage?: boolean
  readonly timestampAnchors?: string
  readonly rotation?: readonly string[]
}

/** Checks an evidence package, a folder or a zip, offline; gives the exit code. */
export async function checkPackageAt(path: string, options: PackageCheckOptions, output: Output): Promise<number> {
  let bag: Bag
  let chosen: ChosenPolicy
  try {
    bag = statSync(path).isDirectory() ? await FolderBag.open(path) : await ZipBag.open(path)
  } catch (error) {
    // Asked for first: a package that is refused must not hide that there is nothing to check it with.
    const file = givenPolicy(options)
    if (!(error instanceof EvidenceError) || error.kind.exit !== 1) throw error
    const { code, message, facts } = error
    const { where, expected, found } = facts
    const detail = {
      ...defined({ where, expected, found }),
    }
    const faults = [{ code, message, ...detail }]
    const policy = {
      from: file === undefined ? 'package' : 'given',
      ...(file === undefined ? {} : policyDocument(file)),
    }
    output.result({ path, package: true, ok: false, policy, faults, faultCount: 1, unjudged: [] }, [
      path,
      ...(file === undefined ? [] : [policyLine(file)]),
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
    const report = await checkPackage(bag, chosen.policy, {
      onBytes: (bytes) => bar.update((done += bytes)),
      judgeTime: timeJudge(options.timestampAnchors),
    }).finally(() => bar.stop())
    output.result(packageDocument(path, report, chosen), packageText(path, report, chosen))
    return exitOfVerdict(report)
  } finally {
    await bag.close()
  }
}

/** The policy that is given; undefined where the package's own is asked for. Throws `usage` where both are, or there is none. */
function givenPolicy(options: PackageCheckOptions): PolicyFile | undefined {
  if (options.policyFromPackage === true) {
    if (options.policy === undefined) return undefined
    throw new EvidenceError('usage', 'give one of --policy and --policy-from-package')
  }
  return requirePolicy(options, ', or take the package’s own word by --policy-from-package')
}

async function choosePolicy(bag: Bag, options: PackageCheckOptions): Promise<ChosenPolicy> {
  const file = givenPolicy(options)
  const own = await ownPolicy(bag)
  const rotated = (bytes: Uint8Array): Policy =>
    rotatedPolicy(parsePolicy(bytes), (options.rotation ?? []).map(readArtefact))
  if (file !== undefined) {
    const given = readPolicyBytes(file.path)
    return { policy: rotated(given), from: 'given', file, differs: own !== undefined && !equalBytes(own, given) }
  }
  if (own === undefined)
    throw new EvidenceError('usage', 'the package brings no policy; name the ledger’s by --policy FILE')
  return { policy: rotated(own), from: 'package', differs: false }
}
