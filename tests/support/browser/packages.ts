import { isEvidenceError } from '../../../src/core/errors.ts'
import { parsePolicy } from '../../../src/core/policy.ts'
import type { Bag } from '../../../src/package/bag.ts'
import { checkPackage } from '../../../src/package/check-package.ts'
import { plainUnpacking } from '../../../src/package/plain-unpacking.ts'
import { blobSource, type RandomAccess } from '../../../src/package/random-access.ts'
import { lookForPackage, lookInto } from '../../../src/package/recognize.ts'
import { SourcesBag } from '../../../src/package/sources-bag.ts'
import { ZipBag } from '../../../src/package/zip-bag.ts'
import { bytesOf, codesOf } from './core.ts'

export * from './core.ts'

function sourceOf(base64: string): RandomAccess {
  const { buffer } = bytesOf(base64)
  return blobSource({
    size: buffer.byteLength,
    slice: (begin, end) => ({ arrayBuffer: () => Promise.resolve(buffer.slice(begin, end)) }),
  })
}

async function judge(open: () => Bag | Promise<Bag>, policy: string): Promise<string[]> {
  try {
    return codesOf(await checkPackage(await open(), parsePolicy(bytesOf(policy))))
  } catch (error) {
    if (isEvidenceError(error)) return [error.code]
    throw error
  }
}

/** Checks a package in a zip. */
export async function checkZip(zip: string, policy: string): Promise<string[]> {
  const source = sourceOf(zip)
  if (!(await lookInto(source, lookForPackage(source.size)))) return ['no package']
  return judge(() => ZipBag.open(source, plainUnpacking), policy)
}

/** Checks a package that was dropped as a folder: paths and bytes. */
export function checkFolder(files: readonly (readonly [string, string])[], policy: string): Promise<string[]> {
  return judge(() => SourcesBag.of(files.map(([path, bytes]) => ({ path, source: sourceOf(bytes) }))), policy)
}
