import { existsSync, type Stats } from 'node:fs'
import { isPackageFolder, isPackageZip } from '../src/package/recognize.ts'
import { findManifest } from './check-run.ts'
import { manifestPath } from './folder-manifest.ts'

/**
 * True where a path is to be checked as a package: one that has no evidence of its own, for a zip or a bag may be evidence like
 * any other file or folder.
 */
export function isPackage(path: string, stat: Stats, options: { readonly receipt?: string }): boolean {
  if (options.receipt !== undefined) return false
  if (stat.isDirectory()) return isPackageFolder(path) && !existsSync(manifestPath(path))
  if (!stat.isFile() || ['.tlog-proof', '.file-proof'].some((ending) => existsSync(`${path}${ending}`))) return false
  return isPackageZip(path) && findManifest(path) === undefined
}
