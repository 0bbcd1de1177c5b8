import { existsSync, type Stats } from 'node:fs'
import { fsPath } from '../src/node/file-path.ts'
import { beginsAsZip, isPackageFolder, isPackageZip } from '../src/package/recognize.ts'
import { hasEvidence } from './evidence-files.ts'
import { manifestPath } from './folder-manifest.ts'

/**
 * True where a path is to be checked as a package: one that has no evidence of its own, for a zip or a bag may be evidence like
 * any other file or folder. With `policyFromPackage` the caller says that a zip is a package, and it is judged as one.
 */
export function isPackage(
  path: string,
  stat: Stats,
  options: { readonly receipt?: string; readonly manifest?: string; readonly policyFromPackage?: boolean },
): boolean {
  if (options.receipt !== undefined) return false
  if (stat.isDirectory())
    return options.manifest === undefined && isPackageFolder(path) && !existsSync(fsPath(manifestPath(path)))
  if (!stat.isFile()) return false
  const isZip = options.policyFromPackage === true ? beginsAsZip(path) : isPackageZip(path)
  return isZip && !hasEvidence(path)
}
