import { closeSync, existsSync, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { fsPath } from '../src/node/index.ts'
import { evidenceBeside, findManifest } from './evidence-files.ts'
import { manifestPath } from './folder-manifest.ts'

/** First bytes of a zip, and of an empty one. */
const zipMagic = [0x04034b50, 0x06054b50]

/** Files that every package has; one that lacks some of them is a package still, and no sound one. */
const bagFiles = ['bagit.txt', 'tagmanifest-sha256.txt', 'manifest-sha256.txt'] as const

/** How much is read at the end of a zip to find such a name, in bytes: a directory of thousands of files fits. */
const readBytes = 8 * 1024 * 1024

/**
 * True where a path is to be checked as a package: a folder that holds a bag's own files and has no manifest beside it, or a zip that
 * names them and has no evidence of its own. Any other zip, a document of an office program among them, is a file like any other.
 */
export function isPackage(
  path: string,
  stat: Stats,
  options: { readonly receipt?: string; readonly manifest?: string; readonly policyFromPackage?: boolean },
): boolean {
  if (options.receipt !== undefined) return false
  if (stat.isDirectory())
    return (
      options.manifest === undefined &&
      bagFiles.some((name) => existsSync(fsPath(join(path, name)))) &&
      !existsSync(fsPath(manifestPath(path)))
    )
  if (evidenceBeside(path) !== undefined || !isZipOfPackage(path, options.policyFromPackage === true)) return false
  return findManifest(path) === undefined
}

/** `isSaid`: the caller says that it is a package, so that a zip, whatever is in it, is judged as one. */
function isZipOfPackage(path: string, isSaid: boolean): boolean {
  const file = openSync(fsPath(path), 'r')
  try {
    const head = Buffer.alloc(4)
    if (readSync(file, head, 0, 4, 0) !== 4 || !zipMagic.includes(head.readUInt32LE(0))) return false
    if (isSaid) return true
    const { size } = fstatSync(file)
    return names(file, 0, 4096) || names(file, Math.max(0, size - readBytes), readBytes)
  } finally {
    closeSync(file)
  }
}

function names(file: number, at: number, length: number): boolean {
  const bytes = Buffer.alloc(length)
  const read = bytes.subarray(0, readSync(file, bytes, 0, length, at))
  return bagFiles.some((name) => read.includes(name))
}
