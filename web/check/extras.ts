import { createSHA256 } from 'hash-wasm'
import type { DroppedSet } from '../../src/check/steps/dropped-set.ts'
import type { Task } from '../../src/check/steps/gather.ts'
import { judgeTimeProof, type TimeProofInput } from '../../src/check/steps/judge-time-proof.ts'
import type { CheckedPackageReport } from '../../src/check/steps/report.ts'
import { type TimeResult } from '../../src/check/steps/time.ts'
import { attempt, settled } from '../../src/core/attempt.ts'
import { equalBytes, latin1 } from '../../src/core/bytes.ts'
import { plainHasher } from '../../src/core/digest.ts'
import { type Digester, digesterOf } from '../../src/core/digester.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { Policy } from '../../src/core/policy.ts'
import type { Receipt } from '../../src/core/receipt.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { type Bag, readBagFile } from '../../src/package/bag.ts'
import { checkPackage, ownPolicy } from '../../src/package/check-package.ts'
import { maxArtefactBytes } from '../../src/package/limits.ts'
import { placesOf } from '../../src/package/layout.ts'
import { plainUnpacking } from '../../src/package/plain-unpacking.ts'
import { blobSource, type RandomAccess } from '../../src/package/random-access.ts'
import { lookForPackage, lookInto } from '../../src/package/recognize.ts'
import type { Unpacking } from '../../src/package/unpacking.ts'
import { SourcesBag } from '../../src/package/sources-bag.ts'
import { ZipBag } from '../../src/package/zip-bag.ts'
import { findingOf } from '../../src/verify/report.ts'
import { checkWithCertificates } from './certificates.ts'
import { type DroppedFile, unreadable } from './hashing.ts'
import { type PolicyChoice, policyChoice, policyFor } from './policies.ts'
import type { Asks, Extras, Result } from './run.ts'

/* What only the larger checker judges: packages, certificates and time stamps. Loaded when there is one. */

/** The larger checker's part. */
export const extras: Extras = { checkPackage: packageResult, checkWithCertificates, judgeTime }

/** Bytes of a file that was dropped; a browser's refusal is one of ours. */
function sourceOf(file: DroppedFile): RandomAccess {
  const source = blobSource(file.blob)
  return {
    ...source,
    size: source.size,
    readAt: async (at, length) => {
      try {
        return await source.readAt(at, length)
      } catch (cause) {
        throw unreadable(file.path, cause)
      }
    },
    close: () => source.close(),
  }
}

async function packageResult(set: DroppedSet, task: Task & { what: 'package' }, asks: Asks): Promise<Result> {
  const { path, files } = task
  let bag: Bag
  try {
    bag = files === undefined ? await zipOf(set, path) : folderOf(set, path, files)
  } catch (error) {
    if (!(error instanceof EvidenceError) || error.kind.exit !== 1) throw error
    const policy = { from: 'package', differs: false } as const
    const report: CheckedPackageReport = {
      what: 'package',
      path,
      report: undefined,
      policy,
      faults: [findingOf(error)],
      unjudged: [],
    }
    return { what: 'report', task, set, report, policy: undefined }
  }
  try {
    return await judgePackage(set, task, bag, asks)
  } finally {
    await bag.close()
  }
}

async function zipOf(set: DroppedSet, path: string): Promise<Bag> {
  const source = sourceOf(set.file(path) as DroppedFile)
  if (!(await lookInto(source, lookForPackage(source.size))))
    throw new EvidenceError(
      'receipt-not-found',
      `${path} is no evidence package, and nothing that was handed over proves it`,
      { where: path },
    )
  return ZipBag.open(source, breathing(plainUnpacking))
}

/** Bytes that are unpacked before the page has its turn: a small zip may unpack to any size, and is to be cancelled meanwhile. */
const breathBytes = 16 * 1024 * 1024

function breathing(unpacking: Unpacking): Unpacking {
  async function* inflate(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, number> {
    let since = 0
    const pieces = unpacking.inflate(packed)
    try {
      for (;;) {
        const { done, value } = await pieces.next()
        if (done === true) return value
        since += value.length
        if (since >= breathBytes) {
          since = 0
          await new Promise((resolve) => setTimeout(resolve))
        }
        yield value
      }
    } finally {
      await pieces.return(0)
    }
  }
  return { ...unpacking, inflate }
}

function folderOf(set: DroppedSet, folder: string, files: readonly string[]): Bag {
  const start = folder === '' ? 0 : folder.length + 1
  return SourcesBag.of(
    files.map((file) => ({ path: file.slice(start), source: sourceOf(set.file(file) as DroppedFile) })),
  )
}

async function judgePackage(set: DroppedSet, task: Task & { what: 'package' }, bag: Bag, asks: Asks): Promise<Result> {
  const { path } = task
  const own = await ownPolicy(bag)
  // One that cannot be read is the check's to name: the package is judged by another's then.
  const read = own === undefined ? undefined : attempt(() => policyChoice('package', own))
  const brought = read === undefined || read instanceof EvidenceError ? [] : [read]
  const origin = await originOf(bag, brought)
  // The ledger's own word goes before the package's: neither before what the reader gave or keeps.
  const verdict = policyFor(origin, [...asks.offered, ...brought])
  const chosen = asks.chosen.get(origin)
  if (chosen === undefined && 'kept' in verdict) return { what: 'stopped', task, origin, ...verdict }
  const policy = chosen ?? ('choice' in verdict ? verdict.choice : undefined)
  if (policy === undefined)
    throw new EvidenceError('usage', `no policy names the ledger ${origin}; hand its policy over`, { where: 'policy' })
  const report = await checkPackage(bag, policy.policy, {
    onBytes: asks.onBytes,
    judgeTime: (at, bytes, receipt, by) => judged(set, at, bytes, receipt, by),
    digester: await fastDigester(),
  })
  const differs = own !== undefined && !equalBytes(own, policy.bytes)
  const from = policy.source === 'package' ? 'package' : 'given'
  const { faults, unjudged } = report
  return {
    what: 'report',
    task,
    set,
    policy,
    report: { what: 'package', path, report, policy: { from, differs }, faults, unjudged },
  }
}

/** The ledger of a package: that of its policy, else that of its first receipt. Throws the codes of a receipt. */
async function originOf(bag: Bag, [brought]: readonly PolicyChoice[]): Promise<string> {
  const first = placesOf(bag.files.keys()).deposits[0]?.receipt
  if (first !== undefined) {
    const read = await settled(readBagFile(bag, first, maxArtefactBytes).then(parseReceipt))
    if (!(read instanceof EvidenceError)) return read.proof.checkpoint.origin
  }
  return brought?.policy.logs[0]?.key.name ?? ''
}

/** Instances of the fast SHA-256 that are free; one is asked for without waiting, so some are made before. */
const free: Awaited<ReturnType<typeof createSHA256>>[] = []

async function fastDigester(): Promise<Digester> {
  while (free.length < 4) free.push(await createSHA256())
  return digesterOf((algorithm) => () => {
    const instance = algorithm === 'sha256' ? free.pop() : undefined
    if (instance === undefined) return plainHasher(algorithm)
    instance.init()
    const digest = (): Uint8Array => {
      const bytes = instance.digest('binary')
      free.push(instance)
      return bytes
    }
    return { update: (data) => instance.update(data), digest }
  })
}

async function judgeTime(
  set: DroppedSet,
  path: string,
  result: Parameters<Extras['judgeTime']>[2],
  policy: Policy,
): Promise<TimeResult> {
  const receipt = result.checked?.receipt as Receipt
  return judged(set, path, set.artefact(path), receipt, result.byTransition ? undefined : policy)
}

/** Judges a time proof by the authorities whose certificates were handed over; without any it is shown and not verified. */
async function judged(
  set: DroppedSet,
  path: string,
  bytes: Uint8Array,
  receipt: Receipt,
  policy: Policy | undefined,
): Promise<TimeResult> {
  const [named] = set.paths('anchors')
  const anchors: TimeProofInput['anchors'] =
    named === undefined ? undefined : { path: named, pem: latin1(set.artefact(named)) }
  const time = await judgeTimeProof({ path, bytes, receipt, policy, anchors })
  if (!('refusal' in time)) return time
  const { code, message, where } = time.refusal
  throw new EvidenceError(code, message, where === undefined ? {} : { where })
}
