import { closeSync, existsSync, openSync, readSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { findManifest } from './check-run.ts'
import { manifestPath } from './folder-manifest.ts'

/** First bytes of a zip, and of an empty one. */
const zipMagic = [0x04034b50, 0x06054b50]

/**
 * True where a path is to be checked as a package: a folder that holds `bagit.txt` and has no manifest beside it, or a file that
 * begins as a zip does and has no evidence of its own (a zip may be evidence like any other file).
 */
export function isPackage(path: string, stat: Stats, options: { readonly receipt?: string }): boolean {
  if (options.receipt !== undefined) return false
  if (stat.isDirectory()) return existsSync(join(path, 'bagit.txt')) && !existsSync(manifestPath(path))
  const hasOwn = ['.tlog-proof', '.file-proof'].some((ending) => existsSync(`${path}${ending}`))
  return !hasOwn && beginsAsZip(path) && findManifest(path) === undefined
}

function beginsAsZip(path: string): boolean {
  const head = Buffer.alloc(4)
  const file = openSync(path, 'r')
  try {
    return readSync(file, head, 0, 4, 0) === 4 && zipMagic.includes(head.readUInt32LE(0))
  } finally {
    closeSync(file)
  }
}
